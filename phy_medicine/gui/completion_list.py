"""Words that may follow in a line that is being typed: a small list below it, which never takes the keyboard."""

from __future__ import annotations

from collections.abc import Callable

from phy_medicine.curation.filter_completion import Completion
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets

_ROWS_SEEN = 8
_STEPS = {Qt.Key_Down: 1, Qt.Key_Up: -1, Qt.Key_Tab: 1, Qt.Key_Backtab: -1}


class CompletionList(QtWidgets.QListWidget):
    """The list below one line.

    Down and Tab go into the list, Enter or a click puts its word in. While no word is chosen, and always for Escape,
    keys mean what they mean to the line.

    complete : returns what may follow, given the text and the place of the cursor
    """

    def __init__(self, edit: QtWidgets.QLineEdit, complete: Callable[[str, int], Completion]) -> None:
        super().__init__(edit.window())
        self._edit = edit
        self._complete = complete
        self._completion = Completion(0)
        self.setObjectName("completion")
        self.setFocusPolicy(Qt.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.hide()
        self.itemClicked.connect(lambda item: self._put_in(item.text()))
        edit.textEdited.connect(lambda _text: self.suggest())
        edit.installEventFilter(self)

    def suggest(self) -> None:
        """Show what may follow now; nothing for an empty line, where the arrows recall earlier lines."""
        text, cursor = self._edit.text(), self._edit.cursorPosition()
        self._completion = self._complete(text, cursor) if text.strip() else Completion(0)
        self.clear()
        self.addItems(self._completion.words)
        self.setCurrentRow(-1)
        if not self._completion.words:
            self.hide()
            return
        self._place()
        self.show()
        self.raise_()

    def takes(self, key: int) -> bool:
        """Do what a key means to the list, and tell whether it meant something."""
        if not self.isVisible():
            return False
        row = self.currentRow()
        if key in _STEPS:
            if row < 0 and key == Qt.Key_Up:
                return False
            self.setCurrentRow((row + _STEPS[key]) % self.count())
            return True
        if key in (Qt.Key_Return, Qt.Key_Enter) and row >= 0:
            self._put_in(self.currentItem().text())
            return True
        if key in (Qt.Key_Return, Qt.Key_Enter, Qt.Key_Escape):
            self.hide()
        return False

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Close with the line, and take Tab, which the window would use to go on to the next widget."""
        if watched is not self._edit:  # a part of the list itself
            return super().eventFilter(watched, event)
        if event.type() in (QtCore.QEvent.FocusOut, QtCore.QEvent.Hide):
            self.hide()
        elif event.type() == QtCore.QEvent.KeyPress and event.key() in (Qt.Key_Tab, Qt.Key_Backtab):
            return self.takes(event.key())
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QtCore.QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QtCore.QEvent.FontChange, QtCore.QEvent.StyleChange) and self.isVisible():
            self._place()

    def _put_in(self, word: str) -> None:
        text, cursor = self._completion.applied(self._edit.text(), self._edit.cursorPosition(), word)
        self._edit.setText(text)
        self._edit.setCursorPosition(cursor)
        self.suggest()

    def _place(self) -> None:
        """Stand below the word that is completed, as large as the words ask for, within the window."""
        edit, window = self._edit, self._edit.window()
        if self.parent() is not window:  # the table was floated, or docked again
            self.setParent(window)
        metrics = QtGui.QFontMetrics(self.font())
        row = self.sizeHintForRow(0)
        height = row * min(self.count(), _ROWS_SEEN) + 2 * self.frameWidth()
        scrolls = self.count() > _ROWS_SEEN
        bar = self.verticalScrollBar().sizeHint().width() if scrolls else 0
        width = self.sizeHintForColumn(0) + 2 * self.frameWidth() + metrics.averageCharWidth() + bar
        typed = metrics.horizontalAdvance(edit.text()[: self._completion.start])
        corner = edit.mapTo(window, QtCore.QPoint(typed, edit.height() + 1))
        left = min(corner.x(), window.width() - width - 2)
        self.setGeometry(max(0, left), corner.y(), width, height)
