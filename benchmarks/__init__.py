"""Measurements of the program, side by side with its peers; never part of the tests."""
