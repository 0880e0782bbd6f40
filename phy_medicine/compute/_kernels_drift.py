"""Compiled counting of spikes over time and depth, and their depth without the motion."""

from __future__ import annotations

from phy_medicine.base.machine_code import Kernels

kernels = Kernels(__name__)


@kernels.kernel("f8[:] f4[:] i8 i8 f8 f8 f8 f8 u4[:,:]")
def count_window(times, depths, start, stop, t0, t1, y0, y1, counts):  # type: ignore[no-untyped-def]
    """Add every spike of a run that lies in the window to its cell; depth first, which most spikes fail."""
    n_rows, n_columns = counts.shape
    x_scale, y_scale = n_columns / (t1 - t0), n_rows / (y1 - y0)
    for i in range(start, stop):
        y = depths[i]
        if y0 <= y <= y1 and t0 <= times[i] <= t1:
            column = min(int((times[i] - t0) * x_scale), n_columns - 1)
            counts[min(int((y - y0) * y_scale), n_rows - 1), column] += 1


@kernels.kernel("f8[:] f4[:] u1[:] i8 i8 f8 f8 f8 f8 u4[:,:] u4[:,:]")
def rank_window(times, depths, ranks, start, stop, t0, t1, y0, y1, counts, sums):  # type: ignore[no-untyped-def]
    """As `count_window`, and add up the amplitude ranks of each cell."""
    n_rows, n_columns = counts.shape
    x_scale, y_scale = n_columns / (t1 - t0), n_rows / (y1 - y0)
    for i in range(start, stop):
        y = depths[i]
        if y0 <= y <= y1 and t0 <= times[i] <= t1:
            column = min(int((times[i] - t0) * x_scale), n_columns - 1)
            row = min(int((y - y0) * y_scale), n_rows - 1)
            counts[row, column] += 1
            sums[row, column] += ranks[i]


@kernels.kernel("f8[:] f4[:] f8[:,:] f8[:] f8[:] f8[:] f4[:]")
def correct(times, depths, displacement, temporal_bins, spatial_bins, steps, out):  # type: ignore[no-untyped-def]
    """Subtract the motion at each spike, bilinear, constant beyond the ends.

    steps : (n_depth,) scratch
    """
    n_time, n_depth = displacement.shape
    for level in range(n_depth):
        above = min(level + 1, n_depth - 1)
        steps[level] = 1.0 / (spatial_bins[above] - spatial_bins[level]) if above > level else 0.0
    first, last = spatial_bins[0], spatial_bins[n_depth - 1]
    scale = (n_depth - 1) / (last - first) if n_depth > 1 else 0.0
    k, later, rate = 0, 0, 0.0
    began = False
    for i in range(times.size):
        t, y = times[i], depths[i] * 1.0
        # Times mostly ascend, so that the bin of the spike before is the place to start from.
        moved = not began
        began = True
        while k < n_time - 1 and t >= temporal_bins[k + 1]:
            k += 1
            moved = True
        while k > 0 and t < temporal_bins[k]:
            k -= 1
            moved = True
        if moved:
            later = min(k + 1, n_time - 1)
            rate = 1.0 / (temporal_bins[later] - temporal_bins[k]) if later > k else 0.0
        down = min(max((t - temporal_bins[k]) * rate, 0.0), 1.0)
        # Levels are mostly even: a guess, then steps where they are not. NaN stays NaN by the subtraction at the end.
        inside = min(max(y, first), last)
        level = 0
        if inside == inside:
            level = min(int((inside - first) * scale), max(n_depth - 2, 0))
            while level < n_depth - 2 and inside >= spatial_bins[level + 1]:
                level += 1
            while level > 0 and inside < spatial_bins[level]:
                level -= 1
        above = min(level + 1, n_depth - 1)
        right = (inside - spatial_bins[level]) * steps[level]
        before = displacement[k, level] + (displacement[k, above] - displacement[k, level]) * right
        after = displacement[later, level] + (displacement[later, above] - displacement[later, level]) * right
        out[i] = y - (before + (after - before) * down)


@kernels.kernel("f4[:] f4[:] u1[:]")
def rank(values, edges, out):  # type: ignore[no-untyped-def]
    """Write how many of the 255 ascending edges lie at or below each value; no branch, which would be guessed wrong."""
    for i in range(values.size):
        low = 0
        step = 128
        while step > 0:
            low += step * (edges[low + step - 1] <= values[i])
            step //= 2
        out[i] = low
