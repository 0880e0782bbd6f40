"""Tables and pictures that come with the program."""
