"""A host with made-up data, so that views can be tested without a dataset, a session or a window.

    host = FakeHost(n_clusters=4)
    view = AmplitudeView(host)
    show(view, host.make_request([0, 2]))       # prepares and uploads in this thread
    image = picture_of(view)                    # (h, w, 3) uint8, drawn into a real canvas

Every wish of a view is written down in `host.calls` as (name, arguments).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from phy_medicine.compute.correlogram import lag_bins
from phy_medicine.compute.reduction import extremes
from phy_medicine.session.blocks import Amplitudes, DataMissing, Features, TemplateShape, Trace, Waveforms
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.correlogram_source import CorrelogramSource
from phy_medicine.session.localization import LocalizationState
from phy_medicine.session.pca_source import PcaSource
from phy_medicine.session.raw_amplitude_source import RawAmplitudeSource
from phy_medicine.session.signal_filters import SignalFilters
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.session.waveform_source import Window
from phy_medicine.views.scheduler import prepare

COLORS = np.array(
    [
        (0.03137, 0.5725, 0.9882, 1), (1, 0.0078, 0.0078, 1), (0.5961, 1, 0, 1), (1, 0.6471, 0.1882, 1),
        (0.7137, 0, 1, 1), (0.0078, 0.5333, 0, 1), (1, 0.5608, 0.7843, 1), (0.4745, 0.3216, 0.3725, 1),
        (0, 0.9961, 0.8118, 1), (0.6902, 0.6471, 1, 1), (0.5804, 0.6784, 0.5176, 1), (0.6039, 0.4118, 0, 1),
    ],
    dtype=np.float32,
)  # fmt: skip


_WINDOW = Window(41, 41)


class FakeWaveforms:
    """Waveforms of a `FakeData`, of one cluster at a time."""

    def __init__(self, data: FakeData) -> None:
        self.data = data

    def window(self, before_ms: float = 0.0, after_ms: float = 0.0) -> Window:
        before, after = (round(ms * self.data.sample_rate / 1e3) for ms in (before_ms, after_ms))
        return Window(before or _WINDOW.before, after or _WINDOW.after)

    def some_spikes(self, cluster_id: int, n: int) -> np.ndarray:
        ids = self.data.spikes(cluster_id)
        return ids[:: max(1, len(ids) // n)][:n]

    def known(self, spike_ids: np.ndarray) -> np.ndarray:
        return spike_ids

    def of_spikes(self, spike_ids: np.ndarray, channel_ids: Sequence[int], window: Window = _WINDOW) -> np.ndarray:
        first = int(spike_ids[0])
        return self.of_cluster_spikes(int(self.data.spike_clusters[first]), spike_ids, channel_ids, window, seed=first)

    def of_cluster_spikes(self, cluster_id, spike_ids, channel_ids, window, *, seed: int) -> np.ndarray:
        self.data._check()
        rng = np.random.default_rng(seed)
        noise = rng.normal(0, 0.8, (len(spike_ids), sum(window), len(channel_ids))).astype(np.float32)
        sizes = rng.normal(1, 0.1, (len(spike_ids), 1, 1))
        return (self.data._shape(cluster_id, channel_ids, window)[None] * sizes + noise).astype(np.float32)


class FakeData:
    """Deterministic data with the shape of a small recording: each cluster on its own place of the probe."""

    def __init__(self, n_clusters: int = 6, n_per_cluster: int = 3000, n_channels: int = 32) -> None:
        rng = np.random.default_rng(7)
        self.duration_s, self.sample_rate = 600.0, 30_000.0
        self.n_channels, self.n_clusters, self.n_spikes = n_channels, n_clusters, n_clusters * n_per_cluster
        self.spike_times = np.sort(rng.uniform(0, self.duration_s, self.n_spikes))
        self.spike_clusters = rng.integers(0, n_clusters, self.n_spikes)
        drift = 1 + 0.15 * np.sin(self.spike_times / 60)
        level = 8 + 14 * rng.random(n_clusters)
        noise = rng.normal(0, 1.3, self.n_spikes)
        self._amplitudes = (level[self.spike_clusters] * drift + noise).astype(np.float32)
        self._level = level
        rows = np.arange(n_channels) // 2
        self.channel_positions = np.stack([16.0 * (rows % 2) + 32.0 * (np.arange(n_channels) % 2), 20.0 * rows], axis=1)
        self.channel_shanks = np.zeros(n_channels, dtype=np.int32)
        self.contacts = None
        self.channel_labels = tuple(str(c) for c in range(n_channels))
        self._peaks = np.linspace(4, n_channels - 5, n_clusters).astype(int)
        self.events: dict[str, Any] = {}
        self.has_features = self.has_traces = self.has_amplitudes = self.has_waveforms = True
        self.n_without, self.removed = 0, set()
        self.missing = ""
        self.filters = SignalFilters()
        self.n_reads = 0
        self.cache: dict[Any, Any] = {}
        self.waveform_source = FakeWaveforms(self)
        self.pca = PcaSource(SingleWaveforms(self), self, ArrayCache(), lambda: self.spike_times)
        self.time_range, self.has_other_times = None, False
        self.localization = LocalizationState(lambda: None, self.n_spikes)
        self.shown_s, self.id_range = (0.0, self.duration_s), (0, self.n_spikes)
        self.shown_times = self.spike_times
        self.correlograms = CorrelogramSource(self._samples, self.sample_rate, ArrayCache())
        self.template_features: Any = SimpleNamespace(exist=False)
        self.raw_amplitudes = RawAmplitudeSource(FakeSignal(self), self.spikes, ArrayCache(), lambda: self.shown_times)

    def spikes(self, cluster_id: int) -> np.ndarray:
        return np.flatnonzero(self.spike_clusters == cluster_id)

    def pick(self, cluster_id: int, n: int) -> np.ndarray:
        ids = self.spikes(cluster_id)
        return ids[:: max(1, -(-len(ids) // n))]

    def _samples(self, cluster_id: int) -> np.ndarray:
        return np.rint(self.spike_times[self.spikes(cluster_id)] * self.sample_rate).astype(np.int64)

    def labels_of(self, spike_ids: np.ndarray) -> np.ndarray:
        return self.spike_clusters[spike_ids]

    def best_channels(self, cluster_id: int) -> np.ndarray:
        distance = np.hypot(*(self.channel_positions - self.channel_positions[self._peaks[cluster_id]]).T)
        return np.argsort(distance, kind="stable")[:12]

    def peak_channel(self, cluster_id: int) -> int:
        return int(self._peaks[cluster_id])

    def clusters_at(self, channel_id: int) -> tuple[int, ...]:
        return tuple(c for c in range(self.n_clusters) if self.peak_channel(c) == channel_id)

    def neighbours(self, cluster_id: int) -> tuple[int, ...]:
        peak = self.peak_channel(cluster_id)
        return tuple(c for c in range(self.n_clusters) if c != cluster_id and peak in self.best_channels(c))

    def amplitudes(self, cluster_id: int) -> Amplitudes:
        self._check()
        ids = self.spikes(cluster_id)
        return Amplitudes(ids, self.spike_times[ids], self._amplitudes[ids])

    def amplitudes_of(self, spike_ids: np.ndarray) -> Amplitudes:
        self._check()
        return Amplitudes(spike_ids, self.spike_times[spike_ids], self._amplitudes[spike_ids])

    def background_amplitudes(self, cluster_ids: Sequence[int], *, n: int = 50_000) -> Amplitudes:
        return self.amplitudes_of(self.some_spikes(cluster_ids, n))

    def some_spikes(self, cluster_ids: Sequence[int], n: int) -> np.ndarray:
        ids = np.concatenate([np.zeros(0, int), *(self.spikes(c) for c in cluster_ids)])
        return ids[:: max(1, -(-len(ids) // n))]

    def amplitudes_ready(self, cluster_ids: Sequence[int], background_ids: Sequence[int], *, n: int = 50_000) -> bool:
        return True

    def features_ready(self, cluster_ids: Sequence[int], channel_ids: Sequence[int], *, n: int = 2500) -> bool:
        return True

    def channels_with_features(self, cluster_id: int) -> set[int]:
        return set(self.best_channels(cluster_id).tolist())

    def n_without_features(self, spike_ids: np.ndarray) -> int:
        return self.n_without

    def cluster_ids(self) -> tuple[int, ...]:
        return tuple(c for c in range(self.n_clusters) if c not in self.removed)

    def _shape(self, cluster_id: int, channel_ids: Sequence[int], window: Window = _WINDOW) -> np.ndarray:
        """(n_samples, n_channels) float32: a spike that fades and lags with distance from the peak channel."""
        t = np.arange(-window.before, window.after)[:, None] + 21
        channels = np.asarray(channel_ids, dtype=int)
        distance = np.hypot(*(self.channel_positions[channels] - self.channel_positions[self._peaks[cluster_id]]).T)
        late = t - distance / 25
        spike = -np.exp(-((late / 3.5) ** 2)) + 0.45 * np.exp(-(((late - 11) / 8) ** 2))
        return (self._level[cluster_id] * spike * np.exp(-distance / 45)).astype(np.float32)

    def waveforms(
        self, cluster_id: int, channel_ids: Sequence[int], *, n: int = 100, window: Window | None = None
    ) -> Waveforms:
        picked, size = self.waveform_source.some_spikes(cluster_id, n), window or _WINDOW
        data = self.waveform_source.of_cluster_spikes(cluster_id, picked, channel_ids, size, seed=cluster_id)
        return Waveforms(picked, data, np.asarray(channel_ids), size.before, len(self.spikes(cluster_id)))

    def waveforms_ready(
        self, cluster_id: int, channel_ids: Sequence[int], *, n: int = 100, window: Window | None = None
    ) -> bool:
        return not self.missing

    def mean_waveform(self, cluster_id: int, channel_ids: Sequence[int], *, n: int = 100) -> np.ndarray:
        return self.waveforms(cluster_id, channel_ids, n=n).data.mean(axis=0)

    def templates(self, cluster_id: int) -> tuple[TemplateShape, ...]:
        channels = self.best_channels(cluster_id)
        return (TemplateShape(cluster_id, len(self.spikes(cluster_id)), self._shape(cluster_id, channels), channels),)

    def features(self, cluster_id: int, channel_ids: Sequence[int], *, n: int = 2500) -> Features:
        ids = self.spikes(cluster_id)
        some = self.features_of(ids[:: max(1, len(ids) // n)][:n], channel_ids)
        return dataclasses.replace(some, n_total=len(ids))

    def features_of(self, spike_ids: np.ndarray, channel_ids: Sequence[int]) -> Features:
        self._check()
        ids, channels = np.asarray(spike_ids), np.asarray(channel_ids, dtype=int)
        clusters = self.spike_clusters[ids]
        peaks = self.channel_positions[self._peaks[clusters]]
        distance = np.hypot(*np.moveaxis(self.channel_positions[channels][None] - peaks[:, None], -1, 0))
        size = np.exp(-distance / 45)[..., None] * self._amplitudes[ids][:, None, None]
        tilt = np.array([1.0, 0.35, -0.2]) * (1 + 0.2 * np.sin(clusters))[:, None, None]
        noise = np.random.default_rng(len(ids)).normal(0, 0.9, (len(ids), len(channels), 3))
        data = (size * tilt + noise).astype(np.float32)
        return Features(ids, self.spike_times[ids], data, channels, len(ids))

    def background_features(self, channel_ids: Sequence[int], *, n: int = 2500) -> Features:
        return self.features_of(np.arange(0, self.n_spikes, max(1, self.n_spikes // n)), channel_ids)

    def correlogram(self, cluster_a: int, cluster_b: int, *, bin_s: float, window_s: float) -> np.ndarray:
        lag = lag_bins(self.sample_rate, bin_s=bin_s, window_s=window_s).centers_s
        rng = np.random.default_rng(97 * min(cluster_a, cluster_b) + max(cluster_a, cluster_b))
        dip = 1 - np.exp(-((lag / 0.003) ** 2)) * (1.0 if cluster_a == cluster_b else 0.3)
        counts = rng.poisson(200 * dip * (1 + 0.8 * np.exp(-np.abs(lag) / 0.01)))
        return (counts + counts[::-1]) // 2 if cluster_a == cluster_b else counts

    def has_correlogram(self, cluster_a: int, cluster_b: int, *, bin_s: float, window_s: float) -> bool:
        return False

    def kept(self, key: Any, compute: Any) -> Any:
        if key not in self.cache:
            self.cache[key] = compute()
        return self.cache[key]

    def is_kept(self, key: Any) -> bool:
        return key in self.cache

    def spikes_between(self, start_s: float, stop_s: float) -> np.ndarray:
        return np.arange(*np.searchsorted(self.spike_times, [start_s, stop_s]))

    def trace(
        self,
        start_s: float,
        stop_s: float,
        channel_ids: Sequence[int],
        *,
        filter: str = "high-pass",
        n_points: int | None = None,
    ) -> Trace:
        self._check()
        self.n_reads += 1
        first, last = round(start_s * self.sample_rate), round(stop_s * self.sample_rate)
        rng = np.random.default_rng(first)
        length, rate = 1, self.sample_rate
        if n_points is not None and last - first > n_points:
            length = -(-(last - first) // (n_points // 2))
            rate *= 2 / length
        if length > 2000:
            # Too long to be made up sample by sample: what the noise of a column reaches.
            data = np.tile(np.float32([[-4.0], [4.0]]), ((last - first) // length, len(channel_ids)))
            return Trace(first / self.sample_rate, data, np.asarray(channel_ids), rate)
        data = rng.normal(0, 1.0, (last - first, len(channel_ids))).astype(np.float32)
        for spike in self.spikes_between(start_s, stop_s):
            shape = self._shape(int(self.spike_clusters[spike]), channel_ids)
            at = round(self.spike_times[spike] * self.sample_rate) - first - 20
            a, b = max(at, 0), min(at + 82, last - first)
            if b > a:
                data[a:b] += shape[a - at : b - at]
        if length > 1:
            data = extremes(data[: len(data) // length * length], length).reshape(-1, len(channel_ids))
        return Trace(first / self.sample_rate, data, np.asarray(channel_ids), rate)

    @property
    def residual(self) -> FakeResidual:
        return FakeResidual(self)

    def trace_ready(self, *window: float, **options: Any) -> bool:
        return False

    def _check(self) -> None:
        if self.missing:
            raise DataMissing(self.missing)


class SingleWaveforms:
    """Waveforms of single spikes of a `FakeData`, the same whenever a spike is asked for."""

    def __init__(self, data: FakeData) -> None:
        self._data = data
        self._noise = np.random.default_rng(11).normal(0, 0.8, (1009, 100)).astype(np.float32)

    def window(self, before_ms: float, after_ms: float) -> Window:
        return Window(round(before_ms * self._data.sample_rate / 1e3), round(after_ms * self._data.sample_rate / 1e3))

    def known(self, spike_ids: np.ndarray) -> np.ndarray:
        self._data._check()
        return spike_ids[self._data.n_without :]

    def of_spikes(self, spike_ids: np.ndarray, channel_ids: Sequence[int], window: Window) -> np.ndarray:
        data = self._data
        shapes = np.stack([data._shape(c, channel_ids, window) for c in range(data.n_clusters)])
        clusters = data.spike_clusters[spike_ids]
        size = data._amplitudes[spike_ids] / data._level[clusters]
        noise = self._noise[(spike_ids[:, None] * 31 + np.asarray(channel_ids)) % 1009, : sum(window)]
        return shapes[clusters] * size[:, None, None] + noise.transpose(0, 2, 1)


class FakeResidual:
    """Subtracts all spikes: what is left is noise."""

    def __init__(self, data: FakeData) -> None:
        self._data = data

    def version(self, start_s: float, stop_s: float) -> int:
        return hash(self._data.labels_of(self._data.spikes_between(start_s, stop_s)).tobytes())

    def read(self, start_s: float, stop_s: float, channel_ids: np.ndarray, **options: Any) -> Trace:
        trace = self._data.trace(start_s, stop_s, channel_ids, **options)
        noise = np.random.default_rng(3).normal(0, 1, trace.data.shape).astype(np.float32)
        return dataclasses.replace(trace, data=noise)


class FakeSignal:
    """Waveforms of single spikes: as high as the spike's amplitude on the peak channel of its cluster."""

    def __init__(self, data: FakeData) -> None:
        self.data = data

    def known(self, spike_ids: np.ndarray) -> np.ndarray:
        self.data._check()
        return spike_ids

    def of_spikes(self, spike_ids: np.ndarray, channel_ids: Sequence[int]) -> np.ndarray:
        self.data.n_reads += 1
        waveforms = np.zeros((len(spike_ids), 3, len(channel_ids)), dtype=np.float32)
        waveforms[:, 1] = -self.data._amplitudes[spike_ids][:, None] - 1e-3 * np.asarray(channel_ids)
        return waveforms


class FakeHost:
    """A host that prepares at once, in the same thread, and remembers what was asked of it."""

    def __init__(self, **facts: Any) -> None:
        self.data = FakeData(**facts)
        self.calls: list[tuple[Any, ...]] = []
        self._generation = 0

    def make_request(
        self, cluster_ids: Sequence[int], *, time_window: tuple[float, float] | None = None, n_best: int = 1
    ) -> ViewRequest:
        """Return the request for a selection; the first `n_best` clusters are in the cluster table."""
        self._generation += 1
        ids = tuple(cluster_ids)
        channels = dict.fromkeys(int(ch) for c in ids for ch in self.data.best_channels(c))
        return ViewRequest(
            generation=self._generation,
            cluster_ids=ids,
            best_ids=ids[:n_best],
            similar_ids=ids[n_best:],
            colors=COLORS[np.arange(len(ids)) % len(COLORS)],
            spike_ids=tuple(self.data.spikes(c) for c in ids),
            channel_ids=tuple(channels),
            time_window=time_window,
        )

    def request(self, view: Any) -> None:
        self.calls.append(("request", view))
        if view.request is not None:
            show(view, view.request)

    def __getattr__(self, name: str) -> Any:
        if name not in ("select", "select_more", "split", "go_to_time", "set_channels", "select_feature",
                        "time_window_changed", "show_interval", "set_time_range", "lasso_changed", "redraw",
                        "message"):  # fmt: skip
            raise AttributeError(name)
        return lambda *args: self.calls.append((name, *args))

    def called(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of every call of this name."""
        return [call[1:] for call in self.calls if call[0] == name]


def show(view: Any, request: ViewRequest) -> Any:
    """Prepare and upload in this thread; return the block."""
    view.request = request
    view.show_block(view.limited(request), prepare(view, request))
    return view.block


def picture_of(view: Any, size: tuple[int, int] = (620, 400)) -> np.ndarray:
    """Draw the view into a real canvas of this size and return its pixels, (h, w, 3) uint8."""
    canvas = view.canvas
    if tuple(canvas.size) != size:
        canvas.size = size
    if not canvas.ready:
        canvas.show()
    for _ in range(50):
        canvas.app.process_events()
        if canvas.ready and tuple(canvas.physical_size) == size:
            image = view.render()
            if canvas.error is not None:
                raise canvas.error
            return image
    raise AssertionError("The canvas was not initialised; is there a display?")


def milliseconds(view: Any, n: int = 20) -> float:
    """Median time of a frame, GL finished, in ms; the view must have been drawn."""
    import time

    from vispy.gloo import gl

    times: list[float] = []

    def measure(event: Any) -> None:
        for _ in range(n):
            start = time.perf_counter()
            view.paint(view.canvas.gpu, view.canvas.ratio)
            gl.glFinish()
            times.append(1e3 * (time.perf_counter() - start))

    view.canvas.events.draw.connect(measure, position="last")
    view.canvas.update()
    for _ in range(50):
        view.canvas.app.process_events()
        if times:
            break
    view.canvas.events.draw.disconnect(measure)
    return float(np.median(times))
