"""Runs actions for keys, menus, snippets and scripts; every failure becomes one sentence."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.events import EVENTS
from phy_medicine.base.log import logger
from phy_medicine.gui import window_actions
from phy_medicine.gui.key_settings import KeySettings
from phy_medicine.gui.keys import MENUS, canonical, pretty_key
from phy_medicine.gui.menus import ViewKeys
from phy_medicine.gui.metrics_export import MetricsExport
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.shortcuts import Shortcuts
from phy_medicine.session.action_list import move_action_ids, move_actions, session_actions
from phy_medicine.session.actions import Action, ActionTable, Arg
from phy_medicine.session.snippets import parse
from phy_medicine.views.theme import THEMES

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.panels import ViewPanel
    from phy_medicine.views.base import ViewAction


class Commands:
    """The table of all actions of a window, and the one way to run them."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.table = ActionTable()
        state = window.state
        chosen, configured = state.get("shortcuts"), state.configuration.section("shortcuts")
        chosen = state.changed_since("shortcuts", chosen) if isinstance(chosen, dict) else chosen
        self.shortcuts = Shortcuts(self.table, chosen, configured)
        self.key_repeats: Callable[[], bool] = lambda: False
        self.begins: Callable[[Action, tuple[Any, ...]], object] = lambda action, args: None
        self.done: Callable[[Action], object] = lambda action: None
        """Called before an action runs, and after one that was not refused."""
        self._own: set[str] = set()  # ids that may stand in a report of a fault
        self._keys = ViewKeys(window, self._run_first)

    def fill(self) -> None:
        """Collect the program's own actions, make menus and keys of them."""
        w = self._window
        curating = _after("redo", session_actions(w.session), w.history.actions())
        curating = _after("order_workspace", curating, (*w.workspace.actions(), *w.suggesting.actions()))
        own = (
            *window_actions.file_actions(w),
            *_after("merge", curating, window_actions.edit_actions(w)),
            *window_actions.view_actions(w),
            *w.layouts.actions(),
            *w.colors.actions(),
            *w.text_size.actions(),
            *w.ranges.actions(),
            *w.jobs.actions(),
            *w.resort.actions(),
            *w.reclustering.actions(),
            *w.matching.actions(),
            *w.plugins.actions(),
            *w.console.actions(),
            *window_actions.help_actions(w),
            *w.training.actions(),
            *KeySettings(w).actions(),
            *MetricsExport(w).actions(),
            *w.recording.actions(),
        )
        self._own.update(a.id for a in own if not a.group.startswith("move_"))  # the others name groups
        self.table.add(map(self.shortcuts.worn, _in_menu_order(own)))
        self.table.add(self.shortcuts.claim())
        w.menus.add(self.table)
        w.menus.fill_toolbar()
        w.menus.add_submenu("View", "Layout", w.layouts.fill)
        w.menus.add_submenu("View", "Add", self._fill_kinds)
        w.menus.add_choices("View", "Theme", THEMES, lambda name: self.run("theme", name), lambda: w.theme.name)
        w.menus.add_submenu("View", "Colours", w.colors.fill)
        w.menus.add_submenu("View", "Text size", w.text_size.fill)
        w.plugin_actions.fill()

    def _fill_kinds(self, menu: QtWidgets.QMenu) -> None:
        """Write the kinds of panels as they are now."""
        menu.clear()
        for kind in self._window.arrangement.kinds:
            menu.addAction(kind, partial(self.run, "add_view", kind))

    def show_groups(self) -> None:
        """Give every group its keys and menu entries."""
        moves = [self.shortcuts.worn(a) for a in move_actions(self._window.session)]
        changed = [a for a in moves if a.id not in self.table or a.shortcuts != self.table[a.id].shortcuts]
        self.table.add(changed)
        self._window.menus.add(changed)
        if changed:
            self._claim_keys()

    def drop_group(self, name: str) -> None:
        """Take away the keys and menu entries of a group that is gone."""
        for action_id in move_action_ids(name):
            if action_id in self.table:
                self.table.remove(action_id)
                self._window.menus.remove(action_id)

    def take_view_actions(self, owner: str, panel: ViewPanel, *, again: bool = False) -> None:
        """Add the actions of a kind of view; they act on the focused view of the kind, else on its first.

        again : the view has others than before
        """
        known = [a.id for a in self.table if a.owner == owner]
        if known and not again:
            return
        for old in known:
            self.table.remove(old)
        for view_action in panel.actions():
            action_id = view_action.id if view_action.id not in self.table else f"{owner}_{view_action.id}"
            action = _of_view(view_action, action_id, owner, self._window.panels.target)
            self.table.add([self.shortcuts.worn(action)])
            if type(panel.view).__module__.startswith("phy_medicine.views"):
                self._own.add(action_id)
        self._take_configured()
        self._window.plugin_actions.settle_keys()
        self._claim_keys()

    def take(self, action: Action) -> None:
        """Add an action that came later, with its menu entry; `show_keys` gives it its keys."""
        self.table.add([action])
        self._window.menus.add([action])

    def drop(self, action_id: str) -> None:
        """Take away an action that came later."""
        self.table.remove(action_id)
        self._window.menus.remove(action_id)
        self._claim_keys()

    def show_keys(self, actions: Iterable[Action]) -> None:
        """Use the keys that actions of the table have now."""
        actions = list(actions)
        self._take_configured()
        self._window.menus.show_keys(actions)
        if actions:
            self._claim_keys()

    def _take_configured(self) -> None:
        """Take keys that were configured for new actions from those that had them."""
        lost = self.shortcuts.claim()
        self.table.add(lost)
        self._window.menus.show_keys(lost)

    def drop_view_actions(self, owner: str) -> None:
        """Take away the actions of a kind of view that is gone, or is to be made anew."""
        for action in [a for a in self.table if a.owner == owner]:
            self.table.remove(action.id)
        self._claim_keys()

    def of_view(self, owner: str, view_action_id: str) -> Action:
        """Return the action of the table that stands for an action of a kind of view."""
        own_id = f"{owner}_{view_action_id}"
        return self.table[own_id if own_id in self.table else view_action_id]

    def key_of(self, action_id: str) -> str:
        """Return the first key of an action as this platform writes it, "" if it has none."""
        return next(map(pretty_key, self.table[action_id].shortcuts), "")

    def why_not(self, action: Action) -> str:
        """Return in a few words why an action cannot be used now, "" when it can."""
        if action.owner and self._window.panels.target(action.owner) is None:
            return f"No {action.owner} is open"
        return (action.why_not or "Not now") if action.when is not None and not action.when() else ""

    def use_keys(self, changed: Iterable[Action]) -> None:
        """Take over actions whose keys have changed, everywhere, and remember the user's keys."""
        actions = list(changed)
        self.table.add(actions)
        self._window.menus.show_keys(actions)
        self._claim_keys()
        self._window.state.set("shortcuts", self.shortcuts.to_state())

    def _claim_keys(self) -> None:
        """Give view keys to Qt; a key of the program's own wins over a view's."""
        own = {canonical(key) for a in self.table if not a.owner for key in a.shortcuts}
        claims: dict[str, tuple[str, ...]] = {}
        for action in self.table:
            for key in map(canonical, action.shortcuts) if action.owner else ():
                if key in own:
                    logger.debug("Key %s of %s is taken by the program.", key, action.id)
                    continue
                claims[key] = (*claims.get(key, ()), action.id)
        self._keys.set(claims)

    def _run_first(self, action_ids: tuple[str, ...]) -> None:
        """Run the action whose kind of view has the focus, else the first that has a view."""
        focused = self._window.panels.focused_kind()
        actions = [self.table[i] for i in action_ids]
        mine = [a for a in actions if a.owner == focused]
        there = [a for a in actions if self._window.panels.target(a.owner) is not None]
        chosen = (mine or there or actions)[0]
        self.run(chosen.id)

    def run(self, action_id: str, *args: Any) -> str:
        """Run an action; return "" or the sentence that says why it failed, which is shown as well."""
        action = self.table[action_id]
        if action.repeats and action.menu == "Select" and self.key_repeats() and not self._window.host.idle:
            return ""
        if action.needs_arguments and not args:
            self._window.open_snippet_line(f"{action.alias or action.id} ")
            return ""
        return self.guard(partial(self._do, action, args))

    def _do(self, action: Action, args: tuple[Any, ...]) -> None:
        EVENTS.note(f"command {action.id if action.id in self._own else 'of a group or a plugin'}", n_args=len(args))
        self.begins(action, args)
        action.handler(*args)
        self.done(action)

    def run_line(self, line: str) -> str:
        """Run a snippet line; return "" or the sentence that says why it failed, which is shown as well."""

        def run() -> None:
            call = parse(line, self.table)
            self._do(call.action, call.args)

        return self.guard(run)

    def guard(self, call: Callable[[], Any]) -> str:
        """Call, and show the sentence of what goes wrong; return it, or ""."""
        try:
            call()
        except PhyMedError as error:
            EVENTS.note(f"refused with {type(error).__name__}")
            self._window.say(str(error), logging.WARNING)
            return str(error)
        return ""


def _of_view(view_action: ViewAction, action_id: str, owner: str, target: Callable[[str], ViewPanel | None]) -> Action:
    """Return the action of a kind of view; the view is looked up when it runs."""

    def run(*args: Any) -> Any:
        panel = target(owner)
        if panel is None:
            raise ActionError(f"No {owner} is open; add one with View > Add.")
        return panel.run_action(view_action.id, *args)

    return Action(
        action_id,
        view_action.text,
        run,
        view_action.help,
        shortcuts=tuple(filter(None, (view_action.shortcut,))),
        alias=view_action.snippet,
        args=tuple(
            Arg(name, "word", optional=not view_action.needs_arguments) for name in _argument_names(view_action)
        ),
        owner=owner,
        repeats=True,
    )


def _argument_names(view_action: ViewAction) -> tuple[str, ...]:
    """Return the names that the handler of a view's action gives its arguments."""
    names = [p for p in inspect.signature(view_action.handler).parameters if p not in ("args", "kwargs")]
    n = len(view_action.arguments)
    return tuple((names + [f"value{i}" for i in range(n)])[:n])


def _after(action_id: str, actions: Iterable[Action], more: Iterable[Action]) -> list[Action]:
    """Return the actions with others put in after one of them."""
    return [b for a in actions for b in ((a, *more) if a.id == action_id else (a,))]


def _in_menu_order(actions: tuple[Action, ...]) -> list[Action]:
    """Sort by menu and keep actions of one group together, in the order in which groups appear."""
    menus = [*MENUS, ""]
    groups = {key: i for i, key in enumerate(dict.fromkeys((a.menu, a.group) for a in actions))}
    return sorted(actions, key=lambda a: (menus.index(a.menu), groups[a.menu, a.group]))
