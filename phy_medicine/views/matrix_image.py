"""A table of numbers as an image: what is in sight, with no more cells than pixels and no value lost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views.layout import Panels

CellBox = tuple[float, float, float, float]


def cells_in_sight(panels: Panels, shape: tuple[int, int], panel: int = 0) -> tuple[int, int, int, int] | None:
    """Return first and last (excluded) column and row of the cells that a panel shows, None if it shows none.

    Cell (row, column) covers the data range column .. column + 1, row .. row + 1.
    """
    x0, x1, y0, y1 = (float(edge) for edge in panels.ranges()[panel])
    first, last = max(int(np.floor(x0)), 0), min(int(np.ceil(x1)), shape[1])
    low, high = max(int(np.floor(y0)), 0), min(int(np.ceil(y1)), shape[0])
    return (first, last, low, high) if last > first and high > low else None


def pixel_counts(panels: Panels, cells: Sequence[int], panel: int = 0) -> tuple[int, int]:
    """Return over how many columns and rows of pixels some cells are spread."""
    a, b = np.abs(panels.transforms()[panel, :2])
    first, last, low, high = cells
    return max(1, int((last - first) * a)), max(1, int((high - low) * b))


def starts_of(size: int, n: int) -> IntArray:
    """Return where each of at most n groups of neighbouring cells starts."""
    n = min(size, n)
    return np.arange(n, dtype=np.int64) * size // n


def reduced(values: FloatArray, n: int, axis: int) -> FloatArray:
    """Return at most n values along an axis: of each group of neighbours the one farthest from 0; NaN is left out."""
    if values.shape[axis] <= n:
        return values
    starts = starts_of(values.shape[axis], n)
    high, low = np.fmax.reduceat(values, starts, axis=axis), np.fmin.reduceat(values, starts, axis=axis)
    extremes: FloatArray = np.where(high >= -low, high, low)
    return extremes


class Reduction:
    """What is in sight of a table with no more cells than pixels, kept while table, cells and pixels stay the same.

    A selection changes colours only, and 400 clusters on 384 channels take 6 ms.
    """

    def __init__(self) -> None:
        self._key: tuple[int, ...] = ()
        self._values: FloatArray | None = None
        self._parts: tuple[FloatArray, FloatArray] | None = None

    def of(self, values: FloatArray, cells: tuple[int, int, int, int], n_x: int, n_y: int) -> tuple[FloatArray, ...]:
        """Return the cells with their rows reduced, and with rows and columns reduced, both at most as fine as pixels.

        cells : first and last (excluded) column and row; n_x, n_y : columns and rows of pixels
        """
        key = (*cells, n_x, n_y)
        if self._parts is None or self._values is not values or self._key != key:
            first, last, low, high = cells
            rows = reduced(values[low:high, first:last], n_y, axis=0)
            self._key, self._values, self._parts = key, values, (rows, reduced(rows, n_x, axis=1))
        return self._parts


def to_pixels(rgba: AnyArray) -> AnyArray:
    """Return (h, w, 4) colours 0..1, not premultiplied, lowest row first, as a texture with the top row first."""
    out = np.asarray(rgba, dtype=np.float32)
    pixels = np.empty(out.shape, dtype=np.uint8)
    pixels[..., :3] = np.round(out[..., :3] * out[..., 3:] * 255)
    pixels[..., 3] = np.round(out[..., 3] * 255)
    return np.ascontiguousarray(pixels[::-1])


def indexed(rows: AnyArray, palette: AnyArray) -> AnyArray:
    """Return (h, w) rows of a palette, (k, 4) opaque colours 0..1, lowest row first, as a texture.

    Words of a table cost a tenth of four floats for each pixel.
    """
    colors = np.ascontiguousarray(np.round(np.asarray(palette) * 255).astype(np.uint8))
    words = colors.view(np.uint32)[:, 0][rows[::-1]]
    pixels: AnyArray = np.ascontiguousarray(words).view(np.uint8).reshape(*rows.shape, 4)
    return pixels
