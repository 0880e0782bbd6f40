"""What a lasso holds, where that must be read: work that any thread can do, in pieces, and stop between two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from phy_medicine.base.types import BoolArray, IntArray

Inside = Callable[[IntArray], BoolArray]
"""Tells which of some spikes are inside; in any thread, and always the same."""


class Piece(NamedTuple):
    """Spikes that were read, and which of them are inside."""

    n_read: int
    found: IntArray


def _nothing() -> None:
    """Check nothing."""


@dataclass(frozen=True, slots=True)
class LassoWork:
    """A lasso as it is now: whatever is shown or drawn later, it holds the same spikes.

    parts : spikes, and what tells which of them are inside; chunk : spikes read at once
    check : called before anything is read, raises when it cannot be known where all spikes belong
    quick : reading all takes less than some 50 ms
    """

    parts: tuple[tuple[IntArray, Inside], ...]
    chunk: int
    check: Callable[[], None] = _nothing
    quick: bool = False

    @property
    def n_spikes(self) -> int:
        """Spikes to read."""
        return sum(len(ids) for ids, _ in self.parts)

    def pieces(self) -> Iterator[Piece]:
        """Read piece by piece.

        Raises
        ------
        PhyMedError : it cannot be known where all spikes belong
        """
        self.check()
        for ids, inside in self.parts:
            for start in range(0, len(ids), self.chunk):
                chunk = ids[start : start + self.chunk]
                yield Piece(len(chunk), chunk[inside(chunk)])

    def spikes(self) -> IntArray:
        """Return the spikes inside, ascending, all read now in this thread.

        Raises
        ------
        PhyMedError : it cannot be known where all spikes belong
        """
        return union(piece.found for piece in self.pieces())


def union(parts: Iterable[IntArray]) -> IntArray:
    """Return the spikes of all parts, ascending, each once."""
    spikes: IntArray = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *parts]))
    return spikes
