"""Counts of all spikes over two quantities, kept so that an image of any part costs its pixels and not the spikes.

An axis has equal cells where nearly all values are, and coarse ones out to the outermost. Counts are kept as sums of
all cells below and to the left, so that those of a rectangle are four of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen

_OUTER_CELLS = 24
_CHUNK = 1 << 20
_QUANTILE_VALUES = 200_000
RANKS = 256


@dataclass(frozen=True, slots=True)
class Axis:
    """Cells of one quantity.

    edges : (n + 1,) float64, growing; n_outer : coarse cells at either end; the others are equal
    """

    edges: FloatArray
    n_outer: int

    @classmethod
    def of(cls, values: FloatArray, n_cells: int, *, tail: float = 0.001, room: float = 0.25) -> Axis:
        """Return an axis that holds all finite values.

        Parameters
        ----------
        values : (n,) any float
        n_cells : equal cells over all values but `tail` at either end, and over `room` of that span on either side
        """
        known = values[np.isfinite(values)]
        if not len(known):
            return cls(np.linspace(0.0, 1.0, n_cells + 1), 0)
        some = known[:: max(1, len(known) // _QUANTILE_VALUES)]
        low, high = (float(q) for q in np.quantile(some, (tail, 1 - tail)))
        span = high - low or max(abs(low) * 0.05, 1.0)
        low, high = low - room * span, high + room * span
        width = (high - low) / n_cells
        first, last = min(float(known.min()), low), max(float(known.max()), high)
        below = np.linspace(first - width, low, _OUTER_CELLS + 1)[:-1]
        above = np.linspace(high, last + width, _OUTER_CELLS + 1)[1:]
        return cls(frozen(np.concatenate([below, np.linspace(low, high, n_cells + 1), above])), _OUTER_CELLS)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.edges) - 1

    def cells_of(self, values: FloatArray) -> IntArray:
        """Return the cell of each value, (n,) int32; -1 for one that is not finite or not on the axis."""
        low, high = self.edges[self.n_outer], self.edges[-1 - self.n_outer]
        n = self.n_cells - 2 * self.n_outer
        with np.errstate(invalid="ignore"):
            inner = (values >= low) & (values < high)
            places = np.where(inner, (values - low) * (n / (high - low)), 0).astype(np.int32)
        cells: IntArray = np.minimum(places, n - 1) + np.int32(self.n_outer)
        outside = np.flatnonzero(~inner)
        found = np.searchsorted(self.edges, values[outside], side="right").astype(np.int32) - 1
        cells[outside] = np.where((found >= 0) & (found < self.n_cells), found, -1)
        return cells

    def pixels(self, low: float, high: float, n: int) -> FloatArray:
        """Return edges of some n pixels that hold a range, each as wide as a whole number of the equal cells.

        Pixels of one and of two cells in turn would be stripes.
        """
        origin = float(self.edges[self.n_outer])
        cell = (float(self.edges[-1 - self.n_outer]) - origin) / (self.n_cells - 2 * self.n_outer)
        step = cell * max(1, round((high - low) / n / cell))
        first, last = np.floor((low - origin) / step), np.ceil((high - origin) / step)
        edges: FloatArray = origin + step * np.arange(first, max(last, first + 1) + 1)
        return edges

    def spans(self, pixel_edges: FloatArray) -> IntArray:
        """Return the first cell of each pixel and the one after its last, (n, 2).

        pixel_edges : (n + 1,) values, growing

        Every cell falls to one pixel; a pixel smaller than a cell is given the cell that its middle lies in.
        """
        number = np.arange(self.n_cells + 1, dtype=np.float64)
        # Beyond the ends go on in steps of one cell, so that a pixel out there holds none.
        at = np.interp(pixel_edges, self.edges, number, left=-1.0, right=self.n_cells + 1.0)
        bounds = np.clip(np.round(at), 0, self.n_cells).astype(np.int64)
        spans = np.stack([bounds[:-1], bounds[1:]], axis=1)
        middles = np.interp((pixel_edges[:-1] + pixel_edges[1:]) / 2, self.edges, number, left=-1.0, right=-1.0)
        small = (spans[:, 0] == spans[:, 1]) & (middles >= 0) & (np.diff(at) < 1)
        own = np.minimum(np.floor(middles[small]).astype(np.int64), self.n_cells - 1)
        spans[small] = np.stack([own, own + 1], axis=1)
        return spans


@dataclass(frozen=True, slots=True)
class CountMap:
    """Spikes by two quantities, and the sum of their ranks by a third.

    counts, ranks : (n_rows + 1, n_columns + 1) uint32, of all cells below and to the left; they wrap around, which
    cancels in the difference of any rectangle of fewer than 2**32 / 255 spikes
    """

    x: Axis
    y: Axis
    counts: IntArray
    ranks: IntArray

    def image(self, x_edges: FloatArray, y_edges: FloatArray) -> tuple[IntArray, IntArray]:
        """Return counts and sums of ranks of pixels, (n_rows, n_columns) uint32 each, the lowest row first."""
        columns, rows = self.x.spans(x_edges), self.y.spans(y_edges)
        return _rectangles(self.counts, rows, columns), _rectangles(self.ranks, rows, columns)


def count_maps(
    columns: Mapping[str, FloatArray],
    pairs: Sequence[tuple[str, str]],
    axes: Mapping[str, Axis],
    ranks: IntArray,
) -> tuple[CountMap, ...]:
    """Count all spikes over each pair of quantities, x before y; one without either is in no map of the pair.

    Parameters
    ----------
    columns : (n,) float32 of each quantity
    ranks : (n,) uint8

    Returns
    -------
    a map for each of the pairs
    """
    shapes = [(axes[y].n_cells, axes[x].n_cells) for x, y in pairs]
    counts = [np.zeros(shape, dtype=np.uint32) for shape in shapes]
    sums = [np.zeros(shape, dtype=np.uint32) for shape in shapes]
    for start in range(0, len(ranks), _CHUNK):
        part = slice(start, start + _CHUNK)
        cells = {name: axes[name].cells_of(values[part]) for name, values in columns.items() if name in axes}
        weights = ranks[part].astype(np.float64)
        for (x, y), count, total in zip(pairs, counts, sums, strict=True):
            known = np.flatnonzero((cells[x] >= 0) & (cells[y] >= 0))
            flat = cells[y][known].astype(np.int64) * count.shape[1] + cells[x][known]
            size = {"minlength": count.size}
            count += np.bincount(flat, **size).astype(np.uint32).reshape(count.shape)
            total += np.bincount(flat, weights[known], **size).astype(np.uint32).reshape(count.shape)
    return tuple(
        CountMap(axes[x], axes[y], _summed(count), _summed(total))
        for (x, y), count, total in zip(pairs, counts, sums, strict=True)
    )


def ranks_of(values: FloatArray, limits: tuple[float, float]) -> IntArray:
    """Return the rank 0..255 of each value between limits, (n,) uint8; 0 for one that is not a number."""
    low, high = limits
    with np.errstate(invalid="ignore"):
        part = np.clip((values - low) / (high - low), 0, 1)
    return np.round(np.nan_to_num(part) * (RANKS - 1)).astype(np.uint8)


def _summed(counts: IntArray) -> IntArray:
    sums = np.zeros((counts.shape[0] + 1, counts.shape[1] + 1), dtype=np.uint32)
    np.cumsum(counts.cumsum(axis=0, dtype=np.uint32), axis=1, dtype=np.uint32, out=sums[1:, 1:])
    return frozen(sums)


def _rectangles(sums: AnyArray, rows: IntArray, columns: IntArray) -> IntArray:
    bands = sums[rows[:, 1]] - sums[rows[:, 0]]
    image: IntArray = bands[:, columns[:, 1]] - bands[:, columns[:, 0]]
    return image
