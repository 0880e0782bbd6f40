"""Compiled work on the spikes of a board of torch: short lists, each piece of it for itself.

Arguments are those of `_kernels_refine`; spikes are in order of their columns, and `bounds` (n_pieces + 1,) says which
are those of a piece.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from phy_medicine.compute.sorting._kernels_refine import (
    SAME,
    neighbours,
    score_worth,
    solve_together,
    value_spikes,
    worthless,
)


@njit(cache=True, nogil=True)
def settle_pieces(spikes, sizes, taps, left, bounds, open_, links, judge, n_sweeps, tolerance, gone, worth, explained):  # type: ignore[no-untyped-def]
    """Find all amplitudes of the pieces that are open together, and mark spikes that are then worth nothing.

    open_ : (n_pieces,) uint8, set to 0 for pieces of which all spikes are worth something; what these are worth and
        explain is set
    """
    for piece in range(open_.size):
        if not open_[piece]:
            continue
        a, b = bounds[piece], bounds[piece + 1]
        of_piece, size, tap, rest, lost = spikes[a:b], sizes[a:b], taps[a:b], left[a:b], gone[a:b]
        first, others, common = neighbours(of_piece, tap, links)
        solve_together(of_piece, size, rest, first, others, common, judge, n_sweeps, tolerance)
        if not worthless(of_piece, size, rest, first, others, common, judge, lost):
            open_[piece] = 0
            value_spikes(of_piece, size, rest, first, others, common, judge, worth[a:b], explained[a:b])


@njit(cache=True, nogil=True)
def choose(first, units, scores, gains, peaks, sizes, best, judge, chosen):  # type: ignore[no-untyped-def]
    """Set which of the offers of each spike is better than all before it and than what it is; -1 for none.

    first : (n + 1,) int64, where the offers of each spike begin
    units, scores, gains, peaks : of the offers, of which a score that is surely worth no more is not looked at
    sizes, best : (n,), of the spikes, and what each is worth as it is
    """
    for i in range(best.size):
        most = best[i]
        chosen[i] = -1
        for c in range(first[i], first[i + 1]):
            of_unit = judge[units[c]]
            least = score_worth(most, of_unit)
            if of_unit[0] + sizes[i] * peaks[c] <= least or scores[c] <= least:
                continue
            if gains[c] > most:
                most = gains[c]
                chosen[i] = c


@njit(cache=True, nogil=True)
def differ(taps, new_taps):  # type: ignore[no-untyped-def]
    """Return which spikes would lie elsewhere between samples with other taps, (n,) uint8."""
    out = np.empty(len(taps), np.uint8)
    for i in range(len(taps)):
        out[i] = abs(new_taps[i, 0] - taps[i, 0]) + abs(new_taps[i, 2] - taps[i, 2]) > SAME
    return out


@njit(cache=True, nogil=True)
def must_wait(times, units, new_units, pieces, changes, touches, far, reach, waits):  # type: ignore[no-untyped-def]
    """Mark spikes that see what an earlier one will change, or may change once it has been looked at again.

    new_units : that each changes to
    touches : (K, K) uint8, units that have channels in common with the same third one; far : the same with one more
        between, for spikes of which it is not known yet what they change to
    reach : samples within which the change of a spike can be seen
    """
    begin = 0
    for i in range(times.size):
        waits[i] = 0
        k = units[i]
        while pieces[begin] != pieces[i] or times[begin] < times[i] - reach:
            begin += 1
        for j in range(begin, i):
            if waits[j]:
                waits[i] = far[k, units[j]]
            elif changes[j]:
                waits[i] = touches[k, units[j]] | touches[k, new_units[j]] | touches[new_units[i], units[j]]
            if waits[i]:
                break
