"""Compiled binning of points and values."""

from __future__ import annotations

from phy_medicine.base.machine_code import Kernels
from phy_medicine.base.types import AnyArray, IntArray

kernels = Kernels(__name__)

Range = tuple[float, float]


def _bin_points(x, y, x_low, x_high, y_low, y_high, counts):  # type: ignore[no-untyped-def]
    n_rows, n_columns = counts.shape
    x_scale = n_columns / (x_high - x_low)
    y_scale = n_rows / (y_high - y_low)
    for i in range(x.size):
        # NaN fails both comparisons.
        if x_low <= x[i] <= x_high and y_low <= y[i] <= y_high:
            column = min(int((x[i] - x_low) * x_scale), n_columns - 1)
            row = min(int((y[i] - y_low) * y_scale), n_rows - 1)
            counts[row, column] += 1


def _bin_values(values, low, high, counts):  # type: ignore[no-untyped-def]
    scale = counts.size / (high - low)
    for i in range(values.size):
        if low <= values[i] <= high:
            counts[min(int((values[i] - low) * scale), counts.size - 1)] += 1


# Times (float64) against values (float32) is the common case; others are brought to one of these by the caller.
_POINTS = {
    (x, y): kernels.kernel(f"f{x}[:] f{y}[:] f8 f8 f8 f8 u4[:,:]", name=f"bin_points_{x}_{y}")(_bin_points)
    for x, y in ((8, 4), (4, 4), (8, 8))
}
_VALUES = {x: kernels.kernel(f"f{x}[:] f8 f8 i8[:]", name=f"bin_values_{x}")(_bin_values) for x in (4, 8)}


def bin_points(x: AnyArray, y: AnyArray, x_range: Range, y_range: Range, counts: IntArray) -> None:
    """Add every point inside the ranges to its pixel."""
    _POINTS[x.itemsize, y.itemsize](x, y, *x_range, *y_range, counts)


def bin_values(values: AnyArray, value_range: Range, counts: IntArray) -> None:
    """Add every value inside the range to its bin."""
    _VALUES[values.itemsize](values, *value_range, counts)
