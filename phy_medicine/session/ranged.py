"""Clusters as if only a stretch of time had been recorded: their spikes, what is kept of them, their statistics."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.curation.selector import spread
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.cluster_facts import ClusterFacts
from phy_medicine.session.time_ranges import TimeRange

T = TypeVar("T")

# Kept of templates, which no range of spikes changes.
_SHARED = ("templates at", "main template")
_KEPT_RANGES = 4
STATISTICS = ("n_spikes", "fr", "amp_median")
"""Columns of the cluster table that are counted in a time range; all others are of whole clusters."""


class RangedFacts:
    """What the data service asks of clusters; only their spikes are cut, not what they are made of or where."""

    def __init__(self, facts: ClusterFacts, time_range: TimeRange) -> None:
        self._facts = facts
        self._range = time_range

    def spikes(self, cluster_id: int) -> IntArray:
        """Return the spikes of a cluster in the range, ascending."""
        return self._range.cut(self._facts.spikes(cluster_id))

    def pick(self, cluster_id: int, n: int) -> IntArray:
        """Return at most n of them, even in time."""
        spikes = self.spikes(cluster_id)
        return spikes if len(spikes) <= n else frozen(spikes[spread(len(spikes), n)])

    def template_counts(self, cluster_id: int) -> tuple[IntArray, IntArray]:
        """Return the templates of the whole cluster, so that projections on it stay where they are."""
        return self._facts.template_counts(cluster_id)

    def main_template(self, cluster_id: int) -> int:
        """Return the template of the whole cluster, so that its channels stay where they are."""
        return self._facts.main_template(cluster_id)

    def cluster_ids(self) -> Sequence[int]:
        """Return the living clusters, also those without a spike in the range."""
        return self._facts.cluster_ids()

    def labels_of(self, spike_ids: IntArray) -> IntArray:
        """Return the cluster of each spike."""
        return self._facts.labels_of(spike_ids)


class RangedCache(ArrayCache):
    """The arrays of one range in the one cache of all; they never mix, and share its bound."""

    def __init__(self, whole: ArrayCache, time_range: TimeRange) -> None:
        super().__init__(0)
        self._whole = whole
        self._range = time_range

    def _key(self, key: Hashable) -> Hashable:
        shared = isinstance(key, tuple) and key and key[0] in _SHARED
        return key if shared else (self._range, key)

    def __contains__(self, key: Hashable) -> bool:
        return self._key(key) in self._whole

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the value of a key, computing and keeping it on a miss."""
        return self._whole.get(self._key(key), compute)

    @property
    def n_bytes(self) -> int:
        """Bytes held now, of all ranges."""
        return self._whole.n_bytes

    def clear(self) -> None:
        """Forget everything, of all ranges."""
        self._whole.clear()


class RangedStatistics:
    """Cells of the cluster table for a range; an id never changes its spikes, so they are kept for the last ranges."""

    def __init__(self, facts: ClusterFacts, amplitudes: FloatArray | None) -> None:
        self._facts = facts
        self._amplitudes = amplitudes
        self._known: OrderedDict[TimeRange, dict[tuple[int, str], float | int | None]] = OrderedDict()

    def get(self, cluster_id: int, column: str, time_range: TimeRange) -> float | int | None:
        """Return one of `STATISTICS` of a living cluster; safe in any thread."""
        known = self._known.get(time_range)
        if known is None:
            known = self._known.setdefault(time_range, {})
            for old in list(self._known)[:-_KEPT_RANGES]:
                self._known.pop(old, None)
        if (cluster_id, column) not in known:
            known[cluster_id, column] = self._compute(cluster_id, column, time_range)
        return known[cluster_id, column]

    def _compute(self, cluster_id: int, column: str, time_range: TimeRange) -> float | int | None:
        spikes = time_range.cut(self._facts.spikes(cluster_id))
        if column == "n_spikes":
            return len(spikes)
        if column == "fr":
            return len(spikes) / time_range.seconds
        if self._amplitudes is None or not len(spikes):
            return None
        return float(np.median(self._amplitudes[spikes]))
