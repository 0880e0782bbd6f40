"""Waveforms of the selected clusters, one box for each channel at its place on the probe."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes, format_number
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, WHEEL_FACTOR, Click
from phy_medicine.views.lasso_work import LassoWork
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.waveform_actions import actions_of, scale
from phy_medicine.views.waveform_block import Curves, WaveformBlock, make_block, shown_channels
from phy_medicine.views.waveform_lasso import caught, work_of
from phy_medicine.views.waveform_layout import BoxLayout, place_boxes, strip_span
from phy_medicine.views.waveform_marks import channel_labels, gaps, gutter_width, scale_bars, significant, zero_lines
from phy_medicine.views.waveform_settings import WaveformSettings

# Room at the left and below for the scale bars, and elsewhere, logical px.
_MARGIN, _BAR_ROOM = 6, 22
# The range is kept while the highest curve fills at least this part of it, so that sizes can be compared.
_LEAST_FILLED = 0.6
# Opacity of the band around a mean that is drawn alone, and of one over waveforms in the mean's colour.
_BAND, _BAND_OVER = 0.3, 0.35


class WaveformView(View):
    """Waveforms, their means, their density or templates, where they are on the probe."""

    name, title = "WaveformView", "Waveforms"
    axes = Axes(x=None, y=None)
    settings_type = WaveformSettings
    drawn_settings = frozenset({
        "overlap", "labels", "mean", "scale_bars", "unit_uv", "box_width", "box_height", "probe_width", "probe_height",
    })  # fmt: skip
    has_lasso = True
    # Control takes channels for the feature views.
    lasso_modifier = "alt"
    zoom_settings = frozenset({"box_width", "box_height", "probe_width", "probe_height"})
    # All panels have the canvas as rectangle, and home ranges that put the box of their channel where it belongs:
    # pan and zoom then move the whole probe, and the scale of boxes costs no new data.

    _range = (0.0, 0.0)
    _gutter = 0.0
    _placed: tuple[object, ...] = ()
    _lasso_drawn_on: tuple[object, ...] = ()
    layout = BoxLayout(np.zeros((0, 2)), (1.0, 1.0))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._ranges: dict[str, tuple[float, float]] = {}

    def make_panels(self) -> Panels:
        """Return panels whose ranges are those of the canvas: what twins have in common is the range of a box."""
        return Panels(1, common="")

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether all waveforms were read before."""
        s, data = self.settings, self.host.data
        clusters = self.limited(request).cluster_ids
        if s.kind in ("templates", "density") or len(clusters) > 3:
            return False
        window = data.waveform_source.window(s.before_ms, s.after_ms)
        pairs = zip(clusters, shown_channels(data, clusters, s.n_channels), strict=True)
        return all(data.waveforms_ready(c, own, n=s.n_waveforms, window=window) for c, own in pairs)

    def prepare(self, request: ViewRequest) -> WaveformBlock:
        """Gather the curves of the clusters on their channels."""
        return make_block(self.host.data, request.cluster_ids, self.settings)

    def upload(self, block: WaveformBlock) -> None:
        """Take over the curves; where their boxes are is known when the size of the canvas is."""
        zoom = self.panels.state()
        n = len(block.channel_ids)
        if n != len(self.panels):
            self.panels.resize(n)
            self.panels.restore([[axis[0]] * n for axis in zoom])
        self._placed = ()
        self._forget_lasso(block)
        self._fit(block)
        self.picture.clear()
        if block.counts:
            self._draw_counts(block)
        elif block.kind != "mean_waveforms":
            self._draw(block.curves, self.colors, width=1.5 if block.kind == "templates" else 1.0)
        self._draw_means(block)
        self.status = status_of(block, with_deviation=self.settings.shows_band)

    def _draw_means(self, block: WaveformBlock) -> None:
        alone = block.kind == "mean_waveforms"
        if self.settings.shows_band:
            self._draw_band(block, self.colors if alone else self._contrasting(), _BAND if alone else _BAND_OVER)
        if alone:
            self._draw(block.means, self.colors, width=1.5)
        elif self.settings.mean:
            if not block.counts:
                halo = np.broadcast_to(np.array(self.scene.theme.rgba("view", 0.8)), self.colors.shape)
                self._draw(block.means, halo, width=4.0)
            self._draw(block.means, self._contrasting(), width=1.0 if block.counts else 1.5)

    def _fit(self, block: WaveformBlock) -> None:
        """Choose the raw units of a box, for each kind its own; kept from one selection to the next while it suits."""
        low, high = box_range(*block.y_range)
        kept = self._ranges.get(block.kind, (0.0, 0.0))
        held = kept[0] <= low and high <= kept[1]
        if not held or high - low < _LEAST_FILLED * (kept[1] - kept[0]):
            kept = self._ranges[block.kind] = (low, high)
        low, high = (float(end) for end in self.scale.union("box", *kept))
        self._range = low, high

    def rescale(self) -> None:
        """Give the boxes another range; the curves stay."""
        self._placed = ()
        self._fit(self.block)

    def _contrasting(self) -> FloatArray:
        """Return the colours of the clusters, moved far towards that of text."""
        text = np.array(self.scene.theme.rgba("text"), dtype=np.float32)
        return np.asarray(0.35 * self.colors + 0.65 * text, dtype=np.float32)

    def _spans(self, clusters: IntArray) -> FloatArray:
        """Return start and end of the strips of clusters, (n, 2)."""
        return np.array([self.strip(int(c)) for c in clusters], dtype=np.float64).reshape(-1, 2)

    def _draw(self, curves: Curves, colors: FloatArray, width: float = 1.0) -> None:
        spans = self._spans(curves.clusters).astype(np.float32)
        steps = np.linspace(0, 1, curves.values.shape[1], dtype=np.float32)
        x = (spans[:, :1] + (spans[:, 1:] - spans[:, :1]) * steps)[curves.shades]
        palette = colors[curves.clusters] * np.stack([*np.ones((3, len(spans))), curves.opacities], 1)
        self.picture.lines(x, curves.values, color=palette, index=curves.shades, panel=curves.boxes, width=width)

    def _draw_band(self, block: WaveformBlock, colors: FloatArray, opacity: float) -> None:
        means = block.means
        if not len(means.values):
            return
        spans = self._spans(means.clusters[means.shades])
        low, high = means.values - block.deviations, means.values + block.deviations
        color = colors * np.array([1, 1, 1, opacity])
        self.picture.bands(low, high, spans, color=color, index=means.shades, panel=means.boxes)

    def _draw_counts(self, block: WaveformBlock) -> None:
        for row, (own, boxes) in enumerate(zip(block.counts, block.boxes, strict=True)):
            start, stop = self.strip(row)
            # A sample is as wide as the distance between two, around its moment.
            half = (stop - start) / (block.n_samples - 1) / 2
            left = start - half + 2 * half * block.shifts[row]
            box = left, left + 2 * half * block.n_samples, own.low, own.high
            self.picture.cells(own.sums, box, color=self.colors[row], panel=boxes)

    def strip(self, cluster: int) -> tuple[float, float]:
        """Return start and end of the strip of a cluster in 0..1 of a box."""
        if self.settings.overlap:
            return 0.0, 1.0
        return strip_span(self.block.strips[cluster], self.block.n_strips)

    def arrange(self, box: Box) -> None:
        """Put the box of each channel where it belongs."""
        if self.block is None:
            super().arrange(box)
            return
        margin, bars, s = _MARGIN * self.ratio, _BAR_ROOM * self.ratio, self.settings
        left, top, right, bottom = box[0] + bars, box[1] + margin, box[2] - margin, box[3] - bars
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        placed = (left, top, right, bottom, self.ratio)
        if placed == self._placed:
            return
        self._placed = placed
        width, height = right - left, bottom - top
        positions = self.host.data.channel_positions[list(self.block.channel_ids)]
        self.layout = layout = place_boxes(positions, width / height)
        spread = np.array([s.probe_width, s.probe_height])
        centers = (0.5 + (layout.centers - 0.5) * spread) * (width, height)
        box_px = np.array(layout.size) * (width, height) * (s.box_width, s.box_height)
        gutter = gutter_width(self.scene, self._labels(), box_px[0]) if s.labels else 0.0
        self._gutter = gutter
        self.panels.set_rects(np.tile([left, top, right, bottom], (len(centers), 1)))
        starts = centers[:, 0] - box_px[0] / 2 + gutter
        inner = max(box_px[0] - gutter - 4 * self.ratio, 1.0)
        low, high = self._range
        units = (high - low) / max(box_px[1], 1.0)
        zeros = centers[:, 1] - (low + high) / 2 / units
        for i, (start, zero) in enumerate(zip(starts, zeros, strict=True)):
            x = -start / inner, (width - start) / inner
            self.panels.set_home(i, x=x, y=(-zero * units, (height - zero) * units))

    def _labels(self) -> list[str]:
        return [self.host.data.channel_labels[ch] for ch in self.block.channel_ids]

    def decorate(self) -> None:
        """Add zero lines, labels, gaps of the probe and scale bars."""
        block, scene = self.block, self.scene
        if block is None:
            return
        boxes = np.concatenate(block.boxes)
        spans = np.repeat(self._spans(np.arange(len(block.boxes))), [len(b) for b in block.boxes], axis=0)
        per_ms = self.host.data.sample_rate / 1e3
        times_ms = -block.window.before / per_ms, (block.window.after - 1) / per_ms
        taken = gaps(scene, self.layout.breaks, (self.settings.probe_width, self.settings.probe_height))
        zero_lines(scene, boxes, spans, times_ms)
        if self._gutter:
            strong = np.zeros(len(block.channel_ids), dtype=bool)
            strong[[own[0] for own in block.boxes if len(own)]] = True
            channel_labels(scene, self._labels(), strong, taken)
        if self.settings.scale_bars:
            a, b, _, _ = self.panels.transforms()[0]
            start, stop = self.strip(0)
            duration_ms, (scaling, unit) = times_ms[1] - times_ms[0], self._unit(block)
            scale_bars(scene, a * (stop - start) / duration_ms, -b / scaling, duration_ms, unit)

    def _unit(self, block: WaveformBlock) -> tuple[float, str]:
        """Return the name of the unit of amplitudes, and how much of it a raw unit is."""
        known = self.settings.unit_uv > 0 and block.kind != "templates"
        return (self.settings.unit_uv, "µV") if known else (1.0, "a.u.")

    def on_click(self, click: Click) -> None:
        """Control+click, or a click while a digit is held, takes a channel for the feature views."""
        channel = self.channel_at(click.x, click.y)
        if channel is None:
            return
        if click.digit is not None:
            self.host.set_channels(channel, click.digit)
        elif click.modifiers == {"control"}:
            self.host.set_channels(channel, 0 if click.button == LEFT else 1)

    def channel_at(self, x: float, y: float) -> int | None:
        """Return the channel whose box is nearest to a physical pixel."""
        return None if self.block is None else int(self.block.channel_ids[self._box_at(x, y)[0]])

    def _box_at(self, x: float, y: float) -> tuple[int, bool]:
        """Return the place of the channel whose box is nearest to a pixel, and whether the pixel is inside."""
        a, b, c, d = self.panels.transforms().T
        low, high = self._range
        apart = np.maximum(np.abs((x - c) / a - 0.5), np.abs((y - d) / b - (low + high) / 2) / (high - low))
        nearest = int(np.argmin(apart))
        return nearest, bool(apart[nearest] <= 0.5)

    # What is under the pointer

    def _sample_at(self, row: int, data_x: float) -> float:
        """Return the sample of a cluster's curve at a place in 0..1 of a box."""
        start, stop = self.strip(row)
        return (data_x - start) / (stop - start) * (self.block.n_samples - 1)

    def _row_at(self, box: int, data_x: float, data_y: float) -> int | None:
        """Return the place of the cluster drawn there: that of the strip, and among several the nearest curve."""
        block: WaveformBlock = self.block
        curves = block.means if len(block.means.values) else block.curves
        best, row = np.inf, None
        for i in np.flatnonzero(curves.boxes == box):
            cluster = int(curves.clusters[curves.shades[i]])
            at = round(self._sample_at(cluster, data_x))
            if 0 <= at < block.n_samples:
                value = float(np.nan_to_num(curves.values[i, at]))
                if abs(value - data_y) < best:
                    best, row = abs(value - data_y), cluster
        return row

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster whose curve is drawn at a physical pixel, or nearest to it on its channel."""
        if self.block is None:
            return None
        box, inside = self._box_at(x, y)
        data_x, data_y = self.panels.to_data(box, x, y)
        row = self._row_at(box, float(data_x), float(data_y)) if inside else None
        return None if row is None else self.cluster_ids[row]

    def describe(self, x: float, y: float) -> Words | None:
        """Tell the channel, the cluster, the time from the spike and the amplitude."""
        block = self.block
        if block is None:
            return None
        box, inside = self._box_at(x, y)
        if not inside:
            return None
        data_x, data_y = (float(value) for value in self.panels.to_data(box, x, y))
        row = self._row_at(box, data_x, data_y)
        channel = f"channel {self._labels()[box]}"
        if row is None:
            return channel, x, y
        time_ms = 1e3 * (round(self._sample_at(row, data_x)) - block.window.before) / self.host.data.sample_rate
        scaling, unit = self._unit(block)
        amplitude = f"{format_number(time_ms, 2)} ms · {significant(scaling * data_y)} {unit}"
        return f"{channel} · cluster {self.cluster_ids[row]}\n{amplitude}", x, y

    # The line or polygon

    def add_lasso_corner(self, click: Click) -> None:
        """Add a corner; all lie in the box of the first one."""
        block = self.block
        if block is None:
            return
        if block.kind == "templates":
            self.host.message(block.note or "Templates are no spikes; press W for waveforms, and draw the line there.")
            return
        box, lasso = self._box_at(click.x, click.y)[0], self.scene.lasso
        if lasso.panel is not None and lasso.panel != box:
            label = self._labels()[lasso.panel]
            self.host.message(f"The line is on channel {label}; Alt+right click clears it.")
            return
        lasso.add(box, *self.panels.to_data(box, click.x, click.y))
        self.host.lasso_changed(self)
        self.redraw()

    @property
    def lasso_hint(self) -> str:
        """What K would do, with the drawn waveforms as an example."""
        lasso, block = self.scene.lasso, self.block
        if len(lasso) < 2 or block is None:
            return ""
        does = "crosses the line" if len(lasso) == 2 else "has a sample inside"
        part = ""
        if block.kind == "waveforms":
            drawn = block.curves.boxes == lasso.panel
            part = f" ({np.count_nonzero(self._drawn_caught(drawn)):,} of {np.count_nonzero(drawn):,} drawn)"
        return f"Press K to split off all spikes whose waveform {does}{part}, Alt+right click to clear it."

    def _lines(self) -> list[FloatArray | None]:
        """Return the corners as samples and raw units of each cluster, None for those that it does not reach."""
        block, lasso, lines = self.block, self.scene.lasso, []
        for row, boxes in enumerate(block.boxes):
            x, y = lasso.corners.T
            samples = self._sample_at(row, x)
            reached = lasso.panel in boxes and samples.max() >= 0 and samples.min() <= block.n_samples - 1
            lines.append(np.stack([samples, y], axis=1) if reached else None)
        return lines

    def _drawn_caught(self, drawn: BoolArray) -> BoolArray:
        """Tell which of some drawn curves are caught."""
        curves = self.block.curves
        clusters, values = curves.clusters[curves.shades[drawn]], curves.values[drawn]
        found = np.zeros(len(values), dtype=bool)
        for row, line in enumerate(self._lines()):
            if line is not None:
                found[clusters == row] = caught(values[clusters == row], line)
        return found

    def lasso_work(self) -> LassoWork | None:
        """Return how to find all spikes of the selected clusters whose waveform is caught, drawn or not."""
        lasso, block = self.scene.lasso, self.block
        if block is None or len(lasso) < 2 or lasso.panel is None:
            return None
        # The recording knows nothing of the alignment.
        back = [np.array([by, 0.0]) for by in block.shifts]
        lines = [None if line is None else line - by for line, by in zip(self._lines(), back, strict=True)]
        data = self.host.data
        spike_ids = [data.spikes(cluster_id) for cluster_id in self.cluster_ids]
        return work_of(data, spike_ids, lines, int(block.channel_ids[lasso.panel]), block.window)

    def _forget_lasso(self, block: WaveformBlock) -> None:
        """Clear what was drawn over another picture."""
        now = (self.cluster_ids, block.channel_ids, block.strips, block.window, block.shifts, self.settings.overlap,
               block.kind == "templates")  # fmt: skip
        if now != self._lasso_drawn_on:
            self._lasso_drawn_on = now
            self.clear_lasso()

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control+wheel changes the height of the boxes."""
        if modifiers == {"control"}:
            scale(self, "box_height", WHEEL_FACTOR**notches)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return actions_of(self)


def box_range(low: float, high: float) -> tuple[float, float]:
    """Return the raw units of a box: all of the data with a little air, and zero not at its very edge."""
    span = high - low or 1.0
    low, high = min(low, -0.2 * span), max(high, 0.2 * span)
    air = 0.04 * (high - low)
    return low - air, high + air


def status_of(block: WaveformBlock, *, with_deviation: bool = False) -> str:
    """Return what is drawn out of what."""
    if block.note:
        return block.note
    part = f"{block.n_drawn:,} of {block.n_total:,}"
    if block.kind == "templates":
        return f"templates · {part if block.n_drawn < block.n_total else f'{block.n_total:,}'}"
    if block.kind == "mean_waveforms":
        part = f"mean {'± SD ' if with_deviation else ''}of {part}"
    return f"{block.kind} · high-pass · {part}"
