"""Correlograms of merged clusters are sums, and the sums are exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.correlogram import correlogram
from phy_medicine.compute.log_correlogram import LogLagBins, log_correlogram
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.correlogram_source import CorrelogramSource

BINS = (0.001, 0.05)
RATE = 10_000.0


def _source(trains):
    return CorrelogramSource(trains.__getitem__, RATE, ArrayCache())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 2)), max_size=60))
def test_a_merged_cluster_has_the_sums_of_its_parents(spikes):
    trains = {c: np.array(sorted(t for t, owner in spikes if owner == c), dtype=np.int64) for c in range(3)}
    source = _source(trains)
    for a, b in ((0, 0), (1, 1), (0, 1), (0, 2), (1, 2)):
        source.get(a, b, *BINS)
    merged = np.sort(np.concatenate([trains[0], trains[1]]))
    source.note_merge(7, (0, 1))
    trains.pop(0), trains.pop(1)  # counting anew would fail: 7 has no train
    expected = correlogram(merged, sample_rate=RATE, bin_s=BINS[0], window_s=BINS[1])
    np.testing.assert_array_equal(source.get(7, 7, *BINS), expected)
    across = correlogram(trains[2], merged, sample_rate=RATE, bin_s=BINS[0], window_s=BINS[1])
    np.testing.assert_array_equal(source.get(2, 7, *BINS), across)
    np.testing.assert_array_equal(source.get(7, 2, *BINS), across[::-1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 2)), max_size=60))
def test_a_merged_cluster_has_the_sums_of_its_parents_on_a_logarithmic_axis(spikes):
    trains = {c: np.array(sorted(t for t, owner in spikes if owner == c), dtype=np.int64) for c in range(3)}
    source, bins = _source(trains), LogLagBins((1, 5, 30, 400), RATE)
    for a in range(3):
        for b in range(3):
            source.get_log(a, b, bins)
    merged = np.sort(np.concatenate([trains[0], trains[1]]))
    source.note_merge(7, (0, 1))
    trains.pop(0), trains.pop(1)  # counting anew would fail: 7 has no train
    np.testing.assert_array_equal(source.get_log(7, 7, bins), log_correlogram(merged, None, bins))
    np.testing.assert_array_equal(source.get_log(2, 7, bins), log_correlogram(trains[2], merged, bins))
    np.testing.assert_array_equal(source.get_log(7, 2, bins), log_correlogram(merged, trains[2], bins))


def test_without_the_parents_at_hand_the_spikes_are_counted():
    trains = {0: np.array([0]), 1: np.array([50]), 7: np.array([0, 50])}
    source = _source(trains)
    source.note_merge(7, (0, 1))
    assert source.get(7, 7, *BINS).sum() == 2


def test_a_merge_in_a_session_shows_the_sum(dataset):
    from phy_medicine.session.session import Session

    session = Session.open(dataset)
    a, b = session.cluster_ids[:2]
    for pair in ((a, a), (b, b), (a, b)):
        session.data.correlogram(*pair, bin_s=BINS[0], window_s=BINS[1])
    (new,) = session.merge([a, b]).added
    shown = session.data.correlogram(new, new, bin_s=BINS[0], window_s=BINS[1])
    samples = session.model.spike_samples[np.isin(session.model.spike_clusters, [a, b])]
    rate = session.model.sample_rate
    np.testing.assert_array_equal(shown, correlogram(samples, sample_rate=rate, bin_s=BINS[0], window_s=BINS[1]))
    session.close()


@pytest.mark.parametrize("pair", [(3, 5), (5, 3)])
def test_the_order_of_a_pair_turns_time_round(pair):
    source = _source({3: np.array([0]), 5: np.array([100])})
    counts = source.get(*pair, *BINS)
    assert int(np.flatnonzero(counts)[0]) == (35 if pair == (3, 5) else 15)
