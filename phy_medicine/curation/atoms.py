"""Atoms: sets of spikes that were never separated, refined by splits and never joined again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from phy_medicine.base.types import IntArray, frozen

FEW_PARTS = 4
"""Up to here one pass per part beats one stable sort of the whole atom."""


class AtomTree:
    """Atoms of a recording; an atom that was cut keeps its id and points to the pieces.

    Parameters
    ----------
    spike_atoms : (n_spikes,) int32, first atom of each spike, 0 .. n_atoms - 1, kept and changed
    spikes : for each first atom its spike ids, int32 ascending
    """

    def __init__(self, spike_atoms: IntArray, spikes: list[IntArray]) -> None:
        self._spike_atoms = spike_atoms
        # None of an atom that was cut: its pieces have its spikes.
        self._spikes: list[IntArray | None] = [frozen(s) for s in spikes]
        self._sizes = [len(s) for s in spikes]
        self._pieces: dict[int, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self._spikes)

    @property
    def spike_atoms(self) -> IntArray:
        """Atom of each spike now, (n_spikes,) int32, read-only view that follows later splits."""
        return frozen(self._spike_atoms[:])

    def spikes(self, atom: int) -> IntArray:
        """Return the spike ids of an atom, cut or not, int32 ascending, read-only."""
        spikes = self._spikes[atom]
        if spikes is None:
            spikes = frozen(np.sort(np.concatenate([self.spikes(piece) for piece in self._pieces[atom]])))
        return spikes

    def n_spikes(self, atoms: Iterable[int]) -> int:
        """Return the number of spikes of some atoms together."""
        return sum(map(self._sizes.__getitem__, atoms))

    def expand(self, atoms: tuple[int, ...], values: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Replace each atom that was cut by its uncut pieces, which all take its value."""
        if self._pieces.keys().isdisjoint(atoms):
            return atoms, values
        pairs = {leaf: value for atom, value in zip(atoms, values, strict=True) for leaf in self._leaves(atom)}
        return tuple(pairs), tuple(pairs.values())

    def _leaves(self, atom: int) -> Iterator[int]:
        """Uncut atoms that an atom consists of now."""
        pieces = self._pieces.get(atom)
        if pieces is None:
            yield atom
            return
        for piece in pieces:
            yield from self._leaves(piece)

    def pieces(self, atom: int) -> tuple[int, ...]:
        """Return the atoms that an atom was cut into, none if it is whole."""
        return self._pieces.get(atom, ())

    def plan_cut(self, spike_ids: IntArray, parts: IntArray) -> list[tuple[int, IntArray, IntArray]]:
        """Return (atom, its chosen spikes, their parts) for each atom that holds some of the spikes.

        Parameters
        ----------
        spike_ids : (n,) int, ascending, no duplicates
        parts : (n,) int, the part each of these spikes goes to
        """
        atoms = self._spike_atoms[spike_ids]
        by_atom = np.argsort(atoms, kind="stable")
        starts = np.flatnonzero(np.diff(atoms[by_atom], prepend=-1)).tolist()
        stops = [*starts[1:], len(by_atom)]
        rows = (by_atom[start:stop] for start, stop in zip(starts, stops, strict=True))
        return [(int(atoms[r[0]]), spike_ids[r], parts[r]) for r in rows]

    def cut(self, atom: int, spike_ids: IntArray, parts: IntArray) -> list[tuple[int, int]]:
        """Cut an uncut atom so that each part has its own pieces; return (piece, part), -1 for the rest.

        Nothing is cut when the whole atom is one part.
        """
        spikes = self.spikes(atom)
        found = np.unique(parts).tolist()
        if len(found) == 1 and len(spike_ids) == len(spikes):
            return [(atom, found[0])]
        part_of = np.full(len(spikes), -1, dtype=np.int64)
        part_of[np.searchsorted(spikes, spike_ids)] = parts
        if len(spike_ids) < len(spikes):
            found.append(-1)
        groups = _by_value(spikes, part_of, found)
        first = len(self._spikes)
        pieces = tuple(range(first, first + len(groups)))
        self._spikes.extend(frozen(group) for group in groups)
        self._sizes.extend(len(group) for group in groups)
        self._pieces[atom] = pieces
        return list(zip(pieces, found, strict=True))

    def settle(self, atom: int) -> None:
        """Give the spikes of a cut atom their new atoms, once these can be looked up by other threads."""
        pieces = self._pieces.get(atom, ())
        for piece in pieces:
            self._spike_atoms[self.spikes(piece)] = piece
        if pieces:
            self._spikes[atom] = None


def _by_value(spikes: IntArray, part_of: IntArray, values: list[int]) -> list[IntArray]:
    """Spikes of each value, order kept."""
    if len(values) <= FEW_PARTS:
        return [spikes[part_of == value] for value in values]
    ranks = np.searchsorted(np.sort(values), part_of)
    order = np.argsort(ranks.astype(np.uint16 if len(values) < 65536 else np.int64), kind="stable")
    counts = np.bincount(ranks, minlength=len(values))
    groups = np.split(spikes[order], np.cumsum(counts)[:-1])
    return [groups[rank] for rank in np.searchsorted(np.sort(values), values)]
