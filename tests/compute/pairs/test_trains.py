"""Pairs of spikes and what they say, against counting every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute import kernels
from phy_medicine.compute.metrics.contamination import contamination_by_one
from phy_medicine.compute.pairs.contamination import contamination_gain
from phy_medicine.compute.pairs.continuity import amplitude_continuity
from phy_medicine.compute.spike_pairs import pairs_before

TRAINS = st.lists(st.integers(0, 2000), max_size=25).map(lambda t: np.sort(np.array(t, np.int64)))
EDGES = st.lists(st.integers(-300, 300), min_size=1, max_size=6).map(lambda e: np.array(e))


@pytest.mark.parametrize("compiled", [False, True])
@settings(max_examples=40)
@given(first=TRAINS, second=TRAINS, edges=EDGES)
def test_pairs_before_edges_are_all_of_them(compiled, first, second, edges):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "use_compiled", lambda size, limit: compiled)
        found = pairs_before(first, second, edges)
    lags = (second[:, None] - first).ravel()
    assert found.tolist() == [int((lags < edge).sum()) for edge in edges]


def contamination_of(times, censored, refractory, n_samples):
    """By every pair."""
    away = np.abs(times[:, None] - times)[np.triu_indices(len(times), 1)]
    n_pairs = int(((away >= censored) & (away < refractory)).sum())
    return contamination_by_one(len(times), n_pairs, max(refractory - censored, 0), n_samples)


@settings(max_examples=60)
@given(TRAINS, TRAINS, st.integers(0, 30), st.integers(0, 60))
def test_the_union_is_counted_by_adding(first, second, censored, refractory):
    union, *each = (
        contamination_of(t, censored, refractory, 5000) for t in (np.concatenate([first, second]), first, second)
    )
    found = contamination_gain(first, second, censored, refractory, 5000)
    assert found == pytest.approx(union - max(each), abs=1e-12)


@settings(max_examples=60)
@given(TRAINS.filter(len), TRAINS.filter(len), st.integers(0, 1000))
def test_amplitudes_of_short_trains_are_all_compared(first, second, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=len(first)), rng.normal(1, size=len(second))
    every = np.concatenate([a, b])
    apart = max(abs((a <= x).mean() - (b <= x).mean()) for x in every)
    assert amplitude_continuity(first, a, second, b, step=100) == pytest.approx(1 - apart)


def test_amplitudes_that_drift_go_on_where_the_next_cluster_takes_over():
    times = np.arange(2000) * 1000
    sizes = 10.0 + times / 1e6 + np.random.default_rng(0).normal(scale=0.3, size=2000)
    parts = (times[:1000], sizes[:1000], times[1000:], sizes[1000:])
    assert amplitude_continuity(*parts, step=1000) > 0.6
    assert amplitude_continuity(*parts[:2], parts[2], sizes[1000:] + 3, step=1000) < 0.05
    # Compared as a whole they have little in common.
    assert amplitude_continuity(*parts, step=10**9) < 0.3


def test_without_spikes_there_is_nothing_to_compare():
    assert np.isnan(amplitude_continuity(np.zeros(0, int), np.zeros(0), np.arange(3), np.ones(3), step=1))
