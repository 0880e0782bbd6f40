"""Mean waveforms of units at the displacements at which their spikes were found, and templates made of them.

Without motion a template is the mean. With motion the mean at each displacement of the probe shows the same neuron at
other places: contact z at displacement d sees what a contact at z - d would see at rest. A Gaussian process over place
(kernel exp(-|dx| / 20 um - dy^2 / (2 (20 um)^2)) joins them into one footprint that can be looked at anywhere between
the contacts, so that templates follow the probe without any resampling of the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray

ACROSS_UM, ALONG_UM = 20.0, 20.0
LEAST_NOISE = 0.003
"""Of the variance of a footprint: it need not pass through every mean."""
_SEEN_UM = 2.0
_FEW = 5.0
"""Spikes whose amplitudes say little."""
_SURE = 4.0
"""Standard errors below which a channel belongs to no template."""


@dataclass(frozen=True, slots=True)
class Averages:
    """Sums over spikes, by unit and displacement.

    sums : (K, Q, C, L) float32, of amplitude times waveform; energies : (K, Q) float64, of squared amplitudes
    channels : (K, C) int64, -1 for none
    displacements : (Q,) float64, um
    shift : samples of the window before the first of a template
    counts : (K, Q) float64, spikes; totals : (K, Q) float64, sums of their amplitudes
    """

    sums: FloatArray
    energies: FloatArray
    channels: IntArray
    displacements: FloatArray
    shift: int
    counts: FloatArray
    totals: FloatArray

    def of(self, units: IntArray) -> Averages:
        """Return those of some units."""
        return Averages(
            self.sums[units], self.energies[units], self.channels[units], self.displacements, self.shift,
            self.counts[units], self.totals[units],
        )  # fmt: skip

    def copy(self) -> Averages:
        """Return the same with sums of their own."""
        own = (array.copy() for array in (self.sums, self.energies, self.counts, self.totals))
        sums, energies, counts, totals = own
        return replace(self, sums=sums, energies=energies, counts=counts, totals=totals)

    def means(self, k: int) -> tuple[IntArray, FloatArray]:
        """Return the displacements at which a unit was seen, their numbers (q,), and its means there, (q, C, L).

        A neuron's spikes are as large at one displacement as at another; where they are not, the waveform there was
        taken too small or too large, for which the amplitudes made up.
        """
        seen = np.flatnonzero(self.energies[k] > 0)
        counts, totals = self.counts[k, seen], self.totals[k, seen]
        usual = totals.sum() / max(float(counts.sum()), 1e-9)
        sizes = (totals + _FEW * usual) / ((counts + _FEW) * usual) if usual > 0 else np.ones(seen.size)
        return seen, self.sums[k, seen] * (sizes / self.energies[k, seen])[:, None, None]


class Shapes(Protocol):
    """Waveforms of units wherever the probe is."""

    @property
    def n_units(self) -> int:
        """K."""
        ...

    def of(self, units: IntArray) -> Self:
        """Return those of some units."""
        ...

    def and_also(self, others: Self) -> Self:
        """Return these and others of the same kind."""
        ...

    def at(self, displacements: FloatArray) -> FloatArray:
        """Return waveforms (K, N, D), of norm 1 at displacement 0, at a displacement of each unit (K,) in um."""
        ...


@dataclass(frozen=True, slots=True)
class Still:
    """Waveforms that stay where they are, (K, N, D) float32 of norm 1."""

    waveforms: FloatArray

    @property
    def n_units(self) -> int:
        """K."""
        return len(self.waveforms)

    def of(self, units: IntArray) -> Self:
        """See `Shapes`."""
        return replace(self, waveforms=self.waveforms[units])

    def and_also(self, others: Self) -> Self:
        """See `Shapes`."""
        return replace(self, waveforms=np.concatenate([self.waveforms, others.waveforms]))

    def at(self, displacements: FloatArray) -> FloatArray:
        """See `Shapes`."""
        return self.waveforms


@dataclass(frozen=True, slots=True)
class Moving:
    """Waveforms as functions of place.

    places : of each unit (m, 2) um where it was seen; weights : of each (m, D)
    positions : (N, 2) um, and shanks : (N,), of the channels; of_shank : (K,), of the units
    """

    places: tuple[FloatArray, ...]
    weights: tuple[FloatArray, ...]
    positions: FloatArray
    shanks: IntArray
    of_shank: IntArray

    @property
    def n_units(self) -> int:
        """K."""
        return len(self.places)

    def of(self, units: IntArray) -> Self:
        """See `Shapes`."""
        some = np.arange(len(self.places))[units].tolist()
        places, weights = (tuple(column[k] for k in some) for column in (self.places, self.weights))
        return replace(self, places=places, weights=weights, of_shank=self.of_shank[units])

    def and_also(self, others: Self) -> Self:
        """See `Shapes`."""
        of_shank = np.concatenate([self.of_shank, others.of_shank])
        return replace(
            self, places=self.places + others.places, weights=self.weights + others.weights, of_shank=of_shank
        )

    def at(self, displacements: FloatArray) -> FloatArray:
        """See `Shapes`."""
        width = self.weights[0].shape[1] if self.weights else 0
        out = np.zeros((len(self.places), len(self.positions), width), np.float32)
        for k, (places, weights) in enumerate(zip(self.places, self.weights, strict=True)):
            there = self.positions - [0.0, displacements[k]]
            # Beyond the places where it was seen nothing is known of a unit.
            low, high = places.min(axis=0) - _SEEN_UM, places.max(axis=0) + _SEEN_UM
            near = np.flatnonzero(((there >= low) & (there <= high)).all(axis=1) & (self.shanks == self.of_shank[k]))
            out[k, near] = kernel(there[near], places) @ weights
        return out


def kernel(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return how alike what two places see is, (n, m)."""
    across = np.abs(one[:, None, 0] - other[:, 0]) / ACROSS_UM
    along = (one[:, None, 1] - other[:, 1]) ** 2 / (2 * ALONG_UM**2)
    return np.asarray(np.exp(-across - along))


def shapes_from(
    averages: Averages, positions: FloatArray, shanks: IntArray, width: int, trough: int, *, still: bool
) -> tuple[Any, IntArray]:
    """Return the waveforms of all units, each with the largest value of its main channel at the trough.

    still : as means, else as functions of place

    Returns
    -------
    shapes : `Still` or `Moving`
    moved : (K,) int64, by how many samples later in the recording each unit's template now begins
    """
    n_units = len(averages.channels)
    moved = np.zeros(n_units, np.int64)
    waveforms = np.zeros((n_units if still else 0, len(positions), width), np.float32)
    places, weights = [], []
    for k in range(n_units):
        where, values, error = _fit(averages, k, positions, still)
        channels = averages.channels[k][averages.channels[k] >= 0]
        here = values if still else kernel(positions[channels], where) @ values
        heights = np.abs(here).max(axis=1)
        main = int(heights.argmax())
        peak = int(np.abs(here[main]).argmax())
        moved[k] = int(np.clip(peak - averages.shift - trough, -averages.shift, averages.shift))
        cut = slice(averages.shift + moved[k], averages.shift + moved[k] + width)
        here = here[:, cut]
        keep = np.abs(here).max(axis=1) >= _SURE * error
        keep[main] = True
        norm = max(float(np.linalg.norm(here[keep])), 1e-9)
        if still:
            waveforms[k, channels[keep]] = here[keep] / norm
        else:
            places.append(where)
            weights.append(values[:, cut] / norm)
    if still:
        return Still(waveforms), moved
    of_shank = shanks[averages.channels[:, 0]] if len(averages.channels) else np.zeros(0, np.int64)
    return Moving(tuple(places), tuple(weights), positions, shanks, of_shank), moved


def _fit(averages: Averages, k: int, positions: FloatArray, still: bool) -> tuple[FloatArray, FloatArray, float]:
    """Places at which a unit was seen, what its waveform there is made of, and the error of a value."""
    channels = averages.channels[k][averages.channels[k] >= 0]
    seen, every = averages.means(k)
    error = float(1 / np.sqrt(max(averages.energies[k].sum(), 1e-9)))
    if not seen.size:
        return positions[channels], np.zeros((len(channels), averages.sums.shape[3])), error
    means = every[:, : len(channels)]
    if still:
        return positions[channels], means[0].astype(np.float64), error
    where = positions[channels][None] - np.stack([np.zeros(seen.size), averages.displacements[seen]], axis=1)[:, None]
    where = where.reshape(-1, 2)
    values = means.reshape(len(where), -1).astype(np.float64)
    power = max(float((values**2).mean(axis=1).max()), 1e-12)
    noise = np.repeat(1 / (averages.energies[k, seen] * power), len(channels)) + LEAST_NOISE
    known = kernel(where, where)
    known[np.diag_indices_from(known)] += noise
    from scipy.linalg import cho_factor, cho_solve

    return where, cho_solve(cho_factor(known, overwrite_a=True), values), error
