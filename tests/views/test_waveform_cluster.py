"""Moments, counts and alignment of the waveforms of a cluster."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeData, FakeWaveforms
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.session.waveform_source import Window
from phy_medicine.views import waveform_cluster
from phy_medicine.views.waveform_cluster import N_STEPS, _add_curves, counts_of, moments_of, moved, peak_sample, placed

WINDOW = Window(10, 20)
CHANNELS = (3, 4, 7)


@given(st.integers(0, 11), st.integers(0, 15), st.integers(1, 15))
def test_a_window_around_a_sample_is_nan_where_nothing_is_known(zero, before, after):
    values = np.arange(24, dtype=np.float32).reshape(2, 12)
    slow = np.full((2, before + after), np.nan, dtype=np.float32)
    for j in range(before + after):
        if 0 <= zero - before + j < 12:
            slow[:, j] = values[:, zero - before + j]
    assert np.array_equal(placed(values, zero, Window(before, after)), slow, equal_nan=True)


def test_curves_are_moved_to_the_right_and_to_the_left():
    values = np.array([[1, 2, 3]], dtype=np.float32)
    assert np.array_equal(moved(values, 1), [[np.nan, 1, 2]], equal_nan=True)
    assert np.array_equal(moved(values, -2), [[3, np.nan, np.nan]], equal_nan=True)
    assert moved(values, 0) is values


def test_the_peak_is_the_largest_deflection_near_the_spike():
    waveform = np.array([0, 9, 0, -4, 3, 0, 0, -8.0])
    assert peak_sample(waveform) == 1
    assert peak_sample(waveform, around=4, sample_rate=2000.0) == 3


class _Even(FakeWaveforms):
    """Waveforms that depend on the spike alone, however many are read at once."""

    def of_spikes(self, spike_ids, channel_ids, window):
        base = self.data._shape(2, channel_ids, window)[None]
        return (base * (1 + 0.1 * np.sin(spike_ids))[:, None, None]).astype(np.float32)


def test_counts_are_those_of_each_waveform_channel_and_sample(monkeypatch):
    monkeypatch.setattr(waveform_cluster, "_CHUNK", 16)
    data = FakeData()
    data.waveform_source = _Even(data)
    found = counts_of(data, 2, CHANNELS, n=50, window=WINDOW)
    slow = np.zeros((len(CHANNELS), N_STEPS, sum(WINDOW)), dtype=int)
    for spike in data.waveform_source.some_spikes(2, 50):
        waveform = data.waveform_source.of_spikes(np.array([spike]), CHANNELS, WINDOW)[0]
        heights = (waveform - found.low) / (found.high - found.low) * N_STEPS
        for sample, channel in np.ndindex(heights.shape):
            near = [heights[k, channel] for k in (sample - 1, sample, sample + 1) if 0 <= k < len(heights)]
            ends = [(height + heights[sample, channel]) / 2 for height in near]
            for step in range(N_STEPS):
                slow[channel, step, sample] += step <= max(ends) and min(ends) < step + 1
    # The steps are cut in another precision: an amplitude on an edge may fall on either side.
    counts = np.diff(np.diff(found.sums, axis=1), axis=2)[:, ::-1]
    assert np.abs(counts - slow).sum() <= 10 and slow.sum() > 50 * 3 * 30


def test_amplitudes_beyond_the_range_are_left_out():
    changes = np.zeros((2, 1, N_STEPS + 1), dtype=np.int64)
    _add_curves(changes, np.array([[-3.0, -2.0], [N_STEPS + 1.0, N_STEPS + 5.0], [2.5, 4.5]])[:, :, None])
    counts = changes.cumsum(axis=2)[:, 0, :N_STEPS]
    assert [np.flatnonzero(row).tolist() for row in counts] == [[2, 3], [3, 4]]


def test_moments_of_counts_are_those_of_the_same_waveforms():
    data = FakeData()
    data.waveform_source = _Even(data)
    found = counts_of(data, 2, CHANNELS, n=50, window=WINDOW).moments
    waveforms = data.waveform_source.of_spikes(data.waveform_source.some_spikes(2, 50), CHANNELS, WINDOW)
    assert found.n == 50
    assert found.mean == pytest.approx(waveforms.mean(axis=0).T, abs=1e-4)
    assert found.deviation == pytest.approx(waveforms.std(axis=0).T, abs=1e-4)


def test_moments_are_kept():
    data = FakeData()
    first = moments_of(data, 1, CHANNELS, n=30, window=WINDOW)
    assert moments_of(data, 1, CHANNELS, n=30, window=WINDOW) is first
    waveforms = data.waveforms(1, CHANNELS, n=30, window=WINDOW).data
    assert first.deviation == pytest.approx(waveforms.std(axis=0).T, abs=1e-5) and first.n == 30
