"""Compiled passes over all peaks: bin them, add up a density, its scores, its likelihood.

Depths are codes of 16 bit: depth = origin + code * step, grouped by fine time bin (`first[k]` to `first[k + 1]`).
`place` holds (origin, step, first level, distance of levels); `grid` holds (start, step) of the density, all in µm.
"""

from __future__ import annotations

from math import floor, log

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def count_peaks(times, start, width, counts):  # type: ignore[no-untyped-def]
    """Add to `counts` the number of peaks in each time bin; a peak past the last bin counts in it."""
    for i in range(times.size):
        counts[min(max(int((times[i] - start) / width), 0), counts.size - 1)] += 1


@njit(cache=True, nogil=True)
def place_peaks(times, depths, amplitudes, time_axis, depth_axis, amplitude_axis, n_rows, cursor, codes, rows):  # type: ignore[no-untyped-def]
    """Write depth code and amplitude row of each peak behind `cursor` of its time bin, which moves on."""
    start, width = time_axis
    origin, step = depth_axis
    low, per_row = amplitude_axis
    for i in range(times.size):
        k = min(max(int((times[i] - start) / width), 0), cursor.size - 1)
        size = abs(amplitudes[i])
        row = int((log(size) - low) / per_row) if size > 0 and per_row > 0 and log(size) > low else 0
        n = cursor[k]
        codes[n] = int((depths[i] - origin) / step + 0.5)
        rows[n] = min(row, n_rows - 1)
        cursor[k] = n + 1


@njit(cache=True, nogil=True, inline="always")
def _level(z, place, n_levels):  # type: ignore[no-untyped-def]
    """Level at or below a depth, and the fraction of the way to the next."""
    if n_levels == 1:
        return 0, 0.0
    f = min(max((z - place[2]) / place[3], 0.0), n_levels - 1.0)
    j = min(int(f), n_levels - 2)
    return j, f - j


@njit(cache=True, nogil=True)
def add_density(first, codes, rows, place, motion, grid, counts):  # type: ignore[no-untyped-def]
    """Add the corrected peaks to `counts` (n_rows, n_cells), each shared by the two nearest cells."""
    n_levels = motion.shape[1]
    last = counts.shape[1] - 2
    for k in range(first.size - 1):
        for i in range(first[k], first[k + 1]):
            z = place[0] + codes[i] * place[1]
            j, b = _level(z, place, n_levels)
            m = motion[k, j]
            if b > 0:
                m += b * (motion[k, j + 1] - m)
            x = min(max((z - m - grid[0]) / grid[1], 0.0), last + 1.0)
            n = min(int(x), last)
            x -= n
            counts[rows[i], n] += 1 - x
            counts[rows[i], n + 1] += x


@njit(cache=True, nogil=True)
def add_scores(first, codes, rows, place, motion, grid, slope, curvature, g, h, h1):  # type: ignore[no-untyped-def]
    """Add score `g`, information `h` and that between a level and the next `h1`, all (n_bins, n_levels)."""
    n_levels = motion.shape[1]
    last = slope.shape[1] - 2
    for k in range(first.size - 1):
        for i in range(first[k], first[k + 1]):
            z = place[0] + codes[i] * place[1]
            j, b = _level(z, place, n_levels)
            m = motion[k, j]
            if b > 0:
                m += b * (motion[k, j + 1] - m)
            x = (z - m - grid[0]) / grid[1]
            n = floor(x)
            if n < 0 or n > last:
                continue
            x -= n
            r = rows[i]
            s = slope[r, n] + x * (slope[r, n + 1] - slope[r, n])
            c = curvature[r, n] + x * (curvature[r, n + 1] - curvature[r, n])
            g[k, j] -= (1 - b) * s
            h[k, j] += (1 - b) * (1 - b) * c
            if b > 0:
                g[k, j + 1] -= b * s
                h[k, j + 1] += b * b * c
                h1[k, j] += b * (1 - b) * c


@njit(cache=True, nogil=True)
def add_likelihood(first, codes, rows, place, motion, grid, log_density, out):  # type: ignore[no-untyped-def]
    """Add to `out` (n_blocks,), equal blocks of depth code, the log density of the peaks where they were observed."""
    n_levels = motion.shape[1]
    last = log_density.shape[1] - 2
    for k in range(first.size - 1):
        for i in range(first[k], first[k + 1]):
            z = place[0] + codes[i] * place[1]
            j, b = _level(z, place, n_levels)
            m = motion[k, j]
            if n_levels > 1:
                difference = motion[k, j + 1] - m
                m += b * difference
                # Density of observed depths: that of corrected depths times this stretching.
                out[codes[i] * out.size >> 16] += log(max(1 - difference / place[3], 0.05))
            x = min(max((z - m - grid[0]) / grid[1], 0.0), last + 1.0)
            n = min(int(x), last)
            x -= n
            r = rows[i]
            out[codes[i] * out.size >> 16] += log_density[r, n] + x * (log_density[r, n + 1] - log_density[r, n])


@njit(cache=True, nogil=True)
def correct_depths(first, codes, place, motion, out):  # type: ignore[no-untyped-def]
    """Write the depth of each peak with the motion taken out."""
    n_levels = motion.shape[1]
    for k in range(first.size - 1):
        for i in range(first[k], first[k + 1]):
            z = place[0] + codes[i] * place[1]
            j, b = _level(z, place, n_levels)
            m = motion[k, j]
            if b > 0:
                m += b * (motion[k, j + 1] - m)
            out[i] = z - m


@njit(cache=True, nogil=True)
def add_shift_scores(first, codes, rows, place, n_levels, per_bin, limit, grid, reversed_log, scores):  # type: ignore[no-untyped-def]
    """Add to `scores` (n_coarse, n_levels, n_shifts) the log density of the peaks for every shift, in cells.

    `reversed_log` (n_rows, n_cells) is the log density with the depths backwards, so that shifts run forwards; of more
    than `limit` peaks in a coarse bin only every second, third... is used, and counts that much more.
    """
    n_shifts = scores.shape[2]
    half = n_shifts // 2
    n_cells = reversed_log.shape[1]
    n_bins = first.size - 1
    for c in range(scores.shape[0]):
        begin, end = first[c * per_bin], first[min((c + 1) * per_bin, n_bins)]
        stride = (end - begin) // limit + 1
        for i in range(begin, end, stride):
            z = place[0] + codes[i] * place[1]
            j, b = _level(z, place, n_levels)
            cell = floor((z - grid[0]) / grid[1] + 0.5)
            offset = min(max(n_cells - 1 - cell - half, 0), n_cells - n_shifts)
            values = reversed_log[rows[i], offset : offset + n_shifts]
            low = np.float32((1 - b) * stride)
            here = scores[c, j]
            for s in range(n_shifts):
                here[s] += low * values[s]
            if b > 0:
                high = np.float32(b * stride)
                there = scores[c, j + 1]
                for s in range(n_shifts):
                    there[s] += high * values[s]
