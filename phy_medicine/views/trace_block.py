"""Arrays of a trace view: traces channel by channel, and which stretches of them are spikes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.quantiles import robust_range
from phy_medicine.session.blocks import DataMissing, Trace
from phy_medicine.views.trace_time import Interval

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

SPIKE_S = 0.001
"""Length of a highlighted waveform, the spike in its middle."""
_LOUD = 0.5
_SPREAD_S = 0.05
# Points by second: columns of a sixtieth of a second and more.
_LONG_RATE = 120.0
# Columns in which a spike is narrower than a column, and the part of such that may be marked.
_SHORTEST, _DENSE = 2, 0.25
# Values put together in some 2 ms, which may be done before the next frame.
_QUICK = 100_000
# Answers kept: for what is shown, and for what will probably be asked next.
_KEPT = 4
_NOTHING = frozen(np.zeros(0, dtype=np.int64))
_NO_TIMES = frozen(np.zeros(0))


@dataclass(frozen=True, slots=True)
class Query:
    """What traces are wanted.

    n_points : samples by channel that the screen can show; residual : None, or what `ResidualSource.version` says of
    the spikes that are subtracted
    """

    interval: Interval
    channel_ids: tuple[int, ...]
    filter: str
    n_points: int
    residual: int | None = None


@dataclass(frozen=True, slots=True)
class Traces:
    """data : (n_channels, n_points) float32; offsets_s : (n_points,) float32 from the start of the interval.

    rate : points by second; paired : points are the minimum and the maximum of a stretch, of the next one the maximum
    and the minimum, and so on; unread : part that is not read yet, NaN;
    spread : distance of the 1 and 99 % quantiles of the samples of these channels
    """

    query: Query
    data: FloatArray
    offsets_s: FloatArray
    rate: float
    paired: bool
    spread: float
    unread: float = 0.0

    @property
    def long(self) -> bool:
        """Whether columns are so long that most hold spikes, and not noise alone."""
        return self.paired and self.rate < _LONG_RATE

    def reach(self, share: float) -> float:
        """Return the distance of lowest and highest that a share of the columns stays within; 0 without any."""
        ranges = np.abs(self.data[:, 1::2] - self.data[:, ::2])
        ranges = ranges[:, ~np.isnan(ranges[0])]
        return float(np.quantile(ranges, share)) if ranges.size else 0.0


@dataclass(frozen=True, slots=True)
class Highlights:
    """Stretches of traces in the colour of a cluster.

    points : (n,) int, places in the flattened data; starts : (n_runs + 1,) of each stretch in `points`;
    rows : (n_runs,) uint8 colour row
    """

    points: IntArray
    starts: IntArray
    rows: IntArray


@dataclass(frozen=True, slots=True)
class Jump:
    """Where a new selection takes the view; cluster_ids : the first one, or none; time_s : of its spike."""

    cluster_ids: tuple[int, ...]
    time_s: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class TraceBlock:
    """What a trace view draws.

    peaks : position in the selection -> row of its peak channel in the traces, if it is shown; n_spikes : marked ones;
    dense : some are too many to be marked; times_s, rows : (n,) of the spikes of selected clusters in sight, and their
    position in the selection; jump : where the selection takes the view
    """

    traces: Traces
    highlights: Highlights
    peaks: Mapping[int, int]
    n_spikes: int = 0
    dense: bool = False
    times_s: FloatArray = field(default_factory=lambda: _NO_TIMES)
    rows: IntArray = field(default_factory=lambda: _NOTHING)
    jump: Jump | None = None


class TraceReader:
    """Reads what is asked for, and keeps the last answers: a new selection on the same channels reads nothing."""

    def __init__(self, data: DataService) -> None:
        self._data = data
        # Replaced as a whole, because several threads read.
        self._last: tuple[Traces, ...] = ()
        self._known_spread: tuple[tuple[tuple[int, ...], str], float] | None = None
        self._loud: dict[int, IntArray] = {}

    def ready(self, query: Query) -> bool:
        """Tell whether these traces are among the last answers, or quickly made from what is kept."""
        if any(traces.query == query for traces in self._last):
            return True
        if query.residual is not None:
            return False
        few = len(query.channel_ids) * query.n_points <= _QUICK and self._knows_spread(query)
        window = query.interval.start_s, query.interval.stop_s
        return few and self._data.trace_ready(*window, query.channel_ids, filter=query.filter, n_points=query.n_points)

    def read(self, query: Query) -> Traces:
        """Return traces as rows of channels.

        Raises
        ------
        DataMissing : there are no raw data
        """
        for known in self._last:
            if known.query == query:
                return known
        interval = query.interval
        trace = self._read(query)
        data = np.array(trace.data.T, order="C")
        paired = trace.sample_rate < 0.999 * self._data.sample_rate
        if paired:
            _turn_odd_pairs(data)
        offsets = np.arange(data.shape[1]) // 2 * 2 + 1 if paired else np.arange(data.shape[1])
        offsets_s = (offsets / trace.sample_rate + (trace.start_s - interval.start_s)).astype(np.float32)
        spread = self._spread(query)
        traces = Traces(query, frozen(data), frozen(offsets_s), trace.sample_rate, paired, spread, trace.unread)
        if not trace.unread:
            self._last = (traces, *self._last[: _KEPT - 1])
        return traces

    def _read(self, query: Query) -> Trace:
        window = query.interval.start_s, query.interval.stop_s
        if query.residual is None:
            return self._data.trace(*window, query.channel_ids, filter=query.filter, n_points=query.n_points)
        channels = np.asarray(query.channel_ids, dtype=np.int64)
        return self._data.residual.read(*window, channels, filter=query.filter, n_points=query.n_points)

    def _knows_spread(self, query: Query) -> bool:
        known = self._known_spread
        return known is not None and known[0] == (query.channel_ids, query.filter)

    def _spread(self, query: Query) -> float:
        """Return the distance of the 1 and 99 % quantiles of single samples; it stays while only time changes."""
        key = (query.channel_ids, query.filter)
        known = self._known_spread
        if known is None or known[0] != key:
            start_s = query.interval.start_s
            length_s = min(_SPREAD_S, query.interval.recording_s)
            start_s = min(start_s, query.interval.recording_s - length_s)
            trace = self._data.trace(start_s, start_s + length_s, query.channel_ids, filter=query.filter)
            low, high = robust_range(trace.data, n_max=20_000)
            self._known_spread = known = (key, high - low)
        return known[1]

    def loud_channels(self, cluster_id: int) -> IntArray:
        """Return the channels where a cluster has at least half of its largest amplitude, peak first."""
        known = self._loud.get(cluster_id)
        if known is None:
            known = self._loud[cluster_id] = self._measure(cluster_id)
        return known

    def _measure(self, cluster_id: int) -> IntArray:
        try:
            shapes = self._data.templates(cluster_id)
        except DataMissing:
            return self._data.best_channels(cluster_id)[:1]
        if not shapes:
            return _NOTHING
        sizes = np.ptp(shapes[0].data, axis=0)
        loud: IntArray = shapes[0].channel_ids[sizes >= _LOUD * sizes.max(initial=0)]
        return loud

    def selected_spikes(self, interval: Interval, spike_ids: Sequence[IntArray]) -> tuple[IntArray, IntArray]:
        """Return the spikes of selected clusters in sight, ascending in each, and their position in the selection."""
        first, last = self._bounds(interval)
        found = []
        for ids in spike_ids:
            low, high = np.searchsorted(ids, (first, last))
            found.append(np.asarray(ids[low:high], dtype=np.int64))
        rows = np.repeat(np.arange(len(found)), [len(ids) for ids in found])
        return np.concatenate([_NOTHING, *found]), rows

    def _bounds(self, interval: Interval) -> tuple[int, int]:
        """Return the first spike in sight, at least partly, and the one after the last."""
        ids = self._data.spikes_between(interval.start_s - SPIKE_S / 2, interval.stop_s + SPIKE_S / 2)
        return (int(ids[0]), int(ids[-1]) + 1) if len(ids) else (0, 0)

    def highlights(
        self, traces: Traces, cluster_ids: Sequence[int], mine: tuple[IntArray, IntArray], *, others: bool
    ) -> tuple[Highlights, int, bool]:
        """Mark spikes, and return how many there are, and whether some are too dense to be marked.

        cluster_ids : selected; mine : their spikes and positions; others : mark those of all other clusters too, in
        colour row 1 + `OTHER_ROWS` and following, one by cluster in turn
        """
        marks, interval = Marks(traces), traces.query.interval
        times = self._data.spike_times
        n_spikes = len(mine[0])
        if others:
            ids = np.arange(*self._bounds(interval))
            labels = self._data.labels_of(ids)
            order = np.argsort(labels, kind="stable")
            found, starts = np.unique(labels[order], return_index=True)
            for cluster_id, spikes in zip(found.tolist(), np.split(ids[order], starts[1:]), strict=True):
                if cluster_id not in cluster_ids:
                    n_spikes += len(spikes)
                    row = 1 + OTHER_ROWS + cluster_id % OTHER_ROWS
                    marks.add(times[spikes] - interval.start_s, self.loud_channels(cluster_id), row)
        # Selected clusters last, so that they cover the others.
        for i, cluster_id in enumerate(cluster_ids):
            offsets_s = times[mine[0][mine[1] == i]] - interval.start_s
            marks.add(offsets_s, self.loud_channels(cluster_id), 1 + i % OTHER_ROWS)
        return marks.runs(), n_spikes, marks.dense


def _n_columns(offsets_s: FloatArray, rate: float) -> int:
    """Return in how many columns spikes fall."""
    return len(np.unique(np.floor(offsets_s * rate).astype(np.int64)))


def _turn_odd_pairs(data: FloatArray) -> None:
    """Put the maximum before the minimum in every second pair: a line through them has half the length, in place."""
    n_channels, n_points = data.shape
    odd = data.reshape(n_channels, n_points // 2, 2)[:, 1::2]
    odd[...] = odd[..., ::-1].copy()


OTHER_ROWS = 100
"""Colour rows of clusters that are not selected."""


class Marks:
    """Colour row of every point of traces, 0 for none.

    dense : a cluster was left out, because its marks would have covered what they mark
    """

    def __init__(self, traces: Traces) -> None:
        self.dense = False
        self._step = 2 if traces.paired else 1
        self._rate = traces.rate / self._step
        self._width = int(np.ceil(SPIKE_S * self._rate)) + 1
        n_channels, n_points = traces.data.shape
        self._n = n_points // self._step
        # A margin for spikes that begin before the interval or end after it.
        self._rows = np.zeros((n_channels, self._n + 2 * self._width), dtype=np.uint8)
        self._places = {channel: place for place, channel in enumerate(traces.query.channel_ids)}

    def add(self, offsets_s: FloatArray, channel_ids: IntArray, row: int) -> None:
        """Mark spikes on those of some channels that are shown."""
        places = [self._places[c] for c in channel_ids.tolist() if c in self._places]
        if not places or not len(offsets_s):
            return
        if self._width == _SHORTEST and _n_columns(offsets_s, self._rate) > _DENSE * self._n:
            self.dense = True
            return
        first = np.floor((offsets_s - SPIKE_S / 2) * self._rate).astype(np.int64) + self._width
        first = first[(first >= 0) & (first <= self._n + self._width)]
        columns = (first[:, None] + np.arange(self._width)).ravel()
        self._rows[np.array(places)[:, None], columns] = row

    def runs(self) -> Highlights:
        """Return the marked stretches, channel by channel."""
        rows = np.repeat(self._rows[:, self._width : self._width + self._n], self._step, axis=1)
        flat = rows.ravel()
        points = np.flatnonzero(flat)
        if not len(points):
            return Highlights(_NOTHING, frozen(np.zeros(1, dtype=np.int64)), frozen(np.zeros(0, dtype=np.uint8)))
        new = (np.diff(points) > 1) | (np.diff(flat[points]) != 0) | (np.diff(points // rows.shape[1]) != 0)
        first = np.concatenate([[0], np.flatnonzero(new) + 1])
        starts = np.append(first, len(points))
        return Highlights(frozen(points), frozen(starts), frozen(flat[points[first]]))
