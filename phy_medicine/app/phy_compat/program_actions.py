"""The program's own actions as groups of phy: same names, same menus, and keys that can be given away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.action_table import follow_keys, key_sequences
from phy_medicine.app.phy_compat.actions import Actions
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.events import emit
from phy_medicine.app.phy_compat.loose_qt import QtWidgets
from phy_medicine.session.actions import Action

GROUPS = {
    "File": ("&File", "File"),
    "View": ("&View", "View"),
    "Help": ("&Help", "Help"),
    "Edit": ("&Edit", "Edit"),
    "Select": ("Sele&ct", "Select"),
}
"""Group of phy -> its menu as phy writes it, and the menu of the program whose actions it has."""

QUEUED = ("Edit", "Select")
"""Groups whose actions are methods of the supervisor."""


class ProgramEntry(Bunch):
    """An action of the program in a group; its Qt action is looked up each time, since menus make new ones."""

    @property
    def qaction(self) -> Any:
        """The Qt action of now."""
        return self["find"]()


class ProgramActions(Actions):
    """A group that begins with the actions of a menu of the program."""

    def __init__(self, gui: Any, name: str) -> None:
        title, self._menu_name = GROUPS[name]
        super().__init__(gui, name=name, menu=title)
        self.refresh()

    def refresh(self) -> None:
        """Take in actions that the program has got since, such as those of a new group of clusters."""
        registered = self.gui.main.session.extensions.actions
        for action in list(self.gui.main.commands.table):
            mine = action.menu == self._menu_name or (self.name == "Edit" and action.id == "split")
            if mine and not action.owner and action.id not in registered and action.id not in self._actions_dict:
                self._know(action)
        if self.name == "File":
            self._know(self.gui.main.commands.table["enable_snippet_mode"])

    def _know(self, action: Action) -> None:
        call = self._call_of(action)
        self._actions_dict[action.id] = ProgramEntry(
            find=partial(_qaction_of, self.gui.main, action.id), callback=call, name=action.id, alias=action.alias,
            docstring=action.help, shortcut=action.shortcuts, show_shortcut=True, action_id=action.id,
            prompt=action.needs_arguments, owner="", checkable=False, program=True,
        )  # fmt: skip
        self._aliases[action.alias or action.id] = action.id
        setattr(self, action.id, call)

    def _call_of(self, action: Action) -> Callable[..., Any]:
        window = self.gui.main
        if self.name not in QUEUED:
            return partial(window.commands.run, action.id)
        if action.id.startswith("move_"):
            _, which, _, group = action.id.split("_", 3)
            return partial(self._queue, "move", group, which)
        return partial(self._queue, action.id)

    def _queue(self, name: str, *args: Any) -> None:
        """Have the supervisor do it, on a later turn; what it has no method for, the program does."""
        creator = self.gui.action_creator
        if hasattr(creator.supervisor, name) and (args or name != "split"):  # what the lassos hold is the window's
            emit("action", creator, name, *args)
        else:
            creator.queue.put(name, partial(self.gui.main.commands.run, name, *args))

    def get(self, name: str) -> Any:
        """Return the QAction of a name, or None."""
        if name not in self._actions_dict:
            self.refresh()
        return super().get(name)


def _qaction_of(window: Any, action_id: str) -> Any:
    qaction = window.menus.actions[action_id]
    follow_keys(window, action_id, qaction)
    return qaction


class ViewActions(Actions):
    """The actions of a view of the program."""

    def __init__(self, gui: Any, panel: Any, view: Any) -> None:
        super().__init__(gui, name=view.name, view=view)
        self._panel = panel
        for action in panel.actions():
            self._know(action)

    def _know(self, action: Any) -> None:
        window = self.gui.main
        table_id = window.commands.of_view(self._panel.kind, action.id).id
        qaction = QtWidgets.QAction(action.text, window)
        qaction.triggered.connect(lambda _on: window.commands.guard(partial(self._panel.run_action, action.id)))
        entry = ProgramEntry(
            find=partial(self._of_now, qaction, table_id), callback=partial(self._run, action.id), name=action.id,
            alias=action.snippet, docstring=action.help, shortcut=action.shortcut, show_shortcut=True,
            action_id=table_id, prompt=action.needs_arguments, owner="", checkable=False, program=True,
        )  # fmt: skip
        self._actions_dict[action.id] = entry
        self._aliases[action.snippet or action.id] = action.id
        setattr(self, action.id, entry.callback)

    def _run(self, action_id: str, *values: Any) -> None:
        self._panel.run_action(action_id, *map(str, values))

    def _of_now(self, qaction: Any, table_id: str) -> Any:
        """The Qt action with the keys that the action has now; keys that it is given become those of the action."""
        keys = key_sequences(self.gui.main.commands.table[table_id].shortcuts)
        if qaction.shortcuts() != keys:
            qaction.setShortcuts(keys)
        follow_keys(self.gui.main, table_id, qaction)
        return qaction
