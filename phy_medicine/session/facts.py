"""What worker threads may ask about clusters while the curator goes on changing them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from phy_medicine.base.types import IntArray, frozen
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.selector import Selector, spread
from phy_medicine.curation.statistics import ClusterStats, StatisticsTable

if TYPE_CHECKING:
    from phy_medicine.session.suppose import SupposedId


class SessionFacts:
    """Thread-safe questions about clusters; the session holds `lock` while it changes them.

    A worker may still ask for a cluster that the last action removed: it gets an empty answer, and
    the session has already sent a newer request.
    """

    def __init__(self, manager: ClusterManager, selector: Selector, statistics: StatisticsTable) -> None:
        self.lock = threading.RLock()
        self._manager = manager
        self._selector = selector
        self._statistics = statistics
        self._supposed: dict[int, IntArray] = {}
        self._supposed_stats: dict[int, ClusterStats] = {}

    def suppose(self, clusters: Mapping[SupposedId, IntArray]) -> None:
        """Answer for these clusters too, which do not exist; for none without any.

        clusters : spikes of each, ascending
        """
        with self.lock:
            self._supposed = {int(cluster_id): spikes for cluster_id, spikes in clusters.items()}
            self._supposed_stats = {}

    def spikes(self, cluster_id: int) -> IntArray:
        """Return all spikes of a cluster, ascending."""
        with self.lock:
            supposed = self._supposed.get(cluster_id)
            return self._manager.assignment.spikes(cluster_id) if supposed is None else supposed

    def stats(self, cluster_id: int) -> ClusterStats:
        """Return the statistics of a living cluster."""
        with self.lock:
            supposed = self._supposed.get(cluster_id)
            if supposed is None:
                return self._statistics.get(cluster_id)
            if cluster_id not in self._supposed_stats:
                self._supposed_stats[cluster_id] = self._statistics.of_spikes(cluster_id, supposed)
            return self._supposed_stats[cluster_id]

    def template_counts(self, cluster_id: int) -> tuple[IntArray, IntArray]:
        """Return the templates that a cluster took spikes from, and how many."""
        stats = self.stats(cluster_id)
        return stats.template_ids, stats.template_counts

    def main_template(self, cluster_id: int) -> int:
        """Return the template with most spikes of the cluster."""
        return self.stats(cluster_id).main_template

    def cluster_ids(self) -> tuple[int, ...]:
        """Return the living clusters, none of those that are supposed."""
        return self._manager.cluster_ids

    @property
    def held(self) -> bool:
        """Whether this thread is in the midst of an action, so that no other one gets an answer."""
        owned: bool = self.lock._is_owned()  # type: ignore[attr-defined]
        return owned

    def contains(self, cluster_id: int) -> bool:
        """Tell whether a cluster lives."""
        return self._manager.assignment.contains(cluster_id)

    def labels_of(self, spike_ids: IntArray) -> IntArray:
        """Return the cluster of each spike."""
        with self.lock:
            return self._manager.assignment.labels_of(spike_ids)

    def pick(self, cluster_id: int, n: int) -> IntArray:
        """Return at most n spikes of a cluster, even in time."""
        with self.lock:
            supposed = self._supposed.get(cluster_id)
            if supposed is None:
                return self._selector.pick(cluster_id, n)
            return supposed if len(supposed) <= n else frozen(supposed[spread(len(supposed), n)])
