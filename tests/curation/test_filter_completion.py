"""What a filter that is being typed may go on with; whatever is put in is a filter again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.curation.filter_completion import Completion, complete_filter
from phy_medicine.curation.filters import compile_filter

COLUMNS = ("id", "group", "n_spikes", "depth", "my note")
TEXTS = {"group": ("noise", "good"), "my note": ("it's",)}


def completed(text: str, cursor: int | None = None) -> Completion:
    return complete_filter(text, len(text) if cursor is None else cursor, COLUMNS, lambda c: TEXTS.get(c, ()))


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("", 0, ("id", "group", "n_spikes", "depth", "`my note`")),
        ("n", 0, ("n_spikes",)),
        ("spi", 0, ("n_spikes",)),
        ("N_SP", 0, ("n_spikes",)),
        ("n_spikes", 0, ()),
        ("`my", 0, ("`my note`",)),
        ("group ", 6, ("==", "!=", "in", "~", "and", "or")),
        ("n_spikes >", 10, ("id", "group", "depth", "`my note`")),
        ("n_spikes > 1", 12, ()),
        ("n_spikes > 1 ", 13, ("and", "or")),
        ("n_spikes > 1 a", 13, ("and",)),
        ("group == ", 9, ("'noise'", "'good'")),
        ("group == g", 9, ("'good'",)),
        ("group == 'g", 9, ("'good'",)),
        ("group in ['good', ", 18, ("'noise'", "'good'")),
        ("group not in [", 14, ("'noise'", "'good'")),
        ("group in ['good'] ", 18, ("and", "or")),
        ("`my note` == ", 13, ("'it\\'s'",)),
        ("depth > 3 and gr", 14, ("group",)),
        ("nothing ", 8, ()),
        ("$", 1, ()),
    ],
)
def test_what_may_follow(text, start, words):
    assert completed(text) == Completion(start, words)


def test_only_what_stands_before_the_cursor_counts():
    found = completed("gr == 'good'", 2)
    assert found == Completion(0, ("group",))
    assert found.applied("gr == 'good'", 2, "group") == ("group == 'good'", 6)


@given(st.text(alphabet="aginopst_ =><'\"`[](),.0159+-~!&|", max_size=30))
def test_any_line_may_be_completed(text):
    found = completed(text)
    assert 0 <= found.start <= len(text)


@given(st.data())
def test_a_line_of_completions_is_a_filter(data):
    text = ""
    for wanted in ("column", "sign", "value", "joint", "column", "sign", "value"):
        words = completed(text).words
        if wanted == "value" and not text.rstrip().endswith(("in", "~")):
            words = (*words, "3")
        if wanted == "sign":
            words = tuple(w for w in words if w in ("==", "!=", "<", ">="))
        if wanted == "value" and not words:
            return
        text, cursor = completed(text).applied(text, len(text), data.draw(st.sampled_from(words)))
        assert cursor == len(text)
    compile_filter(text, COLUMNS)
