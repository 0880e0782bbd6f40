"""Compiled correlation of rows with short profiles, four neighbouring samples at once.

Samples are dealt out into four phases, as cards are; a sample that is loaded then serves four results instead of one,
of which each is again a sum over neighbours. That makes twice as many operations a second.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from phy_medicine.base.types import FloatArray

PHASES = 4
_SPAN = 128
"""Samples of a phase at once, so that they stay in the nearest cache."""
_ROOM = 1024
"""Samples of a phase that there is room for: those and a profile. A constant, or the loop is not done many at once."""
LONGEST = PHASES * (_ROOM - _SPAN) - 2 * PHASES
"""Samples of a profile at most."""


def taps_of(profiles: FloatArray) -> FloatArray:
    """Return profiles (n, D) as `correlate` takes them: zeros around them, so that each phase can begin anywhere."""
    width = profiles.shape[1]
    n_groups = -(-(width + PHASES - 1) // PHASES)
    return np.pad(profiles, ((0, 0), (PHASES - 1, n_groups * PHASES - width))).astype(np.float32)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _sum_up(x, taps, sums):  # type: ignore[no-untyped-def]
    """Add to each phase of the sums, (4 _SPAN,), the correlation of all phases of x, (4 _ROOM,)."""
    for group in range(taps.size // PHASES):
        d = group * PHASES
        a, b, c, e = taps[d], taps[d + 1], taps[d + 2], taps[d + 3]
        f, g, h = taps[d + 4], taps[d + 5], taps[d + 6]
        y = x[group:]
        for m in range(_SPAN):
            p, q, r, s = y[m], y[m + _ROOM], y[m + 2 * _ROOM], y[m + 3 * _ROOM]
            sums[m] += e * p + f * q + g * r + h * s
            sums[m + _SPAN] += c * p + e * q + f * r + g * s
            sums[m + 2 * _SPAN] += b * p + c * q + e * r + f * s
            sums[m + 3 * _SPAN] += a * p + b * q + c * r + e * s


@njit(cache=True, nogil=True, error_model="numpy")
def _deal(row, x):  # type: ignore[no-untyped-def]
    """Deal the samples of a row out into phases."""
    n = row.size // PHASES
    for m in range(n):
        x[m], x[m + _ROOM] = row[PHASES * m], row[PHASES * m + 1]
        x[m + 2 * _ROOM], x[m + 3 * _ROOM] = row[PHASES * m + 2], row[PHASES * m + 3]
    for i in range(row.size - PHASES * n):
        x[n + i * _ROOM] = row[PHASES * n + i]


@njit(cache=True, nogil=True, error_model="numpy")
def _collect(sums, out):  # type: ignore[no-untyped-def]
    """Put the samples of all phases back into one row."""
    n = out.size // PHASES
    for m in range(n):
        out[PHASES * m], out[PHASES * m + 1] = sums[m], sums[m + _SPAN]
        out[PHASES * m + 2], out[PHASES * m + 3] = sums[m + 2 * _SPAN], sums[m + 3 * _SPAN]
    for i in range(out.size - PHASES * n):
        out[PHASES * n + i] = sums[n + i * _SPAN]


@njit(cache=True, nogil=True)
def correlate(rows, taps, units, begin, stop, out):  # type: ignore[no-untyped-def]
    """Set out[units[q], begin + t] to the sum over d of profiles[q, d] rows[q, t + d], up to `stop`.

    Rows of one unit follow each other, and add up.

    rows : (n, at least stop - begin + D - 1) float32; taps : of the profiles, as `taps_of` gives them, float32
    out : (K, T) float32; all contiguous, as they must be for the inner loop to do many samples at once
    """
    reach = _SPAN + taps.shape[1] // PHASES
    x, sums = np.zeros(PHASES * _ROOM, np.float32), np.empty(PHASES * _SPAN, np.float32)
    for start in range(0, stop - begin, PHASES * _SPAN):
        for q in range(units.size):
            if q == 0 or units[q] != units[q - 1]:
                sums[:] = 0
            _deal(rows[q, start : start + PHASES * reach], x)
            _sum_up(x, taps[q], sums)
            if q + 1 == units.size or units[q + 1] != units[q]:
                _collect(sums, out[units[q], begin + start : min(stop, begin + start + PHASES * _SPAN)])


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def energy(row):  # type: ignore[no-untyped-def]
    """Sum of squares of (T,) float32, contiguous; not finite where a value is not."""
    total = 0.0
    for start in range(0, row.size, 1024):
        part, some = np.float32(0.0), row[start : start + 1024]
        for t in range(some.size):
            part += some[t] * some[t]
        total += part
    return total
