"""A dialog made from a table of parameters; every change takes effect at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import params_of
from phy_medicine.gui.param_editor import editor_of, show
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets


class SettingsDialog(QtWidgets.QDialog):
    """Edits one frozen settings object.

    put : called with name and value at each change; what it refuses is said in the dialog
    """

    def __init__(self, title: str, settings: Any, put: Callable[[str, Any], object], parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, Qt.Tool)
        self.setWindowTitle(f"{title} settings")
        self.setAttribute(Qt.WA_DeleteOnClose)
        self._settings = settings
        self._take = put
        self.editors: dict[str, QtWidgets.QWidget] = {}
        form = QtWidgets.QFormLayout(self)
        form.setContentsMargins(16, 16, 16, 16)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        for param in params_of(settings):
            editor = editor_of(param, getattr(settings, param.name), partial(self._put, param.name))
            editor.setToolTip(param.name)
            self.editors[param.name] = editor
            form.addRow(param.help or param.name.replace("_", " ").capitalize(), editor)
        self._problem = QtWidgets.QLabel()
        self._problem.setWordWrap(True)
        self._problem.setObjectName("filter-error")
        self._problem.hide()
        form.addRow(self._problem)
        buttons = QtWidgets.QDialogButtonBox(
            QtWidgets.QDialogButtonBox.RestoreDefaults | QtWidgets.QDialogButtonBox.Close
        )
        buttons.rejected.connect(self.close)
        buttons.button(QtWidgets.QDialogButtonBox.RestoreDefaults).clicked.connect(self._restore)
        for button in buttons.buttons():
            # Else Return at the end of a line of text would also press one of them.
            button.setAutoDefault(False)
        form.addRow(buttons)

    def event(self, event: QtCore.QEvent) -> bool:
        """Claim Escape, which closes the dialog, before it clears a filter."""
        if event.type() == QtCore.QEvent.ShortcutOverride and event.key() == Qt.Key_Escape:
            event.accept()
            return True
        return bool(super().event(event))

    def _put(self, name: str, value: Any) -> None:
        try:
            self._take(name, value)
        except PhyMedError as error:
            self._problem.setText(str(error))
            self._problem.show()
            return
        self._problem.hide()

    def _restore(self) -> None:
        for param in params_of(self._settings):
            show(self.editors[param.name], param, param.default)
            if isinstance(self.editors[param.name], QtWidgets.QLineEdit):
                self._put(param.name, param.default)
