"""Spikes around events, against loops over every pair."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.psth import around_events, histogram_around, responses, smoothed

# Times on a grid that floats hold exactly, so that borders are met.
GRID = st.integers(-64, 640).map(lambda i: i / 64)


@given(st.lists(GRID, max_size=60), st.lists(GRID, max_size=8), st.integers(0, 128), st.integers(0, 128))
def test_every_pair_within_the_window_is_found_once(spikes, events, before, after):
    times, onsets = np.sort(np.array(spikes, dtype=float)), np.array(events, dtype=float)
    rows, lags = around_events(times, onsets, before_s=before / 64, after_s=after / 64)
    expected = [
        (row, time - onset)
        for row, onset in enumerate(onsets)
        for time in times
        if onset - before / 64 <= time < onset + after / 64
    ]
    assert list(zip(rows.tolist(), lags.tolist(), strict=True)) == expected


@given(st.lists(st.integers(-64, 127), max_size=50), st.sampled_from([1, 2, 3, 6, 12]))
def test_histogram_counts_every_lag_in_its_bin(lags, n_bins):
    counts = histogram_around(np.array(lags) / 64, before_s=1.0, after_s=2.0, n_bins=n_bins)
    edges = [-1.0 + 3.0 * i / n_bins for i in range(n_bins + 1)]
    expected = [sum(low <= lag / 64 < high for lag in lags) for low, high in itertools.pairwise(edges)]
    assert counts.tolist() == expected


def test_smoothing_keeps_a_constant_and_the_place_of_a_peak():
    assert np.allclose(smoothed(np.full((2, 40), 3.0), sigma_bins=5.0), 3.0)
    peak = np.zeros((1, 41))
    peak[0, 20] = 1.0
    blurred = smoothed(peak, sigma_bins=2.0)
    assert blurred[0].argmax() == 20 and np.allclose(blurred[0], blurred[0, ::-1])
    expected = np.exp(-0.5) * blurred[0, 20]
    assert np.isclose(blurred[0, 22], expected)


def test_smoothing_wider_than_the_window_stays_finite():
    assert np.isfinite(smoothed(np.eye(3), sigma_bins=50.0)).all()


def test_response_is_in_standard_deviations_before_the_event():
    rates = np.array([[1.0, 3.0, 2.0, 6.0], [5.0, 5.0, 5.0, 9.0]])
    assert responses(rates, before_s=1.0, after_s=1.0).tolist() == [[-1.0, 1.0, 0.0, 4.0], [0.0, 0.0, 0.0, 4.0]]
