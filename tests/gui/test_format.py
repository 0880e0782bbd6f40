"""Numbers and ids as people read them."""

from __future__ import annotations

import math

import pytest

from phy_medicine.gui.format import cell, ids_in_words, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1.0, "1.00"),
        (9.996, "10.0"),
        (12.345, "12.3"),
        (99.96, "100"),
        (123.4, "123"),
        (12345.6, "12,346"),
        (0.01234, "0.0123"),
        (0.000123, "1.23e-04"),
        (-2.5, "\N{MINUS SIGN}2.50"),
        (math.nan, ""),
        (math.inf, "\N{INFINITY}"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "kind", "column", "text"),
    [
        (12408, "int", "n_spikes", "12,408"),
        (12408, "int", "id", "12408"),
        (0.98765, "float", "similarity", "0.988"),
        (None, "float", "fr", ""),
        ("good", "text", "KSLabel", "good"),
    ],
)
def test_cells(value, kind, column, text):
    assert cell(value, kind, column) == text


def test_many_ids_are_counted():
    assert ids_in_words((3, 7)) == "3, 7"
    assert ids_in_words(range(10), limit=3) == "0, 1, 2 and 7 more"
