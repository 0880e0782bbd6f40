"""Everything a view can show, as arrays: read, filtered, cached; safe to call from any thread.

A cluster id never changes its spikes, so what is cached under an id stays right until it is dropped for room.
"""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.signal_filters import HIGH_PASS
from phy_medicine.io.events import EventTrain
from phy_medicine.io.model import Model
from phy_medicine.session.attribute_source import AttributeSource
from phy_medicine.session.best_channels import BestChannels
from phy_medicine.session.blocks import Amplitudes, DataMissing, Features, TemplateShape, Trace, Waveforms
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.cluster_facts import ClusterFacts
from phy_medicine.session.correlogram_source import CorrelogramSource
from phy_medicine.session.explored_spikes import ExploredSpikes
from phy_medicine.session.feature_source import FeatureSource
from phy_medicine.session.pca_source import PcaSource
from phy_medicine.session.ranged import RangedCache, RangedFacts
from phy_medicine.session.raw_amplitude_source import RawAmplitudeSource
from phy_medicine.session.recording import Recording
from phy_medicine.session.residual import ResidualSource
from phy_medicine.session.signal_filters import SignalFilters
from phy_medicine.session.template_feature_source import TemplateFeatureSource
from phy_medicine.session.template_source import TemplateSource
from phy_medicine.session.time_ranges import TimeRange
from phy_medicine.session.trace_columns import TraceColumns
from phy_medicine.session.trace_source import TraceSource
from phy_medicine.session.unit_positions import UnitPositions
from phy_medicine.session.waveform_source import WaveformSource, Window

if TYPE_CHECKING:
    from phy_medicine.session.depths import SpikeDepths
    from phy_medicine.session.localization import LocalizationState
    from phy_medicine.session.motion import MotionState
    from phy_medicine.session.table_source import TableSource

T = TypeVar("T")

_KEPT_RANGES = 8


class DataService(Recording):
    """Arrays for views from one dataset.

    motion, depths, localization : where spikes are, and what motion is known; set once, by the session
    table : the cluster table as it is sorted and filtered; set once, by the session
    time_range : the stretch of time that spikes are of, None for the whole recording
    """

    motion: MotionState
    depths: SpikeDepths
    localization: LocalizationState
    table: TableSource

    def __init__(
        self,
        model: Model,
        facts: ClusterFacts,
        *,
        cache_bytes: int = 256 << 20,
        channels: BestChannels | None = None,
        filters: SignalFilters | None = None,
    ) -> None:
        super().__init__(model)
        self._channels = channels or BestChannels(model, facts)
        self._facts = facts
        self._cache = ArrayCache(cache_bytes)
        self._main_templates: dict[int, int] = {}
        self._other_times: FloatArray | None = None
        self.time_range: TimeRange | None = None
        self._whole = self
        self._parts: OrderedDict[TimeRange, DataService] = OrderedDict()
        self._lock = threading.Lock()
        self.correlograms = CorrelogramSource(self._samples, model.sample_rate, self._cache)
        self.filters = filters or SignalFilters()
        self._traces = TraceSource(model, self.filters)
        self.trace_columns = TraceColumns(self._traces)
        self.residual = ResidualSource(model, facts, self._traces, self._cache)
        self.unit_positions = UnitPositions(model, facts, self._channels)
        self.explored = ExploredSpikes(self)
        self._make_sources()

    def _make_sources(self) -> None:
        model, facts = self.model, self._facts
        self.waveform_source = WaveformSource(model, facts, self.filters)
        self._features = FeatureSource(model, facts, self._cache, lambda: self.shown_times, lambda: self.id_range)
        self.pca = PcaSource(self.waveform_source, facts, self._cache, lambda: self.shown_times)
        self.template_shapes = TemplateSource(model, facts, self._cache)
        self.template_features = TemplateFeatureSource(model, facts)
        self.attributes = AttributeSource(model, facts, self._cache)
        self.raw_amplitudes = RawAmplitudeSource(
            self.waveform_source, facts.spikes, self._cache, lambda: self.shown_times
        )

    @property
    def cache(self) -> ArrayCache:
        """Where arrays stay, of all stretches of time."""
        return self._whole._cache

    # Of a stretch of time

    def within(self, time_range: TimeRange | None) -> DataService:
        """Return the dataset with the spikes of a stretch of time alone; None: with those of the whole recording.

        Clusters keep their templates and channels; `duration_s` and `spike_times` stay those of the recording.
        """
        whole = self._whole
        if time_range is None:
            return whole
        with whole._lock:
            part = whole._parts.get(time_range)
            if part is None:
                part = whole._parts[time_range] = whole._part(time_range)
                for old in list(whole._parts)[:-_KEPT_RANGES]:
                    del whole._parts[old]
        return part

    def _part(self, time_range: TimeRange) -> DataService:
        part = copy.copy(self)
        part.time_range = time_range
        part._facts = RangedFacts(self._facts, time_range)
        part._cache = RangedCache(self._cache, time_range)
        part.correlograms = self.correlograms.of_part(part._samples, part._cache)
        if hasattr(self, "table"):
            part.table = self.table.within(time_range)
        part._make_sources()
        return part

    @property
    def id_range(self) -> tuple[int, int]:
        """First spike shown, and the one after the last."""
        return (0, self.n_spikes) if self.time_range is None else (self.time_range.first, self.time_range.stop)

    @property
    def shown_s(self) -> tuple[float, float]:
        """Stretch of time that spikes are of, s: the range, else the whole recording."""
        return (0.0, self.duration_s) if self.time_range is None else (self.time_range.start_s, self.time_range.stop_s)

    @property
    def events(self) -> Mapping[str, EventTrain]:
        """Events of the experiment in the time range, by the name of their kind."""
        if self.time_range is None:
            return self.model.events
        return {name: train.between(*self.shown_s) for name, train in self.model.events.items()}

    # Times that are shown instead of those of the recording

    @property
    def has_other_times(self) -> bool:
        """Whether amplitudes and features are shown over other times than those of the recording."""
        return self._whole._other_times is not None

    @property
    def shown_times(self) -> FloatArray:
        """(n_spikes,) float64, s; where amplitudes and features put the spikes, in any order."""
        other = self._whole._other_times
        return self.spike_times if other is None else other

    def show_times(self, times_s: FloatArray | None) -> None:
        """Show amplitudes and features over other times, (n_spikes,) s; None: over those of the recording."""
        self._whole._other_times = times_s
        self._cache.clear()

    def filters_changed(self) -> None:
        """Forget what was made with a filter that is another one now."""
        self._cache.clear()
        self.trace_columns.forget()

    # Of a cluster

    def best_channels(self, cluster_id: int) -> IntArray:
        """Return the best channels of a cluster, peak first."""
        if self.model.masks is not None:
            return self._channels.of(cluster_id)
        return self.model.template_channels(self._main_template(cluster_id))

    def _main_template(self, cluster_id: int) -> int:
        # Asking 800 clusters anew takes 3 ms.
        known = self._main_templates.get(cluster_id)
        if known is None:
            known = self._main_templates[cluster_id] = self._facts.main_template(cluster_id)
        return known

    def peak_channel(self, cluster_id: int) -> int:
        """Return the channel where the main template is largest."""
        return int(self.best_channels(cluster_id)[0])

    def clusters_at(self, channel_id: int) -> tuple[int, ...]:
        """Return the clusters whose peak is on a channel, most spikes first."""
        there = [c for c in self._facts.cluster_ids() if self.peak_channel(c) == channel_id]
        return tuple(sorted(there, key=lambda c: -len(self._facts.spikes(c))))

    def spikes(self, cluster_id: int) -> IntArray:
        """Return all spikes of a cluster, ascending."""
        return self._facts.spikes(cluster_id)

    def cluster_ids(self) -> tuple[int, ...]:
        """Return the living clusters."""
        return tuple(self._facts.cluster_ids())

    def labels_of(self, spike_ids: IntArray) -> IntArray:
        """Return the cluster of each spike."""
        return self._facts.labels_of(spike_ids)

    def neighbours(self, cluster_id: int) -> tuple[int, ...]:
        """Return the other clusters whose best channels hold this cluster's peak channel."""
        peak = self.peak_channel(cluster_id)
        near = self._cache.get(("templates at", peak), lambda: self._templates_at(peak))
        return tuple(c for c in self._facts.cluster_ids() if c != cluster_id and self._main_template(c) in near)

    def templates(self, cluster_id: int) -> tuple[TemplateShape, ...]:
        """Return the templates a cluster is made of, most spikes first, on the cluster's best channels.

        Raises
        ------
        DataMissing : the dataset has no templates
        """
        if not self.model.has_templates:
            raise DataMissing(self.model.missing("templates"))
        ids, counts = self._facts.template_counts(cluster_id)
        shapes = []
        for i in np.argsort(-counts, kind="stable"):
            waveform = self.model.template(int(ids[i]))
            shapes.append(TemplateShape(int(ids[i]), int(counts[i]), waveform.data, waveform.channel_ids))
        return tuple(shapes)

    def waveforms(
        self, cluster_id: int, channel_ids: Sequence[int], *, n: int = 100, window: Window | None = None
    ) -> Waveforms:
        """Return at most n filtered waveforms, even in time, on some channels.

        Raises
        ------
        DataMissing : neither raw data nor stored waveforms exist
        """
        channels, size = tuple(int(c) for c in channel_ids), window or self.waveform_source.window()
        key = ("waveforms", cluster_id, channels, n, size)
        return self._cache.get(key, lambda: self.waveform_source.of_cluster(cluster_id, channels, n, size))

    def waveforms_ready(
        self, cluster_id: int, channel_ids: Sequence[int], *, n: int = 100, window: Window | None = None
    ) -> bool:
        """Tell whether these waveforms need no reading."""
        channels, size = tuple(int(c) for c in channel_ids), window or self.waveform_source.window()
        return ("waveforms", cluster_id, channels, n, size) in self._cache

    def features(self, cluster_id: int, channel_ids: Sequence[int], *, n: int = 2500) -> Features:
        """Return the PC scores of at most n spikes that have any, even in time, on some channels.

        Raises
        ------
        DataMissing : the dataset has no features
        """
        return self._features.of_cluster(cluster_id, channel_ids, n)

    def features_of(self, spike_ids: IntArray, channel_ids: Sequence[int]) -> Features:
        """Return the PC scores of exactly these spikes, uncached: for a lasso over all spikes.

        Raises
        ------
        DataMissing : the dataset has no features
        """
        return self._features.of_spikes(spike_ids, channel_ids)

    def background_features(self, channel_ids: Sequence[int], *, n: int = 2500) -> Features:
        """Return the PC scores of at most n spikes at a regular stride over the recording, seen on these channels.

        Raises
        ------
        DataMissing : the dataset has no features
        """
        return self._features.of_recording(channel_ids, n)

    def features_ready(self, cluster_ids: Sequence[int], channel_ids: Sequence[int], *, n: int = 2500) -> bool:
        """Tell whether features of these clusters, and of the background on these channels, need no reading."""
        return self._features.ready(cluster_ids, channel_ids, n)

    def channels_with_features(self, cluster_id: int) -> set[int]:
        """Return the channels on which the spikes of a cluster have PC scores, its best ones where all have."""
        seen_on = self._features.seen_on(cluster_id)
        return set(self._channels.of(cluster_id).tolist()) if seen_on is None else seen_on

    def n_without_features(self, spike_ids: IntArray) -> int:
        """Return how many of the spikes have no PC scores on any channel."""
        return self._features.n_without(spike_ids)

    def amplitudes(self, cluster_id: int) -> Amplitudes:
        """Return the amplitude of every spike of a cluster.

        Raises
        ------
        DataMissing : the dataset has no amplitudes
        """
        return self._cache.get(("amplitudes", cluster_id), lambda: self.amplitudes_of(self._facts.spikes(cluster_id)))

    def amplitudes_of(self, spike_ids: IntArray) -> Amplitudes:
        """Return the amplitudes of exactly these spikes, uncached.

        Raises
        ------
        DataMissing : the dataset has no amplitudes
        """
        values = self.model.amplitudes
        if values is None:
            raise DataMissing(self.model.missing("amplitudes"))
        return Amplitudes(spike_ids, frozen(self.shown_times[spike_ids]), frozen(values[spike_ids]))

    def background_amplitudes(self, cluster_ids: Sequence[int], *, n: int = 50_000) -> Amplitudes:
        """Return the amplitudes of at most some n spikes of several clusters, at a regular stride in each.

        Raises
        ------
        DataMissing : the dataset has no amplitudes
        """
        ids = tuple(int(c) for c in cluster_ids)
        return self._cache.get(("background amplitudes", ids, n), lambda: self.amplitudes_of(self.some_spikes(ids, n)))

    def some_spikes(self, cluster_ids: Sequence[int], n: int) -> IntArray:
        """Return some n spikes of several clusters, at a regular stride in each, one cluster after the other."""
        spikes = [self._facts.spikes(c) for c in cluster_ids]
        stride = max(1, -(-sum(map(len, spikes)) // n))
        chosen: IntArray = np.concatenate([np.zeros(0, dtype=np.int64), *(ids[::stride] for ids in spikes)])
        return chosen

    def amplitudes_ready(self, cluster_ids: Sequence[int], background_ids: Sequence[int], *, n: int = 50_000) -> bool:
        """Tell whether amplitudes of these clusters, and those of the ones behind them, need no reading."""
        key = ("background amplitudes", tuple(int(c) for c in background_ids), n)
        return (not background_ids or key in self._cache) and all(("amplitudes", c) in self._cache for c in cluster_ids)

    def correlogram(self, cluster_a: int, cluster_b: int, *, bin_s: float, window_s: float) -> IntArray:
        """Return spike pairs of two clusters by time lag, all spikes; (n_bins,) int64, positive: b comes after a."""
        return self.correlograms.get(cluster_a, cluster_b, bin_s, window_s)

    def has_correlogram(self, cluster_a: int, cluster_b: int, *, bin_s: float, window_s: float) -> bool:
        """Tell whether `correlogram` needs no counting."""
        return self.correlograms.has(cluster_a, cluster_b, bin_s, window_s)

    def kept(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return what a view computes of a cluster, from the cache if it is there; the key begins with what it is."""
        return self._cache.get(("kept", key), compute)

    def is_kept(self, key: Hashable) -> bool:
        """Tell whether `kept` needs no computing."""
        return ("kept", key) in self._cache

    # Of the recording

    def spikes_between(self, start_s: float, stop_s: float) -> IntArray:
        """Return the spikes in a stretch of time."""
        first, last = np.clip(np.searchsorted(self.spike_times, [start_s, stop_s]), *self.id_range)
        return np.arange(first, last)

    def trace(
        self,
        start_s: float,
        stop_s: float,
        channel_ids: Sequence[int],
        *,
        filter: str = HIGH_PASS,
        n_points: int | None = None,
    ) -> Trace:
        """Return a stretch of the recording; `filter` is a name of `filters`.

        n_points : a stretch of more samples is reduced to the minimum and maximum of equal stretches in turn, and one
        that takes long to read comes in parts, as `TraceColumns.read` says

        Raises
        ------
        DataMissing : the dataset has no raw data
        """
        channels, filter = tuple(int(c) for c in channel_ids), self.filters[filter].name
        if n_points is None:
            return self._traces.read(start_s, stop_s, np.asarray(channels, dtype=np.int64), filter=filter)
        return self.trace_columns.read(start_s, stop_s, channels, n_points, filter=filter)

    def trace_ready(
        self, start_s: float, stop_s: float, channel_ids: Sequence[int], *, filter: str, n_points: int
    ) -> bool:
        """Tell whether `trace` needs no reading."""
        channels, filter = tuple(int(c) for c in channel_ids), self.filters[filter].name
        return self.trace_columns.ready(start_s, stop_s, channels, n_points, filter=filter)

    # Reading

    def _samples(self, cluster_id: int) -> IntArray:
        key: Hashable = ("samples", cluster_id)
        return self._cache.get(key, lambda: self.model.spike_samples[self._facts.spikes(cluster_id)])

    def _templates_at(self, channel_id: int) -> frozenset[int]:
        """Templates with a channel among their best ones."""
        return frozenset(t for t in range(self.model.n_templates) if channel_id in self.model.template_channels(t))
