"""Spikes between two clusters: their template features, weighted by the templates of the one and of the other."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.io.features import TemplateFeatureStore
from phy_medicine.io.model import Model
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.cluster_facts import ClusterFacts

# Spikes read at once: 64 B each for 16 templates.
_CHUNK = 1 << 17


class TemplateFeatureSource:
    """Projections of spikes on clusters; safe to call from any thread."""

    def __init__(self, model: Model, facts: ClusterFacts) -> None:
        self._model = model
        self._facts = facts

    @property
    def exist(self) -> bool:
        """Whether the dataset has template features."""
        return self._model.template_features is not None

    @property
    def complete(self) -> bool:
        """Whether every spike of the dataset has template features."""
        return self._store().complete

    def project(self, spike_ids: IntArray, cluster_ids: tuple[int, int]) -> FloatArray:
        """Return where spikes lie between two clusters.

        Parameters
        ----------
        spike_ids : (n,) int, of any clusters

        Returns
        -------
        (n, 2) float32, mean of a spike's template features, weighted by the spikes that the first (second) cluster
        took from each template; NaN for a spike without template features

        Raises
        ------
        DataMissing : the dataset has no template features
        """
        store = self._store()
        counts = [self._facts.template_counts(c) for c in cluster_ids]
        templates = np.unique(np.concatenate([ids for ids, _ in counts]))
        weights = np.zeros((len(templates), 2))
        for side, (ids, n) in enumerate(counts):
            weights[np.searchsorted(templates, ids), side] = n / max(n.sum(), 1)
        out = np.empty((len(spike_ids), 2), dtype=np.float32)
        for start in range(0, len(spike_ids), _CHUNK):
            part = slice(start, start + _CHUNK)
            out[part] = store.get(spike_ids[part], templates) @ weights
        return out

    def _store(self) -> TemplateFeatureStore:
        store = self._model.template_features
        if store is None:
            raise DataMissing("No template features: template_features.npy not found in the dataset.")
        return store
