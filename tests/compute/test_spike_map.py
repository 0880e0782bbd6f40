"""Counting spikes over time and depth, and taking the motion out, against slow obvious versions."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute import _kernels_drift, spike_map
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.spike_map import (
    Window,
    amplitude_ranks,
    corrected_depths,
    count_window,
    rank_window,
    spikes_in_window,
)

WINDOW = Window(20.0, 60.0, 100.0, 300.0)


@pytest.fixture(params=["numpy", "compiled"], autouse=True)
def way(request, monkeypatch):
    """Every fact holds with numpy and with the compiled kernels."""
    if request.param == "compiled":
        _kernels_drift.kernels.load()
    monkeypatch.setattr(spike_map, "_compiled", lambda size: request.param == "compiled")


def _spikes(n=2000):
    rng = np.random.default_rng(3)
    times = np.sort(np.round(rng.uniform(0, 100, n), 3))
    depths = rng.uniform(0, 400, n).astype(np.float32)
    depths[::97] = np.nan
    return times, depths


def test_every_spike_of_the_window_is_counted_in_its_cell():
    times, depths = _spikes()
    times[5], depths[7] = 20.0, 300.0
    times = np.sort(times)
    expected = np.zeros((8, 5), dtype=int)
    for t, y in zip(times, depths.astype(float), strict=True):
        if 20 <= t <= 60 and 100 <= y <= 300:
            expected[min(int((y - 100) / 25), 7), min(int((t - 20) / 8), 4)] += 1
    counts = count_window(times, depths, WINDOW, (8, 5))
    assert counts.tolist() == expected.tolist()
    assert len(spikes_in_window(times, depths, WINDOW)) == expected.sum() > 100


def test_ranks_are_added_up_where_spikes_are_counted():
    times, depths = _spikes()
    ranks = np.random.default_rng(0).integers(0, 256, len(times)).astype(np.uint8)
    counts, sums = rank_window(times, depths, ranks, WINDOW, (8, 5))
    assert np.array_equal(counts, count_window(times, depths, WINDOW, (8, 5)))
    inside = spikes_in_window(times, depths, WINDOW)
    assert sums.sum() == ranks[inside].astype(int).sum()


@pytest.mark.parametrize("n_time, n_depth", [(1, 1), (1, 4), (7, 1), (9, 5)])
def test_the_motion_taken_out_is_that_of_the_record(n_time, n_depth):
    rng = np.random.default_rng(n_time + n_depth)
    motion = Motion(
        rng.normal(0, 20, (n_time, n_depth)),
        np.cumsum(rng.uniform(1, 20, n_time)) + 5,
        np.cumsum(rng.uniform(20, 90, n_depth)) + 30,
    )
    times, depths = _spikes()
    out = corrected_depths(times, depths, motion.displacement, motion.temporal_bins_s, motion.spatial_bins_um)
    known = np.isfinite(depths)
    assert np.abs(out[known] - motion.corrected(times[known], depths[known])).max() < 1e-3
    assert np.isnan(out[~known]).all()


def test_times_in_any_order_are_corrected_as_well():
    motion = Motion(np.array([[0.0], [10.0], [-30.0]]), np.array([0.0, 50.0, 100.0]), np.array([0.0]))
    times, depths = _spikes(300)
    order = np.random.default_rng(1).permutation(300)
    grid = motion.displacement, motion.temporal_bins_s, motion.spatial_bins_um
    assert np.array_equal(
        corrected_depths(times[order], depths[order], *grid), corrected_depths(times, depths, *grid)[order], True
    )


def test_ranks_run_from_the_smallest_to_the_largest_size():
    ranks = amplitude_ranks(np.array([-4.0, 1, 2, 3], dtype=np.float32))
    assert ranks[0] == 255 and ranks[1] == 0
    assert np.argsort(ranks).tolist() == [1, 2, 3, 0]
    assert amplitude_ranks(np.ones(5, np.float32)).tolist() == [255] * 5
