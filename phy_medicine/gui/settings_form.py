"""A table of settings as a form: each with its help and a way back; the important ones first, the others on demand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import Param
from phy_medicine.compute.device import choices
from phy_medicine.gui.param_editor import editor_of, show
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets

DEVICE = "device"
_EDITOR_WIDTH = 170
_RESET = "\N{ANTICLOCKWISE OPEN CIRCLE ARROW}"


class SettingsForm(QtWidgets.QWidget):
    """Edits the values of some settings.

    params : in order; first : names of those that are shown at once, with the device; all where it is empty
    advice : name -> a second line of help; defaults : configured values, instead of those of the table
    wide : whether help stands beside the editors, else below them
    """

    said = QtCore.pyqtSignal(str)
    """Why a value cannot be, "" once all can."""
    changed = QtCore.pyqtSignal()
    """A value became another one."""
    grown = QtCore.pyqtSignal()
    """More or fewer settings are shown."""

    def __init__(
        self,
        params: Sequence[Param],
        *,
        first: Sequence[str] = (),
        advice: Mapping[str, str] | None = None,
        defaults: Mapping[str, Any] | None = None,
        wide: bool = True,
    ) -> None:
        super().__init__()
        self.params = {p.name: _configured(p, defaults or {}) for p in params}
        self.values = {name: p.default for name, p in self.params.items()}
        self._advice, self._wide = advice or {}, wide
        self._problem = ""
        self.editors: dict[str, QtWidgets.QWidget] = {}
        self.resets: dict[str, QtWidgets.QToolButton] = {}
        self.labels: dict[str, QtWidgets.QLabel] = {}
        self._helps: dict[str, QtWidgets.QLabel] = {}
        self._grid = QtWidgets.QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 12, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8 if wide else 2)
        self._grid.setColumnStretch(3, 1)
        self._add_all(first)

    def fill(self, values: Mapping[str, Any]) -> None:
        """Show values; those that are none of a setting are left out."""
        for name, value in values.items():
            if name in self.params:
                self.take_over(name, value)

    def _add_all(self, first: Sequence[str]) -> None:
        """Add the settings; with `first` these and the device are shown, the others when they are asked for."""
        shown = [p for p in self.params.values() if not first or p.name in (*first, DEVICE)]
        shown.sort(key=lambda p: first.index(p.name) if p.name in first else len(first))
        others = [p for p in self.params.values() if p not in shown]
        self._other_names = {p.name for p in others}
        for row, param in enumerate(shown):
            self._add(row, param)
        self.more = QtWidgets.QPushButton(f"{len(others)} more settings")
        self.more.setCheckable(True)
        self.more.setAutoDefault(False)
        self.more.toggled.connect(self._show_others)
        self.more.setVisible(bool(others))
        self._grid.addWidget(self.more, 2 * len(shown), 0, 1, 3, Qt.AlignLeft)
        for row, param in enumerate(others, len(shown) + 1):
            self._add(row, param)
        self._show_others(False)
        self._grid.setRowStretch(2 * len(self.params) + 2, 1)

    def _show_others(self, shown: bool) -> None:
        for name in self._other_names:
            for widget in (self.labels[name], self.editors[name], self._helps[name]):
                widget.setVisible(shown)
            _keep_place(self.resets[name], shown)
            self.resets[name].setVisible(shown and self.values[name] != self.params[name].default)
        self.grown.emit()

    def _add(self, row: int, param: Param) -> None:
        label = self.labels[param.name] = QtWidgets.QLabel(param.words)
        label.setToolTip(param.name)
        editor = self.editors[param.name] = self._editor(param)
        editor.setToolTip(f"{param.name}, {_default_in_words(param)}")
        editor.installEventFilter(self)
        editor.setFocusPolicy(Qt.StrongFocus)
        if not isinstance(editor, QtWidgets.QCheckBox):
            editor.setFixedWidth(_EDITOR_WIDTH)
        elif not self._wide:
            editor.setFixedHeight(editor.sizeHint().height())
        reset = self.resets[param.name] = QtWidgets.QToolButton()
        reset.setText(_RESET)
        reset.setToolTip(f"Back to the {_default_in_words(param)}")
        reset.setAccessibleName(f"Reset {param.name}")
        _keep_place(reset, True)
        reset.hide()
        reset.clicked.connect(lambda _checked: self.take_over(param.name, param.default))
        help_ = self._helps[param.name] = QtWidgets.QLabel(_help(param, str(self._advice.get(param.name, ""))))
        help_.setTextFormat(Qt.PlainText)
        help_.setWordWrap(True)
        help_.setProperty("dim", True)
        label.setBuddy(editor)
        for text in (label, help_) if self._wide else (label,):
            text.setMinimumHeight(editor.sizeHint().height())
            text.setAlignment(Qt.AlignVCenter | Qt.AlignLeft)
        for column, widget in enumerate((label, editor, reset)):
            self._grid.addWidget(widget, 2 * row, column, Qt.AlignTop)
        if self._wide:
            self._grid.addWidget(help_, 2 * row, 3, Qt.AlignTop)
        else:
            help_.setContentsMargins(0, 0, 0, 8)
            self._grid.addWidget(help_, 2 * row + 1, 0, 1, 4, Qt.AlignTop)

    def _editor(self, param: Param) -> QtWidgets.QWidget:
        if param.name != "device":
            return editor_of(param, param.default, partial(self._put, param.name))
        box = QtWidgets.QComboBox()
        box.addItems(choices())
        box.setEditable(True)
        box.setInsertPolicy(QtWidgets.QComboBox.NoInsert)
        box.setEditText(str(param.default))
        box.editTextChanged.connect(partial(self._put, param.name))
        return box

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Scroll the form, and change no number, when the wheel turns over an editor that is not in use."""
        if event.type() == QtCore.QEvent.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return bool(super().eventFilter(watched, event))

    def _put(self, name: str, value: Any) -> None:
        """Take over what an editor says, if it can be."""
        try:
            self.values[name] = self.params[name].check(value)
        except PhyMedError as error:
            self._say(str(error))
            return
        self._say("")
        changed = self.values[name] != self.params[name].default
        self.resets[name].setVisible(changed)
        if changed and name in self._other_names and not self.more.isChecked():
            self.more.setChecked(True)
        font = self.labels[name].font()
        font.setBold(changed)
        self.labels[name].setFont(font)
        self.changed.emit()

    def take_over(self, name: str, value: Any) -> None:
        """Show a value of a setting; one that cannot be is left out."""
        editor = self.editors[name]
        try:
            if isinstance(editor, QtWidgets.QComboBox) and editor.isEditable():
                editor.setEditText(str(value))
            else:
                show(editor, self.params[name], self.params[name].check(value))
        except (PhyMedError, ValueError):
            return  # a remembered value that is none any more
        self._put(name, value)

    def restore(self) -> None:
        """Show the defaults everywhere."""
        for name, param in self.params.items():
            self.take_over(name, param.default)

    def changed_values(self) -> dict[str, Any]:
        """Return what differs from the defaults."""
        return {name: value for name, value in self.values.items() if value != self.params[name].default}

    def read(self) -> str:
        """Take over what was typed and not left yet; returns why a value cannot be, "" if all can."""
        for name, editor in self.editors.items():
            if isinstance(editor, QtWidgets.QAbstractSpinBox):
                editor.interpretText()
            elif isinstance(editor, QtWidgets.QLineEdit):
                self._put(name, editor.text())
            if self._problem:
                break
        return self._problem

    def _say(self, text: str) -> None:
        if text != self._problem:
            self._problem = text
            self.said.emit(text)


def _keep_place(widget: QtWidgets.QWidget, keep: bool) -> None:
    """Let a widget take its place in the layout also while it is hidden, or not."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(keep)
    widget.setSizePolicy(policy)


def _configured(param: Param, defaults: Mapping[str, Any]) -> Param:
    """Return a setting with the configured default, if that can be."""
    try:
        return dataclasses.replace(param, default=param.check(defaults[param.name]))
    except (KeyError, PhyMedError):
        return param


def _help(param: Param, advice: str) -> str:
    text = param.help.rstrip(".")
    low, high = param.minimum, param.maximum
    limits = f" ({_number(low)} to {_number(high)})" if low is not None and high is not None else ""
    return f"{text}{limits}." + (f"\n{advice}" if advice else "")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _default_in_words(param: Param) -> str:
    value = {True: "on", False: "off"}[param.default] if param.type is bool else param.default
    return f"default {value} {param.unit}".strip()
