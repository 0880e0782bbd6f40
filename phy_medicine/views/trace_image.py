"""The recording as an image: channels by depth, colour is the voltage."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import ViewAction
from phy_medicine.views.cluster_scatter import number
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.interact import WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box
from phy_medicine.views.matrix_image import indexed, reduced
from phy_medicine.views.theme import DARK, Theme, hex_rgba
from phy_medicine.views.trace import TraceView
from phy_medicine.views.trace_actions import signal_actions
from phy_medicine.views.trace_block import Highlights, TraceBlock, Traces
from phy_medicine.views.trace_marks import draw_words
from phy_medicine.views.trace_settings import TraceImageSettings
from phy_medicine.views.trace_time import Interval

# The full colour is so many spreads of the noise, some 7 standard deviations.
_FULL = 1.5
_STEP, _SIZE, _LENGTH = 0.1, 1.2, 1.25
# From 0 outwards, after the colour of the ground: blue is below, orange above, told apart also without red and green.
_BELOW_DARK, _ABOVE_DARK = ("#0b3566", "#2f9bff", "#c8f0ff"), ("#5c3200", "#ff9a2f", "#fff2c8")
_BELOW_LIGHT, _ABOVE_LIGHT = ("#c3dcf6", "#2a7fd0", "#06305f"), ("#f9dcb8", "#d97706", "#5f3000")
# The extremes of the noise in a pixel stay near the ground.
_STOPS = (0.45, 0.72, 1.0)
_BAR_STEPS = 48
_EMPTY = Highlights(np.zeros(0, np.int64), np.zeros(1, np.int64), np.zeros(0, np.uint8))


class TraceImageView(TraceView):
    """The stretch of time of the trace view as an image; scrolling one scrolls the other."""

    name, title = "TraceImageView", "Trace image"
    settings_type = TraceImageSettings
    drawn_settings = frozenset({"length_s", "scaling", "labels", "origin_top", "auto_scale", "follow"})
    # The signal itself is of no range.
    veil = 0.3

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self.picture = self.scene.picture = self.heat = HeatPicture()
        # The signal of the image, and how it is shown; making it takes 14 ms for 384 channels.
        self._imaged: tuple[FloatArray, Any] | None = None

    # Arrays

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether the traces are at hand."""
        return self._interval is not None and self._reader.ready(self._query(request)[0])

    def _residual(self, interval: Interval) -> int | None:
        return None

    def prepare(self, request: ViewRequest) -> TraceBlock:
        """Read the traces."""
        query, jump = self._query(request)
        return TraceBlock(self._reader.read(query), _EMPTY, self._peaks(request, query), jump=jump)

    def upload(self, block: TraceBlock) -> None:
        """Set what is shown; the image depends on the size and is made with the marks."""
        self.panels.set_home(y=(-0.5, len(block.traces.query.channel_ids) - 0.5))
        self._take(block.traces.query, block.jump, block.traces.unread)

    def _limit(self, block: TraceBlock) -> float:
        """Return the voltage of the full colour; it stays while time is scrolled."""
        return _FULL * self._spread(block.traces) / float(self.settings.scaling)

    # Surroundings

    def _lanes(self) -> float:
        return 0.0

    def arrange(self, box: Box) -> None:
        """Leave room for the legend of colours above."""
        left, top, right, bottom = box
        super().arrange((left, top + self._header(), right + self.scene.over.cap_height, bottom))

    def _header(self) -> float:
        return self.scene.over.cap_height + 8 * self.ratio

    def decorate(self) -> None:
        """Add image, axis, names of channels and legend."""
        block: TraceBlock | None = self.block
        if block is None:
            return
        self._set_image(block)
        self.scene.draw_axes(0, Axes(x="Time (s)", y=None))
        self._draw_channels(block)
        self._draw_shanks(0.0)
        draw_words(self.scene, self.filter_words, self.filter.short)
        self._draw_legend(self._limit(block))

    def _set_image(self, block: TraceBlock) -> None:
        """Draw what is in sight, of each pixel the sample farthest from 0; a selection leaves it as it is."""
        place = self.panels.ranges()[0, 2:].tolist(), self.panels.transforms()[0, :2].tolist()
        look = place, self._limit(block), bool(self.settings.origin_top), self.scene.theme
        if self._imaged is not None and self._imaged[0] is block.traces.data and self._imaged[1] == look:
            return
        self._imaged = block.traces.data, look
        values, (start_s, stop_s) = columns_of(block.traces)
        if self.settings.origin_top:
            values = values[::-1]
        y0, y1 = (float(edge) for edge in self.panels.ranges()[0, 2:])
        low, high = max(round(y0), 0), min(round(y1) + 1, len(values))
        if high <= low:
            self.heat.set_heat(None, (0.0, 1.0, 0.0, 1.0))
            return
        a, b = (abs(float(scale)) for scale in self.panels.transforms()[0, :2])
        part = reduced(values[low:high], max(1, int((high - low) * b)), axis=0)
        part = reduced(part, max(1, int((stop_s - start_s) * a)), axis=1)
        scale = np.float32(127.5 / self._limit(block))
        rows = np.clip(np.nan_to_num(part) * scale + np.float32(128), 0, 255).astype(np.uint8)
        origin = block.traces.query.interval.start_s
        self.heat.set_heat(
            indexed(rows, diverging(self.scene.theme)), (origin + start_s, origin + stop_s, low - 0.5, high - 0.5)
        )

    def _draw_legend(self, limit: float) -> None:
        """Draw which colour is which voltage, at the right above the image."""
        scene, ratio = self.scene, self.ratio
        left, top, right, _ = (float(edge) for edge in self.panels.rects[0])
        y, gap, dim = top - self._header() / 2 - 2 * ratio, 6 * ratio, scene.theme.rgba("dim")
        above, below = f"+{number(limit)} a.u.", number(-limit)
        bar_right = right - scene.over.text_width(above) - gap
        bar_left = bar_right - 72 * ratio
        if bar_left - gap - scene.over.text_width(below) < left:
            return
        scene.over.text(above, right, y, anchor="rm", color=dim)
        scene.over.text(below, bar_left - gap, y, anchor="rm", color=dim)
        edges, half = np.linspace(bar_left, bar_right, _BAR_STEPS + 1), scene.over.cap_height / 2
        sides = np.full(_BAR_STEPS, y - half), np.full(_BAR_STEPS, y + half)
        boxes = np.stack([edges[:-1], sides[0], edges[1:], sides[1]], axis=1)
        scene.over.rects(boxes, diverging(scene.theme)[np.linspace(0, 255, _BAR_STEPS).astype(np.int64)])

    # Time

    def set_time_window(self, window: tuple[float, float] | None) -> None:
        """Show what the trace views show."""
        self.time_window = window
        if window is None:
            return
        wanted = Interval.fitted(window[0], window[1] - window[0], self.host.data.duration_s)
        now = self._interval
        if now is None or max(abs(now.start_s - wanted.start_s), abs(now.stop_s - wanted.stop_s)) > 1e-9:
            self._interval = self._told = wanted
            self.host.request(self)

    def set_interval(self, interval: Interval) -> None:
        """Show a stretch of time, here and in the trace views."""
        if interval != self._interval:
            super().set_interval(interval)
            self.host.show_interval(interval.start_s, interval.stop_s)

    # Gestures and actions

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control: strength of the colours; Alt: scroll in time."""
        if modifiers == {"control"}:
            self.scale_by(WHEEL_FACTOR**notches)
        elif modifiers == {"alt"}:
            self._scroll(-0.1 * notches)

    def time_panels(self) -> tuple[int, ...]:
        """Return the panel with the axes."""
        return (0,)

    def on_click(self, click: Click) -> None:
        """Control+click selects the cluster of a spike; Shift+click chooses a channel for the feature view."""
        super().on_click(click)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""

        def by_view(part: float) -> Callable[[], None]:
            return lambda: self.shift(part * self._now().length_s)

        def by_recording(part: float) -> Callable[[], None]:
            return lambda: self.shift(part * self.host.data.duration_s)

        end_s = self.host.data.duration_s
        return (
            *signal_actions(self, "image_"),
            ViewAction("image_all_channels", "All channels", lambda: self._toggle("all_channels"),
                       help="Show all channels, or those around the selected clusters.",
                       checked=lambda: bool(self.settings.all_channels)),
            ViewAction("image_switch_origin", "Origin at the top", lambda: self._toggle("origin_top"), "ctrl+alt+o",
                       help="Turn the order of channels upside down.",
                       checked=lambda: bool(self.settings.origin_top)),
            ViewAction("image_auto_scale", "Scale by the noise", lambda: self._toggle("auto_scale"),
                       help="Fit the colours whenever other channels are shown, or keep them.",
                       checked=lambda: bool(self.settings.auto_scale)),
            ViewAction("image_go_to", "Go to time", self.go_to, "ctrl+alt+t", "tig", "Show a moment, in s: :tig 12.5",
                       (float,)),
            ViewAction("image_shift", "Shift by time", self.shift, "", "tis", "Move by some time, in s: :tis -0.5",
                       (float,)),
            ViewAction("image_left", "Back", by_view(-_STEP), "ctrl+alt+left", help="Scroll back by a tenth."),
            ViewAction("image_right", "Forward", by_view(_STEP), "ctrl+alt+right", help="Scroll on by a tenth."),
            ViewAction("image_jump_left", "Jump back", by_recording(-_STEP), "ctrl+shift+alt+left",
                       help="Jump back by a tenth of the recording."),
            ViewAction("image_jump_right", "Jump forward", by_recording(_STEP), "ctrl+shift+alt+right",
                       help="Jump on by a tenth of the recording."),
            ViewAction("image_start", "Go to the start", lambda: self.go_to(0.0), "ctrl+alt+home",
                       help="Show the start of the recording."),
            ViewAction("image_end", "Go to the end", lambda: self.go_to(end_s), "ctrl+alt+end",
                       help="Show the end of the recording."),
            ViewAction("image_narrow", "Show less time", lambda: self.zoom_time(_LENGTH), "ctrl+alt+shift++",
                       help="Show less time."),
            ViewAction("image_widen", "Show more time", lambda: self.zoom_time(1 / _LENGTH), "ctrl+alt+shift+-",
                       help="Show more time."),
            ViewAction("image_increase", "Stronger colours", lambda: self.scale_by(_SIZE), "ctrl+alt+up",
                       help="Make the colours stronger."),
            ViewAction("image_decrease", "Weaker colours", lambda: self.scale_by(1 / _SIZE), "ctrl+alt+down",
                       help="Make the colours weaker."),
        )  # fmt: skip

    def _toggle(self, name: str) -> None:
        self.change(**{name: not getattr(self.settings, name)})


def columns_of(traces: Traces) -> tuple[FloatArray, tuple[float, float]]:
    """Return one column for each sample, or for each stretch the extreme farthest from 0, and where they start and end.

    Returns
    -------
    (n_channels, n_columns) float32; (start, stop) in s from the start of the interval
    """
    n_points = traces.data.shape[1]
    if not traces.paired:
        half = 0.5 / traces.rate
        return traces.data, (float(traces.offsets_s[0]) - half, float(traces.offsets_s[-1]) + half)
    values = reduced(traces.data, n_points // 2, axis=1)
    # The offset of a pair is its middle.
    half = 1.0 / traces.rate
    return values, (float(traces.offsets_s[0]) - half, float(traces.offsets_s[-1]) + half)


@lru_cache(maxsize=4)
def diverging(theme: Theme) -> FloatArray:
    """Return the colours from the lowest to the highest voltage, (256, 4) RGBA 0..1; the ground is in the middle."""
    dark = theme.name == "dark"
    below, above = (_BELOW_DARK, _ABOVE_DARK) if dark else (_BELOW_LIGHT, _ABOVE_LIGHT)
    anchors = np.array([hex_rgba(c) for c in (*below[::-1], theme.view, *above)])
    places = np.array([*(-s for s in reversed(_STOPS)), 0.0, *_STOPS])
    shares = np.linspace(-1, 1, 256)
    return frozen(np.stack([np.interp(shares, places, anchors[:, i]) for i in range(4)], axis=1))
