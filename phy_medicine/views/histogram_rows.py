"""Places the rows of a histogram view, and labels clusters and axes so that nothing overlaps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.views.axes import LINE_ALPHA, log_tick_labels, log_tick_values, tick_labels, tick_values
from phy_medicine.views.contrast import TEXT, legible
from phy_medicine.views.layout import Box, grid
from phy_medicine.views.scene import Scene

_TICK = 4
# Lower rows have no y axis, logical px.
_OWN_AXIS = 40
# Labels take no more than this part of the width.
_LABEL_SHARE = 0.34


@dataclass(slots=True)
class HistogramRows:
    """How rows look.

    labels : lines of text for each cluster, its id first; overlaid : all clusters in one row; log_x : places are
    powers of ten; whole : heights are counts; y_floors : (n_panels,) value at height 0 of a logarithmic y axis, or none
    """

    labels: tuple[tuple[str, ...], ...]
    overlaid: bool
    x_title: str
    y_title: str
    log_x: bool = False
    whole: bool = False
    y_floors: tuple[float, ...] = ()
    # What fits, found when the rows were placed.
    _texts: list[tuple[str, ...]] = field(default_factory=list, init=False)
    _y_axes: bool = field(default=True, init=False)

    def arrange(self, scene: Scene, box: Box) -> None:
        """Place the rows between the y axis at the left and the labels at the right."""
        left, top, right, bottom = box
        r, ink, n = scene.ratio, scene.over, len(scene.panels)
        cap = ink.cap_height
        top, bottom = top + 8 * r, bottom - (_TICK + 5 + 7 + 9) * r - 2 * cap
        gap = float(np.clip(round(0.12 * (bottom - top) / n), 2 * r, 10 * r))
        height = max((bottom - top - gap * (n - 1)) / n, 1.0)
        self._y_axes = height >= _OWN_AXIS * r
        left += cap + 12 * r + self._axis_width(scene, height)
        self._texts = self._fitting(scene, height, right - left)
        widest = max((ink.text_width(line) for lines in self._texts for line in lines), default=0)
        right -= (math.ceil((widest + 8 * r) / (8 * r)) * 8 * r if widest else 0) + 10 * r
        scene.panels.set_rects(grid(n, 1, (left, top, max(right, left + 1), max(bottom, top + n)), gap=gap))

    def _axis_width(self, scene: Scene, height: float) -> float:
        if not self._y_axes:
            return 6 * scene.ratio
        texts = [t for panel in range(len(scene.panels)) for _, t in self._y_ticks(scene, panel, height)]
        widest = max((scene.over.text_width(text) for text in texts), default=0)
        # In steps of 8 px, so that the picture does not move with every new number.
        return float(math.ceil((widest + (_TICK + 6) * scene.ratio) / (8 * scene.ratio)) * 8 * scene.ratio)

    def _y_ticks(self, scene: Scene, panel: int, height: float) -> list[tuple[float, str]]:
        """Return place on the axis and text of each tick."""
        low, high = scene.panels.ranges()[panel, 2:]
        most = int(np.clip(height / (30 * scene.ratio), 2, 5))
        if not self.y_floors:
            values = tick_values(low, high, most, whole=self.whole)
            return list(zip(values.tolist(), tick_labels(values), strict=True))
        floor = math.log10(self.y_floors[panel])
        values = log_tick_values(floor, high + floor, most)
        return list(zip((values - floor).tolist(), log_tick_labels(values), strict=True))

    # Labels of clusters

    def _line(self, scene: Scene) -> float:
        return scene.over.cap_height + 6 * scene.ratio

    def _fitting(self, scene: Scene, height: float, width: float) -> list[tuple[str, ...]]:
        """Return the lines of each label that fit: all, the first two in one line, or the id."""
        n_lines = int((height + 6 * scene.ratio) / self._line(scene)) if not self.overlaid else 1
        joined: list[tuple[str, ...]] = [("  ".join(label[:2]),) for label in self.labels]
        tries = ([label[:n_lines] for label in self.labels] if n_lines > 1 else []), joined
        for texts in tries:
            if texts and max(scene.over.text_width(t) for lines in texts for t in lines) <= _LABEL_SHARE * width:
                return texts
        return [label[:1] for label in self.labels]

    def _draw_labels(self, scene: Scene, colors: FloatArray) -> None:
        rects, step, half = scene.panels.rects, self._line(scene), scene.over.cap_height / 2
        x, lowest = float(rects[0][2]) + 10 * scene.ratio, float(rects[-1][3]) + half
        free = -math.inf
        for i, (lines, rgba) in enumerate(
            zip(self._texts, legible(colors, scene.theme.rgba("view"), TEXT), strict=True)
        ):
            rect = rects[0] if self.overlaid else rects[i]
            middle = float(rect[1]) + half + i * step if self.overlaid else float(rect[1] + rect[3]) / 2
            first = middle - (len(lines) - 1) * step / 2
            if first - half < free or first + half > lowest:
                continue
            red, green, blue, alpha = (float(value) for value in rgba)
            for k, line in enumerate(lines):
                color = (red, green, blue, alpha) if k == 0 else scene.theme.rgba("dim")
                scene.over.text(line, x, first + k * step, anchor="lm", color=color)
            free = first + (len(lines) - 1) * step + half + 3 * scene.ratio

    # Axes

    def draw(self, scene: Scene, colors: FloatArray) -> None:
        """Add axis lines, ticks, titles and the labels of the clusters; colors : (n_clusters, 4)."""
        rects = scene.panels.rects.astype(np.float64)
        line = max(1.0, round(scene.ratio))
        left, _, right, bottom = rects.T
        color = scene.theme.rgba("dim", LINE_ALPHA)
        scene.over.rects(np.stack([left - line, bottom, right, bottom + line], axis=1), color)
        self._draw_x(scene)
        self._draw_y(scene)
        if len(colors):
            self._draw_labels(scene, colors)

    def _x_ticks(self, low: float, high: float, width: float) -> tuple[FloatArray, tuple[str, ...]]:
        most = max(2, min(7, int(width / 55)))
        if self.log_x:
            values = log_tick_values(low, high, most)
            return values, log_tick_labels(values)
        plain = tick_values(low, high, min(most, 5))
        return plain, tick_labels(plain)

    def _draw_x(self, scene: Scene) -> None:
        panels, r, over = scene.panels, scene.ratio, scene.over
        left, _, right, bottom = (float(edge) for edge in panels.rects[-1])
        first_top = float(panels.rects[0][1])
        low, high = (float(end) for end in panels.ranges()[0, :2])
        places, texts = self._x_ticks(low, high, (right - left) / r)
        line, dim = max(1.0, round(r)), scene.theme.rgba("dim")
        faint = scene.theme.rgba("dim", LINE_ALPHA)
        if self.log_x:
            minor = np.round(panels.to_pixels(0, minor_ticks(low, high), 0.0)[0])
            over.rects([(x, bottom, x + line, bottom + 2 * r) for x in minor if left <= x < right], faint)
        text_y = bottom + (_TICK + 5) * r
        free, last = left - 24 * r, float(scene.size[0])
        for x, text in zip(np.round(panels.to_pixels(0, places, 0.0)[0]), texts, strict=True):
            over.rects([(x, bottom, x + line, bottom + _TICK * r)], faint)
            # Rows are compared along x.
            scene.under.rects([(x, first_top, x + line, bottom)], scene.theme.rgba("line"))
            half = over.text_width(text) / 2
            if x - half >= free and x + half <= last:
                over.text(text, x, text_y, anchor="ct", color=dim)
                free = x + half + 8 * r
        over.text(self.x_title, (left + right) / 2, text_y + over.cap_height + 7 * r, anchor="ct", color=dim)

    def _draw_y(self, scene: Scene) -> None:
        panels, r, over = scene.panels, scene.ratio, scene.over
        dim, faint, line = scene.theme.rgba("dim"), scene.theme.rgba("dim", LINE_ALPHA), max(1.0, round(r))
        for panel, rect in enumerate(panels.rects):
            left, top, _, bottom = (float(edge) for edge in rect)
            over.rects([(left - line, top, left, bottom + line)], faint)
            if not self._y_axes:
                continue
            for place, text in self._y_ticks(scene, panel, bottom - top):
                y = round(float(panels.to_pixels(panel, 0.0, place)[1]))
                over.rects([(left - _TICK * r, y, left, y + line)], faint)
                over.text(text, left - (_TICK + 4) * r, y, anchor="rm", color=dim)
        top, bottom = float(panels.rects[0][1]), float(panels.rects[-1][3])
        if bottom - top >= over.text_width(self.y_title):
            over.text(self.y_title, 5 * r, (top + bottom) / 2, anchor="ct", color=dim, rotated=True)


def draw_across(scene: Scene, panel: int, place: float, *, dashed: bool = False, color: AnyArray | None = None) -> None:
    """Draw a line over a row at a place on its x axis, with a shadow, so that it is seen on bars and beside them."""
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[panel])
    if not math.isfinite(place):
        return
    x = round(float(scene.panels.to_pixels(panel, place, 0.0)[0]))
    width = max(1.0, round(scene.ratio))
    if not left <= x < right - width:
        return
    edges = np.arange(top, bottom, 6 * scene.ratio) if dashed else np.array([top])
    ends = np.minimum(edges + 3 * scene.ratio, bottom) if dashed else np.array([bottom])
    rects = np.stack([np.full_like(edges, x), edges, np.full_like(edges, x + width), ends], axis=1)
    scene.over.rects(rects + np.array([width, 0, width, 0]), scene.theme.rgba("view", 0.5))
    scene.over.rects(rects, scene.theme.rgba("text", 0.85) if color is None else color)


def minor_ticks(low: float, high: float) -> FloatArray:
    """Return log10 of 1 to 9 of each decade between 10**low and 10**high; none over more than 8 decades."""
    if not high - low <= 8:
        return np.zeros(0)
    decades = np.arange(float(math.floor(low)), math.ceil(high) + 1)
    places = (decades[:, None] + np.log10(np.arange(1, 10))).ravel()
    inside: FloatArray = places[(places >= low - 1e-9) & (places <= high + 1e-9)]
    return inside
