"""A polygon drawn by clicks around points of one panel."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray

# Points tested at once: the temporary (chunk, edges) arrays then stay within a few MB.
_CHUNK = 1 << 15


def points_in_polygon(x: AnyArray, y: AnyArray, polygon: AnyArray) -> BoolArray:
    """Tell which points lie in a polygon, by the even-odd rule.

    Parameters
    ----------
    x, y : (n,); NaN is outside
    polygon : (k, 2) corners in order, closed by itself, k >= 3

    Returns
    -------
    (n,) bool

    Source: W. R. Franklin, PNPOLY, 1970; half-open edges, so that a point on a shared corner counts once.
    """
    corners = np.asarray(polygon, dtype=np.float64)
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    inside = np.zeros(x.shape, dtype=bool)
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    candidates = np.flatnonzero((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))
    for start in range(0, len(candidates), _CHUNK):
        chunk = candidates[start : start + _CHUNK]
        inside[chunk] = _even_odd(x[chunk], y[chunk], corners)
    return inside


def _even_odd(x: FloatArray, y: FloatArray, corners: FloatArray) -> BoolArray:
    odd = np.zeros(x.shape, dtype=bool)
    previous = corners[-1]
    for corner in corners:
        (xa, ya), (xb, yb) = corner, previous
        if ya != yb:
            odd ^= ((ya > y) != (yb > y)) & (x < (xb - xa) * (y - ya) / (yb - ya) + xa)
        previous = corner
    return odd


class Lasso:
    """Corners in data coordinates of one panel; the first corner fixes the panel."""

    def __init__(self) -> None:
        self.panel: int | None = None
        self._corners: list[tuple[float, float]] = []

    def __len__(self) -> int:
        return len(self._corners)

    @property
    def corners(self) -> FloatArray:
        """(k, 2) float64."""
        return np.array(self._corners, dtype=np.float64).reshape(-1, 2)

    @property
    def closed(self) -> bool:
        """Whether there are enough corners to enclose something."""
        return len(self._corners) >= 3

    def add(self, panel: int | None, x: Any, y: Any) -> bool:
        """Add a corner; False if it lies in another panel than the first, or in none."""
        if panel is None or (self.panel is not None and panel != self.panel):
            return False
        self.panel = panel
        self._corners.append((float(x), float(y)))
        return True

    def clear(self) -> None:
        """Forget all corners."""
        self.panel = None
        self._corners.clear()

    def contains(self, x: AnyArray, y: AnyArray) -> BoolArray:
        """Tell which points lie inside; none while it is not closed."""
        if not self.closed:
            return np.zeros(np.shape(x), dtype=bool)
        return points_in_polygon(x, y, self.corners)
