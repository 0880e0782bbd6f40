"""Features of all spikes of some clusters, on channels that they have in common, for models of the clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.session.pair_sides import N_CHANNELS

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

Progress = Callable[[float, str], object]
_PIECE = 50_000
"""Spikes that are read at once, and after which the work can be cancelled."""


@dataclass(frozen=True, slots=True)
class ModelFeatures:
    """Features of spikes.

    spike_ids : (n,) int64, ascending; clusters : (n,) int64, of each
    x : (n, d) float
    """

    spike_ids: IntArray
    clusters: IntArray
    x: FloatArray


def model_features(session: Session, cluster_ids: Sequence[int], progress: Progress) -> ModelFeatures:
    """Return the features of the spikes of clusters on at most six channels; spikes without any are left out.

    Those of the dataset, on channels that all of the clusters have; without features, principal components of the
    waveforms. In a worker; progress : told how far it is, what it raises ends the work

    Raises
    ------
    ActionError : the clusters have no channel in common, or a cluster does not exist
    PhyMedError : there are neither features nor a recording
    """
    from phy_medicine.compute.mixture.dataset_features import dataset_features

    model, facts = session.model, session.facts
    spikes = np.sort(np.concatenate([facts.spikes(c) for c in cluster_ids])).astype(np.int64)
    store = model.features
    if store is None:
        found = dataset_features(model, spikes, N_CHANNELS, progress=progress)
        return ModelFeatures(found.spike_ids, facts.labels_of(found.spike_ids).astype(np.int64), found.x)
    channels = session.pairs.sides.shared_channels(cluster_ids)
    if not len(channels):
        raise ActionError(f"Clusters {', '.join(map(str, cluster_ids))} have no channel with features in common.")
    if not store.complete:
        spikes = spikes[store.has_row(spikes)]
    parts = []
    for start in range(0, len(spikes), _PIECE):
        progress(start / len(spikes), f"Reading features, {start:,} of {len(spikes):,}")
        scores = store.get(spikes[start : start + _PIECE], channels)
        parts.append(np.asarray(scores, np.float32).reshape(len(scores), -1))
    x = np.concatenate(parts) if parts else np.zeros((0, 1), np.float32)
    known = np.isfinite(x).any(axis=1)
    return ModelFeatures(spikes[known], facts.labels_of(spikes[known]).astype(np.int64), x[known])
