"""PC scores of clusters, of the recording and of any spikes; what is read once serves every choice of channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.io.features import FeatureRows, FeatureStore
from phy_medicine.io.model import Model
from phy_medicine.session.blocks import DataMissing, Features
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.cluster_facts import ClusterFacts

# Rows of a file with their spike times; kept by cluster, so that from (A, B) to (A, C) only C is read, and other
# channels of the same spikes cost no reading: 0.2 ms instead of 2.5 ms in memory and 100 ms on disk (2,500 spikes).
Rows = tuple[FeatureRows, FloatArray]
# Read once for a dataset, 4 MB and 20 ms in memory, 250 ms on disk.
_BACKGROUND_ROWS = 20_000
# A template with a smaller part of the spikes of a cluster does not say on which channels these have scores.
_LEAST_PART = 0.05


class FeatureSource:
    """Reads features for `DataService`; safe to call from any thread."""

    def __init__(
        self,
        model: Model,
        facts: ClusterFacts,
        cache: ArrayCache,
        times_s: Callable[[], FloatArray] | None = None,
        id_range: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        """
        times_s : gives the times at which spikes are shown, (n_spikes,) s; None: those of the recording
        id_range : gives the first spike of the background and the one after the last; None: all spikes
        """
        self._model = model
        self._facts = facts
        self._cache = cache
        self._times_s = times_s or (lambda: model.spike_times)
        self._id_range = id_range or (lambda: (0, model.n_spikes))

    def of_cluster(self, cluster_id: int, channel_ids: Sequence[int], n: int) -> Features:
        """Return the scores of at most n spikes of a cluster, even in time, among those that have any."""
        rows = self._cache.get(("feature rows", cluster_id, n), lambda: self._read(self._pick(cluster_id, n)))
        return _on(rows, channel_ids, len(self._facts.spikes(cluster_id)))

    def of_recording(self, channel_ids: Sequence[int], n: int) -> Features:
        """Return the scores of at most n spikes at a regular stride over the recording, seen on one of the channels."""
        channels = tuple(int(c) for c in channel_ids)
        return self._cache.get(("background", channels, n), lambda: self._near(channels, n))

    def _near(self, channels: tuple[int, ...], n: int) -> Features:
        rows = self._cache.get(("feature rows", None, n), lambda: self._read(self._stride(n)))
        first, stop = self._id_range()
        every = _on(rows, channels, stop - first)
        seen = np.flatnonzero(np.isfinite(every.data).any(axis=(1, 2)))
        seen = seen[:: max(1, -(-len(seen) // n))]
        data = frozen(every.data[seen])
        return Features(every.spike_ids[seen], frozen(every.times_s[seen]), data, every.channel_ids, every.n_total)

    def of_spikes(self, spike_ids: IntArray, channel_ids: Sequence[int]) -> Features:
        """Return the scores of exactly these spikes, uncached."""
        return _on(self._read(spike_ids), channel_ids, len(spike_ids))

    def ready(self, cluster_ids: Sequence[int], channel_ids: Sequence[int], n: int) -> bool:
        """Tell whether the scores of these clusters, and of the recording on these channels, are in memory."""
        behind = ("background", tuple(int(c) for c in channel_ids), n) in self._cache
        return behind and all(("feature rows", c, n) in self._cache for c in cluster_ids)

    def n_without(self, spike_ids: IntArray) -> int:
        """Return how many of the spikes have no scores at all."""
        store = self._store()
        return 0 if store.complete else int(np.count_nonzero(~store.has_row(spike_ids)))

    def seen_on(self, cluster_id: int) -> set[int] | None:
        """Return the channels on which spikes of all larger parts of a cluster have scores; None: on all.

        Raises
        ------
        DataMissing : the dataset has no features
        """
        store = self._store()
        if store.sparse.index is None:
            return None
        ids, counts = self._facts.template_counts(cluster_id)
        large = ids[counts >= _LEAST_PART * counts.sum()].tolist()
        channels = [set(store.local_channels(t).tolist()) for t in large]
        return set.intersection(*channels) if channels else set()

    def _store(self) -> FeatureStore:
        if self._model.features is None:
            raise DataMissing(self._model.missing("features"))
        return self._model.features

    def _pick(self, cluster_id: int, n: int) -> IntArray:
        if self._store().complete:
            return self._facts.pick(cluster_id, n)
        spike_ids = self._facts.spikes(cluster_id)
        return even(spike_ids[self._store().has_row(spike_ids)], n)

    def _stride(self, n: int) -> IntArray:
        # A spike is seen on few channels: on large probes more are read, so that enough are left around any of them.
        n_local = max(len(self._store().local_channels(0)), 1)
        n_read = int(np.clip(n * self._model.n_channels // (2 * n_local), n, max(n, _BACKGROUND_ROWS)))
        first, stop = self._id_range()
        spike_ids = np.arange(first, stop, max(1, (stop - first) // n_read))
        return spike_ids[self._store().has_row(spike_ids)]

    def _read(self, spike_ids: IntArray) -> Rows:
        return self._store().read(spike_ids), frozen(self._times_s()[spike_ids])


def even(spike_ids: IntArray, n: int) -> IntArray:
    """Return at most n of the spikes, spread evenly."""
    if len(spike_ids) <= n:
        return spike_ids
    chosen: AnyArray = spike_ids[np.linspace(0, len(spike_ids) - 1, n).astype(np.int64)]
    return chosen


def _on(rows: Rows, channel_ids: Sequence[int], n_total: int) -> Features:
    channels = np.asarray([int(c) for c in channel_ids], dtype=np.int64)
    found, times_s = rows
    return Features(found.spike_ids, times_s, frozen(found.on(channels)), channels, n_total)
