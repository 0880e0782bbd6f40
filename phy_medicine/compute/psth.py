"""Spikes around events: which spike belongs to which event, and how the rate follows them."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray


def around_events(
    times_s: FloatArray, events_s: FloatArray, *, before_s: float, after_s: float
) -> tuple[IntArray, FloatArray]:
    """Find the spikes around each event; one that is near two events counts for both.

    times_s : (n_spikes,) float64, ascending; events_s : (n_events,) float64, any order

    Returns
    -------
    (n,) int64 event of each spike found, ascending; (n,) float64 its time from that event, in
    [-before_s, after_s), s
    """
    first = np.searchsorted(times_s, events_s - before_s)
    last = np.searchsorted(times_s, events_s + after_s)
    counts = np.maximum(last - first, 0)
    rows = np.repeat(np.arange(len(events_s)), counts)
    ends = np.cumsum(counts)
    spikes = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts) + np.repeat(first, counts)
    return rows, times_s[spikes] - events_s[rows]


def histogram_around(lags_s: FloatArray, *, before_s: float, after_s: float, n_bins: int) -> IntArray:
    """Count spikes by their time from an event; (n_bins,) int64 of equal bins over [-before_s, after_s)."""
    width = (before_s + after_s) / n_bins
    # Differences of times on an edge may come out a little below it, and one just below the end above it.
    bins = np.floor((lags_s + before_s) / width + 1e-9).astype(np.int64)
    counts: IntArray = np.bincount(np.clip(bins, 0, n_bins - 1), minlength=n_bins)
    return counts


def smoothed(rates: FloatArray, *, sigma_bins: float) -> FloatArray:
    """Return rates blurred by a Gaussian; at the ends only what is inside counts, so that a constant stays one.

    rates : (n, n_bins) float; sigma_bins : standard deviation in bins, 0 leaves them as they are
    """
    if sigma_bins <= 0:
        return rates
    reach = min(int(np.ceil(4 * sigma_bins)), rates.shape[1])
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_bins) ** 2)
    total = np.convolve(np.ones(rates.shape[1]), weights)[reach:-reach]
    blurred = np.array([np.convolve(row, weights)[reach:-reach] for row in rates]).reshape(rates.shape)
    result: FloatArray = blurred / total
    return result


def responses(rates: FloatArray, *, before_s: float, after_s: float) -> FloatArray:
    """Return rates as a change from the mean before the event, in its standard deviations over bins (z-score).

    rates : (n, n_bins); the rate of a cluster that is silent or even before the event is divided by 1
    """
    n_bins = rates.shape[1]
    n_baseline = int(np.clip(np.floor(n_bins * before_s / (before_s + after_s)), 1, n_bins))
    baseline = rates[:, :n_baseline]
    spread = baseline.std(axis=1, keepdims=True)
    result: FloatArray = (rates - baseline.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    return result
