"""What joins a plugin's actions to the window: ids, keys that are free, Qt actions, menus, and keys that change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.app.phy_compat.loose_qt import QtGui, QtWidgets
from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.gui.keys import canonical, checked_key, owner_words, pretty_key
from phy_medicine.session.actions import Action

if TYPE_CHECKING:
    from phy_medicine.app.phy_compat.actions import Actions
    from phy_medicine.app.phy_compat.bunch import Bunch


def keys_of(qaction: Any) -> tuple[str, ...]:
    """Return the keys of a Qt action in canonical form."""
    return tuple(canonical(s.toString()) for s in qaction.shortcuts() if not s.isEmpty())


def key_sequences(keys: Iterable[str]) -> list[Any]:
    """Return keys as Qt wants them."""
    return [QtGui.QKeySequence(key) for key in keys]


def call_of_plugin(gui: Any, owner: str, what: str, function: Any, *args: Any) -> Any:
    """Call a plugin's function; a fault is reported with its name, a refusal of the session is raised.

    Raises
    ------
    PhyMedError : what the function asked for was refused; the sentence says why
    """
    refusals: list[PhyMedError] = []

    def call() -> Any:
        try:
            return function(*args)
        except PhyMedError as error:
            refusals.append(error)
            return None

    extensions = gui.main.session.extensions
    with extensions.owned_by(owner):
        result = extensions.call(owner, what, call, default=None)
    if refusals:
        raise refusals[0]
    return result


def use_keys(window: Any, action_id: str, keys: Iterable[str]) -> None:
    """Make keys the default ones of an action; others that have one of them lose it. The user's own choice counts more.

    Raises
    ------
    ActionError : a key that cannot be
    """
    commands = window.commands
    action = commands.table[action_id]
    wanted = tuple(dict.fromkeys(map(checked_key, keys)))
    window.plugin_actions.redeclare(replace(action, shortcuts=wanted))
    changed = [commands.shortcuts.worn(replace(action, shortcuts=wanted))]
    for other in commands.shortcuts.clashes(action, changed[0].shortcuts):
        left = tuple(k for k in map(canonical, other.shortcuts) if k not in changed[0].shortcuts)
        changed.append(commands.shortcuts.worn(replace(other, shortcuts=left)))
        logger.info("%s has no longer a key that a plugin gave to %s.", other.text.rstrip("."), action.text)
    commands.use_keys(changed)


def follow_keys(window: Any, action_id: str, qaction: Any) -> None:
    """Give an action of the program the keys that a plugin gives its Qt action from now on."""
    if qaction.property("followed"):
        return
    qaction.setProperty("followed", True)

    def changed() -> None:
        if action_id not in window.commands.table:
            return
        action = window.commands.table[action_id]
        if keys_of(qaction) == tuple(map(canonical, action.shortcuts)):
            return
        try:
            use_keys(window, action_id, keys_of(qaction))
        except ActionError as error:
            logger.warning("%s", error)
            qaction.setShortcuts(key_sequences(action.shortcuts))
        now = tuple(map(canonical, window.commands.table[action_id].shortcuts))
        if keys_of(qaction) != now:
            qaction.setShortcuts(key_sequences(now))

    qaction.changed.connect(changed)


class ActionTaker:
    """Takes the actions of one group into the window."""

    def __init__(self, gui: Any, group: Actions) -> None:
        self._gui, self._group = gui, group

    @property
    def _window(self) -> Any:
        return self._gui.main

    def free_id(self, name: str) -> str:
        """Return an id that can be typed and that no action of the program has."""
        plain = re.sub(r"\W+", "_", name).strip("_") or "action"
        table = self._window.commands.table
        names = (plain, f"{self._group.name}_{plain}".replace(" ", "_"), *(f"{plain}_{i}" for i in range(2, 1000)))
        return next(n for n in names if n not in table)

    def owner_of(self, view: Any) -> str:
        """Return the kind of the panel of a view; "" when it is no view of the window, or the action is not one's."""
        panel = self._gui.panel_of(view) if view is not None else None
        return "" if panel is None else str(panel.kind)

    def take(self, action: Action, entry: Bunch) -> Any:
        """Add an action to the program and return its Qt action."""
        window = self._window
        entry["owner"] = window.session.extensions.adding
        twin = next((a for a in window.commands.table if self._same(a, action)), None)
        if twin is None:
            action = replace(action, shortcuts=self._free_keys(action))
            self._add(action, chosen=entry.alias_chosen)
        entry["twin"] = twin is not None
        entry["action_id"] = action.id if twin is None else twin.id
        action = window.commands.table[entry.action_id]
        qaction = window.menus.actions.get(action.id)
        if qaction is None:
            qaction = QtWidgets.QAction(action.text, window)
            qaction.triggered.connect(lambda _on: window.commands.run(action.id))
        qaction.setStatusTip(action.help)
        qaction.setWhatsThis(action.help)
        follow_keys(window, action.id, qaction)
        self._gui.note(partial(self._forget, entry))
        return qaction

    def _add(self, action: Action, *, chosen: bool) -> None:
        """Put an action into the table; those of views are for the focused one, and in no menu of the window.

        A short name that the plugin chose comes before the program's; one that follows from a name does not.
        """
        commands, alias = self._window.commands, action.alias
        if commands.table.find(alias) is not None:
            action = replace(action, alias="")
        if action.owner:
            self._gui.view_actions_of_plugins.add(action.id)
            commands.table.add([commands.shortcuts.worn(action)])
            commands.show_keys([action])
        else:
            self._window.session.extensions.actions.add(action)
        if chosen and action.id in commands.table:
            commands.table.add([replace(commands.table[action.id], alias=alias)])

    def _same(self, known: Action, action: Action) -> bool:
        """Whether another view of the same kind has brought this action."""
        mine = known.id in self._gui.view_actions_of_plugins
        return bool(action.owner) and mine and known.owner == action.owner and known.text == action.text

    def _free_keys(self, action: Action) -> tuple[str, ...]:
        """Return the keys that the program has not given away; of the others a message tells."""
        free = []
        for key in action.shortcuts:
            try:
                others = self._window.commands.shortcuts.clashes(action, [checked_key(key)])
            except ActionError as error:
                logger.warning("%s: %s", action.text, error)
                continue
            if others:
                words = f"{pretty_key(key)} is the key of {others[0].text.rstrip('.')}, of {owner_words(others[0])}"
                logger.warning("%s; %s is reached by its menu and by :%s.", words, action.text, action.alias)
            else:
                free.append(key)
        return tuple(free)

    def place(self, qaction: Any, menu: Any) -> None:
        """Let a Qt action stand in this menu alone."""
        for widget in qaction.associatedWidgets():
            if isinstance(widget, QtWidgets.QMenu):
                widget.removeAction(qaction)
        if menu is not None:
            menu.addAction(qaction)
            self._gui.note(partial(menu.removeAction, qaction))
        self._window.menus.show_filled()

    def group_in_focus(self, group: Actions) -> Any:
        """Return the group of the view that an action means, of several views of one kind."""
        kind = self.owner_of(group.view)
        panel = self._window.panels.target(kind) if kind else None
        if panel is None:
            return group
        groups = (g for g in self._gui.actions if g.view is not None and self._gui.panel_of(g.view) is panel)
        return next(groups, group)

    @staticmethod
    def next_check(entry: Bunch) -> bool:
        """Return the check mark after an action was chosen; the menu has set it, the palette has not."""
        checked = bool(entry.qaction.isChecked())
        if checked == entry.checked_last:
            checked = not checked
            entry.qaction.setChecked(checked)
        entry["checked_last"] = checked
        return checked

    def call(self, entry: Bunch, *args: Any) -> Any:
        """Call the function of an action in the name of its plugin."""
        return call_of_plugin(self._gui, entry.get("owner", ""), f"action {entry.name}", entry.callback, *args)

    def drop(self, entry: Bunch) -> None:
        """Take an action out of the program."""
        for widget in entry.qaction.associatedWidgets():
            widget.removeAction(entry.qaction)
        mine, registry = self._gui.view_actions_of_plugins, self._window.session.extensions.actions
        if entry.get("twin"):
            return
        if entry.action_id in mine:
            mine.discard(entry.action_id)
            self._window.commands.drop(entry.action_id)
        elif entry.action_id in registry:
            registry.remove(entry.action_id)

    def _forget(self, entry: Bunch) -> None:
        if self._group._actions_dict.get(entry.name) is entry:
            self._group.remove(entry.name)
