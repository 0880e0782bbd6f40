"""Units that are one neuron, and such that are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phy_medicine.compute.sorting.averages import Still
from phy_medicine.compute.sorting.joining import joined
from tests.compute.sorting.made_units import CONTACTS, Neuron, averages_of, found_of, model_of, train

ONE, OTHER = Neuron((8.0, 110.0)), Neuron((12.0, 160.0), period=8.0)
SEEN = (-20.0, -10.0, 10.0, 20.0)


def halves(neurons, sizes, counts, displacements=(0.0,), shifts=None):
    """Units of some neurons, with as many spikes as there are at all displacements."""
    averages = averages_of(neurons, sizes, counts, displacements, shifts)
    n = [int(np.sum(c)) for c in counts]
    found = found_of([train(seed, count) for seed, count in enumerate(n)], sizes, averages)
    model = model_of(neurons, sizes, n, averages)
    if shifts is not None:
        templates = [neuron.template(shift=shift) for neuron, shift in zip(neurons, shifts, strict=True)]
        model = replace(model, shapes=Still(np.array(templates, np.float32)))
    return found, model


def cosine(a, b):
    return float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)))


def check_conserved(before, after, kept, gone):
    assert len(after.spikes.times) == len(before.spikes.times)
    assert gone not in after.spikes.units
    assert (np.diff(after.spikes.times) >= 0).all()
    assert after.averages.energies[gone].sum() == 0 and np.abs(after.averages.sums[gone]).max() == 0
    n = np.bincount(before.spikes.units)
    assert np.bincount(after.spikes.units)[kept] == n[kept] + n[gone]


def test_two_halves_of_a_unit_that_stands_still_are_one():
    found, model = halves([ONE, ONE, OTHER], [30.0, 30.0, 30.0], [[900], [400], [500]])
    after, pairs = joined(found, model, CONTACTS)
    assert pairs == [(0, 1)]
    check_conserved(found, after, 0, 1)
    np.testing.assert_allclose(after.averages.energies[0], 1300 * 30.0**2)
    mean = after.averages.sums[0, 0] / after.averages.energies[0, 0]
    template = ONE.at(0, 10, 61)[after.averages.channels[0]] / np.linalg.norm(ONE.at())
    np.testing.assert_allclose(mean, template, atol=5 / (30 * np.sqrt(1300)))


def test_spikes_that_became_somewhat_smaller_are_still_those_of_the_unit():
    found, model = halves([ONE, ONE], [30.0, 24.0], [[900], [400]])
    assert joined(found, model, CONTACTS)[1] == [(0, 1)]


def test_the_unit_with_more_spikes_stays():
    found, model = halves([ONE, ONE], [30.0, 30.0], [[300], [900]])
    after, pairs = joined(found, model, CONTACTS)
    assert pairs == [(1, 0)]
    check_conserved(found, after, 1, 0)


def test_halves_seen_at_different_places_are_one():
    counts = [[400, 300, 0, 0], [0, 0, 300, 200], [200, 200, 200, 200]]
    found, model = halves([ONE, ONE, OTHER], [30.0, 28.0, 30.0], counts, SEEN)
    after, pairs = joined(found, model, CONTACTS)
    assert pairs == [(0, 1)]
    check_conserved(found, after, 0, 1)
    assert (after.averages.energies[0] > 0).all()


@pytest.mark.parametrize("shift", [-7, -2, 4])
def test_halves_with_shifted_templates_are_one_at_the_times_of_the_first(shift):
    found, model = halves([ONE, ONE], [30.0, 30.0], [[900], [400]], shifts=[0, shift])
    after, pairs = joined(found, model, CONTACTS)
    assert pairs == [(0, 1)]
    check_conserved(found, after, 0, 1)
    expected = np.sort(np.concatenate([train(0, 900), train(1, 400) + shift]))
    np.testing.assert_array_equal(after.spikes.times, expected)
    mean = after.averages.sums[0, 0, :, 10:51]
    assert cosine(mean, ONE.at()[after.averages.channels[0]]) > 0.999


def test_three_parts_become_one():
    found, model = halves([ONE, ONE, ONE], [30.0, 29.0, 31.0], [[300], [500], [200]])
    after, pairs = joined(found, model, CONTACTS)
    assert len(pairs) == 2 and {kept for kept, _ in pairs} == {1}
    assert set(after.spikes.units.tolist()) == {1}


@pytest.mark.parametrize("displacements", [(0.0,), SEEN])
@pytest.mark.parametrize("other", [Neuron((8.0, 126.0)), Neuron((8.0, 110.0), period=24.0)])
def test_two_neurons_that_are_alike_stay_two(other, displacements):
    assert 0.8 < cosine(ONE.at(), other.at()) < 0.88
    counts = np.full((2, len(displacements)), 300)
    found, model = halves([ONE, other], [30.0, 30.0], counts, displacements)
    after, pairs = joined(found, model, CONTACTS)
    assert pairs == []
    assert after is found


def test_a_unit_of_few_spikes_could_be_part_of_any():
    found, model = halves([ONE, ONE], [30.0, 30.0], [[900], [19]])
    assert joined(found, model, CONTACTS)[1] == []


def test_a_unit_is_joined_with_none_whose_spikes_are_of_another_size():
    found, model = halves([ONE, ONE], [60.0, 20.0], [[900], [400]])
    assert joined(found, model, CONTACTS)[1] == []
