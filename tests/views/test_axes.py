"""Ticks and numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.axes import Axes, format_number, log_tick_labels, log_tick_values, tick_labels, tick_values
from phy_medicine.views.ink import Ink
from phy_medicine.views.layout import Panels
from phy_medicine.views.theme import DARK


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 600, [0, 200, 400, 600]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
        (3.2, 3.4, [3.2, 3.25, 3.3, 3.35, 3.4]),
        (0, 48_000, [0, 10_000, 20_000, 30_000, 40_000]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert np.allclose(tick_values(low, high), expected)


def test_labels_share_their_decimals_and_separate_thousands():
    assert tick_labels(np.array([0.0, 12_500.0, 25_000.0])) == ("0", "12,500", "25,000")
    assert tick_labels(np.array([-0.5, 0.0, 0.5])) == ("−0.5", "0.0", "0.5")
    assert tick_labels(np.array([3.25, 3.30])) == ("3.25", "3.30")


def test_a_number_that_rounds_to_zero_has_no_sign():
    assert format_number(-0.001, 1) == "0.0"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_there_are_two_to_five_ticks_and_all_lie_in_the_range(low, span):
    values = tick_values(low, low + span)
    assert 2 <= len(values) <= 5
    tolerance = 1e-6 * (span + abs(low))
    assert values.min() >= low - tolerance and values.max() <= low + span + tolerance


def test_ticks_of_counts_are_whole_numbers():
    assert tick_values(0, 9.4, 4, whole=True).tolist() == [0, 5]
    assert tick_values(0, 3.6, 5, whole=True).tolist() == [0, 1, 2, 3]
    assert tick_values(0, 940, 4, whole=True).tolist() == [0, 250, 500, 750]


def test_logarithmic_ticks_are_round_values():
    assert log_tick_labels(log_tick_values(-1, 1.1, 8)) == ("0.1", "0.2", "0.5", "1", "2", "5", "10")
    assert log_tick_labels(log_tick_values(-1, 1.1, 5)) == ("0.1", "0.3", "1", "3", "10")
    assert log_tick_labels(log_tick_values(-2, 3, 3)) == ("0.01", "1", "100")
    assert log_tick_labels(log_tick_values(np.log10(21), np.log10(29), 5)) == ("22", "24", "26", "28")
    assert log_tick_labels(log_tick_values(4, 8, 5)) == ("10,000", "100,000", "1,000,000", "1e7", "1e8")
    assert len(log_tick_values(1, 1)) == 0


def test_the_last_number_stays_inside_the_margin():
    drawn = []

    class Recorder(Ink):
        def text(self, text, x, y, **how):
            drawn.append((text, x + self.text_width(text) / 2, how.get("anchor")))
            super().text(text, x, y, **how)

    panels = Panels(1)
    panels.set_home(x=(0, 300_000), y=(0, 1))
    panels.set_rects([(60, 10, 390, 260)])
    Axes(x="Time (s)").draw(panels, 0, Ink(), Recorder(), theme=DARK, ratio=1.0)
    ends = [end for text, end, anchor in drawn if anchor == "ct" and text[0].isdigit()]
    assert len(ends) >= 3
    assert max(ends) <= 400


def test_a_number_of_four_digits_is_written_under_the_last_tick():
    ink = Ink()
    panels = Panels(1)
    panels.set_home(x=(-500, 1000), y=(0, 1))
    panels.set_rects([(60, 10, 390, 260)])
    Axes(x="Time (ms)").draw(panels, 0, Ink(), ink, theme=DARK, ratio=1.0)
    assert "1,000" in [line.text for line in ink.lines]
