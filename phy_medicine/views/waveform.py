"""Waveforms of the selected clusters, one box for each channel at its place on the probe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.interact import LEFT, WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box
from phy_medicine.views.waveform_block import KINDS, Curves, WaveformBlock, make_block, shown_channels
from phy_medicine.views.waveform_layout import BoxLayout, place_boxes, strip_span
from phy_medicine.views.waveform_marks import channel_labels, gaps, gutter_width, scale_bars, zero_lines

# One press of a key.
_STEP = 1.1
# Room at the left and below for the scale bars, and elsewhere, logical px.
_MARGIN, _BAR_ROOM = 6, 22
# The range is kept while the highest curve fills at least this part of it, so that sizes can be compared.
_LEAST_FILLED = 0.6


@dataclass(frozen=True, slots=True)
class WaveformSettings:
    """What the waveform view shows."""

    kind: str = setting("waveforms", "What is drawn", choices=KINDS)
    n_waveforms: int = setting(100, "Waveforms by cluster", minimum=1, maximum=5000)
    n_channels: int = setting(32, "Channels by cluster at most, best first", minimum=1, maximum=128)
    overlap: bool = setting(False, "Draw clusters over each other, not side by side")
    labels: bool = setting(True, "Show channel labels")
    mean: bool = setting(True, "Draw the mean over the waveforms")
    box_width: float = setting(1.0, "Width of the boxes", minimum=0.1, maximum=10.0)
    box_height: float = setting(1.0, "Height of the boxes", minimum=0.1, maximum=10.0)
    probe_width: float = setting(1.0, "Distance of channels across the probe", minimum=0.1, maximum=10.0)
    probe_height: float = setting(1.0, "Distance of channels along the probe", minimum=0.1, maximum=10.0)


class WaveformView(View):
    """Waveforms, their means or templates, where they are on the probe."""

    name, title = "WaveformView", "Waveforms"
    axes = Axes(x=None, y=None)
    settings_type = WaveformSettings
    drawn_settings = frozenset({"overlap", "labels", "mean", "box_width", "box_height", "probe_width", "probe_height"})
    # All panels have the canvas as rectangle, and home ranges that put the box of their channel where it belongs:
    # pan and zoom then move the whole probe, and the scale of boxes costs no new data.

    _range = (0.0, 0.0)
    _kind = ""
    _gutter = 0.0
    _placed: tuple[object, ...] = ()
    layout = BoxLayout(np.zeros((0, 2)), (1.0, 1.0))

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether all waveforms were read before."""
        s = self.settings
        clusters = self.limited(request).cluster_ids
        if s.kind == "templates" or len(clusters) > 3:
            return False
        channels = shown_channels(self.host.data, clusters, s.n_channels)
        ready = self.host.data.waveforms_ready
        return all(ready(c, own, n=s.n_waveforms) for c, own in zip(clusters, channels, strict=True))

    def prepare(self, request: ViewRequest) -> WaveformBlock:
        """Gather the curves of the clusters on their channels."""
        s = self.settings
        return make_block(
            self.host.data, request.cluster_ids, kind=s.kind, n_waveforms=s.n_waveforms, n_channels=s.n_channels
        )

    def upload(self, block: WaveformBlock) -> None:
        """Take over the curves; where their boxes are is known when the size of the canvas is."""
        zoom = self.panels.state()
        n = len(block.channel_ids)
        if n != len(self.panels):
            self.panels.resize(n)
            self.panels.restore([[axis[0]] * n for axis in zoom])
        self._placed = ()
        self._fit(block)
        self.picture.clear()
        if block.kind == "waveforms":
            self._draw(block.curves, self.colors)
            if block.means is not None and self.settings.mean:
                halo = np.broadcast_to(np.array(self.scene.theme.rgba("view", 0.8)), self.colors.shape)
                self._draw(block.means, halo, width=4.0)
                self._draw(block.means, self._contrasting(), width=1.5)
        else:
            self._draw(block.curves, self.colors, width=1.5)
        self.status = status_of(block)

    def _fit(self, block: WaveformBlock) -> None:
        """Choose the raw units of a box; kept from one selection to the next while it suits both."""
        low, high = box_range(*block.y_range)
        held = self._range[0] <= low and high <= self._range[1]
        if block.kind != self._kind or not held or high - low < _LEAST_FILLED * (self._range[1] - self._range[0]):
            self._kind, self._range = block.kind, (low, high)

    def _contrasting(self) -> FloatArray:
        """Return the colours of the clusters, moved far towards that of text."""
        text = np.array(self.scene.theme.rgba("text"), dtype=np.float32)
        return np.asarray(0.35 * self.colors + 0.65 * text, dtype=np.float32)

    def _draw(self, curves: Curves, colors: FloatArray, width: float = 1.0) -> None:
        spans = np.array([self.strip(c) for c in curves.clusters], dtype=np.float32).reshape(-1, 2)
        steps = np.linspace(0, 1, curves.values.shape[1], dtype=np.float32)
        x = (spans[:, :1] + (spans[:, 1:] - spans[:, :1]) * steps)[curves.shades]
        palette = colors[curves.clusters] * np.stack([*np.ones((3, len(spans))), curves.opacities], 1)
        self.picture.lines(x, curves.values, color=palette, index=curves.shades, panel=curves.boxes, width=width)

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
        spans = np.repeat([self.strip(c) for c in range(len(block.boxes))], [len(b) for b in block.boxes], axis=0)
        duration_ms = 1e3 * block.curves.values.shape[1] / self.host.data.sample_rate
        taken = gaps(scene, self.layout.breaks, (self.settings.probe_width, self.settings.probe_height))
        zero_lines(scene, boxes, spans, duration_ms)
        if self._gutter:
            strong = np.zeros(len(block.channel_ids), dtype=bool)
            strong[[own[0] for own in block.boxes if len(own)]] = True
            channel_labels(scene, self._labels(), strong, taken)
        a, b, _, _ = self.panels.transforms()[0]
        start, stop = self.strip(0)
        scale_bars(scene, a * (stop - start) / duration_ms, -b, duration_ms)

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
        if self.block is None:
            return None
        a, b, c, d = self.panels.transforms().T
        low, high = self._range
        apart = np.maximum(np.abs((x - c) / a - 0.5), np.abs((y - d) / b - (low + high) / 2) / (high - low))
        return int(self.block.channel_ids[int(np.argmin(apart))])

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control+wheel changes the height of the boxes."""
        if modifiers == {"control"}:
            self._scale("box_height", WHEEL_FACTOR**notches)

    def _scale(self, name: str, factor: float) -> None:
        self.change(**{name: float(np.clip(getattr(self.settings, name) * factor, 0.1, 10.0))})

    def _turn_kind(self, by: int) -> None:
        self.change(kind=KINDS[(KINDS.index(self.settings.kind) + by) % len(KINDS)])

    def _toggle(self, name: str) -> None:
        self.change(**{name: not getattr(self.settings, name)})

    def _toggle_mean(self) -> None:
        self.change(kind="waveforms" if self.settings.kind == "mean_waveforms" else "mean_waveforms")

    def _set_n_waveforms(self, n: int = 100) -> None:
        self.change(n_waveforms=n)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        s = self.settings
        scalings = (
            ("widen", "Widen the waveforms", "ctrl+right", "box_width", _STEP),
            ("narrow", "Narrow the waveforms", "ctrl+left", "box_width", 1 / _STEP),
            ("increase", "Increase the waveforms", "ctrl+up", "box_height", _STEP),
            ("decrease", "Decrease the waveforms", "ctrl+down", "box_height", 1 / _STEP),
            ("extend_horizontally", "Extend the probe horizontally", "shift+right", "probe_width", _STEP),
            ("shrink_horizontally", "Shrink the probe horizontally", "shift+left", "probe_width", 1 / _STEP),
            ("extend_vertically", "Extend the probe vertically", "shift+up", "probe_height", _STEP),
            ("shrink_vertically", "Shrink the probe vertically", "shift+down", "probe_height", 1 / _STEP),
        )
        return (
            ViewAction("toggle_waveform_overlap", "Overlap clusters", partial(self._toggle, "overlap"), "o",
                       help="Draw clusters over each other instead of side by side.", checked=lambda: s.overlap),
            ViewAction("toggle_show_labels", "Channel labels", partial(self._toggle, "labels"), "ctrl+l",
                       help="Show the channel labels.", checked=lambda: s.labels),
            ViewAction("next_waveforms_type", "Next type of waveforms", partial(self._turn_kind, 1), "w",
                       help="Waveforms, mean waveforms, templates."),
            ViewAction("previous_waveforms_type", "Previous type of waveforms", partial(self._turn_kind, -1),
                       "shift+w", help="Templates, mean waveforms, waveforms."),
            ViewAction("toggle_mean_waveforms", "Mean waveforms", self._toggle_mean, "m",
                       help="Show the mean of each cluster alone.", checked=lambda: s.kind == "mean_waveforms"),
            *(ViewAction(i, text, partial(self._scale, name, by), key) for i, text, key, name, by in scalings),
            ViewAction("change_n_spikes_waveforms", "Waveforms by cluster...", self._set_n_waveforms, snippet="wn",
                       help="How many waveforms of each cluster are drawn.", arguments=(int,)),
        )  # fmt: skip


def box_range(low: float, high: float) -> tuple[float, float]:
    """Return the raw units of a box: all of the data with a little air, and zero not at its very edge."""
    span = high - low or 1.0
    low, high = min(low, -0.2 * span), max(high, 0.2 * span)
    air = 0.04 * (high - low)
    return low - air, high + air


def status_of(block: WaveformBlock) -> str:
    """Return what is drawn out of what."""
    if block.note:
        return block.note
    part = f"{block.n_drawn:,} of {block.n_total:,}"
    if block.kind == "templates":
        return f"templates · {part if block.n_drawn < block.n_total else f'{block.n_total:,}'}"
    mean = "mean of " if block.kind == "mean_waveforms" else ""
    return f"{block.kind} · high-pass · {mean}{part}"
