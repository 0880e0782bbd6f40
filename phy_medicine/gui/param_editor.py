"""Widgets that edit one parameter of a table: box, check, number or line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phy_medicine.base.params import Param
from phy_medicine.gui.qt import QtCore, QtWidgets

Put = Callable[[Any], object]


def editor_of(param: Param, value: Any, put: Put) -> QtWidgets.QWidget:
    """Return a widget that shows a value and calls `put` with each new one."""
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


def show(editor: Any, param: Param, value: Any) -> None:
    """Show another value; boxes, checks and numbers call their `put` for it, lines do not."""
    if isinstance(editor, QtWidgets.QComboBox):
        editor.setCurrentIndex(param.choices.index(value))
    elif isinstance(editor, QtWidgets.QCheckBox):
        editor.setChecked(value)
    elif isinstance(editor, QtWidgets.QAbstractSpinBox):
        editor.setValue(value)  # type: ignore[attr-defined]
    elif isinstance(editor, QtWidgets.QLineEdit):
        editor.setText(str(value))


def range_words(param: Param) -> str:
    """Return between what a value may lie, "" where there is no limit or a list says it."""
    if param.type is bool or param.choices:
        return ""
    unit = f" {param.unit}" if param.unit else ""
    low, high = (None if limit is None else f"{limit:,.10g}" for limit in (param.minimum, param.maximum))
    if low is not None and high is not None:
        return f"{low} to {high}{unit}"
    return f"from {low}{unit}" if low is not None else f"up to {high}{unit}" if high is not None else ""


class _AnyDecimals(QtWidgets.QDoubleSpinBox):
    """Shows a number without trailing zeros and steps by a tenth of it."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.6g}"

    def stepBy(self, steps: int) -> None:
        self.setValue(self.value() + steps * (abs(self.value()) / 10 or 0.1))


def _number_editor(param: Param, value: Any, put: Put) -> QtWidgets.QWidget:
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
