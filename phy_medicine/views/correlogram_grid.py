"""Places the cells of a grid of correlograms, and labels them so that nothing overlaps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.axes import LINE_ALPHA, MINUS, log_tick_labels, log_tick_values, tick_labels, tick_values
from phy_medicine.views.contrast import TEXT, legible
from phy_medicine.views.correlogram_block import Heights
from phy_medicine.views.layout import Box, grid
from phy_medicine.views.scene import Scene

X_TITLE = "Lag (ms)"
# Cells below this size have no y axis of their own, logical px.
_OWN_AXIS = (70, 44)
# Columns narrower than this have no numbers under them, logical px; the title then tells the lags.
_LABELLED_COLUMN = 74
_TICK = 4


class CorrelogramGrid:
    """Cells of n clusters, row by row.

    heights : what is drawn, for the y axes; uniform : all cells have the same y axis, which then stands at the left
    only; log_x : places along x are powers of ten
    """

    def __init__(self, cluster_ids: Sequence[int], heights: Heights, *, uniform: bool, log_x: bool) -> None:
        self._names = tuple(str(cluster_id) for cluster_id in cluster_ids)
        self._heights = heights
        self._uniform = uniform
        self._log_x = log_x
        self._y_columns: range = range(0)
        self._upright = False
        self._lags_under_cells = True

    @property
    def n(self) -> int:
        """Number of clusters."""
        return len(self._names)

    def arrange(self, scene: Scene, box: Box, *, labels: bool) -> None:
        """Place the cells; where there is room every cell gets a y axis, else those of the first column, else none."""
        left, top, right, bottom = box
        r, ink, n = scene.ratio, scene.over, self.n
        if not labels:
            self._y_columns = range(0)
            scene.panels.set_rects(grid(n, n, (left + 6 * r, top + 6 * r, right - 6 * r, bottom - 6 * r), gap=3 * r))
            return
        heads = max(ink.text_width(name) for name in self._names)
        left += heads + 12 * r
        right -= 12 * r
        self._lags_under_cells = (right - left) / n >= _LABELLED_COLUMN * r
        bottom -= ink.cap_height + 16 * r + (ink.cap_height + (_TICK + 6) * r if self._lags_under_cells else 0)
        axis = self._axis_width(scene, (bottom - top) / n)
        gap = _gap((right - left) / n, r)
        left += ink.cap_height + 8 * r
        cell_w, cell_h = (right - left) / n - axis, (bottom - top) / n
        room = cell_h >= _OWN_AXIS[1] * r and cell_w >= _OWN_AXIS[0] * r
        self._y_columns = range((1 if self._uniform else n) if room else 0)
        column = (right - left - (n - 1) * gap) / n
        self._upright = heads + 4 * r > column
        top += (heads if self._upright else ink.cap_height) + 12 * r
        if len(self._y_columns) == 1:
            left, axis = left + axis, gap
        elif len(self._y_columns):
            left += axis
        else:
            axis = gap
        scene.panels.set_rects(_cells(n, (left, top, right, bottom), axis, 10 * r if room else gap))

    def _y_ticks(self, panel: int, span: FloatArray, height: float) -> list[tuple[float, str]]:
        """Return place and text of the ticks of a cell of so many logical px."""
        low, high, most = float(span[0]), float(span[1]), int(np.clip(height / 36, 2, 5))
        if not self._heights.floors:
            values = tick_values(low, high, most, whole=self._heights.whole)
            return list(zip(values.tolist(), tick_labels(values), strict=True))
        floor = math.log10(self._heights.floors[panel])
        values = log_tick_values(low + floor, high + floor, most)
        return list(zip((values - floor).tolist(), log_tick_labels(values), strict=True))

    def _axis_width(self, scene: Scene, height: float) -> float:
        ranges = scene.panels.ranges()[:, 2:]
        texts = [t for k, span in enumerate(ranges) for _, t in self._y_ticks(k, span, height / scene.ratio)]
        widest = max((scene.over.text_width(text) for text in texts), default=0)
        # In steps of 8 px, so that the cells do not move with every new number.
        return float(np.ceil((widest + (_TICK + 10) * scene.ratio) / (8 * scene.ratio)) * 8 * scene.ratio)

    def draw(self, scene: Scene, colors: FloatArray, *, labels: bool) -> None:
        """Add axis lines, ticks, and the cluster ids at the heads of rows and columns."""
        rects = scene.panels.rects.astype(np.float64)
        line = max(1.0, round(scene.ratio))
        left, _, right, bottom = rects.T
        floor = np.stack([left, bottom, right, bottom + line], axis=1)
        scene.over.rects(floor, scene.theme.rgba("dim", LINE_ALPHA))
        if labels:
            self._draw_heads(scene, legible(colors, scene.theme.rgba("view"), TEXT))
            self._draw_x(scene)
            self._draw_y(scene)

    def _draw_heads(self, scene: Scene, colors: FloatArray) -> None:
        rects, r, n = scene.panels.rects, scene.ratio, self.n
        free_x = free_y = -np.inf
        height = scene.over.cap_height
        left = height + 8 * r + max(scene.over.text_width(name) for name in self._names) + 6 * r
        for k, name in enumerate(self._names):
            column, row = rects[k], rects[k * n]
            x, y = (column[0] + column[2]) / 2, (row[1] + row[3]) / 2
            red, green, blue, alpha = (float(value) for value in colors[k])
            color = (red, green, blue, alpha)
            across = height if self._upright else scene.over.text_width(name)
            if x - across / 2 >= free_x:
                anchor = "lm" if self._upright else "cb"
                scene.over.text(name, x, column[1] - 6 * r, color=color, anchor=anchor, rotated=self._upright)
                free_x = x + across / 2 + 4 * r
            if y - height / 2 >= free_y:
                scene.over.text(name, left, y, color=color, anchor="rm")
                free_y = y + height / 2 + 3 * r

    def _draw_x(self, scene: Scene) -> None:
        """Label the lags under the bottom row, or in the title when the cells are too narrow."""
        panels, r, n = scene.panels, scene.ratio, self.n
        bottom_row = panels.rects[n * (n - 1) :]
        low, high = panels.ranges()[0, :2]
        a, _, c, _ = panels.transforms()[n * (n - 1)]
        gap = bottom_row[1][0] - bottom_row[0][2]
        ticks, texts = np.zeros(0), ()
        if self._lags_under_cells:
            ticks, texts = _lag_ticks(scene, (low, high), (a, c), bottom_row[0], gap, log=self._log_x)
        dim, line = scene.theme.rgba("dim"), max(1.0, round(r))
        y = bottom_row[0][3]
        for rect in bottom_row:
            for tick, text in zip(ticks, texts, strict=True):
                x = round(tick * a + c) + rect[0] - bottom_row[0][0]
                scene.over.rects([(x, y, x + line, y + _TICK * r)], scene.theme.rgba("dim", LINE_ALPHA))
                scene.over.text(text, x, y + (_TICK + 5) * r, anchor="ct", color=dim)
        title, title_y = X_TITLE, y + (_TICK + 12) * r + scene.over.cap_height
        if not len(ticks):
            low, high = (10.0**low, 10.0**high) if self._log_x else (low, high)
            title, title_y = f"Lag, {lag_text(low)} to {lag_text(high)} ms", y + 8 * r
        middle = (bottom_row[0][0] + bottom_row[-1][2]) / 2
        scene.over.text(title, middle, title_y, anchor="ct", color=dim)

    def _draw_y(self, scene: Scene) -> None:
        panels, r = scene.panels, scene.ratio
        ranges, transforms = panels.ranges(), panels.transforms()
        dim, line = scene.theme.rgba("dim"), max(1.0, round(r))
        for row in range(self.n):
            for column in self._y_columns:
                panel = row * self.n + column
                left, top, _, bottom = panels.rects[panel]
                scene.over.rects([(left - line, top, left, bottom + line)], scene.theme.rgba("dim", LINE_ALPHA))
                for tick, text in self._y_ticks(panel, ranges[panel, 2:], (bottom - top) / r):
                    y = round(tick * transforms[panel, 1] + transforms[panel, 3])
                    scene.over.rects([(left - _TICK * r, y, left, y + line)], scene.theme.rgba("dim", LINE_ALPHA))
                    scene.over.text(text, left - (_TICK + 4) * r, y, anchor="rm", color=dim)
        middle = (panels.rects[0][1] + panels.rects[-1][3]) / 2
        if panels.rects[-1][3] - panels.rects[0][1] >= scene.over.text_width(self._heights.title):
            scene.over.text(self._heights.title, 5 * r, middle, anchor="ct", color=dim, rotated=True)


def lag_text(value_ms: float) -> str:
    """Return a lag with three digits, or more before the point."""
    text = f"{value_ms:.3g}" if abs(value_ms) < 1000 else f"{value_ms:,.0f}"
    return text.replace("-", MINUS)


def _gap(column: float, ratio: float) -> float:
    """Return the space between cells, a tenth of them."""
    return float(np.clip(round(0.1 * column), 2 * ratio, 10 * ratio))


def _cells(n: int, box: Box, gap_x: float, gap_y: float) -> FloatArray:
    """Return (n * n, 4) equal boxes with different gaps across and along, row by row."""
    left, top, right, bottom = box
    columns = grid(1, n, (left, top, max(right, left + 2 * n), bottom), gap=gap_x)
    rows = grid(n, 1, (left, top, right, max(bottom, top + 2 * n)), gap=gap_y)
    row, column = np.divmod(np.arange(n * n), n)
    return np.stack([columns[column, 0], rows[row, 1], columns[column, 2], rows[row, 3]], axis=1)


def _lag_ticks(
    scene: Scene, lags: tuple[float, float], transform: tuple[float, float], rect: FloatArray, gap: float, *, log: bool
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return at least two ticks whose labels fit under one cell without touching those of the next; else none."""
    for most in (5, 3):
        ticks = log_tick_values(*lags, most) if log else tick_values(*lags, most)
        texts = log_tick_labels(ticks) if log else tick_labels(ticks)
        x = ticks * transform[0] + transform[1]
        half = np.array([scene.over.text_width(text) / 2 for text in texts])
        if len(ticks) < 2:
            continue
        inside = x[0] - half[0] >= rect[0] - gap / 2 and x[-1] + half[-1] <= rect[2] + gap / 2 - 4 * scene.ratio
        apart = (x[1:] - half[1:] - x[:-1] - half[:-1] >= 8 * scene.ratio).all()
        if inside and apart:
            return ticks, texts
    return np.zeros(0), ()
