"""Neurons with smooth footprints on a small probe, and what a pass over data without noise would find of them."""

from __future__ import annotations

import numpy as np

from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.sorting.averages import Averages, Still, shapes_from
from phy_medicine.compute.sorting.learning import PAD, Pass, empty_averages
from phy_medicine.compute.sorting.model import Model, Setting
from phy_medicine.compute.sorting.moving import Moved
from phy_medicine.compute.sorting.pursuit import Found

RATE, WIDTH, TROUGH = 30_000.0, 41, 14
POSITIONS = np.array([[16.0 * (i % 2), 20.0 * (i // 2)] for i in range(24)])
CONTACTS = Contacts.of(POSITIONS)
N_SAMPLES = 900_000


class Neuron:
    """A waveform with a trough and a peak after it, at a place.

    period : samples from the trough to the peak; spread_um : of the footprint
    """

    def __init__(self, place, period=12.0, spread_um=22.0, late=0.0):
        self.place, self.period, self.spread_um, self.late = np.array(place, float), period, spread_um, late

    def at(self, displacement=0.0, shift=0, width=WIDTH):
        """Waveform (N, width) whose trough is at TROUGH + shift."""
        away = POSITIONS - self.place - np.array([0.0, displacement])
        footprint = np.exp(-0.5 * (away**2).sum(axis=1) / self.spread_um**2)
        # Farther channels see it a little later.
        d = np.arange(width) - TROUGH - shift - self.late * np.abs(away[:, 1:])
        wave = -np.exp(-0.5 * (d / 3) ** 2) + 0.5 * np.exp(-0.5 * ((d - self.period) / 6) ** 2)
        return footprint[:, None] * wave

    def template(self, **how):
        waveform = self.at(**how)
        return waveform / np.linalg.norm(waveform)


def setting(moved=None):
    return Setting(CONTACTS, RATE, WIDTH, TROUGH, moved)


def follows(motion):
    return setting(Moved(motion, RATE))


def mains(neurons, displacement=0.0):
    return np.array([np.abs(n.at(displacement)).max(axis=1).argmax() for n in neurons])


def averages_of(neurons, amplitudes, counts, displacements=(0.0,), shifts=None, seed=0):
    """Sums over spikes, (K, Q) of them, of given size, with the noise that they would have."""
    rng = np.random.default_rng(seed)
    counts = np.asarray(counts, float).reshape(len(neurons), len(displacements))
    out = empty_averages(mains(neurons), setting(), np.array(displacements))
    for k, neuron in enumerate(neurons):
        shift = shifts[k] if shifts is not None else 0
        norm = np.linalg.norm(neuron.at())
        for q, displacement in enumerate(displacements):
            n, size = counts[k, q], amplitudes[k]
            if n:
                waveform = neuron.at(displacement, shift + PAD, WIDTH + 2 * PAD) / norm * size
                mean = waveform + rng.normal(size=waveform.shape) / np.sqrt(n)
                out.energies[k, q] = n * size**2
                out.counts[k, q], out.totals[k, q] = n, n * size
                out.sums[k, q] = (mean * n * size)[out.channels[k]]
    return out


def model_of(neurons, amplitudes, counts, averages: Averages | None = None, shifts=None):
    """Units as learned from averages, or as they are."""
    amplitudes, counts = np.asarray(amplitudes, float), np.asarray(counts)
    if averages is None:
        shapes = Still(np.array([n.template() for n in neurons], np.float32))
    else:
        still = len(averages.displacements) == 1
        shapes, _ = shapes_from(averages, POSITIONS, CONTACTS.shanks, WIDTH, TROUGH, still=still)
    return Model(shapes, amplitudes, 0.1 * amplitudes, counts, counts / N_SAMPLES, mains(neurons))


def found_of(trains, amplitudes, averages, decoys=None):
    """A pass that found trains of spikes, each with its amplitude."""
    times = np.concatenate(trains).astype(np.int64)
    units = np.repeat(np.arange(len(trains)), [len(t) for t in trains])
    order = np.lexsort((units, times))
    sizes = np.asarray(amplitudes, float)[units]
    taps = np.tile([0.0, 1.0, 0.0], (len(times), 1))
    spikes = Found(times, units, sizes, sizes**2 / 2, sizes**2, taps).part(order)
    none = np.zeros(len(trains), np.int64) if decoys is None else np.array(decoys)
    return Pass(spikes, averages, none, 0.0, 1, N_SAMPLES)


def train(seed, n):
    return np.sort(np.random.default_rng(seed).choice(N_SAMPLES - 200, n, replace=False)) + 50
