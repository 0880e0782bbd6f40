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
    # Beyond 5 standard deviations the amplitude is above 0 for sure, to a part in 3 million.
    return gain if above_zero > 5.0 else gain + log(0.5 * erfc(-above_zero * _ROOT_HALF))


@njit(cache=True, nogil=True, inline="always")
def count_above(row, threshold):  # type: ignore[no-untyped-def]
    """How many samples are as high as a threshold."""
    n_above = np.int32(0)
    for i in range(row.size):  # without a branch: many at once
        n_above += np.int32(row[i] >= threshold)
    return n_above


@njit(cache=True, nogil=True, inline="always")
def search(scores, taken, judge, block, k, b, best_time, best_gain):  # type: ignore[no-untyped-def]
    """Remember the best sample of a block of one unit, the earliest of several."""
    start, stop = b * block, min((b + 1) * block, scores.shape[1])
    row, closed = scores[k, start:stop], taken[k, start:stop]
    high, place = judge[k, 0], -1
    if count_above(row, np.float32(high)):
        for i in range(row.size):
            if row[i] > high and closed[i] == 0:
                high, place = row[i], start + i
    best_time[b, k] = place
    best_gain[b, k] = gain_of(float(high), judge[k]) if place >= 0 else -inf


@njit(cache=True, nogil=True)
def search_changed(scores, taken, judge, block, changed, best_time, best_gain, top, active):  # type: ignore[no-untyped-def]
    """Search all changed blocks, forget that they changed, and mark them and their neighbours as active.

    changed : (K, n_blocks); top : (n_blocks,) int64, the unit of the best spike of each block
    """
    n_units, n_blocks = changed.shape
    active[:] = 0
    for k in range(n_units):
        for b in range(n_blocks):
            if changed[k, b]:
                changed[k, b] = 0
                search(scores, taken, judge, block, k, b, best_time, best_gain)
                active[max(0, b - 1) : b + 2] = 1
    for b in range(n_blocks):
        if active[b]:
            top[b] = 0
            for k in range(1, n_units):
                if best_gain[b, k] > best_gain[b, top[b]]:
                    top[b] = k


@njit(cache=True, nogil=True, inline="always")
def _precedes(gain, time, unit, other_gain, other_time, other_unit):  # type: ignore[no-untyped-def]
    """Whether the other comes first: the larger gain, then the earlier sample, then the lower unit."""
    if other_gain != gain:
        return other_gain > gain
    if other_time != time:
        return other_time < time
    return other_unit < unit


@njit(cache=True, nogil=True)
def is_largest(scores, taken, judge, block, reach, starts, units, k, b, best_time, best_gain, top):  # type: ignore[no-untyped-def]
    """Whether the best sample of a block has no better one of a unit with common channels within `reach` samples."""
    time, gain, n_blocks = best_time[b, k], best_gain[b, k], best_time.shape[0]
    for near in range(max(0, b - 1), min(n_blocks, b + 2)):
        if best_gain[near, top[near]] < gain:
            continue
        for pair in range(starts[k], starts[k + 1]):
            j = units[pair]
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


@njit(cache=True, nogil=True, fastmath={"contract"}, inline="always")
def _subtract(row, size, value, threshold):  # type: ignore[no-untyped-def]
    """Subtract size times value from a row; returns how many samples are then as high as a threshold."""
    n_above = np.int32(0)
    for i in range(row.size):  # without a branch: many at once
        left = row[i] - size * value[i]
        row[i] = left
        n_above += np.int32(left >= threshold)
    return n_above


@njit(cache=True, nogil=True, fastmath={"contract"})
def add_spike(scores, judge, starts, units, values, block, changed, best_time, k, time, amplitude):  # type: ignore[no-untyped-def]
    """Take a spike out of the scores (with a negative amplitude, put it back) and mark the blocks that it changes.

    Blocks that had no place for a spike, and have none then, are not marked.
    """
    reach, n_samples = (values.shape[1] - 1) // 2, scores.shape[1]
    low, stop = max(0, time - reach), min(n_samples, time + reach + 1)
    first, last = low // block, (stop - 1) // block
    size = np.float32(amplitude)
    for pair in range(starts[k], starts[k + 1]):
        j = units[pair]
        value = values[pair, low - time + reach : stop - time + reach]
        if _subtract(scores[j, low:stop], size, value, np.float32(judge[j, 0])):
            changed[j, first : last + 1] = 1
        else:
            for b in range(first, last + 1):
                changed[j, b] |= best_time[b, j] >= 0


@njit(cache=True, nogil=True)
def close(taken, k, time, min_isi, by):  # type: ignore[no-untyped-def]
    """Close the samples near a spike of a unit, or with -1 open them again."""
    for t in range(max(0, time - min_isi + 1), min(taken.shape[1], time + min_isi)):
        taken[k, t] += by


@njit(cache=True, nogil=True)
def count_candidates(best_time, active):  # type: ignore[no-untyped-def]
    """How many spikes there could be in active blocks."""
    n = 0
    for b in range(active.size):
        if active[b]:
            for k in range(best_time.shape[1]):
                n += best_time[b, k] >= 0
    return n


@njit(cache=True, nogil=True)
def take_largest(scores, taken, judge, block, starts, units, shares, best_time, best_gain, top, active, spikes, n):  # type: ignore[no-untyped-def]
    """Add spikes of active blocks that are the largest of their neighbourhoods; returns how many there are then."""
    for b in range(active.size):
        if not active[b]:
            continue
        most = best_gain[b, top[b]]
        for k in range(best_time.shape[1] if most > -inf else 0):
            if best_time[b, k] < 0 or (best_gain[b, k] < most and shares[top[b], k]):
                continue
            if is_largest(scores, taken, judge, block, block, starts, units, k, b, best_time, best_gain, top):
                spikes[n, 0], spikes[n, 1] = best_time[b, k], k
                n += 1
    return n


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
    top,
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
        search_changed(scores, taken, judge, block, changed, best_time, best_gain, top, active)
        room = n + count_candidates(best_time, active)
        if room > sizes.size:
            for b in range(active.size):
                changed[0, b] |= active[b]
            return n, room - n
        before = n
        n = take_largest(
            scores, taken, judge, block, starts, units, shares, best_time, best_gain, top, active, spikes, n
        )  # fmt: skip
        if n == before:
            break
        for i in range(before, n):
            sizes[i] = amplitude_of(float(scores[spikes[i, 1], spikes[i, 0]]), judge[spikes[i, 1]])
        for i in range(before, n):
            add_spike(
                scores, judge, starts, units, values, block, changed, best_time, spikes[i, 1], spikes[i, 0], sizes[i]
            )  # fmt: skip
            close(taken, spikes[i, 1], spikes[i, 0], min_isi, 1)
    return n, 0
