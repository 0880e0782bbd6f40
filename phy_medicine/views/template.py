"""The templates of all clusters: one column for each cluster, one row for each channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.view_host import ViewHost
from phy_medicine.views import cluster_axis
from phy_medicine.views.all_clusters import AllClustersView
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import ViewAction
from phy_medicine.views.cluster_scatter import SCHEMES, number
from phy_medicine.views.contrast import legible
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box
from phy_medicine.views.matrix_image import Reduction, cells_in_sight, pixel_counts, starts_of, to_pixels
from phy_medicine.views.theme import DARK, RGBA, Theme
from phy_medicine.views.trace_channels import depth_order
from phy_medicine.views.trace_marks import draw_labels, draw_scale_bar, label_width

_SCALING = (0.01, 100.0)
# Waveforms are drawn where a column is so wide and a row so high (logical px), and no more columns than these are
# in sight: 64 columns with 20 channels of 82 samples are 100,000 points.
_LEAST_WIDTH, _LEAST_HEIGHT, _MOST_COLUMNS = 14.0, 2.5, 64
# Columns are read so many at a time, so that a drag does not read at every step.
_STEP = 16
# A large template is so many rows high.
_ROWS = 3.0
_FAINTEST = 0.12
_PALETTE = 256


@dataclass(frozen=True, slots=True)
class TemplateSettings:
    """What the template view shows."""

    scaling: float = setting(1.0, "Size of the waveforms", minimum=_SCALING[0], maximum=_SCALING[1])
    colors: str = setting("blank", "Colours of the clusters that are not selected", choices=SCHEMES, more=True)


@dataclass(frozen=True, slots=True)
class Waves:
    """Templates of the columns first .. last (excluded), one line for each channel where a template has data.

    columns, rows : (n,) int of each line; data : (n, n_samples) float32, raw units
    """

    first: int
    last: int
    columns: IntArray
    rows: IntArray
    data: FloatArray


@dataclass(frozen=True, slots=True)
class TemplateBlock:
    """The templates of the table, in its order.

    cluster_ids : (n,) int; channel_ids : from the lowest row up; amplitudes : (n_channels, n) float32, raw units
    colors : (n, 4) float32, of clusters that are not selected; largest : amplitude that is drawn in full
    waves : of what is in sight, None while columns are too narrow
    """

    cluster_ids: IntArray
    channel_ids: tuple[int, ...]
    amplitudes: FloatArray
    colors: FloatArray
    largest: float
    waves: Waves | None


class TemplateView(AllClustersView):
    """Channels by depth, clusters in the order of the table: waveforms, or amplitudes where these are too small."""

    name, title = "TemplateView", "Templates"
    axes = Axes(x=None, y=None)
    settings_type = TemplateSettings
    drawn_settings = frozenset({"scaling"})

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self.picture = self.scene.picture = self.heat = HeatPicture()
        self._reduction = Reduction()

    # Arrays

    def make_block(self) -> TemplateBlock:
        """Gather amplitudes of all clusters, and waveforms of those in sight."""
        data = self.host.data
        ids = data.table.ids()
        if not ids:
            raise DataMissing("No clusters: the filter of the cluster table leaves none.")
        channels = depth_order(range(data.n_channels), data.channel_positions, data.channel_shanks)
        amplitudes = np.nan_to_num(data.template_shapes.amplitudes(ids))[:, list(channels)].T
        peaks = amplitudes.max(axis=0)
        largest = float(np.quantile(peaks, 0.95)) or float(peaks.max()) or 1.0
        sight = self._columns_in_sight()
        waves = None if sight is None else self._waves(ids, channels, *sight)
        colors = data.table.colors(self.settings.colors, ids)
        return TemplateBlock(np.array(ids), channels, frozen(amplitudes), frozen(colors), largest, waves)

    def _waves(self, ids: tuple[int, ...], channels: tuple[int, ...], first: int, last: int) -> Waves:
        places = np.zeros(len(channels), dtype=np.int64)
        places[list(channels)] = np.arange(len(channels))
        last = min(last, len(ids))
        shapes = [self.host.data.template_shapes.shape(c) for c in ids[first:last]]
        columns = np.repeat(np.arange(first, last), [len(s.channel_ids) for s in shapes])
        rows = places[np.concatenate([np.zeros(0, dtype=np.int64), *(s.channel_ids for s in shapes)]).astype(np.int64)]
        data = np.concatenate([s.data.T for s in shapes]) if shapes else np.zeros((0, 1), dtype=np.float32)
        return Waves(first, last, frozen(columns), frozen(rows), frozen(np.nan_to_num(data)))

    def _columns_in_sight(self) -> tuple[int, int] | None:
        """Return the columns whose waveforms are wanted; None where they are too small, or too many."""
        n_columns, n_rows = len(self.host.data.table.ids()), self.host.data.n_channels
        left, top, right, bottom = (float(edge) for edge in self.panels.rects[0])
        if right - left <= 1 or not n_columns:
            return None
        x0, x1, y0, y1 = self._ranges((n_rows, n_columns))
        wide, high = (right - left) / (x1 - x0) / self.ratio, (bottom - top) / (y1 - y0) / self.ratio
        first, last = max(int(x0), 0), min(int(np.ceil(x1)), n_columns)
        if wide < _LEAST_WIDTH or high < _LEAST_HEIGHT or not 0 < last - first <= _MOST_COLUMNS:
            return None
        return first // _STEP * _STEP, -(-last // _STEP) * _STEP

    def _ranges(self, shape: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return what the panel shows, or will show once it knows how many rows and columns there are."""
        shown = np.array(self.panels.state(), dtype=np.float64)[:, 0]
        x0, x1 = shown[0] * shape[1]
        y0, y1 = shown[1] * shape[0]
        return float(x0), float(x1), float(y0), float(y1)

    def _key(self) -> tuple[Any, ...]:
        return *super()._key(), self._columns_in_sight()

    def upload(self, block: TemplateBlock) -> None:
        """Set what is shown; waveforms and image depend on the zoom and are added with the marks."""
        self.panels.set_home(x=(0.0, float(len(block.cluster_ids))), y=(0.0, float(len(block.channel_ids))))
        self.picture.clear()
        if block.waves is not None:
            self._add_waves(block, block.waves)
        n = len(block.cluster_ids)
        shown = "waveforms" if block.waves is not None else "amplitudes, zoom in for waveforms"
        self.status = f"{n:,} clusters · {len(block.channel_ids)} channels · {shown}"

    def _gain(self, block: TemplateBlock) -> float:
        """Return rows by unit of amplitude."""
        return _ROWS * float(self.settings.scaling) / block.largest

    def _add_waves(self, block: TemplateBlock, waves: Waves) -> None:
        n_samples = waves.data.shape[1]
        x = waves.columns[:, None] + 0.06 + 0.88 * np.linspace(0, 1, n_samples)[None]
        y = waves.rows[:, None] + 0.5 + self._gain(block) * waves.data
        place = self._selected(block)
        own = self._own_colors(block)
        for column, i in place.items():
            own[column] = self.colors[i]
        chosen = np.isin(waves.columns, list(place))
        for mine, width in ((~chosen, 1.0), (chosen, 1.6)):
            # In sight are far fewer clusters than a palette has room for.
            first = int(waves.columns.min(initial=len(own)))
            palette, index = own[first : first + _PALETTE], waves.columns[mine] - first
            if len(index):
                self.picture.lines(x[mine], y[mine], color=palette, index=index, width=width)

    def _own_colors(self, block: TemplateBlock) -> FloatArray:
        """Return the colours of all clusters as if none were selected, (n, 4) float32."""
        if self.settings.colors == "blank":
            return np.tile(np.array(self.scene.theme.rgba("dim", 0.9), dtype=np.float32), (len(block.cluster_ids), 1))
        return legible(block.colors, self.scene.theme.rgba("view"))

    def _selected(self, block: TemplateBlock) -> dict[int, int]:
        """Return column -> place in the selection, in its order."""
        columns = {c: i for i, c in enumerate(block.cluster_ids.tolist())}
        return {columns[c]: i for i, c in enumerate(self.cluster_ids) if c in columns}

    # Surroundings

    def arrange(self, box: Box) -> None:
        """Leave room for the names of channels and clusters, and for the scale bar."""
        left, top, right, bottom = box
        ratio = self.ratio
        left += label_width(self.scene, self._names())
        right -= self.scene.over.cap_height + 18 * ratio
        bottom -= cluster_axis.bottom_margin(self.scene)
        top += 8 * ratio
        self.panels.set_rects(np.array([(left, top, max(right, left + 1), max(bottom, top + 1))]))
        self._follow()

    def _names(self) -> tuple[str, ...]:
        labels = self.host.data.channel_labels
        return tuple(labels[c] for c in self.block.channel_ids) if self.block is not None else ()

    def redraw(self) -> None:
        """Draw at the next tick what is there, and read other waveforms if they came into sight."""
        super().redraw()
        self._follow()

    def decorate(self) -> None:
        """Add names, the selected columns, and the image of amplitudes where waveforms are too small."""
        block: TemplateBlock | None = self.block
        if block is None:
            return
        place = self._selected(block)
        colors = {column: _rgba(self.colors[i]) for column, i in place.items()}
        self._mark_columns(colors)
        self._set_image(block, colors)
        heights = self.panels.to_pixels(0, 0.0, np.arange(len(block.channel_ids)) + 0.5)[1]
        draw_labels(self.scene, self._names(), heights, {})
        cluster_axis.draw_along_x(self.scene, block.cluster_ids.tolist(), colors)
        if block.waves is not None:
            draw_scale_bar(self.scene, self._gain(block) * abs(float(self.panels.transforms()[0, 1])))

    def _mark_columns(self, colors: dict[int, RGBA]) -> None:
        """Shade the columns of the selected clusters, at least 2 px wide."""
        left, top, right, bottom = (float(edge) for edge in self.panels.rects[0])
        for column, color in colors.items():
            x0, x1 = (float(x) for x in self.panels.to_pixels(0, np.array([column, column + 1.0]), 0.0)[0])
            middle = (x0 + x1) / 2
            narrow = x1 - x0 < 6 * self.ratio
            x0, x1 = max(min(x0, middle - self.ratio), left), min(max(x1, middle + self.ratio), right)
            if x1 > x0:
                self.scene.under.rects([(x0, top, x1, bottom)], (*color[:3], 0.5 if narrow else 0.13))

    def _set_image(self, block: TemplateBlock, colors: dict[int, RGBA]) -> None:
        """Draw amplitudes as opacity; a selected cluster is never hidden by its neighbours."""
        cells = cells_in_sight(self.panels, (len(block.channel_ids), len(block.cluster_ids)))
        if block.waves is not None or cells is None:
            self.heat.set_heat(None, (0.0, 1.0, 0.0, 1.0))
            return
        first, last, low, high = cells
        n_x, n_y = pixel_counts(self.panels, cells)
        part, whole = self._reduction.of(block.amplitudes, cells, n_x, n_y)
        alphas = self._opacity(block, whole)
        rgba = np.empty((*alphas.shape, 4), dtype=np.float32)
        starts = starts_of(last - first, n_x)
        blank = self.settings.colors == "blank"
        ground = self.scene.theme.rgba("text")[:3] if blank else self._own_colors(block)[first:last][starts, :3]
        rgba[..., :3], rgba[..., 3] = ground, alphas
        for column, color in reversed(colors.items()):
            if first <= column < last:
                at = int(np.searchsorted(starts, column - first, side="right")) - 1
                rgba[:, at, :3], rgba[:, at, 3] = color[:3], self._opacity(block, part[:, column - first])
        self.heat.set_heat(to_pixels(rgba), (float(first), float(last), float(low), float(high)))

    def _opacity(self, block: TemplateBlock, amplitudes: FloatArray) -> AnyArray:
        shares = np.clip(amplitudes * (self.settings.scaling / block.largest), 0, 1)
        return np.where(shares > 0, _FAINTEST * np.sqrt(shares) + (1 - _FAINTEST) * shares, 0)

    # What is where

    def _cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        block: TemplateBlock | None = self.block
        if block is None or self.panels.at(x, y) is None:
            return None
        column, row = (int(np.floor(v)) for v in self.panels.to_data(0, x, y))
        inside = 0 <= column < len(block.cluster_ids) and 0 <= row < len(block.channel_ids)
        return (column, row) if inside else None

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the column at a physical pixel."""
        cell = self._cell_at(x, y)
        return None if cell is None else int(self.block.cluster_ids[cell[0]])

    def describe(self, x: float, y: float) -> Words | None:
        cell = self._cell_at(x, y)
        if cell is None:
            return None
        column, row = cell
        block: TemplateBlock = self.block
        cluster_id, channel = int(block.cluster_ids[column]), block.channel_ids[row]
        px, py = self.panels.to_pixels(0, column + 0.5, row + 0.5)
        words = f"cluster {cluster_id} · {self.host.data.table.group(cluster_id)}\n"
        words += (
            f"channel {self.host.data.channel_labels[channel]} · {number(float(block.amplitudes[row, column]))} raw"
        )
        return words, float(px), float(py)

    # Gestures and actions

    def on_click(self, click: Click) -> None:
        """Click, or Control+click, selects a cluster; Shift adds it."""
        if click.panel is not None:
            cluster_id = self.pick(click.x, click.y)
            self.choose(click, () if cluster_id is None else (cluster_id,), control=True)

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control: size of the waveforms; Shift: colours."""
        if modifiers == {"control"}:
            self.scale_by(WHEEL_FACTOR**notches)
        elif modifiers == {"shift"}:
            self.turn_scheme(1 if notches > 0 else -1)

    def scale_by(self, factor: float) -> None:
        """Make the waveforms larger or smaller, or the image brighter or darker."""
        self.change(scaling=float(np.clip(self.settings.scaling * factor, *_SCALING)))

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return (
            ViewAction("increase_templates", "Larger templates", lambda: self.scale_by(1.2), "ctrl+alt++",
                       help="Enlarge the waveforms, or make the image of amplitudes brighter."),
            ViewAction("decrease_templates", "Smaller templates", lambda: self.scale_by(1 / 1.2), "ctrl+alt+-",
                       help="Make the waveforms smaller, or the image of amplitudes darker."),
            ViewAction("next_template_colors", "Next colours", lambda: self.turn_scheme(1),
                       help="Colour the clusters by group, depth, rate, at random, as a plugin says, or not."),
        )  # fmt: skip


def _rgba(color: FloatArray) -> RGBA:
    red, green, blue, alpha = (float(value) for value in color)
    return red, green, blue, alpha
