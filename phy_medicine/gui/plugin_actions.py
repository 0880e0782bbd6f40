"""What plugins added to menus, keys and the command line: their actions, splitters and jobs, as they come and go."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from phy_medicine.base.errors import ActionError
from phy_medicine.base.log import logger
from phy_medicine.gui.keys import PLUGINS, canonical, checked_key
from phy_medicine.gui.plugin_splits import PluginSplits
from phy_medicine.gui.shortcuts import clash_words
from phy_medicine.session.actions import Action
from phy_medicine.session.extensions import Extensions, Problem

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

T = TypeVar("T")
_SORTS = ("actions", "splitters", "jobs")


class PluginActions:
    """Keeps the window's table of actions as the registries are.

    A key or a short name that something else has is refused with a message; the user can give any key by hand.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._extensions = window.session.extensions
        self._splits = PluginSplits(window)
        # Registry and name there -> the action as it was declared; its id is that in the table.
        self._declared: dict[tuple[str, str], Action] = {}
        self._owners: dict[str, str] = {}
        self._refused: set[tuple[str, str]] = set()
        for sort in _SORTS:
            window.bridge.connect(getattr(self._extensions, sort).changed, partial(self._follow, sort))

    def fill(self) -> None:
        """Add what plugins have added so far."""
        for sort in _SORTS:
            for name in getattr(self._extensions, sort).names:
                self._follow(sort, name)

    def _follow(self, sort: str, name: str) -> None:
        registry, commands = getattr(self._extensions, sort), self._window.commands
        before = self._declared.pop((sort, name), None)
        if before is not None:
            commands.drop(before.id)
        item = registry.get(name)
        if item is not None:
            owner = registry.owner_of(name)
            self._extensions.call(owner, f"{sort[:-1]} {name}", self._take, sort, name, item, owner, default=None)

    def _take(self, sort: str, name: str, item: Any, owner: str) -> None:
        action = self._adopted(self._action(sort, item, owner), owner)
        if action is None:
            return
        self._declared[sort, name] = action
        self._owners[action.id] = owner
        self._window.commands.take(dataclasses.replace(action, shortcuts=()))
        self.settle_keys()

    def _action(self, sort: str, item: Any, owner: str) -> Action | None:
        """Return the action that an item of a registry shows as."""
        if sort == "splitters":
            return self._splits.action(item, owner)
        if sort == "jobs":
            offered = any(kind is item for kind in self._window.session.jobs.kinds())
            return self._window.jobs.start_of(item) if offered else None
        return _harmless(item, owner, self._extensions)

    def _adopted(self, action: Action | None, owner: str) -> Action | None:
        """Return an action with an id and a short name that nothing else has, and a menu."""
        if action is None:
            return None
        table, whose = self._window.commands.table, f"Plugin {owner}: {action.text.rstrip('.')}"
        if action.id in table:
            action = dataclasses.replace(action, id=re.sub(r"\W+", "_", f"{owner}_{action.id}"))
        if action.alias and table.find(action.alias) is not None:
            other = table.resolve(action.alias).text.rstrip(".")
            logger.warning("%s cannot be typed as :%s, which is %s.", whose, action.alias, other)
            action = dataclasses.replace(action, alias="")
        menu = action.menu.replace("&", "").strip() or PLUGINS
        return dataclasses.replace(action, menu=menu, owner="")

    def settle_keys(self) -> None:
        """Give the actions their keys, but those that other actions have; views bring theirs when they are opened."""
        commands = self._window.commands
        shortcuts, table = commands.shortcuts, commands.table
        changed = []
        for declared in self._declared.values():
            kept = (
                ()
                if shortcuts.is_given(declared)
                else tuple(filter(None, map(partial(self._free, declared), declared.shortcuts)))
            )
            known = table.find(declared.alias) if declared.alias else None
            alias = declared.alias if known is not None and known.id == declared.id else ""
            action = shortcuts.worn(dataclasses.replace(declared, shortcuts=kept, alias=alias))
            if (action.shortcuts, alias) != (table[action.id].shortcuts, table[action.id].alias):
                table.add([action])
                changed.append(action)
        commands.show_keys(changed)

    def redeclare(self, action: Action) -> None:
        """Note other keys that a plugin gives to one of these actions."""
        for key, declared in self._declared.items():
            if declared.id == action.id:
                self._declared[key] = dataclasses.replace(declared, shortcuts=action.shortcuts)

    def _free(self, action: Action, key: str) -> str:
        """Return a key if the action can have it, else "" after saying why not."""
        others = self._window.commands.shortcuts.clashes(action, (key,))
        try:
            checked_key(key)
            if not others:
                return canonical(key)
            why = clash_words(others, (key,))
        except ActionError as error:
            why = str(error)
        if (action.id, key) not in self._refused:
            self._refused.add((action.id, key))
            text = action.text.rstrip(".")
            logger.warning(
                "Plugin %s: %s has not got its key. %s Another can be chosen in the list of all actions.",
                self._owners[action.id], text, why,
            )  # fmt: skip
        return ""


def _harmless(action: Action, owner: str, extensions: Extensions) -> Action:
    """Return an action of a plugin that does no harm when something in it fails."""

    def run(*args: Any) -> Any:
        with extensions.owned_by(owner):
            return extensions.attempt(owner, f"action {action.id}", action.handler, *args)

    def careful(what: str, function: Callable[[], T], default: T) -> Callable[[], T]:
        """Return a function that is asked again and again, until it has failed once."""
        failed = False

        def call() -> T:
            nonlocal failed
            try:
                return default if failed else function()
            except Exception as error:
                failed = True
                extensions.report(Problem(owner, f"{what} of action {action.id}", error))
                return default

        return call

    args = tuple(
        dataclasses.replace(arg, choices=careful("choices", arg.choices, ())) if callable(arg.choices) else arg
        for arg in action.args
    )
    when = None if action.when is None else careful("when", action.when, False)
    return dataclasses.replace(action, handler=run, args=args, when=when)
