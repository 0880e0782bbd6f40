"""All plugins in one window: in use, failed, missing; switched on and off, run again, with what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.session.plugin_record import STATE_WORDS, PluginRecord, PluginSource
from phy_medicine.views.theme import Theme

_COLUMNS = ("Plugin", "State", "What it does")
_NOTHING = (
    "No plugins here. Put files into ~/.phy/plugins and name their classes in ~/.phy/phy_config.py:\n"
    "c.TemplateGUI.plugins = ['MyPlugin']"
)


class PluginPanel(QtWidgets.QDialog):
    """A list, what is known of the chosen one, and buttons; every change takes effect at once.

    guard : runs a change and returns why it failed, "" when it did not
    """

    def __init__(
        self, source: PluginSource, guard: Callable[[Callable[[], Any]], str], theme: Theme, parent: QtWidgets.QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Plugins")
        self._source, self._guard, self._theme = source, guard, theme
        self._records: dict[str, PluginRecord] = {}
        self.list = QtWidgets.QTreeWidget()
        self.list.setHeaderLabels(_COLUMNS)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        self.list.setStyleSheet("QTreeWidget::item { padding: 3px 2px; }")
        self.list.currentItemChanged.connect(lambda *_: self._show_chosen())
        self.facts = QtWidgets.QLabel()
        self.facts.setWordWrap(True)
        self.facts.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.details = QtWidgets.QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setLineWrapMode(QtWidgets.QPlainTextEdit.NoWrap)
        self.details.setFont(QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.FixedFont))
        self.problem = QtWidgets.QLabel()
        self.problem.setObjectName("filter-error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self._lay_out()
        self.refresh()
        self.resize(820, 560)

    def _lay_out(self) -> None:
        below = QtWidgets.QWidget()
        inner = QtWidgets.QVBoxLayout(below)
        inner.setContentsMargins(0, 4, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(self.facts)
        inner.addWidget(self.details, 1)
        split = QtWidgets.QSplitter(Qt.Vertical)
        split.addWidget(self.list)
        split.addWidget(below)
        split.setSizes([200, 260])
        split.setChildrenCollapsible(False)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(split, 1)
        column.addWidget(self.problem)
        column.addLayout(self._buttons())

    def _buttons(self) -> QtWidgets.QHBoxLayout:
        row = QtWidgets.QHBoxLayout()

        def button(text: str, clicked: Callable[[], object]) -> QtWidgets.QPushButton:
            made = QtWidgets.QPushButton(text)
            made.setAutoDefault(False)
            made.clicked.connect(lambda _on: clicked())
            return made

        self.switch = button("Switch on", self._switch)
        self.reload = button("Run again", self._reload)
        self.open_file = button("Show file", self._open_file)
        self.copy = button("Copy details", self._copy)
        close = button("Close", self.close)
        for made in (self.switch, self.reload, self.open_file, self.copy):
            row.addWidget(made)
        row.addStretch(1)
        row.addWidget(close)
        return row

    @property
    def chosen(self) -> PluginRecord | None:
        """The record of the line that is chosen."""
        item = self.list.currentItem()
        return None if item is None else self._records.get(item.data(0, Qt.UserRole))

    def choose(self, key: str) -> None:
        """Choose the line of a plugin."""
        for row in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(row)
            if item.data(0, Qt.UserRole) == key:
                self.list.setCurrentItem(item)

    def refresh(self) -> None:
        """Show the records as they are now; the choice stays."""
        before = self.chosen
        records = self._source.records
        self._records = {record.key: record for record in records}
        self.list.blockSignals(True)
        self.list.clear()
        for record in records:
            item = QtWidgets.QTreeWidgetItem(self.list, [record.name, record.state_words, record.help])
            item.setData(0, Qt.UserRole, record.key)
            item.setToolTip(0, f"{record.key}\n{record.source}".strip())
            item.setForeground(1, QtGui.QBrush(QtGui.QColor(self._color(record))))
        self.list.blockSignals(False)
        for column in (0, 1):
            self.list.resizeColumnToContents(column)
            self.list.setColumnWidth(column, min(self.list.columnWidth(column) + 16, 280))
        if before is not None and before.key in self._records:
            self.choose(before.key)
        elif records:
            self.list.setCurrentItem(self.list.topLevelItem(0))
        self._show_chosen()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.refresh()

    def _color(self, record: PluginRecord) -> str:
        theme = self._theme
        if record.state in ("failed", "missing"):
            return theme.error
        if record.state == "new" or record.n_problems:
            return theme.warning
        return theme.text if record.state == "attached" else theme.dim

    def _show_chosen(self) -> None:
        record = self.chosen
        self.facts.setText(_NOTHING if record is None else self._facts(record))
        self.details.setPlainText("" if record is None else record.details)
        self.details.setVisible(record is not None and bool(record.details))
        self.details.moveCursor(QtGui.QTextCursor.End)  # where a traceback says what it is about
        known = record is not None and record.state != "missing"
        self.switch.setText("Switch off" if record is not None and record.state == "attached" else "Switch on")
        self.switch.setEnabled(known and not (record is not None and record.state == "failed" and not record.asked_by))
        self.reload.setEnabled(known and record is not None and record.state in ("attached", "failed"))
        self.open_file.setEnabled(record is not None and Path(record.source).is_file())
        self.copy.setEnabled(record is not None and bool(record.details))

    def _facts(self, record: PluginRecord) -> str:
        asked = f" \N{MIDDLE DOT} asked for by {record.asked_by}" if record.asked_by else ""
        where = record.source or "no file"
        return f"{record.key} \N{MIDDLE DOT} {STATE_WORDS[record.state]}{asked}\n{where}"

    def _run(self, change: Callable[[], Any]) -> None:
        problem = self._guard(change)
        self.refresh()
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def _switch(self) -> None:
        record = self.chosen
        if record is not None:
            change = self._source.disable if record.state == "attached" else self._source.enable
            self._run(lambda: change(record.key))

    def _reload(self) -> None:
        record = self.chosen
        if record is not None:
            self._run(lambda: self._source.reload(record.key))

    def _open_file(self) -> None:
        if self.chosen is not None:
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(self.chosen.source))

    def _copy(self) -> None:
        if self.chosen is not None:
            QtWidgets.QApplication.clipboard().setText(f"{self.chosen.key}\n{self.chosen.details}")
