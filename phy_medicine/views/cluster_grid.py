"""All clusters in a grid, each with its nearest in the plane that tells them apart; only what is in sight is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views import cluster_grid_marks as marks
from phy_medicine.views.all_clusters import AllClustersView
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import ViewAction
from phy_medicine.views.cluster_grid_block import Cell, GridBlock, build_grid, cell_of, gather_cells
from phy_medicine.views.cluster_grid_places import GridPlaces
from phy_medicine.views.cluster_grid_settings import LARGEST, SMALLEST, ClusterGridSettings, actions_of
from phy_medicine.views.contrast import legible
from phy_medicine.views.flow import rgba_of
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box
from phy_medicine.views.lda_marks import percent
from phy_medicine.views.theme import DARK, Theme

# More points only cover each other, and cost time at every scroll.
_MOST_POINTS = 60_000
_MARGIN = 6.0


class ClusterGridView(AllClustersView):
    """A cell for each cluster of the table, in its order; a click selects."""

    name, title = "ClusterGridView", "All clusters"
    axes = Axes(x=None, y=None)
    settings_type = ClusterGridSettings
    drawn_settings = frozenset({"cell_size"})
    still_rounds = 40

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self.places = GridPlaces(0)
        self._followed: tuple[int, ...] = ()

    # Arrays

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether nothing changed but the selection, and no cell is missing."""
        kept = self._kept
        return kept is not None and kept[0] == self._key() and not kept[1].n_waiting

    def prepare(self, request: ViewRequest) -> GridBlock:
        """Work out cells in sight: while nothing changed, those that the last block lacks."""
        kept, key = self._kept, self._key()
        if kept is not None and kept[0] == key and not kept[1].n_waiting:
            whole: GridBlock = kept[1]
            return whole
        block = self._work_out({} if kept is None or kept[0] != key else kept[1].cells)
        self._kept = key, block
        return block

    def make_block(self) -> GridBlock:
        """Work out the cells in sight."""
        return self._work_out({})

    def _work_out(self, known: Mapping[int, Cell]) -> GridBlock:
        data, s = self.host.data, self.settings
        ids = data.table.ids()
        # How many cells there is room for is known once the view was placed.
        wanted = dataclasses.replace(self.places, n=len(ids)).wanted(self._ranges()) if self.places.n else range(0)

        def make(place: int) -> Cell:
            return cell_of(data, ids[place], s.n_nearest, mode=s.mode, source=s.source, n_spikes=s.n_spikes)

        cells = gather_cells(wanted, known, make)
        return build_grid(data, ids, cells, len(wanted), lambda named: data.table.colors(s.colors, named))

    def _key(self) -> tuple[Any, ...]:
        return *super()._key(), self.places.wanted(self._ranges())

    def _ranges(self) -> Box:
        x0, x1, y0, y1 = (float(edge) for edge in self.panels.ranges()[0])
        return x0, x1, y0, y1

    def upload(self, block: GridBlock) -> None:
        """Draw the cells that are known, and read the next ones."""
        self._lay_out(len(block.cluster_ids))
        self._follow_selection()
        self._fill(block)
        n, k = len(block.cluster_ids), self.settings.n_nearest
        beside = "nearest one" if k == 1 else f"{k} nearest"
        self.status = f"{n:,} clusters, each with its {beside}"
        n_wanted = len(block.cells) + block.n_waiting
        self.scene.progress = len(block.cells) / n_wanted if block.n_waiting else None
        if block.n_waiting:
            self.host.request(self)
        else:
            self._follow()

    def _fill(self, block: GridBlock) -> None:
        self.picture.clear()
        if not block.cells:
            return
        palette = self._shades(block)
        place_of = {c: i for i, c in enumerate(palette)}
        shades = np.array(list(palette.values())) * np.array([1, 1, 1, 0.75], dtype=np.float32)
        most = max(_MOST_POINTS // len(block.cells), 60)
        xs, ys, rows = [], [], []
        for place, cell in block.cells.items():
            step = max(1, -(-len(cell.rows) // most))
            left, low = self.places.corner(place)
            inside = ((cell.places >= -marks.EDGE) & (cell.places <= 1 + marks.EDGE)).all(axis=1)
            some = np.flatnonzero(inside)[::step]
            free = 2 * marks.EDGE
            xs.append(left + free + (1 - 2 * free) * cell.places[some, 0])
            ys.append(low + free + (1 - 2 * free - marks.HEAD) * cell.places[some, 1])
            rows.append(np.array([place_of[c] for c in cell.cluster_ids], dtype=np.int64)[cell.rows[some]])
        x, y, row = np.concatenate(xs), np.concatenate(ys), np.concatenate(rows)
        for first in range(0, len(shades), 256):
            mine = (row >= first) & (row < first + 256)
            self.picture.points(x[mine], y[mine], color=shades[first : first + 256], index=row[mine] - first, size=2.0)

    def _shades(self, block: GridBlock) -> dict[int, FloatArray]:
        """The colour of each cluster in the cells: that of the selection, else of the scheme."""
        own = dict(zip(self.cluster_ids, self.colors, strict=True))
        ids = list(dict.fromkeys([*block.colors, *own]))
        every = np.array([own.get(c, block.colors.get(c)) for c in ids], dtype=np.float32).reshape(-1, 4)
        every[:, 3] = 1.0
        return dict(zip(ids, legible(every, self.scene.theme.rgba("view")), strict=True))

    # Surroundings

    def arrange(self, box: Box) -> None:
        """Leave room for the strip at the right, and place as many cells as the size of one allows."""
        edge = _MARGIN * self.ratio
        right = box[2] - edge - (marks.STRIP + 6) * self.ratio
        rect = (box[0] + edge, box[1] + edge, max(right, box[0] + edge + 1), max(box[3] - edge, box[1] + edge + 1))
        self.panels.set_rects(np.array([rect]))
        block: GridBlock | None = self.block
        if block is not None:
            before = self.places
            self._lay_out(len(block.cluster_ids))
            if before != self.places:
                self._fill(block)
            self._follow()

    def _lay_out(self, n: int) -> None:
        """Find how many columns and rows there is room for; a new number shows the page of the selection."""
        left, top, right, bottom = (float(edge) for edge in self.panels.rects[0])
        if right - left <= 1:
            return
        size = self.settings.cell_size * self.ratio * self.scene.theme.font_px / 12
        columns, rows = (max(1, round(length / size)) for length in (right - left, bottom - top))
        places = GridPlaces(n, columns, rows)
        if places != self.places:
            self.places = places
            self._show_page()

    def _show_page(self) -> None:
        low, high = self.places.page(self._first_selected() or 0)
        self.panels.set_home(x=(0.0, float(self.places.n_columns)), y=(low, high))

    def _first_selected(self) -> int | None:
        """The place of the first selected cluster in the table."""
        block: GridBlock | None = self.block
        if block is None:
            return None
        return next((block.cluster_ids.index(c) for c in self.cluster_ids if c in block.cluster_ids), None)

    def _follow_selection(self) -> None:
        """Show the page of the first selected cluster once, where it is not in sight."""
        if self.cluster_ids == self._followed:
            return
        self._followed = self.cluster_ids
        place = self._first_selected()
        if place is not None and not self.places.in_sight(place, self._ranges()[2:]):
            self.panels.reset()
            self._show_page()

    def redraw(self) -> None:
        """Draw at the next tick what is there, and read other cells if they came into sight."""
        super().redraw()
        self._follow()

    def decorate(self) -> None:
        """Add frames, ids and errors of the cells in sight, and the strip of all rows."""
        block: GridBlock | None = self.block
        if block is None:
            return
        shades, chosen = self._shades(block), set(self.cluster_ids)
        for place in self.places.wanted(self._ranges()):
            if place < len(block.cluster_ids):
                c, cell = block.cluster_ids[place], block.cells.get(place)
                marks.draw_cell(self.scene, self._box(place), cell, c, shades, selected=c in chosen)
        where = {c: place for place, c in enumerate(block.cluster_ids)}
        selected = [(where[c], rgba_of(shades[c])) for c in self.cluster_ids if c in where]
        marks.draw_strip(self.scene, self.places, self._ranges()[2:], selected)

    def _box(self, place: int) -> Box:
        """The box of a cell on the canvas, with half of the gap between cells left free."""
        x, y = self.places.corner(place)
        (left, right), (bottom, top) = self.panels.to_pixels(0, np.array([x, x + 1]), np.array([y, y + 1]))
        gap = round(2 * self.ratio)
        return round(float(left)) + gap, round(float(top)) + gap, round(float(right)) - gap, round(float(bottom)) - gap

    # What is where

    def _place_at(self, x: float, y: float) -> int | None:
        if self.block is None or self.panels.at(x, y) is None:
            return None
        return self.places.at(*(float(v) for v in self.panels.to_data(0, x, y)))

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the cell at a physical pixel."""
        place = self._place_at(x, y)
        return None if place is None else self.block.cluster_ids[place]

    def describe(self, x: float, y: float) -> Words | None:
        place = self._place_at(x, y)
        if place is None:
            return None
        block: GridBlock = self.block
        cluster_id, cell = block.cluster_ids[place], block.cells.get(place)
        lines = [f"cluster {cluster_id} · {self.host.data.table.group(cluster_id)}"]
        if cell is not None and len(cell.cluster_ids) > 1:
            lines.append(f"nearest {', '.join(map(str, cell.cluster_ids[1:]))}")
        if cell is not None and np.isfinite(cell.error):
            lines.append(f"LDA error {percent(cell.error)}")
        return "\n".join([*lines, *([cell.missing] if cell is not None and cell.missing else [])]), x, y

    # Gestures and actions

    def on_click(self, click: Click) -> None:
        """Click selects a cluster, with Shift adds it; in the strip it shows that part of the grid."""
        left, top, right, bottom = marks.strip_box(self.scene)
        if left <= click.x <= right and top <= click.y <= bottom and click.button == LEFT:
            self._go_to((click.y - top) / max(bottom - top, 1.0) * self.places.n_rows)
        elif click.panel is not None:
            cluster_id = self.pick(click.x, click.y)
            self.choose(click, () if cluster_id is None else (cluster_id,), control=False)

    def _go_to(self, row: float) -> None:
        """Put a row in the middle."""
        _, top, _, bottom = (float(edge) for edge in self.panels.rects[0])
        _, _, low, high = self._ranges()
        wanted = min(max(self.places.n_rows - row, (high - low) / 2), max(self.places.n_rows - (high - low) / 2, 0.0))
        self.panels.pan(0, (0.0, (wanted - (low + high) / 2) / (high - low) * (bottom - top)))
        self.redraw()

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Alt scrolls by a row, Control changes the size of the cells, Shift the colours."""
        if modifiers == {"alt"}:
            _, top, _, bottom = (float(edge) for edge in self.panels.rects[0])
            self.panels.pan(0, (0.0, float(np.sign(notches)) * (bottom - top) / self.places.n_shown))
            self.redraw()
        elif modifiers == {"control"}:
            self.change(cell_size=float(np.clip(self.settings.cell_size * WHEEL_FACTOR**notches, SMALLEST, LARGEST)))
        elif modifiers == {"shift"}:
            self.turn_scheme(1 if notches > 0 else -1)

    @property
    def top_row(self) -> float:
        """The row at the upper edge, from 0."""
        return self.places.n_rows - self._ranges()[3]

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return actions_of(self)
