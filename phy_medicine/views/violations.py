"""Pairs of spikes of one cluster that are closer than a neuron can fire. Pure numpy."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray


def intervals_ms(times_s: FloatArray, sample_rate: float) -> FloatArray:
    """Return the intervals between successive times, ms; whole samples, so that none falls beside its bin."""
    samples = np.rint(np.diff(times_s) * sample_rate)
    intervals: FloatArray = samples * 1e3 / sample_rate
    return intervals


def middles_s(times_s: FloatArray) -> FloatArray:
    """Return the middle of each interval, s."""
    middles: FloatArray = (times_s[1:] + times_s[:-1]) / 2
    return middles


def violations(intervals: FloatArray, refractory_ms: float) -> IntArray:
    """Return which intervals, ms, are below the refractory period."""
    return np.flatnonzero(intervals < refractory_ms)


def next_violation(moments_s: FloatArray, time_s: float, step: int, tolerance_s: float) -> int:
    """Return the place of the first moment after (`step` 1) or before (-1) a time; it wraps.

    moments_s : (n,) ascending, n > 0; tolerance_s : a moment so near is where we are
    """
    if step > 0:
        return int(np.searchsorted(moments_s, time_s + tolerance_s, side="right")) % len(moments_s)
    return (int(np.searchsorted(moments_s, time_s - tolerance_s, side="left")) - 1) % len(moments_s)
