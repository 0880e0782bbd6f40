"""The similarity table as a list: rows, order and filter, and what is known of each row and the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from phy_medicine.curation.order import SortKey
from phy_medicine.curation.selection import SelectionModel
from phy_medicine.session.clusters import SIMILARITY, Cell, ClusterTable, Column
from phy_medicine.session.pair_columns import COMBINED, PAIR_COLUMNS, PAIR_NAMES, pair_cell
from phy_medicine.session.similar import SimilarClusters
from phy_medicine.session.tables import TableState

if TYPE_CHECKING:
    from phy_medicine.session.pair_evidence import PairFacts


class SimilarityTable(TableState):
    """Clusters that resemble the reference, most similar first, without those selected in the cluster table.

    Beside the columns of the cluster table it has those of what is known of each row and the reference.
    """

    def __init__(self, clusters: ClusterTable, similar: SimilarClusters, selection: SelectionModel) -> None:
        super().__init__(
            self._similar_ids,
            self._cell,
            lambda: self._with_pairs(clusters.columns),
            sort=[SortKey(SIMILARITY.name, False)],
            all_columns=lambda: self._with_pairs(clusters.all_columns),
        )
        self._cells = self._late = _Cells(clusters, lambda: self.pairs, lambda: selection.reference_id)
        self.pairs: PairFacts | None = None
        """The evidence of pairs; set once, by the session."""
        self._clusters = clusters
        self._similar = similar
        self._selection = selection
        self._values: dict[int, float] = {}
        self._best_ids: tuple[int, ...] = ()
        clusters.changed.connect(self.refresh)
        similar.changed.connect(self.refresh)
        selection.changed.connect(self._follow)

    def rows_for(self, reference: int) -> tuple[int, ...]:
        """Return what the table would show for another reference, the selected clusters included."""
        if reference not in self._clusters:
            return ()
        values = self._similar.rows(reference)
        cells = _Cells(self._clusters, lambda: self.pairs, lambda: reference)

        def value(cluster_id: int, column: str) -> Cell:
            return values.get(cluster_id) if column == SIMILARITY.name else cells.value(cluster_id, column)

        return self.arrange(list(values), value, cells)

    def _follow(self) -> None:
        """Only another selection in the cluster table makes other rows."""
        if self._selection.best_ids != self._best_ids:
            self.refresh()

    def _similar_ids(self) -> list[int]:
        self._best_ids = self._selection.best_ids
        reference = self._selection.reference_id
        alive = reference is not None and reference in self._clusters
        self._values = self._similar.rows(reference) if alive and reference is not None else {}
        return [c for c in self._values if c not in self._best_ids]

    def _cell(self, cluster_id: int, column: str) -> Cell:
        return self._values.get(cluster_id) if column == SIMILARITY.name else self._cells.value(cluster_id, column)

    def _with_pairs(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        """The columns of the cluster table and those of pairs, but for one whose name a column of clusters has."""
        first, *others = columns
        pairs = [] if self.pairs is None else [c for c in PAIR_COLUMNS if not self._clusters.adds(c.name)]
        return (first, SIMILARITY, *pairs, *others)


class _Cells:
    """Cells of rows of which some are of the row and a reference, and come later.

    pairs : gives the evidence, None before there is any; reference : gives the cluster that rows are compared with
    """

    def __init__(
        self, clusters: ClusterTable, pairs: Callable[[], PairFacts | None], reference: Callable[[], int | None]
    ) -> None:
        self._clusters, self._pairs, self._reference = clusters, pairs, reference

    def value(self, cluster_id: int, column: str) -> Cell:
        """A cell; one of a pair that is not known yet is None, and asked for."""
        pairs, reference = self._pairs(), self._reference()
        if pairs is None or not self._of_pair(column):
            return self._clusters.shown(cluster_id, column)
        if reference is None or self.missing(column, (cluster_id,)):
            return None
        if column == COMBINED:
            return pairs.combined(reference, cluster_id)
        evidence = pairs.peek(reference, cluster_id)
        return None if evidence is None else pair_cell(evidence, column)

    def late(self, column: str) -> bool:
        return self._of_pair(column) or self._clusters.late(column)

    def known(self, cluster_id: int, column: str) -> bool:
        pairs, reference = self._pairs(), self._reference()
        if pairs is None or not self._of_pair(column):
            return self._clusters.known(cluster_id, column)
        if reference is None or reference == cluster_id:
            return True
        return pairs.known(reference, cluster_id) and (column != COMBINED or pairs.weights.known(reference))

    def missing(self, column: str, cluster_ids: Sequence[int]) -> int:
        pairs, reference = self._pairs(), self._reference()
        if pairs is None or not self._of_pair(column):
            return self._clusters.missing(column, cluster_ids)
        n_missing = 0 if reference is None else pairs.ask((reference, c) for c in cluster_ids)
        return n_missing or sum(not self.known(c, column) for c in cluster_ids)

    def guess(self, cluster_id: int, column: str) -> Cell:
        return None if self._of_pair(column) else self._clusters.guess(cluster_id, column)

    def _of_pair(self, column: str) -> bool:
        return column in PAIR_NAMES and not self._clusters.adds(column)
