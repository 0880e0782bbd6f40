"""Compiled binning of points and values."""

from __future__ import annotations

from numba import float32, float64, njit, types, uint32

_F4 = types.Array(float32, 1, "C", readonly=True)
_F8 = types.Array(float64, 1, "C", readonly=True)
_RANGE = types.UniTuple(float64, 2)  # type: ignore[no-untyped-call]
_IMAGE = uint32[:, ::1]

# Times (float64) against values (float32) is the common case; others are brought to one of these by the caller.
_POINTS = [types.void(x, y, _RANGE, _RANGE, _IMAGE) for x, y in ((_F8, _F4), (_F4, _F4), (_F8, _F8))]


@njit(_POINTS, cache=True, nogil=True)
def bin_points(x, y, x_range, y_range, counts):  # type: ignore[no-untyped-def]
    """Add every point inside the ranges to its pixel."""
    n_rows, n_columns = counts.shape
    x_scale = n_columns / (x_range[1] - x_range[0])
    y_scale = n_rows / (y_range[1] - y_range[0])
    for i in range(x.size):
        # NaN fails both comparisons.
        if x_range[0] <= x[i] <= x_range[1] and y_range[0] <= y[i] <= y_range[1]:
            column = min(int((x[i] - x_range[0]) * x_scale), n_columns - 1)
            row = min(int((y[i] - y_range[0]) * y_scale), n_rows - 1)
            counts[row, column] += 1


@njit([types.void(values, _RANGE, types.int64[::1]) for values in (_F4, _F8)], cache=True, nogil=True)
def bin_values(values, value_range, counts):  # type: ignore[no-untyped-def]
    """Add every value inside the range to its bin."""
    scale = counts.size / (value_range[1] - value_range[0])
    for i in range(values.size):
        if value_range[0] <= values[i] <= value_range[1]:
            counts[min(int((values[i] - value_range[0]) * scale), counts.size - 1)] += 1
