"""Tables and pictures shipped with the program."""
