"""A new sorting of some spikes beside the present one: which spike belongs to which new unit, and what would change.

The spikes of a dataset stay what they are; a new sorting only says how they are shared out. A spike is given the new
unit that has a spike at the same time, one each; a spike for which there is none stays with the rest of its cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.curation.agreement import SAME, jaccard

NONE = -1


@dataclass(frozen=True, slots=True)
class Reassignment:
    """The present spikes that were sorted anew, and the new units.

    spike_ids : (n,) int64, ascending; clusters : (n,) int64, their present ones
    units : (n,) int64, row of the new unit of each, NONE without one
    unit_counts : (n_units,) int64, spikes of each unit, those of no present spike too
    """

    spike_ids: IntArray
    clusters: IntArray
    units: IntArray
    unit_counts: IntArray

    @property
    def n_units(self) -> int:
        """How many new units there are."""
        return len(self.unit_counts)

    def contingency(self) -> Contingency:
        """Count spikes by cluster and new unit."""
        ids, rows = np.unique(self.clusters, return_inverse=True)
        table = np.zeros((len(ids), self.n_units + 1), np.int64)
        np.add.at(table, (rows, self.units), 1)  # NONE is the last column
        return Contingency(tuple(ids.tolist()), frozen(table[:, :-1]), frozen(table[:, -1]), self.unit_counts)


@dataclass(frozen=True, slots=True)
class Contingency:
    """Spikes by present cluster and new unit.

    cluster_ids : one for each row; counts : (n_clusters, n_units) int64
    left : (n_clusters,) int64, spikes of no new unit; unit_counts : (n_units,) int64, of each unit in all
    """

    cluster_ids: tuple[int, ...]
    counts: IntArray
    left: IntArray
    unit_counts: IntArray

    @property
    def cluster_counts(self) -> IntArray:
        """Spikes of each cluster that were sorted anew, (n_clusters,) int64."""
        total: IntArray = self.counts.sum(axis=1) + self.left
        return total

    @property
    def added(self) -> IntArray:
        """Spikes of each unit that are no present spike, (n_units,) int64; they are not taken over."""
        more: IntArray = self.unit_counts - self.counts.sum(axis=0)
        return more

    @property
    def agreement(self) -> FloatArray:
        """Spikes in common over spikes of either, (n_clusters, n_units) float64."""
        return jaccard(self.counts, self.cluster_counts[:, None], self.unit_counts)

    def same(self, least: float = SAME) -> dict[int, int]:
        """Return which unit is which cluster, by unit; above 0.5 there is one at most."""
        ids = self.cluster_ids
        units: dict[int, int] = {}
        agreement = self.agreement
        for row, unit in zip(*np.nonzero(agreement >= least), strict=True):
            best = agreement[row, unit] >= max(agreement[row].max(), agreement[:, unit].max())
            if best and int(unit) not in units and ids[row] not in units.values():
                units[int(unit)] = ids[row]
        return units


def match(
    samples: IntArray, clusters: IntArray, new_samples: IntArray, new_units: IntArray, reach: int
) -> IntArray:  # fmt: skip
    """Return the new unit of each present spike.

    A present spike and a new one, each once, belong together if they are no more than `reach` samples apart. Where
    there is a choice, the cluster and the unit that agree best go first, then the spikes that are nearest.

    Parameters
    ----------
    samples : (n,) int64, ascending; clusters : (n,) int
    new_samples : (m,) int64, ascending; new_units : (m,) int, from 0

    Returns
    -------
    (n,) int64, NONE where there is none
    """
    here, there = _pairs(samples, new_samples, reach)
    away = np.abs(samples[here] - new_samples[there])
    agreement = _agreement(clusters, new_units, here, there)
    rank = np.empty(len(here), np.int64)
    rank[np.lexsort((there, here, away, -agreement))] = np.arange(len(here))
    units = np.full(len(samples), NONE, np.int64)
    for i, j in _best_first(here, there, rank, len(samples), len(new_samples)):
        units[i] = new_units[j]
    return units


def _pairs(samples: IntArray, new_samples: IntArray, reach: int) -> tuple[IntArray, IntArray]:
    """All pairs of a present and a new spike that are near each other."""
    first = np.searchsorted(new_samples, samples - reach, side="left")
    n = np.searchsorted(new_samples, samples + reach, side="right") - first
    here = np.repeat(np.arange(len(samples)), n)
    within = np.arange(len(here)) - np.repeat(np.cumsum(n) - n, n)
    return here, first[here] + within


def _agreement(clusters: IntArray, new_units: IntArray, here: IntArray, there: IntArray) -> FloatArray:
    """Of each pair, how well its cluster and its unit agree: near spikes over all spikes of both."""
    ids, rows = np.unique(clusters, return_inverse=True)
    n_units = int(new_units.max()) + 1 if len(new_units) else 0
    key = rows[here] * n_units + new_units[there]
    common = np.bincount(key, minlength=len(ids) * n_units).reshape(len(ids), n_units)
    both = np.bincount(rows, minlength=len(ids))[:, None] + np.bincount(new_units, minlength=n_units)
    agreement: FloatArray = (common / np.maximum(both, 1)).ravel()[key]
    return agreement


def _best_first(
    here: IntArray, there: IntArray, rank: IntArray, n: int, m: int
) -> list[tuple[IntArray, IntArray]]:  # fmt: skip
    """Pairs by rank, each spike once: in each round all that are the best of both of their spikes."""
    found = []
    while len(rank):
        best_here, best_there = np.full(n, len(rank), np.int64), np.full(m, len(rank), np.int64)
        order = np.argsort(rank, kind="stable")
        place = np.empty(len(rank), np.int64)
        place[order] = np.arange(len(rank))
        np.minimum.at(best_here, here, place)
        np.minimum.at(best_there, there, place)
        taken = (best_here[here] == place) & (best_there[there] == place)
        found.append((here[taken], there[taken]))
        used_here, used_there = np.zeros(n, bool), np.zeros(m, bool)
        used_here[here[taken]], used_there[there[taken]] = True, True
        left = ~(used_here[here] | used_there[there])
        here, there, rank = here[left], there[left], rank[left]
    return found


def split_of(
    found: Reassignment, spikes_of: Mapping[int, IntArray], kept: Mapping[int, int] | None = None
) -> tuple[IntArray, IntArray]:
    """Return the split that shares out the spikes as the new sorting does.

    Every unit becomes a cluster. Spikes without a unit, and those that were not sorted anew, stay together with the
    rest of their cluster; with them go the units that are `kept`. Clusters of which nothing changes are no part of it.

    Parameters
    ----------
    spikes_of : all spikes of each cluster, ascending
    kept : unit -> the cluster that it is; its spikes, from whatever cluster, are joined to it

    Returns
    -------
    spike_ids, labels : (n,) int64 each, as `Curating.split` takes them

    Raises
    ------
    ActionError : nothing would change
    """
    kept = kept or {}
    ids = sorted({*np.unique(found.clusters).tolist(), *kept.values()})
    own = {cluster: found.n_units + row for row, cluster in enumerate(ids)}
    target = np.array([own[kept[u]] if u in kept else u for u in range(found.n_units)] + [NONE], np.int64)
    here = np.array([own[c] for c in found.clusters.tolist()], np.int64)
    wanted = target[found.units]
    wanted = np.where(wanted == NONE, here, wanted)
    moved = wanted != here
    touched = {*found.clusters[moved].tolist(), *(c for c in ids if np.any(wanted[moved] == own[c]))}
    if not touched:
        raise ActionError("The new sorting shares out the spikes as they are; nothing would change.")
    every = np.concatenate([spikes_of[c] for c in sorted(touched)])
    labels = np.repeat([own[c] for c in sorted(touched)], [len(spikes_of[c]) for c in sorted(touched)])
    order = np.argsort(every, kind="stable")
    every, labels = every[order].astype(np.int64), labels[order]
    inside = np.isin(found.spike_ids, every)
    labels[np.searchsorted(every, found.spike_ids[inside])] = wanted[inside]
    return every, np.unique(labels, return_inverse=True)[1].astype(np.int64)
