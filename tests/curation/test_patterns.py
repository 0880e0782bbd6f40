"""Regular expressions that always end, against Python's own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import FilterError
from phy_medicine.curation.filters import compile_filter
from phy_medicine.curation.patterns import Pattern

_ATOMS = st.sampled_from(
    (
        "a",
        "B",
        "ä",
        "\\u017f",
        "K",
        "1",
        " ",
        "\\n",
        ".",
        "\\w",
        "\\W",
        "\\d",
        "\\s",
        "[a-c]",
        "[^a1]",
        "[\\w-]",
        "\\b",
        "\\B",
        "^",
        "$",
        "\\A",
        "\\Z",
    )
)
_REPEATS = ("*", "+", "?", "{2}", "{1,2}", "{0}", "*?", "{,2}")
_EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda ways: f"({'|'.join(ways)})"),
        st.tuples(inner, st.sampled_from(_REPEATS)).map(lambda p: f"(?:{p[0]}){p[1]}"),
        st.tuples(st.sampled_from(("(?s:", "(?m:", "(?-i:", "(")), inner).map(lambda p: f"{p[0]}{p[1]})"),
    ),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(expression=_EXPRESSIONS, text=st.text("aAbBä1 \n\u017fsSkK!", max_size=7))
def test_it_finds_what_python_finds(expression, text):
    assert Pattern(expression).is_in(text) == (re.search(expression, text, re.IGNORECASE) is not None)


def test_of_long_text_the_beginning_is_searched():
    assert Pattern("(ab)+").is_in("!" * 490 + "ab" + "!" * 9000)
    assert not Pattern("(ab)+").is_in("!" * 500 + "ab")


@pytest.mark.parametrize(
    "expression",
    ["(a+)+$", "(a|a)*b", "(a*)*b", "a*a*a*a*a*a*a*a*b", "(?:a?){30}a{30}b", "(.*)*x", "((a{1,9}){1,9})*x"],
)
def test_no_expression_takes_for_ever(expression):
    assert not Pattern(expression).is_in("a" * 60 + "!")


@pytest.mark.parametrize(
    "expression",
    [
        "(a)\\1",
        "(?=a)b",
        "(?<!a)b",
        "(?>a)b",
        "a*+b",
        "(a)?(?(1)b|c)",
        "(a{99}){99}",
        "(" * 3000,
        "a{99999999999999999999}",
        "[",
        "*",
        "(?P<1>a)",
    ],
)
def test_what_cannot_be_followed_is_refused(expression):
    with pytest.raises(ValueError, match=r"\w"):
        Pattern(expression)


def test_a_filter_says_so_in_a_sentence():
    with pytest.raises(FilterError, match="only letters, classes, groups"):
        compile_filter(r"note ~ '(a)\\1'", {"note": str})
    assert not compile_filter("note ~ '(a+)+$'", {"note": str})({"note": "a" * 60 + "!"})
