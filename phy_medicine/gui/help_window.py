"""The searchable list of all actions with their keys and snippets, the About box, and the first word of a window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.keys import pretty_keys
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.session.actions import Action

if TYPE_CHECKING:
    from phy_medicine.gui.commands import Commands
    from phy_medicine.gui.main_window import MainWindow

_COLUMNS = ("Action", "Keys", "Snippet", "What it does")


class HelpWindow(QtWidgets.QDialog):
    """Actions by menu; typing narrows the list, Enter or a double click runs the chosen one, buttons change its key."""

    chosen = QtCore.pyqtSignal(str)

    def __init__(self, commands: Commands, gestures: Iterable[tuple[str, str, str]], parent: QtWidgets.QWidget):
        """gestures : (view, gesture, meaning)"""
        super().__init__(parent)
        self._commands = commands
        self.setWindowTitle("Actions and shortcuts")
        self.setAttribute(Qt.WA_DeleteOnClose)
        self.setModal(True)
        self.search = QtWidgets.QLineEdit(placeholderText="Search an action, a key or a snippet")
        self.search.setClearButtonEnabled(True)
        self.tree = QtWidgets.QTreeWidget()
        self.tree.setHeaderLabels(_COLUMNS)
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(12)
        self.tree.setFocusPolicy(Qt.NoFocus)
        self._items: dict[str, QtWidgets.QTreeWidgetItem] = {}
        self._fill(commands.table, gestures)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self.tree)
        column.addLayout(self._buttons())
        self.search.installEventFilter(self)
        self.tree.currentItemChanged.connect(lambda *_: self._show_buttons())
        self._show_buttons()
        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._choose_first)
        self.tree.itemDoubleClicked.connect(lambda item, _column: self._choose(item))
        self._size(parent)

    def _buttons(self) -> QtWidgets.QHBoxLayout:
        row = QtWidgets.QHBoxLayout()
        self.message = QtWidgets.QLabel("Choose an action to change its key.")
        self.message.setProperty("dim", True)
        self.message.setWordWrap(True)
        row.addWidget(self.message, 1)

        def button(text: str, clicked: Callable[[], object]) -> QtWidgets.QPushButton:
            made = QtWidgets.QPushButton(text)
            made.setAutoDefault(False)
            made.setFocusPolicy(Qt.NoFocus)
            made.clicked.connect(lambda _on: clicked())
            row.addWidget(made)
            return made

        self.change = button("Change key...", self._change_key)
        self.reset = button("Reset", self._reset_key)
        self.reset_all = button("Reset all", lambda: self._run("reset_shortcuts"))
        self.take_over = button("Import...", lambda: self._run("import_shortcuts"))
        self.export = button("Export...", lambda: self._run("export_shortcuts"))
        return row

    def _show_buttons(self) -> None:
        action = self.current()
        self.change.setEnabled(action is not None)
        self.reset.setEnabled(action is not None and self._commands.shortcuts.is_chosen(action))

    def current(self) -> Action | None:
        """Return the chosen action, None on a gesture or a title."""
        item = self.tree.currentItem()
        action_id = item.data(0, Qt.UserRole) if item is not None and not item.isHidden() else ""
        return self._commands.table[action_id] if action_id else None

    def _change_key(self) -> None:
        from phy_medicine.gui.key_dialog import KeyDialog

        action = self.current()
        if action is not None:
            dialog = KeyDialog(action, self._commands.shortcuts, self)
            dialog.accepted.connect(lambda: self._use(self._commands.shortcuts.change(action, dialog.keys, take=True)))
            dialog.setAttribute(Qt.WA_DeleteOnClose)
            dialog.open()

    def _reset_key(self) -> None:
        """Bring back the default key; where another action has it by now, that one must be changed first."""
        action = self.current()
        try:
            self._use(self._commands.shortcuts.reset(action) if action is not None else [])
        except ActionError as error:
            self.message.setText(str(error))

    def _run(self, action_id: str) -> None:
        """Run an action on all shortcuts, and say here what came of it."""
        self.message.setText(self._commands.run(action_id))
        self._refresh()

    def _use(self, changed: Iterable[Action]) -> None:
        actions = list(changed)
        self._commands.use_keys(actions)
        self.message.setText(
            "  ".join(f"{a.text.rstrip('.')}: {pretty_keys(a.shortcuts) or 'no key'}." for a in actions)
        )
        self._refresh()

    def _refresh(self) -> None:
        """Show the keys as they are now."""
        for action_id, item in self._items.items():
            item.setText(1, pretty_keys(self._commands.table[action_id].shortcuts))
        self._show_buttons()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Walk through the list with the arrow keys while the cursor stays in the search."""
        walks = (Qt.Key_Up, Qt.Key_Down, Qt.Key_PageUp, Qt.Key_PageDown)
        if event.type() == QtCore.QEvent.KeyPress and event.key() in walks:
            QtCore.QCoreApplication.sendEvent(self.tree, event)
            return True
        return False

    def _size(self, parent: QtWidgets.QWidget) -> None:
        for column, width in enumerate((230, 170, 150)):
            self.tree.setColumnWidth(column, width)
        room = parent.size() if parent is not None else QtCore.QSize(1280, 800)
        self.resize(min(1060, room.width() - 80), min(820, room.height() - 80))

    def _fill(self, actions: Iterable[Action], gestures: Iterable[tuple[str, str, str]]) -> None:
        sections: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for action in actions:
            keys = pretty_keys(action.shortcuts)
            snippet = action.usage if action.alias or action.args else ""
            row = (action.text.rstrip("."), keys, snippet, action.help)
            sections.setdefault(action.owner or action.menu or "Other", []).append((row, action.id))
        for view, gesture, meaning in gestures:
            sections.setdefault(view, []).append(((meaning, gesture, "", "Mouse gesture"), ""))
        for section, rows in sections.items():
            head = QtWidgets.QTreeWidgetItem(self.tree, [section])
            head.setFirstColumnSpanned(True)
            font = head.font(0)
            font.setBold(True)
            head.setFont(0, font)
            head.setFlags(Qt.ItemIsEnabled)
            for row, action_id in rows:
                item = QtWidgets.QTreeWidgetItem(head, list(row))
                item.setData(0, Qt.UserRole, action_id)
                item.setToolTip(3, row[3])
                if action_id:
                    self._items[action_id] = item
        self.tree.expandAll()

    def _narrow(self, text: str) -> None:
        words = text.lower().split()
        for i in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(i)
            any_shown = False
            for j in range(head.childCount()):
                item = head.child(j)
                content = " ".join([head.text(0), *(item.text(c) for c in range(4))]).lower()
                shown = all(word in content for word in words)
                item.setHidden(not shown)
                any_shown |= shown
            head.setHidden(not any_shown)

        self._show_buttons()

    def _choose_first(self) -> None:
        """Run the action that was chosen with the arrow keys, else the first that is shown."""
        current = self.tree.currentItem()
        if current is not None and not current.isHidden() and current.data(0, Qt.UserRole):
            self._choose(current)
            return
        for i in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(i)
            for j in range(head.childCount()):
                if not head.child(j).isHidden() and head.child(j).data(0, Qt.UserRole):
                    self._choose(head.child(j))
                    return

    def _choose(self, item: QtWidgets.QTreeWidgetItem) -> None:
        action_id = item.data(0, Qt.UserRole)
        if action_id:
            self.accept()
            self.chosen.emit(action_id)


def greeting(window: MainWindow) -> str:
    """Say which key to begin with."""
    key_of = window.commands.key_of
    keys = f"{key_of('show_all_shortcuts')} lists all keys."
    if not window.session.is_recording:
        return f"{key_of('next')} selects the next cluster; {keys}"
    return keys if window.panels.target("TraceView") is None else f"{key_of('go_right')} goes on in time; {keys}"


def about_text(version: str, help_key: str) -> str:
    """Return the text of the About box."""
    return (
        f"<h3>phy-medicine {version}</h3>"
        "<p>Manual curation of spike sorting: every action is on disk before it is applied.</p>"
        f"<p>Shortcuts, snippets and files are those of phy. Press {help_key} for all actions.</p>"
    )
