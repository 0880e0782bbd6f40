"""Spikes of all clusters by time: a row for each cluster of the table, in its order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.curation.colors import COLOR_SCHEMES
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.view_host import ViewHost
from phy_medicine.views.all_clusters import AllClustersView
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import ViewAction
from phy_medicine.views.contrast import TEXT, legible
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.drift_marks import draw_band
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box
from phy_medicine.views.raster_block import (
    RasterBlock,
    RasterSource,
    density_levels,
    presence_levels,
    raster_pixels,
    widened,
)
from phy_medicine.views.spread import placed
from phy_medicine.views.theme import DARK, RGBA, Theme

SCHEMES = tuple(scheme.name for scheme in COLOR_SCHEMES)
# With more spikes in sight wide bars would only cover each other.
BAR_BUDGET = 25_000
_FIRST_WIDTH = 512
_MARKER = (1.0, 20.0)
# A selected row is at least so high, logical px.
_LEAST_ROW = 3
# Of 255, so that its colour is seen among grey.
_FAINTEST_SELECTED = 190
_TITLE = "Clusters in table order"


@dataclass(frozen=True, slots=True)
class RasterSettings:
    """What the raster view shows."""

    presence: bool = setting(False, "Presence over time: the rate in each bin, by the highest of its row")
    presence_bins: int = setting(200, "Bins of the presence over time", minimum=10, maximum=2000)
    marker_size: float = setting(
        1.0, "Width of a spike, when few are in sight", unit="px", minimum=_MARKER[0], maximum=_MARKER[1]
    )
    colors: str = setting("blank", "Colours of the clusters that are not selected", choices=SCHEMES, more=True)


class RasterView(AllClustersView):
    """A bar for each spike, or the density of many; the selected clusters in their colours, the others in grey."""

    name, title = "RasterView", "Raster"
    axes = Axes(x="Time (s)", y=None)
    settings_type = RasterSettings
    drawn_settings = frozenset({"marker_size"})

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self.picture = self.scene.picture = self.heat = HeatPicture()
        self._source = RasterSource(host.data)
        self._asked: tuple[float, ...] = ()
        self._drawn: tuple[float, ...] = ()

    # Arrays

    def make_block(self) -> RasterBlock:
        """Count the spikes of every row in what is in sight.

        Raises
        ------
        DataMissing : the table shows no cluster
        """
        table, settings = self.host.data.table, self.settings
        ids = tuple(table.ids())
        if not ids:
            raise DataMissing("No clusters: the filter of the cluster table leaves none.")
        window, width = self._window(), self._width()
        n_columns = min(settings.presence_bins, width) if settings.presence else width
        counts = self._source.counts(ids, window, n_columns)
        n_inside = int(counts.sum(dtype=np.int64))
        single = n_inside <= BAR_BUDGET
        levels = presence_levels(counts) if settings.presence else density_levels(counts, single=single)
        colors = table.colors(settings.colors, ids)
        return RasterBlock(ids, window, width, levels, colors, n_inside, settings.presence)

    def _key(self) -> tuple[Any, ...]:
        return (*super()._key(), self._window(), self._width())

    def _window(self) -> tuple[float, float]:
        """Return the stretch of time in sight."""
        low, high = np.array(self.panels.state(), dtype=np.float64)[0, 0]
        duration_s = max(self.host.data.duration_s, 1e-3)
        return float(low * duration_s), float(high * duration_s)

    def _width(self) -> int:
        """Return the width of the panel, px; before the first frame any."""
        width = int(self.panels.rects[0][2] - self.panels.rects[0][0])
        return width if width > 1 else _FIRST_WIDTH

    def upload(self, block: RasterBlock) -> None:
        """Draw the rows as an image."""
        self.panels.set_home(x=(0.0, max(self.host.data.duration_s, 1e-3)), y=(0.0, float(len(block.cluster_ids))))
        self._draw_rows(block)
        self.status = self._describe(block)
        self._asked = ()
        self._follow()

    def _draw_rows(self, block: RasterBlock) -> None:
        n = len(block.cluster_ids)
        first, last, height = self._rows_in_sight(n)
        self._drawn = (first, last, height)
        levels = block.levels
        if self.settings.marker_size > 1 and block.n_inside <= BAR_BUDGET and not block.presence:
            levels = widened(levels, round(self.settings.marker_size * self.ratio))
        grey = np.array([self.scene.theme.rgba("dim")])
        pixels = raster_pixels(
            levels,
            (first, last),
            height,
            colors=grey if self.settings.colors == "blank" else block.colors,
            selected=self._selected_rows(block),
            least=round(_LEAST_ROW * self.ratio),
            faintest=0 if block.presence else _FAINTEST_SELECTED,
        )
        self.heat.set_heat(pixels, (*block.window, float(n - last), float(n - first)))

    def _rows_in_sight(self, n: int) -> tuple[int, int, int]:
        """Return the first row in sight, the one after the last, and the pixels that these rows are high."""
        y0, y1 = (float(y) for y in self.panels.ranges()[0, 2:])
        first = int(np.clip(math.floor(n - y1 + 1e-9), 0, n - 1))
        last = int(np.clip(math.ceil(n - y0 - 1e-9), first + 1, n))
        panel = max(int(self.panels.rects[0][3] - self.panels.rects[0][1]), 2)
        return first, last, int(np.clip(round((last - first) * panel / (y1 - y0)), 1, 3 * panel))

    def _selected_rows(self, block: RasterBlock) -> list[tuple[int, RGBA]]:
        """Return row and colour of the selected clusters that the table shows, in the order of the selection."""
        place = {c: row for row, c in enumerate(block.cluster_ids)}
        colors = [tuple(float(v) for v in color) for color in self.colors]
        return [
            (place[c], (r, g, b, a)) for c, (r, g, b, a) in zip(self.cluster_ids, colors, strict=True) if c in place
        ]

    def _describe(self, block: RasterBlock) -> str:
        n, total = len(block.cluster_ids), len(self.host.data.cluster_ids())
        parts = [f"{n:,} clusters" if n == total else f"{n:,} of {total:,} clusters"]
        if block.presence:
            parts.append(f"presence, bins of {(block.window[1] - block.window[0]) / block.levels.shape[1]:.3g} s")
        else:
            many = block.n_inside > BAR_BUDGET
            parts.append(f"density of {block.n_inside:,}" if many else f"{block.n_inside:,} spikes")
        if self.settings.colors != "blank":
            parts.append(f"colour: {self.settings.colors.replace('_', ' ')}")
        return " · ".join(parts)

    # What is in sight

    def redraw(self) -> None:
        """Draw at the next tick what is there, and count anew if another time is in sight."""
        super().redraw()
        self._follow()

    def _follow(self) -> None:
        block: RasterBlock | None = self.block
        if block is None:
            return
        if self._drawn != self._rows_in_sight(len(block.cluster_ids)):
            self._draw_rows(block)
        wanted = (*self._window(), self._width())
        if (block.window, block.n_pixels) != (wanted[:2], wanted[2]) and wanted != self._asked:
            self._asked = wanted
            self.host.request(self)

    def arrange(self, box: Box) -> None:
        """Leave room for the ids at the left."""
        _, top, right, bottom = self.scene.inner(box)
        left, ratio = box[0], self.ratio
        # Room for the half of the last time.
        right -= 10 * ratio
        left += self.scene.over.cap_height + 12 * ratio + self._label_width() + 8 * ratio
        self.panels.set_rects(np.array([(left, top, max(right, left + 1), max(bottom, top + 1))]))
        self._follow()

    def _label_width(self) -> float:
        block: RasterBlock | None = self.block
        digits = max((len(str(c)) for c in block.cluster_ids), default=1) if block is not None else 1
        return float(self.scene.over.text_width("0" * digits))

    def decorate(self) -> None:
        """Add the time axis, the ids of the rows, and a band where the trace views are."""
        block: RasterBlock | None = self.block
        if block is None:
            return
        self.scene.draw_axes(0)
        left, top, _, bottom = (float(edge) for edge in self.panels.rects[0])
        ratio, over = self.ratio, self.scene.over
        line = max(1.0, round(ratio))
        over.rects([(left - line, top, left, bottom + line)], self.scene.theme.rgba("dim", 0.6))
        if bottom - top >= over.text_width(_TITLE):
            dim = self.scene.theme.rgba("dim")
            over.text(_TITLE, 5 * ratio, (top + bottom) / 2, anchor="ct", color=dim, rotated=True)
        self._draw_ids(block)
        if self.time_window is not None:
            draw_band(self.scene, self.time_window)

    def _draw_ids(self, block: RasterBlock) -> None:
        """Write the ids of the selected rows, beside their place where rows are thin, and of others with room."""
        over, n = self.scene.over, len(block.cluster_ids)
        _, top, _, bottom = (float(edge) for edge in self.panels.rects[0])
        chosen = self._selected_rows(block)
        places = self.panels.to_pixels(0, 0.0, n - 0.5 - np.array([row for row, _ in chosen]))[1]
        seen = [i for i, y in enumerate(places) if top <= y < bottom]
        heights, selected = [float(places[i]) for i in seen], [chosen[i] for i in seen]
        colors = legible(np.array([color for _, color in selected]).reshape(-1, 4), self.scene.theme.rgba("view"), TEXT)
        length = over.cap_height + 3 * self.ratio
        shown = placed(heights, [length] * len(heights), (top - length / 2, bottom + length / 2))
        for i, y in shown.items():
            red, green, blue, alpha = (float(value) for value in colors[i])
            self._write_id(block, selected[i][0], y, (red, green, blue, alpha))
        first, last, height = self._rows_in_sight(n)
        if height / (last - first) < length:
            return
        for row in sorted(set(range(first, last)) - {row for row, _ in chosen}):
            y = float(self.panels.to_pixels(0, 0.0, n - row - 0.5)[1])
            if top <= y < bottom and all(abs(y - other) >= length for other in shown.values()):
                self._write_id(block, row, y, self.scene.theme.rgba("dim"))

    def _write_id(self, block: RasterBlock, row: int, y: float, color: RGBA) -> None:
        x = float(self.panels.rects[0][0]) - 6 * self.ratio
        self.scene.over.text(str(block.cluster_ids[row]), x, y, anchor="rm", color=color)

    # Gestures and actions

    def time_panels(self) -> tuple[int, ...]:
        """Return the one panel."""
        return (0,)

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the row under a pixel."""
        row = self._row_at(x, y)
        return None if row is None else self.block.cluster_ids[row]

    def _row_at(self, x: float, y: float) -> int | None:
        block: RasterBlock | None = self.block
        if block is None or self.panels.at(x, y) is None:
            return None
        row = math.floor(len(block.cluster_ids) - float(self.panels.to_data(0, x, y)[1]))
        return row if 0 <= row < len(block.cluster_ids) else None

    def describe(self, x: float, y: float) -> Words | None:
        cluster_id = self.pick(x, y)
        if cluster_id is None:
            return None
        n = len(self.host.data.spikes(cluster_id))
        middle = len(self.block.cluster_ids) - (self._row_at(x, y) or 0) - 0.5
        place = float(self.panels.to_pixels(0, 0.0, middle)[1])
        left, right = (float(self.panels.rects[0][i]) for i in (0, 2))
        return f"{cluster_id} · {self.host.data.table.group(cluster_id)} · {n:,} spikes", (left + right) / 2, place

    def on_click(self, click: Click) -> None:
        """Click, with Control or not, selects a cluster, with Shift adds it; Alt+click shows that moment."""
        if click.panel is None:
            return
        cluster_id = self.pick(click.x, click.y)
        if click.modifiers == {"alt"} and click.button == LEFT:
            self.host.go_to_time(float(np.clip(click.data_x, 0.0, self.host.data.duration_s)), cluster_id)
        else:
            self.choose(click, () if cluster_id is None else (cluster_id,), control=True)

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Alt: width of the bars; Control: zoom in the rows alone; Shift: colours."""
        if modifiers == {"alt"}:
            self._resize(WHEEL_FACTOR**notches)
        elif modifiers == {"control"}:
            left, top, right, bottom = (float(edge) for edge in self.panels.rects[0])
            self.panels.zoom(0, ((left + right) / 2, (top + bottom) / 2), (1.0, 1.2**notches))
            self.redraw()
        elif modifiers == {"shift"}:
            self.turn_scheme(1 if notches > 0 else -1)

    def _resize(self, factor: float) -> None:
        self.change(marker_size=float(np.clip(self.settings.marker_size * factor, *_MARKER)))

    def _toggle_presence(self) -> None:
        self.change(presence=not self.settings.presence)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return (
            ViewAction("toggle_presence", "Presence over time", self._toggle_presence,
                       help="Show how much of its highest rate each cluster has over time, or every spike.",
                       checked=lambda: self.settings.presence),
            ViewAction("increase_marker_size", "Wider spikes", partial(self._resize, WHEEL_FACTOR), "ctrl+shift++",
                       help="Draw spikes wider, when few are in sight."),
            ViewAction("decrease_marker_size", "Narrower spikes", partial(self._resize, 1 / WHEEL_FACTOR),
                       "ctrl+shift+-", help="Draw spikes narrower."),
            ViewAction("next_raster_colors", "Next colours", partial(self.turn_scheme, 1),
                       help="Colour the clusters by group, depth, rate, at random, as a plugin says, or not."),
        )  # fmt: skip
