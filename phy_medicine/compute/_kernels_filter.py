"""Compiled recursive filter."""

from __future__ import annotations

import numpy as np
from numba import float32, float64, njit, types

_DATA = types.Array(float32, 3, "C", readonly=True)
_SECTIONS = types.Array(float64, 2, "C", readonly=True)


@njit(types.void(_DATA, _SECTIONS, float32[:, :, ::1]), cache=True, nogil=True)
def filter_both_ways(data, sections, out):  # type: ignore[no-untyped-def]
    """Run second-order sections forwards, then backwards, along axis 1; the state starts at zero each time.

    Time is the outer loop and all sections run on a row before the next one, so that long traces of many channels
    pass through memory twice only; channels are the inner loop, where wide instructions do several at once.
    """
    n, n_samples, n_channels = data.shape
    row = np.empty(n_channels, dtype=np.float64)
    state = np.empty((sections.shape[0], 2, n_channels), dtype=np.float64)
    for k in range(2 * n):
        window, backwards = k // 2, k % 2
        source = out[window] if backwards else data[window]
        state[:] = 0.0
        for step in range(n_samples):
            t = n_samples - 1 - step if backwards else step
            for c in range(n_channels):
                row[c] = source[t, c]
            for s in range(sections.shape[0]):
                b0, b1, b2 = sections[s, 0], sections[s, 1], sections[s, 2]
                a1, a2 = sections[s, 4], sections[s, 5]
                for c in range(n_channels):
                    x = row[c]
                    y = b0 * x + state[s, 0, c]
                    state[s, 0, c] = b1 * x - a1 * y + state[s, 1, c]
                    state[s, 1, c] = b2 * x - a2 * y
                    row[c] = y
            for c in range(n_channels):
                out[window, t, c] = row[c]
