"""Units that go because they are no neurons, and those that look like it and stay."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.compute.sorting.tidy import Tidying, doubles, give_back, kept_units, pieces, same_size
from tests.compute.sorting.made_units import Neuron, averages_of, found_of, model_of, train

LARGE, SMALL, FAR = Neuron((8.0, 110.0)), Neuron((12.0, 150.0), period=8.0), Neuron((4.0, 40.0), period=16.0)
SIZES = [60.0, 12.0, 20.0]
NOISE = np.full(3, 1.5)


def kept(trains, sizes=SIZES, neurons=(LARGE, SMALL, FAR), how=None, decoys=None):
    """The units that stay, and the reasons for which some went."""
    counts = [len(t) for t in trains]
    averages = averages_of(neurons, sizes, np.reshape(counts, (-1, 1)))
    found = found_of(trains, sizes, averages, decoys)
    units, gone = kept_units(model_of(neurons, sizes, counts), found, NOISE[: len(trains)], how or Tidying())
    return units.tolist(), {reason: n for reason, n in gone.items() if n}


def near(times, share, seed, low, stop):
    """A train of which a share follows the spikes of another, each by some delay."""
    rng = np.random.default_rng(seed)
    n = round(share * len(times))
    some = np.sort(rng.choice(times, n, replace=False))
    return np.sort(np.concatenate([some + rng.integers(low, stop, n), train(seed, len(times) - n)]))


def test_neurons_stay():
    assert kept([train(0, 900), train(1, 500), train(2, 300)]) == ([0, 1, 2], {})


def test_a_unit_of_few_spikes_goes():
    assert kept([train(0, 900), train(1, 19), train(2, 20)]) == ([0, 2], {"few spikes": 1})


def test_what_a_template_did_not_explain_of_a_large_unit_goes():
    large = train(0, 900)
    trains = [large, near(large, 0.9, 1, 8, 11), train(2, 300)]
    assert kept(trains) == ([0, 2], {"piece of another unit": 1})
    assert kept(trains, how=Tidying(pieces=False)) == ([0, 1, 2], {})


def test_the_rest_of_a_much_larger_waveform_goes():
    large = train(0, 900)
    trains = [large, near(large, 0.95, 1, -85, 85), train(2, 300)]
    assert kept(trains) == ([0, 2], {"piece of another unit": 1})
    assert kept(trains, [40.0, 12.0, 20.0]) == ([0, 1, 2], {})


@pytest.mark.parametrize(("share", "low", "stop"), [(0.6, -85, 85), (0.6, 30, 33), (0.9, 300, 400)])
def test_a_small_neuron_that_is_often_near_a_large_one_stays(share, low, stop):
    large = train(0, 900)
    assert kept([large, near(large, share, 1, low, stop), train(2, 300)])[0] == [0, 1, 2]


def test_a_small_neuron_beside_one_that_fires_all_the_time_stays():
    assert kept([train(0, 8000), train(1, 500), train(2, 300)])[0] == [0, 1, 2]


def test_a_small_unit_that_noise_reaches_as_often_upside_down_goes():
    trains = [train(0, 900), train(1, 500), train(2, 300)]
    assert kept(trains, [60.0, 11.0, 20.0], decoys=[0, 251, 0]) == ([0, 2], {"noise": 1})
    assert kept(trains, [60.0, 11.0, 20.0], decoys=[0, 249, 0])[0] == [0, 1, 2]
    assert kept(trains, decoys=[900, 0, 300])[0] == [0, 1, 2]


def test_of_the_same_unit_twice_the_one_with_fewer_spikes_goes():
    neurons = (LARGE, SMALL, Neuron((8.0, 112.0)))
    trains = [train(0, 300), train(1, 500), train(2, 900)]
    assert kept(trains, [30.0, 12.0, 28.0], neurons) == ([1, 2], {"the same unit": 1})


def test_doubles_stay_once():
    model = model_of([LARGE, LARGE, LARGE, FAR], [30.0] * 4, [100, 300, 300, 5])
    assert doubles(model, 0.95).tolist() == [True, False, True, False]


def test_waveforms_of_one_shape_and_other_sizes_are_two_units():
    shapes = np.array([LARGE.template(), LARGE.template(), LARGE.template(shift=3)], np.float32)
    gone = same_size(shapes, np.array([30.0, 15.0, 28.0]), np.array([100, 200, 50]), 0.15)
    assert gone.tolist() == [False, False, True]


def test_groups_of_peaks_that_follow_a_larger_unit_are_pieces():
    large, others = train(0, 300), train(1, 300)
    found = found_of([large], [60.0], averages_of([LARGE], [60.0], [[300]]))
    groups = (near(large, 0.9, 2, -60, 60), near(large, 0.5, 3, -60, 60), others)
    assert pieces(groups, np.array([10.0, 10, 10]), found, np.array([60.0]), Tidying()).tolist() == [True, False, False]
    assert not pieces(groups, np.array([80.0, 80, 80]), found, np.array([60.0]), Tidying()).any()


@pytest.mark.parametrize("delay", [-8, 0, 6])
def test_a_unit_is_given_back_what_another_explains_of_it(delay):
    times, n = 1000 + 500 * np.arange(400), 400
    averages = averages_of([LARGE, SMALL], [50.0, 20.0], [[n], [n]])
    found = found_of([times, times + delay], [50.0, 20.0], averages)
    before, whole = averages.sums.copy(), averages.energies.copy()
    model = model_of([LARGE, SMALL], [50.0, 20.0], [n, n])
    give_back(found, SimpleNamespace(model=model), Tidying())
    taken = np.zeros_like(before[0, 0])
    at = averages.shift + delay
    taken[:, at : at + 41] = SMALL.template()[averages.channels[0]] * (n * 50.0 * 20.0)
    np.testing.assert_allclose(averages.sums[0, 0] - before[0, 0], taken, atol=1)
    np.testing.assert_array_equal(averages.sums[1], before[1])
    np.testing.assert_array_equal(averages.energies, whole)


def test_nothing_is_given_back_of_a_unit_that_fires_for_itself():
    averages = averages_of([LARGE, SMALL], [50.0, 20.0], [[400], [400]])
    found = found_of([train(0, 400), train(1, 400)], [50.0, 20.0], averages)
    before = averages.sums.copy()
    give_back(found, SimpleNamespace(model=model_of([LARGE, SMALL], [50.0, 20.0], [400, 400])), Tidying())
    np.testing.assert_array_equal(averages.sums, before)
