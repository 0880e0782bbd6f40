"""Principal components of the selected clusters, computed from their waveforms instead of read from a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.pca import N_COMPONENTS, Components, principal_components
from phy_medicine.session.blocks import Features
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.cluster_facts import ClusterFacts
from phy_medicine.session.feature_source import even
from phy_medicine.session.waveform_source import WaveformSource

# Waveforms of a cluster, even in time: 1,000 on two channels take some 30 ms to read, and show what 2,500 do.
N_WAVEFORMS = 1000
# Spikes behind the clusters, from their neighbours.
_N_BEHIND = 500
# What lies farther from the spike is noise, which would only blur the components.
_BEFORE_MS, _AFTER_MS = 0.7, 1.3
# Waveforms read at once: 4 MB on two channels.
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class SelectedComponents:
    """Principal components of some clusters on some channels, and of how many waveforms they are."""

    cluster_ids: tuple[int, ...]
    channel_ids: tuple[int, ...]
    components: Components
    n_waveforms: int


class PcaSource:
    """Scores of spikes on the components of a selection; safe to call from any thread."""

    def __init__(
        self,
        waveforms: WaveformSource,
        facts: ClusterFacts,
        cache: ArrayCache,
        times_s: Callable[[], FloatArray],
    ) -> None:
        """times_s : gives the times at which spikes are shown, (n_spikes,) s"""
        self._waveforms = waveforms
        self._facts = facts
        self._cache = cache
        self._times_s = times_s

    def components(self, cluster_ids: Sequence[int], channel_ids: Sequence[int]) -> SelectedComponents:
        """Return the components of at most 1,000 waveforms of each cluster; the order of the clusters is all the same.

        Raises
        ------
        DataMissing : neither raw data nor stored waveforms exist
        """
        clusters, channels = tuple(sorted(cluster_ids)), tuple(int(c) for c in channel_ids)
        return self._cache.get(("pca", clusters, channels), lambda: self._compute(clusters, channels))

    def ready(self, cluster_ids: Sequence[int], channel_ids: Sequence[int]) -> bool:
        """Tell whether neither these components nor the waveforms that are drawn need reading."""
        channels = tuple(int(c) for c in channel_ids)
        keys = [("pca waveforms", c, channels) for c in cluster_ids]
        return ("pca", tuple(sorted(cluster_ids)), channels) in self._cache and all(k in self._cache for k in keys)

    def of_cluster(self, cluster_id: int, selected: SelectedComponents) -> Features:
        """Return the scores of the waveforms of a cluster that the components are made of."""
        spike_ids, waveforms = self._sample(cluster_id, selected.channel_ids)
        return self._features(spike_ids, waveforms, selected, len(self._facts.spikes(cluster_id)))

    def behind(self, cluster_ids: Sequence[int], selected: SelectedComponents) -> Features:
        """Return the scores of some 500 spikes of other clusters."""
        key = ("pca behind", tuple(cluster_ids), selected.channel_ids)
        spike_ids, waveforms = self._cache.get(key, lambda: self._read_some(cluster_ids, selected.channel_ids))
        return self._features(spike_ids, waveforms, selected, len(spike_ids))

    def of_spikes(self, spike_ids: IntArray, selected: SelectedComponents) -> Features:
        """Return the scores of exactly these spikes, read some thousand at a time.

        Raises
        ------
        DatasetError : without raw data, the waveform of one of the spikes is not stored
        """
        data = np.empty((len(spike_ids), len(selected.channel_ids), N_COMPONENTS), dtype=np.float32)
        for start in range(0, len(spike_ids), _CHUNK):
            part = slice(start, start + _CHUNK)
            data[part] = selected.components.project(self._read(spike_ids[part], selected.channel_ids))
        return self._with_scores(spike_ids, data, selected, len(spike_ids))

    def n_without(self, spike_ids: IntArray) -> int:
        """Return how many of the spikes have no waveform."""
        return len(spike_ids) - len(self._waveforms.known(spike_ids))

    def _compute(self, clusters: tuple[int, ...], channels: tuple[int, ...]) -> SelectedComponents:
        waveforms = np.concatenate([self._sample(c, channels)[1] for c in clusters])
        return SelectedComponents(clusters, channels, principal_components(waveforms), len(waveforms))

    def _sample(self, cluster_id: int, channels: tuple[int, ...]) -> tuple[IntArray, FloatArray]:
        """Spike ids and waveforms of a cluster; kept, so that from (A, B) to (A, C) only C is read."""

        def read() -> tuple[IntArray, FloatArray]:
            spikes = self._facts.spikes(cluster_id)
            known = self._waveforms.known(spikes)
            chosen = (
                self._facts.pick(cluster_id, N_WAVEFORMS) if len(known) == len(spikes) else even(known, N_WAVEFORMS)
            )
            return frozen(chosen), frozen(self._read(chosen, channels))

        return self._cache.get(("pca waveforms", cluster_id, channels), read)

    def _read_some(self, cluster_ids: Sequence[int], channels: tuple[int, ...]) -> tuple[IntArray, FloatArray]:
        spikes = np.concatenate([np.zeros(0, np.int64), *(self._facts.spikes(c) for c in cluster_ids)])
        chosen = even(np.sort(self._waveforms.known(spikes)), _N_BEHIND)
        return frozen(chosen), frozen(self._read(chosen, channels))

    def _read(self, spike_ids: IntArray, channels: tuple[int, ...]) -> FloatArray:
        window = self._waveforms.window(_BEFORE_MS, _AFTER_MS)
        return self._waveforms.of_spikes(spike_ids, channels, window)

    def _features(
        self, spike_ids: IntArray, waveforms: FloatArray, selected: SelectedComponents, n_total: int
    ) -> Features:
        return self._with_scores(spike_ids, selected.components.project(waveforms), selected, n_total)

    def _with_scores(
        self, spike_ids: IntArray, scores: FloatArray, selected: SelectedComponents, n_total: int
    ) -> Features:
        times_s = frozen(self._times_s()[spike_ids])
        return Features(spike_ids, times_s, frozen(scores), np.asarray(selected.channel_ids), n_total)
