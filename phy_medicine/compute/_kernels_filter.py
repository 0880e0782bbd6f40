"""Compiled recursive filter."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.machine_code import Kernels
from phy_medicine.base.types import FloatArray

kernels = Kernels(__name__)


def filter_both_ways(data: FloatArray, sections: FloatArray, out: FloatArray) -> None:
    """Run second-order sections forwards, then backwards, along axis 1; the state starts at zero each time."""
    n_channels = data.shape[2]
    _filter(data, sections, out, np.empty(n_channels), np.empty((len(sections), 2, n_channels)))


@kernels.kernel("f4[:,:,:] f8[:,:] f4[:,:,:] f8[:] f8[:,:,:]")
def _filter(data, sections, out, row, state):  # type: ignore[no-untyped-def]
    """Filter all windows; `row` (n_channels,) and `state` (n_sections, 2, n_channels) are scratch.

    Time is the outer loop and all sections run on a row before the next one, so that long traces of many channels
    pass through memory twice only; channels are the inner loop, where wide instructions do several at once.
    """
    n, n_samples, n_channels = data.shape
    for k in range(2 * n):
        window, backwards = k // 2, k % 2
        for s in range(sections.shape[0]):
            for c in range(n_channels):
                state[s, 0, c] = state[s, 1, c] = 0.0
        for step in range(n_samples):
            t = n_samples - 1 - step if backwards else step
            for c in range(n_channels):
                row[c] = out[window, t, c] if backwards else data[window, t, c]
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
