"""Compiled refinement of a pursuit: amplitudes of overlapping spikes together, and spikes changed for better ones.

Arguments are those of `_kernels_pursuit`; spikes are (n, 2) int64, time and unit, sizes (n,) float64, amplitudes.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit

from phy_medicine.compute.sorting._kernels_pursuit import add_spike, amplitude_of, close, gain_of


@njit(cache=True, nogil=True)
def overlaps(spikes, starts, units, values, first, others, common):  # type: ignore[no-untyped-def]
    """List, for spikes in order of time, the others that they overlap; returns how many there are.

    first : (n + 1,) int64, where the others of each begin; others, common : their rows, and the correlation of the two
        templates; both may be too short, of which the returned number tells
    """
    reach, n, count = (values.shape[1] - 1) // 2, spikes.shape[0], 0
    begin = 0
    for i in range(n):
        first[i] = count
        time, k = spikes[i, 0], spikes[i, 1]
        while spikes[begin, 0] < time - reach:
            begin += 1
        j = begin
        while j < n and spikes[j, 0] <= time + reach:
            if j != i:
                pair = find(units, starts[k], starts[k + 1], spikes[j, 1])
                if pair >= 0:
                    if count < others.size:
                        others[count], common[count] = j, values[pair, spikes[j, 0] - time + reach]
                    count += 1
            j += 1
    first[n] = count
    return count


@njit(cache=True, nogil=True)
def find(units, start, stop, j):  # type: ignore[no-untyped-def]
    """Place of a unit among ascending ones, -1 where it is not."""
    end = stop
    while start < stop:
        middle = (start + stop) // 2
        if units[middle] < j:
            start = middle + 1
        else:
            stop = middle
    return start if start < end and units[start] == j else -1


@njit(cache=True, nogil=True)
def solve_together(spikes, sizes, left, first, others, common, judge, n_sweeps, tolerance):  # type: ignore[no-untyped-def]
    """Find the amplitudes that are best together, one after the other until they stay; returns the sweeps that took.

    left : (n,) float64, score of each spike after all are taken out, kept up with the amplitudes
    """
    for sweep in range(n_sweeps):
        largest = 0.0
        for i in range(sizes.size):
            new = amplitude_of(left[i] + sizes[i], judge[spikes[i, 1]])
            change = new - sizes[i]
            if abs(change) < tolerance and new > 0.0:
                continue
            sizes[i] = new
            left[i] -= change
            for p in range(first[i], first[i + 1]):
                left[others[p]] -= change * common[p]
            largest = max(largest, abs(change))
        if largest < tolerance:
            return sweep + 1
    return n_sweeps


@njit(cache=True, nogil=True)
def worthless(spikes, sizes, left, first, others, common, judge, gone):  # type: ignore[no-untyped-def]
    """Mark spikes that are worth nothing beside the others, the weakest of neighbours first; returns how many."""
    n = 0
    for i in range(sizes.size):
        gain = gain_of(left[i] + sizes[i], judge[spikes[i, 1]])
        if gain > 0:
            continue
        weakest = True
        for p in range(first[i], first[i + 1]):
            j = others[p]
            if not gone[j]:
                other = gain_of(left[j] + sizes[j], judge[spikes[j, 1]])
                weakest &= not (other < gain or (other == gain and j < i))
        if weakest and not gone[i]:
            gone[i] = 1
            n += 1
    return n


@njit(cache=True, nogil=True, inline="always")
def _score_worth(gain, judge):  # type: ignore[no-untyped-def]
    """A score that is surely worth no more than a gain, the threshold at least."""
    below = judge[4] ** 2 - 4 * judge[5] * (judge[3] - gain)
    return max(judge[0], (sqrt(max(below, 0.0)) - judge[4]) / (2 * judge[5]))


@njit(cache=True, nogil=True, inline="always")
def _best_place(row, closed, size, value, least):  # type: ignore[no-untyped-def]
    """Highest score of a row after a spike is put back, and where; -1 where none is above the least."""
    threshold, n_above = np.float32(least), np.int32(0)
    for t in range(row.size):  # without a branch: many at once
        n_above += np.int32(row[t] + size * value[t] >= threshold)
    high, place = least, -1
    for t in range(row.size if n_above else 0):
        if row[t] + size * value[t] > high and closed[t] == 0:
            high, place = float(row[t] + size * value[t]), t
    return high, place


@njit(cache=True, nogil=True)
def replace(
    scores, taken, judge, starts, units, values, peaks, min_isi, block, changed, best_time, spikes, sizes, reach
):  # type: ignore[no-untyped-def]
    """Give each spike to the unit and sample within `reach` that explain it best, once; returns how many moved.

    peaks : (n_pairs,) float32, largest of the values within `reach`. After a pursuit no score is above its threshold,
        so that a unit whose peak is too small for the spike cannot explain it, and is not looked at.
    """
    moved, width = 0, (values.shape[1] - 1) // 2
    for i in range(sizes.size):
        time, k = spikes[i, 0], spikes[i, 1]
        close(taken, k, time, min_isi, -1)
        best, unit, place = gain_of(scores[k, time] + sizes[i], judge[k]), k, time
        low, stop = max(0, time - reach), min(scores.shape[1], time + reach + 1)
        size = np.float32(sizes[i])
        for pair in range(starts[k], starts[k + 1]):
            j = units[pair]
            least = _score_worth(best, judge[j])
            if judge[j, 0] + sizes[i] * peaks[pair] <= least:
                continue
            value = values[pair, low - time + width : stop - time + width]
            high, at = _best_place(scores[j, low:stop], taken[j, low:stop], size, value, least)
            gain = gain_of(high, judge[j]) if at >= 0 else best
            if gain > best:
                best, unit, place = gain, j, low + at
        if unit != k or place != time:
            add_spike(scores, judge, starts, units, values, block, changed, best_time, k, time, -sizes[i])
            sizes[i] = amplitude_of(float(scores[unit, place]), judge[unit])
            add_spike(scores, judge, starts, units, values, block, changed, best_time, unit, place, sizes[i])
            spikes[i, 0], spikes[i, 1] = place, unit
            moved += 1
        close(taken, unit, place, min_isi, 1)
    return moved


@njit(cache=True, nogil=True)
def change_spikes(scores, judge, starts, units, values, block, changed, best_time, spikes, changes):  # type: ignore[no-untyped-def]
    """Add to the amplitudes of spikes."""
    for i in range(changes.size):
        if changes[i] != 0.0:
            time, k = spikes[i, 0], spikes[i, 1]
            add_spike(scores, judge, starts, units, values, block, changed, best_time, k, time, changes[i])


@njit(cache=True, nogil=True)
def gains(scores, spikes, judge):  # type: ignore[no-untyped-def]
    """What spikes are worth, (n,), given the score of each without itself."""
    out = np.empty(scores.size)
    for i in range(scores.size):
        out[i] = gain_of(scores[i], judge[spikes[i, 1]])
    return out
