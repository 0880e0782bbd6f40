"""One key shows the merge of what is selected, or the split by the lasso, in every view before it is done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.table_panels import SIMILAR
from phy_medicine.session.actions import Action
from phy_medicine.session.before_after import Numbers, as_rows, before_and_after

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.suppose import Supposition
    from phy_medicine.views.theme import Theme

_TASK = "before and after"


class WhatIf:
    """The window's command, and the numbers before and after."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._session = window, window.session
        self.panel = BeforeAfter(window, window.theme)
        window.bridge.connect(self._session.suppose.changed, self._show)
        # Views follow a selection by themselves; an action may leave it as it is.
        for news in (self._session.selection.changed, self._session.clusters.changed):
            window.bridge.connect(news, lambda _news: window.later.put("what if", self._end))

    def actions(self) -> tuple[Action, ...]:
        """Return how to ask."""
        return (
            Action("what_if", "What if", self.toggle,
                   "Show the selected clusters as one in every view, or the split by the lasso, and change nothing; "
                   "once more goes back.", "Edit", "clusters", ("T",), icon="fa5s.eye"),
        )  # fmt: skip

    def toggle(self) -> None:
        """Suppose the split by the lasso, without one the merge of what is selected; or nothing any more.

        Raises
        ------
        ActionError : there is nothing to suppose
        """
        session, lasso = self._session, self._window.lasso_split
        if session.suppose.current is not None:
            session.suppose.nothing()
        elif self._window.host.has_lasso or len(lasso.offered()):
            lasso.find(self._suppose_split, changes=False)
        elif len(session.selection.cluster_ids) > 1:
            session.suppose.merge()
        else:
            raise ActionError("Select clusters to see them as one, or draw a lasso to see what it would split off.")

    def _suppose_split(self, spike_ids: IntArray, _ranges: str) -> None:
        self._session.suppose.split(spike_ids)

    def _end(self) -> None:
        if self.panel.isVisible() and self._session.suppose.current is None:
            self._show()

    def _show(self) -> None:
        window, supposed = self._window, self._session.suppose.current
        window.host.show_ranges()
        if supposed is None:
            self.panel.hide()
            window.say("")
            return
        window.say(f"What if: {supposed.in_words}; nothing has changed yet.")
        key = window.commands.key_of
        does, back = key("merge" if supposed.is_merge else "split"), key("what_if")
        word = "merges" if supposed.is_merge else "splits"
        self.panel.begin(f"What if: {supposed.in_words}", f"{does} {word}, {back} or Esc goes back")
        self._session.pool.submit(
            _TASK, before_and_after, self._session, supposed,
            on_done=lambda numbers: window.bridge.post(partial(self._show_numbers, supposed, numbers)),
        )  # fmt: skip

    def _show_numbers(self, supposed: Supposition, numbers: tuple[Numbers, ...]) -> None:
        if supposed is self._session.suppose.current:
            self.panel.show_numbers(numbers)


class BeforeAfter(QtWidgets.QFrame):
    """Numbers of the parts and of the whole, over the similarity table: there is nothing to choose from meanwhile."""

    def __init__(self, window: MainWindow, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("what-if")
        self.setFocusPolicy(Qt.NoFocus)
        self.title = QtWidgets.QLabel()
        self.title.setWordWrap(True)
        self.hint = QtWidgets.QLabel()
        self.hint.setProperty("dim", True)
        self.table = QtWidgets.QTableWidget()
        self.table.setFocusPolicy(Qt.NoFocus)
        self.table.setSelectionMode(QtWidgets.QAbstractItemView.NoSelection)
        self.table.setEditTriggers(QtWidgets.QAbstractItemView.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        for widget in (self.title, self.hint, self.table):
            column.addWidget(widget)
        self.hide()
        window.installEventFilter(self)

    def begin(self, title: str, hint: str) -> None:
        """Show what is supposed; the numbers follow."""
        self.title.setText(title)
        self.hint.setText(hint)
        self.table.setRowCount(0)
        self.show()
        self.place()
        self.raise_()

    def show_numbers(self, numbers: tuple[Numbers, ...]) -> None:
        """Fill the table: facts are rows, so that it fits a narrow column of the window."""
        titles, rows = as_rows(numbers)
        self.table.setColumnCount(len(numbers))
        self.table.setRowCount(len(titles) - 1)
        self.table.setHorizontalHeaderLabels([row[0] for row in rows])
        self.table.setVerticalHeaderLabels(titles[1:])
        self.table.verticalHeader().show()
        for x, (row, n) in enumerate(zip(rows, numbers, strict=True)):
            for y, text in enumerate(row[1:]):
                item = QtWidgets.QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignRight | Qt.AlignVCenter)
                font = item.font()
                font.setBold(n.supposed)
                item.setFont(font)
                self.table.setItem(y, x, item)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QtWidgets.QHeaderView.ResizeToContents)
        self.table.verticalHeader().setSectionResizeMode(QtWidgets.QHeaderView.ResizeToContents)
        self.place()

    def place(self) -> None:
        """Cover the similarity table, or stand in the lower left corner when it is not in sight."""
        dock, window = self._window.tables.docks[SIMILAR], self._window
        seen = dock.isVisible() and not dock.isFloating() and not dock.visibleRegion().isEmpty()
        if seen:
            self.setGeometry(QtCore.QRect(dock.mapTo(window, QtCore.QPoint(0, 0)), dock.size()))
            return
        size = QtCore.QSize(360, 300).boundedTo(window.size())
        bottom = window.height() - window.statusBar().height()
        self.setGeometry(QtCore.QRect(QtCore.QPoint(0, bottom - size.height()), size))

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Follow the window's size."""
        if watched is self._window and event.type() == QtCore.QEvent.Resize and self.isVisible():
            QtCore.QTimer.singleShot(0, self.place)
        return super().eventFilter(watched, event)
