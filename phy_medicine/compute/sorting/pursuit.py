"""Spikes of all units from the scores of a stretch of data: the largest first, then all amplitudes together.

A spike changes the scores of the units that share channels with it, by correlations that are known, so that the data
are not needed any more once there are scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.priors import Prior
from phy_medicine.compute.sorting.sparse_templates import SparseTemplates, pair_correlations

if TYPE_CHECKING:
    from phy_medicine.compute.sorting._kernels_pursuit import Board

ROOM = 1024
"""Spikes of a stretch that there is room for at first."""


@dataclass(frozen=True, slots=True)
class PursuitOptions:
    """How spikes are looked for.

    min_isi : samples between two spikes of a unit at least; 21 are 0.7 ms at 30 kHz
    max_rounds : in each of which all spikes are taken that are the largest of their neighbourhood
    n_refinements : how often amplitudes are found together, spikes changed for better ones, and others looked for
    n_sweeps, tolerance : over overlapping spikes until their amplitudes change by less
    between_from : scores, in standard deviations of the noise, from which a spike may lie between two samples. What a
        large spike leaves where it is put half a sample off looks like a small one.
    """

    min_isi: int = 21
    max_rounds: int = 60
    n_refinements: int = 2
    n_sweeps: int = 20
    tolerance: float = 1e-3
    between_from: float = np.inf


@dataclass(frozen=True, slots=True)
class Found:
    """Spikes in order of time, then of unit.

    times : (n,) int64, first sample of the template; units : (n,) int64; amplitudes : (n,) float64
    gains : (n,) float64, nats, what each is worth beside the others
    explained : (n,) float64; their sum is by how much the spikes together lessen the sum of squares of the data
    taps : (n, 3) float64, how much of the template begins a sample before, at, and after the time, which stands for a
        spike between samples; 0, 1, 0 for one at a sample
    """

    times: IntArray
    units: IntArray
    amplitudes: FloatArray
    gains: FloatArray
    explained: FloatArray
    taps: FloatArray

    @property
    def shifts(self) -> FloatArray:
        """By how much each spike is later than its time, (n,), samples."""
        return np.asarray((self.taps[:, 2] - self.taps[:, 0]) / self.taps.sum(axis=1))

    def part(self, keep: Any) -> Found:
        """Return some of the spikes."""
        return Found(*(getattr(self, name)[keep] for name in self.__slots__))

    def later(self, by: int) -> Found:
        """Return the spikes at other times."""
        return replace(self, times=self.times + by)

    @classmethod
    def joined(cls, parts: Sequence[Found]) -> Found:
        """Return spikes of several stretches, one after the other."""
        if not parts:
            empty = np.zeros(0)
            return cls(empty.astype(np.int64), empty.astype(np.int64), empty, empty, empty, np.zeros((0, 3)))
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))


def log_likelihood(energy: float, explained: FloatArray, n_points: int, noise_std: float = 1.0) -> float:
    """Return the log likelihood per data point, without forming the residual.

    energy : sum of squares of the data, n_points of them; explained : (n,) by how much each spike lessens it
    """
    left = energy - float(explained.sum())
    return -0.5 * float(np.log(2 * np.pi * noise_std**2)) - left / (2 * noise_std**2 * max(n_points, 1))


class Pursuit:
    """Pursuit of the spikes of all units.

    Parameters
    ----------
    priors : of the amplitudes of each unit; noise_std : of the scores of each unit where there is noise alone,
        (K,) or one for all: that of the data per sample, if their noise is white in time too

    Raises
    ------
    PhyMedError : a refractory period longer than a template
    """

    def __init__(
        self,
        templates: SparseTemplates,
        priors: Sequence[Prior],
        *,
        noise_std: float | FloatArray = 1.0,
        options: PursuitOptions | None = None,
    ) -> None:
        from phy_medicine.compute.sorting._kernels_pursuit import Links

        self.options = options or PursuitOptions()
        noise = np.broadcast_to(np.asarray(noise_std, np.float64), len(priors)).tolist()
        self.judge = np.stack([p.coefficients(std) for p, std in zip(priors, noise, strict=True)])
        min_isi = self.options.min_isi
        if not 1 <= min_isi <= templates.width:
            raise PhyMedError(f"A unit's spikes must be between 1 and {templates.width} samples apart, not {min_isi}.")
        pairs = pair_correlations(templates)
        own = np.column_stack([pairs.own(1), pairs.own(2), self.options.between_from * np.array(noise)])
        self.links = Links(pairs.starts, pairs.units, pairs.values, pairs.peaks(min_isi), pairs.shares(), own)
        # Two spikes of a unit that are too near to each other must not both be the largest of their neighbourhood.
        self.block = max(1, templates.width // 2, min_isi - 1)

    def __call__(self, scores: FloatArray, *, scores_after: bool = True) -> Found:
        """Return the spikes of a stretch.

        scores : (K, T) float32, changed in place; with `scores_after` to those of what is left of the data
        """
        from phy_medicine.compute.sorting import _kernels_refine as kernels

        o = self.options
        spikes, amplitudes, taps, gains, explained = kernels.find_spikes(
            self.board(scores), self.judge, self.links, self.block, o.min_isi, o.max_rounds, o.n_refinements,
            o.n_sweeps, o.tolerance, ROOM, not scores_after,
        )  # fmt: skip
        times, units = np.ascontiguousarray(spikes.T)
        return Found(times, units, amplitudes, gains, explained, taps)

    def board(self, scores: FloatArray) -> Board:
        """Return where a pursuit of a stretch begins; its scores (K, T) float32 are changed in place."""
        from phy_medicine.compute.sorting._kernels_pursuit import Board

        n_units, n_blocks = len(scores), -(-scores.shape[1] // self.block)
        return Board(
            scores, np.zeros(scores.shape, np.uint8), np.ones((n_units, n_blocks), np.uint8),
            np.full((n_blocks, n_units), -1, np.int64), np.full((n_blocks, n_units), -np.inf),
            np.zeros(n_blocks, np.int64), np.zeros(n_blocks, np.uint8),
        )  # fmt: skip
