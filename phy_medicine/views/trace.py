"""Traces of the recording, with the spikes of the selected clusters in their colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.curation.colors import SELECTION_COLORS, channel_colors
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views import raster
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.contrast import TEXT, legible
from phy_medicine.views.interact import LEFT, WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.theme import DARK, RGBA, Theme
from phy_medicine.views.trace_actions import trace_actions
from phy_medicine.views.trace_block import OTHER_ROWS, SPIKE_S, Query, TraceBlock, TraceReader
from phy_medicine.views.trace_channels import depth_order, neighbourhood
from phy_medicine.views.trace_marks import draw_cursor, draw_labels, draw_scale_bar, label_width
from phy_medicine.views.trace_time import LONGEST_S, SHORTEST_S, Interval, TimePanels, neighbouring_spike

_SCALING = (0.01, 100.0)
# The gradient of the channels in so many steps; a palette has room for 256.
_GRADIENT = 64
# Distance of channels, in spreads of their noise.
_SLOT = 2.2
_HIGHLIGHT_WIDTH = 1.4
_FIRST_POINTS = 2560
# A click is meant for a spike no farther away than this, logical px.
_REACH = 12


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """What the trace view shows."""

    length_s: float = setting(
        0.25, f"Length of what a reset shows; at most {LONGEST_S:g} s", unit="s", minimum=SHORTEST_S, maximum=LONGEST_S
    )
    scaling: float = setting(1.0, "Size of the traces", minimum=_SCALING[0], maximum=_SCALING[1])
    filtered: bool = setting(True, "High-pass filter the traces")
    all_channels: bool = setting(False, "Show all channels, not only those around the selected clusters")
    all_spikes: bool = setting(False, "Mark the spikes of all clusters, not only of the selected ones")
    colored_spikes: bool = setting(False, "Colour spikes that are not selected by cluster, instead of grey")
    labels: bool = setting(True, "Name the channels")
    origin_top: bool = setting(False, "Put the channel of smallest y at the top")
    auto_scale: bool = setting(True, "Fit the scale to the noise when other channels are shown")


class TraceView(View):
    """A stretch of the recording; channels in order of depth, spikes in the colour of their cluster."""

    name, title = "TraceView", "Traces"
    max_clusters = None
    needs_selection = False
    axes = Axes(x="Time (s)", y=None)
    settings_type: ClassVar[type] = TraceSettings
    drawn_settings = frozenset({"length_s", "scaling", "labels", "origin_top", "auto_scale", "colored_spikes"})

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self._reader = TraceReader(host.data)
        # Replaced as a whole, because `prepare` reads it in another thread.
        self._interval: Interval | None = None
        self._told: Interval | None = None
        self._cursor_s: float | None = None
        self._channels: tuple[int, ...] = ()
        self._scale: tuple[tuple[int, ...], bool, float] | None = None

    def make_panels(self) -> Panels:
        """Return a panel for the axes, in time of the recording, and one for the picture, in time of the interval."""
        return TimePanels(self._scroll, self._zoom, self._reset_length)

    # Arrays

    @property
    def interval(self) -> Interval | None:
        """What is shown, or None before the first picture."""
        return self._interval

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether the traces are at hand and the spikes few."""
        few = not self.settings.all_spikes and len(request.cluster_ids) <= 20
        return few and self._interval is not None and self._reader.ready(self._query(request))

    def prepare(self, request: ViewRequest) -> TraceBlock:
        """Read the traces and mark the spikes in them."""
        query = self._query(request)
        traces = self._reader.read(query)
        rows = {c: 1 + i % OTHER_ROWS for i, c in enumerate(request.cluster_ids)}
        others = 1 + OTHER_ROWS if self.settings.all_spikes else None
        highlights, n_spikes = self._reader.highlights(traces, rows, others)
        places = {channel: place for place, channel in enumerate(query.channel_ids)}
        peaks = {i: places.get(self.host.data.peak_channel(c), -1) for i, c in enumerate(request.cluster_ids)}
        return TraceBlock(traces, highlights, {i: p for i, p in peaks.items() if p >= 0}, n_spikes)

    def _query(self, request: ViewRequest) -> Query:
        interval = self._interval or self._first_interval(request)
        return Query(interval, self._channels_of(request), self.settings.filtered, self._n_points())

    def _n_points(self) -> int:
        """Return two points for each column of pixels, in steps so that a dragged edge does not read all the time."""
        # Before the first frame the size is known to the canvas alone.
        width = self.scene.size[0] if self.scene.size[0] > 1 or self._canvas is None else self._canvas.physical_size[0]
        n_points = 2 * 128 * max(width // 128, 2) if width > 1 else _FIRST_POINTS
        # Lines of full detail would hold up the first picture by 0.1 s (software OpenGL); they come with the kernels.
        return n_points if raster.ready() else n_points // 4

    def _channels_of(self, request: ViewRequest) -> tuple[int, ...]:
        data = self.host.data
        positions, shanks = data.channel_positions, data.channel_shanks
        if self.settings.all_channels:
            return depth_order(range(data.n_channels), positions, shanks)
        peaks = [data.peak_channel(c) for c in request.cluster_ids]
        if not peaks and not self._channels:
            ordered = depth_order(range(data.n_channels), positions, shanks)
            peaks = list(ordered[len(ordered) // 2 :][:1])
        return neighbourhood(peaks, positions, shanks) or self._channels

    def _first_interval(self, request: ViewRequest) -> Interval:
        """Return the middle of the recording, moved to the next spike of the first cluster."""
        data, length = self.host.data, self.settings.length_s
        middle = Interval.fitted((data.duration_s - length) / 2, length, data.duration_s)
        if not request.spike_ids or not len(request.spike_ids[0]):
            return middle
        return middle.centered(neighbouring_spike(request.spike_ids[0], data.spike_times, middle.center_s, 1, 0.0))

    def upload(self, block: TraceBlock) -> None:
        """Draw traces in the colours of their channels, and spikes over them."""
        query = block.traces.query
        if self._interval is None:
            self._interval = query.interval
        self._channels = query.channel_ids
        self._tell()
        n, start_s = len(query.channel_ids), query.interval.start_s
        self.panels.set_home(0, x=(start_s, query.interval.stop_s))
        self.panels.set_home(1, x=(0.0, query.interval.length_s))
        self.panels.set_home(y=(-1.0, float(n)))
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
        kind = "high-pass" if query.filtered else "raw"
        self.status = f"{query.interval.text()} · {n} of {self.host.data.n_channels} channels · {kind}"

    def _slots(self, n: int) -> FloatArray:
        """Return the height of each channel; (n,) float32."""
        slots = np.arange(n, dtype=np.float32)
        return slots[::-1] if self.settings.origin_top else slots

    def _gain(self, block: TraceBlock) -> float:
        """Return slots by unit of amplitude; it stays while time is scrolled, so that sizes can be compared."""
        query = block.traces.query
        known = self._scale
        fresh = (
            known is None or (self.settings.auto_scale and known[0] != query.channel_ids) or known[1] != query.filtered
        )
        if fresh:
            self._scale = (query.channel_ids, query.filtered, max(block.traces.spread, 1e-12))
        assert self._scale is not None
        return float(self.settings.scaling) / (_SLOT * self._scale[2])

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
        right = round(right - (self.scene.over.cap_height + 8 * self.ratio))
        rect = (left, top, max(right, left + 1), bottom)
        self.panels.set_rects(np.array([rect, rect]))
        self._fit_points()

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
        n, block = len(self._channels), self.block
        if self.settings.labels:
            heights = self.panels.to_pixels(0, 0.0, self._slots(n))[1]
            bright = legible(self.colors, self.scene.theme.rgba("view"), TEXT)
            colors = {place: _rgba(bright[i]) for i, place in sorted(block.peaks.items(), reverse=True)}
            draw_labels(self.scene, self._names(), heights, dict(reversed(colors.items())))
        draw_scale_bar(self.scene, self._gain(block) * abs(float(self.panels.transforms()[0, 1])))
        if self._cursor_s is not None and len(self.colors):
            draw_cursor(self.scene, float(self.panels.to_pixels(0, self._cursor_s, 0.0)[0]), _rgba(self.colors[0]))

    # Time

    def set_interval(self, interval: Interval) -> None:
        """Show a stretch of time, and tell the other views."""
        self._cursor_s = None
        if interval != self._interval:
            self._interval = interval
            self._tell()
            self.host.request(self)

    def show_interval(self, start_s: float, stop_s: float) -> None:
        """Show a stretch of time that was chosen in another view of the signal."""
        self.set_interval(Interval.fitted(start_s, stop_s - start_s, self.host.data.duration_s))

    def _tell(self) -> None:
        if self._interval is not None and self._told != self._interval:
            self._told = self._interval
            self.host.time_window_changed(self._interval.start_s, self._interval.stop_s)

    def _now(self) -> Interval:
        return self._interval or self._first_interval(self.request or ViewRequest(generation=-1))

    def go_to(self, time_s: float) -> None:
        """Show a moment in the middle."""
        self.set_interval(self._now().centered(time_s))

    go_to_time = go_to

    def shift(self, by_s: float) -> None:
        """Move by some time."""
        self.set_interval(self._now().moved(by_s))

    def go_to_spike(self, step: int) -> None:
        """Show the next (1) or the previous (-1) spike of the first selected cluster, wrapping around."""
        spikes = self.request.spike_ids[0] if self.request is not None and self.request.spike_ids else None
        if spikes is None or not len(spikes):
            self.host.message("Select a cluster to go from spike to spike.")
            return
        now, data = self._now(), self.host.data
        # A spike near the end of the recording cannot be in the middle of the view.
        here = now.center_s if self._cursor_s is None else self._cursor_s
        time_s = neighbouring_spike(spikes, data.spike_times, here, step, 0.5 / data.sample_rate)
        self.set_interval(now.centered(time_s))
        self._cursor_s = time_s
        self.redraw()

    def zoom_time(self, factor: float) -> None:
        """Show less time, or more with a factor below 1."""
        self._zoom(factor, 0.5)

    def _scroll(self, part: float) -> None:
        now = self._now()
        self.set_interval(now.moved(part * now.length_s))

    def _zoom(self, factor: float, place: float) -> None:
        self.set_interval(self._now().narrowed(factor, place))

    def _reset_length(self) -> None:
        now = self._now()
        self.set_interval(now.narrowed(now.length_s / self.settings.length_s))

    # Gestures and actions

    def set_filtered(self, filtered: bool) -> None:
        """Show high-passed or raw traces."""
        if filtered != self.settings.filtered:
            self.change(filtered=filtered)

    def scale_by(self, factor: float) -> None:
        """Make the traces larger or smaller."""
        self.change(scaling=float(np.clip(self.settings.scaling * factor, *_SCALING)))

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control: size of the traces; Alt: scroll in time; Shift: colours of spikes that are not selected."""
        if modifiers == {"control"}:
            self.scale_by(WHEEL_FACTOR**notches)
        elif modifiers == {"alt"}:
            self._scroll(-0.1 * notches)
        elif modifiers == {"shift"}:
            self.change(colored_spikes=not self.settings.colored_spikes)

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
        data, reach = self.host.data, _REACH * self.ratio
        scale_x, scale_y = np.abs(self.panels.transforms()[0, :2])
        time_s = float(self.panels.to_data(0, x, y)[0])
        around = max(reach / scale_x, SPIKE_S / 2)
        ids = data.spikes_between(time_s - around, time_s + around)
        heights = dict(
            zip(self._channels, self.panels.to_pixels(0, 0.0, self._slots(len(self._channels)))[1], strict=True)
        )
        best, nearest = None, np.inf
        for spike, cluster in zip(ids.tolist(), data.labels_of(ids).tolist(), strict=True):
            dy = min(
                (abs(heights[c] - y) for c in self._reader.loud_channels(cluster).tolist() if c in heights),
                default=np.inf,
            )
            dx = max(abs(float(data.spike_times[spike]) - time_s) - SPIKE_S / 4, 0.0) * scale_x
            if dx <= reach and dy <= max(reach, scale_y) and np.hypot(dx, dy) < nearest:
                best, nearest = cluster, float(np.hypot(dx, dy))
        return best

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return trace_actions(self)

    # Memory

    def state(self) -> dict[str, Any]:
        """Return settings and the interval, which is taken over for the same recording only."""
        now = self._interval
        return {**super().state(), "interval": [now.start_s, now.stop_s, now.recording_s] if now else None}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over a saved state.

        Raises
        ------
        PhyMedError : a value out of range
        """
        super().restore(state)
        saved = state.get("interval")
        duration_s = self.host.data.duration_s
        if saved and abs(saved[2] - duration_s) < 1e-3:
            self._interval = Interval.fitted(saved[0], saved[1] - saved[0], duration_s)


def _rgba(color: FloatArray) -> RGBA:
    red, green, blue, alpha = (float(value) for value in color)
    return red, green, blue, alpha
