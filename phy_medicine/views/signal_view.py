"""What the trace view and the trace image share: a stretch of time, channels, a filter, and how they are moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.signal_filters import HIGH_PASS, NONE, SIGNAL_FILTERS
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views import raster
from phy_medicine.views.base import View
from phy_medicine.views.theme import DARK, Theme
from phy_medicine.views.trace_block import Jump, Query, TraceReader
from phy_medicine.views.trace_channels import N_USUAL, neighbourhood, ordered
from phy_medicine.views.trace_settings import SCALING, SignalSettings, restored
from phy_medicine.views.trace_time import Interval, TimePanels, nearest_spike, neighbouring_spike
from phy_medicine.views.violations import intervals_ms, middles_s, next_violation, violations

if TYPE_CHECKING:
    from phy_medicine.session.signal_filters import AnyFilter

_FIRST_POINTS = 2560


class SignalView(View):
    """A stretch of the recording on some channels."""

    max_clusters = None
    needs_selection = False
    # Where the window is belongs to the session, and channels have a scale of their own.
    shares_scale = False
    settings_type: ClassVar[type] = SignalSettings
    panels: TimePanels

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self._reader = TraceReader(host.data)
        # Replaced as a whole, because `prepare` reads it in another thread.
        self._interval: Interval | None = None
        self._told: Interval | None = None
        self._cursor_s: float | None = None
        self._channels: tuple[int, ...] = ()
        # The clusters for which the view went to a spike, or was moved by hand.
        self._followed: tuple[int, ...] | None = None
        self._usual_filter = HIGH_PASS

    def make_panels(self) -> TimePanels:
        """Return a panel for the axes, in time of the recording, and one for the picture, in time of the interval."""
        return TimePanels(self._scroll, self._zoom, self._reset_length)

    # What is asked for

    @property
    def interval(self) -> Interval | None:
        """What is shown, or None before the first picture."""
        return self._interval

    @property
    def filter_words(self) -> str:
        """The definition of the filter."""
        return self.filter.words

    @property
    def filter(self) -> AnyFilter:
        """What is done to the signal."""
        return self.host.data.filters[self.settings.filter]

    def more_choices(self, setting: str) -> tuple[str, ...]:
        """Return the filters of plugins."""
        return tuple(n for n in self.host.data.filters.names if n not in SIGNAL_FILTERS) if setting == "filter" else ()

    def filters_changed(self) -> None:
        """Read again, because a filter came, went or is another one."""
        self._reader = TraceReader(self.host.data)
        self.host.request(self)

    def _query(self, request: ViewRequest) -> tuple[Query, Jump | None]:
        jump = self._jump(request)
        interval = self._interval or self._first_interval(request)
        interval = interval if jump is None else jump.interval
        residual = self._residual(interval)
        query = Query(interval, self._channels_of(request), self.settings.filter, self._n_points(), residual)
        return query, jump

    def _residual(self, interval: Interval) -> int | None:
        """Return which spikes are subtracted, None for none."""
        return None

    def _jump(self, request: ViewRequest) -> Jump | None:
        """Return where to go for a new selection; nowhere if a spike of its first cluster is in sight."""
        now, mine = self._interval, request.cluster_ids[:1]
        if not self.settings.follow or now is None or mine == self._followed or not mine:
            return None
        if not len(request.spike_ids[0]):
            return None
        time_s = nearest_spike(request.spike_ids[0], self.host.data.spike_times, now.center_s)
        in_sight = now.start_s <= time_s <= now.stop_s
        return Jump(mine, time_s, now if in_sight else now.centered(time_s))

    def _n_points(self) -> int:
        """Return two points for each column of pixels, in steps so that a dragged edge does not read all the time."""
        # Before the first frame the size is known to the canvas alone.
        width = self.scene.size[0] if self.scene.size[0] > 1 or self._canvas is None else self._canvas.physical_size[0]
        n_points = 2 * 128 * max(width // 128, 2) if width > 1 else _FIRST_POINTS
        # Lines of full detail would hold up the first picture by 0.1 s (software OpenGL); they come with the kernels.
        return n_points if raster.ready() else n_points // 4

    def _channels_of(self, request: ViewRequest) -> tuple[int, ...]:
        data, order = self.host.data, self.settings.order
        positions, shanks = data.channel_positions, data.channel_shanks
        if self.settings.all_channels:
            return ordered(range(data.n_channels), positions, shanks, order)
        peaks = [data.peak_channel(c) for c in request.cluster_ids]
        if not peaks and not self._channels:
            everything = ordered(range(data.n_channels), positions, shanks, order)
            peaks = list(everything[len(everything) // 2 :][:1])
        return ordered(neighbourhood(peaks, positions, shanks) or self._channels, positions, shanks, order)

    def _first_interval(self, request: ViewRequest) -> Interval:
        """Return the middle of the recording, moved to the next spike of the first cluster."""
        data, length = self.host.data, self.settings.length_s
        middle = Interval.fitted((data.duration_s - length) / 2, length, data.duration_s)
        if not request.spike_ids or not len(request.spike_ids[0]):
            return middle
        return middle.centered(neighbouring_spike(request.spike_ids[0], data.spike_times, middle.center_s, 1, 0.0))

    # What is shown

    def _take(self, query: Query, jump: Jump | None, unread: float) -> None:
        """Note what a block shows, set the ranges of the panels, and go on reading what is not there yet."""
        if jump is not None and jump.cluster_ids != self._followed:
            self._interval, self._cursor_s = jump.interval, jump.time_s
        if self._interval is None:
            self._interval = query.interval
        newly = self._followed != self.cluster_ids[:1]
        self._followed, self._channels = self.cluster_ids[:1], query.channel_ids
        self._tell()
        self.panels.set_home(0, x=(query.interval.start_s, query.interval.stop_s))
        self.panels.set_home(1, x=(0.0, query.interval.length_s))
        self.scene.progress = 1 - unread if unread else None
        self.status = self._words(query, unread)
        if newly and self.settings.follow and self.settings.all_channels:
            self._show_peak()
        if unread:
            self.host.request(self)

    def _words(self, query: Query, unread: float) -> str:
        short = self.host.data.filters[query.filter].short
        channels = f"{len(query.channel_ids)} of {self.host.data.n_channels} channels"
        if query.residual is not None:
            channels = channels.replace(" channels", " · residual")
        return f"{query.interval.text()} · {f'{1 - unread:.0%} read' if unread else channels} · {short}"

    def _slots(self, n: int) -> FloatArray:
        """Return the height of each channel; (n,) float32."""
        slots = np.arange(n, dtype=np.float32)
        return slots[::-1] if self.settings.origin_top else slots

    def _tell(self) -> None:
        if self._interval is not None and self._told != self._interval:
            self._told = self._interval
            self.host.time_window_changed(self._interval.start_s, self._interval.stop_s)

    # Channels

    def center_channels(self) -> None:
        """Bring the channels around the first selected cluster into the middle of the view."""
        if not self.cluster_ids:
            self.host.message("Select a cluster to centre on its channels.")
            return
        if self.settings.all_channels:
            self._show_rows_around(self.host.data.peak_channel(self.cluster_ids[0]))
        else:
            self.panels.show_all_rows()
        self.redraw()

    def _show_peak(self) -> None:
        """Centre on the channels of the first cluster, if its peak is out of sight."""
        if not self.cluster_ids:
            return
        peak = self.host.data.peak_channel(self.cluster_ids[0])
        y = self._slots(len(self._channels))[self._channels.index(peak)]
        low, high = (float(edge) for edge in self.panels.ranges()[0, 2:])
        if not low <= y <= high:
            self._show_rows_around(peak)

    def _show_rows_around(self, channel_id: int) -> None:
        n = len(self._channels)
        half = min(N_USUAL, n) / 2
        y = float(self._slots(n)[self._channels.index(channel_id)])
        low = float(np.clip(y - half, -1.0, max(n - 2 * half, -1.0)))
        self.panels.show_rows(low, low + 2 * half)

    # Time

    def set_interval(self, interval: Interval) -> None:
        """Show a stretch of time, and tell the other views."""
        self._cursor_s = None
        if interval != self._interval:
            self._interval = interval
            if self.request is not None:
                self._followed = self.request.cluster_ids[:1]
            self._tell()
            self.host.request(self)

    def show_interval(self, start_s: float, stop_s: float) -> None:
        """Show a stretch of time that was chosen in another view of the signal."""
        self.set_interval(Interval.fitted(start_s, stop_s - start_s, self.host.data.duration_s))

    def _now(self) -> Interval:
        return self._interval or self._first_interval(self.request or ViewRequest(generation=-1))

    def go_to(self, time_s: float) -> None:
        """Show a moment in the middle."""
        self.set_interval(self._now().centered(time_s))

    go_to_time = go_to

    def shift(self, by_s: float) -> None:
        """Move by some time."""
        self.set_interval(self._now().moved(by_s))

    def _first_spikes(self) -> FloatArray | None:
        """Return the times of the first selected cluster, None without any."""
        ids = self.request.spike_ids[0] if self.request is not None and self.request.spike_ids else None
        return None if ids is None or not len(ids) else self.host.data.spike_times[ids]

    def _here(self) -> float:
        """Return where we are: a spike near the end of the recording cannot be in the middle of the view."""
        return self._now().center_s if self._cursor_s is None else self._cursor_s

    def _visit(self, time_s: float) -> None:
        self.set_interval(self._now().centered(time_s))
        self._cursor_s = time_s
        self.redraw()

    def go_to_spike(self, step: int) -> None:
        """Show the next (1) or the previous (-1) spike of the first selected cluster, wrapping around."""
        times = self._first_spikes()
        if times is None:
            self.host.message("Select a cluster to go from spike to spike.")
            return
        tolerance = 0.5 / self.host.data.sample_rate
        self._visit(float(times[next_violation(times, self._here(), step, tolerance)]))

    def go_to_event(self, step: int) -> None:
        """Show the next (1) or the previous (-1) event of the experiment, of any kind, wrapping around."""
        trains = self.host.data.events.values()
        times = np.sort(np.concatenate([np.zeros(0), *(train.times_s for train in trains)]))
        if not len(times):
            self.host.message("No events: put events.csv beside the dataset; the view Events says more.")
            return
        tolerance = 0.5 / self.host.data.sample_rate
        self._visit(float(times[next_violation(times, self._here(), step, tolerance)]))

    def go_to_violation(self, step: int) -> None:
        """Show the next or the previous pair of spikes of the first cluster within the refractory period."""
        times, rate = self._first_spikes(), self.host.data.sample_rate
        if times is None:
            self.host.message("Select a cluster to go through its violations of the refractory period.")
            return
        limit, cluster_id = self.settings.refractory_ms, self.cluster_ids[0]
        intervals = intervals_ms(times, rate)
        short = violations(intervals, limit)
        if not len(short):
            self.host.message(f"Cluster {cluster_id} has no interval below {limit:g} ms.")
            return
        moments = middles_s(times)[short]
        which = next_violation(moments, self._here(), step, 0.25 / rate)
        self._visit(float(moments[which]))
        words = f"{which + 1:,} of {len(short):,} intervals below {limit:g} ms"
        self.host.message(f"Cluster {cluster_id}: {words}, {intervals[short[which]]:.2f} ms.")

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

    # Filter and size

    def set_filtered(self, filtered: bool) -> None:
        """Show raw traces, or the filter that was there before."""
        if filtered != self.settings.filtered:
            if not filtered:
                self._usual_filter = self.settings.filter
            usual = self._usual_filter if self._usual_filter in self.host.data.filters.names else HIGH_PASS
            self.change(filter=usual if filtered else NONE)

    def scale_by(self, factor: float) -> None:
        """Make the traces larger or smaller."""
        self.change(scaling=float(np.clip(self.settings.scaling * factor, *SCALING)))

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
        super().restore({**state, "settings": restored(state.get("settings", {}))})
        saved = state.get("interval")
        duration_s = self.host.data.duration_s
        if saved and abs(saved[2] - duration_s) < 1e-3:
            self._interval = Interval.fitted(saved[0], saved[1] - saved[0], duration_s)
