"""What is selected: clusters of the cluster table, then similar clusters, in colour order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from psygnal import Signal


@dataclass(frozen=True, slots=True)
class Selection:
    """An ordered selection in both tables; the position in `cluster_ids` gives the colour.

    workspace : whether `best_ids` are what is collected for a merge around the first of them, while similar clusters
        are only looked at
    """

    best_ids: tuple[int, ...] = ()
    similar_ids: tuple[int, ...] = ()
    workspace: bool = False

    @staticmethod
    def of(best_ids: Iterable[int], similar_ids: Iterable[int] = (), *, workspace: bool = False) -> Selection:
        """Return a selection without duplicates; a cluster of the cluster table is not a similar one as well."""
        best = tuple(dict.fromkeys(map(int, best_ids)))
        taken = set(best)
        similar = tuple(c for c in dict.fromkeys(map(int, similar_ids)) if c not in taken)
        return Selection(best, similar, workspace and bool(best))

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """All selected clusters in colour order."""
        return tuple(dict.fromkeys(self.best_ids + self.similar_ids))

    @property
    def reference_id(self) -> int | None:
        """The cluster that the similarity table compares with: the last one of the cluster table.

        In a workspace it is the first, which stays what others are collected around.
        """
        return self.best_ids[0 if self.workspace else -1] if self.best_ids else None

    @property
    def to_merge(self) -> tuple[int, ...]:
        """What a merge joins: all that is selected; of a workspace what is collected."""
        return self.best_ids if self.workspace else self.cluster_ids

    def with_similar(self, similar_ids: Iterable[int]) -> Selection:
        """Return the selection with other similar clusters."""
        return Selection.of(self.best_ids, similar_ids, workspace=self.workspace)

    def only(self, cluster_ids: Collection[int]) -> Selection:
        """Return the selection without the clusters that are not among these."""
        return Selection(
            tuple(c for c in self.best_ids if c in cluster_ids),
            tuple(c for c in self.similar_ids if c in cluster_ids),
            self.workspace and self.reference_id in cluster_ids,
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
        """The cluster that others are compared with."""
        return self._current.reference_id

    def set(self, best_ids: Iterable[int], similar_ids: Iterable[int] = (), *, workspace: bool = False) -> Selection:
        """Select clusters; emit `changed` if this differs from before."""
        selection = Selection.of(best_ids, similar_ids, workspace=workspace)
        if selection != self._current:
            self._current = selection
            self.changed.emit(selection)
        return selection
