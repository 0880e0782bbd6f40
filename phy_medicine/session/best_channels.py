"""Where on the probe each cluster is seen."""

from __future__ import annotations

from typing import Protocol

from phy_medicine.base.types import IntArray, frozen
from phy_medicine.io.model import Model

_N_SPIKES = 100


class ClusterSpikes(Protocol):
    """What must be known of clusters; thread-safe."""

    def main_template(self, cluster_id: int) -> int:
        """The template with most spikes of the cluster."""

    def pick(self, cluster_id: int, n: int) -> IntArray:
        """At most n spikes of a cluster, even in time."""


class BestChannels:
    """Best channels of clusters: of the main template, or by the masks of their own spikes where there are masks.

    A cluster id never changes its spikes, so each is worked out once; safe in any thread.
    """

    def __init__(self, model: Model, facts: ClusterSpikes) -> None:
        self._model = model
        self._facts = facts
        self._by_masks: dict[int, IntArray] = {}

    def of(self, cluster_id: int) -> IntArray:
        """Return the best channels of a cluster, (n,) int, the peak first, never empty."""
        masks = self._model.masks
        if masks is None:
            return self._model.template_channels(self._facts.main_template(cluster_id))
        known = self._by_masks.get(cluster_id)
        if known is None:
            known = self._by_masks[cluster_id] = self._find(cluster_id)
        return known

    def _find(self, cluster_id: int) -> IntArray:
        assert self._model.masks is not None
        spike_ids = self._facts.pick(cluster_id, _N_SPIKES)
        if len(spike_ids) == 0:  # a cluster that the last action removed
            return self._model.template_channels(self._facts.main_template(cluster_id))
        return frozen(self._model.masks.best_channels(spike_ids))
