"""A dialog made from a table of parameters; every change takes effect at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import Param, params_of
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
            editor = self._editor(param, getattr(settings, param.name))
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
        form.addRow(buttons)

    def event(self, event: QtCore.QEvent) -> bool:
        """Claim Escape, which closes the dialog, before it clears a filter."""
        if event.type() == QtCore.QEvent.ShortcutOverride and event.key() == Qt.Key_Escape:
            event.accept()
            return True
        return bool(super().event(event))

    def _editor(self, param: Param, value: Any) -> QtWidgets.QWidget:
        def put(new: Any) -> None:
            self._put(param.name, new)

        if param.choices:
            box = QtWidgets.QComboBox()
            box.addItems([str(c) for c in param.choices])
            box.setCurrentIndex(param.choices.index(value))
            box.currentIndexChanged.connect(lambda i: put(param.choices[i]))
            return box
        if param.type is bool:
            check = QtWidgets.QCheckBox()
            check.setChecked(value)
            check.toggled.connect(put)
            return check
        if param.type in (int, float):
            return _number_editor(param, value, put)
        line = QtWidgets.QLineEdit(str(value))
        line.editingFinished.connect(lambda: put(line.text()))
        return line

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
            editor = self.editors[param.name]
            if isinstance(editor, QtWidgets.QComboBox):
                editor.setCurrentIndex(param.choices.index(param.default))
            elif isinstance(editor, QtWidgets.QCheckBox):
                editor.setChecked(param.default)
            elif isinstance(editor, QtWidgets.QAbstractSpinBox):
                editor.setValue(param.default)  # type: ignore[attr-defined]
            elif isinstance(editor, QtWidgets.QLineEdit):
                editor.setText(str(param.default))
                self._put(param.name, param.default)


class _AnyDecimals(QtWidgets.QDoubleSpinBox):
    """Shows a number without trailing zeros and steps by a tenth of it."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.6g}"

    def stepBy(self, steps: int) -> None:
        self.setValue(self.value() + steps * (abs(self.value()) / 10 or 0.1))


def _number_editor(param: Param, value: Any, put: Callable[[Any], None]) -> QtWidgets.QWidget:
    whole = param.type is int
    spin: Any = QtWidgets.QSpinBox() if whole else _AnyDecimals()
    if not whole:
        spin.setDecimals(6)
        spin.setLocale(QtCore.QLocale.c())
    limit = 2**31 - 1 if whole else 1e12
    spin.setRange(
        param.type(-limit if param.minimum is None else param.minimum),
        param.type(limit if param.maximum is None else param.maximum),
    )
    spin.setKeyboardTracking(False)
    spin.setSuffix(f" {param.unit}" if param.unit else "")
    spin.setValue(value)
    spin.valueChanged.connect(put)
    return spin
