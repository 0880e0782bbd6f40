"""Where every spike comes from: features of its contacts, and methods that make a position of them."""
