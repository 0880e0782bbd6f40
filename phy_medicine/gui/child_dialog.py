"""A dialog that stays open beside the window, and has its keys to itself."""

from __future__ import annotations

from phy_medicine.gui.qt import Qt, QtCore, QtWidgets

_COMMANDS = Qt.ControlModifier | Qt.AltModifier | Qt.MetaModifier


class ChildDialog(QtWidgets.QDialog):
    """Keys without Ctrl, Alt or Meta act in the dialog; the window's actions of the same keys do not run."""

    def event(self, event: QtCore.QEvent) -> bool:
        """Claim a key before it is an action of the window: Esc closes the dialog, End moves its slider."""
        if event.type() == QtCore.QEvent.ShortcutOverride and not event.modifiers() & _COMMANDS:
            event.accept()
            return True
        return bool(super().event(event))
