"""Logarithmic correlograms and the pairs behind a bin, against every pair of spikes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.correlogram import correlogram, lag_bins
from phy_medicine.compute.log_correlogram import LogLagBins, log_correlogram, log_lag_bins
from phy_medicine.compute.spike_pairs import spike_pairs

with_fixture = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
trains = st.lists(st.integers(0, 200), max_size=40).map(lambda samples: np.array(sorted(samples), dtype=np.int64))
edge_lists = st.lists(st.integers(1, 250), min_size=2, max_size=8, unique=True).map(sorted)


@with_fixture
@given(a=trains, b=trains, edges=edge_lists)
def test_counts_equal_brute_force(either_path, a, b, edges):
    bins = LogLagBins(tuple(edges), 1000.0)
    for second in (b, None):
        lags = [int(t) - int(s) for s in a for t in (a if second is None else second)]
        expected = [sum(low <= lag < high for lag in lags) for low, high in pairwise(edges)]
        assert log_correlogram(a, second, bins).tolist() == expected


@pytest.mark.parametrize("largest_table", [0, 1 << 20])
def test_few_and_many_pairs_are_counted_alike(monkeypatch, largest_table):
    from phy_medicine.compute import log_correlogram as module

    monkeypatch.setattr(module.kernels, "use_compiled", lambda size, limit: True)
    monkeypatch.setattr(module, "_LARGEST_TABLE", largest_table)
    rng = np.random.default_rng(3)
    a, b = (np.sort(rng.integers(0, 3_000_000, 2000)) for _ in range(2))
    bins = log_lag_bins(30_000.0, low_s=0.0005, high_s=0.5, n_bins=40)
    lags = b[None, :] - a[:, None]
    expected = [np.count_nonzero((lags >= low) & (lags < high)) for low, high in pairwise(bins.edges)]
    assert log_correlogram(a, b, bins).tolist() == expected


def test_bins_grow_by_a_factor_and_begin_and_end_where_asked():
    bins = log_lag_bins(30_000.0, low_s=0.001, high_s=1.0, n_bins=3)
    assert bins.edges == (30, 300, 3000, 30_000)
    assert bins.lags(1) == (300, 2999)


def test_bins_shorter_than_a_sample_become_one():
    bins = log_lag_bins(10_000.0, low_s=1e-4, high_s=1e-3, n_bins=100)
    assert bins.edges == tuple(range(1, 11))


@pytest.mark.parametrize(("low_s", "high_s"), [(1e-6, 1.0), (0.5, 0.1), (0.1, 0.1)])
def test_impossible_axes_are_refused(low_s, high_s):
    with pytest.raises(PhyMedError, match="logarithmic axis"):
        log_lag_bins(10_000.0, low_s=low_s, high_s=high_s, n_bins=10)


@settings(deadline=None)
@given(a=trains, b=trains, low=st.integers(-30, 30), length=st.integers(0, 30))
def test_pairs_are_found_in_order_of_the_first_spike(a, b, low, length):
    pairs = spike_pairs(a, b, (low, low + length))
    expected = [(i, j) for i in range(len(a)) for j in range(len(b)) if low <= b[j] - a[i] <= low + length]
    assert [pairs.at(k) for k in range(len(pairs))] == expected


@settings(deadline=None)
@given(a=trains, low=st.integers(0, 30), length=st.integers(0, 30))
def test_pairs_of_one_train_come_once(a, low, length):
    pairs = spike_pairs(a, None, (low, low + length))
    expected = [(i, j) for i in range(len(a)) for j in range(i + 1, len(a)) if low <= a[j] - a[i] <= low + length]
    assert [pairs.at(k) for k in range(len(pairs))] == expected


@settings(deadline=None)
@given(a=trains, b=trains, width=st.integers(1, 9), n_half=st.integers(0, 5))
def test_the_lags_of_a_bin_are_those_that_are_counted_in_it(a, b, width, n_half):
    shape = {"bin_s": width / 1000, "window_s": max(2 * n_half, 1) * width / 1000}
    bins, counts = lag_bins(1000.0, **shape), correlogram(a, b, sample_rate=1000.0, **shape)
    assert [len(spike_pairs(a, b, bins.lags(k))) for k in range(bins.n_bins)] == counts.tolist()
