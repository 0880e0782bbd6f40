"""Compiled search of a bank of filters, only where what is there may reach the threshold."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _energies(responses, low, high, out):  # type: ignore[no-untyped-def]
    """Sum of squares of some rows of (N, T) at each sample."""
    out[:] = 0
    for c in range(low, high):
        row = responses[c]
        for t in range(out.size):
            out[t] += row[t] * row[t]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _add_row(out, row, weight):  # type: ignore[no-untyped-def]
    for t in range(out.size):
        out[t] += weight * row[t]


@njit(cache=True, nogil=True)
def search(responses, both, least, groups, filters, rows, weights, best, which):  # type: ignore[no-untyped-def]
    """Find the best filter of each slab at each sample, where it reaches a score.

    A filter of norm 1 gives no more than the root of the sum of squares of what it adds up, so that most are not tried.

    responses : (P, N, T) float32, of each prototype on each channel, noise of 1
    both : whether filters upside down count, too; least : score from which they do
    groups : (n, 5) int64, of filters: their slab, first and last channel that they use, first and last filter
    filters : (M + 1,) int64, where the rows (channels) and weights of each filter begin
    best : (G, T) float32, the score, with its sign; 0 where it is less; which : (G, T) int32, prototype * M + filter
    """
    n_filters, n = filters.size - 1, responses.shape[2]
    energies, scores = np.empty(n, np.float32), np.empty(n, np.float32)
    best[:] = 0
    for number in range(len(groups)):
        g, low, high, begin, end = groups[number]
        for p in range(responses.shape[0]):
            _energies(responses[p], low, high, energies)
            t = 0
            while t < n:
                if energies[t] < max(least, abs(best[g, t])) ** 2:
                    t += 1
                    continue
                first = t
                while t < n and energies[t] >= max(least, abs(best[g, t])) ** 2:
                    t += 1
                some = scores[: t - first]
                for m in range(begin, end):
                    some[:] = 0
                    for i in range(filters[m], filters[m + 1]):
                        _add_row(some, responses[p, rows[i], first:t], weights[i])
                    for s in range(t - first):
                        size = abs(some[s]) if both else some[s]
                        if size >= least and size > abs(best[g, first + s]):
                            best[g, first + s], which[g, first + s] = some[s], p * n_filters + m


@njit(cache=True, nogil=True)
def peaks(best, first, stop, slabs, times):  # type: ignore[no-untyped-def]
    """Write where rows of (G, T) are largest in time, in the order of samples; returns how many there are.

    A sample is larger than the one before it, and not smaller than the one after.
    """
    n = 0
    for t in range(max(first, 1), min(stop, best.shape[1] - 1)):
        for g in range(best.shape[0]):
            here = abs(best[g, t])
            if here > 0 and here > abs(best[g, t - 1]) and here >= abs(best[g, t + 1]):
                if n < times.size:
                    slabs[n], times[n] = g, t
                n += 1
    return n


@njit(cache=True, nogil=True)
def overshadowed(times, places, sizes, near, reach, ratio, out):  # type: ignore[no-untyped-def]
    """Mark what is near another one that is so many times larger: filters answer to all parts of its waveform.

    times : (n,) ascending; near : (m, m) uint8, by place; out : (n,) uint8
    """
    first = 0
    for i in range(times.size):
        while times[first] < times[i] - reach:
            first += 1
        out[i] = 0
        j = first
        while j < times.size and times[j] <= times[i] + reach:
            if sizes[j] > ratio * sizes[i] and near[places[i], places[j]]:
                out[i] = 1
                break
            j += 1
