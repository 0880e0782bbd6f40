"""The dialog that starts a job, made from the table of its settings: each with its help, and a way back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import Param
from phy_medicine.compute.device import choices
from phy_medicine.compute.job_kinds import JobKind
from phy_medicine.gui.param_editor import editor_of, show
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets

DEVICE = Param("device", str, "auto", help="Where to compute; auto takes a graphics card if there is one")
SEED = Param("seed", int, 0, help="Seed of every random number: the same seed gives the same result", minimum=0)
_EDITOR_WIDTH = 170
_RESET = "\N{ANTICLOCKWISE OPEN CIRCLE ARROW}"


class JobDialog(QtWidgets.QDialog):
    """Settings of one job.

    start : called with the values that differ from the defaults; what it refuses is said in the dialog
    values : to begin with instead of the defaults; defaults : configured ones, instead of the kind's
    """

    def __init__(
        self,
        kind: JobKind,
        start: Callable[[dict[str, Any]], object],
        parent: QtWidgets.QWidget,
        values: Mapping[str, Any] | None = None,
        *,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(kind.title)
        self.setAttribute(Qt.WA_DeleteOnClose)
        self._start = start
        self.params = {p.name: _configured(p, defaults or {}) for p in _table(kind)}
        self.values = {name: p.default for name, p in self.params.items()}
        self._advice = getattr(kind.settings_class, "advice", {})
        self.editors: dict[str, QtWidgets.QWidget] = {}
        self.resets: dict[str, QtWidgets.QToolButton] = {}
        self.labels: dict[str, QtWidgets.QLabel] = {}
        self._lay_out(kind)
        for name, value in (values or {}).items():
            if name in self.params:
                self._take_over(name, value)

    def _lay_out(self, kind: JobKind) -> None:
        about = QtWidgets.QLabel(kind.help)
        about.setWordWrap(True)
        about.setVisible(bool(kind.help))
        inner = QtWidgets.QWidget()
        self._grid = QtWidgets.QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, 12, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(3, 1)
        self._inner = inner
        self._add_all(getattr(kind.settings_class, "first", ()))
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        self.problem = QtWidgets.QLabel()
        self.problem.setObjectName("filter-error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.buttons = QtWidgets.QDialogButtonBox()
        self.start = self.buttons.addButton("Start", QtWidgets.QDialogButtonBox.AcceptRole)
        self.cancel = self.buttons.addButton(QtWidgets.QDialogButtonBox.Cancel)
        self.defaults = self.buttons.addButton("Restore defaults", QtWidgets.QDialogButtonBox.ResetRole)
        for button in (self.cancel, self.defaults):
            button.setAutoDefault(False)
        self.start.setDefault(True)
        self.buttons.accepted.connect(self.begin)
        self.buttons.rejected.connect(self.close)
        self.defaults.clicked.connect(self.restore)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        for widget, stretch in ((about, 0), (scroll, 1), (self.problem, 0), (self.buttons, 0)):
            column.addWidget(widget, stretch)
        inner.setMinimumWidth(620)
        self._fit()

    def _fit(self) -> None:
        """Take the room that the settings need, as far as the window has it."""
        room = self.parentWidget().size() if self.parentWidget() is not None else QtCore.QSize(1280, 800)
        wanted = self._inner.sizeHint().height() + 150
        self.resize(min(940, room.width() - 80), min(max(260, wanted), 820, room.height() - 80))

    def _add_all(self, first: Sequence[str]) -> None:
        """Add the settings; with `first` these and the device are shown, the others when they are asked for."""
        shown = [p for p in self.params.values() if not first or p.name in (*first, DEVICE.name)]
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
        self._grid.addWidget(self.more, len(shown), 0, 1, 2, Qt.AlignLeft)
        for row, param in enumerate(others, len(shown) + 1):
            self._add(row, param)
        self._others = [
            item.widget() for row in range(len(shown) + 1, len(self.params) + 1) for column in range(4)
            if (item := self._grid.itemAtPosition(row, column)) is not None
        ]  # fmt: skip
        self._show_others(False)
        self._grid.setRowStretch(len(self.params) + 1, 1)

    def _show_others(self, shown: bool) -> None:
        for widget in self._others:
            widget.setVisible(shown)
        for name in self._other_names:
            _keep_place(self.resets[name], shown)
            self.resets[name].setVisible(shown and self.values[name] != self.params[name].default)
        self._fit()

    def _add(self, row: int, param: Param) -> None:
        label = self.labels[param.name] = QtWidgets.QLabel(param.words)
        label.setToolTip(param.name)
        editor = self.editors[param.name] = self._editor(param)
        editor.setToolTip(f"{param.name}, {_default_in_words(param)}")
        editor.installEventFilter(self)
        editor.setFocusPolicy(Qt.StrongFocus)
        if not isinstance(editor, QtWidgets.QCheckBox):
            editor.setFixedWidth(_EDITOR_WIDTH)
        reset = self.resets[param.name] = QtWidgets.QToolButton()
        reset.setText(_RESET)
        reset.setToolTip(f"Back to the {_default_in_words(param)}")
        reset.setAccessibleName(f"Reset {param.name}")
        _keep_place(reset, True)
        reset.hide()
        reset.clicked.connect(lambda _checked: self._take_over(param.name, param.default))
        help_ = QtWidgets.QLabel(_help(param, str(self._advice.get(param.name, ""))))
        help_.setTextFormat(Qt.PlainText)
        help_.setWordWrap(True)
        help_.setProperty("dim", True)
        label.setBuddy(editor)
        for text in (label, help_):
            text.setMinimumHeight(editor.sizeHint().height())
            text.setAlignment(Qt.AlignVCenter | Qt.AlignLeft)
        for column, widget in enumerate((label, editor, reset, help_)):
            self._grid.addWidget(widget, row, column, Qt.AlignTop)

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
        """Scroll the dialog, and change no number, when the wheel turns over an editor that is not in use."""
        if event.type() == QtCore.QEvent.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return bool(super().eventFilter(watched, event))

    def event(self, event: QtCore.QEvent) -> bool:
        """Claim Escape, which closes the dialog, before it clears a filter."""
        if event.type() == QtCore.QEvent.ShortcutOverride and event.key() == Qt.Key_Escape:
            event.accept()
            return True
        return bool(super().event(event))

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

    def _take_over(self, name: str, value: Any) -> None:
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
            self._take_over(name, param.default)

    def changed_values(self) -> dict[str, Any]:
        """Return what differs from the defaults."""
        return {name: value for name, value in self.values.items() if value != self.params[name].default}

    def begin(self) -> None:
        """Start the job and close, or say why not."""
        for name, editor in self.editors.items():  # what was typed and not left yet counts
            if isinstance(editor, QtWidgets.QAbstractSpinBox):
                editor.interpretText()
            elif isinstance(editor, QtWidgets.QLineEdit):
                self._put(name, editor.text())
            if not self.problem.isHidden():
                return
        try:
            self._start(self.changed_values())
        except PhyMedError as error:
            self._say(str(error))
            return
        self.close()

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))


def _keep_place(widget: QtWidgets.QWidget, keep: bool) -> None:
    """Let a widget take its place in the layout also while it is hidden, or not."""
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(keep)
    widget.setSizePolicy(policy)


def _table(kind: JobKind) -> tuple[Param, ...]:
    """The settings of a kind, and where and with which seed it computes."""
    table = kind.offered
    names = {param.name for param in table}
    more = [p for p in (SEED, *((DEVICE,) if kind.uses_gpu else ())) if p.name not in names]
    return (*table, *more)


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
