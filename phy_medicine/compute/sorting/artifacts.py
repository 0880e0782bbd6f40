"""Stretches in which something else than neurons is seen, such as a stimulus or a shock: set to 0, and listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting import _kernels_artifacts

TAPER_S = 0.002
FEW_CHANNELS = 16
"""A large neuron can be on most of so few channels, so that nothing is taken as an artifact."""


@dataclass(frozen=True, slots=True)
class ArtifactGate:
    """Sets samples to 0 at which more than half of the channels exceed their limit; safe in any thread.

    limits : (N,) float32, unit of the signal
    reach : samples on either side over which the signal falls to 0 and comes back, as a cosine does
    """

    limits: FloatArray
    reach: int
    _runs: dict[tuple[int, int], None] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, noise: FloatArray, times: float, sample_rate: float) -> ArtifactGate | None:
        """Make a gate for channels of some noise, (N,) standard deviations; None where there is nothing to do.

        times : of the noise that are the limit; 0 is no limit
        """
        if not times or len(noise) < FEW_CHANNELS:
            return None
        return cls((noise * times).astype(np.float32), round(TAPER_S * sample_rate))

    def apply(self, signal: FloatArray, begin: int) -> None:
        """Set artifacts of a stretch to 0, in place; what lies up to `reach` beyond it must be part of it.

        Parameters
        ----------
        signal : (n, N) float32, contiguous; begin : sample of its first row
        """
        marked = np.empty(len(signal), np.uint8)
        _kernels_artifacts.mark(signal, self.limits, signal.shape[1] // 2, marked)
        near, gain = self.weights(np.flatnonzero(marked), len(signal), begin)
        if near.size:
            signal[near] *= gain[:, None]

    def weights(self, rows: IntArray, n_rows: int, begin: int) -> tuple[IntArray, FloatArray]:
        """Return which rows of a stretch change, and by which factor, where some are artifacts; these are remembered.

        Parameters
        ----------
        rows : of the artifacts, ascending; begin : sample of the first row
        """
        for first, stop in runs_of(rows):
            self._runs[begin + first, begin + stop] = None
        return self._gain(rows, n_rows) if rows.size else (rows, np.zeros(0, np.float32))

    def found(self) -> tuple[tuple[int, int], ...]:
        """Return the artifacts of all that was read so far, first sample and the one after the last, in order."""
        return tuple(joined(list(self._runs)))

    def _gain(self, rows: IntArray, n_rows: int) -> tuple[IntArray, FloatArray]:
        """Which rows change, and by which factor."""
        away = np.full(n_rows, self.reach)
        away[rows] = 0
        for step in range(1, self.reach):
            for beside in (rows - step, rows + step):
                inside = beside[(beside >= 0) & (beside < n_rows)]
                away[inside] = np.minimum(away[inside], step)
        near = np.flatnonzero(away < self.reach)
        return near, (0.5 - 0.5 * np.cos(np.pi * away[near] / self.reach)).astype(np.float32)


def runs_of(rows: IntArray) -> list[tuple[int, int]]:
    """Return first and stop of each run of numbers that follow each other; rows : ascending."""
    if not rows.size:
        return []
    cuts = np.flatnonzero(np.diff(rows) > 1)
    firsts, lasts = rows[np.r_[0, cuts + 1]], rows[np.r_[cuts, rows.size - 1]]
    return list(zip(firsts.tolist(), (lasts + 1).tolist(), strict=True))


def joined(runs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return runs that touch or overlap as one, in order."""
    out: list[tuple[int, int]] = []
    for first, stop in sorted(runs):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(stop, out[-1][1]))
        else:
            out.append((first, stop))
    return out
