"""The rows of a table: clicks, hovering and copying; what is selected is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.table_delegate import CellDelegate
from phy_medicine.gui.table_header import ColumnHeader
from phy_medicine.gui.table_model import ClusterModel


class Grid(QtWidgets.QTableView):
    """The rows; keyboard navigation belongs to the actions, so keys pass through."""

    row_clicked = QtCore.pyqtSignal(int, bool, bool)
    row_sent = QtCore.pyqtSignal(int)
    """Ctrl+right click: the row goes to the other table."""

    def __init__(self, model: ClusterModel, delegate: CellDelegate, header: ColumnHeader) -> None:
        super().__init__()
        self._delegate = delegate
        self.setHorizontalHeader(header)
        self.setModel(model)
        self.setItemDelegate(delegate)
        self.setSelectionMode(QtWidgets.QAbstractItemView.NoSelection)
        self.setEditTriggers(QtWidgets.QAbstractItemView.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QtWidgets.QAbstractItemView.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QtWidgets.QHeaderView.Fixed)
        self.fit_rows()

    def fit_rows(self) -> None:
        """Make the rows as high as the text asks for."""
        height = self.fontMetrics().height() + 5
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Tint whole rows, over the full width, before the cells are drawn."""
        painter = QtGui.QPainter(self.viewport())
        first, last = self.rowAt(event.rect().top()), self.rowAt(event.rect().bottom())
        last = self.model().rowCount() - 1 if last < 0 else last
        for row in range(max(first, 0), last + 1):
            tint = self._delegate.row_tint(row)
            if tint is not None:
                painter.fillRect(0, self.rowViewportPosition(row), self.viewport().width(), self.rowHeight(row), tint)
        painter.end()
        super().paintEvent(event)

    def repaint_rows(self, rows: Iterable[int]) -> None:
        """Paint some rows anew."""
        width = self.viewport().width()
        for row in rows:
            self.viewport().update(0, self.rowViewportPosition(row), width, self.rowHeight(row))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.matches(QtGui.QKeySequence.Copy):
            self.copy()
            return
        event.ignore()

    def copy(self, columns: Sequence[int] = ()) -> None:
        """Put the rows into the clipboard as tab-separated text; columns : those that are shown by default."""
        shown = self.horizontalHeader()
        places = (shown.logicalIndex(v) for v in range(shown.count()))
        chosen = columns or [c for c in places if not shown.isSectionHidden(c)]
        QtWidgets.QApplication.clipboard().setText(self.model().as_tsv(range(self.model().rowCount()), chosen))

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        row = self.rowAt(event.pos().y())
        if row < 0:
            return
        keys = event.modifiers()
        toggle = bool(keys & (Qt.ControlModifier | Qt.MetaModifier))
        if event.button() == Qt.LeftButton:
            self.row_clicked.emit(row, toggle, bool(keys & Qt.ShiftModifier))
        elif event.button() == Qt.RightButton and toggle:
            self.row_sent.emit(row)

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        self._hover(self.rowAt(event.pos().y()))

    def leaveEvent(self, event: QtCore.QEvent) -> None:
        self._hover(-1)

    def _hover(self, row: int) -> None:
        if row != self._delegate.hovered_row:
            self._delegate.hovered_row = row
            self.viewport().update()
