"""Counts of points per pixel and of values per bin, of all of them: never a subsample."""

from __future__ import annotations

import math

import numpy as np

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray
from phy_medicine.compute import kernels

# numpy: 0.4 s for as many points; loading the kernels: 0.5 s.
_NUMPY_LIMIT = 5_000_000

Range = tuple[float, float]


def bin_points(x: AnyArray, y: AnyArray, x_range: Range, y_range: Range, *, shape: tuple[int, int]) -> IntArray:
    """Count the points in each pixel of an image.

    Parameters
    ----------
    x, y : (n,) numbers, any unit; float32 stays float32, all else is read as float64; NaN is left out
    x_range, y_range : (low, high); points outside are left out, a point on the high edge is in the last pixel
    shape : (n_rows, n_columns)

    Returns
    -------
    (n_rows, n_columns) uint32; row 0 is the lowest y, column 0 the lowest x

    Raises
    ------
    ValueError : x and y differ in length, a range does not grow, or the image has no pixel
    """
    x_values, y_values = _values(x), _values(y)
    if x_values.size != y_values.size:
        raise ValueError(f"Points need one y for each x, not {y_values.size} for {x_values.size}.")
    x_bounds, y_bounds = _bounds(x_range, shape[1]), _bounds(y_range, shape[0])
    if not kernels.use_compiled(x_values.size, _NUMPY_LIMIT):
        return _bin_points_numpy(x_values, y_values, x_bounds, y_bounds, shape)
    from phy_medicine.compute._kernels_bins import bin_points as count

    if x_values.dtype == np.float32 and y_values.dtype == np.float64:
        x_values = x_values.astype(np.float64)
    counts = np.zeros(shape, dtype=np.uint32)
    count(x_values, y_values, x_bounds, y_bounds, counts)
    return counts


def histogram(values: AnyArray, value_range: Range, *, n_bins: int) -> IntArray:
    """Count the values in each of `n_bins` equal bins.

    Parameters
    ----------
    values : (n,) numbers; NaN is left out
    value_range : (low, high); values outside are left out, the high edge belongs to the last bin

    Returns
    -------
    (n_bins,) int64

    Raises
    ------
    ValueError : the range does not grow, or there is no bin
    """
    numbers = _values(values)
    bounds = _bounds(value_range, n_bins)
    if not kernels.use_compiled(numbers.size, _NUMPY_LIMIT):
        return np.bincount(_bins(numbers[_inside(numbers, bounds)], bounds, n_bins), minlength=n_bins)
    from phy_medicine.compute._kernels_bins import bin_values

    counts = np.zeros(n_bins, dtype=np.int64)
    bin_values(numbers, bounds, counts)
    return counts


def _values(values: AnyArray) -> FloatArray:
    array = np.asarray(values)
    return np.ascontiguousarray(array, dtype=np.float32 if array.dtype == np.float32 else np.float64)


def _bounds(value_range: Range, n_bins: int) -> Range:
    low, high = float(value_range[0]), float(value_range[1])
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"A range must grow from one finite number to another, not from {low} to {high}.")
    if n_bins < 1:
        raise ValueError(f"At least one bin is needed, not {n_bins}.")
    return low, high


def _inside(values: FloatArray, bounds: Range) -> BoolArray:
    # float64 bounds: a Python float would be rounded to the float32 of the values.
    inside: BoolArray = (values >= np.float64(bounds[0])) & (values <= np.float64(bounds[1]))
    return inside


def _bins(values: FloatArray, bounds: Range, n_bins: int) -> IntArray:
    # float64 and in this order, as in the kernel, so that both put a value on an edge into the same bin.
    scaled = (values - np.float64(bounds[0])) * (n_bins / (bounds[1] - bounds[0]))
    return np.minimum(scaled.astype(np.int64), n_bins - 1)


def _bin_points_numpy(x: FloatArray, y: FloatArray, x_range: Range, y_range: Range, shape: tuple[int, int]) -> IntArray:
    inside = _inside(x, x_range) & _inside(y, y_range)
    columns = _bins(x[inside], x_range, shape[1])
    pixels = _bins(y[inside], y_range, shape[0]) * shape[1] + columns
    return np.bincount(pixels, minlength=shape[0] * shape[1]).astype(np.uint32).reshape(shape)
