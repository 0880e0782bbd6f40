from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.correlogram import correlogram, correlograms, lag_bins, merged_acg

# 1 kHz: 1 ms is one sample.
KHZ = {"sample_rate": 1000.0}
with_fixture = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
trains = st.lists(st.integers(0, 120), max_size=50).map(lambda samples: np.array(sorted(samples), dtype=np.int64))


def brute_force(a, b, width, n_half):
    """Every pair, its bin found by comparing with the bin centres; a tie goes to the outer bin."""
    counts = [0] * (2 * n_half + 1)
    for i, first in enumerate(a):
        for j, second in enumerate(a if b is None else b):
            lag = int(second - first)
            k = min(range(-n_half - 1, n_half + 2), key=lambda k: (abs(lag - k * width), -abs(k)))
            if abs(k) <= n_half and not (b is None and i == j):
                counts[k + n_half] += 1
    return counts


def test_positive_lags_are_spikes_of_b_after_a(either_path):
    counts = correlogram(np.array([10]), np.array([8, 10, 13, 13]), **KHZ, bin_s=0.001, window_s=0.006)
    assert counts.tolist() == [0, 1, 0, 1, 0, 0, 2]
    assert counts.dtype == np.int64


def test_acg_leaves_each_spike_out_and_counts_coincident_ones_both_ways(either_path):
    counts = correlogram(np.array([5, 5, 7]), **KHZ, bin_s=0.001, window_s=0.004)
    assert counts.tolist() == [2, 0, 2, 0, 2]


def test_lags_half_way_between_bins_go_outwards_on_both_sides(either_path):
    counts = correlogram(np.array([10]), np.array([7, 8, 9, 10, 11, 12, 13]), **KHZ, bin_s=0.002, window_s=0.004)
    assert counts.tolist() == [2, 1, 2]


@pytest.mark.parametrize("dtype", [np.uint64, np.int32, np.float64])
def test_sample_arrays_of_other_types_count_the_same(either_path, dtype):
    samples = np.array([3, 5, 9], dtype=dtype)
    assert correlogram(samples, **KHZ, bin_s=0.002, window_s=0.008).tolist() == [1, 1, 0, 1, 1]


def test_empty_trains_and_read_only_arrays_are_accepted(either_path):
    empty, one = np.zeros(0, dtype=np.int64), np.array([1, 2])
    one.flags.writeable = False
    assert correlogram(empty, **KHZ, bin_s=0.001, window_s=0.002).tolist() == [0, 0, 0]
    assert correlogram(one, empty, **KHZ, bin_s=0.001, window_s=0.002).tolist() == [0, 0, 0]
    assert correlogram(one, **KHZ, bin_s=0.001, window_s=0.002).tolist() == [1, 0, 1]


@with_fixture
@given(a=trains, b=trains, width=st.integers(1, 7), n_half=st.integers(0, 6))
def test_counts_equal_brute_force(either_path, a, b, width, n_half):
    bins = {"bin_s": width / 1000, "window_s": max(2 * n_half, 1) * width / 1000}
    assert correlogram(a, b, **KHZ, **bins).tolist() == brute_force(a, b, width, n_half)
    assert correlogram(a, **KHZ, **bins).tolist() == brute_force(a, None, width, n_half)


@with_fixture
@given(samples=trains, in_a=st.lists(st.booleans(), min_size=50, max_size=50), width=st.integers(1, 5))
def test_acg_of_a_merge_follows_from_its_parts(either_path, samples, in_a, width):
    chosen = np.array(in_a[: samples.size], dtype=bool)
    a, b = samples[chosen], samples[~chosen]
    bins = {**KHZ, "bin_s": width / 1000, "window_s": 10 * width / 1000}
    merged = merged_acg([correlogram(a, **bins), correlogram(b, **bins)], [correlogram(a, b, **bins)])
    assert merged.tolist() == correlogram(samples, **bins).tolist()


@with_fixture
@given(some=st.lists(trains, max_size=4))
def test_matrix_holds_every_pair_and_its_mirror_image(either_path, some):
    bins = {**KHZ, "bin_s": 0.002, "window_s": 0.02}
    counts = correlograms(some, **bins)
    assert counts.shape == (len(some), len(some), 11)
    for i, a in enumerate(some):
        for j, b in enumerate(some):
            assert counts[i, j].tolist() == correlogram(a, None if i == j else b, **bins).tolist()


@pytest.mark.parametrize(
    ("sample_rate", "bin_s", "window_s", "width", "n_half"),
    [
        (30000.0, 0.001, 0.05, 30, 25),
        (30000.0, 0.0005, 0.05, 15, 50),
        (25000.0, 0.001, 0.05, 25, 25),
        (30000.0, 1 / 30000, 0.002, 1, 30),
        (30000.0, 0.00005, 0.001, 2, 7),
        (30000.0, 0.001, 0.001, 30, 0),
        (1000.0, 0.003, 0.0079, 3, 1),
        (24414.0625, 0.001, 0.05, 24, 25),
    ],
)
def test_bin_and_window_are_rounded_to_samples(sample_rate, bin_s, window_s, width, n_half):
    bins = lag_bins(sample_rate, bin_s=bin_s, window_s=window_s)
    assert (bins.width, bins.n_half, bins.n_bins) == (width, n_half, 2 * n_half + 1)


def test_bin_centres_follow_the_rounded_bin():
    bins = lag_bins(1000.0, bin_s=0.0026, window_s=0.006)
    assert bins.bin_s == 0.003
    assert bins.centers_s.tolist() == [-0.003, 0.0, 0.003]


def test_bin_below_one_sample_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match=r"bin of 0.01 ms is shorter than one sample \(0.0333333 ms\)") as refused:
        correlogram(np.array([1]), sample_rate=30000.0, bin_s=0.00001, window_s=0.05)
    assert isinstance(refused.value, PhyMedError)


@pytest.mark.parametrize("window_s", [0.0, 0.0009, np.inf, np.nan])
def test_window_that_cannot_hold_a_bin_is_refused(window_s):
    with pytest.raises(ValueError, match="choose a longer window or a shorter bin"):
        lag_bins(30000.0, bin_s=0.001, window_s=window_s)


def test_unsorted_train_is_refused(either_path):
    with pytest.raises(ValueError, match="spike 2 is before"):
        correlogram(np.array([1, 5, 4]), **KHZ, bin_s=0.001, window_s=0.01)
