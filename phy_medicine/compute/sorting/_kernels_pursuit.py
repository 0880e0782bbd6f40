"""Compiled pursuit: spikes of all units at once are taken out of the scores, the largest of each neighbourhood first.

Scores are (K, T). Each row is cut into blocks as long as a neighbourhood reaches, and of each block the best sample is
remembered; after spikes have been taken out only the blocks that they change are searched again. `judge` (K, 8) holds
for each unit what `Prior.coefficients` gives. Spikes are (n, 2) int64, time and unit, with sizes (n,) float64, their
amplitudes, and taps (n, 3) float64: how much of the template begins a sample before, at, and after the time.
"""

from __future__ import annotations

from math import erfc, inf, log, sqrt
from typing import NamedTuple

import numpy as np
from numba import njit

from phy_medicine.base.types import FloatArray, IntArray

_ROOT_HALF = sqrt(0.5)


class Board(NamedTuple):
    """Where the pursuit of a stretch stands.

    scores : (K, T) float32; taken : (K, T) uint8, spikes of the unit that a sample is too near to
    changed : (K, n_blocks) uint8, blocks to be searched again
    best_time, best_gain : (n_blocks, K) int64 and float64, best sample of each block, -1 and -inf for none
    best_unit : (n_blocks,) int64, of the best of all; active : (n_blocks,) uint8, blocks to take spikes from
    """

    scores: FloatArray
    taken: FloatArray
    changed: IntArray
    best_time: IntArray
    best_gain: FloatArray
    best_unit: IntArray
    active: IntArray


class Links(NamedTuple):
    """How units act on each other; starts, units, values are those of `Pairs`.

    peaks : (n_pairs,) float32, largest of the values of each pair within the refractory period
    shares : (K, K) uint8, whether two units have common channels
    own : (K, 3) float64, correlation of the template with itself one and two samples later, and the score from which
        its spikes are placed between samples
    """

    starts: IntArray
    units: IntArray
    values: FloatArray
    peaks: FloatArray
    shares: IntArray
    own: FloatArray


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
def search_changed(board, judge, block):  # type: ignore[no-untyped-def]
    """Search all changed blocks, forget that they changed, and mark them and their neighbours as active."""
    scores, taken, changed, best_time, best_gain, best_unit, active = board
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
            top = 0
            for k in range(1, n_units):
                if best_gain[b, k] > best_gain[b, top]:
                    top = k
            best_unit[b] = top


@njit(cache=True, nogil=True, inline="always")
def _precedes(gain, time, unit, other_gain, other_time, other_unit):  # type: ignore[no-untyped-def]
    """Whether the other comes first: the larger gain, then the earlier sample, then the lower unit."""
    if other_gain != gain:
        return other_gain > gain
    if other_time != time:
        return other_time < time
    return other_unit < unit


@njit(cache=True, nogil=True)
def is_largest(scores, taken, judge, block, starts, units, k, b, best_time, best_gain, best_unit):  # type: ignore[no-untyped-def]
    """Whether the best sample of a block has no better one of a unit with common channels within a block's length."""
    time, gain, n_blocks = best_time[b, k], best_gain[b, k], best_time.shape[0]
    for near in range(max(0, b - 1), min(n_blocks, b + 2)):
        if best_gain[near, best_unit[near]] < gain:
            continue
        for pair in range(starts[k], starts[k + 1]):
            j = units[pair]
            other = best_time[near, j]
            if other < 0 or not _precedes(gain, time, k, best_gain[near, j], other, j):
                continue
            if abs(other - time) <= block:
                return False
            # The best of the block is out of reach; the best that is in reach may still come first.
            high, place = judge[j, 0], -1
            low, stop = max(near * block, time - block), min((near + 1) * block, time + block + 1, scores.shape[1])
            for t in range(low, stop):
                if scores[j, t] > high and taken[j, t] == 0:
                    high, place = scores[j, t], t
            if place >= 0 and _precedes(gain, time, k, gain_of(float(high), judge[j]), place, j):
                return False
    return True


@njit(cache=True, nogil=True)
def place_between(before, here, after, own, taps):  # type: ignore[no-untyped-def]
    """Set the taps of a spike at the top of the parabola through three scores; returns its score there.

    The taps interpolate the template, and keep its norm.
    """
    bend = before - 2.0 * here + after
    shift = max(-0.5, min(0.5, 0.5 * (before - after) / bend)) if bend < 0.0 else 0.0
    a, b, c = 0.5 * shift * (shift - 1.0), 1.0 - shift * shift, 0.5 * shift * (shift + 1.0)
    scale = 1.0 / sqrt(a * a + b * b + c * c + 2.0 * (a + c) * b * own[0] + 2.0 * a * c * own[1])
    taps[0], taps[1], taps[2] = a * scale, b * scale, c * scale
    return scale * (a * before + b * here + c * after)


@njit(cache=True, nogil=True, inline="always")
def place_spike(board, links, k, time, taps):  # type: ignore[no-untyped-def]
    """Set the taps of a spike from the scores; returns its score."""
    row = board.scores[k]
    here = float(row[time])
    taps[0], taps[1], taps[2] = 0.0, 1.0, 0.0
    if here < links.own[k, 2] or not 0 < time < row.size - 1:
        return here
    return place_between(float(row[time - 1]), here, float(row[time + 1]), links.own[k], taps)


@njit(cache=True, nogil=True, fastmath={"contract"})
def shift_values(value, taps, out):  # type: ignore[no-untyped-def]
    """Set what a spike with these taps adds to scores, from what one at a sample adds."""
    a, b, c = np.float32(taps[0]), np.float32(taps[1]), np.float32(taps[2])
    n = value.size
    before, after = value[2:], value[: n - 2]
    middle, inner = value[1:], out[1:]
    for i in range(n - 2):
        inner[i] = a * before[i] + b * middle[i] + c * after[i]
    out[0], out[n - 1] = a * value[1] + b * value[0], b * value[n - 1] + c * value[n - 2]


@njit(cache=True, nogil=True, inline="always")
def is_shifted(taps):  # type: ignore[no-untyped-def]
    """Whether a spike is not at a sample."""
    return taps[0] != 0.0 or taps[2] != 0.0


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
def add_spike(board, judge, links, block, k, time, amplitude, taps):  # type: ignore[no-untyped-def]
    """Take a spike out of the scores (with a negative amplitude, put it back) and mark the blocks that it changes.

    Blocks that had no place for a spike, and have none then, are not marked.
    """
    scores, _, changed, best_time, _, _, _ = board
    starts, units, values, _, _, _ = links
    reach, n_samples = (values.shape[1] - 1) // 2, scores.shape[1]
    low, stop = max(0, time - reach), min(n_samples, time + reach + 1)
    first, last = low // block, (stop - 1) // block
    size, shifted = np.float32(amplitude), is_shifted(taps)
    between = np.empty(2 * reach + 1 if shifted else 0, np.float32)
    for pair in range(starts[k], starts[k + 1]):
        j, value = units[pair], values[pair]
        if shifted:
            shift_values(value, taps, between)
            value = between
        part = value[low - time + reach : stop - time + reach]
        if _subtract(scores[j, low:stop], size, part, np.float32(judge[j, 0])):
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
def count_candidates(board):  # type: ignore[no-untyped-def]
    """How many spikes there could be in active blocks."""
    active, best_time, n = board.active, board.best_time, 0
    for b in range(active.size):
        if active[b]:
            for k in range(best_time.shape[1]):
                n += best_time[b, k] >= 0
    return n


@njit(cache=True, nogil=True)
def take_largest(board, judge, links, block, spikes, n):  # type: ignore[no-untyped-def]
    """Add spikes of active blocks that are the largest of their neighbourhoods; returns how many there are then."""
    scores, taken, _, best_time, best_gain, best_unit, active = board
    starts, units, _, _, shares, _ = links
    for b in range(active.size):
        if not active[b]:
            continue
        top = best_unit[b]
        most = best_gain[b, top]
        for k in range(best_time.shape[1] if most > -inf else 0):
            if best_time[b, k] < 0 or (best_gain[b, k] < most and shares[top, k]):
                continue
            if is_largest(scores, taken, judge, block, starts, units, k, b, best_time, best_gain, best_unit):
                spikes[n, 0], spikes[n, 1] = best_time[b, k], k
                n += 1
    return n


@njit(cache=True, nogil=True)
def pursue(board, judge, links, min_isi, max_rounds, block, spikes, sizes, taps, n):  # type: ignore[no-untyped-def]
    """Take out spikes until there is none left; returns how many there are then, and how many more may be needed.

    Of spikes, sizes and taps n are filled. Where there is no place for all spikes of a round, none of it is taken, and
    room for as many more is needed as returned.
    """
    for _ in range(max_rounds):
        search_changed(board, judge, block)
        room = n + count_candidates(board)
        if room > sizes.size:
            for b in range(board.active.size):
                board.changed[0, b] |= board.active[b]
            return n, room - n
        before = n
        n = take_largest(board, judge, links, block, spikes, n)
        if n == before:
            break
        for i in range(before, n):
            sizes[i] = amplitude_of(place_spike(board, links, spikes[i, 1], spikes[i, 0], taps[i]), judge[spikes[i, 1]])
        for i in range(before, n):
            add_spike(board, judge, links, block, spikes[i, 1], spikes[i, 0], sizes[i], taps[i])
            close(board.taken, spikes[i, 1], spikes[i, 0], min_isi, 1)
    return n, 0


@njit(cache=True, nogil=True)
def pursue_all(board, judge, links, min_isi, max_rounds, block, spikes, sizes, taps, more):  # type: ignore[no-untyped-def]
    """Take out spikes until there is none left; returns spikes, sizes and taps of all.

    more : spikes that there is room for at first
    """
    n = sizes.size
    while more:
        roomy, larger, wider = np.empty((n + more, 2), np.int64), np.empty(n + more), np.empty((n + more, 3))
        roomy[:n], larger[:n], wider[:n] = spikes[:n], sizes[:n], taps[:n]
        n, more = pursue(board, judge, links, min_isi, max_rounds, block, roomy, larger, wider, n)
        spikes, sizes, taps, more = roomy, larger, wider, 2 * more
    return spikes[:n], sizes[:n], taps[:n]
