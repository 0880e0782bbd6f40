"""The cluster table and the similarity table as lists: rows, order and filter, without a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from psygnal import Signal

from phy_medicine.curation.filters import compile_filter
from phy_medicine.curation.order import SortKey, sort_rows
from phy_medicine.curation.selection import SelectionModel
from phy_medicine.session.clusters import SIMILARITY, Cell, ClusterTable, Column
from phy_medicine.session.similar import SimilarClusters

Rows = Callable[[], Sequence[int]]
Value = Callable[[int, str], Cell]
Columns = Callable[[], tuple[Column, ...]]


class TableState:
    """Rows in the order and with the filter that a person chose; both last until changed.

    `changed` is emitted when rows, order or filter may differ from before.
    """

    changed = Signal()

    def __init__(
        self, rows: Rows, value: Value, columns: Columns, *, sort: Sequence[SortKey], all_columns: Columns | None = None
    ) -> None:
        self._rows = rows
        self._columns = columns
        self._all_columns = all_columns or columns
        self.value = value
        self.sort_keys: tuple[SortKey, ...] = tuple(sort)
        self.filter_text = ""
        self._keep: Callable[[Callable[[str], Cell]], bool] | None = None
        self._visible: tuple[int, ...] | None = None
        self._turn = 0
        self._n_total = 0

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns in their natural order."""
        return self._columns()

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, as used in filters and sorts, also of those that are not shown now."""
        return tuple(c.name for c in self._all_columns())

    @property
    def n_shown(self) -> int:
        """Number of rows that pass the filter."""
        return len(self.visible_ids())

    @property
    def n_total(self) -> int:
        """Number of rows without a filter."""
        self.visible_ids()
        return self._n_total

    def visible_ids(self) -> tuple[int, ...]:
        """Return the clusters from top to bottom."""
        visible = self._visible
        if visible is None:
            turn, ids = self._turn, self._rows()
            self._n_total = len(ids)
            visible = self.arrange(ids, self.value)
            if turn == self._turn:  # a worker may have brought other values meanwhile
                self._visible = visible
        return visible

    def arrange(self, ids: Sequence[int], value: Value) -> tuple[int, ...]:
        """Return ids filtered and sorted as this table is."""
        keep = self._keep
        if keep is not None:
            ids = [c for c in ids if keep(partial(value, c))]
        return sort_rows(ids, self.sort_keys, value)

    def sort(self, column: str, ascending: bool = True, *, add: bool = False) -> None:
        """Sort by a column; with `add` only among rows that are equal so far."""
        key = SortKey(column, ascending)
        others = tuple(k for k in self.sort_keys if k.column != column) if add else ()
        self.sort_keys = (*others, key)
        self.refresh()

    def rename_sort(self, old: str, new: str) -> None:
        """Sort by a column that takes the place of another one, in the same direction; rows are not worked out yet."""
        self.sort_keys = tuple(SortKey(new, k.ascending) if k.column == old else k for k in self.sort_keys)

    def set_filter(self, expression: str) -> None:
        """Show only rows for which an expression holds; an empty one shows all.

        Raises
        ------
        FilterError : the expression cannot be understood; the filter stays as it was
        """
        text = expression.strip()
        self._keep = compile_filter(text, self.column_names) if text else None
        self.filter_text = text
        self.refresh()

    def refresh(self) -> None:
        """Work rows and order out again."""
        self._turn += 1
        self._visible = None
        self.changed.emit()


def cluster_table(clusters: ClusterTable) -> TableState:
    """Return the table of all clusters, most spikes first."""
    table = TableState(
        lambda: clusters.ids,
        clusters.shown,
        lambda: clusters.columns,
        sort=[SortKey("n_spikes", False)],
        all_columns=lambda: clusters.all_columns,
    )
    clusters.changed.connect(table.refresh)
    return table


class SimilarityTable(TableState):
    """Clusters that resemble the reference, most similar first, without those selected in the cluster table."""

    def __init__(self, clusters: ClusterTable, similar: SimilarClusters, selection: SelectionModel) -> None:
        super().__init__(
            self._similar_ids,
            self._cell,
            lambda: _with_similarity(clusters.columns),
            sort=[SortKey(SIMILARITY.name, False)],
            all_columns=lambda: _with_similarity(clusters.all_columns),
        )
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
        return self.arrange(list(values), lambda c, column: self._cell_of(values, c, column))

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
        return self._cell_of(self._values, cluster_id, column)

    def _cell_of(self, values: Mapping[int, float], cluster_id: int, column: str) -> Cell:
        return values.get(cluster_id) if column == SIMILARITY.name else self._clusters.shown(cluster_id, column)


def _with_similarity(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    first, *others = columns
    return (first, SIMILARITY, *others)
