"""The list of groups: colour, key, whether navigation skips them, and a line for a new one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.curation.groups import DEFAULT_GROUPS, UNSORTED, Group
from phy_medicine.gui.group_list import GroupList
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets

_FIXED = {group.name for group in DEFAULT_GROUPS}
_HEADS = ("", "Group", "Key", "Skipped", "")
_SWATCH = QtCore.QSize(28, 18)


class GroupsDialog(QtWidgets.QDialog):
    """Every change takes effect at once."""

    def __init__(self, groups: GroupList, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Groups")
        self.setAttribute(Qt.WA_DeleteOnClose)
        self.setModal(True)
        self._groups = groups
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        self._rows = QtWidgets.QWidget()
        column.addWidget(self._rows)
        self._problem = QtWidgets.QLabel()
        self._problem.setObjectName("filter-error")
        self._problem.setWordWrap(True)
        self._problem.hide()
        text = "A key moves the selected clusters with Alt, the similar ones with Ctrl, all of them with Ctrl+Alt."
        hint = QtWidgets.QLabel(text)
        hint.setProperty("dim", True)
        hint.setWordWrap(True)
        buttons = QtWidgets.QDialogButtonBox(QtWidgets.QDialogButtonBox.Close)
        buttons.rejected.connect(self.close)
        buttons.button(QtWidgets.QDialogButtonBox.Close).setAutoDefault(False)
        for widget in (self._problem, hint, buttons):
            column.addWidget(widget)
        self._grid = QtWidgets.QGridLayout(self._rows)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setColumnStretch(1, 1)
        self.setMinimumWidth(440)
        self._fill()

    def _fill(self) -> None:
        """Make the rows anew."""
        while item := self._grid.takeAt(0):
            item.widget().deleteLater()
        for column, head in enumerate(_HEADS):
            label = QtWidgets.QLabel(head)
            label.setProperty("dim", True)
            self._grid.addWidget(label, 0, column)
        self.keys: dict[str, QtWidgets.QLineEdit] = {}
        for row, group in enumerate(self._groups, 1):
            self._add_row(row, group)
        self.new_name = QtWidgets.QLineEdit(placeholderText="New group")
        self.new_name.returnPressed.connect(self._add)
        add = QtWidgets.QPushButton("Add")
        add.clicked.connect(self._add)
        add.setAutoDefault(False)
        row = self._grid.rowCount()
        self._grid.addWidget(self.new_name, row, 1, 1, 2)
        self._grid.addWidget(add, row, 3)
        self.new_name.setFocus()

    def _add_row(self, row: int, group: Group) -> None:
        name, fixed = group.name, group.name in _FIXED
        swatch = QtWidgets.QToolButton()
        picture = QtGui.QPixmap(_SWATCH)
        picture.fill(QtGui.QColor(group.color))
        swatch.setIcon(QtGui.QIcon(picture))
        swatch.setIconSize(_SWATCH)
        swatch.setToolTip(f"Colour of {name}")
        swatch.clicked.connect(partial(self._choose_color, group))
        key = self.keys[name] = QtWidgets.QLineEdit(group.key.upper())
        key.setMaxLength(1)
        key.setFixedWidth(40)
        key.setAlignment(Qt.AlignCenter)
        key.setEnabled(not fixed)
        key.editingFinished.connect(partial(self._set_key, group, key))
        masked = QtWidgets.QCheckBox()
        masked.setChecked(group.masked)
        masked.setToolTip("Navigation skips clusters of this group, and the tables dim them")
        masked.setEnabled(name != UNSORTED)
        masked.toggled.connect(lambda on: self._try(lambda: self._groups.mask(name, on)))
        remove = QtWidgets.QPushButton("Remove")
        remove.setAutoDefault(False)
        remove.setVisible(not fixed)
        remove.clicked.connect(lambda: self._try(lambda: self._groups.remove(name)) and self._later())
        for column, widget in enumerate((swatch, QtWidgets.QLabel(name), key, masked, remove)):
            self._grid.addWidget(widget, row, column)

    def _choose_color(self, group: Group) -> None:
        chosen = QtWidgets.QColorDialog.getColor(QtGui.QColor(group.color), self, f"Colour of {group.name}")
        if chosen.isValid() and self._try(lambda: self._groups.add(group.name, color=chosen.name())):
            self._later()

    def _set_key(self, group: Group, line: QtWidgets.QLineEdit) -> None:
        key = line.text().strip().lower()
        now = next((g.key for g in self._groups if g.name == group.name), group.key)
        if not key or key == now or not self._try(lambda: self._groups.add(group.name, key)):
            line.setText(now.upper())

    def _add(self) -> None:
        name = self.new_name.text().strip()
        if name and self._try(lambda: self._groups.add(name)):
            self._later()

    def _later(self) -> None:
        """Make the rows anew, but not while one of them handles a click."""
        QtCore.QMetaObject.invokeMethod(self, "_refill", Qt.QueuedConnection)

    @QtCore.pyqtSlot()
    def _refill(self) -> None:
        self._fill()

    def _try(self, change: Callable[[], Any]) -> bool:
        """Make a change, or say why not."""
        try:
            change()
        except PhyMedError as error:
            self._problem.setText(str(error))
            self._problem.show()
            return False
        self._problem.hide()
        return True
