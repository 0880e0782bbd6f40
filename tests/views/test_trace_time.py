"""Intervals of time, channels and marks of the trace view: pure logic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.trace_channels import N_MOST, N_USUAL, depth_order, neighbourhood
from phy_medicine.views.trace_marks import bar_value
from phy_medicine.views.trace_time import LONGEST_S, SHORTEST_S, Interval, neighbouring_spike

COLUMN = np.stack([16.0 * (np.arange(384) % 4), 20.0 * (np.arange(384) // 2)], axis=1)
ONE_SHANK = np.zeros(384, dtype=np.int32)

seconds = st.floats(-1e4, 1e4, allow_nan=False)


@given(start=seconds, length=seconds, recording=st.floats(0.01, 1e4), by=seconds, factor=st.floats(0.01, 100))
def test_an_interval_always_lies_in_the_recording(start, length, recording, by, factor):
    first = Interval.fitted(start, length, recording)
    for interval in (first, first.moved(by), first.centered(by), first.narrowed(factor, 0.3)):
        assert interval.start_s >= 0 and interval.stop_s <= recording + 1e-9
        assert min(SHORTEST_S, recording) - 1e-9 <= interval.length_s <= LONGEST_S + 1e-9


def test_narrowing_keeps_the_moment_under_the_pointer():
    interval = Interval.fitted(10, 1, 100).narrowed(2, 0.25)
    assert (interval.start_s, interval.stop_s) == pytest.approx((10.125, 10.625))


def test_the_text_has_digits_enough_to_tell_start_from_stop():
    assert Interval.fitted(12, 0.25, 100).text() == "[12.00s - 12.25s]"
    assert Interval.fitted(12, 0.025, 100).text() == "[12.000s - 12.025s]"
    assert Interval.fitted(12, 0.004, 100).text() == "[12.0000s - 12.0040s]"


@given(
    times=st.lists(st.integers(0, 50), min_size=2, max_size=30).map(sorted),
    data=st.data(),
    here=st.integers(-1, 51),
)
def test_the_neighbouring_spike_is_the_next_one_or_the_first_of_all(times, data, here):
    mine = data.draw(st.lists(st.integers(0, len(times) - 1), min_size=1, unique=True).map(sorted))
    own = [times[i] for i in mine]
    following = [t for t in own if t > here + 0.1]
    before = [t for t in own if t < here - 0.1]
    args = np.array(mine), np.array(times, dtype=float), float(here)
    assert neighbouring_spike(*args, 1, 0.1) == (following[0] if following else own[0])
    assert neighbouring_spike(*args, -1, 0.1) == (before[-1] if before else own[-1])


def test_channels_are_ordered_by_shank_then_depth_then_x():
    positions = np.array([(0, 20), (10, 0), (0, 0), (0, 10)], dtype=float)
    assert depth_order(range(4), positions, np.array([0, 0, 0, 1])) == (2, 1, 0, 3)


def test_one_cluster_is_shown_with_the_channels_around_it():
    channels = neighbourhood([200], COLUMN, ONE_SHANK)
    assert len(channels) == N_USUAL and 200 in channels
    depths = COLUMN[list(channels), 1]
    assert (np.diff(depths) >= 0).all() and abs(depths - COLUMN[200, 1]).max() <= 140


def test_a_candidate_nearby_does_not_move_the_picture():
    assert neighbourhood([200, 205], COLUMN, ONE_SHANK) == neighbourhood([200], COLUMN, ONE_SHANK)


def test_clusters_that_lie_apart_share_the_room():
    channels = neighbourhood([10, 200, 380], COLUMN, ONE_SHANK)
    assert {10, 200, 380} <= set(channels) and N_USUAL <= len(channels) <= N_MOST
    assert all(sum(abs(c - peak) < 20 for c in channels) >= 8 for peak in (10, 200, 380))


def test_many_clusters_get_their_peak_channels_at_least():
    peaks = list(range(0, 384, 20))
    channels = neighbourhood(peaks, COLUMN, ONE_SHANK)
    assert set(peaks) <= set(channels) and len(channels) <= N_MOST


def test_channels_of_another_shank_are_left_out():
    shanks = np.arange(384) // 192
    assert max(neighbourhood([190], COLUMN, shanks)) == 191
    assert neighbourhood([], COLUMN, shanks) == ()


@pytest.mark.parametrize(("scale", "value"), [(1.0, 50), (0.01, 5000), (13.0, 2), (59.0, 1), (61.0, 0.5)])
def test_the_scale_bar_has_a_round_value_that_fits(scale, value):
    assert bar_value(scale, 60) == pytest.approx(value)
