"""How far a unit moves along the probe."""

from __future__ import annotations

from itertools import pairwise
from math import nan

import numpy as np

from phy_medicine.base.types import FloatArray

INTERVAL_S, LEAST_SPIKES, LEAST_KNOWN = 60.0, 100, 0.5
_FEWEST_INTERVALS = 2


def drift(
    times_s: FloatArray,
    depths_um: FloatArray,
    duration_s: float,
    *,
    interval_s: float = INTERVAL_S,
    least_spikes: int = LEAST_SPIKES,
) -> tuple[float, float]:
    """Return how far the median depth of a unit moves from minute to minute.

    Parameters
    ----------
    times_s : (n,) float, s, ascending; depths_um : (n,) float, µm, NaN where unknown
    interval_s : of the medians; the rest after the last whole one belongs to it
    least_spikes : that an interval needs

    Returns
    -------
    Peak to peak and standard deviation of the medians, µm; NaN with fewer than two intervals, or where half of them
    have too few spikes

    Source: Siegle, Jia et al. 2021, Nature 592:86, as SpikeInterface's `drift_ptp` and `drift_std`, whose last interval
    is the rest alone.
    """
    n = int(duration_s // interval_s)
    if n < _FEWEST_INTERVALS:
        return nan, nan
    known = np.isfinite(depths_um)
    times, depths = times_s[known], depths_um[known]
    ends = np.searchsorted(times, interval_s * np.arange(n + 1))
    ends[-1] = len(times)
    parts = [depths[a:b] for a, b in pairwise(ends) if b - a >= least_spikes]
    if len(parts) < max(LEAST_KNOWN * n, 1):
        return nan, nan
    medians = np.array([np.median(part) for part in parts], dtype=np.float64)
    return float(np.ptp(medians)), float(medians.std())
