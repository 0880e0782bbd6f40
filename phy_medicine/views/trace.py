"""Traces of the recording, with the spikes of the selected clusters in their colours."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.curation.colors import SELECTION_COLORS, channel_colors
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import ViewAction
from phy_medicine.views.contrast import TEXT, legible
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box
from phy_medicine.views.signal_view import SignalView
from phy_medicine.views.theme import DARK, RGBA, Theme
from phy_medicine.views.trace_actions import trace_actions
from phy_medicine.views.trace_block import OTHER_ROWS, Query, TraceBlock, Traces
from phy_medicine.views.trace_channels import shank_runs
from phy_medicine.views.trace_marks import (
    draw_cursor,
    draw_labels,
    draw_scale_bar,
    draw_shanks,
    draw_words,
    label_width,
)
from phy_medicine.views.trace_pick import describe, spike_at
from phy_medicine.views.trace_settings import RESIDUAL_S, TraceSettings
from phy_medicine.views.trace_spikes import draw_spike_lines, lanes_height
from phy_medicine.views.trace_time import Interval

# The gradient of the channels in so many steps; a palette has room for 256.
_GRADIENT = 64
# Distance of channels, in spreads of their noise.
_SLOT = 2.2
# In long columns this part of them fits a slot.
_MOST = 0.9
_HIGHLIGHT_WIDTH = 1.4


class TraceView(SignalView):
    """A stretch of the recording; channels in order of depth, spikes in the colour of their cluster."""

    name, title = "TraceView", "Traces"
    axes = Axes(x="Time (s)", y=None)
    settings_type: ClassVar[type] = TraceSettings
    drawn_settings = frozenset(
        {"length_s", "scaling", "labels", "origin_top", "auto_scale", "colored_spikes", "spike_lines", "follow",
         "refractory_ms"}
    )  # fmt: skip
    # The signal itself is of no range.
    veil = 0.3

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self._scale: tuple[tuple[tuple[int, ...], str, float], float] | None = None

    # Arrays

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether the traces are at hand and the spikes few."""
        few = not self.settings.all_spikes and len(request.cluster_ids) <= 20
        return few and self._interval is not None and self._reader.ready(self._query(request)[0])

    def prepare(self, request: ViewRequest) -> TraceBlock:
        """Read the traces and mark the spikes in them."""
        query, jump = self._query(request)
        traces = self._reader.read(query)
        mine = self._reader.selected_spikes(query.interval, request.spike_ids)
        others = bool(self.settings.all_spikes)
        highlights, n_spikes, dense = self._reader.highlights(traces, request.cluster_ids, mine, others=others)
        times = frozen(self.host.data.spike_times[mine[0]])
        return TraceBlock(
            traces, highlights, self._peaks(request, query), n_spikes, dense, times, frozen(mine[1]), jump
        )

    def _residual(self, interval: Interval) -> int | None:
        if not self.settings.residual or interval.length_s > RESIDUAL_S:
            return None
        return self.host.data.residual.version(interval.start_s, interval.stop_s)

    def _notes(self) -> str:
        """Say what is subtracted, or why nothing is, and why there are no marks."""
        notes = ""
        if self.settings.residual and self.block is not None:
            shown = self.block.traces.query.residual is not None
            notes = ", less all spikes" if shown else f", spikes are subtracted up to {RESIDUAL_S:g} s"
        return notes + ("; too many spikes to mark" if self.block is not None and self.block.dense else "")

    def _peaks(self, request: ViewRequest, query: Query) -> dict[int, int]:
        """Return position in the selection -> row of its peak channel, if that is shown."""
        places = {channel: place for place, channel in enumerate(query.channel_ids)}
        peaks = {i: places.get(self.host.data.peak_channel(c), -1) for i, c in enumerate(request.cluster_ids)}
        return {i: place for i, place in peaks.items() if place >= 0}

    def upload(self, block: TraceBlock) -> None:
        """Draw traces in the colours of their channels, and spikes over them."""
        n = len(block.traces.query.channel_ids)
        self.panels.set_home(y=(-1.0, float(n)))
        self._take(block.traces.query, block.jump, block.traces.unread)
        heights = self._slots(n)[:, None] + np.float32(self._gain(block)) * block.traces.data
        times = block.traces.offsets_s
        colors, index = self._channel_palette(n)
        self.picture.clear()
        self.picture.lines(times, heights, color=colors, index=index, panel=1)
        marks = block.highlights
        if len(marks.points):
            x, y = times[marks.points % len(times)], heights.ravel()[marks.points]
            self.picture.lines(
                x, y, starts=marks.starts, color=self._palette(), index=marks.rows, panel=1, width=_HIGHLIGHT_WIDTH
            )

    def _gain(self, block: TraceBlock) -> float:
        """Return slots by unit of amplitude."""
        return float(self.settings.scaling) / (_SLOT * self._spread(block.traces))

    def _spread(self, traces: Traces) -> float:
        """Return the size of the noise, or in long columns of what most of them hold.

        It stays while time is scrolled, so that sizes can be compared.
        """
        query = traces.query
        key = (query.channel_ids if self.settings.auto_scale else (), query.filter, traces.rate if traces.long else 0.0)
        if self._scale is None or self._scale[0] != key:
            reach = traces.reach(_MOST) / _SLOT if traces.long else 0.0
            spread = max(traces.spread, reach, 1e-12)
            if traces.unread:
                return spread
            self._scale = (key, spread)
        return self._scale[1]

    def _channel_palette(self, n: int) -> tuple[FloatArray, IntArray]:
        steps = min(n, _GRADIENT)
        colors = legible(channel_colors(max(steps, 1)), self.scene.theme.rgba("view"))
        return colors, np.arange(n) * steps // max(n, 1)

    def _palette(self) -> FloatArray:
        """Return colours of highlights: none, those of the selection, those of other clusters."""
        palette = np.zeros((1 + 2 * OTHER_ROWS, 4), dtype=np.float32)
        palette[1 : 1 + min(len(self.colors), OTHER_ROWS)] = self.colors[:OTHER_ROWS]
        palette[1 + OTHER_ROWS :] = self.scene.theme.rgba("dim")
        if self.settings.colored_spikes:
            colors = np.c_[SELECTION_COLORS[20 : 20 + OTHER_ROWS], np.full(OTHER_ROWS, 0.8)]
            palette[1 + OTHER_ROWS :] = legible(colors, self.scene.theme.rgba("view"))
        return palette

    # Surroundings

    def arrange(self, box: Box) -> None:
        """Leave room for labels at the left and for the scale bar at the right."""
        left, top, right, bottom = self.scene.inner(box)
        if self.settings.labels:
            left = round(box[0] + label_width(self.scene, self._names()))
        top = round(top + self._lanes())
        right = round(right - (self.scene.over.cap_height + 8 * self.ratio))
        rect = (left, top, max(right, left + 1), bottom)
        self.panels.set_rects(np.array([rect, rect]))
        self._fit_points()

    def _lanes(self) -> float:
        """Return the room for marks of spikes above the traces, px."""
        return lanes_height(len(self.cluster_ids), self.ratio) if self.settings.spike_lines else 0.0

    def _fit_points(self) -> None:
        """Read anew when the canvas has become much wider, or much narrower."""
        if self.block is not None:
            traces, wanted = self.block.traces, self._n_points()
            if wanted < traces.data.shape[1] / 2 or (traces.paired and wanted > traces.query.n_points):
                self.host.request(self)

    def _names(self) -> tuple[str, ...]:
        labels = self.host.data.channel_labels
        return tuple(labels[channel] for channel in self._channels)

    def decorate(self) -> None:
        """Add the time axis, names of channels, the scale bar, and the mark of the spike that was gone to."""
        if self.block is None:
            return
        self.scene.draw_axes(0)
        block: TraceBlock = self.block
        self._draw_channels(block)
        reserved = draw_scale_bar(self.scene, self._gain(block) * abs(float(self.panels.transforms()[0, 1])))
        self._draw_shanks(reserved)
        more, short = self._notes(), self.filter.short
        draw_words(self.scene, self.filter_words + more, short + more, short)
        if self.settings.spike_lines:
            x = self.panels.to_pixels(0, block.times_s, 0.0)[0]
            draw_spike_lines(self.scene, x, block.rows, self.colors)
        if self._cursor_s is not None and len(self.colors):
            draw_cursor(self.scene, float(self.panels.to_pixels(0, self._cursor_s, 0.0)[0]), _rgba(self.colors[0]))

    def _draw_channels(self, block: TraceBlock) -> None:
        """Name the channels, the peaks of selected clusters in their colours."""
        if self.settings.labels:
            heights = self.panels.to_pixels(0, 0.0, self._slots(len(self._channels)))[1]
            bright = legible(self.colors, self.scene.theme.rgba("view"), TEXT)
            colors = {place: _rgba(bright[i]) for i, place in sorted(block.peaks.items(), reverse=True)}
            draw_labels(self.scene, self._names(), heights, dict(reversed(colors.items())))

    def _draw_shanks(self, reserved: float) -> None:
        runs = shank_runs(self._channels, self.host.data.channel_shanks)
        draw_shanks(self.scene, runs, upside_down=bool(self.settings.origin_top), reserved=reserved)

    # Gestures and actions

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control: size of the traces; Alt: scroll in time; Shift: colours of spikes that are not selected."""
        if modifiers == {"control"}:
            self.scale_by(WHEEL_FACTOR**notches)
        elif modifiers == {"alt"}:
            self._scroll(-0.1 * notches)
        elif modifiers == {"shift"}:
            self.change(colored_spikes=not self.settings.colored_spikes)

    def time_panels(self) -> tuple[int, ...]:
        """Return the panel with the axes."""
        return (0,)

    def on_click(self, click: Click) -> None:
        """Control+click selects the cluster of a spike; Shift+click chooses a channel for the feature view."""
        if click.panel is None or self.block is None:
            return
        if click.modifiers == {"control"} and click.button == LEFT:
            cluster_id = self.pick(click.x, click.y)
            if cluster_id is None:
                self.host.message("No spike here.")
            else:
                self.host.select([cluster_id])
        elif click.modifiers == {"shift"}:
            place = int(np.argmin(np.abs(self._slots(len(self._channels)) - click.data_y)))
            self.host.set_channels(self._channels[place], 0 if click.button == LEFT else 1)

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster whose spike is nearest to a pixel, on a channel where it is large."""
        if self.block is None:
            return None
        rows = self.panels.to_pixels(0, 0.0, self._slots(len(self._channels)))[1].tolist()
        heights = dict(zip(self._channels, rows, strict=True))
        return spike_at(self.host.data, self._reader, self.panels, heights, (x, y, self.ratio))

    def describe(self, x: float, y: float) -> Words | None:
        """Name channel, moment and value under the pointer, and the cluster of a spike there."""
        if self.block is None or self.panels.at(x, y) is None or not self._channels:
            return None
        time_s, height = (float(v) for v in self.panels.to_data(0, x, y))
        s_by_pixel = 1 / abs(float(self.panels.transforms()[0, 0]))
        slots = self._slots(len(self._channels))
        lines = describe(self.block.traces, self._names(), slots, (time_s, height), s_by_pixel)
        cluster_id = self.pick(x, y)
        if cluster_id is not None:
            lines.append(f"Cluster {cluster_id}")
        return "\n".join(lines), x, y

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return trace_actions(self)


def _rgba(color: FloatArray) -> RGBA:
    red, green, blue, alpha = (float(value) for value in color)
    return red, green, blue, alpha
