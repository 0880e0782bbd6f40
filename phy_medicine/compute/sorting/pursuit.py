"""Spikes of all units from the scores of a stretch of data: the largest first, then all amplitudes together.

A spike changes the scores of the units that share channels with it, by correlations that are known, so that the data
are not needed any more once there are scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.priors import Prior
from phy_medicine.compute.sorting.sparse_templates import SparseTemplates, pair_correlations

_ROOM = 1024
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
        self.options = options or PursuitOptions()
        noise = np.broadcast_to(np.asarray(noise_std, np.float64), len(priors)).tolist()
        self.judge = np.stack([p.coefficients(std) for p, std in zip(priors, noise, strict=True)])
        if not 1 <= self.options.min_isi <= templates.width:
            raise PhyMedError(
                f"A unit's spikes must be between 1 and {templates.width} samples apart, not {self.options.min_isi}."
            )
        self.pairs = pair_correlations(templates)
        self.shares, self.peaks = self.pairs.shares(), self.pairs.peaks(self.options.min_isi)
        self.own = np.column_stack([self.pairs.own(1), self.pairs.own(2), self.options.between_from * np.array(noise)])
        # Two spikes of a unit that are too near to each other must not both be the largest of their neighbourhood.
        self.block = max(1, templates.width // 2, self.options.min_isi - 1)

    def __call__(self, scores: FloatArray) -> Found:
        """Return the spikes of a stretch; its scores (K, T) float32 become those of what is left of the data."""
        stretch = self.start(scores)
        stretch.pursue()
        for _ in range(self.options.n_refinements):
            stretch.settle()
            stretch.replace()
            stretch.pursue()
        return stretch.settle()

    def start(self, scores: FloatArray) -> Stretch:
        """Return a stretch without a spike, to go on with step by step."""
        return Stretch(self, scores)


class Stretch:
    """Scores of a stretch, (K, T) float32, changed in place, and the spikes found in it so far.

    spikes : (n, 2) int64, first sample and unit; amplitudes : (n,) float64
    """

    def __init__(self, pursuit: Pursuit, scores: FloatArray) -> None:
        from phy_medicine.compute.sorting import _kernels_pursuit, _kernels_refine

        self._kernels, self._refine = _kernels_pursuit, _kernels_refine
        self._options, self._judge, self._block = pursuit.options, pursuit.judge, pursuit.block
        pairs = pursuit.pairs
        self._links = _kernels_pursuit.Links(
            pairs.starts, pairs.units, pairs.values, pursuit.peaks, pursuit.shares, pursuit.own
        )
        n_units, n_blocks = len(scores), -(-scores.shape[1] // pursuit.block)
        self._board = _kernels_pursuit.Board(
            scores, np.zeros(scores.shape, np.uint8), np.ones((n_units, n_blocks), np.uint8),
            np.full((n_blocks, n_units), -1, np.int64), np.full((n_blocks, n_units), -np.inf),
            np.zeros(n_blocks, np.int64), np.zeros(n_blocks, np.uint8),
        )  # fmt: skip
        self.spikes, self.amplitudes, self.taps = np.zeros((0, 2), np.int64), np.zeros(0), np.zeros((0, 3))

    def pursue(self) -> None:
        """Take out spikes until there is none left."""
        o, n, more = self._options, len(self.amplitudes), _ROOM
        while more:
            spikes, sizes, taps = np.zeros((n + more, 2), np.int64), np.zeros(n + more), np.zeros((n + more, 3))
            spikes[:n], sizes[:n], taps[:n] = self.spikes, self.amplitudes, self.taps
            n, more = self._kernels.pursue(
                self._board, self._judge, self._links, o.min_isi, o.max_rounds, self._block, spikes, sizes, taps, n
            )
            self.spikes, self.amplitudes, self.taps = spikes[:n], sizes[:n], taps[:n]
            more *= 2

    def settle(self) -> Found:
        """Find all amplitudes together, without the spikes that are then worth nothing."""
        while True:
            self._keep(np.lexsort((self.spikes[:, 1], self.spikes[:, 0])))
            around, left = self._neighbours(), np.zeros(len(self.amplitudes))
            self._refine.left_at(self._board.scores, self.spikes, self.taps, left)
            before = self.amplitudes.copy()
            o = self._options
            self._refine.solve_together(
                self.spikes, self.amplitudes, left, *around, self._judge, o.n_sweeps, o.tolerance
            )
            gone = np.zeros(len(left), np.uint8)
            if not self._refine.worthless(self.spikes, self.amplitudes, left, *around, self._judge, gone):
                self._change(before, self.amplitudes)
                return self._found(around, left)
            self._change(before, np.where(gone, 0.0, self.amplitudes))
            for time, k in self.spikes[gone > 0].tolist():
                self._kernels.close(self._board.taken, k, time, o.min_isi, -1)
            self._keep(np.flatnonzero(gone == 0))

    def replace(self) -> None:
        """Give spikes to units and samples that explain them better."""
        self._refine.replace(
            self._board, self._judge, self._links, self._options.min_isi, self._block, self.spikes, self.amplitudes,
            self.taps,
        )  # fmt: skip

    def _keep(self, rows: IntArray) -> None:
        """Keep some of the spikes, in this order."""
        self.spikes, self.amplitudes, self.taps = self.spikes[rows], self.amplitudes[rows], self.taps[rows]

    def _neighbours(self) -> tuple[IntArray, IntArray, FloatArray]:
        """The other spikes that each overlaps, as `overlaps` lists them."""
        first, n = np.zeros(len(self.amplitudes) + 1, np.int64), 16 * len(self.amplitudes) + 16
        while True:
            others, common = np.zeros(n, np.int64), np.zeros(n, np.float32)
            count = self._refine.overlaps(self.spikes, self.taps, self._links, first, others, common)
            if count <= n:
                return first, others[:count], common[:count]
            n = count

    def _change(self, before: FloatArray, after: FloatArray) -> None:
        """Bring the scores up to date with other amplitudes."""
        self._refine.change_spikes(
            self._board, self._judge, self._links, self._block, self.spikes, after - before, self.taps
        )

    def _found(self, around: tuple[IntArray, IntArray, FloatArray], left: FloatArray) -> Found:
        first, others, common = around
        row = np.repeat(np.arange(len(left)), np.diff(first))
        from_others = np.bincount(row, common * self.amplitudes[others], minlength=len(left))
        explained = self.amplitudes * (2 * left + self.amplitudes + from_others)
        gains = self._refine.gains(left + self.amplitudes, self.spikes, self._judge)
        times, units = np.ascontiguousarray(self.spikes.T)
        return Found(times, units, self.amplitudes.copy(), gains, explained, self.taps.copy())
