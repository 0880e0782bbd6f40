"""The cluster table and the similarity table as lists: rows, order and filter, without a window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from psygnal import Signal

from phy_medicine.curation.filter_completion import Completion, complete_filter
from phy_medicine.curation.filters import columns_in, compile_filter
from phy_medicine.curation.groups import DEFAULT_GROUPS
from phy_medicine.curation.order import SortKey, sort_rows
from phy_medicine.session.clusters import Cell, ClusterTable, Column

Rows = Callable[[], Sequence[int]]
Value = Callable[[int, str], Cell]
Columns = Callable[[], tuple[Column, ...]]
Filter = tuple[Callable[[Callable[[str], Cell]], bool] | None, tuple[str, ...]]
"""What tells whether a row is shown, and the columns that it asks for."""
NO_FILTER: Filter = (None, ())


class LateCells(Protocol):
    """Which cells come later than they are asked for."""

    def late(self, column: str) -> bool:
        """Whether the cells of a column come one after another."""

    def known(self, cluster_id: int, column: str) -> bool:
        """Whether a cell is there."""

    def missing(self, column: str, cluster_ids: Sequence[int]) -> int:
        """How many cells are not there, which has them computed."""

    def guess(self, cluster_id: int, column: str) -> Cell:
        """What stands for a cell while rows are sorted."""


class TableState:
    """Rows in the order and with the filter that a person chose; both last until changed.

    An order or a filter by a column of a plugin waits until all its cells are known; until then the rows stay as they
    are. A cell that comes later, of a new cluster, keeps its row in sight, placed like the cluster it came from.
    `changed` is emitted when rows, order or filter may differ from before.
    """

    changed = Signal()

    def __init__(
        self,
        rows: Rows,
        value: Value,
        columns: Columns,
        *,
        sort: Sequence[SortKey],
        all_columns: Columns | None = None,
        late: LateCells | None = None,
    ) -> None:
        self._rows = rows
        self._columns = columns
        self._all_columns = all_columns or columns
        self.value = value
        self._late = late
        self.sort_keys: tuple[SortKey, ...] = tuple(sort)
        self.filter_text = ""
        self._filter = NO_FILTER
        # What the rows are arranged by now.
        self._used: tuple[tuple[SortKey, ...], Filter] = self.sort_keys, self._filter
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

    def arrange(self, ids: Sequence[int], value: Value, late: LateCells | None = None) -> tuple[int, ...]:
        """Return ids filtered and sorted as this table is; late : which cells come later, if not those of the table."""
        (keys, (keep, columns)), late = self._used, late or self._late
        if late is None:
            return sort_rows([c for c in ids if keep is None or keep(partial(value, c))], keys, value)
        if keep is not None:
            names = tuple(c for c in columns if late.late(c))
            ids = [c for c in ids if keep(partial(value, c)) or not all(late.known(c, name) for name in names)]
        if not any(late.late(k.column) for k in keys):
            return sort_rows(ids, keys, value)
        return sort_rows(ids, keys, partial(_rank_value, value, late))

    def known(self, cluster_id: int, column: str) -> bool:
        """Tell whether a cell is there, and not still computed by a plugin."""
        return self._late is None or self._late.known(cluster_id, column)

    def _late_among(self, columns: Iterable[str]) -> tuple[str, ...]:
        late = self._late
        return () if late is None else tuple(c for c in columns if late.late(c))

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """Columns of plugins that an order or a filter waits for; empty when the rows are as they were asked for."""
        if self._used == (self.sort_keys, self._filter):
            return ()
        return self._late_among(dict.fromkeys((*(k.column for k in self.sort_keys), *self._filter[1])))

    def values_arrived(self, names: frozenset[str]) -> None:
        """Arrange the rows again if cells of these columns of plugins matter, or are all there at last."""
        keys, (_, columns) = self._used
        if self.waiting_for:
            self._settle()
        elif names & {*columns, *(k.column for k in keys)}:
            self.refresh()

    def _settle(self) -> bool:
        """Go over to the order and the filter asked for once all cells for them are known; tell whether they are."""
        columns, late = self.waiting_for, self._late
        ids = self._rows() if columns else ()
        # All are asked for, also when the first one lacks cells.
        n_missing = [late.missing(column, ids) for column in columns] if late is not None else []
        if any(n_missing):
            return False
        self._used = self.sort_keys, self._filter
        self.refresh()
        return True

    def sort(self, column: str, ascending: bool = True, *, add: bool = False) -> None:
        """Sort by a column; with `add` only among rows that are equal so far."""
        key = SortKey(column, ascending)
        others = tuple(k for k in self.sort_keys if k.column != column) if add else ()
        self.sort_keys = (*others, key)
        if not self._settle():
            self.changed.emit()

    def rename_sort(self, old: str, new: str) -> None:
        """Sort by a column that takes the place of another one, in the same direction; rows are not worked out yet."""

        def renamed(keys: Iterable[SortKey]) -> tuple[SortKey, ...]:
            return tuple(SortKey(new, k.ascending) if k.column == old else k for k in keys)

        self.sort_keys, self._used = renamed(self.sort_keys), (renamed(self._used[0]), self._used[1])

    def set_filter(self, expression: str) -> None:
        """Show only rows for which an expression holds; an empty one shows all.

        Raises
        ------
        FilterError : the expression cannot be understood; the filter stays as it was
        """
        text = expression.strip()
        self._filter = (compile_filter(text, self.column_names), columns_in(text)) if text else NO_FILTER
        self.filter_text = text
        if not self._settle():
            self.changed.emit()

    def completions(self, text: str, cursor: int) -> Completion:
        """Return what may follow in a filter that is being typed, as far as the cursor."""
        return complete_filter(text, cursor, self.column_names, self._texts_in)

    def _texts_in(self, column: str) -> list[str]:
        """Texts that occur in a column, in order; the usual groups whether they occur or not."""
        kind = next((c.kind for c in self._all_columns() if c.name == column), "")
        if kind not in ("text", "group"):
            return []
        cells = (self.value(c, column) for c in self._rows() if self.known(c, column))
        found = sorted({cell for cell in cells if isinstance(cell, str)}, key=str.casefold)
        usual = [group.name for group in DEFAULT_GROUPS] if kind == "group" else []
        return [*usual, *(text for text in found if text not in usual)]

    def refresh(self) -> None:
        """Work rows and order out again."""
        self._turn += 1
        self._visible = None
        self.changed.emit()


def _rank_value(value: Value, late: LateCells, cluster_id: int, column: str) -> Cell:
    """What a row is sorted by."""
    if late.known(cluster_id, column):
        return value(cluster_id, column)
    late.missing(column, (cluster_id,))
    return late.guess(cluster_id, column)


def cluster_table(clusters: ClusterTable) -> TableState:
    """Return the table of all clusters, most spikes first."""
    table = TableState(
        lambda: clusters.ids,
        clusters.shown,
        lambda: clusters.columns,
        sort=[SortKey("n_spikes", False)],
        all_columns=lambda: clusters.all_columns,
        late=clusters,
    )
    clusters.changed.connect(table.refresh)
    return table
