"""Facts about the spikes of each cluster; an id never changes its spikes, so none ever grows stale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.assignment import Assignment

_DENSE_LIMIT = 50_000_000  # cells of a cluster x template table, 400 MB


@dataclass(frozen=True, slots=True)
class ClusterStats:
    """What is known of one cluster.

    template_ids : (k,) int, templates its spikes came from, ascending; template_counts : (k,) int64, spikes of each
    duration_s : length of the recording, 0 if unknown
    """

    cluster_id: int
    n_spikes: int
    template_ids: IntArray = field(repr=False)
    template_counts: IntArray = field(repr=False)
    duration_s: float = 0.0
    median: Callable[[int], float | None] = field(repr=False, compare=False, default=lambda _: None)

    @property
    def main_template(self) -> int:
        """The template with most of the spikes, the lowest id among equals."""
        return int(self.template_ids[np.argmax(self.template_counts)])

    @property
    def firing_rate(self) -> float | None:
        """Spikes per second, Hz; None if the duration is unknown."""
        return self.n_spikes / self.duration_s if self.duration_s > 0 else None

    @property
    def amplitude_median(self) -> float | None:
        """Median of the spike amplitudes, computed when first asked; None without amplitudes."""
        return self.median(self.cluster_id)


def merged(cluster_id: int, parts: Sequence[ClusterStats]) -> ClusterStats:
    """Return the statistics of a cluster made of whole clusters, by adding theirs."""
    ids = np.concatenate([p.template_ids for p in parts])
    counts = np.concatenate([p.template_counts for p in parts])
    distinct, rows = np.unique(ids, return_inverse=True)
    totals = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(totals, rows, counts)
    n_spikes = sum(p.n_spikes for p in parts)
    return ClusterStats(cluster_id, n_spikes, frozen(distinct), frozen(totals), parts[0].duration_s, parts[0].median)


class StatisticsTable:
    """Statistics of all clusters, computed in one pass at the start and for each new cluster when asked.

    Parameters
    ----------
    spike_templates : (n_spikes,) int, not negative
    amplitudes : (n_spikes,) float, or None
    duration_s : length of the recording, 0 if unknown
    """

    def __init__(
        self,
        assignment: Assignment,
        spike_templates: IntArray,
        amplitudes: FloatArray | None = None,
        duration_s: float = 0.0,
    ) -> None:
        self._assignment = assignment
        self._templates = spike_templates
        self._amplitudes = amplitudes
        self._duration_s = duration_s
        self._medians: dict[int, float | None] = {}
        self._stats: dict[int, ClusterStats] = {}
        for cluster, ids, counts in _all_counts(assignment, spike_templates):
            self._stats[cluster] = self._record(cluster, ids, counts)

    def get(self, cluster_id: int) -> ClusterStats:
        """Return the statistics of a cluster that exists, or that was asked for while it did.

        Raises
        ------
        ActionError : no such cluster
        """
        stats = self._stats.get(cluster_id)
        if stats is None:
            counts = np.bincount(self._templates[self._assignment.spikes(cluster_id)])
            ids = np.flatnonzero(counts)
            stats = self._stats[cluster_id] = self._record(cluster_id, ids, counts[ids])
        return stats

    def of_spikes(self, cluster_id: int, spike_ids: IntArray) -> ClusterStats:
        """Return the statistics of spikes as if they were a cluster; nothing is kept."""
        counts = np.bincount(self._templates[spike_ids])
        ids = np.flatnonzero(counts)
        amplitudes = self._amplitudes
        median = None if amplitudes is None else float(np.median(amplitudes[spike_ids]))
        return replace(self._record(cluster_id, ids, counts[ids]), median=lambda _id: median)

    def templates_of(self, cluster_id: int) -> tuple[IntArray, IntArray]:
        """Return the templates that a cluster's spikes came from, and the number of spikes of each."""
        stats = self.get(cluster_id)
        return stats.template_ids, stats.template_counts

    def update(self, delta: Delta) -> None:
        """Add up the statistics of merged clusters, which needs no spike."""
        if delta.kind == "merge" and delta.direction != "undo" and delta.added[0] not in self._stats:
            parts = [self._stats[c] for c in delta.removed if c in self._stats]
            if len(parts) == len(delta.removed):
                self._stats[delta.added[0]] = merged(delta.added[0], parts)

    def _record(self, cluster_id: int, template_ids: IntArray, counts: IntArray) -> ClusterStats:
        n_spikes = int(counts.sum())
        return ClusterStats(cluster_id, n_spikes, frozen(template_ids), frozen(counts), self._duration_s, self._median)

    def _median(self, cluster_id: int) -> float | None:
        """Median amplitude, kept."""
        if self._amplitudes is None:
            return None
        if cluster_id not in self._medians:
            values = self._amplitudes[self._assignment.spikes(cluster_id)]
            self._medians[cluster_id] = float(np.median(values))
        return self._medians[cluster_id]


def _all_counts(assignment: Assignment, templates: IntArray) -> list[tuple[int, IntArray, IntArray]]:
    """(cluster, template ids, counts) for all clusters."""
    cluster_ids = assignment.cluster_ids
    if not cluster_ids:
        return []
    n_templates = int(templates.max()) + 1
    if assignment.n_atoms * n_templates > _DENSE_LIMIT:
        return [(c, *np.unique(templates[assignment.spikes(c)], return_counts=True)) for c in cluster_ids]
    table = np.zeros(assignment.n_atoms * n_templates, dtype=np.int64)
    atoms = assignment.spike_atoms
    for start in range(0, len(templates), 1 << 18):  # in chunks the keys stay in the processor's cache
        here = slice(start, start + (1 << 18))
        keys = atoms[here] * np.int64(n_templates) + templates[here]
        table += np.bincount(keys, minlength=len(table))
    rows = np.zeros((len(cluster_ids), n_templates), dtype=np.int64)
    np.add.at(rows, np.searchsorted(cluster_ids, assignment.atom_clusters), table.reshape(-1, n_templates))
    found = [np.flatnonzero(row) for row in rows]
    return [(c, ids, row[ids]) for c, ids, row in zip(cluster_ids, found, rows, strict=True)]
