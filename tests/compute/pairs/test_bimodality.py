"""One kind of values or two."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.pairs.bimodality import bimodality, separation


def test_values_of_one_kind_are_never_taken_for_two():
    rng = np.random.default_rng(0)
    assert all(bimodality(rng.normal(size=n)).depth < 0.25 for n in (50, 100, 500, 3000) for _ in range(30))


@pytest.mark.parametrize(("n", "distance", "share"), [(100, 5, 0.5), (500, 4, 0.5), (1000, 5, 0.1), (3000, 3.5, 0.5)])
def test_values_of_two_kinds_are_told_apart(n, distance, share):
    rng = np.random.default_rng(1)
    values = rng.normal(size=n)
    values[: int(share * n)] += distance
    found = bimodality(values)
    assert found.depth > 0.25
    assert 1 < found.cut < distance - 0.5


def test_the_depth_is_of_the_lower_peak():
    # Two peaks of 1000 and 500, and a valley of 100, in boxes much wider than the smoothing.
    edges = [(0, 5, 1000), (5, 10, 100), (10, 15, 500)]
    values = np.concatenate([np.linspace(a, b, n) for a, b, n in edges])
    assert bimodality(values).depth == pytest.approx(0.8, abs=0.03)
    assert bimodality(values, between=(11, 14)).depth < 0.1


def test_few_values_say_nothing():
    assert bimodality(np.r_[np.zeros(10), np.ones(10) * 50]).depth == 0
    assert bimodality(np.zeros(100)).depth == 0


def test_many_features_of_few_spikes_do_not_look_apart_by_chance():
    rng = np.random.default_rng(2)
    for n in (25, 60, 300):
        assert max(separation(*rng.normal(size=(2, n, 6, 10))).depth for _ in range(10)) < 0.25


def test_a_difference_beside_a_larger_spread_of_amplitudes_is_seen():
    rng = np.random.default_rng(3)
    both = rng.normal(size=(2, 300, 6, 10))
    both[:, :, 0, 0] += 20 + 4 * rng.normal(size=(2, 300))
    both[1, :, 2, 3] += 5
    assert separation(*both).depth > 0.6


@pytest.mark.parametrize("share", [0.5, 0.15])
def test_small_and_large_spikes_of_a_unit_are_of_one_kind(share):
    rng = np.random.default_rng(4)
    spikes = rng.normal(size=(600, 6, 10))
    spikes[:, 0, 0] += 20 + 3 * rng.normal(size=600)
    spikes = spikes[np.argsort(spikes[:, 0, 0])]
    cut = int(600 * share)
    assert separation(spikes[:cut], spikes[cut:]).depth < 0.25
