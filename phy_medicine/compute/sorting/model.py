"""Units as they are known, and what of their waveforms is seen in the noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.sorting.averages import Shapes
from phy_medicine.compute.sorting.interpolation import Interpolation
from phy_medicine.compute.sorting.moving import Moved
from phy_medicine.compute.sorting.pursuit import PursuitOptions
from phy_medicine.compute.sorting.stretch_data import Data, product
from phy_medicine.compute.sorting.stretches import Stretch

MOST_RANK = 8
LEAST_ENERGY = 6.0
"""Of a mean spike on a channel, or in a component, in units of the noise of a sample, to be part of the template."""


@dataclass(frozen=True, slots=True)
class Model:
    """Units as they are known.

    shapes : waveforms, K of them, `Still` or `Moving`
    means, stds : (K,) of amplitudes; counts : (K,) spikes; rates : (K,) per sample
    mains : (K,) int64, the channel on which each is largest
    """

    shapes: Any
    means: FloatArray
    stds: FloatArray
    counts: IntArray
    rates: FloatArray
    mains: IntArray

    @property
    def n_units(self) -> int:
        """K."""
        return len(self.means)

    def of(self, units: IntArray) -> Model:
        """Return some of the units."""
        columns = (self.means, self.stds, self.counts, self.rates, self.mains)
        return Model(self.shapes.of(units), *(column[units] for column in columns))

    def and_also(self, others: Model) -> Model:
        """Return these units and others."""
        names = ("means", "stds", "counts", "rates", "mains")
        columns = (np.concatenate([getattr(self, name), getattr(others, name)]) for name in names)
        return Model(self.shapes.and_also(others.shapes), *columns)


@dataclass(frozen=True, slots=True)
class Setting:
    """What does not change while templates are learned.

    width, trough : of a template, samples
    moved : where the tissue is, that templates follow; None where they need not
    """

    contacts: Contacts
    sample_rate: float
    width: int
    trough: int
    moved: Moved | None = None
    pursuit: PursuitOptions | None = None

    def at_rest(self, data: Data, stretch: Stretch) -> Data:
        """Return data (N, T) of a stretch as they would be if the tissue had not moved."""
        if self.moved is None:
            return data
        positions, shanks = self.contacts.positions_um, self.contacts.shanks
        away = self.moved.at(stretch.start, positions[:, 1])
        return product(Interpolation(positions, shanks).matrix(away), data)


def seen(waveforms: FloatArray, means: FloatArray) -> FloatArray:
    """Return what is seen of waveforms (K, N, D) in spikes of the mean amplitudes, the rest is lost in noise.

    That is, their channels, and their singular components, that hold more than a little. Of a small unit these are few;
    what a large one shows on its farthest channels, or in its last components, would be taken for a small unit.
    """
    energies = np.einsum("knd,knd->kn", waveforms, waveforms) * np.square(means)[:, None]
    keep = energies >= np.minimum(LEAST_ENERGY, energies.max(axis=1, keepdims=True))
    out = np.zeros_like(waveforms)
    for k, channels in enumerate(keep):
        left, values, right = np.linalg.svd(waveforms[k, channels].astype(np.float64), full_matrices=False)
        n = int(np.clip(((values * means[k]) ** 2 >= LEAST_ENERGY).sum(), 1, MOST_RANK))
        out[k, channels] = (left[:, :n] * values[:n]) @ right[:n]
    return out


def templates_at_rest(model: Model) -> FloatArray:
    """Return the templates with which spikes are found where the tissue is at rest, (K, N, D) float32, norm 1."""
    waveforms = seen(model.shapes.at(np.zeros(model.n_units)), model.means)
    norms = np.linalg.norm(waveforms, axis=(1, 2), keepdims=True)
    return np.asarray(waveforms / np.maximum(norms, 1e-9), np.float32)


def main_channels(shapes: Shapes, n_units: int) -> IntArray:
    """Return the channel on which each unit is largest at rest, (K,) int64."""
    waveforms = shapes.at(np.zeros(n_units))
    return np.abs(waveforms).max(axis=2).argmax(axis=1).astype(np.int64)


def nearest_channels(mains: IntArray, contacts: Contacts, most: int) -> IntArray:
    """Return the channels nearest to each main one, itself first, on its shank, (K, C) int64, -1 for none."""
    out = np.full((len(mains), min(most, contacts.n_channels)), -1, np.int64)
    for k, main in enumerate(mains.tolist()):
        away = contacts.distances(main)
        near = np.argsort(away, kind="stable")[: out.shape[1]]
        near = near[np.isfinite(away[near])]
        out[k, : len(near)] = near
    return out
