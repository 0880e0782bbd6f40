"""Points laid out for the compiled loops, which go over parts of them in threads.

The parts depend on the number of points alone, so that sums are the same to the bit on any machine.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.device import n_processors
from phy_medicine.compute.mixture import _kernels_mixture as compiled

_BLOCK = 256
_MOST_PRODUCTS = 8_000_000
_ONE_THREAD = 1 << 18
"""Multiplications up to which OpenBLAS works in one thread. Its threads spin while they wait for each other: 36 ms
instead of 1 where other work runs (20,000 points, 10 dimensions, 6 components)."""
_PART = 4096
_MOST_PARTS = 16


@dataclass(frozen=True, slots=True)
class Form:
    """Parameters as the compiled loops take them; see `_kernels_mixture`.

    offsets : (k,) float64, the log of weight times density at the mean
    means : (k, d); halves : (k, d), or factors : (k, d, d); the other is empty
    """

    offsets: FloatArray
    means: FloatArray
    halves: FloatArray
    factors: FloatArray = field(default_factory=lambda: np.zeros((0, 0, 0)))

    def arrays(self) -> tuple[FloatArray, ...]:
        """Return all four, contiguous."""
        return tuple(map(np.ascontiguousarray, (self.offsets, self.means, self.halves, self.factors)))


@dataclass(frozen=True, slots=True)
class Sums:
    """What the components' points come to.

    centres : (k, d), which the deviations are taken from
    sizes : (k,); sums : (k, d), of the deviations
    squares : (k, d), sums of their squares, or (k, d, d), of their products
    """

    centres: FloatArray
    sizes: FloatArray
    sums: FloatArray
    squares: FloatArray


def as_points(x: AnyArray, dimensions: int | None = None) -> FloatArray:
    """Return points as (n, d) float64, contiguous.

    Raises
    ------
    PhyMedError : no table of finite numbers, or not of as many dimensions as wanted
    """
    table = np.asarray(x)
    if table.ndim != 2 or not table.shape[1] or table.dtype.kind not in "fiub":
        raise PhyMedError(f"Points must be a table of numbers, a row each, not of shape {table.shape} ({table.dtype}).")
    rows = np.ascontiguousarray(table, dtype=np.float64)
    if not np.isfinite(rows).all():
        wrong = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise PhyMedError(f"Row {wrong} of the points is not finite; leave such rows out.")
    if dimensions is not None and rows.shape[1] != dimensions:
        raise PhyMedError(f"The points have {rows.shape[1]} dimensions, the model has {dimensions}.")
    return rows


class Points:
    """Points, and the loops over them; x : (n, d)."""

    def __init__(self, x: AnyArray) -> None:
        self.rows = as_points(x)
        self.columns = np.ascontiguousarray(self.rows.T)
        self.n, self.d = self.rows.shape
        n_parts = min(max(self.n // _PART, 1), _MOST_PARTS)
        edges = np.linspace(0, self.n, n_parts + 1).astype(int).tolist()
        self._parts = list(pairwise(edges))

    @cached_property
    def products(self) -> FloatArray | None:
        """Products of two coordinates of each point, (d (d + 1) / 2, n), pairs in the order of `np.tril_indices`.

        None where they would take more than 64 MB.
        """
        first, second = np.tril_indices(self.d)
        return self.columns[first] * self.columns[second] if len(first) * self.n <= _MOST_PRODUCTS else None

    def weighted(self, rows: FloatArray, shares: FloatArray) -> FloatArray:
        """Return the sums of rows (m, n) over the points by their shares (n, k), (m, k)."""
        step = max(_ONE_THREAD // (len(rows) * shares.shape[1]), 64)
        total = np.zeros((len(rows), shares.shape[1]))
        for start in range(0, self.n, step):
            total += rows[:, start : start + step] @ shares[start : start + step]
        return total

    def logs(self, form: Form) -> FloatArray:
        """Return (n, k) float64, the log of weight times density."""
        arrays = form.arrays()
        out = np.empty((self.n, len(form.offsets)))
        self._each(lambda start, stop: compiled.write_logs(self.columns, *arrays, start, stop, _scratch(form), out))
        return out

    def draw_labels(self, form: Form, key: int, labels: IntArray) -> None:
        """Draw the component of each point into `labels`, (n,) int32; key : chooses the random numbers."""
        arrays = form.arrays()
        self._each(
            lambda start, stop: compiled.draw_labels(
                self.columns, *arrays, start, stop, _scratch(form), key, labels
            )
        )  # fmt: skip

    def add_draw(self, form: Form, shares: FloatArray, top: FloatArray, total: FloatArray) -> None:
        """Add probabilities and densities under one draw of the parameters; see `_kernels_mixture.add_draw`."""
        arrays = form.arrays()
        self._each(
            lambda start, stop: compiled.add_draw(
                self.columns, *arrays, start, stop, _scratch(form), shares, top, total
            )
        )  # fmt: skip

    def sums(self, labels: IntArray, centres: FloatArray, *, full: bool) -> Sums:
        """Return the sums of each component's points about its centre, (k, d)."""
        k = len(centres)
        square = np.zeros((k, 0) if full else (k, self.d))
        product = np.zeros((k, self.d, self.d) if full else (0, 0, 0))
        parts = [
            (np.zeros(k), np.zeros((k, self.d)), square.copy(), product.copy()) for _ in self._parts
        ]  # fmt: skip
        centres = np.ascontiguousarray(centres)
        into = {start: arrays for (start, _), arrays in zip(self._parts, parts, strict=True)}
        self._each(
            lambda start, stop: compiled.sum_by_label(self.rows, labels, centres, start, stop, *into[start])
        )  # fmt: skip
        sizes, sums, squares, products = (sum(arrays[1:], arrays[0]) for arrays in zip(*parts, strict=True))
        if full:
            squares = products + np.tril(products, -1).transpose(0, 2, 1)
        return Sums(centres, sizes, sums, squares)

    def _each(self, work: Callable[[int, int], None]) -> None:
        """Do the work of all parts, in threads where there are several."""
        if len(self._parts) == 1 or n_processors() == 1:
            for start, stop in self._parts:
                work(start, stop)
            return
        others = [_pool().submit(work, *part) for part in self._parts[1:]]
        work(*self._parts[0])
        for other in others:
            other.result()


def _scratch(form: Form) -> FloatArray:
    return np.empty((len(form.offsets) + 2, _BLOCK))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(n_processors() - 1, 1), thread_name_prefix="mixture")
