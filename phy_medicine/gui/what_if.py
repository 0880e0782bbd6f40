"""One key shows the merge of what is selected, or the split by the lasso, in every view before it is done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.gui.filter_box import FilterEdit
from phy_medicine.gui.part_axes import PartAxes
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.splitting import has_keyboard
from phy_medicine.gui.table_panels import CLUSTERS, SIMILAR
from phy_medicine.session.actions import Action
from phy_medicine.session.before_after import Numbers, as_rows, before_and_after

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.suppose import Supposition
    from phy_medicine.views.theme import Theme

_TASK = "before and after"
_MOST_OF_COLUMN, _SLACK = 0.75, 4
"""Part of the column of tables that the panel covers at most, and pixels that no row is cut by."""
_DOES = {"merge": "merges", "split": "splits", "reassign": "moves the spikes"}


class WhatIf:
    """The window's command, and the numbers before and after."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._session = window, window.session
        self.panel = BeforeAfter(window, window.theme)
        self._enter = _Enter(window)
        window.bridge.connect(self._session.suppose.changed, self._show)
        # Views follow a selection by themselves; an action may leave it as it is.
        for news in (self._session.selection.changed, self._session.clusters.changed):
            window.bridge.connect(news, lambda _news: self._heard())

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

    def _heard(self) -> None:
        """Look later whether it is over; what was said of it goes now, before an action says what it did."""
        if self.panel.isVisible() and self._session.suppose.current is None:
            self._window.say("")
        self._window.later.put("what if", self._end)

    def _end(self) -> None:
        if self.panel.isVisible() and self._session.suppose.current is None:
            self._enter.watch(False)
            self.panel.hide()
            self._window.host.show_ranges()

    def _show(self) -> None:
        window, supposed = self._window, self._session.suppose.current
        window.host.show_ranges()
        self._enter.watch(supposed is not None)
        if supposed is None:
            self.panel.hide()
            window.say("")
            return
        origin, key = supposed.origin, window.commands.key_of
        what = "What if" if origin is None else origin.title
        window.say(f"{what}: {supposed.in_words}; nothing has changed yet.")
        kind = "merge" if supposed.is_merge else "reassign" if supposed.moves else "split"
        back = key("what_if" if origin is None else origin.action)
        hint = f"{key(kind)} or Enter {_DOES[kind]}, {window.odd_spikes.keys(supposed)}{back} or Esc goes back"
        self.panel.begin(f"{what}: {supposed.in_words}", hint, origin.reason if origin else "")
        self.panel.axes.show_axes(origin.axes if origin else None, self._session.request().colors)
        self._session.pool.submit(
            _TASK, before_and_after, self._session, supposed,
            on_done=lambda numbers: window.bridge.post(partial(self._show_numbers, supposed, numbers)),
        )  # fmt: skip

    def _show_numbers(self, supposed: Supposition, numbers: tuple[Numbers, ...]) -> None:
        if supposed is self._session.suppose.current:
            self.panel.show_numbers(numbers, self._session.request().colors)


class _Enter(QtCore.QObject):
    """Enter does what is supposed, wherever the keyboard is but in lines of text and in panels with rows to choose."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._watching = False

    def watch(self, on: bool) -> None:
        """Begin or end to look for the key."""
        if on != self._watching:
            app = QtWidgets.QApplication.instance()
            (app.installEventFilter if on else app.removeEventFilter)(self)
            self._watching = on

    def eventFilter(self, _watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Take Enter."""
        if event.type() not in (QtCore.QEvent.ShortcutOverride, QtCore.QEvent.KeyPress):
            return False
        supposed = self._window.session.suppose.current
        if supposed is None or not self._is_meant(event):
            return False
        event.accept()
        if event.type() == QtCore.QEvent.KeyPress and not event.isAutoRepeat():
            self._window.commands.run("merge" if supposed.is_merge else "split")
        return True

    def _is_meant(self, event: QtGui.QKeyEvent) -> bool:
        if event.key() not in (Qt.Key_Return, Qt.Key_Enter) or event.modifiers() & ~Qt.KeypadModifier:
            return False
        focus = QtWidgets.QApplication.focusWidget()
        tools = [tool.dock for tool in self._window.tools.values() if tool.made]
        chooses = isinstance(focus, FilterEdit) or any(dock.isAncestorOf(focus) for dock in tools if focus is not None)
        return has_keyboard(self._window) and not chooses


class BeforeAfter(QtWidgets.QFrame):
    """Numbers of the parts and of the whole, over the similarity table: there is nothing to choose from meanwhile."""

    def __init__(self, window: MainWindow, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("what-if")
        self.setFocusPolicy(Qt.NoFocus)
        self.title = QtWidgets.QLabel()
        self.title.setWordWrap(True)
        self.reason = QtWidgets.QLabel()
        self.reason.setWordWrap(True)
        self.axes = PartAxes(theme)
        self._tall = False
        self.hint = QtWidgets.QLabel()
        self.hint.setProperty("dim", True)
        self.hint.setWordWrap(True)
        self.table = QtWidgets.QTableWidget()
        self.table.setFocusPolicy(Qt.NoFocus)
        self.table.setSelectionMode(QtWidgets.QAbstractItemView.NoSelection)
        self.table.setEditTriggers(QtWidgets.QAbstractItemView.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        for widget in (self.title, self.hint, self.reason, self.axes, self.table):
            column.addWidget(widget)
        self.hide()
        window.installEventFilter(self)

    def begin(self, title: str, hint: str, reason: str = "") -> None:
        """Show what is supposed, and why; the numbers follow."""
        self.title.setText(title)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        self._tall = bool(reason)
        self.hint.setText(hint)
        self.table.setRowCount(0)
        self.show()
        self.place()
        self.raise_()

    def show_numbers(self, numbers: tuple[Numbers, ...], colors: FloatArray) -> None:
        """Fill the table: facts are rows, so that it fits a narrow column of the window.

        colors : of what is supposed, (n, 4) RGBA 0..1
        """
        titles, rows = as_rows(numbers)
        self.table.setColumnCount(len(numbers))
        self.table.setRowCount(len(titles) - 1)
        self.table.setHorizontalHeaderLabels([row[0] for row in rows])
        self.table.setVerticalHeaderLabels(titles[1:])
        parts = [x for x, n in enumerate(numbers) if n.supposed]
        for x, color in zip(parts, colors, strict=False):
            self.table.horizontalHeaderItem(x).setForeground(QtGui.QColor.fromRgbF(*map(float, color)))
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
        window = self._window
        covered = self._seen(SIMILAR)
        if covered is not None:
            above = self._seen(CLUSTERS)
            if self._tall and above is not None and above.bottom() <= covered.top() and above.left() == covered.left():
                most = round(_MOST_OF_COLUMN * (covered.bottom() - above.top()))
                covered.setTop(covered.bottom() - max(covered.height(), min(self._wanted_height(), most)))
            self.setGeometry(covered)
            return
        size = QtCore.QSize(360, 300).boundedTo(window.size())
        bottom = window.height() - window.statusBar().height()
        self.setGeometry(QtCore.QRect(QtCore.QPoint(0, bottom - size.height()), size))

    def _seen(self, name: str) -> QtCore.QRect | None:
        """Where the dock of a table is in the window, None when it is not in sight there."""
        dock = self._window.tables.docks[name]
        if not dock.isVisible() or dock.isFloating() or dock.visibleRegion().isEmpty():
            return None
        return QtCore.QRect(dock.mapTo(self._window, QtCore.QPoint(0, 0)), dock.size())

    def _wanted_height(self) -> int:
        """Height at which all rows are seen."""
        rows = sum(self.table.rowHeight(row) for row in range(self.table.rowCount()))
        header = self.table.horizontalHeader().height()
        inside = self.contentsRect()  # within the frame: two pixels may wrap a line more
        fixed = self.layout().heightForWidth(inside.width()) - self.table.sizeHint().height()
        fixed += self.height() - inside.height()
        bar = self.table.horizontalScrollBar()
        wide = self.table.horizontalHeader().length() + self.table.verticalHeader().width() > self.table.width()
        across = bar.sizeHint().height() if wide else 0
        return fixed + rows + header + across + 2 * self.table.frameWidth() + _SLACK

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Follow the window's size."""
        if watched is self._window and event.type() == QtCore.QEvent.Resize and self.isVisible():
            QtCore.QTimer.singleShot(0, self.place)
        return super().eventFilter(watched, event)
