"""Spikes of point sources in front of a small probe, with noise and drift, as examples for a network."""

from __future__ import annotations

import numpy as np

from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.localize.examples import BEFORE, Examples, network_neighbours, worth_learning
from phy_medicine.compute.localize.localizers import Positions

CONTACTS = Contacts.of(np.stack([np.tile([0.0, 32.0], 12), np.repeat(np.arange(12) * 15.0, 2)], axis=1))


def make_examples(
    n: int = 600, *, duration_s: float = 60.0, drift_um: float = 10.0, noise: float = 0.05, seed: int = 0
):
    """Return examples and where each spike came from, (n, 3); units move to and fro together."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, duration_s, n))
    homes = np.column_stack([rng.uniform(-10, 42, 8), rng.uniform(40, 130, 8), rng.uniform(15, 40, 8)])
    true = homes[rng.integers(8, size=n)]
    true[:, 1] += drift_um * np.sin(2 * np.pi * times / duration_s)
    neighbours = network_neighbours(CONTACTS)
    channels = np.argmin(np.hypot(*(CONTACTS.positions_um[None] - true[:, None, :2]).transpose(2, 0, 1)), axis=1)
    away = np.linalg.norm(np.pad(neighbours.positions_um[channels], [(0, 0), (0, 0), (0, 1)]) - true[:, None], axis=2)
    course = -np.exp(-0.5 * ((np.arange(90) - BEFORE) / 4.0) ** 2)
    waveforms = 1000 / away[:, :, None] * course + rng.normal(0, noise * 30, (n, 10, 90))
    fitted = true + rng.normal(0, 3, true.shape)
    fit = Positions(fitted, np.full(n, 1000.0), np.ones(n, bool))
    scale = np.abs(waveforms).max(axis=(1, 2))
    anchors = neighbours.anchors_um[channels].astype(np.float32)
    waveforms = waveforms.astype(np.float32)
    return Examples(times, waveforms, anchors, scale, fit, worth_learning(fit), CONTACTS.positions_um), true
