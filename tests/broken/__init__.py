"""Broken and hostile datasets: each is a small valid one that a function damages, with what the program says of it."""
