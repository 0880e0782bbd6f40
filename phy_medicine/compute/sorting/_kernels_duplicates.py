"""Compiled choice among spikes that are too close."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def keep_largest(times, order, apart, keep):  # type: ignore[no-untyped-def]
    """Clear `keep` of every spike less than `apart` samples from one that comes earlier in `order` and is kept."""
    for row in order:
        if not keep[row]:
            continue
        j = row - 1
        while j >= 0 and times[row] - times[j] < apart:
            keep[j] = False
            j -= 1
        j = row + 1
        while j < times.size and times[j] - times[row] < apart:
            keep[j] = False
            j += 1


@njit(cache=True, nogil=True)
def near_any(times, others, reach, near):  # type: ignore[no-untyped-def]
    """Set `near` of every spike that has one of the others within `reach` samples."""
    j = 0
    for i in range(times.size):
        while j < others.size and others[j] < times[i] - reach:
            j += 1
        near[i] = j < others.size and others[j] <= times[i] + reach
