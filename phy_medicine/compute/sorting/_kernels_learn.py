"""Compiled sums over spikes: what is left of the data, and its mean at the spikes of each unit."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def subtract(data, times, units, sizes, taps, channels, weights):  # type: ignore[no-untyped-def]
    """Take spikes out of data (N, T).

    sizes : (n,) and taps : (n, 3) float32, of spikes; weights : (K, C, D), on channels (K, C), -1 for none
    """
    n, width = data.shape[1], weights.shape[2]
    for i in range(times.size):
        k = units[i]
        for tap in range(3):
            t, size = times[i] + tap - 1, sizes[i] * taps[i, tap]
            if size == 0:
                continue
            first, stop = max(0, -t), min(width, n - t)
            for c in range(channels.shape[1]):
                channel = channels[k, c]
                if channel < 0:
                    continue
                row, shape = data[channel, t + first : t + stop], weights[k, c, first:stop]
                for d in range(row.size):
                    row[d] -= size * shape[d]


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def add_at_spikes(data, times, units, sizes, bins, channels, sums, shift):  # type: ignore[no-untyped-def]
    """Add to sums (K, Q, C, L) the data (N, T) around spikes from `shift` samples before, times their sizes.

    bins : (K,), of the units among the Q; channels : (K, C), -1 for none. Windows that leave the data are left out.
    """
    n, length = data.shape[1], sums.shape[3]
    for i in range(times.size):
        t, k, size = times[i] - shift, units[i], sizes[i]
        if t < 0 or t + length > n:
            continue
        for c in range(channels.shape[1]):
            channel = channels[k, c]
            if channel < 0:
                continue
            row, total = data[channel, t : t + length], sums[k, bins[k], c]
            for d in range(length):
                total[d] += size * row[d]


@njit(cache=True, nogil=True)
def add_own(template_channels, waveforms, energies, bins, channels, sums, shift):  # type: ignore[no-untyped-def]
    """Add to sums (K, Q, C, L) each unit's own waveform (K, C', D), times its energy."""
    for k in range(energies.size):
        if energies[k] == 0:
            continue
        for slot in range(template_channels.shape[1]):
            for c in range(channels.shape[1]):
                if channels[k, c] >= 0 and channels[k, c] == template_channels[k, slot]:
                    for d in range(waveforms.shape[2]):
                        sums[k, bins[k], c, shift + d] += energies[k] * waveforms[k, slot, d]


@njit(cache=True, nogil=True)
def alone(times, units, amplitudes, shares, width):  # type: ignore[no-untyped-def]
    """Return for each spike, in order of time, its energy as a share of that of all spikes that it overlaps."""
    out = np.empty(times.size)
    others = np.zeros(times.size)
    for i in range(times.size):
        j = i + 1
        while j < times.size and times[j] - times[i] < width:
            if shares[units[i], units[j]]:
                common = 1.0 - (times[j] - times[i]) / width
                others[i] += common * amplitudes[j] ** 2
                others[j] += common * amplitudes[i] ** 2
            j += 1
    for i in range(times.size):
        own = amplitudes[i] ** 2
        out[i] = own / (own + others[i]) if own > 0 else 0.0
    return out


@njit(cache=True, nogil=True)
def windows(data, times, rows, channels, out):  # type: ignore[no-untyped-def]
    """Copy data (N, T) from each time on into out (n, C, D), on the channels (R, C) of its row, -1 for none."""
    n = data.shape[1]
    for i in range(times.size):
        t = times[i]
        first, stop = max(0, -t), min(out.shape[2], n - t)
        for c in range(channels.shape[1]):
            channel = channels[rows[i], c]
            if channel >= 0:
                for d in range(first, stop):
                    out[i, c, d] = data[channel, t + d]


@njit(cache=True, nogil=True)
def count_below(scores, thresholds, first, stop, counts):  # type: ignore[no-untyped-def]
    """Count for each row of scores (K, T) the troughs at or below minus its threshold, in some columns."""
    for k in range(scores.shape[0]):
        limit = -thresholds[k]
        for t in range(max(1, first), min(stop, scores.shape[1] - 1)):
            x = scores[k, t]
            if x <= limit and x < scores[k, t - 1] and x <= scores[k, t + 1]:
                counts[k] += 1


@njit(cache=True, nogil=True)
def count_lags(times, units, reach, counts):  # type: ignore[no-untyped-def]
    """Count in counts (K, K, 2 reach + 1) spikes of the second unit by how long after one of the first they are.

    times : ascending
    """
    for i in range(times.size):
        j = i + 1
        while j < times.size and times[j] - times[i] <= reach:
            counts[units[i], units[j], times[j] - times[i] + reach] += 1
            counts[units[j], units[i], times[i] - times[j] + reach] += 1
            j += 1
