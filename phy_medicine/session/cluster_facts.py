"""What the data of views depend on of clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from phy_medicine.base.types import IntArray


class ClusterFacts(Protocol):
    """What must be known of clusters; thread-safe."""

    def spikes(self, cluster_id: int) -> IntArray:
        """All spikes of a cluster, ascending."""

    def template_counts(self, cluster_id: int) -> tuple[IntArray, IntArray]:
        """Templates that a cluster took spikes from, and how many."""

    def main_template(self, cluster_id: int) -> int:
        """The template with most spikes of the cluster."""

    def cluster_ids(self) -> Sequence[int]:
        """Living clusters."""

    def labels_of(self, spike_ids: IntArray) -> IntArray:
        """Cluster of each spike."""

    def pick(self, cluster_id: int, n: int) -> IntArray:
        """At most n spikes of a cluster, even in time."""
