"""The lasso and the axes of a plugin's canvas under phy's names; the view draws them as those of its own views."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bounds import NDC
from phy_medicine.app.phy_compat.transform import Range
from phy_medicine.base.types import BoolArray, FloatArray
from phy_medicine.views.axes import tick_values
from phy_medicine.views.lasso import points_in_polygon


class Lasso:
    """A polygon in the box of its first corner; its places are in NDC of that box."""

    def __init__(self) -> None:
        self._corners: list[tuple[float, float]] = []
        self.canvas: Any = None
        self.box: Any = None

    def attach(self, canvas: Any) -> None:
        """Draw in a canvas."""
        canvas.lasso, self.canvas = self, canvas

    def add(self, pos: Any) -> None:
        """Add a corner, (x, y)."""
        x, y = np.asarray(pos, dtype=np.float64).reshape(-1)[:2].tolist()
        self._corners.append((x, y))
        self.update_lasso_visual()

    @property
    def polygon(self) -> FloatArray:
        """(n, 2) corners."""
        return np.array(self._corners, dtype=np.float64).reshape(-1, 2)

    @property
    def count(self) -> int:
        """Number of corners."""
        return len(self._corners)

    def clear(self) -> None:
        """Forget all corners."""
        self._corners.clear()
        self.box = None
        self.update_lasso_visual()

    def in_polygon(self, pos: Any) -> BoolArray:
        """Tell which places, (n, 2), are inside."""
        points = np.atleast_2d(np.asarray(pos, dtype=np.float64))
        if self.count < 3:
            return np.zeros(len(points), dtype=bool)
        return points_in_polygon(points[:, 0], points[:, 1], self.polygon)

    def update_lasso_visual(self) -> None:
        """Draw the lasso as it is."""
        if self.canvas is not None:
            self.canvas.redraw()

    def __repr__(self) -> str:
        return str(self.polygon)


class AxisLocator:
    """Where ticks stand: round values in what is shown.

    data_bounds : of the canvas without a zoom, x0, y0, x1, y1 in data units; `xticks`, `yticks` are in data units,
    `xticks_view`, `yticks_view` in NDC, `xtext`, `ytext` what is written
    """

    _default_nbinsx, _default_nbinsy = 24, 16
    _bins_margin = 5

    def __init__(self, nbinsx: int | None = None, nbinsy: int | None = None, data_bounds: Any = None) -> None:
        self.data_bounds = data_bounds
        self._to_data = Range(NDC, NDC if data_bounds is None else data_bounds)
        self.set_nbins(nbinsx, nbinsy)

    def set_nbins(self, nbinsx: int | None = None, nbinsy: int | None = None) -> None:
        """Set the number of ticks; many more are found, for what is beyond the canvas."""
        self.nbinsx = self._bins_margin * nbinsx if nbinsx else self._default_nbinsx
        self.nbinsy = self._bins_margin * nbinsy if nbinsy else self._default_nbinsy

    def set_view_bounds(self, view_bounds: Any = None) -> None:
        """Find ticks for what is shown, x0, y0, x1, y1 in NDC, and twice as much on each side of it."""
        x0, y0, x1, y1 = view_bounds or NDC
        dx, dy = 2 * (x1 - x0), 2 * (y1 - y0)
        (left, low), (right, high) = self._to_data.apply(np.array([(x0 - dx, y0 - dy), (x1 + dx, y1 + dy)])).tolist()
        self.xticks = tick_values(left, right, self.nbinsx)
        self.yticks = tick_values(low, high, self.nbinsy)
        back = self._to_data.inverse()
        self.xticks_view = _column(back, self.xticks, 0)
        self.yticks_view = _column(back, self.yticks, 1)
        self.xtext = [f"{value:.9g}" for value in self.xticks]
        self.ytext = [f"{value:.9g}" for value in self.yticks]


def _column(transform: Range, values: FloatArray, axis: int) -> FloatArray:
    if not len(values):
        return values
    points = np.zeros((len(values), 2))
    points[:, axis] = values
    moved: FloatArray = transform.apply(points)[:, axis]
    return moved


class Axes:
    """The axes of a canvas; data_bounds : data units at the edges of the canvas, x0, y0, x1, y1; None: no numbers."""

    default_color = (1.0, 1.0, 1.0, 0.25)

    def __init__(self, data_bounds: Any = None, color: Any = None, show_x: bool = True, show_y: bool = True) -> None:
        self.show_x, self.show_y = show_x, show_y
        self.color = color or self.default_color
        self.canvas: Any = None
        # Units along y of the boxes of a stack, each with an axis of its own.
        self.rows: dict[int, tuple[float, float]] = {}
        self.reset_data_bounds(data_bounds, do_update=False)

    def attach(self, canvas: Any) -> None:
        """Draw in a canvas."""
        canvas.axes, self.canvas = self, canvas

    def reset_data_bounds(self, data_bounds: Any, do_update: bool = True) -> None:
        """Set the data units at the edges."""
        self.data_bounds = None if data_bounds is None else tuple(float(b) for b in data_bounds)
        self.locator = AxisLocator(data_bounds=self.data_bounds)
        self.locator.set_view_bounds(NDC)
        if do_update:
            self.update_visuals()

    def update_visuals(self) -> None:
        """Draw the axes as they are."""
        if self.canvas is not None:
            self.canvas.redraw()


def in_polygon(points: Any, polygon: Any) -> BoolArray:
    """Tell which points, (n, 2), lie in a polygon, (k, 2)."""
    places = np.atleast_2d(np.asarray(points, dtype=np.float64))
    return points_in_polygon(places[:, 0], places[:, 1], np.asarray(polygon))
