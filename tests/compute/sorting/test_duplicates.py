"""Spikes and units that were found twice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.pairs.template_pairs import shifted
from phy_medicine.compute.sorting.duplicates import coincident, duplicate_units, keep_largest
from tests.compute.sorting.neurons import RATE, neuron_train, spikes, template

TIMES = st.lists(st.integers(0, 60), max_size=25)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), max_size=25), st.integers(0, 8))
def test_of_spikes_too_close_the_largest_stays(spikes, apart):
    spikes.sort(key=lambda s: s[0])
    times, gains = (np.array([s[k] for s in spikes], np.int64) for k in (0, 1))
    kept = []
    for row in sorted(range(len(spikes)), key=lambda r: (-gains[r], r)):
        if all(abs(times[row] - times[other]) >= apart for other in kept):
            kept.append(row)
    assert np.flatnonzero(keep_largest(times, gains, apart)).tolist() == sorted(kept)


@given(TIMES, TIMES, st.integers(0, 8))
def test_coincident_spikes_are_those_with_another_in_reach(times, others, reach):
    times, others = np.sort(np.array(times, np.int64)), np.sort(np.array(others, np.int64))
    slow = [any(abs(int(t) - int(o)) <= reach for o in others) for t in times]
    assert coincident(times, others, reach).tolist() == slow


def found(trains, amplitudes, templates):
    return duplicate_units(np.stack(templates), *spikes(trains, amplitudes), sample_rate=RATE)


def test_a_unit_that_is_another_one_goes_and_its_spikes_stay_known():
    rng = np.random.default_rng(0)
    train, other = neuron_train(rng, 8), neuron_train(rng, 8)
    again = np.sort(train[rng.random(len(train)) < 0.8] + rng.integers(-3, 4))
    result = found([train, other, again], [20, 20, 12], [template(3), template(4), template(3, width_um=1.5)])
    assert result.duplicate_of.tolist() == [-1, -1, 0]
    assert result.keep.all()


def test_a_unit_that_has_a_few_spikes_of_another_loses_these():
    rng = np.random.default_rng(1)
    train, own = neuron_train(rng, 10), neuron_train(rng, 10)
    stolen = train[::10] + 2
    mixed = np.unique(np.concatenate([own, stolen]))
    times, units, amplitudes = spikes([train, mixed], [20, 12])
    result = duplicate_units(np.stack([template(3), template(4)]), times, units, amplitudes, sample_rate=RATE)
    assert result.duplicate_of.tolist() == [-1, -1]
    lost = times[~result.keep]
    assert set(units[~result.keep]) == {1}
    assert np.isin(stolen, np.concatenate([lost, lost + 1, lost - 1])).mean() > 0.99
    # Those that are there by chance, 0.6 ms wide at 10 Hz, or too close to one of the same unit.
    assert len(lost) - len(stolen) < 0.02 * len(own)


def test_independent_units_of_the_same_shape_keep_their_spikes():
    rng = np.random.default_rng(2)
    result = found([neuron_train(rng, 20), neuron_train(rng, 20)], [20, 12], [template(3), template(3)])
    assert result.keep.all() and result.duplicate_of.tolist() == [-1, -1]


def test_units_that_fire_together_but_are_not_alike_keep_their_spikes():
    train = neuron_train(np.random.default_rng(3), 10)
    result = found([train, train + 2], [20, 12], [template(0), template(6)])
    assert result.keep.all() and result.duplicate_of.tolist() == [-1, -1]


def test_the_same_spike_is_recognised_though_the_templates_are_shifted():
    train = neuron_train(np.random.default_rng(4), 10)
    one = template(3)
    result = found([train, train - 15], [20, 12], [one, shifted(one, -15)])
    assert result.duplicate_of.tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("lag", "share", "goes"), [(12, 0.9, True), (-20, 0.6, True), (12, 0.4, False), (60, 0.9, False)]
)
def test_a_unit_that_follows_another_at_one_lag_is_left_over_from_it(lag, share, goes):
    rng = np.random.default_rng(5)
    train = neuron_train(rng, 10)
    follows = train[rng.random(len(train)) < 0.5]
    own = neuron_train(rng, 5 * (1 - share) / share)
    mixed = np.sort(np.concatenate([follows + lag + rng.integers(-2, 3, len(follows)), own]))
    result = found([train, mixed], [60, 8], [template(3), template(4, period=8.0)[:, ::-1]])
    assert result.duplicate_of.tolist() == [-1, 0 if goes else -1]


def test_a_unit_that_fires_soon_but_not_at_one_lag_is_its_own():
    rng = np.random.default_rng(6)
    train = neuron_train(rng, 10)
    result = found(
        [train, np.sort(train + rng.integers(-30, 31, len(train)))], [60, 8], [template(3), template(4)[:, ::-1]]
    )
    assert result.duplicate_of.tolist() == [-1, -1]
