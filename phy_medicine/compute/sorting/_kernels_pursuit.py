"""Compiled pursuit: spikes of all units at once are taken out of the scores, the largest of each neighbourhood first.

Scores are (K, T). Each row is cut into blocks as long as a neighbourhood reaches, and of each block the best sample is
remembered; after spikes have been taken out only the blocks that they reach are searched again. `taken` (K, T) counts
the spikes of the unit that a sample is too near to. `judge` (K, 8) holds for each unit what `Prior.coefficients` gives.
"""

from __future__ import annotations

from math import erfc, inf, log, sqrt

import numpy as np
from numba import njit

_ROOT_HALF = sqrt(0.5)


@njit(cache=True, nogil=True, inline="always")
def amplitude_of(score, judge):  # type: ignore[no-untyped-def]
    """Most probable amplitude of a spike with this score."""
    return max(0.0, judge[1] + judge[2] * score)


@njit(cache=True, nogil=True, inline="always")
def gain_of(score, judge):  # type: ignore[no-untyped-def]
    """What a spike with this score is worth; -inf up to the threshold."""
    if score <= judge[0]:
        return -inf
    gain, above_zero = judge[3] + score * (judge[4] + score * judge[5]), judge[6] + judge[7] * score
    # Beyond 7 standard deviations the amplitude is above 0 for sure, to a part in 10^11.
    return gain if above_zero > 7.0 else gain + log(0.5 * erfc(-above_zero * _ROOT_HALF))


@njit(cache=True, nogil=True)
def search(scores, taken, judge, block, k, b, best_time, best_gain):  # type: ignore[no-untyped-def]
    """Remember the best sample of a block of one unit, the earliest of several."""
    start, stop = b * block, min((b + 1) * block, scores.shape[1])
    row, closed = scores[k, start:stop], taken[k, start:stop]
    high, place, n_above = judge[k, 0], -1, 0
    threshold = np.float32(high)
    for i in range(row.size):  # without a branch: many at once
        n_above += row[i] >= threshold
    if n_above:
        for i in range(row.size):
            if row[i] > high and closed[i] == 0:
                high, place = row[i], start + i
    best_time[b, k] = place
    best_gain[b, k] = gain_of(float(high), judge[k]) if place >= 0 else -inf


@njit(cache=True, nogil=True)
def search_changed(scores, taken, judge, block, changed, best_time, best_gain, active):  # type: ignore[no-untyped-def]
    """Search all changed blocks, forget that they changed, and mark them and their neighbours as active.

    changed : (n_blocks, K + 1), the last column says whether any unit's has
    """
    n_blocks, n_units = best_time.shape
    active[:] = 0
    for b in range(n_blocks):
        if not changed[b, n_units]:
            continue
        for k in range(n_units):
            if changed[b, k]:
                search(scores, taken, judge, block, k, b, best_time, best_gain)
        changed[b] = 0
        active[max(0, b - 1) : b + 2] = 1


@njit(cache=True, nogil=True, inline="always")
def _precedes(gain, time, unit, other_gain, other_time, other_unit):  # type: ignore[no-untyped-def]
    """Whether the other comes first: the larger gain, then the earlier sample, then the lower unit."""
    if other_gain != gain:
        return other_gain > gain
    if other_time != time:
        return other_time < time
    return other_unit < unit


@njit(cache=True, nogil=True)
def is_largest(scores, taken, judge, block, reach, starts, units, k, b, best_time, best_gain):  # type: ignore[no-untyped-def]
    """Whether the best sample of a block has no better one of a unit with common channels within `reach` samples."""
    time, gain, n_blocks = best_time[b, k], best_gain[b, k], best_time.shape[0]
    for pair in range(starts[k], starts[k + 1]):
        j = units[pair]
        for near in range(max(0, b - 1), min(n_blocks, b + 2)):
            other = best_time[near, j]
            if other < 0 or not _precedes(gain, time, k, best_gain[near, j], other, j):
                continue
            if abs(other - time) <= reach:
                return False
            # The best of the block is out of reach; the best that is in reach may still come first.
            high, place = judge[j, 0], -1
            low, stop = max(near * block, time - reach), min((near + 1) * block, time + reach + 1, scores.shape[1])
            for t in range(low, stop):
                if scores[j, t] > high and taken[j, t] == 0:
                    high, place = scores[j, t], t
            if place >= 0 and _precedes(gain, time, k, gain_of(float(high), judge[j]), place, j):
                return False
    return True


@njit(cache=True, nogil=True)
def add_spike(scores, starts, units, values, block, changed, k, time, amplitude):  # type: ignore[no-untyped-def]
    """Take a spike out of the scores (with a negative amplitude, put it back) and mark the blocks it reaches."""
    reach, n_samples = (values.shape[1] - 1) // 2, scores.shape[1]
    low, stop = max(0, time - reach), min(n_samples, time + reach + 1)
    size = np.float32(amplitude)
    for pair in range(starts[k], starts[k + 1]):
        j = units[pair]
        row, value = scores[j, low:stop], values[pair, low - time + reach : stop - time + reach]
        for i in range(row.size):
            row[i] -= size * value[i]
        changed[low // block : (stop - 1) // block + 1, j] = 1
    changed[low // block : (stop - 1) // block + 1, -1] = 1


@njit(cache=True, nogil=True)
def close(taken, k, time, min_isi, by):  # type: ignore[no-untyped-def]
    """Close the samples near a spike of a unit, or with -1 open them again."""
    for t in range(max(0, time - min_isi + 1), min(taken.shape[1], time + min_isi)):
        taken[k, t] += by


@njit(cache=True, nogil=True)
def pursue(
    scores,
    taken,
    judge,
    starts,
    units,
    values,
    shares,
    min_isi,
    max_rounds,
    block,
    changed,
    best_time,
    best_gain,
    active,
    spikes,
    sizes,
    n,
):  # type: ignore[no-untyped-def]
    """Take out spikes until there is none left; returns how many there are then, and how many more may be needed.

    shares : (K, K) uint8, whether two units have common channels
    spikes : (n_max, 2) int64, time and unit, sizes : (n_max,) float64, amplitudes; n of both are filled. Where there
        is no place for all spikes of a round, none of it is taken, and room for as many more is needed as returned.
    """
    for _ in range(max_rounds):
        search_changed(scores, taken, judge, block, changed, best_time, best_gain, active)
        room = n
        for b in range(best_time.shape[0]):
            if active[b]:
                for k in range(best_time.shape[1]):
                    room += best_time[b, k] >= 0
        if room > sizes.size:
            for b in range(best_time.shape[0]):
                changed[b, 0] |= active[b]
                changed[b, -1] |= active[b]
            return n, room - n
        before = n
        for b in range(best_time.shape[0]):
            if not active[b]:
                continue
            top = best_gain[b].argmax()
            for k in range(best_time.shape[1]):
                if best_time[b, k] < 0 or (shares[k, top] and best_gain[b, k] < best_gain[b, top]):
                    continue
                if is_largest(scores, taken, judge, block, block, starts, units, k, b, best_time, best_gain):
                    spikes[n, 0], spikes[n, 1] = best_time[b, k], k
                    sizes[n] = amplitude_of(float(scores[k, best_time[b, k]]), judge[k])
                    n += 1
        if n == before:
            break
        for i in range(before, n):
            add_spike(scores, starts, units, values, block, changed, spikes[i, 1], spikes[i, 0], sizes[i])
            close(taken, spikes[i, 1], spikes[i, 0], min_isi, 1)
    return n, 0


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


@njit(cache=True, nogil=True)
def replace(scores, taken, judge, starts, units, values, min_isi, block, changed, spikes, sizes, reach):  # type: ignore[no-untyped-def]
    """Give each spike to the unit and sample within `reach` that explain it best, once; returns how many moved."""
    moved, width = 0, (values.shape[1] - 1) // 2
    for i in range(sizes.size):
        time, k = spikes[i, 0], spikes[i, 1]
        close(taken, k, time, min_isi, -1)
        best, unit, place = gain_of(scores[k, time] + sizes[i], judge[k]), k, time
        low, stop = max(0, time - reach), min(scores.shape[1], time + reach + 1)
        for pair in range(starts[k], starts[k + 1]):
            j = units[pair]
            row, value = scores[j, low:stop], values[pair, low - time + width : stop - time + width]
            size, threshold, n_above = np.float32(sizes[i]), np.float32(judge[j, 0]), 0
            for t in range(row.size):  # without a branch: many at once
                n_above += row[t] + size * value[t] >= threshold
            high, at = judge[j, 0], -1
            for t in range(row.size if n_above else 0):
                if row[t] + size * value[t] > high and taken[j, low + t] == 0:
                    high, at = row[t] + size * value[t], low + t
            gain = gain_of(float(high), judge[j])
            if gain > best:
                best, unit, place = gain, j, at
        if unit != k or place != time:
            add_spike(scores, starts, units, values, block, changed, k, time, -sizes[i])
            sizes[i] = amplitude_of(float(scores[unit, place]), judge[unit])
            add_spike(scores, starts, units, values, block, changed, unit, place, sizes[i])
            spikes[i, 0], spikes[i, 1] = place, unit
            moved += 1
        close(taken, unit, place, min_isi, 1)
    return moved


@njit(cache=True, nogil=True)
def change_spikes(scores, starts, units, values, block, changed, spikes, changes):  # type: ignore[no-untyped-def]
    """Add to the amplitudes of spikes."""
    for i in range(changes.size):
        if changes[i] != 0.0:
            add_spike(scores, starts, units, values, block, changed, spikes[i, 1], spikes[i, 0], changes[i])


@njit(cache=True, nogil=True)
def gains(scores, spikes, judge):  # type: ignore[no-untyped-def]
    """What spikes are worth, (n,), given the score of each without itself."""
    out = np.empty(scores.size)
    for i in range(scores.size):
        out[i] = gain_of(scores[i], judge[spikes[i, 1]])
    return out
