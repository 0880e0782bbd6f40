"""How contaminated a unit is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.metrics.contamination import (
    NOT_SINGLE,
    contamination_by_many,
    contamination_by_one,
    refractory_pairs,
)
from tests.compute.sorting.neurons import DURATION_S, RATE, neuron_train, poisson_train

CENSORED, REFRACTORY = 21, 90
WINDOW_S = (REFRACTORY - CENSORED) / RATE


@given(st.lists(st.integers(0, 300), max_size=40), st.integers(0, 20), st.integers(0, 40))
def test_refractory_pairs_are_those_of_all_pairs(times, censored, refractory):
    times = np.sort(np.array(times, np.int64))
    slow = sum(
        censored <= times[j] - times[i] < refractory for i in range(len(times)) for j in range(i + 1, len(times))
    )
    assert refractory_pairs(times, censored, refractory) == slow


def test_one_neuron_without_pairs_is_pure():
    assert contamination_by_one(1000, 0, WINDOW_S, 100.0) == 0.0
    assert contamination_by_many(1000, 0, WINDOW_S, 100.0) == 0.0


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.4])
def test_the_formulas_are_undone_by_the_pairs_they_come_from(share):
    expected = 1000**2 * WINDOW_S / 100.0
    assert contamination_by_one(1000, 2 * share * (1 - share) * expected, WINDOW_S, 100.0) == pytest.approx(share)
    assert contamination_by_many(1000, (1 - (1 - share) ** 2) * expected, WINDOW_S, 100.0) == pytest.approx(share)


def test_more_pairs_than_there_can_be_are_no_single_unit():
    expected = 1000**2 * WINDOW_S / 100.0
    assert contamination_by_one(1000, 0.51 * expected, WINDOW_S, 100.0) == NOT_SINGLE
    assert contamination_by_many(1000, 1.01 * expected, WINDOW_S, 100.0) == NOT_SINGLE
    assert contamination_by_one(0, 0, WINDOW_S, 100.0) == 0.0


@pytest.mark.parametrize("share", [0.05, 0.15, 0.3])
def test_contamination_by_another_neuron_is_found(share):
    rng = np.random.default_rng(int(100 * share))
    rate = 60.0
    union = np.sort(np.concatenate([neuron_train(rng, rate * (1 - share)), neuron_train(rng, rate * share)]))
    pairs = refractory_pairs(union, CENSORED, REFRACTORY)
    assert contamination_by_one(len(union), pairs, WINDOW_S, DURATION_S) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("share", [0.05, 0.15, 0.3, 0.6])
def test_contamination_by_many_neurons_is_found(share):
    rng = np.random.default_rng(int(100 * share))
    rate = 60.0
    union = np.sort(np.concatenate([neuron_train(rng, rate * (1 - share)), poisson_train(rng, rate * share)]))
    pairs = refractory_pairs(union, CENSORED, REFRACTORY)
    assert contamination_by_many(len(union), pairs, WINDOW_S, DURATION_S) == pytest.approx(share, abs=0.04)
