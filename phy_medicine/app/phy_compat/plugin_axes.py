"""Axes of a plugin's canvas: those of the program, with the data units that the plugin gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.app.phy_compat.panels import SHEET
from phy_medicine.base.types import FloatArray
from phy_medicine.views.axes import Axes
from phy_medicine.views.layout import Box, Panels

if TYPE_CHECKING:
    from phy_medicine.app.phy_compat.plugin_view import PluginView

_MARGIN = 6.0  # of a canvas without axes, logical px
_LEAST_ROW = 30.0  # height of a row that has an axis, logical px


@dataclass(slots=True)
class PluginAxes:
    """Places and draws axes around the sheet, or around the outer cells of a grid."""

    view: PluginView

    @property
    def _given(self) -> Any:
        """What the plugin says of axes, None when it wants none."""
        canvas = self.view.drawn_canvas
        return canvas.axes if canvas is not None and canvas.has_axes else None

    def _style(self) -> Axes:
        given, plugin = self._given, self.view.plugin
        numbers = given is not None and given.data_bounds is not None
        x = getattr(plugin, "x_title", "") if numbers and given.show_x else None
        y = getattr(plugin, "y_title", "") if numbers and given.show_y else None
        return Axes(x=x, y=y, frame=self.view.drawn_canvas.layout is None or not numbers)

    def _units(self, panel: int) -> FloatArray:
        """Return what a panel shows, x0, x1, y0, y1 in the plugin's units."""
        x0, y0, x1, y1 = self._given.data_bounds
        low, size = np.array([x0, x0, y0, y0]), np.array([x1 - x0, x1 - x0, y1 - y0, y1 - y0])
        shown: FloatArray = low + size * self.view.panels.ranges()[panel]
        return shown

    @property
    def _n_rows(self) -> int:
        layout, given = self.view.drawn_canvas.layout, self._given
        if layout is not None and layout.cells:
            return int(layout.shape[0])
        return layout.n_boxes if layout is not None and given is not None and given.rows else 1

    def inner(self, box: Box) -> Box:
        """Return what axes leave of the canvas."""
        scene, ratio = self.view.scene, self.view.ratio
        left, top, right, bottom = box
        if self._given is None or self._given.data_bounds is None:
            m = _MARGIN * ratio
            return left + m, top + m, max(right - m, left + m + 1), max(bottom - m, top + m + 1)
        panel = self.view.drawn_canvas.panels.reference
        y_ranges = np.array(list(self._given.rows.values()) or [self._units(panel)[2:]])
        n_rows = self._n_rows
        a, b, c, d = self._style().margins(scene.over, y_ranges, (bottom - top) / n_rows, ratio)
        return left + a, top + b, max(right - c, left + a + 1), max(bottom - d, top + b + 1)

    def draw(self) -> None:
        """Add axes, or frames around the cells of a grid."""
        panels, scene = self.view.drawn_canvas.panels, self.view.scene
        if panels.cells:
            line = max(1.0, round(self.view.ratio))
            frames = panels.rects[1:] + np.array([-line, -line, line, line])
            scene.over.frames(frames.astype(np.float64), scene.theme.rgba("line"), width=line)
        if self._given is None or self._given.data_bounds is None:
            return
        style = self._style()
        if not panels.cells:
            rows = self._given.rows
            self._draw_panel(SHEET, Axes(x=style.x, y=None) if rows else style)
            for number, (low, high) in rows.items() if style.y is not None else ():
                self._draw_row(number, low, high)
            return
        n_rows, n_columns = self.view.drawn_canvas.layout.shape
        for number in range(n_rows * n_columns):
            row, column = divmod(number, n_columns)
            x, y = (style.x if row == n_rows - 1 else None), (style.y if column == 0 else None)
            if x is not None or y is not None:
                self._draw_panel(number + 1, Axes(x=x, y=y))

    def _draw_panel(self, panel: int, style: Axes) -> None:
        units, scene = self._units(panel), self.view.scene
        shown = Panels(1)
        shown.set_rects(self.view.panels.rects[panel : panel + 1])
        shown.set_home(x=(units[0], units[1]), y=(units[2], units[3]))
        style.draw(shown, 0, scene.under, scene.over, theme=scene.theme, ratio=self.view.ratio)

    def _draw_row(self, number: int, low: float, high: float) -> None:
        """Add the y axis of one box of a stack."""
        panels, scene = self.view.panels, self.view.scene
        if number + 1 >= len(panels):
            return
        left, top, right, bottom = (float(edge) for edge in panels.rects[SHEET])
        _, (y0, y1) = panels.to_pixels(number + 1, np.zeros(2), np.array([0.0, 1.0]))
        upper, lower = max(float(y1), top), min(float(y0), bottom)
        if lower - upper < _LEAST_ROW * self.view.ratio:
            return
        shown = Panels(1)
        shown.set_rects(np.array([(left, upper, right, lower)]))
        _, ends = panels.to_data(number + 1, np.zeros(2), np.array([lower, upper]))
        shown.set_home(y=(low + float(ends[0]) * (high - low), low + float(ends[1]) * (high - low)))
        Axes(x=None, y="").draw(shown, 0, scene.under, scene.over, theme=scene.theme, ratio=self.view.ratio)
