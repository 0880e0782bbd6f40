"""Compiled correlation of rows with short profiles."""

from __future__ import annotations

from numba import njit

_BLOCK = 512
"""Samples at once, so that they stay in the nearest cache."""


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def add_correlations(rows, profiles, units, begin, stop, out):  # type: ignore[no-untyped-def]
    """Add to out[units[q], begin + t] the sum over d of profiles[q, d] rows[q, t + d], up to `stop`.

    rows : (n, stop - begin + D') float32; profiles : (n, D') float32, D' a multiple of 4; out : (K, T) float32,
        contiguous, as all must be for the inner loop to do many samples at once
    """
    for q in range(units.size):
        for start in range(begin, stop, _BLOCK):
            o = out[units[q], start : min(stop, start + _BLOCK)]
            for d in range(0, profiles.shape[1], 4):
                v0, v1, v2, v3 = profiles[q, d], profiles[q, d + 1], profiles[q, d + 2], profiles[q, d + 3]
                x = rows[q, start - begin + d : start - begin + d + o.size + 3]
                for t in range(o.size):
                    o[t] += v0 * x[t] + v1 * x[t + 1] + v2 * x[t + 2] + v3 * x[t + 3]
