"""What a column says as a whole."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.session.column_statistics import ColumnSummary, ValueScale, summarize, summary_in_words


def test_numbers_are_summed_up():
    found = summarize([1, 2.0, 6, None, math.nan])
    assert found == ColumnSummary(5, 2, 1.0, 2.0, 6.0, 3.0)
    assert summary_in_words(found, "Hz") == ("median 2 Hz, 1 to 6, mean 3", "5 rows, 2 empty")


def test_texts_are_counted():
    found = summarize(["good", "mua", "good", None])
    assert summary_in_words(found) == ("good 2, mua 1", "4 rows, 1 empty")


def test_of_many_texts_the_commonest_are_told():
    texts = summary_in_words(summarize([*"abcdefgh", "h"]))
    assert texts == ("h 2, a 1, b 1, c 1, d 1, e 1, 2 others", "9 rows")


def test_nothing_is_said_of_no_value():
    assert summary_in_words(summarize([None])) == ("1 row, 1 empty",)
    assert summary_in_words(summarize([])) == ("0 rows",)


def test_one_value_far_out_does_not_make_the_others_alike():
    scale = ValueScale.of([*range(100), -1e6])
    assert scale is not None
    assert not scale.logarithmic
    assert 0.4 < scale.place(50) < 0.6
    assert scale.place(-1e6) == 0.0
    assert scale.place(1e9) == 1.0


def test_values_over_decades_get_a_logarithmic_scale():
    scale = ValueScale.of([1.0, 10.0, 100.0, 1000.0, 10_000.0])
    assert scale is not None
    assert scale.logarithmic
    assert abs(scale.place(100.0) - 0.5) < 0.05
    assert scale.place(0.0) == 0.0


def test_what_is_no_number_has_no_place():
    assert ValueScale.of([1.0, 1.0, None]) is None
    scale = ValueScale.of([0, 1])
    assert scale is not None
    assert [scale.place(cell) for cell in (None, "x", math.nan)] == [None, None, None]


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.none() | st.text(max_size=3), max_size=20))
def test_places_are_within_the_map_and_in_order(cells):
    scale = ValueScale.of(cells)
    summarize(cells)
    if scale is None:
        return
    numbers = sorted(c for c in cells if isinstance(c, float) and math.isfinite(c))
    places = [scale.place(c) for c in numbers]
    assert all(0 <= p <= 1 for p in places)
    assert places == sorted(places)
