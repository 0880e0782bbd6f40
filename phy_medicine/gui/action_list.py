"""A list of actions, each a row of time, what it was, clusters and spikes; only rows that are seen are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.views.theme import Theme

_TITLES = ("", "Time", "Action", "Clusters", "Spikes")
_WIDTHS = (34, 76, 160, 180, 120)
_ACTION = 2
_OWN_KEYS = {
    Qt.Key_Up, Qt.Key_Down, Qt.Key_PageUp, Qt.Key_PageDown, Qt.Key_Home, Qt.Key_End, Qt.Key_Return, Qt.Key_Enter
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ActionRow:
    """One row; marks : a few signs before it; dim : an action that is not in effect; bold : the state of now."""

    time: str
    what: str
    clusters: str = ""
    spikes: str = ""
    marks: str = ""
    tip: str = ""
    dim: bool = False
    bold: bool = False


class ActionModel(QtCore.QAbstractTableModel):
    """Rows that are made when they are shown.

    row_of : gives the row of a position, from 0
    """

    def __init__(self, row_of: Callable[[int], ActionRow], n_rows: int, theme: Theme) -> None:
        super().__init__()
        self._row_of = row_of
        self._n_rows = n_rows
        self._dim = QtGui.QColor(theme.dim)
        self._bold = QtGui.QFont()
        self._bold.setBold(True)

    def rowCount(self, parent: QtCore.QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._n_rows

    def columnCount(self, parent: QtCore.QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: int, role: int = Qt.DisplayRole) -> Any:
        return _TITLES[section] if orientation == Qt.Horizontal and role == Qt.DisplayRole else None

    def data(self, index: QtCore.QModelIndex, role: int = Qt.DisplayRole) -> Any:
        if role not in (Qt.DisplayRole, Qt.ForegroundRole, Qt.FontRole, Qt.ToolTipRole):
            return None
        row = self._row_of(index.row())
        if role == Qt.DisplayRole:
            return (row.marks, row.time, row.what, row.clusters, row.spikes)[index.column()]
        if role == Qt.ToolTipRole:
            return row.tip or None
        if role == Qt.FontRole:
            return self._bold if row.bold else None
        return self._dim if row.dim else None

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._dim = QtGui.QColor(theme.dim)
        self._repaint(0)

    def update(self, n_rows: int, first: int) -> None:
        """Take over rows that came, went or changed from `first` on."""
        before, self._n_rows = self._n_rows, n_rows
        if n_rows > before:
            self.beginInsertRows(QtCore.QModelIndex(), before, n_rows - 1)
            self.endInsertRows()
        elif n_rows < before:
            self.beginRemoveRows(QtCore.QModelIndex(), n_rows, before - 1)
            self.endRemoveRows()
        self._repaint(first)

    def _repaint(self, first: int) -> None:
        if first < self._n_rows:
            self.dataChanged.emit(self.index(first, 0), self.index(self._n_rows - 1, len(_TITLES) - 1))


class ActionTable(QtWidgets.QTableView):
    """Shows the rows; the arrows move in it, Enter or a double click chooses one."""

    chosen = QtCore.pyqtSignal(int)

    def __init__(self, model: QtCore.QAbstractTableModel, widths: Sequence[int] = _WIDTHS) -> None:
        super().__init__()
        self.setModel(model)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectRows)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SingleSelection)
        self.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollPerPixel)
        self.setHorizontalScrollMode(QtWidgets.QAbstractItemView.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QtWidgets.QHeaderView.Fixed)  # else Qt measures every row
        rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setDefaultAlignment(Qt.AlignLeft | Qt.AlignVCenter)
        for column, width in enumerate(widths):
            columns.resizeSection(column, width)
        columns.setSectionResizeMode(0, QtWidgets.QHeaderView.Fixed)
        columns.setStretchLastSection(True)
        self.doubleClicked.connect(lambda index: self.chosen.emit(index.row()))

    def show_row(self, row: int) -> None:
        """Select a row and bring it into sight."""
        index = self.model().index(row, _ACTION)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    def event(self, event: QtCore.QEvent) -> bool:
        """Claim the keys that move in the list before they are actions of the window."""
        own = event.type() == QtCore.QEvent.ShortcutOverride and event.key() in _OWN_KEYS
        if own and not event.modifiers() & ~Qt.KeypadModifier:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() in (Qt.Key_Return, Qt.Key_Enter) and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex().row())
        elif event.key() in (Qt.Key_Home, Qt.Key_End):
            self.show_row(0 if event.key() == Qt.Key_Home else self.model().rowCount() - 1)
        else:
            super().keyPressEvent(event)
