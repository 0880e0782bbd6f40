"""Handing a curated dataset over to other programs, one module for each format."""
