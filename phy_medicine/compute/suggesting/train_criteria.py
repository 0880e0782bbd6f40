"""What the spike times of two clusters say of a merge, by the measures of SpikeInterface's automatic merging."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.spike_pairs import pairs_before, spike_pairs

PRESENCE_BIN_S = 2.0
HALF_WINDOW_MS, BIN_MS = 25, 1
CENSORED_BIN_MS, SMOOTH_MS, PEAK_SHARE = 0.15, 0.6, 0.5


@dataclass(frozen=True, slots=True)
class Periods:
    """Samples within which there is no second spike of a neuron, and none was looked for; and of the recording."""

    censored: int
    refractory: int
    n_samples: int


def contamination_of(samples: IntArray, periods: Periods) -> float:
    """Return the part of the spikes that are of other neurons, 0 to 1; NaN of fewer than two spikes.

    samples : (n,) int, ascending

    Source: Llobet, Wyngaard & Barbour 2022, bioRxiv 2022.02.08.479192, pairs from lag 0 up to and with the refractory
    time, the censored one taken out of the window and the duration, as SpikeInterface counts.
    """
    n = len(samples)
    if n <= 1:
        return nan
    n_pairs = len(spike_pairs(samples, None, (0, periods.refractory)))
    window = max(periods.refractory - periods.censored, 1)
    left = 1 - n_pairs * (periods.n_samples - 2 * n * periods.censored) / (n**2 * window)
    return 1.0 if left < 0 else 1 - sqrt(left)


def joined(first: IntArray, second: IntArray, apart: int) -> IntArray:
    """Return the union of two trains, without spikes that follow one of the other train by at most `apart` samples."""
    both = np.concatenate([first, second])
    order = np.argsort(both, kind="stable")
    samples, of_second = both[order], order >= len(first)
    double = (np.diff(samples) <= apart) & (np.diff(of_second.astype(np.int8)) != 0)
    return samples[np.concatenate([[True], ~double])] if len(samples) else samples


def quality(n_spikes: int, contamination: float, balance: float) -> float:
    """Return the spikes, less those of other neurons, each of these counted 1 + balance times."""
    return n_spikes * (1 - (1 + balance) * contamination)


def presence_distance(first: IntArray, second: IntArray, n_samples: int, sample_rate: float) -> float:
    """Return how far apart in time two trains are, s: the earth mover's distance of their counts in bins of 2 s.

    A last bin that is not full is left out. NaN where a train has no spikes in full bins.

    Source: Rubner, Tomasi & Guibas 2000, Int. J. Comput. Vis. 40:99.
    """
    edges = np.arange(0, n_samples, PRESENCE_BIN_S * sample_rate)
    if len(edges) < 2:
        return nan
    counts = [np.histogram(train, edges)[0].astype(np.float64) for train in (first, second)]
    if not all(c.sum() > 0 for c in counts):
        return nan
    a, b = (np.cumsum(c) / c.sum() for c in counts)
    return float(np.abs(a - b)[:-1].sum() * PRESENCE_BIN_S)


def cross_contamination_p(first: IntArray, second: IntArray, periods: Periods, own: float, limit: float) -> float:
    """Return the probability of so many coincidences of two trains if `limit` of the second were of other neurons.

    Parameters
    ----------
    first, second : (n,), (m,) int, ascending, samples
    own : contamination of the first

    Returns
    -------
    P of as many pairs or more; small: more of the second are not of the neuron of the first than the limit

    Source: as SpikeInterface, after Lussac (Llobet 2023); pairs at either end of the window count half.
    """
    close = _coincident(first, second, periods.refractory) - _coincident(first, second, periods.censored)
    trials = float(len(first)) * len(second) * ((1 - own) * limit + own)
    return _at_least(int(close - 1) + 1, trials, 2 * periods.refractory / periods.n_samples)


def _coincident(first: IntArray, second: IntArray, most: int) -> float:
    """Pairs nearer than some samples, and half of those that are just so far apart."""
    if most <= 0:
        return 0.0
    below = pairs_before(first, second, np.array([-most, 1 - most, most, most + 1])).tolist()
    return below[2] - below[1] + (below[1] - below[0] + below[3] - below[2]) / 2


def _at_least(count: int, trials: float, p: float) -> float:
    """Probability of a binomial count of at least so many; the number of trials may be broken."""
    from scipy.special import betainc

    if count <= 0:
        return 1.0
    return float(betainc(count, trials - count + 1, p)) if trials > count - 1 else 0.0


# Correlograms


def correlogram_1ms(first: IntArray, second: IntArray | None, sample_rate: float) -> IntArray:
    """Return the pairs by lag in 50 bins of 1 ms, the lag of `first` after `second`; None: of the train with itself.

    (50,) int64; a bin holds its left edge and not its right one, which for a train with itself is not symmetrical
    """
    width = round(BIN_MS * sample_rate / 1000)
    edges = np.arange(-HALF_WINDOW_MS, HALF_WINDOW_MS + 1) * width
    other = first if second is None else second
    counts = np.diff(pairs_before(other, first, edges))
    if second is None:
        counts[HALF_WINDOW_MS] -= len(first)
    return counts


def correlogram_difference(own: tuple[IntArray, IntArray], cross: IntArray, n_spikes: tuple[int, int]) -> float:
    """Return how much a cross-correlogram differs from the autocorrelograms, weighted by the spikes; 0 for none.

    Each is smoothed by 0.6 ms and has a mean of 1; compared are the lags up to the first peak of the autocorrelograms.

    own, cross : of `correlogram_1ms`
    """
    curves = [_smoothed(c) for c in (*own, cross)]
    total = sum(n_spikes)
    reach = [_reach(curve, float(curve.max()) * PEAK_SHARE) for curve in curves[:2]]
    half = round(sum(n * r for n, r in zip(n_spikes, reach, strict=True)) / total)
    inside = slice(HALF_WINDOW_MS - half, HALF_WINDOW_MS + half)
    first, second, between = (c / c.mean() if c.mean() != 0 else c for c in curves)
    differences = [float(np.abs(between - c)[inside].mean()) if half else nan for c in (first, second)]
    return sum(n * d for n, d in zip(n_spikes, differences, strict=True)) / total


def _smoothed(correlogram: IntArray) -> FloatArray:
    lags = np.arange(-HALF_WINDOW_MS, HALF_WINDOW_MS + 1) * BIN_MS
    values = correlogram.astype(np.float64)
    # Bins whose left edge lies within 0.15 ms, which is that of lag 0 alone.
    values[(lags[:-1] >= -CENSORED_BIN_MS) & (lags[:-1] < CENSORED_BIN_MS)] = 0
    kernel = np.exp(-(lags**2) / (2 * SMOOTH_MS**2))
    return np.convolve(values, kernel / kernel.sum())[HALF_WINDOW_MS:-HALF_WINDOW_MS]


def _reach(curve: FloatArray, least: float) -> int:
    """Bins from the middle to the nearest bend on the left that is high enough; 20 without pairs."""
    if not np.abs(curve).sum() > 0:
        return 20
    from scipy.signal import find_peaks

    bends = find_peaks(-np.gradient(np.gradient(curve)))[0]
    bends = bends[bends < HALF_WINDOW_MS]
    while True:
        high = bends[curve[bends] >= least]
        if high.size:
            return int(HALF_WINDOW_MS - high[-1])
        if least < 1e-5:
            return 1
        least /= 2


# SLAy

_NOT_SEEN = -4.0
_TRIED_BINS = np.array([1, 2, 4, 6, 8, 12, 16, 20])
_ACCEPTED = 0.15


def slay_correlation(cross: IntArray) -> float:
    """Return how much a cross-correlogram differs from a flat one, within 1.5 times the width of its dip.

    cross : of `correlogram_1ms`; -4 where no edge of a dip is found, 0 without pairs

    Source: Koukuntla et al. 2025, SLAy, as in SpikeInterface.
    """
    from scipy.signal import butter, find_peaks_cwt, sosfiltfilt

    if not cross.sum() > 0:
        return 0.0
    bent = sosfiltfilt(butter(4, 0.2, output="sos"), np.diff(cross.astype(np.float64), 2))
    width = 2.0 / BIN_MS
    edges = np.abs(np.asarray(find_peaks_cwt(-bent, width, noise_perc=90), np.float64) + 1 - len(cross) / 2)
    edges = edges[edges > width / 2]
    if not edges.size:
        return _NOT_SEEN
    reach = 1.5 * edges.min()
    start, stop = max(len(cross) / 2 - reach, 0), min(len(cross) / 2 + reach, len(cross) - 1)
    window = cross[int(start) : int(stop + 1)].astype(np.float64)
    return 4 * _from_flat(window) if window.sum() > 0 else 0.0


def _from_flat(values: FloatArray) -> float:
    """Earth mover's distance of counts from as many everywhere, over a length of 1."""
    n = len(values)
    gap = np.cumsum(values) / values.sum() - np.arange(1, n + 1) / n
    return float(np.abs(gap[:-1]).sum() / n)


def slay_violations(cross: IntArray) -> float:
    """Return how surely a cross-correlogram has no refractory time of 1 to 20 ms with 15 % of the pairs or fewer.

    cross : of `correlogram_1ms`; 0 for one neuron, 1 for two

    Source: Koukuntla et al. 2025, SLAy, as in SpikeInterface.
    """
    from scipy.signal import butter, sosfiltfilt
    from scipy.stats import poisson

    half = len(cross) // 2
    folded = (cross[half:] + cross[:half][::-1]) / 2
    rate = float(sosfiltfilt(butter(4, 0.5, output="sos"), folded).max())
    seen, most = np.cumsum(folded)[_TRIED_BINS - 1], _TRIED_BINS * max(rate, 0.0) * _ACCEPTED
    return float(poisson.cdf(seen, most).min())
