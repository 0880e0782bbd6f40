"""Quantiles of values in bins of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray

# Of fewer values a 5 % quantile is only the lowest one.
LEAST = 10


def binned_quantiles(
    times: FloatArray, values: FloatArray, *, span: tuple[float, float], n_bins: int, fractions: Sequence[float]
) -> FloatArray:
    """Return quantiles of the values in each bin, interpolated as numpy does.

    Parameters
    ----------
    times, values : (n,), in any order; values that are not finite, and times outside the span, are left out
    span : first and last edge, first < last; n_bins : at most 65,536

    Returns
    -------
    (n_fractions, n_bins) float64, NaN in bins of fewer than 10 values
    """
    low, high = span
    inside = np.isfinite(values) & (times >= low) & (times <= high)
    kept = np.asarray(values[inside], dtype=np.float64)
    places = (np.asarray(times[inside], dtype=np.float64) - low) * (n_bins / (high - low))
    bins = np.minimum(places.astype(np.int64), n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    starts = np.cumsum(counts) - counts
    ordered = kept if (bins[1:] >= bins[:-1]).all() else kept[np.argsort(bins.astype(np.uint16), kind="stable")]
    # Bin by bin: a million values take 0.1 s, sorted by bin and value at once 0.7 s.
    for start, count in zip(starts, counts, strict=True):
        ordered[start : start + count].sort()
    out = np.full((len(fractions), n_bins), np.nan)
    full = np.flatnonzero(counts >= LEAST)
    for row, fraction in enumerate(fractions):
        rank = fraction * (counts[full] - 1)
        below = np.floor(rank).astype(np.int64)
        above = np.minimum(below + 1, counts[full] - 1)
        first, second = ordered[starts[full] + below], ordered[starts[full] + above]
        out[row, full] = first + (rank - below) * (second - first)
    return out
