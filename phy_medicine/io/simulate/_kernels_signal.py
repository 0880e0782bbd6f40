"""Compiled loops over spikes and samples; imported only inside the functions that run them."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def add_spikes(signal, starts, units, steps, scales, waveforms, channels):  # type: ignore[no-untyped-def]
    """Add spikes to `signal` (n_samples, n_channels) float32 in the order given, cut at both ends.

    starts : (n,) int64 first row of each spike, may lie outside
    steps : (n,) float32 fractional step; waveforms and channels as in `Footprints`
    """
    n_samples = signal.shape[0]
    n_steps, n_wave, n_local = waveforms.shape[1], waveforms.shape[2], waveforms.shape[3]
    for i in range(starts.shape[0]):
        unit = units[i]
        low = min(int(steps[i]), max(n_steps - 2, 0))
        high = min(low + 1, n_steps - 1)
        upper = np.float32(scales[i] * (steps[i] - low))
        lower = np.float32(scales[i] - upper)
        for t in range(max(0, -starts[i]), min(n_wave, n_samples - starts[i])):
            row = starts[i] + t
            for k in range(n_local):
                channel = channels[unit, k]
                if channel < 0:
                    break
                signal[row, channel] += lower * waveforms[unit, low, t, k] + upper * waveforms[unit, high, t, k]


@njit(cache=True, nogil=True)
def project(signal, starts, labels, components, channels, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n, n_pcs, n_local) with the scores of spikes on temporal components (n_pcs, n_wave).

    signal : (n_samples, n_channels) float32; every window lies inside
    channels : (n_clusters, n_local) int32, all used
    """
    n_pcs, n_wave = components.shape
    n_local = channels.shape[1]
    for i in range(starts.shape[0]):
        for p in range(n_pcs):
            for k in range(n_local):
                out[i, p, k] = 0.0
        for t in range(n_wave):
            row = starts[i] + t
            for k in range(n_local):
                value = signal[row, channels[labels[i], k]]
                for p in range(n_pcs):
                    out[i, p, k] += components[p, t] * value


@njit(cache=True, nogil=True)
def quantise(signal, first, field, pace, nodes, shares, bits_per_uv, out):  # type: ignore[no-untyped-def]
    """Add the slow field to `signal` (n_samples, n_channels), turn to bits and fill `out` int16, clipped.

    first : sample number of row 0; pace : field rows a sample
    field : (n_rows, n_nodes) float32; a channel lies between `nodes[c]` and the next, `shares[c]` of the way
    """
    n_channels = signal.shape[1]
    start, change = np.empty(n_channels, np.float32), np.empty(n_channels, np.float32)
    lowest, highest = np.float32(-32768.0), np.float32(32767.0)
    known = -1
    for t in range(signal.shape[0]):
        place = (first + t) * pace
        row = int(place)
        if row != known:  # the field at all channels serves the hundred samples until the next row
            for c in range(n_channels):
                k, right = nodes[c], shares[c]
                start[c] = field[row, k] + right * (field[row, k + 1] - field[row, k])
                change[c] = field[row + 1, k] + right * (field[row + 1, k + 1] - field[row + 1, k]) - start[c]
            known = row
        down = np.float32(place - row)
        for c in range(n_channels):
            value = np.rint((signal[t, c] + start[c] + down * change[c]) * bits_per_uv)
            out[t, c] = np.int16(min(max(value, lowest), highest))
