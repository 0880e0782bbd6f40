"""What the model of phy tells of one template, or of one cluster as it is on disk."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from phy_medicine.app.phy_compat.arrays import _spikes_per_cluster
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.ephys import extract_waveforms
from phy_medicine.app.phy_compat.model_arrays import DataArray, ModelArrays
from phy_medicine.app.phy_compat.sparse import compute_features
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.io.model import Model
from phy_medicine.session.waveform_source import WaveformSource

_BLOCK = 50_000


class ModelClusters(ModelArrays):
    """Questions by spike, template or cluster; every array given is the caller's to change."""

    _model: Model
    _waveform_source: WaveformSource

    # Templates

    def get_template(
        self,
        template_id: int,
        channel_ids: AnyArray | None = None,
        amplitude_threshold: float | None = None,
        unwhiten: bool = True,
    ) -> Bunch | None:
        """Return a template on its best channels, largest first, or on those given; None without templates.

        Bunch of template (n_samples, n) float32, amplitude (n,) peak to peak, best_channel, channel_ids (n,)
        """
        templates = self._model.templates
        if templates is None:
            return None
        shape = self._model.template(int(template_id))
        best, amplitude = shape.channel_ids, shape.amplitudes
        if amplitude_threshold is not None:
            best = best[amplitude >= amplitude_threshold * amplitude.max()]
        wanted = best if channel_ids is None else np.asarray(channel_ids, dtype=np.int64)
        shape = self._model.template(int(template_id), wanted)
        data = shape.data if unwhiten else self._whitened(int(template_id), wanted)
        return Bunch(
            template=np.array(data, dtype=np.float32),
            amplitude=np.array(shape.amplitudes if unwhiten else np.ptp(data, axis=0)),
            best_channel=int(best[0]),
            channel_ids=np.array(wanted),
        )

    def _whitened(self, template_id: int, channel_ids: IntArray) -> FloatArray:
        """A template as it is in the file, on some channels."""
        assert self._model.templates is not None
        files = self._model.templates.files
        own = np.arange(self._model.n_channels) if files.channels is None else files.channels[template_id]
        out = np.zeros((files.data.shape[1], self._model.n_channels + 1), dtype=np.float32)
        out[:, own] = files.data[template_id]  # unused columns, of channel -1, go to the last one
        return out[:, channel_ids]

    def get_template_channels(self, template_id: int) -> IntArray:
        """Return the best channels of a template, largest first."""
        return np.array(self._model.template_channels(int(template_id)))

    def get_template_waveforms(self, template_id: int) -> FloatArray | None:
        """Return a template on its best channels, (n_samples, n_channels), None without templates."""
        template = self.get_template(template_id)
        return None if template is None else template.template.view(DataArray)

    def get_template_spikes(self, template_id: int) -> IntArray:
        """Return the spikes of a template."""
        return np.flatnonzero(self._model.spike_templates == template_id)

    def get_template_spike_waveforms(self, template_id: int) -> AnyArray | None:
        """Return the waveforms of all spikes of a template, on its best channels."""
        return self.get_waveforms(self.get_template_spikes(template_id), self.get_template_channels(template_id))

    # Clusters on disk

    @cached_property
    def _spikes_on_disk(self) -> dict[int, IntArray]:
        return _spikes_per_cluster(self._model.spike_clusters)

    def get_cluster_spikes(self, cluster_id: int) -> IntArray:
        """Return the spikes that a cluster has on disk."""
        return self._spikes_on_disk.get(int(cluster_id), np.zeros(0, dtype=np.int64)).copy()

    def get_template_counts(self, cluster_id: int) -> IntArray:
        """Return how many spikes a cluster has of each template, on disk; (n_templates,)."""
        templates = self._model.spike_templates[self.get_cluster_spikes(cluster_id)]
        return np.bincount(templates, minlength=self._model.n_templates)

    def get_cluster_channels(self, cluster_id: int) -> IntArray:
        """Return the best channels of the template with most spikes of a cluster on disk."""
        return self.get_template_channels(int(np.argmax(self.get_template_counts(cluster_id))))

    def get_cluster_spike_waveforms(self, cluster_id: int) -> AnyArray | None:
        """Return the waveforms of all spikes that a cluster has on disk, on its best channels."""
        return self.get_waveforms(self.get_cluster_spikes(cluster_id), self.get_cluster_channels(cluster_id))

    def get_cluster_mean_waveforms(self, cluster_id: int, unwhiten: bool = True) -> Bunch:
        """Return the mean of the templates of a cluster on disk, weighted by its spikes of each."""
        counts = self.get_template_counts(cluster_id)
        channels = self.get_template_channels(int(np.argmax(counts)))
        mean = np.zeros((self._model.n_samples_template, self._model.n_channels))
        for template_id in np.flatnonzero(counts):
            template = self.get_template(int(template_id), unwhiten=unwhiten)
            if template is not None:
                mean[:, template.channel_ids] += template.template * (counts[template_id] / counts.sum())
        return Bunch(mean_waveforms=mean[:, channels], channel_ids=channels)

    # Spikes

    def get_waveforms(self, spike_ids: AnyArray, channel_ids: AnyArray | None = None) -> AnyArray | None:
        """Return waveforms as they are in the recording, unfiltered, or as they are stored beside the dataset.

        channel_ids : all when None
        (n, n_samples, n_channels); None without raw data and stored waveforms
        """
        model, spikes = self._model, np.asarray(spike_ids, dtype=np.int64)
        channels = np.arange(model.n_channels) if channel_ids is None else np.asarray(channel_ids, dtype=np.int64)
        subset, traces = model.waveform_subset, self.traces
        if subset is not None and np.isin(spikes, subset.spike_ids).all():
            return np.array(subset.get(spikes, channels))
        if traces is not None and model.masks is None:
            return extract_waveforms(traces, model.spike_samples[spikes], channels, model.n_samples_template)
        if traces is not None:
            return np.array(self._waveform_source.of_spikes(spikes, channels))
        if subset is None:
            return None
        known = np.isin(spikes, subset.spike_ids)
        out = np.zeros((len(spikes), subset.n_samples, len(channels)), dtype=np.float32)
        out[known] = subset.get(spikes[known], channels)
        return out

    def get_features(self, spike_ids: AnyArray, channel_ids: AnyArray) -> FloatArray | None:
        """Return PC scores, (n, n_channels, n_pcs); 0 on channels without, NaN for spikes without any.

        Without a file of them they are computed of stored waveforms, where there are some, and 0 elsewhere.
        """
        spikes, channels = np.asarray(spike_ids, dtype=np.int64), np.asarray(channel_ids, dtype=np.int64)
        store = self._model.features
        if store is None:
            return self._features_of_waveforms(spikes, channels)
        rows = store.read(spikes)
        scores = np.nan_to_num(rows.on(channels).astype(np.float64))
        scores[~rows.has_row] = np.nan
        return scores

    def _features_of_waveforms(self, spikes: IntArray, channels: IntArray) -> FloatArray | None:
        subset = self._model.waveform_subset
        if subset is None:
            return None
        out = np.zeros((len(spikes), len(channels), 3), dtype=np.float32)
        known = np.isin(spikes, subset.spike_ids)
        if known.any():
            out[known] = compute_features(subset.get(spikes[known], channels))
        return out

    def get_template_features(self, spike_ids: AnyArray) -> FloatArray | None:
        """Return the projections of spikes on every template, (n, n_templates), 0 for those that are not near."""
        store = self._model.template_features
        if store is None:
            return None
        return store.get(np.asarray(spike_ids, dtype=np.int64), np.arange(self._model.n_templates))

    def get_depths(self) -> FloatArray | None:
        """Return the depth of every spike by its features, µm, None where some spikes have none."""
        store = self._model.features
        if store is None or not store.complete:
            return None
        depths_um = self._model.channel_positions[:, 1]
        starts = range(0, self._model.n_spikes, _BLOCK)
        blocks = (np.arange(a, min(a + _BLOCK, self._model.n_spikes)) for a in starts)
        return np.concatenate([store.depths_um(block, depths_um) for block in blocks])

    def get_amplitudes_true(
        self, sample2unit: float = 1.0, use: str = "templates"
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return amplitudes in the unit of the recording: of spikes, templates scaled to them, and their mean.

        Raises
        ------
        NotImplementedError : sparse templates, no amplitudes, or clusters instead of templates
        """
        sparse, amplitudes = self.sparse_templates, self._model.amplitudes
        if sparse is None or sparse.cols is not None or amplitudes is None or use != "templates":
            raise NotImplementedError("True amplitudes need dense templates and the amplitude of every spike.")
        waveforms = sparse.data @ self.wmi
        largest = np.ptp(waveforms, axis=1).max(axis=1)
        templates = self._model.spike_templates
        of_spikes = largest[templates] * amplitudes
        with np.errstate(divide="ignore", invalid="ignore"):
            n = np.bincount(templates, minlength=len(largest))
            means = np.bincount(templates, weights=of_spikes, minlength=len(largest)) / n
            scaled = waveforms * (means / largest)[:, np.newaxis, np.newaxis]
        return of_spikes * sample2unit, scaled * sample2unit, means * sample2unit
