"""The parts of phy's controllers that need waveforms, features, templates or the recording."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.settings import Setting
from phy_medicine.app.phy_compat.spike_data import Pairs, SpikeData, templates_alike
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.session.blocks import DataMissing


class WaveformMixin(SpikeData):
    """Waveforms of single spikes."""

    n_spikes_waveforms = Setting(100)
    batch_size_waveforms = Setting(10)
    _state_params: tuple[str, ...] = ("n_spikes_waveforms", "batch_size_waveforms")
    _new_views: tuple[str, ...] = ("WaveformView",)
    _amplitude_functions: tuple[tuple[str, str], ...] = (("raw", "get_spike_raw_amplitudes"),)
    _waveform_functions: tuple[tuple[str, str], ...] = (
        ("waveforms", "_get_waveforms"), ("mean_waveforms", "_get_mean_waveforms"),
    )  # fmt: skip

    def _get_waveforms(self, cluster_id: int) -> Bunch:
        """Waveforms of some spikes on the best channels, with the raw data filter in use."""
        return self._get_waveforms_with_n_spikes(cluster_id, self.n_spikes_waveforms)

    def _get_waveforms_with_n_spikes(
        self, cluster_id: int, n_spikes_waveforms: int, current_filter: str | None = None
    ) -> Bunch:
        channels = self.get_best_channels(cluster_id)
        if self.raw_data_filter.is_default:
            data = np.array(self.session.data.waveforms(int(cluster_id), channels.tolist(), n=n_spikes_waveforms).data)
        else:
            spikes = self.session.data.waveform_source.some_spikes(int(cluster_id), n_spikes_waveforms)
            raw = self.model.get_waveforms(spikes, channels)
            if raw is None:
                raise DataMissing(self.session.model.traces_missing)
            data = raw - np.median(raw, axis=1)[:, np.newaxis]
            data = self.raw_data_filter.apply(data, axis=1)
        return self._on_channels(data, channels)

    def _on_channels(self, data: AnyArray, channel_ids: IntArray, **more: Any) -> Bunch:
        return Bunch(
            data=data,
            channel_ids=channel_ids,
            channel_labels=self._get_channel_labels(channel_ids),
            channel_positions=self.model.channel_positions[channel_ids],
            **more,
        )

    def _get_mean_waveforms(self, cluster_id: int, current_filter: str | None = None) -> Bunch:
        """Mean of these waveforms, (1, n_samples, n_channels)."""
        bunch = self._get_waveforms(cluster_id)
        bunch.data = bunch.data.mean(axis=0)[np.newaxis]
        bunch.alpha = 1.0
        return bunch

    def get_spike_raw_amplitudes(self, spike_ids: AnyArray, channel_id: int | None = None, **kwargs: Any) -> FloatArray:
        """Return the height of each spike's waveform on a channel, 0 for spikes of clusters that are not on it."""
        spikes = np.asarray(spike_ids, dtype=np.int64)
        out = np.zeros(len(spikes))
        labels = self.session.facts.labels_of(spikes)
        channel = self.get_best_channel(int(labels[0])) if channel_id is None and len(labels) else channel_id
        if channel is None:
            return out
        kept = np.isin(labels, self.get_clusters_on_channel(channel))
        waveforms = self.model.get_waveforms(spikes[kept], np.array([channel]))
        if waveforms is not None and kept.any():
            out[kept] = np.ptp(self.raw_data_filter.apply(waveforms[..., 0], axis=1), axis=1)
        return out

    def get_mean_spike_raw_amplitudes(self, cluster_id: int) -> float:
        """Return the mean of these heights over some spikes of a cluster."""
        spikes = self.get_spike_ids(cluster_id, n=self.n_spikes_amplitudes)
        return float(np.mean(self.get_spike_raw_amplitudes(spikes, self.get_best_channel(cluster_id))))


class FeatureMixin(SpikeData):
    """PC scores."""

    n_spikes_features = Setting(2500)
    n_spikes_features_background = Setting(2500)
    n_spikes_features_total: int | None = None
    n_spikes_features_background_total: int | None = None
    _state_params: tuple[str, ...] = ("n_spikes_features", "n_spikes_features_background")
    _new_views: tuple[str, ...] = ("FeatureView",)
    _amplitude_functions: tuple[tuple[str, str], ...] = (("feature", "get_spike_feature_amplitudes"),)

    def _get_feature_view_spike_ids(self, cluster_id: int | None = None, load_all: bool = False) -> IntArray:
        """Some spikes that have scores, or all of them; None stands for the background."""
        if cluster_id is None:
            spikes = self.get_background_spike_ids(self.n_spikes_features_background)
        else:
            spikes = self.get_spike_ids(cluster_id, n=None if load_all else self.n_spikes_features)
        rows = self.model.features_rows
        if self.session.model.features is None and self.session.model.waveform_subset is not None:
            rows = self.session.model.waveform_subset.spike_ids
        return spikes if rows is None else np.intersect1d(spikes, rows)

    def _get_feature_view_spike_times(self, cluster_id: int | None = None, load_all: bool = False) -> Bunch | None:
        spikes = self._get_feature_view_spike_ids(cluster_id, load_all)
        if not len(spikes):
            return None
        return Bunch(data=self._get_spike_times_reordered(spikes), spike_ids=spikes, lim=(0.0, self.model.duration))

    def _get_spike_features(self, spike_ids: AnyArray, channel_ids: AnyArray) -> Bunch:
        """Scores of spikes on channels; 0 where a spike has none."""
        channels = np.asarray(channel_ids, dtype=np.int64)
        data = self.model.get_features(spike_ids, channels) if len(spike_ids) else None
        if data is None:
            return Bunch()
        return Bunch(
            data=np.nan_to_num(data),
            spike_ids=spike_ids,
            channel_ids=channels,
            channel_labels=self._get_channel_labels(channels),
        )

    def _get_features(
        self, cluster_id: int | None = None, channel_ids: AnyArray | None = None, load_all: bool = False
    ) -> Bunch:
        """Scores of some spikes of a cluster, or of all, on its best channels or on those given."""
        if channel_ids is None:
            all_ids = np.arange(self.model.n_channels)
            channel_ids = all_ids if cluster_id is None else self.get_best_channels(cluster_id)
        return self._get_spike_features(self._get_feature_view_spike_ids(cluster_id, load_all), channel_ids)

    get_features = _get_features

    def get_spike_feature_amplitudes(
        self,
        spike_ids: AnyArray,
        channel_id: int | None = None,
        channel_ids: AnyArray | None = None,
        pc: int | None = None,
        **kwargs: Any,
    ) -> FloatArray | None:
        """Return one score of each spike, by default the first on the first channel."""
        if self.session.model.features is None:
            return None
        if channel_id is None:
            if channel_ids is None:
                return None
            channel_id = int(channel_ids[0])
        features = self._get_spike_features(spike_ids, np.array([channel_id]))
        found: FloatArray | None = features.data[:, 0, pc or 0] if "data" in features else None
        return found


class TemplateArray(np.ndarray):
    """Templates of a cluster, (n_templates, n_samples, n_channels), which know their channels."""

    channel_ids: IntArray

    @property
    def template(self) -> FloatArray:
        """The first template, (n_samples, n_channels)."""
        first: FloatArray = np.asarray(self)[0]
        return first


class TemplateMixin(SpikeData):
    """Templates of the sorter."""

    _new_views: tuple[str, ...] = ("TemplateView",)
    _amplitude_functions: tuple[tuple[str, str], ...] = (("template", "get_spike_template_amplitudes"),)
    _waveform_functions: tuple[tuple[str, str], ...] = (("templates", "_get_template_waveforms"),)

    def get_template_counts(self, cluster_id: int) -> IntArray:
        """Return how many spikes a cluster has of each template, (n_templates,)."""
        template_ids, n = self.session.facts.template_counts(int(cluster_id))
        counts = np.zeros(self.model.n_templates, dtype=np.int64)
        counts[template_ids] = n
        return counts

    def get_template_for_cluster(self, cluster_id: int) -> int:
        """Return the template with most spikes of a cluster."""
        return int(self.session.facts.main_template(int(cluster_id)))

    def get_template_amplitude(self, template_id: int) -> float:
        """Return the largest peak-to-peak amplitude of a template over the channels."""
        return float(self.session.model.template_amplitudes[int(template_id)])

    def get_cluster_amplitude(self, cluster_id: int) -> float:
        """Return that of the template with most spikes of a cluster."""
        return self.get_template_amplitude(self.get_template_for_cluster(cluster_id))

    def get_amplitudes(self, cluster_id: int, load_all: bool = False) -> FloatArray | None:
        """Return the amplitudes of some spikes of a cluster, or of all, as `amplitudes.npy` has them."""
        spikes = self.get_spike_ids(cluster_id, n=None if load_all else self.n_spikes_amplitudes)
        return None if self.model.amplitudes is None else self.model.amplitudes[spikes]

    def get_spike_template_amplitudes(self, spike_ids: AnyArray, **kwargs: Any) -> FloatArray:
        """Return the amplitude of each spike, 0 without `amplitudes.npy`."""
        amplitudes = self.model.amplitudes
        found: FloatArray = np.zeros(len(spike_ids)) if amplitudes is None else amplitudes[np.asarray(spike_ids)]
        return found

    def get_mean_spike_template_amplitudes(self, cluster_id: int) -> float:
        """Return the mean amplitude of some spikes of a cluster."""
        return float(
            np.mean(self.get_spike_template_amplitudes(self.get_spike_ids(cluster_id, self.n_spikes_amplitudes)))
        )

    def get_spike_template_features(
        self, spike_ids: AnyArray, first_cluster: int | None = None, **kwargs: Any
    ) -> FloatArray | None:
        """Return the projection of each spike on the template of a cluster."""
        store = self.session.model.template_features
        if store is None or first_cluster is None:
            return None
        template = np.array([self.get_template_for_cluster(first_cluster)])
        return store.get(np.asarray(spike_ids, dtype=np.int64), template)[:, 0]

    def _get_template_waveforms(self, cluster_id: int) -> Bunch:
        """Templates that a cluster took spikes from, by id, on its best channels."""
        counts = self.get_template_counts(cluster_id)
        template_ids = np.flatnonzero(counts)
        channels = self.get_best_channels(cluster_id)
        data = np.zeros((len(template_ids), self.model.n_samples_waveforms, self.model.n_channels))
        for row, template_id in enumerate(template_ids):
            template = self.model.get_template(int(template_id))
            if template is not None:
                data[row][:, template.channel_ids] = template.template
        shown = data[..., channels].view(TemplateArray)
        shown.channel_ids = channels
        shares = counts[template_ids] / counts.max()
        return Bunch(
            data=shown,
            channel_ids=channels,
            channel_labels=self._get_channel_labels(channels),
            channel_positions=self.model.channel_positions[channels],
            masks=np.tile(shares[:, np.newaxis], (1, len(channels))),
            alpha=1.0,
        )

    def _get_all_templates(self, cluster_ids: Any) -> dict[int, Bunch]:
        found = {int(c): self._get_template_waveforms(c) for c in cluster_ids}
        return {c: Bunch(template=np.asarray(b.data)[0], channel_ids=b.channel_ids) for c, b in found.items()}

    def _get_template_features(self, cluster_ids: Any, load_all: bool = False) -> list[Bunch] | None:
        """Projections of the spikes of two clusters on both."""
        if len(cluster_ids) != 2 or not self.session.data.template_features.exist:
            return None
        pair = (int(cluster_ids[0]), int(cluster_ids[1]))
        n = None if load_all else getattr(self, "n_spikes_features", None)
        shown = []
        for cluster_id in pair:
            spikes = self.get_spike_ids(cluster_id, n=n)
            x, y = self.session.data.template_features.project(spikes, pair).T
            shown.append(Bunch(x=x, y=y, spike_ids=spikes))
        return shown

    def template_similarity(self, cluster_id: int) -> Pairs:
        """Return the clusters by the similarity of their templates, largest first."""
        return templates_alike(self.session, cluster_id)


class TraceMixin(SpikeData):
    """The recording."""

    waveform_duration = 1.0
    """Length of the spikes drawn over the traces, ms."""
    _new_views: tuple[str, ...] = ("TraceView", "TraceImageView")

    def _get_traces(self, interval: tuple[float, float], show_all_spikes: bool = False) -> Bunch:
        """The filtered signal of a stretch of time, and its spikes, those selected last."""
        traces, rate = self.model.traces, self.model.sample_rate
        if traces is None:
            raise DataMissing(self.session.model.traces_missing)
        start, stop = (min(max(0, round(t * rate)), traces.n_samples) for t in interval)
        if self.raw_data_filter.is_default:
            every = range(self.model.n_channels)
            data = np.array(self.session.data.trace(start / rate, stop / rate, every).data)
        else:
            data = self.raw_data_filter.apply(traces[start:stop], axis=0)
        return Bunch(data=data, waveforms=self._spikes_in(data, start, show_all_spikes))

    def _spikes_in(self, data: AnyArray, start: int, show_all: bool) -> list[Bunch]:
        rate, selected = self.model.sample_rate, self.session.selection.cluster_ids
        n = round(1e-3 * self.waveform_duration * rate)
        samples = self.model.spike_samples
        first, last = np.searchsorted(samples, [start + n // 2, start + len(data) - (n - n // 2) + 1])
        spikes = np.arange(first, last)
        labels = self.session.facts.labels_of(spikes)
        chosen = np.isin(labels, selected)
        kept = np.flatnonzero(chosen | show_all)
        spikes, labels, chosen = spikes[kept], labels[kept], chosen[kept]
        best = {c: self.get_channel_amplitudes(c) for c in np.unique(labels).tolist()}
        shown = []
        for i in np.argsort(chosen, kind="stable"):
            cluster_id, at = int(labels[i]), int(samples[spikes[i]]) - start - n // 2
            channels, amplitudes = best[cluster_id]
            shown.append(
                Bunch(
                    data=data[at : at + n, channels],
                    channel_ids=channels,
                    channel_amps=amplitudes,
                    start_time=(at + start) / rate,
                    spike_id=int(spikes[i]),
                    spike_time=float(self.model.spike_times[spikes[i]]),
                    spike_cluster=cluster_id,
                    select_index=selected.index(cluster_id) if cluster_id in selected else None,
                )
            )
        return shown

    def _trace_spike_times(self) -> FloatArray | None:
        """Times of the spikes of the first selected cluster."""
        selected = self.session.selection.cluster_ids
        return self.get_spike_times(selected[0]).data if selected else None
