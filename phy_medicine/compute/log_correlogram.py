"""Correlograms on a logarithmic axis of lags, exact: every pair of spikes counts, however far apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute import kernels
from phy_medicine.compute.correlogram import BinError, checked_train
from phy_medicine.compute.spike_pairs import NUMPY_LIMIT, pairs_before

# Lags, 4 B each: beyond, a table leaves the caches of the processor.
_LARGEST_TABLE = 1 << 20


@dataclass(frozen=True, slots=True)
class LogLagBins:
    """Bins of positive lags, each a factor longer than the one before; bin k holds edges[k] <= lag < edges[k + 1].

    edges : whole samples, ascending, the first at least 1; sample_rate : Hz
    """

    edges: tuple[int, ...]
    sample_rate: float

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return len(self.edges) - 1

    @property
    def edges_s(self) -> FloatArray:
        """(n_bins + 1,) float64, s."""
        return np.array(self.edges) / self.sample_rate

    def lags(self, index: int) -> tuple[int, int]:
        """Return the shortest and the longest lag of a bin, samples."""
        return self.edges[index], self.edges[index + 1] - 1


def log_lag_bins(sample_rate: float, *, low_s: float, high_s: float, n_bins: int) -> LogLagBins:
    """Put bins of equal ratio on the sample grid; the shortest ones, of less than a sample, become one.

    Parameters
    ----------
    sample_rate : Hz
    low_s, high_s : s, shortest and longest lag
    n_bins : at most so many

    Raises
    ------
    BinError : (a ValueError) the shortest lag is below one sample, or not below the longest
    """
    if not low_s * sample_rate >= 1 - 1e-6:
        raise BinError(
            f"A lag of {1e3 * low_s:g} ms is shorter than one sample ({1e3 / sample_rate:g} ms); begin the logarithmic "
            "axis later."
        )
    first, last = round(low_s * sample_rate), round(min(high_s * sample_rate, 1e15))
    if not last > first:
        raise BinError(
            f"A logarithmic axis from {1e3 * low_s:g} to {1e3 * high_s:g} ms holds no bin; end it later than it begins."
        )
    edges = np.unique(np.rint(np.geomspace(first, last, n_bins + 1)).astype(np.int64))
    return LogLagBins(tuple(edges.tolist()), sample_rate)


def log_correlogram(samples_a: IntArray, samples_b: IntArray | None, bins: LogLagBins) -> IntArray:
    """Count how many spikes of `b` follow each spike of `a` by a lag in each bin.

    Parameters
    ----------
    samples_a : (n,) int, ascending, samples
    samples_b : (m,) int, ascending, samples; None: the autocorrelogram of `samples_a`

    Returns
    -------
    (n_bins,) int64; pairs of spikes on the same sample are in no bin. Few pairs are looked at one by one, of many it is
        counted how many partners come before each edge, so that long lags cost no more

    Raises
    ------
    ValueError : a train is not ascending
    """
    first = checked_train(samples_a)
    second = first if samples_b is None else checked_train(samples_b)
    edges = np.array(bins.edges, dtype=np.int64)
    few = edges[-1] <= _LARGEST_TABLE and _n_pairs(first, second, edges[-1]) < len(edges) * (first.size + second.size)
    if not (few and kernels.use_compiled((first.size + second.size) * len(edges), NUMPY_LIMIT)):
        return np.diff(pairs_before(first, second, edges))
    from phy_medicine.compute._kernels_pairs import count_by_table

    counts = np.zeros(bins.n_bins, dtype=np.int64)
    count_by_table(first, second, _table(bins), edges[0], counts)
    return counts


def _n_pairs(first: IntArray, second: IntArray, longest: int) -> float:
    """Return about how many pairs are not farther apart, if the second train fires evenly."""
    span = max(int(second[-1] - second[0]), 1) if second.size else 1
    return first.size * min(second.size * longest / span, second.size)


@lru_cache(maxsize=4)
def _table(bins: LogLagBins) -> IntArray:
    """Return the bin of each lag below the longest; (longest,) int32, of no meaning before the first edge."""
    edges = np.array(bins.edges)
    table = np.repeat(np.arange(bins.n_bins, dtype=np.int32), np.diff(edges))
    return frozen(np.concatenate([np.zeros(edges[0], dtype=np.int32), table]))
