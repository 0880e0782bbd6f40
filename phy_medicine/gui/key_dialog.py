"""Asks for the key of an action by having it pressed."""

from __future__ import annotations

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.keys import checked_key, of_event, pretty_key, pretty_keys
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.shortcuts import Shortcuts, clash_words
from phy_medicine.session.actions import Action


class KeyDialog(QtWidgets.QDialog):
    """Shows the key that was pressed, and who has it already; `keys` is the answer once it was accepted."""

    def __init__(self, action: Action, shortcuts: Shortcuts, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._action, self._shortcuts = action, shortcuts
        self.keys: tuple[str, ...] = ()
        self._pressed = ""
        name = action.text.rstrip(".")
        self.setWindowTitle(f"Key of {name}")
        self.setModal(True)
        now = pretty_keys(action.shortcuts) or "none"
        self._key = QtWidgets.QLabel("Press the new key")
        self._key.setObjectName("pressed-key")
        self._key.setAlignment(Qt.AlignCenter)
        self._key.setMinimumHeight(48)
        self.sentence = QtWidgets.QLabel("Esc leaves the key as it is, Enter takes the new one.")
        self.sentence.setWordWrap(True)
        self.sentence.setProperty("dim", True)
        self.sentence.setMinimumHeight(2 * self.sentence.fontMetrics().height() + 4)
        self.sentence.setAlignment(Qt.AlignTop)
        self.also = QtWidgets.QCheckBox("Keep the present key as well")
        self.also.setVisible(bool(action.shortcuts))
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        for widget in (QtWidgets.QLabel(f"{name}, now: {now}"), self._key, self.sentence, self.also, self._buttons()):
            column.addWidget(widget)
        self.setFixedWidth(420)
        self.setFocus()

    def _buttons(self) -> QtWidgets.QDialogButtonBox:
        box = QtWidgets.QDialogButtonBox()
        self.use = box.addButton("Use", QtWidgets.QDialogButtonBox.AcceptRole)
        self.none = box.addButton("No key", QtWidgets.QDialogButtonBox.ActionRole)
        cancel = box.addButton("Cancel", QtWidgets.QDialogButtonBox.RejectRole)
        self.use.setEnabled(False)
        self.none.setEnabled(bool(self._action.shortcuts))
        self.none.clicked.connect(self._take_none)
        box.accepted.connect(self._take)
        box.rejected.connect(self.reject)
        for button in (self.use, self.none, cancel):
            button.setFocusPolicy(Qt.NoFocus)
            button.setAutoDefault(False)
        return box

    def event(self, event: QtCore.QEvent) -> bool:
        """Take every key, also those that mean something in the window."""
        if event.type() == QtCore.QEvent.ShortcutOverride:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeypadModifier
        if plain and event.key() == Qt.Key_Escape:
            self.reject()
        elif plain and event.key() in (Qt.Key_Return, Qt.Key_Enter):
            self._take()
        elif key := of_event(event):
            self._show(key)

    def _show(self, key: str) -> None:
        """Show a key, and say what stands in its way."""
        self._key.setText(pretty_key(key))
        self._pressed = ""
        try:
            checked_key(key)
        except ActionError as error:
            self._say(str(error), "Use", wrong=True)
            return
        self._pressed = key
        others = self._shortcuts.clashes(self._action, (key,))
        if others:
            lose = " and ".join(o.text.rstrip(".") for o in others)
            self._say(f"{clash_words(others, (key,))} Used anyway, {lose} loses it.", "Use anyway", wrong=True)
        else:
            self._say("No other action has this key.", "Use", wrong=False)

    def _say(self, text: str, button: str, *, wrong: bool) -> None:
        self.sentence.setText(text)
        self.sentence.setObjectName("filter-error" if wrong else "")
        self.sentence.style().polish(self.sentence)
        self.use.setText(button)
        self.use.setEnabled(bool(self._pressed))

    def _take(self) -> None:
        if self._pressed:
            self.keys = (self._pressed, *(self._action.shortcuts if self.also.isChecked() else ()))
            self.accept()

    def _take_none(self) -> None:
        self.keys = ()
        self.accept()
