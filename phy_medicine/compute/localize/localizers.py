"""The one form of all methods that make positions of spikes, and the simplest of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Neighbours
from phy_medicine.compute.localize.spikes import Spikes

NEAREST_Z_UM = 20.0
"""Strengths of methods without a model of their own are those of a source at least this far from the contacts."""


@dataclass(frozen=True, slots=True)
class Positions:
    """Where some spikes come from.

    um : (n, 3) float64, x across the probe, depth along it, z away from it; NaN where nothing can be said
    alpha : (n,) float64, strength of a point source: amplitude times distance, unit of the signal times µm
    converged : (n,) bool, the method found what it looked for
    """

    um: FloatArray
    alpha: FloatArray
    converged: BoolArray


@dataclass(frozen=True, slots=True)
class Window:
    """Samples before a spike, and from the spike on, in which its amplitude is taken."""

    before: int
    after: int

    @classmethod
    def of(cls, before_ms: float, after_ms: float, sample_rate: float) -> Window:
        """Make a window of at least two samples from milliseconds."""
        before = max(1, int(before_ms * sample_rate / 1000 + 1e-9))
        return cls(before, max(1, int(after_ms * sample_rate / 1000 + 1e-9)))


class Localizer(Protocol):
    """A method in two halves: what it takes from the signal, and the position that it makes of that.

    Features of many pieces of a recording can so be solved at once; both halves are safe in several threads.
    """

    @property
    def batch(self) -> int:
        """Spikes that should be solved together where there are so many."""

    def measure(self, spikes: Spikes) -> FloatArray:
        """Return what is needed of each spike, (n, ...) float32."""

    def solve(self, features: FloatArray, channel_ids: IntArray) -> Positions:
        """Return where spikes come from, by their features and peak channels."""


@dataclass(frozen=True, slots=True)
class CentreOfMass:
    """The mean of the contacts, each weighted by its amplitude; z is 0."""

    neighbours: Neighbours
    window: Window

    @property
    def batch(self) -> int:
        """See `Localizer`."""
        return 1

    def measure(self, spikes: Spikes) -> FloatArray:
        """Return amplitudes."""
        return spikes.amplitudes(self.neighbours, self.window.before, self.window.after)

    def solve(self, features: FloatArray, channel_ids: IntArray) -> Positions:
        """Return the centres."""
        um = np.zeros((len(features), 3))
        um[:, :2], known = centre_of_mass(features, channel_ids, self.neighbours)
        um[~known] = np.nan
        return Positions(um, strengths(features, channel_ids, self.neighbours, um), known)


def centre_of_mass(
    amplitudes: FloatArray, channel_ids: IntArray, neighbours: Neighbours
) -> tuple[FloatArray, BoolArray]:
    """Return the mean place of the contacts weighted by amplitude, (n, 2) µm, and where there is one, (n,) bool."""
    weights = np.nan_to_num(amplitudes.astype(np.float64))
    places = np.nan_to_num(neighbours.positions_um)[channel_ids]
    total = weights.sum(axis=1)
    known = total > 0
    return np.einsum("nk,nkd->nd", weights, places) / np.where(known, total, 1)[:, np.newaxis], known


def strengths(amplitudes: FloatArray, channel_ids: IntArray, neighbours: Neighbours, um: FloatArray) -> FloatArray:
    """Return the strength of a point source at each position that fits the amplitudes best, (n,) float64.

    The source is put at least 20 µm away from the plane of the contacts, near which the amplitude has no bound.
    """
    away = neighbours.positions_um[channel_ids] - um[:, np.newaxis, :2]
    q = 1 / np.sqrt((away**2).sum(axis=2) + np.maximum(um[:, 2:], NEAREST_Z_UM) ** 2)
    known = np.isfinite(q) & np.isfinite(amplitudes)
    q, values = np.where(known, q, 0), np.where(known, amplitudes, 0)
    with np.errstate(invalid="ignore"):
        found: FloatArray = (q * values).sum(axis=1) / (q * q).sum(axis=1)
    return found
