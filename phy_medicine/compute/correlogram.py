"""Auto- and cross-correlograms of all spikes, exact: lags are whole samples, counts are integers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute import kernels

# Spikes of both trains, summed over the pairs. numpy: 0.05 s for 55 pairs of 20,000, 0.4 s for one pair of a million,
# in an hour; loading the kernels: 0.5 s.
_NUMPY_LIMIT = 3_000_000


class BinError(PhyMedError, ValueError):
    """A correlogram bin or window that cannot be used."""


@dataclass(frozen=True, slots=True)
class LagBins:
    """Bins of a correlogram in whole samples; the middle bin is centred on lag 0.

    Bin `k` (from `-n_half` to `n_half`) holds the lags nearest to `k * width` samples. A lag half-way between two
    bins, which exists when `width` is even, goes to the outer one on both sides, so that a correlogram seen from
    the other train is its mirror image; the middle bin is then one sample narrower than the others.
    """

    width: int
    n_half: int
    sample_rate: float

    @property
    def n_bins(self) -> int:
        """Number of bins, odd."""
        return 2 * self.n_half + 1

    @property
    def bin_s(self) -> float:
        """Width of a bin as counted, s: what was asked for, rounded to whole samples."""
        return self.width / self.sample_rate

    @property
    def centers_s(self) -> FloatArray:
        """(n_bins,) float64, s, lag in the middle of each bin."""
        return np.arange(-self.n_half, self.n_half + 1) * self.bin_s

    @property
    def edges_s(self) -> FloatArray:
        """(n_bins + 1,) float64, s, half-way between the centres."""
        return (np.arange(-self.n_half, self.n_half + 2) - 0.5) * self.bin_s

    def lags(self, index: int) -> tuple[int, int]:
        """Return the first and the last lag of a bin, samples."""
        k = abs(index - self.n_half)
        last = -(-(2 * k + 1) * self.width // 2) - 1
        first = -(-(2 * k - 1) * self.width // 2) if k else -last
        return (first, last) if index >= self.n_half else (-last, -first)


def lag_bins(sample_rate: float, *, bin_s: float, window_s: float) -> LagBins:
    """Put a bin and a window given in seconds on the sample grid.

    Parameters
    ----------
    sample_rate : Hz
    bin_s : s; rounded to the nearest whole number of samples (half to even)
    window_s : s, full width; as many bins are kept as have their centre inside it

    Raises
    ------
    BinError : (a ValueError) the bin is shorter than one sample, or the window is shorter than the bin
    """
    if not bin_s * sample_rate >= 1 - 1e-6:
        raise BinError(
            f"A correlogram bin of {1e3 * bin_s:g} ms is shorter than one sample ({1e3 / sample_rate:g} ms); "
            "choose a longer bin."
        )
    if not bin_s <= window_s < math.inf:
        raise BinError(
            f"A correlogram window of {1e3 * window_s:g} ms cannot hold a bin of {1e3 * bin_s:g} ms; "
            "choose a longer window or a shorter bin."
        )
    width = round(bin_s * sample_rate)
    # The small term keeps 25 bins of 1 ms in half of 50 ms whatever the last bit of the quotient.
    return LagBins(width, math.floor(window_s * sample_rate / (2 * width) + 1e-6), sample_rate)


def correlogram(
    samples_a: IntArray,
    samples_b: IntArray | None = None,
    *,
    sample_rate: float,
    bin_s: float,
    window_s: float,
) -> IntArray:
    """Count spike pairs by time lag.

    Parameters
    ----------
    samples_a : (n,) int, ascending, samples
    samples_b : (m,) int, ascending, samples; None: the autocorrelogram of `samples_a`
    sample_rate : Hz
    bin_s, window_s : s; rounding as in `lag_bins`; the window is the full width

    Returns
    -------
    (n_bins,) int64, n_bins odd, zero lag in the middle; a positive lag is a spike of `b` after one of `a`.
        Autocorrelogram: every ordered pair of different spikes counts once, so it is symmetric; the spike itself is
        left out, and two spikes on the same sample add 2 to the middle bin.

    Raises
    ------
    BinError : (a ValueError) bin shorter than one sample, or window shorter than the bin
    ValueError : a train is not ascending

    Source: Perkel, Gerstein & Moore 1967, Biophys. J. 7:391 and 7:419.
    """
    bins = lag_bins(sample_rate, bin_s=bin_s, window_s=window_s)
    first = checked_train(samples_a)
    second = first if samples_b is None else checked_train(samples_b)
    compiled = kernels.use_compiled(first.size + second.size, _NUMPY_LIMIT)
    return _auto(first, bins, compiled) if samples_b is None else _cross(first, second, bins, compiled)


def correlograms(trains: Sequence[IntArray], *, sample_rate: float, bin_s: float, window_s: float) -> IntArray:
    """Return all auto- and cross-correlograms of several spike trains.

    Parameters
    ----------
    trains : n arrays as in `correlogram`

    Returns
    -------
    (n, n, n_bins) int64; `[i, j]` is `correlogram(trains[i], trains[j])`, `[i, i]` the autocorrelogram, and
        `[j, i]` the mirror image of `[i, j]`

    Raises
    ------
    BinError, ValueError : as `correlogram`
    """
    bins = lag_bins(sample_rate, bin_s=bin_s, window_s=window_s)
    checked = [checked_train(train) for train in trains]
    compiled = kernels.use_compiled(sum(train.size for train in checked) * (len(checked) + 1), _NUMPY_LIMIT)
    counts = np.zeros((len(checked), len(checked), bins.n_bins), dtype=np.int64)
    for i, train in enumerate(checked):
        counts[i, i] = _auto(train, bins, compiled)
        for j in range(i + 1, len(checked)):
            counts[i, j] = _cross(train, checked[j], bins, compiled)
            counts[j, i] = counts[i, j, ::-1]
    return counts


def merged_acg(acgs: Sequence[IntArray], ccgs: Sequence[IntArray]) -> IntArray:
    """Return the autocorrelogram of clusters joined, exactly, without looking at a spike.

    Parameters
    ----------
    acgs, ccgs : of each cluster, and of each pair in one order or the other; (n_bins,) int64, same bins; the clusters
        share no spike
    """
    across = np.sum(ccgs, axis=0)
    merged: IntArray = np.sum(acgs, axis=0) + across + across[::-1]
    return merged


def checked_train(samples: IntArray) -> IntArray:
    """Return a spike train as int64.

    Raises
    ------
    ValueError : it is not ascending
    """
    train = np.ascontiguousarray(samples, dtype=np.int64)
    if (train[1:] < train[:-1]).any():
        row = int(np.flatnonzero(train[1:] < train[:-1])[0]) + 1
        raise ValueError(f"Spike samples must be ascending, but spike {row} is before the one preceding it.")
    return train


def _auto(samples: IntArray, bins: LagBins, compiled: bool) -> IntArray:
    if not compiled:
        counts = _count_numpy(samples, samples, bins)
        counts[bins.n_half] -= samples.size
        return counts
    from phy_medicine.compute._kernels_pairs import count_own_pairs

    later = np.zeros(bins.n_half + 1, dtype=np.int64)
    count_own_pairs(samples, bins.width, later)
    counts = np.concatenate([later[::-1], later[1:]])
    # The middle bin holds lags of both signs, each pair once from either spike.
    counts[bins.n_half] *= 2
    return counts


def _cross(samples_a: IntArray, samples_b: IntArray, bins: LagBins, compiled: bool) -> IntArray:
    if not compiled:
        return _count_numpy(samples_a, samples_b, bins)
    from phy_medicine.compute._kernels_pairs import count_pairs

    counts = np.zeros(bins.n_bins, dtype=np.int64)
    count_pairs(samples_a, samples_b, bins.width, counts)
    return counts


def _count_numpy(samples_a: IntArray, samples_b: IntArray, bins: LagBins) -> IntArray:
    """Count pairs rank by rank: the first partner of every spike, then the second, as long as one has more."""
    reach = (bins.n_bins * bins.width - 1) // 2
    partner = np.searchsorted(samples_b, samples_a - reach, side="left")
    stop = np.searchsorted(samples_b, samples_a + reach, side="right")
    counts = np.zeros(bins.n_bins, dtype=np.int64)
    active = np.flatnonzero(partner < stop)
    while active.size:
        lags = samples_b[partner[active]] - samples_a[active]
        steps = (2 * np.abs(lags) + bins.width) // (2 * bins.width) * np.sign(lags)
        counts += np.bincount(steps + bins.n_half, minlength=bins.n_bins)
        partner[active] += 1
        active = active[partner[active] < stop[active]]
    return counts
