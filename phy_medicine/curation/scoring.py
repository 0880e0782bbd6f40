"""How near a curation came to the truth: accuracy of every neuron, what is still wrong and who did it, labels.

The truth, the clusters at the start and the clusters of now are three labels of the same spikes. A *source* is a
neuron, or what makes spikes without being one: artifacts, and the sum of far-away neurons.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.curation.agreement import Agreement, agreement_of

SAME = 0.5
"""A cluster that agrees less with a neuron than this is not that neuron."""
PART = 0.2
"""A source is a part of a cluster that holds this share of its spikes, or that it fills to this share."""
PIECE = 0.05
"""What holds less of a neuron is a leftover, no piece of it."""
GOOD, MUA, NOISE = "good", "mua", "noise"

Kind = Literal["missed merge", "wrong merge", "missed split", "wrong split"]


@dataclass(frozen=True, slots=True)
class UnitScores:
    """The clusters that stand for neurons, one for each at most.

    unit_ids : (n_units,) int64, ascending
    cluster_ids : (n_units,) int64, -1 for a neuron that no cluster is
    accuracy, precision, recall : (n_units,) float64, 0 without a cluster
    """

    unit_ids: IntArray
    cluster_ids: IntArray
    accuracy: FloatArray
    precision: FloatArray
    recall: FloatArray

    @property
    def mean(self) -> float:
        """Mean accuracy of all neurons."""
        return float(self.accuracy.mean()) if len(self.accuracy) else 0.0


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something that is not as it truly is.

    kind : a *missed* one was there at the start, a *wrong* one was made by the curator
    sources : of a merge to be done and of a wrong split the one neuron, else what is in one cluster
    clusters : the pieces of the neuron, or the one cluster
    n : actions that would mend it
    """

    kind: Kind
    sources: tuple[int, ...]
    clusters: tuple[int, ...]
    n: int


@dataclass(frozen=True, slots=True)
class LabelCheck:
    """What a cluster is called, and what it should be called; given is "" for a cluster that was left unsorted."""

    cluster: int
    expected: str
    given: str
    right: bool


def match_units(found: Agreement, unit_ids: Collection[int]) -> UnitScores:
    """Find the cluster that is each neuron.

    Parameters
    ----------
    found : of the truth (A) with clusters (B)
    unit_ids : the neurons; other sources get no cluster, and count against one only as spikes too many

    Notes
    -----
    accuracy = tp / (tp + fn + fp), common spikes over spikes of either; the pairs are those of the assignment with the
    largest sum, none below 0.5. Two pairs of a row or column cannot both exceed 0.5, and pairs of exactly 0.5 that
    compete have one neuron or one cluster in common, so taking the best first gives that assignment.

    Source: Buccino et al. 2020, eLife 9:e61834 (SpikeInterface, comparison with ground truth); Kuhn 1955, Naval
    Research Logistics Quarterly 2:83, the assignment.
    """
    units = np.array(sorted(unit_ids), np.int64)
    row_of = {unit: row for row, unit in enumerate(units.tolist())}
    cluster_ids = np.full(len(units), -1, np.int64)
    accuracy, precision, recall = np.zeros((3, len(units)))
    good = np.flatnonzero(found.shares >= SAME)
    taken: set[int] = set()
    for pair in good[np.lexsort((found.columns[good], found.rows[good], -found.shares[good]))].tolist():
        row, column = row_of.get(int(found.a_ids[found.rows[pair]]), -1), int(found.columns[pair])
        if row < 0 or cluster_ids[row] >= 0 or column in taken:
            continue
        taken.add(column)
        cluster_ids[row] = found.b_ids[column]
        accuracy[row] = found.shares[pair]
        precision[row] = found.counts[pair] / found.b_counts[column]
        recall[row] = found.counts[pair] / found.a_counts[found.rows[pair]]
    return UnitScores(*map(frozen, (units, cluster_ids, accuracy, precision, recall)))


def mistakes(truth: IntArray, start: IntArray, now: IntArray, no_neurons: Collection[int] = ()) -> tuple[Mistake, ...]:
    """Say what is wrong with the clusters of now, by kind, then by the first cluster.

    Parameters
    ----------
    truth, start, now : (n_spikes,) int, source of each spike, its cluster at the start, its cluster now
    no_neurons : sources that are no neurons: their pieces need no merge, and to join two of them does no harm

    Notes
    -----
    What is common to a source and a cluster comes from the cluster of the start that most of it was in. Parts of one
    cluster that come from different ones were joined by the curator, those of the same one were never split; pieces of
    a neuron from different ones were never joined, those from the same one were split by the curator.
    """
    found = agreement_of(truth, now)
    origin = _origins(truth, start, now, found)
    merged, split = _merged(found, origin, frozenset(no_neurons)), _split(found, origin, frozenset(no_neurons))
    kinds = ("wrong merge", "wrong split", "missed merge", "missed split")
    return tuple(sorted((*merged, *split), key=lambda m: (kinds.index(m.kind), m.clusters)))


def check_labels(
    found: Agreement, groups: Mapping[int, str], artifacts: Collection[int], far: Collection[int]
) -> tuple[LabelCheck, ...]:
    """Compare the groups of clusters with what the clusters are, by cluster.

    Parameters
    ----------
    found : of the truth (A) with clusters (B)
    groups : of the clusters that have one
    artifacts, far : sources that are no neurons; far-away neurons may be called mua or noise

    Notes
    -----
    A cluster of one neuron is good, one with several parts is mua, one that is mostly an artifact or far-away neurons
    is noise.
    """
    parts, owners = _parts_of(found), _owners(found)
    checks = []
    for column, cluster in enumerate(found.b_ids.tolist()):
        owner = int(found.a_ids[found.rows[owners[column]]])
        given = groups.get(cluster, "")
        given = "" if given == "unsorted" else given
        if owner in artifacts or owner in far:
            expected, right = NOISE, given == NOISE or (owner in far and given == MUA)
        else:
            expected = GOOD if len(parts[column]) < 2 else MUA
            right = given == expected
        checks.append(LabelCheck(cluster, expected, given, right))
    return tuple(checks)


def total_score(before: float, after: float, right_labels: float) -> float:
    """Return 0 to 100: four fifths for what was gained of what could be, one fifth for the labels.

    Parameters
    ----------
    before, after : mean accuracy, 0 to 1; less than before gains nothing
    right_labels : share of the clusters that have the right label
    """
    gained = after if before >= 1 else (after - before) / (1 - before)
    return 100 * (0.8 * min(max(gained, 0.0), 1.0) + 0.2 * right_labels)


def _merged(found: Agreement, origin: IntArray, no_neurons: frozenset[int]) -> list[Mistake]:
    """Clusters that hold several sources."""
    every = []
    for column, pairs in enumerate(_parts_of(found)):
        sources = tuple(found.a_ids[found.rows[pairs]].tolist())
        if len(pairs) > 1 and not no_neurons.issuperset(sources):
            cluster = (int(found.b_ids[column]),)
            every += _counted("wrong merge", "missed split", sources, cluster, origin[pairs])
    return every


def _split(found: Agreement, origin: IntArray, no_neurons: frozenset[int]) -> list[Mistake]:
    """Neurons that own several clusters."""
    owned: dict[int, list[int]] = {}
    for pair in _owners(found).tolist():
        if found.counts[pair] >= PIECE * found.a_counts[found.rows[pair]]:
            owned.setdefault(int(found.rows[pair]), []).append(pair)
    every = []
    for row, pairs in owned.items():
        source = int(found.a_ids[row])
        if len(pairs) > 1 and source not in no_neurons:
            clusters = tuple(sorted(found.b_ids[found.columns[pairs]].tolist()))
            every += _counted("missed merge", "wrong split", (source,), clusters, origin[pairs])
    return every


def _counted(
    different: Kind, same: Kind, sources: tuple[int, ...], clusters: tuple[int, ...], origins: IntArray
) -> list[Mistake]:
    """One mistake for parts or pieces of different origin, one for those of the same."""
    n_different = len(np.unique(origins)) - 1
    n_same = len(origins) - 1 - n_different
    counted: tuple[tuple[Kind, int], ...] = ((different, n_different), (same, n_same))
    return [Mistake(kind, sources, clusters, n) for kind, n in counted if n]


def _origins(truth: IntArray, start: IntArray, now: IntArray, found: Agreement) -> IntArray:
    """(n_pairs,) cluster of the start that most spikes of each pair of source and cluster of now were in."""
    row, column = np.searchsorted(found.a_ids, truth), np.searchsorted(found.b_ids, now)
    keys = row * len(found.b_ids) + column
    pair = np.searchsorted(found.rows * len(found.b_ids) + found.columns, keys).astype(np.int32)
    inside = agreement_of(pair, start)
    order = np.lexsort((inside.columns, -inside.counts, inside.rows))
    first = order[np.searchsorted(inside.rows[order], np.arange(len(inside.a_ids)))]
    return np.asarray(inside.b_ids[inside.columns[first]])


def _parts_of(found: Agreement) -> list[list[int]]:
    """Pairs that are a part of each cluster, by source."""
    smaller = np.minimum(found.a_counts[found.rows], found.b_counts[found.columns])
    parts: list[list[int]] = [[] for _ in found.b_ids]
    for pair in np.flatnonzero(found.counts >= PART * smaller).tolist():
        parts[int(found.columns[pair])].append(pair)
    return parts


def _owners(found: Agreement) -> IntArray:
    """(n_clusters,) pair of each cluster with the source that has most of its spikes, of equals the smallest id."""
    order = np.lexsort((found.rows, -found.counts, found.columns))
    return np.asarray(order[np.searchsorted(found.columns[order], np.arange(len(found.b_ids)))])
