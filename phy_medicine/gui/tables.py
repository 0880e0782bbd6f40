"""The cluster table and the similarity table: they show session tables and pass clicks on to the session."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from phy_medicine.curation.filter_completion import Completion
from phy_medicine.gui.filter_box import FilterBox
from phy_medicine.gui.qt import QtGui, QtWidgets
from phy_medicine.gui.table_delegate import CellDelegate, RowLook
from phy_medicine.gui.table_grid import Grid
from phy_medicine.gui.table_header import ColumnHeader
from phy_medicine.gui.table_model import ClusterModel, RowSource
from phy_medicine.session.columns import LABEL
from phy_medicine.session.snippets import SnippetHistory
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.curation.order import SortKey
    from phy_medicine.curation.selection import Selection
    from phy_medicine.session.clusters import Column


class TableSource(RowSource, Protocol):
    """A session table: rows, order and filter."""

    n_shown: int
    n_total: int
    filter_text: str
    sort_keys: Sequence[SortKey]

    def sort(self, column: str, ascending: bool = ..., *, add: bool = ...) -> None:
        """Sort by a column; `add` keeps the present order among equal values."""

    def completions(self, text: str, cursor: int) -> Completion:
        """What may follow in a filter that is being typed."""


def clicked(
    selected: Sequence[int], visible: Sequence[int], cluster_id: int, *, toggle: bool, extend: bool
) -> list[int]:
    """Return the selection after a click on a row.

    selected : ids in colour order; visible : rows from top to bottom; toggle : Ctrl held; extend : Shift held, adds
    all rows from the last selected one to the clicked one
    """
    if toggle:
        return [c for c in selected if c != cluster_id] if cluster_id in selected else [*selected, cluster_id]
    rows = {c: row for row, c in enumerate(visible)}
    anchor = next((rows[c] for c in reversed(selected) if c in rows), None)
    if not extend or anchor is None:
        return [cluster_id]
    step = 1 if rows[cluster_id] >= anchor else -1
    span = visible[anchor::step][: abs(rows[cluster_id] - anchor) + 1]
    return list(dict.fromkeys([*selected, *span]))


class ClusterTableWidget(QtWidgets.QWidget):
    """A filter box over rows of clusters."""

    def __init__(
        self,
        source: TableSource,
        look_of: Callable[[int], RowLook],
        apply_filter: Callable[[str], object],
        is_alive: Callable[[int], bool],
        theme: Theme,
        *,
        hidden: Callable[[Sequence[Column]], Sequence[str]] = lambda columns: (),
        sample_ids: Sequence[int] = (),
        history: SnippetHistory | None = None,
    ) -> None:
        super().__init__()
        self.source = source
        self._selected: tuple[int, ...] = ()
        self.model = ClusterModel(source, is_alive)
        self.header = ColumnHeader(self.model, theme)
        self.delegate = CellDelegate(self.model, look_of, lambda c: c in self._selected, theme)
        self.grid = Grid(self.model, self.delegate, self.header)
        self._points = theme.points
        self.filter_box = FilterBox(apply_filter, history or SnippetHistory(), source.completions)
        self._hidden = hidden
        # Qt owns them, so that they go with the table and not in whichever thread collects garbage.
        self.model.setParent(self)
        self.delegate.setParent(self)
        self._sample_ids = tuple(sample_ids)
        self.selected_now: Callable[[], Sequence[int]] = lambda: self._selected
        self.on_select: Callable[[list[int]], object] = lambda ids: None
        self.on_send: Callable[[int], object] = lambda cluster_id: None
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filter_box)
        column.addWidget(self.grid)
        self.setFocusProxy(self.grid)
        self.filter_box.done.connect(self.grid.setFocus)
        self.header.sort_asked.connect(self._sort)
        self.header.order_asked.connect(lambda column, ascending: self.source.sort(column, ascending))
        self.header.copy_asked.connect(self.grid.copy)
        self.header.repaint_asked.connect(self.grid.viewport().update)
        self.grid.row_clicked.connect(self._clicked)
        self.grid.row_sent.connect(lambda row: self.on_send(self.model.ids[row]))
        self._was_hidden = frozenset(self.hidden)
        self.header.fit(self.hidden, self._sample_ids)
        self.refill()

    @property
    def hidden(self) -> tuple[str, ...]:
        """Columns that are not shown until a person asks for them."""
        return tuple(self._hidden(self.model.columns))

    def refill(self) -> None:
        """Show the rows, order, filter and count of the session's table."""
        before, columns = self.model.columns, tuple(self.source.columns)
        new = columns != before or frozenset(self._hidden(columns)) != self._was_hidden
        arrangement = self.header.to_state() if new else {}
        self.model.refill(columns)
        if new:
            self._fit_new_columns(before, arrangement)
        self.header.show_sort([(k.column, k.ascending) for k in self.source.sort_keys])
        self.filter_box.show_filter(self.source.filter_text)
        self.filter_box.show_count(self.source.n_shown, self.source.n_total)
        self.grid.viewport().update()

    def show_cells(self, names: Collection[str]) -> None:
        """Write the cells of these columns again, since a plugin computed some."""
        self.model.forget_columns(names)
        self.header.widen(names, self.model.ids[:200])
        self.grid.viewport().update()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours, and text of another size."""
        resized = theme.points != self._points
        self._points = theme.points
        self.header.set_theme(theme)
        self.delegate.set_theme(theme)
        if resized:
            self.grid.fit_rows()
            self.filter_box.fit_text()
            self.header.fit(self.hidden, self._sample_ids)
            self.fit_width()
        self.grid.viewport().update()

    def fit_width(self) -> None:
        """Hide the least telling columns where there is no room for all; only for a table nobody has arranged."""
        if not self.header.arranged:
            room = self.grid.width() - self.grid.verticalScrollBar().sizeHint().width()
            self.header.hide_until_fit(room, self.hidden)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self.layout().activate()
        self.fit_width()

    def _fit_new_columns(self, before: Sequence[Column], state: dict[str, Any]) -> None:
        """Keep the widths and the order of columns that were there when a label field is added.

        Another choice of columns is shown as it is, unless a person has arranged them.
        """
        names = {c.name for c in before}
        now = [c.name for c in self.model.columns]
        self.header.fit(self.hidden, self._sample_ids)
        state["widths"] = {n: w for n, w in state["widths"].items() if n in names}
        hidden, kept = set(self.hidden), [c.name for c in before if c.name in now]
        moved = kept != [n for n in now if n in names]
        if not self.header.arranged and (moved or any((n in hidden) != (n in self._was_hidden) for n in kept)):
            state = {"widths": state["widths"], "order": now, "hidden": [n for n in now if n in hidden]}
        self._was_hidden = frozenset(hidden)
        self.header.apply_state(state)
        # A label column that somebody just made must be seen, though there is no room for it.
        if state["order"] == now or any(c.name not in names and c.help != LABEL for c in self.model.columns):
            self.fit_width()

    def show_selection(self, cluster_ids: Sequence[int], recolored: Iterable[int]) -> None:
        """Mark the selected rows and bring the last one into sight.

        recolored : clusters whose look changed; only their rows are painted, which saves 10 ms of a selection
        """
        changed = {*recolored, *(set(self._selected) ^ set(cluster_ids))}
        self._selected = tuple(cluster_ids)
        row = self.model.row_of(cluster_ids[-1]) if cluster_ids else None
        if row is not None:
            self.grid.scrollTo(self.model.index(row, max(0, self.header.logicalIndexAt(0))))
        self.grid.repaint_rows(r for c in changed if (r := self.model.row_of(c)) is not None)

    def _clicked(self, row: int, toggle: bool, extend: bool) -> None:
        ids = self.model.ids
        self.on_select(clicked(self.selected_now(), ids, ids[row], toggle=toggle, extend=extend))

    def _sort(self, column: str, add: bool) -> None:
        ascending = {k.column: k.ascending for k in self.source.sort_keys}.get(column)
        self.source.sort(column, ascending is not True, add=add)

    def to_state(self) -> dict[str, Any]:
        """Return what to remember: columns, order, filter history."""
        columns = {"columns": self.header.to_state()} if self.header.arranged else {}
        return {
            **columns,
            "sort": [[k.column, k.ascending] for k in self.source.sort_keys],
            "filters": list(self.filter_box.edit.history.lines),
        }

    def apply_state(self, state: Mapping[str, Any]) -> None:
        """Take what was remembered; columns that no longer exist are passed over."""
        self.header.arranged = "columns" in state
        self.header.apply_state(state.get("columns", {}))
        for i, (name, ascending) in enumerate(state.get("sort", ())):
            if self.model.column_of(name) is not None:
                self.source.sort(name, bool(ascending), add=i > 0)
        for line in state.get("filters", ()):
            self.filter_box.edit.history.add(str(line))


def send_to_other(selection: Selection, cluster_id: int) -> tuple[list[int], list[int]]:
    """Return best and similar ids after a cluster moved from the one table to the other."""
    best = [c for c in selection.best_ids if c != cluster_id]
    similar = [c for c in selection.similar_ids if c != cluster_id]
    if cluster_id in selection.best_ids:
        return best, [*similar, cluster_id]
    return [*best, cluster_id], similar
