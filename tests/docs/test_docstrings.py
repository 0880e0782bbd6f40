"""Our docstrings as Markdown of the reference."""

from __future__ import annotations

import pytest

pytest.importorskip("griffe")


@pytest.fixture
def as_markdown(script):
    return script("api_docstrings").as_markdown


def test_parameters_returns_and_errors(as_markdown):
    text = """Count pairs.

Parameters
----------
times_s : (n_spikes,) float64, sorted, s
bin_s, window_s : s; the window is
    the full width

Returns
-------
(n_bins,) int64,
zero lag in the middle

Raises
------
ValueError : not sorted

Source: Perkel 1967,
Biophys. J. 7:391."""
    assert as_markdown(text).split("\n\n") == [
        "Count pairs.",
        "**Parameters**",
        "- `times_s`: (n_spikes,) float64, sorted, s\n- `bin_s`, `window_s`: s; the window is the full width",
        "**Returns**",
        "(n_bins,) int64, zero lag in the middle",
        "**Raises**",
        "- `ValueError`: not sorted",
        "*Source: Perkel 1967, Biophys. J. 7:391.*",
    ]


def test_a_paragraph_of_names_is_a_list(as_markdown):
    text = 'A thing.\n\nmenu : title, "" for none; shortcuts : keys,\nthe first is shown;\nalias : short name'
    assert as_markdown(text).split("\n\n")[1] == (
        '- `menu`: title, "" for none\n- `shortcuts`: keys, the first is shown\n- `alias`: short name'
    )


def test_prose_with_a_colon_stays_prose(as_markdown):
    text = "What is left: the rest. Ratio 1 : 2 is meant."
    assert as_markdown(text) == text


def test_indented_code_and_tables_stay(as_markdown):
    text = "Like this:\n\n    class A:\n        x : int = 1\n\n| a | b |\n|---|---|\n| c | d |"
    assert as_markdown(text) == text


def test_code_right_after_a_line_is_set_apart(as_markdown):
    assert as_markdown("Write\n    x = 1\nthen stop.") == "Write\n\n    x = 1\n\nthen stop."


def test_what_announces_code_ends_with_one_colon(as_markdown):
    assert as_markdown("Example::\n\n    x = 1") == "Example:\n\n    x = 1"
