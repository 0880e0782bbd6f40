"""The panel of the history: every action of the session, the state of now, saved states, and the way to any of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from phy_medicine.curation.entries import entry_of
from phy_medicine.curation.history import HistoryItem
from phy_medicine.gui.action_list import ActionModel, ActionRow, ActionTable
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.tool_dock import ToolDock
from phy_medicine.session.actions import Action
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

DOCK = "History"
NOW, SAVED = "\N{BLACK RIGHT-POINTING POINTER}", "\N{CHECK MARK}"
_KEYS = f"{NOW} now   {SAVED} saved   Enter or a double click goes there"


class HistoryPanel(QtWidgets.QWidget):
    """Content of the dock "History"; the first row is the dataset as it was opened, the newest action is the last."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window, self._history = window, window.session.history
        self._items: tuple[HistoryItem, ...] = ()
        self._position = self._n_saved = 0
        self.model = ActionModel(self._row, 1, window.theme)
        self.table = ActionTable(self.model)
        self.table.chosen.connect(self._go)
        self.setFocusProxy(self.table)
        hint = QtWidgets.QLabel(_KEYS)
        hint.setProperty("dim", True)
        hint.setContentsMargins(8, 3, 8, 3)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.table, 1)
        column.addWidget(hint)
        self.refresh()

    def refresh(self) -> None:
        """Show the actions as they are now, with the state of now in sight."""
        items, position, saved = self._history.items, self._history.position, len(self._history.saved)
        first = min(_first_difference(self._items, items) + 1, self._position, position)
        self._items, self._position = items, position
        # A save marks a row anywhere.
        self.model.update(len(items) + 1, 0 if saved != self._n_saved else first)
        self._n_saved = saved
        self.table.show_row(position)

    def _row(self, row: int) -> ActionRow:
        now = row == self._position
        if not row:
            tip = "The dataset as it was when it was opened"
            return ActionRow("", "Opened", marks=_marks(now=now, saved=True), tip=tip, bold=now)
        item = self._items[row - 1]
        entry = entry_of(item.action, item.counts)
        done = datetime.fromtimestamp(item.time)  # the clock on the wall
        saved = self._history.saved.get(item.serial)
        tip = "\n".join(filter(None, (item.text, entry.note, f"{done:%Y-%m-%d %H:%M:%S}")))
        if saved is not None:
            tip += f"\nSaved at {datetime.fromtimestamp(saved):%H:%M:%S}"
        if row > self._position:
            tip += "\nUndone"
        return ActionRow(
            f"{done:%H:%M:%S}",
            entry.what,
            entry.ids_text,
            entry.counts_text,
            _marks(now=now, saved=saved is not None),
            tip,
            dim=row > self._position,
            bold=now,
        )

    def _go(self, row: int) -> None:
        self._window.commands.guard(lambda: self._window.session.jump_to(row))


class WindowHistory:
    """Opens the panel and keeps it up to date while it can be seen."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.tool = ToolDock(window, DOCK, self._make, lambda: self.panel.table.setFocus())
        window.bridge.connect(window.session.clusters.changed, self._changed)
        window.bridge.connect(window.session.saved, self._changed)

    def actions(self) -> tuple[Action, ...]:
        """Return the action that shows the panel."""
        return (
            Action("show_history", "History", self.tool.show,
                   "Show every action of this session, and go back to any of them.",
                   "Edit", "history", ("Ctrl+Shift+H",)),
        )  # fmt: skip

    @property
    def panel(self) -> HistoryPanel:
        """The content of the dock; made now if it was not before."""
        panel: HistoryPanel = self.tool.dock.content
        return panel

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        if self.tool.made:
            self.panel.model.set_theme(theme)

    def _make(self) -> Dock:
        dock = Dock(DOCK, HistoryPanel(self._window), self._window.theme)
        dock.shown.connect(lambda seen: seen and self._refresh())
        return dock

    def _changed(self, _news: object) -> None:
        if self.tool.in_sight:
            self._window.later.put("history", self._refresh)

    def _refresh(self) -> None:
        if not self._window.is_closed:
            self.panel.refresh()


def _marks(*, now: bool, saved: bool) -> str:
    return (NOW if now else "") + (SAVED if saved else "")


def _first_difference(before: tuple[HistoryItem, ...], after: tuple[HistoryItem, ...]) -> int:
    """Number of actions at the beginning that are the same; only the end of a history ever changes."""
    n = min(len(before), len(after))
    while n and before[n - 1].serial != after[n - 1].serial:
        n -= 1
    return n
