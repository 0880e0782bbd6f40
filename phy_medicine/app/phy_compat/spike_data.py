"""Questions of plugins about the spikes and channels of the clusters of now."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.model import TemplateModel
from phy_medicine.app.phy_compat.model_arrays import DataArray
from phy_medicine.app.phy_compat.raw_data_filter import RawDataFilter
from phy_medicine.app.phy_compat.settings import Setting
from phy_medicine.app.phy_compat.spike_selector import SpikeSelector
from phy_medicine.app.phy_compat.stats import correlograms, firing_rate
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.session.session import Session

Pairs = list[tuple[int, float]]


class SpikeTimes(DataArray):
    """Spike times, s; as an array, and as the Bunch of older versions of phy with `data`, `spike_ids` and `lim`."""

    spike_ids: IntArray
    lim: tuple[float, float]


class SpikeData:
    """The part of the controller that every dataset can answer; arrays are the caller's to change."""

    session: Session
    model: TemplateModel
    selection: Bunch
    selector: SpikeSelector
    raw_data_filter: RawDataFilter

    n_spikes_amplitudes = Setting(10000)
    n_spikes_amplitudes_background = Setting(10000)
    n_spikes_amplitudes_total: int | None = None
    n_spikes_correlograms = Setting(100000)
    n_spikes_correlograms_total: int | None = None
    n_chunks_kept = 20

    def make_selector(self) -> SpikeSelector:
        """Return what picks spikes of clusters of now."""
        traces, samples = self.model.traces, self.model.spike_samples
        bounds: Any = [0, int(samples[-1]) + 1] if traces is None else traces.chunk_bounds
        return SpikeSelector(self._all_spikes, samples, bounds, self.n_chunks_kept)

    def _all_spikes(self, cluster_id: int) -> IntArray:
        if not self.session.manager.assignment.contains(cluster_id):
            return np.zeros(0, dtype=np.int64)
        return self.session.facts.spikes(cluster_id).astype(np.int64)

    # Spikes

    def get_spike_ids(self, cluster_id: int, n: int | None = None, **kwargs: Any) -> IntArray:
        """Return all spikes of a cluster, or some n of them."""
        return self.selector(n, [cluster_id], **kwargs)

    def get_spike_times(self, cluster_id: int, n: int | None = None) -> SpikeTimes:
        """Return the times of the spikes of a cluster, s."""
        spike_ids = self.get_spike_ids(cluster_id, n=n)
        times = self.model.spike_times[spike_ids].view(SpikeTimes)
        times.spike_ids, times.lim = spike_ids, (0.0, self.model.duration)
        return times

    def get_background_spike_ids(self, n: int | None = None) -> IntArray:
        """Return spikes at a regular stride, some n or all."""
        n_spikes = self.model.n_spikes
        return np.arange(0, n_spikes, max(1, n_spikes // n) if n else 1)

    def _get_spike_times_reordered(self, spike_ids: IntArray) -> FloatArray:
        other = self.model.spike_times_reordered
        times = other if self.selection.get("do_reorder") and other is not None else self.model.spike_times
        found: FloatArray = times[spike_ids]
        return found

    # Channels

    def get_best_channels(self, cluster_id: int) -> IntArray:
        """Return the best channels of a cluster, largest first."""
        return np.array(self.session.data.best_channels(int(cluster_id)), dtype=np.int64)

    def get_best_channel(self, cluster_id: int) -> int:
        """Return the channel where a cluster is largest."""
        return self.session.data.peak_channel(int(cluster_id))

    def get_best_channel_label(self, cluster_id: int) -> str:
        """Return the name of that channel."""
        return self._get_channel_labels([self.get_best_channel(cluster_id)])[0]

    def _get_channel_labels(self, channel_ids: Any = None) -> list[str]:
        labels = self.session.model.channel_labels
        return list(labels) if channel_ids is None else [labels[int(c)] for c in channel_ids]

    def get_channel_shank(self, cluster_id: int) -> int:
        """Return the shank of the best channel."""
        return int(self.model.channel_shanks[self.get_best_channel(cluster_id)])

    def get_probe_depth(self, cluster_id: int) -> float:
        """Return the y position of the best channel, µm."""
        return float(self.model.channel_positions[self.get_best_channel(cluster_id), 1])

    def get_mean_firing_rate(self, cluster_id: int) -> float:
        """Return the spikes of a cluster by second of the recording."""
        return self.session.manager.assignment.count(int(cluster_id)) / max(1, self.model.duration)

    def get_clusters_on_channel(self, channel_id: int) -> list[int]:
        """Return the clusters with a channel among their best ones."""
        best = self.session.data.best_channels
        return [c for c in self.session.cluster_ids if channel_id in best(c)]

    def get_channel_amplitudes(self, cluster_id: int) -> tuple[IntArray, FloatArray]:
        """Return the channels with half of the largest amplitude and more, and each one's from 0 to 1."""
        templates = self.session.model.templates
        if templates is None:
            channels = self.get_best_channels(cluster_id)
            return channels, np.linspace(1.0, 0.0, len(channels)) if len(channels) > 1 else np.zeros(1)
        template = self.model.get_template(self.session.facts.main_template(int(cluster_id)), amplitude_threshold=0.5)
        assert template is not None
        low, high = template.amplitude.min(), template.amplitude.max()
        return template.channel_ids, (template.amplitude - low) / ((high - low) or 1.0)

    # Similarity

    def peak_channel_similarity(self, cluster_id: int) -> Pairs:
        """Return the clusters that have the peak channel of this one among their best channels, with 1.0."""
        return [(c, 1.0) for c in self.get_clusters_on_channel(self.get_best_channel(cluster_id))]

    # Between spikes

    def _get_isi(self, cluster_id: int) -> Bunch:
        return Bunch(data=np.diff(self.get_spike_times(cluster_id).data))

    def _get_firing_rate(self, cluster_id: int) -> Bunch:
        return Bunch(data=self.get_spike_times(cluster_id).data, x_min=0, x_max=self.model.duration)

    def _get_correlograms(self, cluster_ids: Any, bin_size: float, window_size: float) -> IntArray:
        """Pairs of spikes by lag, (n, n, n_bins), as phylib counts them."""
        ids = [int(c) for c in cluster_ids]
        spikes = self.selector(self.n_spikes_correlograms, ids)
        return correlograms(
            self.model.spike_times[spikes],
            self.session.facts.labels_of(spikes),
            cluster_ids=ids,
            sample_rate=self.model.sample_rate,
            bin_size=bin_size,
            window_size=window_size,
        )

    def _get_correlograms_rate(self, cluster_ids: Any, bin_size: float) -> FloatArray:
        """Pairs in a bin that independent clusters would have, (n, n)."""
        ids = [int(c) for c in cluster_ids]
        labels = self.session.facts.labels_of(self.selector(self.n_spikes_correlograms, ids))
        return firing_rate(labels, cluster_ids=ids, bin_size=bin_size, duration=self.model.duration)


def templates_alike(session: Session, cluster_id: int) -> Pairs:
    """Return the clusters by the similarity of their templates, largest first, at most 99 and the cluster itself."""
    rows = session.similar.template_rows(int(cluster_id))
    return [(int(cluster_id), 1.0), *((c, float(v)) for c, v in rows.items())]
