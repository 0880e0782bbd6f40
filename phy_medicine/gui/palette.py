"""The command palette: every action by a few letters of its name; `:` begins a line as in the status bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from phy_medicine.gui.keys import pretty_keys
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.session.action_search import Found, search
from phy_medicine.session.actions import Action
from phy_medicine.session.snippets import complete

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.views.theme import Theme

WIDTH, ROWS = 680, 14
_MAX_RECENT = 20
_HINT = "Enter runs, Up and Down choose, : begins a line with arguments, Esc leaves"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list.

    places : characters of the text that fit what was typed; where : menu or kind of view; reason : why it is greyed
    out, or ""; action_id : what it runs; line : or the line that it stands for
    """

    text: str
    places: tuple[int, ...] = ()
    where: str = ""
    snippet: str = ""
    keys: str = ""
    reason: str = ""
    action_id: str = ""
    line: str = ""


class Rows(QtCore.QAbstractListModel):
    """What is listed now."""

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def show(self, rows: list[Row]) -> None:
        """List other rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: QtCore.QModelIndex | None = None) -> int:
        return len(self.rows)

    def data(self, index: QtCore.QModelIndex, role: int = Qt.DisplayRole) -> Any:
        return self.rows[index.row()].text if role == Qt.DisplayRole else None


class RowPainter(QtWidgets.QStyledItemDelegate):
    """Paints a row: name with the letters that fit, where it belongs, snippet and key at the right."""

    def __init__(self, model: Rows, theme: Theme, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._model, self.theme = model, theme

    def sizeHint(self, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> QtCore.QSize:
        return QtCore.QSize(100, option.fontMetrics.height() + 10)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> None:
        row, theme, rect = self._model.rows[index.row()], self.theme, option.rect
        if option.state & QtWidgets.QStyle.State_Selected:
            painter.fillRect(rect, QtGui.QColor(theme.line))
        text, dim = QtGui.QColor(theme.text), QtGui.QColor(theme.dim)
        inner, metrics = rect.adjusted(12, 0, -12, 0), option.fontMetrics
        right = inner.right()
        for words, color in ((row.keys, dim if row.reason else text), (row.snippet, dim)):
            if words:
                width = metrics.horizontalAdvance(words)
                painter.setPen(color)
                painter.drawText(right - width, rect.y(), width + 1, rect.height(), Qt.AlignVCenter, words)
                right -= width + 20
        used = self._paint_name(painter, row, inner, dim if row.reason else text, metrics)
        rest = QtCore.QRect(inner.x() + used + 14, rect.y(), right - inner.x() - used - 14, rect.height())
        words = row.reason or row.where
        if words and rest.width() > 40:
            painter.setPen(dim)
            painter.drawText(rest, Qt.AlignVCenter, metrics.elidedText(words, Qt.ElideRight, rest.width()))

    def _paint_name(
        self, painter: QtGui.QPainter, row: Row, rect: QtCore.QRect, color: QtGui.QColor, metrics: Any
    ) -> int:
        """Write the name and underline the letters that fit; return its width."""
        width = min(metrics.horizontalAdvance(row.text), rect.width())
        painter.setPen(color)
        painter.drawText(rect, Qt.AlignVCenter, metrics.elidedText(row.text, Qt.ElideRight, rect.width()))
        painter.setPen(QtGui.QPen(QtGui.QColor(self.theme.accent), 2))
        y = rect.center().y() + metrics.ascent() // 2 + 3
        for place in row.places:
            left = rect.x() + metrics.horizontalAdvance(row.text[:place])
            stop = rect.x() + metrics.horizontalAdvance(row.text[: place + 1])
            if stop <= rect.right():
                painter.drawLine(left, y, stop - 1, y)
        return width


class PaletteLine(QtWidgets.QLineEdit):
    """Claims every key while it is open: no action runs by accident."""

    pressed = QtCore.pyqtSignal(int)
    """A key that walks, runs or leaves."""
    deserted = QtCore.pyqtSignal()
    """The keyboard went to another part of the window."""
    _KEYS = frozenset((Qt.Key_Up, Qt.Key_Down, Qt.Key_PageUp, Qt.Key_PageDown, Qt.Key_Return, Qt.Key_Enter,
                       Qt.Key_Escape, Qt.Key_Tab, Qt.Key_Backtab))  # fmt: skip

    def event(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.ShortcutOverride:
            event.accept()
            return True
        if event.type() == QtCore.QEvent.KeyPress and event.key() in self._KEYS:
            self.pressed.emit(event.key())
            return True
        return bool(super().event(event))

    def focusOutEvent(self, event: QtGui.QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.ActiveWindowFocusReason, Qt.PopupFocusReason):
            self.deserted.emit()


class Palette(QtWidgets.QFrame):
    """Lies over the top of the window while it is open."""

    left = QtCore.pyqtSignal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._commands = window, window.commands
        self.recent: list[str] = [str(i) for i in window.state.get("recent_actions", ())][:_MAX_RECENT]
        self.setObjectName("palette")
        self.line = PaletteLine(placeholderText="Type the name of an action")
        self.line.setFrame(False)
        self.model = Rows(self)
        self.list = QtWidgets.QListView()
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._painter = RowPainter(self.model, window.theme, self)
        self.list.setItemDelegate(self._painter)
        self.hint = QtWidgets.QLabel(_HINT)
        self.hint.setProperty("dim", True)
        self.hint.setContentsMargins(12, 4, 12, 6)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        for widget in (self.line, self.list, self.hint):
            column.addWidget(widget)
        self.line.textEdited.connect(self._narrow)
        self.line.pressed.connect(self._pressed)
        self.line.deserted.connect(self.hide)
        self.list.clicked.connect(lambda index: self._take(self.model.rows[index.row()]))
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._painter.theme = theme

    def open(self) -> None:
        """Show all actions, or leave when it is open already."""
        if self.isVisible():
            self.leave()
            return
        self.line.clear()
        self._narrow("")
        self.show()
        self.raise_()
        self.line.setFocus(Qt.ShortcutFocusReason)

    def leave(self) -> None:
        """Hide, and give the keyboard back."""
        if self.isVisible():
            self.left.emit()
            self.hide()

    def focusNextPrevChild(self, following: bool) -> bool:
        return False

    def _place(self) -> None:
        window = self._window
        row = self._painter.sizeHint(self._option(), QtCore.QModelIndex()).height()
        top = window.menuBar().height() + 8
        n = min(max(len(self.model.rows), 1), ROWS)
        # What the list needs is known to nobody before it is shown, so it is told.
        self.list.setMinimumHeight(n * row + 4)
        wanted = max(self.layout().sizeHint().height(), self.layout().minimumSize().height())
        width = min(WIDTH, window.width() - 40)
        self.setGeometry((window.width() - width) // 2, top, width, min(wanted, window.height() - top - 40))

    def _option(self) -> QtWidgets.QStyleOptionViewItem:
        option = QtWidgets.QStyleOptionViewItem()
        option.fontMetrics = self.list.fontMetrics()
        return option

    def _narrow(self, text: str) -> None:
        """List what fits; the first row is chosen, but of what completes a line only where one of a list is wanted."""
        is_line = text.lstrip().startswith(":")
        rows = self._lines(text.lstrip()) if is_line else list(map(self._row, self._found(text)))
        self.model.show(rows)
        self._say(self._usage(text) if is_line else _HINT if rows else "No action has these letters in its name")
        self._place()
        if rows and (not is_line or self._wants_choice(text)):
            self.list.setCurrentIndex(self.model.index(0))

    def _found(self, text: str) -> list[Found]:
        actions = [a for a in self._commands.table if a.id != "command_palette"]
        return search(text, actions, recent=self.recent, reason_of=self._commands.why_not)

    def _row(self, found: Found) -> Row:
        action = found.action
        snippet = action.usage if action.alias or action.args else ""
        keys = pretty_keys(action.shortcuts[:1])
        where = action.owner or action.menu
        return Row(action.text.rstrip("."), found.places, where, snippet, keys, found.reason, action.id)

    def _lines(self, text: str) -> list[Row]:
        return [Row(f":{line.lstrip().removeprefix(':')}", line=line) for line in complete(text, self._commands.table)]

    def _called(self, text: str) -> Action | None:
        """Return the action whose arguments are being typed."""
        name, space, _ = text.lstrip().removeprefix(":").lstrip().partition(" ")
        return self._commands.table.find(name) if space else None

    def _usage(self, text: str) -> str:
        action = self._called(text)
        return f"{action.usage}   {action.help}" if action is not None else "Tab completes, Enter runs, Esc leaves"

    def _wants_choice(self, text: str) -> bool:
        """Whether the first row is better than what was typed: a value of a list that was not typed to its end."""
        action = self._called(text)
        if action is None or len(action.args) != 1 or action.args[0].optional:
            return False
        typed = text.partition(" ")[2].strip().lower()
        return action.args[0].kind in ("word", "rest") and typed not in map(str.lower, action.args[0].candidates())

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self.hint.setText(
            self.hint.fontMetrics().elidedText(text, Qt.ElideRight, min(WIDTH, self._window.width() - 40) - 24)
        )
        self.hint.setToolTip(text)
        self.hint.setObjectName("filter-error" if wrong else "")
        self.hint.style().polish(self.hint)

    def _pressed(self, key: int) -> None:
        if key == Qt.Key_Escape:
            self.leave()
        elif key in (Qt.Key_Return, Qt.Key_Enter):
            self._enter()
        elif key == Qt.Key_Tab:
            self._fill()
        else:
            steps = {Qt.Key_Up: -1, Qt.Key_Backtab: -1, Qt.Key_Down: 1, Qt.Key_PageUp: -10, Qt.Key_PageDown: 10}
            self._walk(steps[key])

    def _walk(self, step: int) -> None:
        n, now = len(self.model.rows), self.list.currentIndex().row()
        if n:
            ends = abs(step) > 1 or now < 0
            row = min(max(now + step, 0), n - 1) if ends else (now + step) % n
            self.list.setCurrentIndex(self.model.index(row))

    def _current(self) -> Row | None:
        row = self.list.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    def _fill(self) -> None:
        """Write the chosen row into the line, or the first one."""
        row = self._current() or (self.model.rows[0] if self.model.rows else None)
        if row is not None:
            self._put(row.line or self._begun(row.action_id))

    def _begun(self, action_id: str) -> str:
        """Return the line of an action up to its arguments."""
        action = self._commands.table[action_id]
        return f":{action.alias or action.id} "

    def _put(self, line: str) -> None:
        text = line if line.lstrip().startswith(":") else f":{line}"
        self.line.setText(text)
        self._narrow(text)

    def _enter(self) -> None:
        row, typed = self._current(), self.line.text().strip()
        if row is not None:
            self._take(row)
        elif typed:
            self._run(lambda: self._commands.run_line(typed), typed.removeprefix(":").split(" ")[0])

    def _take(self, row: Row) -> None:
        """Run a row; an action that needs arguments is written into the line, which then asks for them."""
        if row.line:
            self._run(lambda: self._commands.run_line(row.line), row.line.strip().removeprefix(":").split(" ")[0])
        elif row.reason:
            self._say(row.reason, wrong=True)
        elif self._commands.table[row.action_id].needs_arguments:
            self._put(self._begun(row.action_id))
        else:
            self._run(lambda: self._commands.run(row.action_id), row.action_id)

    def _run(self, call: Callable[[], str], name: str) -> None:
        """Leave and run; a line that cannot be run comes back for correction."""
        text = self.line.text()
        self.leave()
        problem = call()
        if problem and text.lstrip().startswith(":"):
            self.open()
            self._put(text)
            self._say(problem, wrong=True)
        action = self._commands.table.find(name)
        if not problem and action is not None:
            self.recent = [action.id, *(i for i in self.recent if i != action.id)][:_MAX_RECENT]
            self._window.state.set("recent_actions", self.recent)
