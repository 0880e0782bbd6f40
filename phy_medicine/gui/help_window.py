"""The searchable list of all actions with their keys and snippets, and the About box."""

from __future__ import annotations

from collections.abc import Iterable

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.session.actions import Action

_COLUMNS = ("Action", "Keys", "Snippet", "What it does")


class HelpWindow(QtWidgets.QDialog):
    """Actions by menu; typing narrows the list, Enter or a double click runs the chosen one."""

    chosen = QtCore.pyqtSignal(str)

    def __init__(self, actions: Iterable[Action], gestures: Iterable[tuple[str, str, str]], parent: QtWidgets.QWidget):
        """gestures : (view, gesture, meaning)"""
        super().__init__(parent)
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
        self._fill(actions, gestures)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self.tree)
        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._choose_first)
        self.tree.itemDoubleClicked.connect(lambda item, _column: self._choose(item))
        self._size(parent)

    def _size(self, parent: QtWidgets.QWidget) -> None:
        for column, width in enumerate((230, 170, 150)):
            self.tree.setColumnWidth(column, width)
        room = parent.size() if parent is not None else QtCore.QSize(1280, 800)
        self.resize(min(1060, room.width() - 80), min(820, room.height() - 80))

    def _fill(self, actions: Iterable[Action], gestures: Iterable[tuple[str, str, str]]) -> None:
        sections: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for action in actions:
            keys = ", ".join(pretty_key(k) for k in action.shortcuts)
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

    def _choose_first(self) -> None:
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


def pretty_key(key: str) -> str:
    """Return a key sequence as this platform writes it."""
    return QtGui.QKeySequence(key).toString(QtGui.QKeySequence.NativeText) or key


def about_text(version: str) -> str:
    """Return the text of the About box."""
    return (
        f"<h3>phy-medicine {version}</h3>"
        "<p>Manual curation of spike sorting: every action is on disk before it is applied.</p>"
        "<p>Shortcuts, snippets and files are those of phy. Press H for all actions.</p>"
    )
