"""Units of two kinds of spikes are taken apart where that makes them purer."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting.post_settings import PostSettings
from phy_medicine.compute.sorting.splits import find_split, split_unit, two_kinds
from phy_medicine.compute.sorting.unit import joined, units_of
from tests.compute.sorting.neurons import (
    N_CHANNELS,
    N_SAMPLES,
    RATE,
    features,
    neuron_train,
    shapes_of,
    spikes,
    template,
)

SETTINGS = PostSettings()
A, B = template(3), template(3, width_um=1.6)


def mixture(seed, trains, amplitudes, waveforms):
    """Neurons found as one unit, and which spike is of which."""
    rng = np.random.default_rng(seed)
    times, units, values = spikes(trains, amplitudes)
    waveforms = np.stack(waveforms)
    shapes = shapes_of(waveforms)
    scores = features(rng, shapes, waveforms, units, values)
    channels = np.tile(np.arange(N_CHANNELS), (len(waveforms), 1))
    unit, *rest = units_of(waveforms, times, units, values, features=scores, channels=channels)
    for other in rest:
        unit = joined(unit, other, 0, shapes)
    return unit, units[unit.rows], shapes


def parts_of(unit, shapes, settings=SETTINGS):
    return split_unit(unit, shapes, RATE, N_SAMPLES, settings)


def test_two_neurons_found_as_one_unit_are_taken_apart():
    rng = np.random.default_rng(0)
    unit, truth, shapes = mixture(0, [neuron_train(rng, 12), neuron_train(rng, 8)], [25, 25], [A, B])
    parts = parts_of(unit, shapes)
    of = {row: k for k, rows in zip(truth, unit.rows, strict=True) for row in [rows]}
    wrong = [np.mean([of[row] != k for row in part.rows]) for k, part in enumerate(parts)]
    assert len(parts) == 2 and max(wrong) < 0.01
    assert [(p.template * t).sum() > 0.999 for p, t in zip(parts, (A, B), strict=True)] == [True, True]
    assert "two kinds" in parts[0].history[0]


def test_a_neuron_stays_whole():
    rng = np.random.default_rng(1)
    train = neuron_train(rng, 15)
    unit, _, shapes = mixture(1, [train], [20 + 4 * rng.normal(size=len(train))], [A])
    assert find_split(unit, RATE, N_SAMPLES, SETTINGS) is None
    assert [(len(p), p.bimodality, p.history) for p in parts_of(unit, shapes)] == [(len(train), 0.0, ())]


def test_three_neurons_become_three_units():
    rng = np.random.default_rng(2)
    trains = [neuron_train(rng, 10) for _ in range(3)]
    unit, truth, shapes = mixture(2, trains, [30, 30, 30], [template(3), template(4), template(2)])
    parts = parts_of(unit, shapes)
    assert sorted(map(len, parts)) == pytest.approx(sorted(np.bincount(truth)), abs=10)


def test_a_neuron_of_two_shapes_is_only_named():
    rng = np.random.default_rng(3)
    train = neuron_train(rng, 20)
    second = rng.random(len(train)) < 0.5
    unit, _, shapes = mixture(3, [train[second], train[~second]], [25, 25], [A, B])
    found = find_split(unit, RATE, N_SAMPLES, SETTINGS)
    assert found.depth > 0.5 and not found.purer and not found.no_worse
    assert [(len(p), p.bimodality, p.history) for p in parts_of(unit, shapes)] == [(len(train), found.depth, ())]


def test_a_unit_that_changes_once_is_not_two():
    train = neuron_train(np.random.default_rng(4), 12)
    late = train > N_SAMPLES // 2
    unit, _, _ = mixture(4, [train[~late], train[late]], [25, 25], [A, B])
    assert find_split(unit, RATE, N_SAMPLES, SETTINGS) is None


def test_two_neurons_of_other_amplitude_are_seen_though_both_fade():
    rng = np.random.default_rng(5)
    trains = [neuron_train(rng, 12), neuron_train(rng, 12)]
    amplitudes = [
        level - 14 * t / N_SAMPLES + rng.normal(size=len(t)) for level, t in zip((36, 28), trains, strict=True)
    ]
    unit, truth, _ = mixture(5, trains, amplitudes, [A, A])
    found = find_split(unit, RATE, N_SAMPLES, SETTINGS)
    assert found.purer and (found.second != (truth == 0)).mean() < 0.02


def test_few_spikes_far_apart_are_two_units_though_no_pair_says_so():
    rng = np.random.default_rng(6)
    times = [np.sort(rng.integers(0, N_SAMPLES // 3000, 60)) * 3000 + lag for lag in (0, 1500)]
    unit, _, shapes = mixture(6, times, [40, 40], [template(2), template(4)])
    assert len(parts_of(unit, shapes)) == 2
    assert len(parts_of(unit, shapes, PostSettings(merge_sure_cosine=0.0))) == 1


def test_a_few_strange_spikes_are_no_second_kind():
    table = np.random.default_rng(7).normal(size=(500, 4))
    table[:15] += 30
    assert two_kinds(table) is None


def test_no_spike_is_lost():
    rng = np.random.default_rng(8)
    unit, _, shapes = mixture(8, [neuron_train(rng, 12), neuron_train(rng, 8)], [25, 25], [A, B])
    parts = parts_of(unit, shapes)
    assert sorted(np.concatenate([p.rows for p in parts])) == list(range(len(unit)))
    assert all((np.diff(p.times) >= 0).all() for p in parts)
