"""The pairs of spikes behind one bin of a correlogram, without a list of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import IntArray, frozen
from phy_medicine.compute import kernels

NUMPY_LIMIT = 20_000_000
"""Spikes of both trains, times edges. numpy: 0.5 s; loading the kernels takes as long."""


@dataclass(frozen=True, slots=True)
class SpikePairs:
    """Pairs of a spike of one train and a later, or earlier, one of another, in order of the first.

    first_partner : (n,) int, row of the first partner of each spike; ends : (n,) int64, pairs up to and with each spike
    """

    first_partner: IntArray
    ends: IntArray

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def at(self, k: int) -> tuple[int, int]:
        """Return the rows of the k-th pair in both trains, 0 <= k < len."""
        row = int(np.searchsorted(self.ends, k, side="right"))
        before = int(self.ends[row - 1]) if row else 0
        return row, int(self.first_partner[row]) + k - before


def spike_pairs(samples_a: IntArray, samples_b: IntArray | None, lags: tuple[int, int]) -> SpikePairs:
    """Find all pairs whose lag lies in a range.

    Parameters
    ----------
    samples_a : (n,) int, ascending, samples
    samples_b : (m,) int, ascending, samples; None: pairs within `samples_a`, each once, so that lags are 0 or above
    lags : samples, shortest and longest one; above 0 where the spike of `b` comes after that of `a`
    """
    second = samples_a if samples_b is None else samples_b
    start = np.searchsorted(second, samples_a + lags[0], side="left")
    stop = np.searchsorted(second, samples_a + lags[1], side="right")
    if samples_b is None:
        start = np.maximum(start, np.arange(1, len(samples_a) + 1))
    return SpikePairs(frozen(start), frozen(np.cumsum(np.maximum(stop - start, 0))))


def pairs_before(samples_a: IntArray, samples_b: IntArray, edges: IntArray) -> IntArray:
    """Count, for each edge, the pairs whose lag is below it; the difference of two edges is what lies between them.

    samples_a, samples_b : (n,), (m,) int, ascending, samples; edges : (k,) int, samples -> (k,) int64
    """
    first, second, limits = (np.ascontiguousarray(a, dtype=np.int64) for a in (samples_a, samples_b, edges))
    if not kernels.use_compiled((first.size + second.size) * limits.size, NUMPY_LIMIT):
        return np.array([np.searchsorted(second, first + edge).sum() for edge in limits], dtype=np.int64)
    from phy_medicine.compute._kernels_pairs import count_before

    totals = np.zeros(limits.size, dtype=np.int64)
    count_before(first, second, limits, totals)
    return totals
