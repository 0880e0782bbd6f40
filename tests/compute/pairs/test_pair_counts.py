"""Pairs of spikes of two units by lag."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.pairs.pair_counts import (
    PairCounts,
    pair_counts,
    poisson_lower,
    poisson_upper,
    shared_presence,
)
from tests.compute.sorting.neurons import N_SAMPLES, RATE, neuron_train, poisson_train

TRAINS = st.lists(st.integers(0, 4000), max_size=30).map(lambda t: np.sort(np.array(t, np.int64)))


@settings(max_examples=60)
@given(TRAINS, TRAINS)
def test_counts_are_those_of_all_pairs(first, second):
    found = pair_counts(first, second, 9, 45, RATE)
    lags = (second[:, None] - first).ravel()
    away = abs(lags)
    assert found.coincident == (away <= 9).sum()
    assert found.refractory == ((away > 9) & (away < 45)).sum()
    assert found.after == ((lags >= 45) & (lags < 600)).sum()
    assert found.before == ((lags <= -45) & (lags > -600)).sum()
    assert found.shoulder == ((away >= 45) & (away < 1500)).sum()
    assert found.n_lags == (19, 70, 2910)


def test_independent_trains_have_as_many_pairs_as_expected():
    rng = np.random.default_rng(0)
    counts = pair_counts(poisson_train(rng, 30), poisson_train(rng, 30), 9, 45, RATE)
    assert counts.dip()[0] == pytest.approx(1, abs=0.15)
    assert counts.coincident == pytest.approx(counts.expected_coincident, rel=0.25)
    assert not counts.one_sided


def test_halves_of_a_neuron_have_none():
    rng = np.random.default_rng(1)
    train = neuron_train(rng, 20)
    half = rng.random(len(train)) < 0.5
    counts = pair_counts(train[half], train[~half], 9, 45, RATE)
    assert counts.refractory == 0 and counts.dip()[1] < 0.15


def test_bounds_follow_the_poisson_distribution():
    # 3.00 and 4.74: the means of which 0, and 1 or less, are seen once in twenty times.
    assert poisson_upper(0) == pytest.approx(2.996, abs=1e-3)
    assert poisson_upper(1) == pytest.approx(4.744, abs=1e-3)
    # 0.051 and 0.355: of which 1 or more, and 2 or more, are seen once in twenty times.
    assert [poisson_lower(n) for n in (0, 1, 2)] == pytest.approx([0, 0.0513, 0.3554], abs=1e-3)


def test_trains_that_never_meet_say_nothing():
    counts = pair_counts(np.array([1, 2]), np.array([90_000]), 9, 45, RATE)
    assert counts == PairCounts(0, 0, 0, 0, 0, (19, 70, 2910))
    assert counts.dip() == (np.inf, np.inf)


def test_a_unit_that_follows_another_is_one_sided():
    rng = np.random.default_rng(2)
    train = neuron_train(rng, 5)
    counts = pair_counts(train, train + rng.integers(90, 300, len(train)), 9, 45, RATE)
    assert counts.after > 1000 and counts.one_sided


def test_presence_is_shared_or_not():
    rng = np.random.default_rng(3)
    train = poisson_train(rng, 5)
    early = train[train < N_SAMPLES // 2]
    assert shared_presence(train[::2], train[1::2], N_SAMPLES) > 0.9
    assert shared_presence(early, train[len(early) :], N_SAMPLES) < 0.06
