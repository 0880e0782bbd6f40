"""Rectangles x0, y0, x1, y1: of data, of the canvas, of the cells of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray

NDC = (-1.0, -1.0, 1.0, 1.0)
"""The square of normalised device coordinates: left, bottom, right, top; y grows upwards."""


def data_bounds_of(data_bounds: Any, pos: Any = None, length: int | None = None) -> FloatArray:
    """Return the bounds of each item, (n, 4) x0, y0, x1, y1; None or "auto": of all points. An empty side is widened.

    Raises
    ------
    ValueError : neither one row nor one for each item, or ends in the wrong order
    """
    if data_bounds is None or isinstance(data_bounds, str):
        points = np.zeros((0, 2)) if pos is None else np.asarray(pos)
        data_bounds = [*points.min(axis=0), *points.max(axis=0)] if len(points) else NDC
    bounds = np.array(data_bounds, dtype=np.float64, ndmin=2)
    n = length if length is not None else (1 if pos is None else len(pos))
    if bounds.shape[1] != 4 or len(bounds) not in (1, n):
        raise ValueError(f"data_bounds has the shape {bounds.shape}; (4,) or ({n}, 4) is needed.")
    empty = bounds[:, :2] == bounds[:, 2:]
    bounds[:, :2][empty] -= 1
    bounds[:, 2:][empty] += 1
    if not (bounds[:, :2] < bounds[:, 2:]).all():
        raise ValueError("data_bounds must be xmin, ymin, xmax, ymax.")
    return np.tile(bounds, (n, 1)) if len(bounds) != n else bounds


def extend_bounds(bounds_list: Any) -> tuple[float, float, float, float]:
    """Return the rectangle around several; an empty side becomes -1..1."""
    bounds = np.asarray(bounds_list, dtype=np.float64)
    (x0, y0), (x1, y1) = bounds[:, :2].min(axis=0).tolist(), bounds[:, 2:].max(axis=0).tolist()
    if x0 == x1:
        x0, x1 = -1.0, 1.0
    if y0 == y1:
        y0, y1 = -1.0, 1.0
    return (x0, y0, x1, y1)


def pixels_to_ndc(pos: Any, size: Any = None) -> FloatArray:
    """Return normalised device coordinates of a pixel of a window of a size; (2,)."""
    x, y = np.asarray(pos, dtype=np.float64) / (np.asarray(size, dtype=np.float64) / 2) - 1
    return np.array([x, -y])


def subplot_bounds(shape: Any, index: Any) -> list[float]:
    """Return the bounds in NDC of a cell of a grid; shape : rows, columns; index : row from the top, column."""
    (n_rows, n_columns), (i, j) = shape, index
    if not (0 <= i < n_rows and 0 <= j < n_columns):
        raise ValueError(f"There is no box {tuple(index)} in a grid of {n_rows} x {n_columns}.")
    width, height = 2.0 / n_columns, 2.0 / n_rows
    x, y = -1.0 + j * width, 1.0 - (i + 1) * height
    return [x, y, x + width, y + height]
