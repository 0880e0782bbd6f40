"""How far two curations of the same spikes agree: by cluster, in all, in the groups, and what became of what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen

SAME = 0.5
"""Agreement above which two clusters are the same neuron: of each there is at most one such."""
NO_GROUP = "unsorted"
_CHUNK = 1 << 20
_MANY = 1 << 22

Kind = Literal["renamed", "merged", "split", "shared out"]


@dataclass(frozen=True, slots=True)
class Change:
    """Clusters of the one side that became clusters of the other; between them all spikes are the same.

    before, after : ids, ascending; n_spikes : of either side together
    """

    kind: Kind
    before: tuple[int, ...]
    after: tuple[int, ...]
    n_spikes: int


@dataclass(frozen=True)
class Agreement:
    """Which clusters of A share spikes with which of B, pairs without common spikes left out.

    a_ids, b_ids : (n_a,) and (n_b,) int64, ascending; a_counts, b_counts : int64, spikes of each
    rows, columns : (n_pairs,) int64, positions in `a_ids` and `b_ids`, by row, then by column
    counts : (n_pairs,) int64, common spikes
    """

    a_ids: IntArray
    b_ids: IntArray
    rows: IntArray
    columns: IntArray
    counts: IntArray

    @cached_property
    def a_counts(self) -> IntArray:
        return _totals(self.rows, self.counts, len(self.a_ids))

    @cached_property
    def b_counts(self) -> IntArray:
        return _totals(self.columns, self.counts, len(self.b_ids))

    @property
    def n_spikes(self) -> int:
        """Spikes of either side."""
        return int(self.counts.sum())

    @cached_property
    def shares(self) -> FloatArray:
        """Common spikes over spikes of either, of each pair, (n_pairs,) float64."""
        return jaccard(self.counts, self.a_counts[self.rows], self.b_counts[self.columns])

    @cached_property
    def best(self) -> IntArray:
        """Pair of each cluster of A with the highest agreement, (n_a,) int64; of equal ones the smallest id of B."""
        order = np.lexsort((self.columns, -self.shares, self.rows))
        return order[np.searchsorted(self.rows[order], np.arange(len(self.a_ids)))]

    @property
    def identical(self) -> IntArray:
        """Pairs of clusters with the very same spikes, positions of pairs, int64."""
        return np.flatnonzero(
            (self.counts == self.a_counts[self.rows]) & (self.counts == self.b_counts[self.columns])
        )  # fmt: skip

    @property
    def n_unchanged(self) -> int:
        """Spikes in clusters that are the same on both sides, whatever their number."""
        return int(self.counts[self.identical].sum())

    def rand_index(self) -> float:
        """Return the adjusted Rand index: 1 for the same clusters, about 0 for unrelated ones.

        Source: Hubert & Arabie 1985, J. Classification 2:193.
        """
        together, in_a, in_b = (_n_pairs(counts) for counts in (self.counts, self.a_counts, self.b_counts))
        expected = in_a * in_b / max(_n_pairs(np.array([self.n_spikes])), 1.0)
        most = (in_a + in_b) / 2
        return 1.0 if most == expected else (together - expected) / (most - expected)

    def same(self) -> IntArray:
        """Return the pairs that are the same neuron, agreement above `SAME`, as positions of pairs, by row."""
        return np.flatnonzero(self.shares > SAME)

    def changes(self) -> tuple[Change, ...]:
        """Return what became of what, by the first cluster; clusters that kept spikes and number are left out."""
        label = _components(self.rows, self.columns + len(self.a_ids), len(self.a_ids) + len(self.b_ids))
        order = np.argsort(label[self.rows], kind="stable")
        firsts = np.flatnonzero(np.diff(label[self.rows][order], prepend=-1))
        found = []
        for part in np.split(order, firsts[1:]):
            before = tuple(self.a_ids[np.unique(self.rows[part])].tolist())
            after = tuple(self.b_ids[np.unique(self.columns[part])].tolist())
            if before != after or len(before) > 1:
                found.append(Change(_kind(len(before), len(after)), before, after, int(self.counts[part].sum())))
        return tuple(sorted(found, key=lambda change: change.before))


@dataclass(frozen=True, slots=True)
class GroupTable:
    """How the groups of the one side stand to those of the other.

    names : of the groups; counts : (n, n) int64, group in A by group in B
    """

    names: tuple[str, ...]
    counts: IntArray

    @property
    def kappa(self) -> float | None:
        """Agreement beyond chance, 1 when all are the same; None where chance alone makes them so.

        Source: Cohen 1960, Educ. Psychol. Meas. 20:37.
        """
        total = float(self.counts.sum())
        if not total:
            return None
        found = float(np.trace(self.counts)) / total
        chance = float(self.counts.sum(axis=1) @ self.counts.sum(axis=0)) / total**2
        return None if chance == 1 else (found - chance) / (1 - chance)


def agreement_of(a: IntArray, b: IntArray) -> Agreement:
    """Count the spikes of each pair of clusters; memory goes with the pairs, not with clusters times clusters.

    Parameters
    ----------
    a, b : (n_spikes,) int of 32 bits at most, mapped files too, the cluster of each spike

    Raises
    ------
    ValueError : they are of different length
    """
    if a.shape != b.shape:
        raise ValueError(f"{len(a)} and {len(b)} spikes")
    keys: IntArray = np.zeros(0, np.int64)
    counts: IntArray = np.zeros(0, np.int64)
    waiting: list[tuple[IntArray, IntArray]] = []
    for start in range(0, len(a), _CHUNK):
        here = slice(start, start + _CHUNK)
        joined = (np.asarray(a[here], np.int64) << 32) + np.asarray(b[here], np.int64)
        waiting.append(np.unique(joined, return_counts=True))
        if sum(len(found) for found, _ in waiting) > _MANY:
            keys, counts = _added(keys, counts, waiting)
            waiting = []
    keys, counts = _added(keys, counts, waiting)
    # The lower half is B, which may be negative and then borrows from the upper one.
    low = (keys & 0xFFFFFFFF).astype(np.uint32).view(np.int32).astype(np.int64)
    high = (keys - low) >> 32
    a_ids, rows = np.unique(high, return_inverse=True)
    b_ids, columns = np.unique(low, return_inverse=True)
    order = np.lexsort((columns, rows))
    return Agreement(*map(frozen, (a_ids, b_ids, rows[order], columns[order], counts[order])))


def jaccard(common: IntArray, in_a: IntArray, in_b: IntArray) -> FloatArray:
    """Return common spikes over spikes of either, float64; 0 where there are none."""
    return np.asarray(common / np.maximum(in_a + in_b - common, 1), np.float64)


def groups_by_spike(found: Agreement, a: Mapping[int, str], b: Mapping[int, str]) -> GroupTable:
    """Return how many spikes have which group on either side; a, b : group of each cluster that has one."""
    return _group_table(found, np.arange(len(found.counts)), a, b, found.counts)


def groups_by_cluster(found: Agreement, a: Mapping[int, str], b: Mapping[int, str]) -> GroupTable:
    """Return how many neurons, which both sides have as a cluster, have which group on either side."""
    same = found.same()
    return _group_table(found, same, a, b, np.ones(len(same), np.int64))


def _group_table(
    found: Agreement, pairs: IntArray, a: Mapping[int, str], b: Mapping[int, str], weights: IntArray
) -> GroupTable:
    first = [a.get(c, NO_GROUP) for c in found.a_ids[found.rows[pairs]].tolist()]
    second = [b.get(c, NO_GROUP) for c in found.b_ids[found.columns[pairs]].tolist()]
    names = tuple(sorted({*first, *second}))
    place = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (_places(first, place), _places(second, place)), weights)
    return GroupTable(names, frozen(counts))


def _places(names: Iterable[str], place: Mapping[str, int]) -> IntArray:
    return np.array([place[name] for name in names], np.int64)


def _added(
    keys: IntArray, counts: IntArray, more: list[tuple[IntArray, IntArray]]
) -> tuple[IntArray, IntArray]:  # fmt: skip
    """Join counted keys."""
    every = np.concatenate([keys, *(found for found, _ in more)])
    weights = np.concatenate([counts, *(n for _, n in more)])
    distinct, inverse = np.unique(every, return_inverse=True)
    return distinct, _totals(inverse, weights, len(distinct))


def _totals(places: IntArray, counts: IntArray, n: int) -> IntArray:
    total = np.zeros(n, np.int64)
    np.add.at(total, places, counts)
    return frozen(total)


def _n_pairs(counts: IntArray) -> float:
    """Number of pairs of spikes of the same cluster; as float, for 10^9 spikes make 10^18."""
    wide = counts.astype(np.float64)
    return float((wide * (wide - 1) / 2).sum())


def _components(first: IntArray, second: IntArray, n: int) -> IntArray:
    """Smallest member of the connected part of each of n nodes, (n,) int64."""
    label = np.arange(n)
    while True:
        low = np.minimum(label[first], label[second])
        after = label.copy()
        np.minimum.at(after, first, low)
        np.minimum.at(after, second, low)
        after = after[after]
        if np.array_equal(after, label):
            return label
        label = after


def _kind(n_before: int, n_after: int) -> Kind:
    if n_before == 1:
        return "renamed" if n_after == 1 else "split"
    return "merged" if n_after == 1 else "shared out"
