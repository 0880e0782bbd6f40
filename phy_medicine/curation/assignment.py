"""Which spike belongs to which cluster, through atoms, so that merge and undo touch no spike."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray, frozen
from phy_medicine.curation.atoms import AtomTree

MAX_ID = 2**31 - 1
"""Cluster ids are stored as int32."""

_CHUNK = 1 << 18  # spikes looked up at a time; 12 ms for 10 M spikes, in one go 21 ms


class Patch:
    """A change of the assignment: each atom, with whatever is split off it later, joins a cluster.

    Kept in 8 bytes an atom: the history of a long session holds thousands of patches.
    """

    __slots__ = ("_atoms", "_cluster_ids")

    def __init__(self, atoms: Iterable[int], cluster_ids: Iterable[int]) -> None:
        self._atoms = array("i", atoms)
        self._cluster_ids = array("i", cluster_ids)

    @property
    def atoms(self) -> tuple[int, ...]:
        """The atoms that move."""
        return tuple(self._atoms)

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """The cluster that each joins."""
        return tuple(self._cluster_ids)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Patch):
            return NotImplemented
        return (self._atoms, self._cluster_ids) == (other._atoms, other._cluster_ids)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Patch({self.atoms}, {self.cluster_ids})"


class Assignment:
    """Spike to atom to cluster.

    Parameters
    ----------
    spike_clusters : (n_spikes,) int, starting labels, not kept
    next_id : smallest id a new cluster may get; raised to the largest label plus 1

    Raises
    ------
    ActionError : a label does not fit into int32
    """

    def __init__(self, spike_clusters: IntArray, next_id: int = 0) -> None:
        labels = np.asarray(spike_clusters).reshape(-1)
        cluster_ids, spike_atoms, spikes = _group(labels)
        if cluster_ids and not -MAX_ID <= cluster_ids[0] <= cluster_ids[-1] < MAX_ID:
            raise ActionError(f"Cluster ids must fit into 32 bits, found {cluster_ids[0]} to {cluster_ids[-1]}.")
        self._n_spikes = len(labels)
        self._tree = AtomTree(spike_atoms, spikes)
        self._cluster_of = np.array(cluster_ids, dtype=np.int32)
        self._atoms_of: dict[int, set[int]] = {cluster: {atom} for atom, cluster in enumerate(cluster_ids)}
        self._counts = {cluster: len(s) for cluster, s in zip(cluster_ids, spikes, strict=True)}
        self._joined: dict[int, IntArray] = {}
        self._ids: tuple[int, ...] | None = None
        self._next_id = max(next_id, cluster_ids[-1] + 1 if cluster_ids else 0)

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return self._n_spikes

    @property
    def n_atoms(self) -> int:
        """Number of atoms ever made, cut ones included."""
        return len(self._tree)

    @property
    def next_id(self) -> int:
        """The id of the next new cluster; it only grows."""
        return self._next_id

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """Ids of the clusters that have spikes, ascending; the same object until they change."""
        if self._ids is None:
            self._ids = tuple(sorted(self._atoms_of))
        return self._ids

    @property
    def spike_atoms(self) -> IntArray:
        """Atom of each spike now, (n_spikes,) int32, read-only."""
        return self._tree.spike_atoms

    @property
    def atom_clusters(self) -> IntArray:
        """Cluster of each atom now, (n_atoms,) int32, a copy; of a cut atom the value is the last it had."""
        return self._cluster_of.copy()

    def contains(self, cluster_id: int) -> bool:
        """Say whether the cluster has spikes."""
        return cluster_id in self._atoms_of

    def count(self, cluster_id: int) -> int:
        """Return the number of spikes of a cluster, 0 if there is no such cluster."""
        return self._counts.get(cluster_id, 0)

    def counts(self, cluster_ids: Sequence[int]) -> IntArray:
        """Return the number of spikes of each cluster, int64."""
        return np.array([self._counts.get(c, 0) for c in cluster_ids], dtype=np.int64)

    def spikes(self, cluster_id: int) -> IntArray:
        """Return the spike ids of a cluster, (n,) int32 ascending, read-only.

        Raises
        ------
        ActionError : no such cluster
        """
        atoms = self._atoms_of.get(cluster_id)
        if atoms is None:
            raise ActionError(f"There is no cluster {cluster_id}.")
        if len(atoms) == 1:
            return self._tree.spikes(*atoms)
        if cluster_id not in self._joined:
            spikes = np.concatenate([self._tree.spikes(atom) for atom in atoms])
            spikes.sort(kind="stable")
            self._joined[cluster_id] = frozen(spikes)
        return self._joined[cluster_id]

    def labels_of(self, spike_ids: IntArray) -> IntArray:
        """Return the cluster of each spike, (n,) int32."""
        atoms = self._tree.spike_atoms[spike_ids]  # before the table, which may grow in another thread
        labels: IntArray = self._cluster_of[atoms]
        return labels

    def labels(self) -> IntArray:
        """Return the cluster of every spike, (n_spikes,) int32, a new array."""
        labels = np.empty(self._n_spikes, dtype=np.int32)
        for start in range(0, self._n_spikes, _CHUNK):
            here = slice(start, start + _CHUNK)
            labels[here] = self._cluster_of[self._tree.spike_atoms[here]]
        return labels

    def merge_patch(self, cluster_ids: Sequence[int], new_id: int) -> Patch:
        """Return the patch that puts whole clusters into one."""
        atoms = tuple(chain.from_iterable(self._atoms_of[c] for c in cluster_ids))
        return Patch(atoms, (new_id,) * len(atoms))

    def split_patch(
        self, spike_ids: IntArray, parts: IntArray, part_ids: Sequence[int], rest: Mapping[int, int]
    ) -> Patch:
        """Cut atoms where needed and return the patch of a split; labels do not change yet.

        Parameters
        ----------
        spike_ids : (n,) int ascending, no duplicates
        parts : (n,) int, for each spike a position in `part_ids`
        part_ids : cluster id of each part
        rest : old cluster id -> cluster id of its other spikes
        """
        moves: dict[int, int] = {}
        for atom, chosen, chosen_parts in self._tree.plan_cut(spike_ids, parts):
            for piece, part in self._cut(atom, chosen, chosen_parts):
                if part >= 0:
                    moves[piece] = part_ids[part]
        for old, new in rest.items():
            moves |= {atom: new for atom in self._atoms_of[old] if atom not in moves}
        return Patch(tuple(moves), tuple(moves.values()))

    def clusters_of(self, atoms: Sequence[int]) -> tuple[int, ...]:
        """Return the cluster of each atom now."""
        return tuple(self._cluster_of[list(atoms)].tolist())

    def expand(self, patch: Patch) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the uncut atoms that a patch moves now, and the cluster of each."""
        return self._tree.expand(patch.atoms, patch.cluster_ids)

    def patch_spikes(self, patch: Patch) -> dict[int, IntArray]:
        """Return for each cluster the spikes that a patch would move to it, (n,) int64 ascending."""
        pieces: dict[int, list[IntArray]] = {}
        for atom, cluster in zip(*self.expand(patch), strict=True):
            pieces.setdefault(cluster, []).append(self._tree.spikes(atom))
        return {cluster: np.sort(np.concatenate(found)).astype(np.int64) for cluster, found in pieces.items()}

    def apply(self, patch: Patch) -> Patch:
        """Move atoms to their clusters and return the patch that moves them back.

        Raises
        ------
        ActionError : the patch names an unknown atom
        """
        named = patch.atoms
        if named and not 0 <= min(named) <= max(named) < self.n_atoms:
            raise ActionError("This change belongs to another dataset: it names unknown sets of spikes.")
        atoms, targets = self.expand(patch)
        before = self.clusters_of(atoms)
        self._move(atoms, before, targets)
        return Patch(atoms, before)

    def _move(self, atoms: tuple[int, ...], before: tuple[int, ...], after: tuple[int, ...]) -> None:
        """Take atoms out of their clusters and put them into others."""
        sources, targets = set(before), set(after)
        for cluster in sources:
            self._atoms_of[cluster].difference_update(atoms)
        if len(targets) == 1:
            self._atoms_of.setdefault(after[0], set()).update(atoms)
        else:
            for atom, cluster in zip(atoms, after, strict=True):
                self._atoms_of.setdefault(cluster, set()).add(atom)
        self._cluster_of[list(atoms)] = after
        for cluster in sources | targets:
            self._joined.pop(cluster, None)
            if members := self._atoms_of[cluster]:
                self._counts[cluster] = self._tree.n_spikes(members)
            else:
                del self._atoms_of[cluster], self._counts[cluster]
        self._ids = None
        self._next_id = max(self._next_id, max(targets, default=-1) + 1)

    def _cut(self, atom: int, spike_ids: IntArray, parts: IntArray) -> list[tuple[int, int]]:
        """Cut an atom; its pieces stay in its cluster."""
        pieces = self._tree.cut(atom, spike_ids, parts)
        if self._tree.pieces(atom):
            cluster = int(self._cluster_of[atom])
            added = np.full(len(pieces), cluster, dtype=np.int32)
            self._cluster_of = np.concatenate([self._cluster_of, added])
            self._tree.settle(atom)
            self._atoms_of[cluster].remove(atom)
            self._atoms_of[cluster].update(piece for piece, _ in pieces)
        return pieces


def _group(labels: IntArray) -> tuple[list[int], IntArray, list[IntArray]]:
    """Distinct labels ascending, dense row of each spike (int32), spikes of each label (int32 ascending)."""
    if not len(labels):
        return [], np.zeros(0, dtype=np.int32), []
    low, high = int(labels.min()), int(labels.max())
    if high - low < 65536:
        wide = labels if labels.dtype.itemsize >= 4 else labels.astype(np.int32)
        keys = (wide - wide.dtype.type(low)).astype(np.uint16)
        counts = _counts(keys, high - low + 1)
        values = np.flatnonzero(counts)
        rows = (np.cumsum(counts > 0) - 1).astype(np.int32)[keys]
        order = _sort_by_key(keys, counts)
        cluster_ids, counts = (values + low).tolist(), counts[values]
    else:
        distinct, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
        cluster_ids, rows = distinct.tolist(), inverse.astype(np.int32)
        order = np.argsort(inverse, kind="stable").astype(np.int32)
    stops = np.cumsum(counts).tolist()
    return cluster_ids, rows, [order[a:b] for a, b in zip([0, *stops[:-1]], stops, strict=True)]


def _counts(keys: IntArray, n_keys: int) -> IntArray:
    """Number of each key, int64."""
    counts = np.zeros(n_keys, dtype=np.int64)
    size = max(_CHUNK, n_keys)
    for start in range(0, len(keys), size):
        counts += np.bincount(keys[start : start + size], minlength=n_keys)
    return counts


def _sort_by_key(keys: IntArray, counts: IntArray) -> IntArray:
    """Stable sorting order of 16-bit keys, int32.

    In chunks, because numpy sorts 16-bit keys by radix and a chunk stays in the processor's cache: 0.15 s for
    10 M spikes the first time, in one go 0.2 to 0.4 s and 240 MB more.
    """
    size = max(1 << 16, 2 * len(counts))
    order = np.empty(len(keys), dtype=np.int32)
    place = np.cumsum(counts) - counts
    ranks = np.arange(min(size, len(keys)))
    for start in range(0, len(keys), size):
        chunk = keys[start : start + size]
        found = np.bincount(chunk, minlength=len(counts))
        before = np.cumsum(found) - found
        order[ranks[: len(chunk)] + np.repeat(place - before, found)] = np.argsort(chunk, kind="stable") + start
        place += found
    return order
