"""A table that is only read: compact rows, numbers and their titles on the right."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from phy_medicine.gui.qt import Qt, QtWidgets

RIGHT, LEFT = Qt.AlignRight | Qt.AlignVCenter, Qt.AlignLeft | Qt.AlignVCenter


class ReportTable(QtWidgets.QTableWidget):
    """Rows that are chosen whole, if at all; the columns are as wide as what is in them."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("report", True)
        self.setEditTriggers(QtWidgets.QAbstractItemView.NoEditTriggers)
        self.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectRows)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setMinimumSectionSize(1)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.horizontalHeader().setHighlightSections(False)
        self._numeric: frozenset[int] = frozenset()

    def set_titles(self, titles: Sequence[str], numeric: Collection[int], *, wide: int | None = None) -> None:
        """Empty the table and give it columns.

        numeric : columns of numbers; wide : the column that takes the room that is left, by default an empty one
        """
        self.setRowCount(0)
        self.setColumnCount(len(titles))
        self._numeric = frozenset(numeric)
        header = self.horizontalHeader()
        for column, title in enumerate(titles):
            item = QtWidgets.QTableWidgetItem(title)
            item.setTextAlignment(RIGHT if column in self._numeric else LEFT)
            self.setHorizontalHeaderItem(column, item)
            mode = QtWidgets.QHeaderView.Stretch if column == wide else QtWidgets.QHeaderView.ResizeToContents
            header.setSectionResizeMode(column, mode)

    def put(self, row: int, column: int, text: str) -> QtWidgets.QTableWidgetItem:
        """Write into a cell, and return it."""
        item = QtWidgets.QTableWidgetItem(text)
        item.setTextAlignment(RIGHT if column in self._numeric else LEFT)
        self.setItem(row, column, item)
        return item

    @property
    def full_width(self) -> int:
        """Pixels in which every column is seen, with the scroll bar."""
        bar = self.verticalScrollBar().sizeHint().width()
        return int(self.horizontalHeader().length()) + bar + 2 * int(self.frameWidth())
