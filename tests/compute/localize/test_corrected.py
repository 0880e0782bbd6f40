"""Corrected point sources: neurons fall off as they should, a rehearsal is like its recording, errors shrink."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.localize.contacts import Contacts, within
from phy_medicine.compute.localize.corrected import Correction, facts_of, learn, teach
from phy_medicine.compute.localize.localizers import Window
from phy_medicine.compute.localize.monopole import FitLimits, Monopole
from phy_medicine.compute.localize.neurons import Neurons
from phy_medicine.compute.localize.rehearsal import Rehearsal, Taken, spread_spikes
from phy_medicine.compute.localize.smoothed import Courses
from phy_medicine.compute.localize.sources import Block
from phy_medicine.compute.localize.spikes import StoredSpikes

CONTACTS = Contacts.of(np.stack([np.tile([0.0, 32.0], 16), np.repeat(np.arange(16) * 20.0, 2)], axis=1))
NEIGHBOURS = within(CONTACTS, 75)
WINDOW = Window(15, 15)
COURSE = -np.exp(-0.5 * ((np.arange(120) - 80) / 3.0) ** 2) + 0.3 * np.exp(-0.5 * ((np.arange(120) - 90) / 5.0) ** 2)


def currents(um, shares: float) -> Neurons:
    """Sinks whose current comes back by this share, 8 to 23 µm deeper along the probe."""
    n = len(um)
    returns = np.zeros((n, 8, 3), np.float32)
    returns[:, :, 1] = 8 + 2 * np.arange(8)
    one = np.ones(n, np.float32)
    return Neurons(
        np.asarray(um, np.float32), one > 0, 5 * one, returns, np.full((n, 8), shares / 8, np.float32),
        np.tile([0.0, 1.0, 0.0], (n, 1)), one, one > 0, 20 * one, one,
    )  # fmt: skip


@dataclass(frozen=True)
class Made:
    """Spikes of neurons, 20 of each, as stored waveforms on all channels."""

    um: np.ndarray
    patterns: np.ndarray
    noise: float = 4.0

    def blocks(self) -> Iterator[Block]:
        rng = np.random.default_rng(7)
        units = np.repeat(np.arange(len(self.um)), 20)
        waves = self.patterns[units][:, np.newaxis] * COURSE[:, np.newaxis]
        waves = (waves + self.noise * rng.standard_normal(waves.shape)).astype(np.float32)
        stored = np.tile(np.arange(CONTACTS.n_channels), (len(units), 1))
        yield Block(np.arange(len(units)), lambda: StoredSpikes(waves, stored, self.peaks, 30000.0, 80))

    @property
    def peaks(self) -> np.ndarray:
        return np.repeat(self.patterns.argmax(axis=1), 20)


@pytest.fixture(scope="module")
def made() -> Made:
    rng = np.random.default_rng(3)
    um = np.column_stack([rng.uniform(-10, 42, 60), rng.uniform(0, 300, 60), rng.uniform(8, 45, 60)])
    patterns = currents(um, 0.9).amplitudes(np.tile(CONTACTS.positions_um, (60, 1, 1)))
    return Made(um, 150 * patterns / patterns.max(axis=1, keepdims=True))


@pytest.fixture(scope="module")
def rehearsal(made) -> Rehearsal:
    return Rehearsal.of(Taken.of(made, NEIGHBOURS, WINDOW), NEIGHBOURS, None)


def test_a_neuron_that_takes_nothing_back_is_a_point_source():
    contacts = np.array([[[0.0, 0.0], [40.0, 0.0], [300.0, 400.0]]])
    found = currents([[0, 0, 12]], 0.0).amplitudes(contacts)[0]
    assert found == pytest.approx(1 / np.sqrt([12**2 + 25, 40**2 + 12**2 + 25, 500**2 + 12**2 + 25]), rel=1e-5)


def test_a_neuron_that_takes_all_back_is_a_dipole_from_afar():
    contacts = np.array([[[0.0, -1000.0], [0.0, -2000.0]]])
    near, far = currents([[0, 0, 10]], 1.0).amplitudes(contacts)[0]
    assert near / far == pytest.approx(4, rel=0.05)


def test_a_formula_falls_off_faster_along_its_axis():
    neuron = replace(currents([[0, 0, 0.001]], 0), currents=np.array([False]), stretch=np.array([2.0], np.float32))
    found = neuron.amplitudes(np.array([[[40.0, 0.0], [0.0, 20.0], [0.0, 40.0]]]))[0]
    assert found == pytest.approx(np.exp([-2, -2, -4]), rel=1e-4)


def test_random_neurons_are_finite_and_largest_nearby():
    rng = np.random.default_rng(0)
    neurons = Neurons.draw(np.tile([16.0, 150.0, 20.0], (500, 1)), rng)
    found = neurons.amplitudes(np.tile(CONTACTS.positions_um, (500, 1, 1)))
    assert np.isfinite(found).all() and (found >= 0).all() and 200 < neurons.currents.sum() < 300
    away = np.hypot(*(CONTACTS.positions_um - [16, 150]).T)
    assert np.median(away[found.argmax(axis=1)]) < 30 and (found[:, away > 120] < found.max(axis=1)[:, None]).all()


def test_amplitudes_of_what_all_spikes_share_are_exact_and_noise_is_smaller():
    rng = np.random.default_rng(1)
    waves = (rng.normal(100, 20, (200, 8, 3)) @ rng.normal(size=(3, 30))).astype(np.float32)
    courses = Courses.learn(waves)
    assert courses.amplitudes(waves) == pytest.approx(np.ptp(waves, axis=2), rel=1e-3)
    noise = rng.standard_normal((500, 30)).astype(np.float32)
    assert np.median(courses.amplitudes(noise)) < 0.5 * np.median(np.ptp(noise, axis=1))


def test_contacts_without_a_signal_have_no_amplitude(made):
    spikes = next(made.blocks()).load()
    spikes.waveforms[:, :, 4] = 0
    found = Courses.learn(spikes.snippets(NEIGHBOURS, 15, 15)).measure(spikes, NEIGHBOURS, WINDOW)
    table = NEIGHBOURS.channel_ids[spikes.channel_ids]
    assert np.array_equal(np.isnan(found), (table == 4) | (table < 0))


def test_a_rehearsal_takes_sizes_and_noise_from_the_recording(rehearsal):
    assert np.median(rehearsal.peaks) == pytest.approx(150 * np.ptp(COURSE), rel=0.05)
    known = rehearsal.noise.any(axis=2)
    assert rehearsal.noise[known].std() == pytest.approx(4, rel=0.1)
    assert np.ptp(rehearsal.shapes[:, -30:], axis=1) == pytest.approx(1, rel=1e-4)


def test_a_rehearsal_draws_spikes_that_peak_where_they_say(rehearsal):
    quiet = replace(rehearsal, noise=np.full_like(rehearsal.noise, 1e-6))
    amplitudes, channel_ids, um = quiet.draw(400, np.random.default_rng(0))
    table = NEIGHBOURS.channel_ids[channel_ids]
    assert np.array_equal(np.isnan(amplitudes), table < 0)
    best = table[np.arange(400), np.nanargmax(amplitudes, axis=1)]
    assert (best == channel_ids).mean() > 0.9 and (um[:, 2] > 3).all()
    assert np.median(np.nanmax(amplitudes, axis=1)) == pytest.approx(np.median(rehearsal.peaks), rel=0.1)


def test_a_rehearsal_needs_spikes(made):
    few = Made(made.um[:2], made.patterns[:2])
    with pytest.raises(PhyMedError, match=r"at least 50 spikes is needed, and 40 have one"):
        Rehearsal.of(Taken.of(few, NEIGHBOURS, WINDOW), NEIGHBOURS, None)


def test_noise_of_stored_waveforms_that_begin_with_the_spike_is_that_of_quiet_contacts(made):
    taken = Taken.of(made, NEIGHBOURS, WINDOW)
    taken.snippets[:, :, :60] = 0
    found = Rehearsal.of(taken, NEIGHBOURS, None)
    assert 3 < found.noise[found.noise.any(axis=2)].std() < 12


def test_spikes_are_taken_of_each_channel_alike():
    channel_ids = np.repeat([3, 5, 9], [500, 4, 80])
    rows = spread_spikes(channel_ids, 24, np.random.default_rng(0))
    assert np.bincount(channel_ids[rows])[[3, 5, 9]].tolist() == [10, 4, 10] and (np.diff(rows) > 0).all()


def test_facts_do_not_depend_on_where_the_probe_is(rehearsal):
    amplitudes, channel_ids, _ = rehearsal.draw(50, np.random.default_rng(0))
    moved = within(Contacts.of(CONTACTS.positions_um + np.array([500.0, 2000.0])), 75)
    facts, start, converged = facts_of(amplitudes, channel_ids, NEIGHBOURS, 9.0, FitLimits())
    others, there, _ = facts_of(amplitudes, channel_ids, moved, 9.0, FitLimits())
    assert others[converged] == pytest.approx(facts[converged], abs=2e-2)
    assert there[converged] == pytest.approx(start[converged] + [500, 2000, 0], abs=0.05)


def test_teaching_finds_a_way_that_depends_on_the_facts():
    rng = np.random.default_rng(0)
    facts = rng.normal(size=(4000, 5)).astype(np.float32)
    ways = np.stack([10 * facts[:, 0], 20 * np.tanh(facts[:, 1]), facts[:, 2] * facts[:, 3] * 5], axis=1)
    found = teach(facts, ways, seed=0, n_passes=20, progress=lambda fraction: None)
    assert isinstance(found, Correction)
    assert np.median(np.linalg.norm(found.um(facts) - ways, axis=1)) < 2


def test_corrected_places_are_nearer_to_neurons_than_those_of_a_monopole(made, rehearsal):
    spikes, told = next(made.blocks()).load(), []
    corrected = learn(rehearsal, WINDOW, n_simulated=6000, n_passes=12, progress=told.append)
    errors, spreads = [], []
    for localizer in (Monopole(NEIGHBOURS, WINDOW), corrected):
        found = localizer.solve(localizer.measure(spikes), spikes.channel_ids)
        errors.append(np.median(np.linalg.norm(found.um - np.repeat(made.um, 20, axis=0), axis=1)))
        spreads.append(np.median(found.um.reshape(60, 20, 3).std(axis=1), axis=0))
        assert found.um.shape == (1200, 3) and (found.alpha > 0).all()
    assert errors[1] < 0.8 * errors[0]
    assert spreads[1][1] < spreads[0][1]
    assert told == sorted(told) and told[0] == 0 and told[-1] < 1
    again = learn(rehearsal, WINDOW, n_simulated=6000, n_passes=12)
    assert np.array_equal(again.correction.weights[0], corrected.correction.weights[0])


def test_a_spike_on_too_few_contacts_has_no_place(rehearsal):
    corrected = learn(rehearsal, WINDOW, n_simulated=1000, n_passes=1)
    amplitudes = np.full((2, NEIGHBOURS.n_slots), 5.0, np.float32)
    amplitudes[1, 3:] = np.nan
    found = corrected.solve(amplitudes, np.array([10, 10]))
    assert np.isfinite(found.um[0]).all() and np.isnan(found.um[1]).all() and not found.converged[1]
