"""Agreement of spikes and templates."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting.evaluate import Spikes, best_lag_similarity, count_matches, evaluate, main_samples


def spikes_at(*trains, n_units=None):
    units = np.concatenate([np.full(len(t), k) for k, t in enumerate(trains)])
    times = np.concatenate(trains).astype(np.int64)
    order = np.argsort(times, kind="stable")
    templates = np.random.default_rng(len(trains)).normal(size=(len(trains), 2, 9))
    return Spikes(times[order], units[order], templates)


def slow_matches(a, b, tolerance):
    """Largest one-to-one matching by trying partners in order of time."""
    used, n = set(), 0
    for t in a:
        for j, s in enumerate(b):
            if j not in used and abs(int(s) - int(t)) <= tolerance:
                used.add(j)
                n += 1
                break
    return n


def test_matches_are_one_to_one():
    rng = np.random.default_rng(0)
    for _ in range(20):
        trains = [np.sort(rng.integers(0, 300, rng.integers(1, 40))) for _ in range(5)]
        a, b = spikes_at(*trains[:2]), spikes_at(*trains[2:])
        expected = [[slow_matches(x, y, 4) for y in trains[2:]] for x in trains[:2]]
        assert count_matches(a, b, 4).tolist() == expected


def test_units_are_assigned_and_counted():
    a, b = np.arange(0, 1000, 50), np.arange(25, 1025, 100)
    merged = np.sort(np.concatenate([np.arange(2010, 2500, 50), np.arange(2020, 2500, 50)]))
    truth = spikes_at(a, b, np.arange(2010, 2500, 50), np.arange(2020, 2500, 50))
    found = spikes_at(b + 1, a[:16] + 2, a[16:] + 2, merged, np.array([5000, 6000]))
    result = evaluate(truth, found, 3)
    assert result.partner[:2].tolist() == [1, 0]
    assert result.accuracy[:2].tolist() == [0.8, 1.0] and result.recall[:2].tolist() == [0.8, 1.0]
    assert result.precision[:2].tolist() == [1.0, 1.0]
    assert result.agreement[2:, 3].tolist() == [0.5, 0.5]
    assert result.n_well_detected == 2
    assert (result.n_false_positive, result.n_redundant, result.n_over_merged) == (1, 1, 1)


def test_a_true_unit_that_nothing_agrees_with_has_no_partner():
    result = evaluate(spikes_at(np.array([10, 20])), spikes_at(np.array([100]), np.array([200])), 3)
    assert result.partner.tolist() == [-1] and result.accuracy.tolist() == [0.0]
    assert result.recall.tolist() == [0.0] and result.precision.tolist() == [0.0]


def test_similarity_is_that_of_the_best_lag():
    template = np.zeros((1, 3, 20))
    template[0, 1, 8:12] = [1, -3, 2, 1]
    shifted = np.roll(template, 3, axis=2) * 5
    assert best_lag_similarity(template, shifted)[0, 0] == pytest.approx(1.0)
    assert best_lag_similarity(template, shifted, max_lag=0)[0, 0] == pytest.approx(1 / 15)
    assert main_samples(template).tolist() == [9]


def test_spikes_of_dense_amplitudes_are_at_the_main_sample():
    templates = np.zeros((2, 1, 5))
    templates[0, 0, 1], templates[1, 0, 4] = 1, -1
    amplitudes = np.zeros((2, 20))
    amplitudes[0, [8, 9]], amplitudes[1, 6] = 2, 3
    found = Spikes.of(amplitudes, templates)
    assert (found.times.tolist(), found.units.tolist()) == ([9, 10, 10], [0, 0, 1])
