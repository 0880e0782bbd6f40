"""What trains say of a merge, against SpikeInterface's functions and against counting one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.suggesting import train_criteria as trains
from phy_medicine.compute.suggesting.train_criteria import Periods

PERIODS = Periods(3, 10, 50_000)
_TRAINS = st.lists(st.integers(0, 2_000), min_size=1, max_size=40).map(lambda s: np.sort(np.array(s)))


@settings(deadline=None)
@given(_TRAINS, _TRAINS)
def test_the_union_has_the_spikes_that_spikeinterface_keeps(first: np.ndarray, second: np.ndarray) -> None:
    from spikeinterface.curation.mergeunitssorting import get_non_duplicated_events

    assert trains.joined(first, second, 3).tolist() == get_non_duplicated_events([first, second], 3).tolist()


@settings(deadline=None)
@given(_TRAINS, _TRAINS)
def test_a_correlogram_counts_each_pair_by_its_lag(first: np.ndarray, second: np.ndarray) -> None:
    cross, own = trains.correlogram_1ms(first, second, 10_000.0), trains.correlogram_1ms(first, None, 10_000.0)
    lags = np.subtract.outer(first, second).ravel() // 10 + 25
    assert cross.tolist() == np.bincount(lags[(lags >= 0) & (lags < 50)], minlength=50).tolist()
    apart = np.subtract.outer(first, first)[~np.eye(len(first), dtype=bool)] // 10 + 25
    assert own.tolist() == np.bincount(apart[(apart >= 0) & (apart < 50)], minlength=50).tolist()


@settings(deadline=None)
@given(_TRAINS)
def test_contamination_is_of_the_pairs_within_the_refractory_time(train: np.ndarray) -> None:
    value, n = trains.contamination_of(train, PERIODS), len(train)
    if n < 2:
        assert np.isnan(value)
        return
    close = sum(train[j] - train[i] <= 10 for i in range(n) for j in range(i + 1, n))
    left = 1 - close * (50_000 - 2 * n * 3) / (n**2 * 7)
    assert value == pytest.approx(1.0 if left < 0 else 1 - left**0.5)


def test_the_distance_in_time_is_the_earth_movers() -> None:
    rng = np.random.default_rng(0)
    first, second = np.sort(rng.integers(0, 50_000, 90)), np.sort(rng.integers(90_000, 199_000, 50))
    from scipy.stats import wasserstein_distance

    edges = np.arange(0, 200_000, 2_000)
    counts = [np.histogram(t, edges)[0] for t in (first, second)]
    expected = wasserstein_distance(edges[1:] / 1000, edges[1:] / 1000, *counts)
    assert trains.presence_distance(first, second, 200_000, 1000.0) == pytest.approx(expected)


def test_no_time_is_between_trains_without_spikes_in_full_bins() -> None:
    assert np.isnan(trains.presence_distance(np.array([5]), np.zeros(0, int), 50_000, 1000.0))


@pytest.mark.parametrize("n_shared", [0, 3, 60])
def test_cross_contamination_is_that_of_spikeinterface(n_shared: int) -> None:
    from spikeinterface.curation.auto_merge import estimate_cross_contamination

    rng = np.random.default_rng(n_shared)
    first, other = (np.sort(rng.integers(0, 1_000_000, 600)) for _ in range(2))
    second = np.sort(np.concatenate([other, first[:n_shared] + 6]))
    periods = Periods(3, 10, 1_000_000)
    expected = estimate_cross_contamination(first, second, 10_000.0, 1_000_000, (0.3, 1.0), limit=0.1, C1=0.05)[1]
    found = trains.cross_contamination_p(first, second, periods, 0.05, 0.1)
    assert found == pytest.approx(float(expected), abs=1e-4)
