"""Waveforms that change slowly are followed from window to window."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting.averages import Moving, Still
from phy_medicine.compute.sorting.bank import Bank, sample_of
from phy_medicine.compute.sorting.changes import NONE, Change, Changes
from phy_medicine.compute.sorting.learning import PAD
from phy_medicine.compute.sorting.model import Model
from phy_medicine.compute.sorting.slow_change import Difference, followed, taken_over
from phy_medicine.compute.sorting.stretch_spikes import sort_stretches
from phy_medicine.compute.sorting.stretches import Surroundings, stretches
from phy_medicine.compute.sorting.torch_pass import TorchSurroundings
from tests.compute.sorting.made_units import (
    POSITIONS,
    RATE,
    WIDTH,
    Neuron,
    averages_of,
    follows,
    model_of,
    setting,
)

EARLY, LATE = Neuron((3.0, 100.0)), Neuron((11.0, 130.0), period=24.0)
SAME = Neuron((4.0, 50.0), period=9.0)
N_SAMPLES, WINDOW, N_SPIKES = 240_000, 60_000, 500


def waveform(unit, share, displacement=0.0):
    """Of the neuron that changes, at some share of the recording, or of the one that does not."""
    if unit:
        return SAME.at(displacement) / np.linalg.norm(SAME.at())
    mixed, rest = ((1 - share) * EARLY.at(d) + share * LATE.at(d) for d in (displacement, 0.0))
    return mixed / np.linalg.norm(rest)


def recorded(sizes, motion=None, seed=0):
    """Data with noise of 1, and times and units of the spikes."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(len(POSITIONS), N_SAMPLES)).astype(np.float32)
    times = 60 + np.sort(rng.choice((N_SAMPLES - 200) // 50, 2 * N_SPIKES, replace=False)) * 50
    units = rng.permutation(np.repeat([0, 1], N_SPIKES))
    for time, unit in zip(times.tolist(), units.tolist(), strict=True):
        away = float(motion.at(time / RATE, 100.0)) if motion is not None else 0.0
        data[:, time : time + WIDTH] += sizes[unit] * rng.normal(1, 0.05) * waveform(unit, time / N_SAMPLES, away)
    return data, times, units


def model(sizes):
    """Units as they are in the mean of the recording."""
    mean = np.stack([np.mean([waveform(0, share) for share in np.linspace(0, 1, 9)], axis=0), waveform(1, 0)])
    mean /= np.linalg.norm(mean, axis=(1, 2), keepdims=True)
    counts, at = np.full(2, N_SPIKES), np.abs(mean).max(axis=2).argmax(axis=1)
    return Model(Still(mean.astype(np.float32)), sizes, 0.1 * sizes, counts, counts / N_SAMPLES, at)


def source_of(data):
    return Surroundings(lambda a, b: data[:, a:b].copy(), N_SAMPLES, 3 * WIDTH + PAD)


def follow(data, known, how, window=WINDOW, edges=()):
    return followed(source_of(data), stretches(N_SAMPLES, 30_000, edges), known, how, window)


def cosine(one, other):
    return float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))


def recall(data, times, units, known, changes):
    """Share of the true spikes of the neuron that changes that are found at their time and unit."""
    source, every = source_of(data), stretches(N_SAMPLES, 30_000)
    bank = Bank(known, setting(), sample_of(source, every), changes)
    found = sort_stretches(source, every, bank, lambda s: (s.own().times + s.begin)[s.own().units == 0])
    own = np.sort(np.concatenate(list(found)))
    true = times[units == 0]
    return ((np.searchsorted(own, true + 3) - np.searchsorted(own, true - 2)) > 0).mean()


def test_a_waveform_that_changes_is_followed_and_one_that_does_not_is_left_alone():
    sizes = np.array([25.0, 20.0])
    known = model(sizes)
    changes = follow(recorded(sizes)[0], known, setting())
    assert changes.arrays["units"].tolist() == [0] * len(changes.arrays["units"])
    assert {0, 3} <= set(changes.arrays["windows"].tolist())
    for window in (0, 3):
        truth = waveform(0, (window + 0.5) / 4)
        usual, there = known.shapes.at(np.zeros(2)), changes.shapes(known.shapes, window).at(np.zeros(2))
        assert cosine(usual[0], truth) < 0.96 and cosine(there[0], truth) > 0.985
        np.testing.assert_array_equal(there[1], usual[1])


def test_more_spikes_are_found_of_a_waveform_that_is_followed(monkeypatch):
    monkeypatch.setattr(__name__ + ".LATE", Neuron((11.0, 150.0), period=24.0))
    sizes = np.array([9.0, 20.0])
    data, times, units = recorded(sizes)
    known = model(sizes)
    changes = follow(data, known, setting(), window=30_000)
    without, followed_ = (recall(data, times, units, known, how) for how in (NONE, changes))
    assert followed_ > without + 0.01


def test_waveforms_are_followed_where_the_tissue_moves_too():
    times_s = np.arange(0, 8, 0.5)
    motion = Motion((4 * np.sin(2 * times_s))[:, None], times_s, np.array([100.0]))
    sizes, how = np.array([25.0, 20.0]), follows(motion)
    seen = averages_of([EARLY, SAME], sizes, np.full((2, 5), 100), (-4.0, -2.0, 0.0, 2.0, 4.0))
    known = model_of([EARLY, SAME], sizes, [N_SPIKES] * 2, seen)
    changes = follow(recorded(sizes, motion)[0], known, how, edges=how.moved.edges(N_SAMPLES))
    assert 3 in changes.arrays["windows"] and set(changes.arrays["units"].tolist()) == {0}
    for away in (-3.0, 0.0, 3.0):
        truth = waveform(0, 0.875, away)
        usual, there = (shapes.at(np.full(2, away))[0] for shapes in (known.shapes, changes.shapes(known.shapes, 3)))
        assert cosine(there, truth) > 0.98 > cosine(usual, truth)


def test_a_mean_that_comes_to_be_that_of_another_unit_is_no_change():
    kinds = np.stack([waveform(0, share) / np.linalg.norm(waveform(0, share)) for share in (0.0, 0.5, 1.0)])
    usual = Still(np.stack([kinds[0], kinds[2], waveform(1, 0)]).astype(np.float32))
    towards = Still(kinds[1:2].astype(np.float32))
    assert taken_over(usual, np.array([0]), towards).tolist() == [True]
    alone = Still(usual.waveforms[[0, 2]])
    assert taken_over(alone, np.array([0]), towards).tolist() == [False]
    assert taken_over(usual, np.zeros(0, np.int64), usual.of(np.zeros(0, np.int64))).size == 0


def test_torch_follows_the_same_waveforms_and_finds_the_same_spikes():
    sizes, every = np.array([25.0, 20.0]), stretches(N_SAMPLES, 30_000)
    data, known = recorded(sizes)[0], model(sizes)
    tensor = torch.as_tensor(data)
    source = TorchSurroundings(lambda a, b: tensor[:, a:b], N_SAMPLES, 3 * WIDTH + PAD, "cpu", kept_bytes=0)
    changes, there = follow(data, known, setting()), followed(source, every, known, setting(), WINDOW)
    assert there.arrays["windows"].tolist() == changes.arrays["windows"].tolist()
    np.testing.assert_allclose(there.arrays["waveforms"], changes.arrays["waveforms"], atol=1e-3)

    def spikes(source):
        bank = Bank(known, setting(), sample_of(source, every), changes)
        found = sort_stretches(source, every, bank, lambda s: 2 * (s.own().times + s.begin) + s.own().units)
        return np.concatenate(list(found)).tolist()

    assert spikes(source) == spikes(source_of(data))


def test_nothing_changes_within_one_window():
    sizes = np.array([25.0, 20.0])
    assert follow(recorded(sizes)[0], model(sizes), setting(), window=N_SAMPLES) is NONE


def test_noise_is_no_change():
    rng = np.random.default_rng(0)
    usual = np.zeros((1, 24, WIDTH + 2 * PAD), np.float32)
    usual[0, :, PAD : PAD + WIDTH] = waveform(1, 0)
    energies = np.array([60 * 8.0**2])
    noise = rng.normal(size=usual.shape) / np.sqrt(energies)
    found = Difference.of((0.9 * usual + noise) * energies, energies, usual)
    assert found.cosine > 0.99
    np.testing.assert_allclose(found.usual, 0.9 * usual, atol=0.05)
    changed = Difference.of((0.9 * np.roll(usual, 4, axis=2) + noise) * energies, energies, usual)
    assert changed.cosine < 0.9


def some_changes(kind):
    if kind is Still:
        waveforms = np.zeros((3, 24, WIDTH), np.float32)
        waveforms[:, 4:7] = np.random.default_rng(0).normal(size=(3, 3, WIDTH))
        return Still(waveforms)
    neurons, sizes = [EARLY, SAME, LATE], [20.0] * 3
    return model_of(neurons, sizes, [100] * 3, averages_of(neurons, sizes, np.full((3, 2), 50), (-2.0, 2.0))).shapes


@pytest.mark.parametrize("kind", [Still, Moving])
def test_changes_are_the_same_as_arrays(kind):
    base = some_changes(kind)
    none = Change(np.zeros(0, np.int64), base.of(np.zeros(0, np.int64)))
    first, last = Change(np.array([0, 2]), base.of(np.array([1, 0]))), Change(np.array([1]), base.of(np.array([2])))
    changes = Changes.of([first, none, last], 1000, 6)
    assert [changes.window(sample) for sample in (0, 999, 1000, 2500, 9999)] == [0, 0, -1, 2, -1]
    still = np.zeros(3)
    for window, change in ((0, first), (2, last)):
        np.testing.assert_array_equal(changes.shapes(base, window).at(still), change.into(base).at(still))
    assert changes.shapes(base, 1) is base
    np.testing.assert_array_equal(first.into(base).at(still), base.at(still)[[1, 1, 0]])
