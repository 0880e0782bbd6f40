"""A dialog made from a table of parameters; every change takes effect at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import Param, params_of
from phy_medicine.gui.param_editor import editor_of, range_words, show
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets

LONG = 8
"""With more settings than this the switches stand together, in two columns below the values."""


class SettingsDialog(QtWidgets.QDialog):
    """Edits one frozen settings object.

    put : called with name and value at each change; what it refuses is said in the dialog
    params : the table of the settings, with the choices of now
    """

    def __init__(
        self,
        title: str,
        settings: Any,
        put: Callable[[str, Any], object],
        parent: QtWidgets.QWidget,
        *,
        params: Sequence[Param] = (),
    ) -> None:
        super().__init__(parent, Qt.Tool)
        self.setWindowTitle(f"{title} settings")
        self.setAttribute(Qt.WA_DeleteOnClose)
        self._settings = settings
        self._params = params or params_of(settings)
        self._take = put
        self.editors: dict[str, QtWidgets.QWidget] = {}
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        self._area = QtWidgets.QScrollArea()
        self._area.setFrameShape(QtWidgets.QFrame.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._area.setWidget(self._rows(self._params))
        self._problem = QtWidgets.QLabel()
        self._problem.setWordWrap(True)
        self._problem.setObjectName("filter-error")
        self._problem.hide()
        buttons = QtWidgets.QDialogButtonBox(
            QtWidgets.QDialogButtonBox.RestoreDefaults | QtWidgets.QDialogButtonBox.Close
        )
        buttons.rejected.connect(self.close)
        buttons.button(QtWidgets.QDialogButtonBox.RestoreDefaults).clicked.connect(self._restore)
        for button in buttons.buttons():
            # Else Return at the end of a line of text would also press one of them.
            button.setAutoDefault(False)
        for widget in (self._area, self._problem, buttons):
            column.addWidget(widget)
        self._fit(parent)

    def _rows(self, params: Sequence[Param]) -> QtWidgets.QWidget:
        """Make a row for each setting: what it is, its editor, between what it may lie."""
        content = QtWidgets.QWidget()
        grid = QtWidgets.QGridLayout(content)
        grid.setContentsMargins(0, 0, 8, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(0, 1)
        switches = [p for p in params if p.type is bool] if len(params) > LONG else []
        for row, param in enumerate(p for p in params if p not in switches):
            limits = QtWidgets.QLabel(range_words(param))
            limits.setProperty("dim", True)
            label = QtWidgets.QLabel(_title(param))
            label.setWordWrap(True)
            for at, widget in enumerate((label, self._editor(param), limits)):
                grid.addWidget(widget, row, at)
        if switches:
            grid.addWidget(self._switches(switches), grid.rowCount(), 0, 1, 3)
        grid.setRowStretch(grid.rowCount(), 1)
        return content

    def _switches(self, params: Sequence[Param]) -> QtWidgets.QWidget:
        """Put switches beside each other, each with its words."""
        box = QtWidgets.QWidget()
        grid = QtWidgets.QGridLayout(box)
        grid.setContentsMargins(0, 8, 0, 0)
        grid.setVerticalSpacing(8)
        for i, param in enumerate(params):
            editor: Any = self._editor(param)
            editor.setText(_title(param))
            grid.addWidget(editor, i // 2, i % 2)
        return box

    def _editor(self, param: Param) -> QtWidgets.QWidget:
        editor = editor_of(param, getattr(self._settings, param.name), partial(self._put, param.name))
        editor.setToolTip(param.name)
        self.editors[param.name] = editor
        return editor

    def _fit(self, parent: QtWidgets.QWidget) -> None:
        """Be as large as the rows ask for, but no larger than the window allows; the rest scrolls."""
        wanted = self._area.widget().sizeHint()
        bar = self._area.verticalScrollBar().sizeHint().width()
        room = parent.window().size() if parent is not None else QtCore.QSize(1280, 800)
        self._area.setMinimumWidth(min(max(wanted.width(), 360) + bar, room.width() - 80))
        self._area.setMinimumHeight(min(wanted.height() + 2, room.height() - 180))

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
        for param in self._params:
            show(self.editors[param.name], param, param.default)
            if isinstance(self.editors[param.name], QtWidgets.QLineEdit):
                self._put(param.name, param.default)


def _title(param: Param) -> str:
    return param.help or param.name.replace("_", " ").capitalize()
