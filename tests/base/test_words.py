"""Values in sentences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.words import LONGEST, shortened, shown


def test_a_short_value_is_shown_as_it_is():
    assert shown("a b") == "'a b'"
    assert shown([1, None]) == "[1, None]"


def test_of_a_long_value_the_ends_are_shown():
    assert shown("x" * 500) == "'" + "x" * 59 + "..." + "x" * 9 + "'"
    assert shown(10**9000) == "a huge int"


@given(text=st.text())
def test_a_text_is_one_line_that_can_be_read(text):
    assert shortened(text).isprintable()
    assert len(shortened(text)) <= LONGEST
