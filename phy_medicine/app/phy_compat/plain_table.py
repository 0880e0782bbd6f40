"""`Table`: a table of a plugin's own rows, with the calls of the cluster table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.events import emit
from phy_medicine.app.phy_compat.loose_qt import QtCore, QtWidgets
from phy_medicine.app.phy_compat.table_calls import TableCalls
from phy_medicine.app.phy_compat.timing import Debouncer
from phy_medicine.base.errors import FilterError
from phy_medicine.curation.filters import compile_filter
from phy_medicine.curation.order import SortKey, sort_rows

Row = dict[str, Any]


class Table(QtWidgets.QWidget, TableCalls):  # type: ignore[misc]
    """Rows are dictionaries with an `id`; columns : names; sort : column and `asc` or `desc`."""

    def __init__(
        self,
        *args: Any,
        columns: Sequence[str] | None = None,
        value_names: Sequence[Any] | None = None,
        data: Iterable[Row] | None = None,
        sort: tuple[str, str] | None = None,
        title: str = "",
        debounce_events: Sequence[str] = (),
    ) -> None:
        super().__init__(*args)
        self.setWindowTitle(title)
        self.columns = list(columns or ["id"])
        self.value_names = list(value_names or self.columns)
        self.debouncer = Debouncer()
        self._data: dict[int, Row] = {}
        self._shown: list[int] = []
        self._sort = tuple(sort) if sort and sort[0] else None
        self._keep: Callable[[Callable[[str], Any]], bool] | None = None
        self._grid = QtWidgets.QTableWidget(0, len(self.columns))
        self._grid.setHorizontalHeaderLabels(self.columns)
        self._grid.verticalHeader().hide()
        self._grid.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectRows)
        self._grid.setEditTriggers(QtWidgets.QAbstractItemView.NoEditTriggers)
        self._grid.itemSelectionChanged.connect(lambda: emit("select", self, self.payload()))
        self._grid.horizontalHeader().sectionClicked.connect(self._clicked)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._grid)
        emit("pre_build", self)
        self.add(data or ())
        QtCore.QTimer.singleShot(0, self._tell_ready)

    def _tell_ready(self) -> None:
        emit("ready", self)

    # Rows

    def _fill(self) -> None:
        """Write the rows that pass the filter, in order; those selected before stay so."""
        chosen = self._chosen()
        ids: Sequence[int] = [i for i, row in self._data.items() if self._keep is None or self._keep(row.get)]
        if self._sort is not None:
            ids = sort_rows(ids, [SortKey(self._sort[0], self._sort[1] == "asc")], lambda i, c: self._data[i].get(c))
        self._shown = list(ids)
        self._grid.blockSignals(True)
        self._grid.setRowCount(len(ids))
        for row, cluster_id in enumerate(ids):
            for column, name in enumerate(self.columns):
                value = self._data[cluster_id].get(name)
                self._grid.setItem(row, column, QtWidgets.QTableWidgetItem("" if value is None else str(value)))
        self._mark(chosen)
        self._grid.blockSignals(False)

    def _mark(self, cluster_ids: Iterable[int]) -> None:
        self._grid.clearSelection()
        model = self._grid.selectionModel()
        for row in (self._shown.index(i) for i in cluster_ids if i in self._shown):
            flags = QtCore.QItemSelectionModel.Select | QtCore.QItemSelectionModel.Rows
            model.select(self._grid.model().index(row, 0), flags)

    def _rows(self) -> list[int]:
        return list(self._shown)

    def _chosen(self) -> list[int]:
        return [self._shown[i.row()] for i in self._grid.selectionModel().selectedRows() if i.row() < len(self._shown)]

    def _is_masked(self, cluster_id: int) -> bool:
        return bool(self._data.get(cluster_id, {}).get("is_masked"))

    def _choose(self, cluster_ids: list[int]) -> None:
        self._grid.blockSignals(True)
        self._mark(cluster_ids)
        self._grid.blockSignals(False)
        emit("select", self, self.payload())

    def _give(self, value: Any, callback: Callable[[Any], Any] | None) -> Any:
        if callback is not None:
            QtCore.QTimer.singleShot(0, partial(callback, value))
        return value

    def add(self, objects: Row | Iterable[Row]) -> None:
        """Add rows."""
        for row in [objects] if isinstance(objects, dict) else objects:
            self._data[row["id"]] = dict(row)
        self._fill()

    def change(self, objects: Row | Iterable[Row]) -> None:
        """Change values of rows that are there."""
        for row in [objects] if isinstance(objects, dict) else objects:
            if row["id"] in self._data:
                self._data[row["id"]].update(row)
        self._fill()

    def remove(self, ids: Iterable[int]) -> None:
        """Take rows out."""
        gone = set(ids)
        self._data = {i: row for i, row in self._data.items() if i not in gone}
        self._fill()

    def remove_all(self) -> None:
        """Take all rows out."""
        self.remove(list(self._data))

    def remove_all_and_add(self, objects: Row | Iterable[Row]) -> None:
        """Take other rows."""
        self._data = {}
        self.add(objects)

    def get(self, id: int, callback: Callable[[Any], Any] | None = None) -> Any:
        """Return a row, None when there is none."""
        return self._give(dict(self._data[id]) if id in self._data else None, callback)

    # Order and filter

    def _clicked(self, section: int) -> None:
        name = self.columns[section]
        self.sort_by(name, "desc" if self._sort == (name, "asc") else "asc")

    def sort_by(self, name: str, sort_dir: str = "asc") -> None:
        """Sort by a column; one that does not exist changes nothing."""
        if name in self.columns:
            self._sort = (name, sort_dir)
            self._fill()
            emit("table_sort", self, self._rows())

    def get_current_sort(self, callback: Callable[[Any], Any] | None = None) -> Any:
        """Return column and direction, or None."""
        return self._give(list(self._sort) if self._sort else None, callback)

    def filter(self, text: str = "") -> None:
        """Show only rows for which an expression holds; one that cannot be understood shows all."""
        try:
            self._keep = compile_filter(text, [*self.columns, "group", "id"]) if text else None
        except FilterError:
            self._keep = None
        self._fill()
        if text:
            emit("table_filter", self, self._rows())

    def scroll_to(self, id: int) -> None:
        """Bring a row into sight."""
        if id in self._shown:
            self._grid.scrollTo(self._grid.model().index(self._shown.index(id), 0))

    def add_style(self, style: str) -> None:
        """Add a style sheet of Qt."""
        self.setStyleSheet(f"{self.styleSheet()}\n{style}")

    def set_busy(self, busy: bool) -> None:
        """Note that the window works."""
        self.debouncer.isBusy = bool(busy)

    def is_ready(self) -> bool:
        """Say that the rows are there."""
        return True

    def sizeHint(self) -> Any:
        return QtCore.QSize(400, 400)
