"""Spikes of all units from the scores of a stretch of data: the largest first, then all amplitudes together.

A spike changes the scores of the units that share channels with it, by correlations that are known, so that the data
are not needed any more once there are scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """

    min_isi: int = 21
    max_rounds: int = 60
    n_refinements: int = 2
    n_sweeps: int = 20
    tolerance: float = 1e-3


@dataclass(frozen=True, slots=True)
class Found:
    """Spikes in order of time, then of unit.

    times : (n,) int64, first sample of the template; units : (n,) int64; amplitudes : (n,) float64
    gains : (n,) float64, nats, what each is worth beside the others
    explained : (n,) float64; their sum is by how much the spikes together lessen the sum of squares of the data
    """

    times: IntArray
    units: IntArray
    amplitudes: FloatArray
    gains: FloatArray
    explained: FloatArray

    def part(self, keep: Any) -> Found:
        """Return some of the spikes."""
        return Found(*(getattr(self, name)[keep] for name in self.__slots__))

    def later(self, by: int) -> Found:
        """Return the spikes at other times."""
        return Found(self.times + by, self.units, self.amplitudes, self.gains, self.explained)

    @classmethod
    def joined(cls, parts: Sequence[Found]) -> Found:
        """Return spikes of several stretches, one after the other."""
        if not parts:
            empty = np.zeros(0)
            return cls(empty.astype(np.int64), empty.astype(np.int64), empty, empty, empty)
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
        self.pairs = pair_correlations(templates)
        self.shares = self.pairs.shares()
        reach, middle = self.options.min_isi, templates.width - 1
        self.peaks = self.pairs.values[:, max(0, middle - reach) : middle + reach + 1].max(axis=1)
        if not 1 <= self.options.min_isi <= templates.width:
            raise PhyMedError(
                f"A unit's spikes must be between 1 and {templates.width} samples apart, not {self.options.min_isi}."
            )
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
        self._options, self._judge = pursuit.options, pursuit.judge
        self._pairs = pursuit.pairs.starts, pursuit.pairs.units, pursuit.pairs.values
        self._shares, self._peaks = pursuit.shares, pursuit.peaks
        n_units, n_samples = scores.shape
        blocks = -(-n_samples // pursuit.block), n_units
        self._scores, self._block = scores, pursuit.block
        self._taken = np.zeros(scores.shape, np.uint8)
        self._changed = np.ones((n_units, blocks[0]), np.uint8)
        self._active, self._top = np.zeros(blocks[0], np.uint8), np.zeros(blocks[0], np.int64)
        self._best = np.full(blocks, -1, np.int64), np.full(blocks, -np.inf)
        self.spikes, self.amplitudes = np.zeros((0, 2), np.int64), np.zeros(0)

    def pursue(self) -> None:
        """Take out spikes until there is none left."""
        o, n, more = self._options, len(self.amplitudes), _ROOM
        while more:
            spikes, sizes = np.zeros((n + more, 2), np.int64), np.zeros(n + more)
            spikes[:n], sizes[:n] = self.spikes, self.amplitudes
            n, more = self._kernels.pursue(
                self._scores, self._taken, self._judge, *self._pairs, self._shares, o.min_isi, o.max_rounds,
                self._block, self._changed, *self._best, self._top, self._active, spikes, sizes, n,
            )  # fmt: skip
            self.spikes, self.amplitudes = spikes[:n], sizes[:n]
            more *= 2

    def settle(self) -> Found:
        """Find all amplitudes together, without the spikes that are then worth nothing."""
        while True:
            self._sort()
            around, left = self._neighbours(), self._left()
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
                self._kernels.close(self._taken, k, time, o.min_isi, -1)
            self.spikes, self.amplitudes = self.spikes[gone == 0], self.amplitudes[gone == 0]

    def replace(self) -> None:
        """Give spikes to units and samples that explain them better."""
        self._refine.replace(
            self._scores, self._taken, self._judge, *self._pairs, self._peaks, self._options.min_isi, self._block,
            self._changed, self._best[0], self.spikes, self.amplitudes, self._options.min_isi,
        )  # fmt: skip

    def _sort(self) -> None:
        order = np.lexsort((self.spikes[:, 1], self.spikes[:, 0]))
        self.spikes, self.amplitudes = np.ascontiguousarray(self.spikes[order]), self.amplitudes[order]

    def _neighbours(self) -> tuple[IntArray, IntArray, FloatArray]:
        """The other spikes that each overlaps, as `overlaps` lists them."""
        first, n = np.zeros(len(self.amplitudes) + 1, np.int64), 16 * len(self.amplitudes) + 16
        while True:
            others, common = np.zeros(n, np.int64), np.zeros(n, np.float32)
            count = self._refine.overlaps(self.spikes, *self._pairs, first, others, common)
            if count <= n:
                return first, others[:count], common[:count]
            n = count

    def _left(self) -> FloatArray:
        return self._scores[self.spikes[:, 1], self.spikes[:, 0]].astype(np.float64)

    def _change(self, before: FloatArray, after: FloatArray) -> None:
        """Bring the scores up to date with other amplitudes."""
        self._refine.change_spikes(
            self._scores, self._judge, *self._pairs, self._block, self._changed, self._best[0], self.spikes,
            after - before,
        )  # fmt: skip

    def _found(self, around: tuple[IntArray, IntArray, FloatArray], left: FloatArray) -> Found:
        first, others, common = around
        row = np.repeat(np.arange(len(left)), np.diff(first))
        from_others = np.bincount(row, common * self.amplitudes[others], minlength=len(left))
        explained = self.amplitudes * (2 * left + self.amplitudes + from_others)
        gains = self._refine.gains(left + self.amplitudes, self.spikes, self._judge)
        times, units = np.ascontiguousarray(self.spikes.T)
        return Found(times, units, self.amplitudes.copy(), gains, explained)
