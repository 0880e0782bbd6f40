"""What else the dataset knows of every spike: the files `spike_<name>.npy`."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.model import Model
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.cluster_facts import ClusterFacts


class AttributeSource:
    """Attributes of spikes as numbers; safe to call from any thread."""

    def __init__(self, model: Model, facts: ClusterFacts, cache: ArrayCache) -> None:
        self._model = model
        self._facts = facts
        self._cache = cache

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the attributes that are numbers."""
        return tuple(n for n, a in self._model.spike_attributes.items() if a.dtype.kind in "biuf" and 0 not in a.shape)

    def is_plane(self, name: str) -> bool:
        """Whether an attribute has two numbers or more for each spike, of which the first two are x and y."""
        values = self._model.spike_attributes[name]
        return int(np.prod(values.shape[1:])) >= 2

    def of(self, name: str, spike_ids: IntArray) -> FloatArray:
        """Return an attribute of some spikes: (n,) float32, or (n, 2) of one that is a plane."""
        values = self._model.spike_attributes[name]
        chosen = (
            np.asarray(values[spike_ids]).reshape(len(spike_ids), int(np.prod(values.shape[1:]))).astype(np.float32)
        )
        out: FloatArray = chosen[:, :2] if self.is_plane(name) else chosen[:, 0]
        return out

    def of_cluster(self, name: str, cluster_id: int) -> FloatArray:
        """Return an attribute of all spikes of a cluster, as `of`."""
        return self._cache.get(
            ("attribute", name, cluster_id), lambda: frozen(self.of(name, self._facts.spikes(cluster_id)))
        )

    def ready(self, name: str, cluster_id: int) -> bool:
        """Tell whether `of_cluster` needs no reading."""
        return ("attribute", name, cluster_id) in self._cache
