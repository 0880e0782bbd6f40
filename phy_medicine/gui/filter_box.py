"""The line above a table: a filter that works while it is typed, its error in words, shown / total."""

from __future__ import annotations

from collections.abc import Callable

from phy_medicine.base.errors import FilterError
from phy_medicine.curation.filter_completion import Completion
from phy_medicine.gui.completion_list import CompletionList
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.status_bar import fix_size
from phy_medicine.session.snippets import SnippetHistory

Complete = Callable[[str, int], Completion]
"""What may follow in a filter, given its text and the place of the cursor."""
ERROR_PAUSE_MS = 500
"""An expression that is being typed is wrong most of the time; say so only when the typing stops."""


class FilterEdit(QtWidgets.QLineEdit):
    """A line edit with history on the arrow keys and Escape for "show all"."""

    cleared = QtCore.pyqtSignal()

    def __init__(self, parent: QtWidgets.QWidget, history: SnippetHistory, complete: Complete) -> None:
        super().__init__(parent)
        self.history = history
        self.completions = CompletionList(self, complete)
        self.setClearButtonEnabled(True)
        self.setPlaceholderText("Filter, e.g. n_spikes > 1000 and group != noise")
        self.setFocusPolicy(Qt.ClickFocus)

    def event(self, event: QtCore.QEvent) -> bool:
        """Claim the keys that would otherwise move the selection."""
        if event.type() == QtCore.QEvent.ShortcutOverride and event.key() in (Qt.Key_Up, Qt.Key_Down, Qt.Key_Escape):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if self.completions.takes(event.key()):
            return
        if event.key() == Qt.Key_Up:
            self.setText(self.history.older(self.text()))
        elif event.key() == Qt.Key_Down:
            self.setText(self.history.newer())
        elif event.key() == Qt.Key_Escape:
            self.clear()
            self.cleared.emit()
        else:
            super().keyPressEvent(event)


class FilterBox(QtWidgets.QWidget):
    """Filter line, error line and count of one table."""

    done = QtCore.pyqtSignal()
    """Enter or Escape was pressed: the keyboard goes back to the table."""

    def __init__(self, apply: Callable[[str], object], history: SnippetHistory, complete: Complete) -> None:
        super().__init__()
        self._apply = apply
        self.edit = FilterEdit(self, history, complete)
        self.count = QtWidgets.QLabel()
        self.count.setProperty("dim", True)
        self.error = QtWidgets.QLabel()
        self.error.setObjectName("filter-error")
        self.error.setWordWrap(True)
        self.error.hide()
        self._pause = QtCore.QTimer(self, singleShot=True, interval=ERROR_PAUSE_MS)
        self._pause.timeout.connect(self._show_error)
        self._problem = ""
        self._lay_out()
        self.edit.textChanged.connect(self._changed)
        self.edit.returnPressed.connect(self._entered)
        self.edit.cleared.connect(self.done)

    def _lay_out(self) -> None:
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(4, 4, 8, 4)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.addWidget(self.edit, 0, 0)
        grid.addWidget(self.count, 0, 1)
        grid.addWidget(self.error, 1, 0, 1, 2)

    def show_filter(self, text: str) -> None:
        """Show a filter that was set elsewhere (a snippet, a script)."""
        if text != self.edit.text().strip():
            blocked = self.edit.blockSignals(True)
            self.edit.setText(text)
            self.edit.blockSignals(blocked)
            self._clear_error()

    def fit_text(self) -> None:
        """Make room for the count in text of another size."""
        fix_size(self.count, self.count.text())

    def show_count(self, shown: int, total: int) -> None:
        """Show how many rows are left."""
        fix_size(self.count, f"{total:,} / {total:,}" if shown != total else f"{total:,}")
        self.count.setText(f"{total:,}" if shown == total else f"{shown:,} / {total:,}")
        self.count.setToolTip(f"{shown:,} of {total:,} clusters shown")

    def _changed(self, text: str) -> None:
        try:
            self._apply(text.strip())
        except FilterError as error:
            self._problem = str(error)
            self._pause.start()
        else:
            self._clear_error()

    def _entered(self) -> None:
        self._changed(self.edit.text())
        if self._problem:
            self._show_error()
            return
        if self.edit.text().strip():
            self.edit.history.add(self.edit.text().strip())
        self.done.emit()

    def _show_error(self) -> None:
        self._pause.stop()
        self.error.setText(self._problem)
        self.error.setVisible(bool(self._problem))
        self._mark(bool(self._problem))

    def _clear_error(self) -> None:
        self._problem = ""
        self._pause.stop()
        self.error.hide()
        self._mark(False)

    def _mark(self, wrong: bool) -> None:
        if bool(self.edit.property("wrong")) != wrong:
            self.edit.setProperty("wrong", wrong)
            self.edit.style().unpolish(self.edit)
            self.edit.style().polish(self.edit)
