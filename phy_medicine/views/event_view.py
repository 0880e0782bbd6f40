"""Spikes around the events of the experiment: a raster of every event above the mean rate around them (PSTH)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray
from phy_medicine.io.events import EventTrain
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.contrast import TEXT, legible
from phy_medicine.views.event_block import NORMALIZATIONS, ORDERS, Column, Near, Window, make_column, near_events
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box, Panels

_MS, _BIN_MS = (1.0, 60_000.0), (0.1, 10_000.0)
_MOST_COLUMNS = 6
_POINT_BUDGET = 25_000
_RASTER_SHARE = 0.6
_TITLES = {"rate": "Rate (spikes/s)", "count": "Spikes", "z-score": "Change (SD before)"}
_NO_EVENTS = (
    "No events: put events.csv beside the dataset, with the columns time (s) and label, or events_<name>.npy. "
    "The page on views of the documentation lists all files that are read."
)


@dataclass(frozen=True, slots=True)
class EventSettings:
    """What the view of events shows."""

    event: str = setting("", "Kind of event; empty: the first")
    all_kinds: bool = setting(False, "A column for each kind of event, at most 6")
    before_ms: float = setting(500.0, "Time shown before an event", unit="ms", minimum=_MS[0], maximum=_MS[1])
    after_ms: float = setting(1000.0, "Time shown after an event", unit="ms", minimum=_MS[0], maximum=_MS[1])
    bin_ms: float = setting(20.0, "Width of a bin", unit="ms", minimum=_BIN_MS[0], maximum=_BIN_MS[1])
    smooth_ms: float = setting(0.0, "Standard deviation of the smoothing", unit="ms", minimum=0.0, maximum=1000.0)
    normalization: str = setting("rate", "Height of the curves", choices=NORMALIZATIONS)
    order: str = setting("time", "Order of the events in the raster", choices=ORDERS)
    marker_size: float = setting(2.5, "Diameter of a spike", unit="px", minimum=1.0, maximum=20.0)


class EventView(View):
    """Rasters and rates of the selected clusters around events, from all spikes."""

    name, title = "EventView", "Events"
    max_clusters = 8
    axes = Axes(x="Time from the event (ms)", y=_TITLES["rate"])
    settings_type = EventSettings
    drawn_settings = frozenset({"marker_size"})

    def make_panels(self) -> Panels:
        """Return raster and curve of each column, by columns; the time axis is one."""
        return Panels(2, x_links=[0, 0], y_links=[0, -1])

    # Arrays

    def _trains(self) -> list[EventTrain]:
        """Return the kinds of events that are shown.

        Raises
        ------
        DataMissing : the dataset has no events
        """
        events = self.host.data.events
        if not events:
            raise DataMissing(_NO_EVENTS)
        if self.settings.all_kinds:
            return list(events.values())[:_MOST_COLUMNS]
        return [events.get(self.settings.event) or next(iter(events.values()))]

    def _window(self) -> Window:
        s = self.settings
        return Window(1e-3 * s.before_ms, 1e-3 * s.after_ms, 1e-3 * s.bin_ms, 1e-3 * s.smooth_ms)

    def _key(self, cluster_id: int, train: EventTrain, window: Window) -> tuple[object, ...]:
        return "around events", cluster_id, train.name, window.before_s, window.after_s

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether the spikes around the events have been found."""
        try:
            trains, window = self._trains(), self._window()
        except DataMissing:
            return True
        ids = self.limited(request).cluster_ids
        return all(self.host.data.is_kept(self._key(c, train, window)) for c in ids for train in trains)

    def prepare(self, request: ViewRequest) -> tuple[Column, ...]:
        """Find the spikes of each cluster around the events of each kind.

        Raises
        ------
        DataMissing : the dataset has no events
        """
        window, s = self._window(), self.settings
        columns = []
        for train in self._trains():
            near = [self._near(c, train, window) for c in request.cluster_ids]
            columns.append(make_column(train, near, window, normalization=s.normalization, order=s.order))
        return tuple(columns)

    def _near(self, cluster_id: int, train: EventTrain, window: Window) -> Near:
        data = self.host.data

        def find() -> Near:
            return near_events(data.spike_times[data.spikes(cluster_id)], train, window)

        near: Near = data.kept(self._key(cluster_id, train, window), find)
        return near

    # Picture

    def upload(self, block: tuple[Column, ...]) -> None:
        """Draw rasters and curves."""
        n, window = len(block), self._window()
        if len(self.panels) != 2 * n:
            self.panels.resize(2 * n, x_links=[0] * (2 * n), y_links=[k for i in range(n) for k in (i, -1)])
        self.panels.set_home(x=(-1e3 * window.before_s, 1e3 * window.after_s))
        highest = max((float(c.heights.max(initial=0.0)) for c in block), default=0.0)
        lowest = min((float(c.heights.min(initial=0.0)) for c in block), default=0.0)
        edge = 0.08 * (highest - lowest) or 1.0
        self.picture.clear()
        for i, column in enumerate(block):
            rows = max(len(column.near) * column.n_events, 1)
            self.panels.set_home(2 * i, y=(0.0, float(rows)))
            self.panels.set_home(2 * i + 1, y=(lowest - (edge if lowest < 0 else 0.0), highest + edge))
            self._draw_raster(2 * i, column)
            self._draw_curves(2 * i + 1, column, 1e3 * window.edges_s)
        self.scene.axes = Axes(x="Time from the event (ms)", y=_TITLES[self.settings.normalization])
        self.status = self._describe(block)

    def _draw_raster(self, panel: int, column: Column) -> None:
        colors, near = self.colors, column.near
        n = sum(len(part.lags_s) for part in near)
        lags = np.concatenate([np.zeros(0), *(1e3 * part.lags_s for part in near)])
        heights = np.concatenate([np.zeros(0), *(column.rows(k) for k in range(len(near)))])
        clusters = np.repeat(np.arange(len(near)), [len(part.lags_s) for part in near])
        if n <= _POINT_BUDGET:
            size = self.settings.marker_size
            self.picture.points(lags, heights, color=colors, index=clusters, panel=panel, size=size)
            return
        # Spread over their rows, which may be higher than a pixel; by the golden ratio, so evenly and always alike.
        heights = heights + 0.8 * (np.arange(n) * 0.618034 % 1 - 0.5)
        for k, color in enumerate(colors):
            mine = clusters == k
            self.picture.density(lags[mine], heights[mine], color=color, panel=panel, faintest=0.4)

    def _draw_curves(self, panel: int, column: Column, edges_ms: FloatArray) -> None:
        heights = column.heights
        if len(heights) == 1 and self.settings.normalization != "z-score":
            shade = self.colors * np.array([1, 1, 1, 0.75], dtype=np.float32)
            self.picture.steps(heights, (edges_ms[0], edges_ms[-1]), color=shade, panel=panel)
        else:
            x = np.repeat(edges_ms, 2)[1:-1]
            index = np.arange(len(heights))
            y = np.repeat(heights, 2, axis=1)
            self.picture.lines(x, y, color=self.colors, index=index, panel=np.full(len(y), panel), width=1.5)

    def _describe(self, block: tuple[Column, ...]) -> str:
        kinds = ", ".join(f"{column.n_events:,} {column.train.name}" for column in block)
        n_spikes = sum(len(part.lags_s) for column in block for part in column.near)
        n_selected = len(self.request.cluster_ids) if self.request is not None else 0
        cut = f" · {len(self.cluster_ids)} of {n_selected} clusters" if n_selected > len(self.cluster_ids) else ""
        return f"{kinds} · {n_spikes:,} spikes{cut}"

    # Surroundings

    def arrange(self, box: Box) -> None:
        """Place rasters over curves, a column for each kind; leave room for titles, and ids at the left."""
        block: tuple[Column, ...] | None = self.block
        r, ink = self.ratio, self.scene.over
        left, top, right, bottom = self.scene.inner(box, self.panels.ranges()[1:2, 2:])
        top += ink.cap_height + 4 * r
        n = len(self.panels) // 2
        ids = [ink.text_width(str(c)) for c in self.cluster_ids] if block else []
        left = max(left, round(box[0] + max(ids, default=0) + 14 * r))
        gap = 18 * r
        width = (right - left - gap * (n - 1)) / n
        split = round(top + _RASTER_SHARE * (bottom - top))
        rects = []
        for i in range(n):
            x0 = round(left + i * (width + gap))
            x1 = max(round(x0 + width), x0 + 1)
            rects += [(x0, top, x1, max(split, top + 1)), (x0, split + 8 * r, x1, max(bottom, split + 8 * r + 1))]
        self.panels.set_rects(np.array(rects))

    def decorate(self) -> None:
        """Add axes, the moment of the events, how long they last, what they are, and whose rows are whose."""
        block: tuple[Column, ...] | None = self.block
        if block is None:
            return
        for i, column in enumerate(block):
            self._mark_event(2 * i, column.train)
            self._mark_event(2 * i + 1, column.train)
            self._draw_title(2 * i, column)
            x = self.scene.axes.x if i == len(block) // 2 and len(block) % 2 else ""
            self.scene.draw_axes(2 * i + 1, Axes(x=x, y=self._curve_title(2 * i + 1) if i == 0 else None))
            self._draw_rows(2 * i, column, labels=i == 0)
        if len(block) % 2 == 0:
            self._draw_common_title()

    def _curve_title(self, panel: int) -> str:
        """Return the title of the vertical axis, or none where it would run into the raster."""
        title, height = str(self.scene.axes.y), float(np.diff(self.panels.rects[panel, 1::2])[0])
        return title if self.scene.over.text_width(title) <= height + 2 * self.scene.over.cap_height else ""

    def _draw_common_title(self) -> None:
        """Write the title of the time axis below the middle of an even number of columns."""
        rects, r, cap = self.panels.rects, self.ratio, self.scene.over.cap_height
        x = float(rects[0][0] + rects[-1][2]) / 2
        y = float(rects[1][3]) + 9 * r + cap + 7 * r
        self.scene.over.text(str(self.scene.axes.x), x, y, anchor="ct", color=self.scene.theme.rgba("dim"))

    def _mark_event(self, panel: int, train: EventTrain) -> None:
        left, top, right, bottom = (float(edge) for edge in self.panels.rects[panel])
        theme = self.scene.theme
        durations = train.ends_s - train.times_s
        if np.isfinite(durations).any():
            ends = self.panels.to_pixels(panel, np.array([0.0, 1e3 * float(np.nanmedian(durations))]), 0.0)[0]
            x0, x1 = np.clip(ends, left, right)
            self.scene.under.rects([(float(x0), top, float(x1), bottom)], theme.rgba("line", 0.6))
        x = round(float(self.panels.to_pixels(panel, 0.0, 0.0)[0]))
        if left <= x < right:
            self.scene.over.rects([(x, top, x + max(1.0, round(self.ratio)), bottom)], theme.rgba("text", 0.6))

    def _draw_title(self, panel: int, column: Column) -> None:
        left, top, right, _ = (float(edge) for edge in self.panels.rects[panel])
        ink, color = self.scene.over, self.scene.theme.rgba("text")
        text = f"{column.train.name} · {column.n_events:,}"
        while len(text) > 3 and ink.text_width(text) > right - left + 8 * self.ratio:
            text = text[:-2].rstrip("… ") + "…"
        ink.text(text, (left + right) / 2, top - 5 * self.ratio, anchor="cb", color=color)

    def _draw_rows(self, panel: int, column: Column, *, labels: bool) -> None:
        """Divide the raster between the clusters, and write their ids where there is room."""
        left, top, right, bottom = (float(edge) for edge in self.panels.rects[panel])
        ink, r, n = self.scene.over, self.ratio, column.n_events
        line = max(1.0, round(r))
        ink.rects([(left - line, top, left, bottom)], self.scene.theme.rgba("dim", 0.6))
        edges = n * np.arange(len(column.near), -1, -1)
        y = np.round(self.panels.to_pixels(panel, 0.0, edges)[1])
        for edge in y[1:-1].tolist():
            if top < edge < bottom:
                ink.rects([(left, edge, right, edge + line)], self.scene.theme.rgba("dim", 0.6))
        bright = legible(self.colors, self.scene.theme.rgba("view"), TEXT)
        spans = np.clip(np.stack([y[:-1], y[1:]], axis=1), top, bottom)
        for cluster_id, (high, low), rgba in zip(self.cluster_ids, spans.tolist(), bright.tolist(), strict=True):
            ink.rects([(left - 4 * r, high + r, left - line, low - r)], tuple(rgba))
            if labels and low - high > ink.cap_height + 4 * r:
                ink.text(str(cluster_id), left - 8 * r, (high + low) / 2, anchor="rm", color=tuple(rgba))

    # Pointer and gestures

    def _place(self, x: float, y: float) -> tuple[Column, int, int, float, float] | None:
        """Return column, panel in it (0: raster), data coordinates; None outside of the panels."""
        panel = self.panels.at(x, y)
        if panel is None or self.block is None:
            return None
        data_x, data_y = (float(v) for v in self.panels.to_data(panel, x, y))
        return self.block[panel // 2], panel // 2, panel % 2, data_x, data_y

    def describe(self, x: float, y: float) -> Words | None:
        """Return cluster and event in the raster, rates in the curves."""
        place = self._place(x, y)
        if place is None:
            return None
        column, _, lower, lag_ms, height = place
        if lower:
            edges = 1e3 * self._window().edges_s
            i = int(np.clip(np.searchsorted(edges, lag_ms, side="right") - 1, 0, len(edges) - 2))
            unit = {"rate": "spikes/s", "count": "spikes", "z-score": "SD"}[self.settings.normalization]
            lines = [f"{edges[i]:,.4g} to {edges[i + 1]:,.4g} ms"]
            lines += [f"{c}: {h:.3g} {unit}" for c, h in zip(self.cluster_ids, column.heights[:, i], strict=True)]
            return "\n".join(lines), x, y
        found = column.at(height)
        if found is None:
            return None
        cluster, event = found
        time_s = float(column.train.times_s[event])
        which = f"{column.train.name} {event + 1}, at {time_s:,.3f} s"
        return f"cluster {self.cluster_ids[cluster]}\n{which}\n{lag_ms:+.1f} ms", x, y

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of a row of the raster."""
        place = self._place(x, y)
        found = place[0].at(place[4]) if place is not None and not place[2] else None
        return None if found is None else self.cluster_ids[found[0]]

    def on_click(self, click: Click) -> None:
        """Alt+click in a raster shows that moment in the trace views."""
        if click.modifiers != {"alt"} or click.button != LEFT:
            return
        place = self._place(click.x, click.y)
        found = place[0].at(place[4]) if place is not None and not place[2] else None
        if place is not None and found is not None:
            cluster, event = found
            time_s = float(place[0].train.times_s[event]) + 1e-3 * place[3]
            self.host.go_to_time(time_s, self.cluster_ids[cluster])

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Control: the time around the events; Alt: the bin; Shift: the kind of event."""
        s, factor = self.settings, WHEEL_FACTOR**notches
        if modifiers == {"control"}:
            self.change(before_ms=_within(s.before_ms * factor, _MS), after_ms=_within(s.after_ms * factor, _MS))
        elif modifiers == {"alt"}:
            self.change(bin_ms=_within(s.bin_ms * factor, (_BIN_MS[0], (s.before_ms + s.after_ms) / 2)))
        elif modifiers == {"shift"} and notches:
            self._turn_event(1 if notches > 0 else -1)

    # Actions

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        s = self.settings
        return (
            ViewAction("next_event", "Next kind of event", self.set_event, snippet="e", arguments=(str,),
                       help="Show the next kind of event, or the one that is named: :e tone"),
            ViewAction("toggle_all_events", "All kinds side by side", partial(self._toggle, "all_kinds"),
                       help="A column for each kind of event, or one kind.",
                       checked=lambda: bool(self.settings.all_kinds)),
            ViewAction("set_event_window", "Set the time around events (ms)", self._set_window, snippet="ew",
                       arguments=(float, float),
                       help=f"Time before and after, now {s.before_ms:g} and {s.after_ms:g} ms: :ew 500 1000"),
            ViewAction("set_event_bin", "Set the bin (ms)", self._set_bin, snippet="eb", arguments=(float,),
                       help=f"Width of a bin, now {s.bin_ms:g} ms: :eb 20"),
            ViewAction("set_event_smoothing", "Set the smoothing (ms)", self._set_smoothing, snippet="es",
                       arguments=(float,), help=f"Standard deviation, now {s.smooth_ms:g} ms; 0 for none: :es 15"),
            ViewAction("next_event_normalization", "Next height of the curves", self._next_normalization,
                       help=f"Rate, count, or change in standard deviations; now {s.normalization}."),
            ViewAction("next_event_order", "Next order of the events", self._next_order,
                       help=f"By time, by duration, by the first spike after them; now by {s.order}."),
        )  # fmt: skip

    def set_event(self, name: str = "") -> None:
        """Show a kind of event by name, or the next one.

        Raises
        ------
        ActionError : there is no such kind
        """
        events = list(self.host.data.events)
        if not name:
            self._turn_event(1)
        elif name in events:
            self.change(event=name, all_kinds=False)
        else:
            there = f"there are {', '.join(events)}" if events else "the dataset has none"
            raise ActionError(f"There is no event {name}; {there}.")

    def _turn_event(self, by: int) -> None:
        names = list(self.host.data.events)
        if names:
            now = names.index(self.settings.event) if self.settings.event in names else 0
            self.change(event=names[(now + by) % len(names)], all_kinds=False)

    def _toggle(self, name: str) -> None:
        self.change(**{name: not getattr(self.settings, name)})

    def _set_window(self, before_ms: float, after_ms: float) -> None:
        self.change(before_ms=before_ms, after_ms=after_ms)

    def _set_bin(self, bin_ms: float) -> None:
        self.change(bin_ms=bin_ms)

    def _set_smoothing(self, smooth_ms: float) -> None:
        self.change(smooth_ms=smooth_ms)

    def _next_normalization(self) -> None:
        self.change(normalization=_after(NORMALIZATIONS, self.settings.normalization))

    def _next_order(self) -> None:
        self.change(order=_after(ORDERS, self.settings.order))


def _after(choices: tuple[str, ...], now: str) -> str:
    return choices[(choices.index(now) + 1) % len(choices)]


def _within(value: float, limits: tuple[float, float]) -> float:
    return float(np.clip(value, *limits))
