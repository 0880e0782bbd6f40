"""The command line in the status bar: `:` opens it, Enter runs, Escape leaves; completion and history."""

from __future__ import annotations

from collections.abc import Callable

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.session.actions import ActionTable
from phy_medicine.session.snippets import SnippetHistory, bare, complete


class SnippetLine(QtWidgets.QLineEdit):
    """One line that is hidden until it is opened.

    run : called with the line at Enter; returns False to keep it open for correction
    """

    left = QtCore.pyqtSignal()
    hint = QtCore.pyqtSignal(str)

    def __init__(self, table: ActionTable, run: Callable[[str], bool], history: SnippetHistory) -> None:
        super().__init__()
        self._table = table
        self._run = run
        self.history = history
        self._candidates: tuple[str, ...] = ()
        self._candidate = -1
        self.setFrame(False)
        self.setMinimumWidth(320)
        self.setFocusPolicy(Qt.ClickFocus)
        self.textEdited.connect(self._edited)
        self.hide()

    def open(self, text: str = "") -> None:
        """Show the line with a text after the colon and put the cursor at its end."""
        self.setText(":" + text)
        self._candidates, self._candidate = (), -1
        self.show()
        self.setFocus(Qt.ShortcutFocusReason)
        self.setCursorPosition(len(self.text()))
        self._hint()

    def leave(self) -> None:
        """Hide the line and give the keyboard back."""
        self.clear()
        self.hide()
        self.hint.emit("")
        self.left.emit()

    def event(self, event: QtCore.QEvent) -> bool:
        """Claim every key while the line is open: no action runs by accident."""
        if event.type() == QtCore.QEvent.ShortcutOverride:
            event.accept()
            return True
        if event.type() == QtCore.QEvent.KeyPress and event.key() in (Qt.Key_Tab, Qt.Key_Backtab):
            self._complete(-1 if event.key() == Qt.Key_Backtab else 1)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key_Return, Qt.Key_Enter):
            self._enter()
        elif key == Qt.Key_Escape or (key == Qt.Key_Backspace and self.text() in ("", ":")):
            self.leave()
        elif key == Qt.Key_Up:
            self.setText(self.history.older(self.text()))
        elif key == Qt.Key_Down:
            self.setText(self.history.newer())
        else:
            super().keyPressEvent(event)

    def _enter(self) -> None:
        line = self.text().strip()
        if line in ("", ":"):
            self.leave()
        elif self._run(line):
            self.history.add(line)
            self.leave()

    def _edited(self, text: str) -> None:
        typed = bare(text)
        if text.removesuffix(typed).count(":") > 1:  # pasted with the colon that it begins with in the help
            self.setText(":" + typed)
        self._candidates, self._candidate = (), -1
        self._hint()

    def _hint(self) -> None:
        """Tell what the typed action wants, else which names go on from here."""
        typed = self.text().lstrip().removeprefix(":")
        name, space, _ = typed.partition(" ")
        action = self._table.find(name)
        if action is not None and (space or action.alias == name):
            self.hint.emit(f"{action.usage}   {action.help}")
        elif typed:
            names = [c for c in complete(typed, self._table) if len(c) > 1 or c == typed][:8]
            self.hint.emit("   ".join(names) if names else "")
        else:
            self.hint.emit("Enter runs, Tab completes, Up and Down recall, Esc leaves")

    def _complete(self, step: int) -> None:
        if not self._candidates:
            self._candidates = complete(self.text(), self._table)
            self._candidate = -1 if step > 0 else 0
        if self._candidates:
            self._candidate = (self._candidate + step) % len(self._candidates)
            self.setText(":" + self._candidates[self._candidate].lstrip().removeprefix(":"))
            self._show_usage()

    def _show_usage(self) -> None:
        action = self._table.find(self.text().removeprefix(":").split(" ")[0])
        if action is not None:
            self.hint.emit(f"{action.usage}   {action.help}")
