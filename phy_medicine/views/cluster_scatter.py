"""All clusters of the table as discs: where they are, how large and how active."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.params import setting
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.curation.colors import COLOR_SCHEMES
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.clusters import AMPLITUDE_MEDIAN, Column
from phy_medicine.views.all_clusters import AllClustersView
from phy_medicine.views.axes import Axes, format_number
from phy_medicine.views.base import ViewAction
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box
from phy_medicine.views.selecting_lasso import SelectingLasso

SCHEMES = tuple(scheme.name for scheme in COLOR_SCHEMES)
SMALLEST, LARGEST = 1.0, 100.0
# From so many clusters on discs of the full size would cover each other.
_FEW = 40
# Discs are drawn by size, so sizes are rounded: 0.5 px is not seen, and 25 px make 50 sizes.
_SIZE_STEP = 0.5
_EDGE = 0.085
_RING = np.stack([np.cos(np.linspace(0, 2 * np.pi, 24)), np.sin(np.linspace(0, 2 * np.pi, 24))], axis=1)


@dataclass(frozen=True, slots=True)
class ClusterScatterSettings:
    """What the cluster scatter view shows."""

    x_column: str = setting("amp", "Column of the cluster table along x")
    y_column: str = setting("depth", "Column of the cluster table along y; depth follows the table, corrected or not")
    size_column: str = setting("fr", "Column of the cluster table that gives the size of the discs")
    x_log: bool = setting(False, "Logarithmic x axis")
    y_log: bool = setting(False, "Logarithmic y axis")
    size_log: bool = setting(True, "Sizes grow with the logarithm")
    smallest: float = setting(5.0, "Smallest diameter of a disc", unit="px", minimum=SMALLEST, maximum=LARGEST)
    largest: float = setting(
        30.0, "Largest diameter of a disc, smaller where there are many", unit="px", minimum=SMALLEST, maximum=LARGEST
    )
    colors: str = setting("cluster_group", "Colours of the clusters that are not selected", choices=SCHEMES, more=True)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One column as it is drawn.

    values : (n,) float64 of the table, NaN where it has none; places : the same, or log10 of it where `log`
    """

    column: Column
    log: bool
    values: FloatArray
    places: FloatArray

    @property
    def title(self) -> str:
        """Title and unit."""
        return f"{self.column.title} ({self.column.unit})" if self.column.unit else self.column.title

    @property
    def range(self) -> tuple[float, float]:
        """Smallest and largest place."""
        known = self.places[np.isfinite(self.places)]
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)

    def text(self, row: int) -> str:
        """Return one value with its title and unit, three digits."""
        return f"{self.column.title} {number(self.values[row])} {self.column.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class ScatterBlock:
    """The clusters of the table, in its order.

    cluster_ids : (n,) int; shown : (n,) bool, has a place; shares : (n,) float64, 0..1 of the range of sizes, 0 where
    the size is not known; colors : (n, 4) float32
    """

    cluster_ids: IntArray
    x: Quantity
    y: Quantity
    size: Quantity
    shown: AnyArray
    shares: FloatArray
    colors: FloatArray


class ClusterScatterView(SelectingLasso, AllClustersView):
    """One disc for each cluster that the filter leaves; the selected ones are in their colours, on top."""

    name, title = "ClusterScatterView", "Cluster scatter"
    has_lasso = True
    axes = Axes(x="", y="")
    settings_type = ClusterScatterSettings
    drawn_settings = frozenset({"smallest", "largest"})

    # Arrays

    def make_block(self) -> ScatterBlock:
        """Gather the columns of the table."""
        table, settings = self.host.data.table, self.settings
        ids = table.ids()
        if not ids:
            raise DataMissing("No clusters: the filter of the cluster table leaves none.")
        x = self._quantity(settings.x_column, settings.x_log, ids)
        y = self._quantity(settings.y_column, settings.y_log, ids)
        size = self._quantity(settings.size_column, settings.size_log, ids)
        shown = np.isfinite(x.places) & np.isfinite(y.places)
        if not shown.any():
            raise DataMissing(f"No cluster has both {x.column.title} and {y.column.title}.")
        low, high = size.range
        shares = np.nan_to_num((size.places - low) / (high - low or 1.0))
        colors = table.colors(settings.colors, ids)
        return ScatterBlock(np.array(ids), x, y, size, frozen(shown), frozen(shares), frozen(colors))

    def _quantity(self, name: str, log: bool, ids: Sequence[int]) -> Quantity:
        table = self.host.data.table
        column = table.column(name)
        if column is None and name == "amp":  # without templates
            column = table.column(AMPLITUDE_MEDIAN)
        if column is None:
            raise DataMissing(f"The cluster table has no column {name}; choose another with :csx, :csy or :css.")
        values = table.numbers(column.name, ids)
        places = values
        if log:
            with np.errstate(invalid="ignore", divide="ignore"):
                places = np.where(values > 0, np.log10(values), np.nan)
        return Quantity(column, log, frozen(values), frozen(places))

    def upload(self, block: ScatterBlock) -> None:
        """Draw large discs first, so that small ones are seen, and selected ones last."""
        self.scene.axes = Axes(x=block.x.title, y=block.y.title, log_x=block.x.log, log_y=block.y.log)
        # Two places on the probe, in µm, are a map.
        self.panels.equal = self._is_map(block)
        self.panels.set_home(x=_widened(block.x.range), y=_widened(block.y.range))
        self.picture.clear()
        rows = np.flatnonzero(block.shown)
        place = {c: i for i, c in enumerate(self.cluster_ids)}
        selected = np.array([place.get(c, -1) for c in block.cluster_ids.tolist()])
        self._add_discs(block, rows[selected[rows] < 0], block.colors)
        mine = rows[selected[rows] >= 0]
        mine = mine[np.argsort(-selected[mine], kind="stable")]
        if len(mine):
            own = np.zeros_like(block.colors)
            own[mine] = self.colors[selected[mine]]
            for wider, role in ((4.0, "text"), (2.0, "view")):
                rim = np.tile(np.array(self.scene.theme.rgba(role), dtype=np.float32), (len(own), 1))
                self._add_discs(block, mine, rim, wider)
            self._add_discs(block, mine, own)
        self.status = self._summary(block)

    @staticmethod
    def _is_map(block: ScatterBlock) -> bool:
        return {block.x.column.unit, block.y.column.unit} == {"µm"} and not (block.x.log or block.y.log)

    def _add_discs(self, block: ScatterBlock, rows: IntArray, colors: FloatArray, wider: float = 0.0) -> None:
        sizes = self._diameters(block)[rows]
        for size in np.unique(sizes)[::-1]:
            some = rows[sizes == size]
            if not wider:
                # A seam keeps discs apart that lie over each other.
                seam = self.scene.theme.rgba("view", 0.8)
                self.picture.points(block.x.places[some], block.y.places[some], color=seam, size=float(size) + 2.0)
            palette, index = np.unique(colors[some], axis=0, return_inverse=True)
            for start in range(0, len(palette), 256):
                mine = (index >= start) & (index < start + 256)
                x, y = block.x.places[some[mine]], block.y.places[some[mine]]
                part = palette[start : start + 256]
                self.picture.points(x, y, color=part, index=index[mine] - start, size=float(size) + wider)

    def _ends(self, block: ScatterBlock) -> tuple[float, float]:
        """Return the smallest and the largest diameter, logical px; half of that on a map, which is dense."""
        crowd = float(np.clip((_FEW / max(len(block.cluster_ids), 1)) ** 0.5, 0.4, 1.0))
        part = 0.5 if self._is_map(block) else crowd
        low, high = sorted((self.settings.smallest, self.settings.largest))
        return max(part * low, SMALLEST), max(part * high, SMALLEST)

    def _diameters(self, block: ScatterBlock) -> FloatArray:
        """Return the diameter of each disc, logical px, in steps."""
        low, high = self._ends(block)
        sizes: FloatArray = np.round((low + (high - low) * block.shares) / _SIZE_STEP) * _SIZE_STEP
        return sizes

    def _summary(self, block: ScatterBlock) -> str:
        n, n_shown = len(block.cluster_ids), int(block.shown.sum())
        count = f"{n:,} clusters" if n == n_shown else f"{n_shown:,} of {n:,} clusters, the others have no value"
        return f"{count} · colour: {self.settings.colors.replace('_', ' ')}"

    # Surroundings

    def arrange(self, box: Box) -> None:
        """Leave room for the legend of sizes above."""
        left, top, right, bottom = self.scene.inner(box)
        top += self._header()
        self.panels.set_rects(np.array([(left, top, right, max(bottom, top + 1))]))

    def _header(self) -> float:
        return float(min(max(self.settings.largest, self.settings.smallest), 30.0) + 4) * self.ratio

    def decorate(self) -> None:
        """Add the axes, and what the sizes mean."""
        if self.block is not None:
            self.scene.draw_axes(0)
            self._draw_legend()

    def _draw_legend(self) -> None:
        """Draw the smallest and the largest disc with their values, at the right above the panel."""
        block, scene, ratio = self.block, self.scene, self.ratio
        left, top, right, _ = (float(edge) for edge in self.panels.rects[0])
        y, gap, dim = top - self._header() / 2, 6 * ratio, scene.theme.rgba("dim")
        low, high = self._ends(block)
        values = [10**v if block.size.log else v for v in block.size.range]
        unit = f" {block.size.column.unit}" if block.size.column.unit else ""
        parts: list[tuple[str, float]] = [(block.size.column.title, 0.0)]
        if values[1] > values[0]:
            parts += [(number(values[0]), low), (f"{number(values[1])}{unit}", high)]
        x = right
        for text, diameter in reversed(parts):
            shown = min(diameter, 30.0) * ratio
            width = scene.over.text_width(text)
            if x - width - shown - gap < left:
                return
            scene.over.text(text, x, y, anchor="rm", color=dim)
            x -= width + gap
            if diameter:
                scene.over.polygon(_RING * shown / 2 + (x - shown / 2, y), scene.theme.rgba("dim", 0.6))
                x -= shown + 2 * gap

    # What is where

    def _row_at(self, x: float, y: float) -> int | None:
        """Return the row of the disc under a physical pixel; of several the one whose middle is nearest."""
        block: ScatterBlock | None = self.block
        if block is None or self.panels.at(x, y) is None:
            return None
        px, py = self.panels.to_pixels(0, block.x.places, block.y.places)
        distances = np.hypot(px - x, py - y)
        reach = np.maximum(self._diameters(block) / 2, 4.0) * self.ratio + self.ratio
        near = np.where(block.shown & (distances <= reach), distances, np.inf)
        row = int(np.argmin(near))
        return row if np.isfinite(near[row]) else None

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the disc under a physical pixel."""
        row = self._row_at(x, y)
        return None if row is None else int(self.block.cluster_ids[row])

    def describe(self, x: float, y: float) -> Words | None:
        row = self._row_at(x, y)
        if row is None:
            return None
        block: ScatterBlock = self.block
        cluster_id = int(block.cluster_ids[row])
        values = " · ".join(q.text(row) for q in (block.x, block.y, block.size))
        px, py = self.panels.to_pixels(0, block.x.places[row], block.y.places[row])
        return f"{cluster_id} · {self.host.data.table.group(cluster_id)}\n{values}", float(px), float(py)

    # Gestures and actions

    def on_click(self, click: Click) -> None:
        """Click selects a cluster, with Shift adds it."""
        if click.panel is not None:
            cluster_id = self.pick(click.x, click.y)
            self.choose(click, () if cluster_id is None else (cluster_id,), control=False)

    def cluster_places(self) -> tuple[IntArray, FloatArray, FloatArray] | None:
        """Return where the lasso finds clusters."""
        block: ScatterBlock | None = self.block
        return None if block is None else (block.cluster_ids, block.x.places, block.y.places)

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Alt: size of the discs; Shift: colours."""
        if modifiers == {"alt"}:
            factor = WHEEL_FACTOR**notches
            sizes = self.settings.smallest * factor, self.settings.largest * factor
            if min(sizes) >= SMALLEST and max(sizes) <= LARGEST:
                self.change(smallest=sizes[0], largest=sizes[1])
        elif modifiers == {"shift"}:
            self.turn_scheme(1 if notches > 0 else -1)

    def set_column(self, which: str, column: str) -> None:
        """Use a column of the cluster table for x, y or size.

        Raises
        ------
        ActionError : no such column, or none of numbers
        """
        names = [c.name for c in self.host.data.table.numeric_columns()]
        if column not in names:
            raise ActionError(f"No column {column} with numbers; there are {', '.join(names)}.")
        self.clear_lasso()
        self.panels.reset()
        self.change(**{f"{which}_column": column})

    def set_x(self, column: str) -> None:
        """Use a column for x."""
        self.set_column("x", column)

    def set_y(self, column: str) -> None:
        """Use a column for y."""
        self.set_column("y", column)

    def set_size(self, column: str) -> None:
        """Use a column for the size."""
        self.set_column("size", column)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""

        def switch(which: str) -> tuple[Callable[[], None], Callable[[], bool]]:
            return partial(self._toggle_log, which), lambda: bool(getattr(self.settings, f"{which}_log"))

        column = "Column of the cluster table along"
        log_x, log_y, log_size = switch("x"), switch("y"), switch("size")
        return (
            ViewAction("set_x_column", "Column for x", self.set_x, "", "csx", f"{column} x: :csx amp", (str,)),
            ViewAction("set_y_column", "Column for y", self.set_y, "", "csy", f"{column} y: :csy depth", (str,)),
            ViewAction("set_size_column", "Column for the size", self.set_size, "", "css",
                       "Column that gives the size of the discs: :css fr", (str,)),
            ViewAction("toggle_log_x", "Logarithmic x", log_x[0], help="Logarithmic x axis.", checked=log_x[1]),
            ViewAction("toggle_log_y", "Logarithmic y", log_y[0], help="Logarithmic y axis.", checked=log_y[1]),
            ViewAction("toggle_log_size", "Logarithmic sizes", log_size[0], help="Sizes grow with the logarithm.",
                       checked=log_size[1]),
            ViewAction("toggle_unit_map", "Positions on the probe", self._toggle_map,
                       help="Show x against depth, both in µm and to one scale, or amplitude against depth.",
                       checked=lambda: (self.settings.x_column, self.settings.y_column) == ("x", "depth")),
            ViewAction("next_cluster_colors", "Next colours", partial(self.turn_scheme, 1),
                       help="Colour the clusters by group, depth, rate, at random, as a plugin says, or not."),
        )  # fmt: skip

    def _toggle_map(self) -> None:
        """Show the clusters where they are on the probe, or back."""
        column = "amp" if (self.settings.x_column, self.settings.y_column) == ("x", "depth") else "x"
        self.clear_lasso()
        self.panels.reset()
        self.change(x_column=column, y_column="depth", x_log=False, y_log=False)

    def _toggle_log(self, which: str) -> None:
        self.clear_lasso()
        self.panels.reset()
        name = f"{which}_log"
        self.change(**{name: not getattr(self.settings, name)})


def number(value: float) -> str:
    """Return a number with three significant digits and thousands separators."""
    if not np.isfinite(value):
        return "none"
    if value == 0 or 0.001 <= abs(value) < 1e7:
        digits = 0 if value == 0 else int(np.clip(2 - np.floor(np.log10(abs(value))), 0, 5))
        return format_number(float(value), 0 if float(value).is_integer() else digits)
    return f"{value:.2e}"


def _widened(span: tuple[float, float]) -> tuple[float, float]:
    low, high = span
    edge = _EDGE * (high - low) or max(abs(low) * _EDGE, 0.5)
    return low - edge, high + edge
