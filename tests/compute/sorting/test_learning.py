"""Learning: spikes of known units, what is averaged at them, and the templates made of it."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting import memory
from phy_medicine.compute.sorting.averages import Still
from phy_medicine.compute.sorting.bank import Bank, sample_of
from phy_medicine.compute.sorting.learning import PAD, empty_averages, learned, moments, run_pass
from phy_medicine.compute.sorting.model import LEAST_ENERGY, Model, seen, templates_at_rest
from phy_medicine.compute.sorting.stretches import Surroundings, stretches
from tests.compute.sorting.made_units import (
    CONTACTS,
    POSITIONS,
    RATE,
    WIDTH,
    Neuron,
    averages_of,
    follows,
    found_of,
    mains,
    model_of,
    setting,
    train,
)

NEURONS = [Neuron((5.0, 110.0)), Neuron((4.0, 60.0), period=9.0), Neuron((12.0, 175.0), period=18.0)]
SIZES = np.array([30.0, 20.0, 25.0])
N_SAMPLES, N_SPIKES = 240_000, 400
STEPS = (-8.0, 8.0)


def recorded(motion=None, seed=0):
    """Data with spikes of the neurons wherever the tissue is, and their first samples and units."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(len(POSITIONS), N_SAMPLES)).astype(np.float32)
    times = 60 + np.sort(rng.choice((N_SAMPLES - 200) // 25, 3 * N_SPIKES, replace=False)) * 25
    units = rng.permutation(np.repeat(np.arange(3), N_SPIKES))
    sizes = SIZES[units] * rng.normal(1, 0.05, len(units))
    for time, unit, size in zip(times.tolist(), units.tolist(), sizes.tolist(), strict=True):
        away = float(motion.at(time / RATE, 100.0)) if motion is not None else 0.0
        waveform = NEURONS[unit].at(away) / np.linalg.norm(NEURONS[unit].at())
        data[:, time : time + WIDTH] += size * waveform
    return data, times, units


def source_of(data):
    return Surroundings(lambda a, b: data[:, a:b].copy(), N_SAMPLES, 3 * WIDTH + 10)


def share_found(spikes, times, units, within=2):
    n = 0
    for k in range(3):
        own, true = spikes.times[spikes.units == k], times[units == k]
        near = np.searchsorted(own, true + within + 1) - np.searchsorted(own, true - within)
        n += int((near > 0).sum())
    return n / (len(times) + len(spikes.times) - n)


@pytest.fixture(scope="module")
def still():
    """Data, truth, and a pass with templates that are known roughly."""
    data, times, units = recorded()
    source, every = source_of(data), stretches(N_SAMPLES, 30_000)
    rough = [Neuron(n.place + np.array([3.0, -4.0]), n.period) for n in NEURONS]
    model = model_of(rough, 0.9 * SIZES, [N_SPIKES] * 3)
    bank = Bank(model, setting(), sample_of(source, every))
    return data, times, units, source, every, model, run_pass(source, every, bank, setting())


def test_spikes_of_known_units_are_found(still):
    _, times, units, *_, found = still
    assert share_found(found.spikes, times, units) > 0.98
    assert (np.diff(found.spikes.times) >= 0).all()


def test_templates_are_learned_from_what_others_leave(still):
    *_, source, every, model, found = still
    better, moved = learned(model, found, setting())
    assert moved.tolist() == [0, 0, 0]
    truth = np.array([n.template() for n in NEURONS])
    cosines = np.einsum("knd,knd->k", better.shapes.at(np.zeros(3)), truth)
    assert (cosines > 0.995).all()
    assert better.counts.tolist() == np.bincount(found.spikes.units).tolist()
    np.testing.assert_allclose(better.rates, better.counts / N_SAMPLES, rtol=1e-6)
    again = run_pass(source, every, Bank(better, setting(), sample_of(source, every)), setting())
    assert again.log_likelihood > found.log_likelihood
    means, stds = moments(again.spikes, 3)
    np.testing.assert_allclose(means, SIZES, rtol=0.04)
    assert (stds < 0.09 * SIZES).all()


def test_the_likelihood_is_that_of_the_residual(still):
    data, *_, source, every, model, found = still
    left = []
    bank = Bank(model, setting(), sample_of(source, every))

    def look(s):
        return float((s.data[:, s.stretch.start - s.begin : s.stretch.stop - s.begin].astype(float) ** 2).sum())

    run_pass(source, every, bank, setting(), look=look, take=left.append)
    expected = -0.5 * np.log(2 * np.pi) - sum(left) / (2 * data.size)
    assert found.log_likelihood == pytest.approx(expected, abs=2e-4)


def test_threads_and_stretches_change_no_spike(still):
    *_, source, every, model, found = still
    bank = Bank(model, setting(), sample_of(source, every))
    told = []
    threads = run_pass(source, every, bank, setting(), n_threads=2, progress=told.append)
    np.testing.assert_array_equal(threads.spikes.times, found.spikes.times)
    np.testing.assert_array_equal(threads.averages.sums, found.averages.sums)
    assert told[-1] == 1.0 and told == sorted(told)
    longer = run_pass(source, stretches(N_SAMPLES, 70_000), bank, setting())
    pairs = [set(zip(f.spikes.times.tolist(), f.spikes.units.tolist(), strict=True)) for f in (found, longer)]
    assert len(pairs[0] & pairs[1]) >= 0.999 * len(pairs[0] | pairs[1])


@pytest.mark.parametrize("n_bins", [9, 5])
def test_units_are_followed_by_their_templates(n_bins, monkeypatch):
    # Where there is no room for the averages at each step of 2 um, two of them share one.
    monkeypatch.setattr(memory, "AVERAGES", n_bins * 4 * 3 * len(POSITIONS) * (WIDTH + 2 * PAD))
    motion = Motion(np.repeat(STEPS, 2)[:, None], np.array([0.0, 3.9, 4.1, 8.0]), np.array([100.0]))
    data, times, units = recorded(motion)
    how, source = follows(motion), source_of(data)
    every = stretches(N_SAMPLES, 30_000, how.moved.edges(N_SAMPLES))
    averages = averages_of(NEURONS, SIZES, np.full((3, 1), 50))
    model = model_of(NEURONS, SIZES, [N_SPIKES] * 3, averages)
    for _ in range(2):
        found = run_pass(source, every, Bank(model, how, sample_of(source, every)), how)
        model, _ = learned(model, found, how)
    assert len(found.averages.displacements) == n_bins
    assert (found.averages.energies > 0).sum(axis=1).tolist() == [2, 2, 2]
    assert share_found(found.spikes, times, units) > 0.97
    for step in STEPS:
        truth = np.array([n.at(step) / np.linalg.norm(n.at()) for n in NEURONS])
        waveforms = model.shapes.at(np.full(3, step))
        cosines = np.einsum("knd,knd->k", waveforms, truth)
        cosines /= np.linalg.norm(waveforms, axis=(1, 2)) * np.linalg.norm(truth, axis=(1, 2))
        assert (cosines > 0.985).all()
    # Amplitudes are those at rest, wherever a spike was.
    np.testing.assert_allclose(moments(found.spikes, 3)[0], SIZES, rtol=0.06)


def test_a_unit_that_has_left_the_probe_has_no_spikes():
    model = model_of(NEURONS, SIZES, [N_SPIKES] * 3)
    waveforms = model.shapes.waveforms.copy()
    waveforms[1] = 0
    gone = Model(Still(waveforms), model.means, model.stds, model.counts, model.rates, model.mains)
    data, *_ = recorded()
    source, every = source_of(data), stretches(N_SAMPLES, 60_000)[:1]
    found = run_pass(source, every, Bank(gone, setting(), sample_of(source, every)), setting())
    assert np.bincount(found.spikes.units, minlength=3)[1] <= 1
    assert np.bincount(found.spikes.units, minlength=3)[[0, 2]].min() > 50


def test_little_of_a_waveform_is_seen_of_a_small_unit():
    waveforms = np.stack([NEURONS[1].template()] * 2).astype(np.float32)
    small, large = seen(waveforms, np.array([5.0, 80.0]))
    energies = (waveforms[0] ** 2).sum(axis=1)
    for out, mean in ((small, 5.0), (large, 80.0)):
        used = np.abs(out).max(axis=1) > 0
        assert (used == (energies * mean**2 >= min(LEAST_ENERGY, energies.max() * mean**2))).all()
    assert (np.abs(small).max(axis=1) > 0).sum() < (np.abs(large).max(axis=1) > 0).sum()
    tiny = seen(waveforms[:1], np.array([1e-3]))[0]
    assert (np.abs(tiny).max(axis=1) > 0).sum() == 1


def test_templates_at_rest_have_norm_1():
    model = model_of(NEURONS, SIZES, [N_SPIKES] * 3)
    np.testing.assert_allclose(np.linalg.norm(templates_at_rest(model), axis=(1, 2)), 1, rtol=1e-5)


def test_moments_are_those_of_each_unit():
    found = found_of([train(0, 50), train(1, 30), train(2, 0)], [4.0, 9.0, 1.0], averages_of(NEURONS, SIZES, [0] * 3))
    spikes = found.spikes
    spikes.amplitudes[:] = np.random.default_rng(0).normal(9, 2, 80)
    means, stds = moments(spikes, 3)
    for k in range(2):
        own = spikes.amplitudes[spikes.units == k]
        assert means[k] == pytest.approx(own.mean()) and stds[k] == pytest.approx(own.std())
    assert means[2] == stds[2] == 0


def test_averages_are_taken_on_the_nearest_channels_of_the_shank():
    averages = empty_averages(mains(NEURONS), setting(), np.zeros(1))
    for main, channels in zip(mains(NEURONS), averages.channels, strict=True):
        away = CONTACTS.distances(main)
        assert channels[0] == main
        assert away[channels].tolist() == np.sort(away)[: len(channels)].tolist()


def test_data_of_tissue_that_does_not_move_are_at_rest():
    data = np.ones((24, 5), np.float32)
    assert setting().at_rest(data, stretches(5, 5)[0]) is data
