"""How similar every cluster is to every other, by depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.view_host import ViewHost
from phy_medicine.views import cluster_axis
from phy_medicine.views.all_clusters import AllClustersView
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import ViewAction
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import Click
from phy_medicine.views.layout import Box
from phy_medicine.views.matrix_image import Reduction, cells_in_sight, indexed, pixel_counts
from phy_medicine.views.theme import DARK, RGBA, Theme, hex_rgba

ORDERS = ("depth", "table")
# The neighbourhood of a selection: so many clusters to either side of it, at least so many in all.
_AROUND, _LEAST = 6, 20
# Clusters farther apart than these are shown with all between them only if all fit; else the first decides.
_MOST = 120
_BAR_STEPS = 48
# All pairs of so many clusters are framed.
_FRAMED = 8
_ON_DARK = ("#2a1c4f", "#6b2a7d", "#b8437a", "#ee7b5a", "#f8c45a", "#fcf7b8")
_ON_LIGHT = ("#f6e3c0", "#f2b27a", "#dd6a6a", "#a43a8a", "#5c2a8c", "#1d1452")


@dataclass(frozen=True, slots=True)
class SimilarityMatrixSettings:
    """What the similarity matrix shows."""

    order: str = setting("depth", "Order of the clusters: by depth, or as in the cluster table", choices=ORDERS)
    follow: bool = setting(True, "Zoom on the selected clusters")
    faintest: float = setting(0.0, "Similarity below which nothing is drawn", minimum=0.0, maximum=1.0)


@dataclass(frozen=True, slots=True)
class MatrixBlock:
    """Similarity of the clusters of the table; the cell (row, column) belongs to the clusters at these places.

    cluster_ids : (n,) int, from the left and from below; values : (n, n) float32, NaN on the diagonal
    """

    cluster_ids: IntArray
    values: FloatArray
    title: str


class SimilarityMatrixView(AllClustersView):
    """The similarity that the similarity table uses, of all pairs; clusters at one depth are neighbours."""

    name, title = "SimilarityMatrixView", "Similarity matrix"
    axes = Axes(x=None, y=None)
    settings_type = SimilarityMatrixSettings
    drawn_settings = frozenset({"follow", "faintest"})

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self.picture = self.scene.picture = self.heat = HeatPicture()
        self._zoomed_on: tuple[int, ...] = ()
        self._stay = False
        self._reduction = Reduction()

    # Arrays

    def make_block(self) -> MatrixBlock:
        """Compare all clusters."""
        table = self.host.data.table
        ids = np.array(table.ids(), dtype=np.int64)
        if not len(ids):
            raise DataMissing("No clusters: the filter of the cluster table leaves none.")
        if self.settings.order == "depth":
            ids = ids[np.lexsort((ids, table.numbers("depth", ids.tolist())))]
        title, values = table.similarity(ids.tolist())
        own = np.array(values, dtype=np.float32)
        np.fill_diagonal(own, np.nan)
        return MatrixBlock(frozen(ids), frozen(own), title)

    def upload(self, block: MatrixBlock) -> None:
        """Show the neighbourhood of the selection."""
        n = float(len(block.cluster_ids))
        self.panels.set_home(x=(0.0, n), y=(0.0, n))
        if self.settings.follow and self.cluster_ids != self._zoomed_on:
            self._zoomed_on = self.cluster_ids
            if not self._stay:
                self._zoom_on(block)
            self._stay = False
        self.status = f"{len(block.cluster_ids):,} clusters · {block.title} · by {self.settings.order}"

    def _zoom_on(self, block: MatrixBlock) -> None:
        """Choose the part of the matrix around the selected clusters; all of it without any."""
        places = [place for place, _ in self._selected(block)]
        n = len(block.cluster_ids)
        if not places:
            self.panels.reset()
            return
        low, high = min(places), max(places) + 1
        if high - low > _MOST:
            low, high = places[0], places[0] + 1
        around = max(_AROUND, (_LEAST - (high - low)) // 2)
        shown = [max(low - around, 0) / n, min(high + around, n) / n]
        state = self.panels.state()
        self.panels.restore([[shown, *axis[1:]] for axis in state])

    def _selected(self, block: MatrixBlock) -> list[tuple[int, RGBA]]:
        """Return place and colour of the selected clusters that the table shows, in their order."""
        places = {c: i for i, c in enumerate(block.cluster_ids.tolist())}
        found = []
        for cluster_id, color in zip(self.cluster_ids, self.colors.tolist(), strict=True):
            if cluster_id in places:
                red, green, blue, alpha = color
                found.append((places[cluster_id], (red, green, blue, alpha)))
        return found

    # Surroundings

    def arrange(self, box: Box) -> None:
        """Leave room for ids at the left and below, and for the legend above."""
        left, top, right, bottom = box
        ids: Sequence[int] = self.block.cluster_ids.tolist() if self.block is not None else ()
        left += cluster_axis.left_margin(self.scene, ids)
        top += self._header()
        right -= 10 * self.ratio
        bottom -= cluster_axis.bottom_margin(self.scene)
        self.panels.set_rects(np.array([(left, top, max(right, left + 1), max(bottom, top + 1))]))

    def _header(self) -> float:
        return self.scene.over.cap_height + 14 * self.ratio

    def decorate(self) -> None:
        """Add the image, ids, frames around the selected pairs, and the legend."""
        block: MatrixBlock | None = self.block
        if block is None:
            return
        self._set_image(block)
        selected = self._selected(block)
        colors = dict(selected)
        ids = block.cluster_ids.tolist()
        cluster_axis.draw_along_x(self.scene, ids, colors)
        cluster_axis.draw_along_y(self.scene, ids, colors)
        self._mark_selected(selected)
        self._draw_legend()

    def _set_image(self, block: MatrixBlock) -> None:
        cells = cells_in_sight(self.panels, (len(block.cluster_ids), len(block.cluster_ids)))
        if cells is None:
            self.heat.set_heat(None, (0.0, 1.0, 0.0, 1.0))
            return
        first, last, low, high = cells
        n_x, n_y = pixel_counts(self.panels, cells)
        _, part = self._reduction.of(block.values, cells, n_x, n_y)
        theme = self.scene.theme
        palette = np.vstack([similarity_palette(theme), theme.rgba("line")])
        palette[: int(self.settings.faintest * 255) + 1] = theme.rgba("view")
        known = np.isfinite(part)
        rows = np.where(known, np.clip(part * np.float32(255) + np.float32(0.5), 0, 255), 256).astype(np.int16)
        self.heat.set_heat(indexed(rows, palette), (float(first), float(last), float(low), float(high)))

    def _mark_selected(self, selected: list[tuple[int, RGBA]]) -> None:
        """Draw lines along row and column of each selected cluster, and a frame around each of their pairs."""
        left, top, right, bottom = (float(edge) for edge in self.panels.rects[0])
        width = max(1.0, round(1.5 * self.ratio))
        for place, color in reversed(selected):
            (x0, x1), (y1, y0) = self.panels.to_pixels(
                0, np.array([place, place + 1.0]), np.array([place, place + 1.0])
            )
            faint = (*color[:3], 0.45)
            for x in (x0, x1):
                if left <= x <= right:
                    self.scene.over.rects([(x - width / 2, top, x + width / 2, bottom)], faint)
            for y in (y0, y1):
                if top <= y <= bottom:
                    self.scene.over.rects([(left, y - width / 2, right, y + width / 2)], faint)
        for a, _ in selected[:_FRAMED]:
            for b, _ in selected[:_FRAMED]:
                if a != b:
                    self._frame(a, b)

    def _frame(self, column: int, row: int) -> None:
        """Frame a cell, at least 6 px wide so that it is found among 800 clusters."""
        left, top, right, bottom = (float(edge) for edge in self.panels.rects[0])
        x, y = (float(v) for v in self.panels.to_pixels(0, column + 0.5, row + 0.5))
        a, b = (max(abs(float(scale)) / 2, 3 * self.ratio) for scale in self.panels.transforms()[0, :2])
        if left <= x - a and x + a <= right and top <= y - b and y + b <= bottom:
            box = (x - a, y - b, x + a, y + b)
            self.scene.over.frames([box], self.scene.theme.rgba("text"), width=max(1.0, round(self.ratio)))

    def _draw_legend(self) -> None:
        """Draw which colour is which similarity, at the right above the matrix."""
        scene, ratio = self.scene, self.ratio
        left, top, right, _ = (float(edge) for edge in self.panels.rects[0])
        y, gap, dim = top - self._header() / 2, 6 * ratio, scene.theme.rgba("dim")
        bar_right = right - scene.over.text_width("1") - gap
        bar_left = bar_right - 72 * ratio
        words = next((w for w in (f"{self.block.title.capitalize()}  0", "Similarity  0", "0")
                      if bar_left - gap - scene.over.text_width(w) >= left), None)  # fmt: skip
        if words is None:
            return
        scene.over.text("1", right, y, anchor="rm", color=dim)
        scene.over.text(words, bar_left - gap, y, anchor="rm", color=dim)
        edges, half = np.linspace(bar_left, bar_right, _BAR_STEPS + 1), scene.over.cap_height / 2
        sides = np.full(_BAR_STEPS, y - half), np.full(_BAR_STEPS, y + half)
        boxes = np.stack([edges[:-1], sides[0], edges[1:], sides[1]], axis=1)
        scene.over.rects(boxes, similarity_palette(scene.theme)[np.linspace(0, 255, _BAR_STEPS).astype(np.int64)])

    # What is where

    def pair_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return the clusters of the column and of the row at a physical pixel."""
        block: MatrixBlock | None = self.block
        if block is None or self.panels.at(x, y) is None:
            return None
        column, row = (int(np.floor(v)) for v in self.panels.to_data(0, x, y))
        n = len(block.cluster_ids)
        if not (0 <= column < n and 0 <= row < n):
            return None
        return int(block.cluster_ids[column]), int(block.cluster_ids[row])

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the column at a physical pixel."""
        pair = self.pair_at(x, y)
        return None if pair is None else pair[0]

    def describe(self, x: float, y: float) -> Words | None:
        pair = self.pair_at(x, y)
        if pair is None:
            return None
        block: MatrixBlock = self.block
        places = {c: i for i, c in enumerate(block.cluster_ids.tolist())}
        column, row = places[pair[0]], places[pair[1]]
        px, py = self.panels.to_pixels(0, column + 0.5, row + 0.5)
        if column == row:
            return f"cluster {pair[0]}", float(px), float(py)
        value = float(block.values[row, column])
        return f"{pair[0]} and {pair[1]} · {value:.3f}", float(px), float(py)

    # Gestures and actions

    def on_click(self, click: Click) -> None:
        """Click, or Control+click, selects the pair of a cell, with Shift adds it."""
        if click.panel is not None:
            pair = self.pair_at(click.x, click.y)
            # Who clicks has found the place.
            self._stay = pair is not None
            self.choose(click, () if pair is None else tuple(dict.fromkeys(pair)), control=True)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return (
            ViewAction("zoom_on_similar", "Zoom on the selection", self.zoom_on_selection,
                       help="Show the clusters around the selected ones."),
            ViewAction("toggle_matrix_order", "Order by depth", self._turn_order,
                       help="Order the clusters by depth, or as the cluster table does.",
                       checked=lambda: self.settings.order == "depth"),
            ViewAction("toggle_matrix_follow", "Zoom follows the selection", self._toggle_follow,
                       help="Zoom on the clusters that are selected, or stay.",
                       checked=lambda: bool(self.settings.follow)),
        )  # fmt: skip

    def zoom_on_selection(self) -> None:
        """Show the clusters around the selected ones."""
        if self.block is not None:
            self._zoom_on(self.block)
            self.redraw()

    def _turn_order(self) -> None:
        self._zoomed_on = ()
        self.change(order=ORDERS[1 - ORDERS.index(self.settings.order)])

    def _toggle_follow(self) -> None:
        self.change(follow=not self.settings.follow)


@lru_cache(maxsize=4)
def similarity_palette(theme: Theme) -> FloatArray:
    """Return the colours from similarity 0, the ground, to 1, (256, 4) RGBA 0..1."""
    anchors = np.array([hex_rgba(theme.view), *map(hex_rgba, _ON_DARK if theme.name == "dark" else _ON_LIGHT)])
    places, shares = np.linspace(0, 1, len(anchors)), np.linspace(0, 1, 256)
    return frozen(np.stack([np.interp(shares, places, anchors[:, i]) for i in range(4)], axis=1))
