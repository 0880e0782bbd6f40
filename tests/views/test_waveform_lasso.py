"""A line or a polygon over waveforms catches what a slow and obvious test catches."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.waveform_source import Window
from phy_medicine.views import waveform_lasso
from phy_medicine.views.waveform_lasso import caught, work_of

HALVES = st.integers(-6, 20).map(lambda n: n / 2)
CORNERS = st.lists(st.tuples(HALVES, HALVES), min_size=3, max_size=6)
WAVEFORMS = st.lists(st.lists(st.integers(-3, 10), min_size=6, max_size=6), min_size=1, max_size=5)


def _turn(a, b, c) -> Fraction:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(a, b, c) -> bool:
    """c, on the line through a and b, lies between them."""
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _meet(a, b, c, d) -> bool:
    """Two segments have a point in common, by exact arithmetic."""
    t = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if t[0] * t[1] < 0 and t[2] * t[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _between(*points) for turn, points in zip(t, ends, strict=True))


def _crosses(waveform, p, q) -> bool:
    points = [(Fraction(i), Fraction(v)) for i, v in enumerate(waveform)]
    p, q = (tuple(Fraction(c) for c in corner) for corner in (p, q))
    return any(_meet(a, b, p, q) for a, b in pairwise(points))


@given(WAVEFORMS, st.tuples(HALVES, HALVES), st.tuples(HALVES, HALVES))
def test_a_line_catches_every_waveform_that_it_meets(waveforms, p, q):
    found = caught(np.array(waveforms, dtype=np.float32), np.array([p, q]))
    assert found.tolist() == [_crosses(waveform, p, q) for waveform in waveforms]


def _is_inside(x: float, y: float, corners) -> bool:
    """Count the edges to the right of a point; corners on half numbers and a point beside them leave no doubt."""
    n = 0
    for (xa, ya), (xb, yb) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (ya > y) != (yb > y):
            n += x < (Fraction(xb) - Fraction(xa)) * (Fraction(y) - Fraction(ya)) / (
                Fraction(yb) - Fraction(ya)
            ) + Fraction(xa)
    return n % 2 == 1


@given(WAVEFORMS, CORNERS)
def test_a_polygon_catches_every_waveform_with_a_sample_inside(waveforms, corners):
    data = np.array(waveforms, dtype=np.float32) + 0.25
    found = caught(data, np.array(corners))
    expected = [any(_is_inside(i, float(v), corners) for i, v in enumerate(row)) for row in data]
    assert found.tolist() == expected


def test_a_line_beside_the_waveforms_catches_nothing():
    data = np.zeros((3, 5), dtype=np.float32)
    assert not caught(data, np.array([(7.0, -1.0), (9.0, 1.0)])).any()
    assert caught(data, np.array([(4.0, -1.0), (9.0, 1.0)])).tolist() == [False, False, False]
    assert caught(data, np.array([(3.0, -1.0), (4.5, 1.0)])).all()


class _Data:
    """Waveforms of 40 spikes on two channels; spike i has the height i on channel 0."""

    def __init__(self, n_without: int = 0) -> None:
        self.data = np.zeros((40, 4, 2), dtype=np.float32)
        self.data[:, 1:3, 0] = np.arange(40)[:, None]
        self.n_without, self.asked = n_without, []
        self.waveform_source = self

    def known(self, spike_ids):
        return spike_ids[self.n_without :]

    def of_spikes(self, spike_ids, channel_ids, window):
        self.asked.append(len(spike_ids))
        return self.data[spike_ids][:, :, list(channel_ids)]


def test_all_spikes_are_read_in_parts_and_those_of_clusters_elsewhere_not(monkeypatch):
    monkeypatch.setattr(waveform_lasso, "_CHUNK", 8)
    data, line = _Data(), np.array([(1.5, 20.5), (1.5, 30.5)])
    even, odd = np.arange(0, 40, 2), np.arange(1, 40, 2)
    assert work_of(data, [odd, even], [line, line], 0, Window(1, 3)).spikes().tolist() == list(range(21, 31))
    assert data.asked == [8, 8, 4, 8, 8, 4]
    assert work_of(data, [odd, even], [line, None], 0, Window(1, 3)).spikes().tolist() == [21, 23, 25, 27, 29]
    assert work_of(data, [odd, even], [line, line], 1, Window(1, 3)).spikes().tolist() == []


def test_a_split_that_would_leave_spikes_without_waveform_behind_is_refused():
    line = np.array([(1.5, 0.5), (1.5, 30.5)])
    with pytest.raises(ActionError, match="Only 30 of 40 spikes of these clusters have a waveform"):
        work_of(_Data(n_without=10), [np.arange(40)], [line], 0, Window(1, 3)).spikes()


def test_without_any_waveform_the_reason_is_given():
    def missing(*args, **kwargs):
        raise DataMissing("No raw data: recording.dat not found.")

    data = SimpleNamespace(waveform_source=SimpleNamespace(known=missing, of_spikes=missing))
    with pytest.raises(DataMissing, match=r"recording\.dat not found"):
        work_of(data, [np.arange(40)], [np.zeros((2, 2))], 0, Window(1, 3)).spikes()
