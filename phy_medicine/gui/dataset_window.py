"""What a dataset holds and what was found odd in it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from phy_medicine.gui.qt import QtCore, QtGui, QtWidgets
from phy_medicine.io.checks import Check
from phy_medicine.views.theme import Theme


def counted(checks: Sequence[Check]) -> str:
    """Return `2 warnings`, without warnings `1 note`, and "" when there is nothing to say."""
    warnings = sum(check.severity == "warning" for check in checks)
    n, noun = (warnings, "warning") if warnings else (len(checks), "note")
    return f"{n} {noun}{'' if n == 1 else 's'}" if n else ""


class DatasetWindow(QtWidgets.QDialog):
    """Remarks first, then the description, which is shown once it has been worked out."""

    def __init__(self, name: str, theme: Theme, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"About {name}")
        self._theme = theme
        self._checks: tuple[Check, ...] = ()
        self.remarks = QtWidgets.QLabel()
        self.remarks.setWordWrap(True)
        self.remarks.setTextInteractionFlags(QtCore.Qt.TextSelectableByMouse)
        self.description = QtWidgets.QPlainTextEdit()
        self.description.setReadOnly(True)
        self.description.setLineWrapMode(QtWidgets.QPlainTextEdit.NoWrap)
        self.description.setFont(QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.FixedFont))
        copy = QtWidgets.QPushButton("Copy")
        copy.setAutoDefault(False)
        copy.clicked.connect(self._copy)
        buttons = QtWidgets.QDialogButtonBox(QtWidgets.QDialogButtonBox.Close)
        buttons.addButton(copy, QtWidgets.QDialogButtonBox.ActionRole)
        buttons.rejected.connect(self.close)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        for widget in (self.remarks, self.description, buttons):
            column.addWidget(widget)
        self.resize(760, 560)

    def show_checks(self, checks: Sequence[Check]) -> None:
        """Show the remarks, warnings before notes."""
        self._checks = tuple(sorted(checks, key=lambda c: c.severity != "warning"))
        self.remarks.setText("".join(map(self._remark, self._checks)))
        self.remarks.setVisible(bool(checks))

    def show_description(self, text: str) -> None:
        """Show what the dataset holds."""
        self.description.setPlainText(text)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.show_checks(self._checks)

    def _remark(self, check: Check) -> str:
        warning = check.severity == "warning"
        color = self._theme.warning if warning else self._theme.dim
        sign = "\N{WARNING SIGN} " if warning else ""
        head = f"<span style='color: {color}'>{sign}{check.severity.capitalize()}</span>"
        return f"<p style='margin: 0 0 6px 0'>{head} &nbsp;<b>{escape(check.file)}</b> {escape(check.message)}</p>"

    def _copy(self) -> None:
        remarks = [f"{check.severity} {check}" for check in self._checks]
        QtWidgets.QApplication.clipboard().setText("\n".join([*remarks, self.description.toPlainText()]))
