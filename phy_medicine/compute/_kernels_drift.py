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


@kernels.kernel("f8[:] f4[:] f8[:,:] f8[:] f8[:] f4[:]")
def correct(times, depths, displacement, temporal_bins, spatial_bins, out):  # type: ignore[no-untyped-def]
    """Subtract the motion at each spike, bilinear, constant beyond the ends."""
    n_time, n_depth = displacement.shape
    k = 0
    for i in range(times.size):
        t, y = times[i], depths[i] * 1.0
        # Times mostly ascend, so that the bin of the spike before is the place to start from.
        while k < n_time - 1 and t >= temporal_bins[k + 1]:
            k += 1
        while k > 0 and t < temporal_bins[k]:
            k -= 1
        later, down = min(k + 1, n_time - 1), 0.0
        if later > k and t > temporal_bins[k]:
            down = min((t - temporal_bins[k]) / (temporal_bins[later] - temporal_bins[k]), 1.0)
        level = 0
        while level < n_depth - 2 and y >= spatial_bins[level + 1]:
            level += 1
        above, right = min(level + 1, n_depth - 1), 0.0
        if above > level and y > spatial_bins[level]:
            right = min((y - spatial_bins[level]) / (spatial_bins[above] - spatial_bins[level]), 1.0)
        before = displacement[k, level] * (1.0 - right) + displacement[k, above] * right
        after = displacement[later, level] * (1.0 - right) + displacement[later, above] * right
        out[i] = y - (before * (1.0 - down) + after * down)


@kernels.kernel("f4[:] f4[:] u1[:]")
def rank(values, edges, out):  # type: ignore[no-untyped-def]
    """Write how many of the ascending edges, at most 255, lie at or below each value."""
    for i in range(values.size):
        low, high = 0, edges.size
        while low < high:
            middle = (low + high) // 2
            if edges[middle] <= values[i]:
                low = middle + 1
            else:
                high = middle
        out[i] = low
