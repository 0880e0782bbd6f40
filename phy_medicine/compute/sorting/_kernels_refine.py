"""Compiled refinement of a pursuit: amplitudes of overlapping spikes together, and spikes changed for better ones.

Arguments are those of `_kernels_pursuit`.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit

from phy_medicine.compute.sorting._kernels_pursuit import (
    add_spike,
    amplitude_of,
    close,
    gain_of,
    is_shifted,
    place_between,
    pursue_all,
    shift_values,
)

SAME = 0.02
"""Of the taps: a spike that would move by less between samples stays."""


@njit(cache=True, nogil=True)
def overlaps(spikes, taps, links, first, others, common):  # type: ignore[no-untyped-def]
    """List, for spikes in order of time, the others that they overlap; returns how many there are.

    first : (n + 1,) int64, where the others of each begin; others, common : their rows, and the correlation of the two
        templates; both may be too short, of which the returned number tells
    """
    starts, units, values, _, _, _ = links
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
                        lag = spikes[j, 0] - time + reach
                        others[count], common[count] = j, _common(values[pair], lag, taps[i], taps[j])
                    count += 1
            j += 1
    first[n] = count
    return count


@njit(cache=True, nogil=True, inline="always")
def _common(value, lag, taps, other):  # type: ignore[no-untyped-def]
    """Correlation of two spikes, given that of their templates at samples."""
    if not (is_shifted(taps) or is_shifted(other)):
        return value[lag]
    total = np.float32(0.0)
    for m in range(3):
        for n in range(3):
            at = lag + n - m
            if 0 <= at < value.size:
                total += np.float32(taps[m] * other[n]) * value[at]
    return total


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
def left_at(scores, spikes, taps, out):  # type: ignore[no-untyped-def]
    """Set the score of each spike in what is left of the data."""
    for i in range(out.size):
        time, row = spikes[i, 0], scores[spikes[i, 1]]
        out[i] = taps[i, 1] * row[time]
        if is_shifted(taps[i]):
            out[i] += taps[i, 0] * row[time - 1] + taps[i, 2] * row[time + 1]


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
def score_worth(gain, judge):  # type: ignore[no-untyped-def]
    """Return a score that is surely worth no more than a gain, the threshold at least."""
    below = judge[4] ** 2 - 4 * judge[5] * (judge[3] - gain)
    return max(judge[0], (sqrt(max(below, 0.0)) - judge[4]) / (2 * judge[5]))


@njit(cache=True, nogil=True, inline="always")
def _best_place(row, closed, size, value, least):  # type: ignore[no-untyped-def]
    """Where the score of a row is highest after a spike is put back; -1 where none is above the least."""
    threshold, n_above = np.float32(least), np.int32(0)
    for t in range(row.size):  # without a branch: many at once
        n_above += np.int32(row[t] + size * value[t] >= threshold)
    high, place = least, -1
    for t in range(row.size if n_above else 0):
        if row[t] + size * value[t] > high and closed[t] == 0:
            high, place = float(row[t] + size * value[t]), t
    return place


@njit(cache=True, nogil=True, inline="always")
def _place_back(row, time, size, value, lag, own, taps):  # type: ignore[no-untyped-def]
    """Set the taps of a spike after another is put back, whose value is at a lag; returns its score."""
    here = float(row[time] + size * value[lag])
    taps[0], taps[1], taps[2] = 0.0, 1.0, 0.0
    if here < own[2] or not (0 < time < row.size - 1 and 0 < lag < value.size - 1):
        return here
    before, after = row[time - 1] + size * value[lag - 1], row[time + 1] + size * value[lag + 1]
    return place_between(float(before), here, float(after), own, taps)


@njit(cache=True, nogil=True)
def replace(board, judge, links, min_isi, block, spikes, sizes, taps):  # type: ignore[no-untyped-def]
    """Give each spike to the unit and sample within `min_isi` that explain it best, once; returns how many moved.

    After a pursuit no score is above its threshold, so that a unit whose correlation with the spike is too small cannot
    explain it, and is not looked at.
    """
    scores, taken, (starts, units, values, peaks, _, own) = board.scores, board.taken, links
    moved, width, n_samples = 0, (values.shape[1] - 1) // 2, scores.shape[1]
    between, tried, best_taps = np.empty(2 * width + 1, np.float32), np.empty(3), np.empty(3)
    for i in range(sizes.size):
        time, k, size, shifted = spikes[i, 0], spikes[i, 1], np.float32(sizes[i]), is_shifted(taps[i])
        close(taken, k, time, min_isi, -1)
        low, stop = max(0, time - min_isi), min(n_samples, time + min_isi + 1)
        value = values[find(units, starts[k], starts[k + 1], k)]
        if shifted:
            shift_values(value, taps[i], between)
            value = between
        best = gain_of(_place_back(scores[k], time, size, value, width, own[k], best_taps), judge[k])
        unit, place = k, time
        for pair in range(starts[k], starts[k + 1]):
            j, value = units[pair], values[pair]
            least = score_worth(best, judge[j])
            if judge[j, 0] + sizes[i] * peaks[pair] <= least:
                continue
            if shifted:
                shift_values(value, taps[i], between)
                value = between
            part = value[low - time + width : stop - time + width]
            at = _best_place(scores[j, low:stop], taken[j, low:stop], size, part, least)
            if at < 0 or (j == k and low + at == time):
                continue
            lag = low + at - time + width
            gain = gain_of(_place_back(scores[j], low + at, size, value, lag, own[j], tried), judge[j])
            if gain > best:
                best, unit, place = gain, j, low + at
                best_taps[:] = tried
        moves = unit != k or place != time
        if moves or abs(best_taps[0] - taps[i, 0]) + abs(best_taps[2] - taps[i, 2]) > SAME:
            moved += moves
            _move(board, judge, links, block, spikes[i], sizes, i, taps[i], unit, place, best_taps)
        close(taken, unit, place, min_isi, 1)
    return moved


@njit(cache=True, nogil=True)
def _move(board, judge, links, block, spike, sizes, i, taps, unit, place, new_taps):  # type: ignore[no-untyped-def]
    """Put a spike back, and take another out instead."""
    add_spike(board, judge, links, block, spike[1], spike[0], -sizes[i], taps)
    score, row = 0.0, board.scores[unit]
    for m in range(3):
        if new_taps[m] != 0.0:
            score += new_taps[m] * row[place + m - 1]
    spike[0], spike[1], sizes[i] = place, unit, amplitude_of(score, judge[unit])
    taps[:] = new_taps
    add_spike(board, judge, links, block, unit, place, sizes[i], taps)


@njit(cache=True, nogil=True)
def neighbours(spikes, taps, links):  # type: ignore[no-untyped-def]
    """Return the other spikes that each overlaps, as `overlaps` lists them."""
    first, n = np.zeros(spikes.shape[0] + 1, np.int64), 16 * spikes.shape[0] + 16
    while True:
        others, common = np.empty(n, np.int64), np.empty(n, np.float32)
        count = overlaps(spikes, taps, links, first, others, common)
        if count <= n:
            return first, others, common
        n = count


@njit(cache=True, nogil=True)
def settle(board, judge, links, block, min_isi, n_sweeps, tolerance, spikes, sizes, taps):  # type: ignore[no-untyped-def]
    """Find all amplitudes together, without the spikes that are then worth nothing.

    Returns spikes in order of time and unit, sizes, taps, what they are worth, how much of the data each explains, and
    by how much each has changed in size, which the scores do not know yet.
    """
    while True:
        order = np.argsort(spikes[:, 0] * judge.shape[0] + spikes[:, 1])
        spikes, sizes, taps = spikes[order], sizes[order], taps[order]
        first, others, common = neighbours(spikes, taps, links)
        left, before = np.empty(sizes.size), sizes.copy()
        left_at(board.scores, spikes, taps, left)
        solve_together(spikes, sizes, left, first, others, common, judge, n_sweeps, tolerance)
        gone = np.zeros(sizes.size, np.uint8)
        if not worthless(spikes, sizes, left, first, others, common, judge, gone):
            break
        change_spikes(board, judge, links, block, spikes, np.where(gone > 0, 0.0, sizes) - before, taps)
        for i in np.flatnonzero(gone):
            close(board.taken, spikes[i, 1], spikes[i, 0], min_isi, -1)
        kept = np.flatnonzero(gone == 0)
        spikes, sizes, taps = spikes[kept], sizes[kept], taps[kept]
    worth, explained = np.empty(sizes.size), np.empty(sizes.size)
    value_spikes(spikes, sizes, left, first, others, common, judge, worth, explained)
    return spikes, sizes, taps, worth, explained, sizes - before


@njit(cache=True, nogil=True)
def value_spikes(spikes, sizes, left, first, others, common, judge, worth, explained):  # type: ignore[no-untyped-def]
    """Set what spikes are worth beside the others, and how much of the data each explains."""
    for i in range(sizes.size):
        worth[i] = gain_of(left[i] + sizes[i], judge[spikes[i, 1]])
        explained[i] = sizes[i] * (2.0 * left[i] + sizes[i])
        for p in range(first[i], first[i + 1]):
            explained[i] += sizes[i] * common[p] * sizes[others[p]]


@njit(cache=True, nogil=True)
def find_spikes(board, judge, links, block, min_isi, max_rounds, n_refinements, n_sweeps, tolerance, room, last):  # type: ignore[no-untyped-def]
    """Take spikes out, then refine them as often as said; returns what `settle` does but the changes.

    room : spikes that there is room for at first; last : the scores are not needed afterwards
    """
    spikes, sizes, taps = np.empty((0, 2), np.int64), np.empty(0), np.empty((0, 3))
    for refinement in range(n_refinements + 1):
        spikes, sizes, taps = pursue_all(board, judge, links, min_isi, max_rounds, block, spikes, sizes, taps, room)
        spikes, sizes, taps, worth, explained, changes = settle(
            board, judge, links, block, min_isi, n_sweeps, tolerance, spikes, sizes, taps
        )
        if refinement < n_refinements or not last:
            change_spikes(board, judge, links, block, spikes, changes, taps)
        if refinement < n_refinements:
            replace(board, judge, links, min_isi, block, spikes, sizes, taps)
    return spikes, sizes, taps, worth, explained


@njit(cache=True, nogil=True)
def change_spikes(board, judge, links, block, spikes, changes, taps):  # type: ignore[no-untyped-def]
    """Add to the amplitudes of spikes."""
    for i in range(changes.size):
        if changes[i] != 0.0:
            add_spike(board, judge, links, block, spikes[i, 1], spikes[i, 0], changes[i], taps[i])
