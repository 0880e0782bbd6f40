"""Compiled test of whether a histogram has one mode."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def rising(values, fit, errors):  # type: ignore[no-untyped-def]
    """Fit values by ones that never fall; errors[i] is the squared error of the best fit of values[: i + 1]."""
    means, sizes, costs = np.empty(values.size), np.empty(values.size, np.int64), np.empty(values.size)
    n, total = 0, 0.0
    for i in range(values.size):
        mean, size, cost = values[i], 1, 0.0
        while n and means[n - 1] >= mean:
            total -= costs[n - 1]
            both = sizes[n - 1] + size
            cost += costs[n - 1] + (means[n - 1] - mean) ** 2 * sizes[n - 1] * size / both
            mean = (means[n - 1] * sizes[n - 1] + mean * size) / both
            size = both
            n -= 1
        means[n], sizes[n], costs[n] = mean, size, cost
        n += 1
        total += cost
        errors[i] = total
    i = 0
    for b in range(n):
        fit[i : i + sizes[b]] = means[b]
        i += sizes[b]


@njit(cache=True, nogil=True)
def unimodal(counts):  # type: ignore[no-untyped-def]
    """Return the nearest histogram that rises up to a bin and falls after it."""
    n = counts.size
    fit, left, right = np.empty(n), np.empty(n), np.empty(n)
    rising(counts, fit, left)
    rising(counts[::-1].copy(), fit, right)
    best, peak = np.inf, 0
    for i in range(n):
        error = left[i] + (right[n - 2 - i] if i + 1 < n else 0.0)
        if error < best:
            best, peak = error, i
    out, scratch = np.empty(n), np.empty(n)
    rising(counts[: peak + 1].copy(), out[: peak + 1], scratch)
    if peak + 1 < n:
        falling = np.empty(n - 1 - peak)
        rising(counts[peak + 1 :][::-1].copy(), falling, scratch)
        out[peak + 1 :] = falling[::-1]
    return out
