"""What is selected: clusters of the cluster table, then similar clusters, in colour order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from psygnal import Signal


@dataclass(frozen=True, slots=True)
class Selection:
    """An ordered selection in both tables; the position in `cluster_ids` gives the colour."""

    best_ids: tuple[int, ...] = ()
    similar_ids: tuple[int, ...] = ()

    @staticmethod
    def of(best_ids: Iterable[int], similar_ids: Iterable[int] = ()) -> Selection:
        """Return a selection without duplicates; a cluster of the cluster table is not a similar one as well."""
        best = tuple(dict.fromkeys(map(int, best_ids)))
        taken = set(best)
        return Selection(best, tuple(c for c in dict.fromkeys(map(int, similar_ids)) if c not in taken))

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """All selected clusters in colour order."""
        return tuple(dict.fromkeys(self.best_ids + self.similar_ids))

    @property
    def reference_id(self) -> int | None:
        """The cluster that the similarity table compares with: the last one of the cluster table."""
        return self.best_ids[-1] if self.best_ids else None

    def only(self, cluster_ids: Collection[int]) -> Selection:
        """Return the selection without the clusters that are not among these."""
        return Selection(
            tuple(c for c in self.best_ids if c in cluster_ids),
            tuple(c for c in self.similar_ids if c in cluster_ids),
        )


class SelectionModel:
    """The one owner of the current selection; tables and views only show it."""

    changed = Signal(Selection)

    def __init__(self) -> None:
        self._current = Selection()

    @property
    def current(self) -> Selection:
        """The selection now."""
        return self._current

    @property
    def best_ids(self) -> tuple[int, ...]:
        """Clusters selected in the cluster table."""
        return self._current.best_ids

    @property
    def similar_ids(self) -> tuple[int, ...]:
        """Clusters selected in the similarity table."""
        return self._current.similar_ids

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """All selected clusters in colour order."""
        return self._current.cluster_ids

    @property
    def reference_id(self) -> int | None:
        """The last cluster selected in the cluster table."""
        return self._current.reference_id

    def set(self, best_ids: Iterable[int], similar_ids: Iterable[int] = ()) -> Selection:
        """Select clusters; emit `changed` if this differs from before."""
        selection = Selection.of(best_ids, similar_ids)
        if selection != self._current:
            self._current = selection
            self.changed.emit(selection)
        return selection
