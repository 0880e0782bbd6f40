"""`Actions`: a group of actions as phy's plugins make them; each one is an action of the program like any other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.action_table import ActionTaker
from phy_medicine.app.phy_compat.arguments import (
    _get_shortcut_string,
    _parse_snippet,
    _prompt_args,
    arguments,
    key_texts,
    required_arguments,
)
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.dialogs import busy_cursor
from phy_medicine.app.phy_compat.fonts import glyph_icon
from phy_medicine.base.errors import ActionError
from phy_medicine.session.actions import Action, Arg

Callback = Callable[..., Any]

_OPTIONS: dict[str, Any] = {
    "name": None, "shortcut": None, "alias": None, "prompt": False, "n_args": None, "docstring": None, "menu": None,
    "submenu": None, "view": None, "view_submenu": None, "verbose": True, "checkable": False, "checked": False,
    "set_busy": False, "prompt_default": None, "show_shortcut": True, "icon": None, "toolbar": False,
}  # fmt: skip
"""Options of `Actions.add` and their defaults."""


def _alias(name: str) -> str:
    """The snippet of an action without one: its name, or the letter after &."""
    letter = name.partition("&")[2][:1]
    return (letter or name).replace(" ", "_").lower()


def _attribute(name: str) -> str:
    return name.lower().replace(" ", "_").replace(":", "")


class Actions:
    """A group of actions, with a menu of its own or in the menu of a view.

    gui : the façade of the window; name : of the group; menu, submenu : titles, & marks the mnemonic; view : the view
    whose menu the entries stand in
    """

    def __init__(
        self,
        gui: Any,
        name: str | None = None,
        menu: str | None = None,
        submenu: str | None = None,
        view: Any = None,
        insert_menu_before: str | None = None,
        default_shortcuts: dict[str, Any] | None = None,
        default_snippets: dict[str, str] | None = None,
    ) -> None:
        self.gui, self.menu, self.submenu, self.view = gui, menu, submenu, view
        self.name = name or "Plugins"
        self.view_submenu: str | None = None
        self.insert_menu_before = insert_menu_before
        self._default_shortcuts = default_shortcuts or {}
        self._default_snippets = default_snippets or {}
        self._actions_dict: dict[str, Any] = {}
        self._aliases: dict[str, str] = {}
        self._taker = ActionTaker(gui, self)
        gui.actions.append(self)
        if menu:
            gui.get_menu(menu, insert_menu_before)

    def add(self, callback: Callback | None = None, *args: Any, **options: Any) -> Any:
        """Add an action; without a function it is a decorator. The options are those of phy.

        An action whose name the group has already is passed over.
        """
        options = {**dict(zip(_OPTIONS, args, strict=False)), **options}
        if callback is None:
            return partial(self._added, options=options)
        return self._added(callback, options)

    def _added(self, callback: Callback, options: dict[str, Any]) -> Callback:
        """The decorator; what it decorates stays what it was."""
        self._add(callback, options)
        return callback

    def _add(self, callback: Callback, options: dict[str, Any]) -> None:
        unknown = [name for name in options if name not in _OPTIONS]
        if unknown:
            raise TypeError(f"add() got an unexpected keyword argument {unknown[0]!r}")
        entry = self._entry(callback, Bunch({**_OPTIONS, **options}))
        if entry.name in self._actions_dict:
            return
        self._actions_dict[entry.name] = entry
        self._aliases[entry.alias] = entry.name
        setattr(self, _attribute(entry.name), callback)
        action = self._action(entry)
        entry["action_id"] = action.id
        entry["qaction"] = self._taker.take(action, entry)
        self._adorn(entry)

    def _entry(self, callback: Callback, options: Bunch) -> Bunch:
        """Fill in what follows from the function and the group's defaults."""
        inner = callback.func if isinstance(callback, partial) else callback
        name = options.name or getattr(inner, "__name__", type(inner).__name__)
        alias = options.alias or self._default_snippets.get(name, _alias(name)).split(" ")[0]
        name = name.replace("&", "")
        docstring = options.docstring or callback.__doc__ or name
        if isinstance(callback, partial) and not options.docstring:
            docstring = inner.__doc__ or name
        chosen = bool(options.alias or self._default_snippets.get(name))
        return Bunch(
            {**options, "callback": callback, "name": name, "alias": alias, "qaction": None, "checked_last": False}
            | {"shortcut": options.shortcut or self._default_shortcuts.get(name), "alias_chosen": chosen}
            | {"docstring": re.sub(r"\s+", " ", str(docstring).strip())}
        )

    def _action(self, entry: Bunch) -> Action:
        """Make the action of the program."""
        text = entry.name.removeprefix("_").replace("_", " ")
        first = 1 if entry.checkable else 0
        wanted = required_arguments(entry.callback)[first:]
        possible = [p.name for p in arguments(entry.callback)][first:]
        needed = bool(wanted) and not entry.prompt
        args = (Arg(" ".join(wanted or possible), "rest", optional=not needed),) if possible else ()
        return Action(
            id=self._taker.free_id(entry.name),
            text=text[:1].upper() + text[1:],
            handler=partial(self._from_program, entry),
            help=entry.docstring,
            menu=str(entry.menu or self.menu or "").replace("&", ""),
            group=f"plugin {self.name}",
            shortcuts=key_texts(entry.shortcut),
            alias=entry.alias,
            args=args,
            owner=self._taker.owner_of(self._view_of(entry)),
        )

    def _view_of(self, entry: Bunch) -> Any:
        return entry.view if entry.view is not None else self.view

    def _adorn(self, entry: Bunch) -> None:
        """Put the entry into its menu and on the toolbar, with its icon and its check mark."""
        qaction = entry.qaction
        if entry.checkable:
            qaction.setCheckable(True)
            qaction.setChecked(bool(entry.checked))
            entry["checked_last"] = bool(entry.checked)
        if entry.icon:
            qaction.setIcon(glyph_icon(entry.icon, self.gui.theme))
        private, menu = entry.name.startswith("_"), self._qmenu(entry)
        if private or menu is not None:  # without a menu it stays in that of all plugins
            self._taker.place(qaction, None if private else menu)
        if entry.toolbar:
            self.gui._toolbar.addAction(qaction)

    def _qmenu(self, entry: Any) -> Any:
        """The menu in which an entry or a separator stands."""
        view, submenu = self._view_of(entry), entry.submenu or self.submenu
        if view is not None:
            name = entry.view_submenu or self.view_submenu
            return view.dock.submenu(name) if name else view.dock._menu
        menu = entry.menu or self.menu
        if menu and submenu:
            return self.gui.get_submenu(menu, submenu)
        return self.gui.get_menu(menu or submenu) if menu or submenu else None

    # Running

    def _from_program(self, entry: Bunch, typed: str = "") -> None:
        """Run an action that was chosen by key, menu, palette or snippet.

        Raises
        ------
        ActionError : too few arguments
        """
        group = self._taker.group_in_focus(self)
        if group is not self and entry.name in group._actions_dict:
            entry = group._actions_dict[entry.name]
        args = _parse_snippet(typed)
        if entry.prompt and not args:
            asked = self._ask(entry)
            if asked is None:
                return
            args = asked
        if entry.checkable and not args:
            args = (self._taker.next_check(entry),)
        n = entry.n_args or len(required_arguments(entry.callback))
        if len(args) < n:
            raise ActionError(f"{entry.name.replace('_', ' ')} needs {n} values: type :{entry.alias} and the values.")
        with busy_cursor(bool(entry.set_busy)):
            self._taker.call(entry, *args)

    def _ask(self, entry: Bunch) -> tuple[Any, ...] | None:
        if self.gui.main.scripted:
            raise ActionError(f"{entry.name.replace('_', ' ')} needs values: type :{entry.alias} and the values.")
        return _prompt_args(entry.name, entry.docstring, entry.prompt_default)

    def run(self, name: str, *args: Any) -> Any:
        """Call the function of an action by its name or snippet.

        Raises
        ------
        ValueError : there is none
        """
        entry = self._actions_dict.get(self._aliases.get(name, name))
        if entry is None:
            raise ValueError(f"Action `{name}` doesn't exist.")
        return self._taker.call(entry, *args)

    # Looking and changing

    def separator(self, **where: Any) -> None:
        """Add a separator to the menu of the group, or where the options say."""
        menu = self._qmenu(Bunch({**_OPTIONS, **where}))
        if menu is not None:
            self.gui.note(partial(menu.removeAction, menu.addSeparator()))

    def get(self, name: str) -> Any:
        """Return the QAction of a name, or None."""
        return self._actions_dict[name].qaction if name in self._actions_dict else None

    def _each(self, name: str | None) -> Sequence[str]:
        return list(self._actions_dict) if name is None else [name]

    def disable(self, name: str | None = None) -> None:
        """Grey out one action, or all."""
        for each in self._each(name):
            self._actions_dict[each].qaction.setEnabled(False)

    def enable(self, name: str | None = None) -> None:
        """Undo `disable`."""
        for each in self._each(name):
            self._actions_dict[each].qaction.setEnabled(True)

    def remove(self, name: str) -> None:
        """Take an action out, of menus, keys and snippets too; one of the program only loses its keys."""
        if self._actions_dict[name].get("program"):
            self._actions_dict[name].qaction.setShortcuts([])
            return
        entry = self._actions_dict.pop(name)
        self._aliases = {alias: n for alias, n in self._aliases.items() if n != name}
        self.__dict__.pop(_attribute(name), None)
        self._taker.drop(entry)

    def remove_all(self) -> None:
        """Take all actions out."""
        for name in sorted(self._actions_dict):
            self.remove(name)

    @property
    def shortcuts(self) -> dict[str, str]:
        """Keys and snippets by name of the action."""
        shown = {}
        for name, entry in sorted(self._actions_dict.items()):
            keys = _get_shortcut_string(entry.shortcut)
            if entry.show_shortcut and (keys or entry.alias):
                shown[name] = (keys or "-") + (f" (:{entry.alias})" if entry.alias not in ("", name) else "")
        return shown

    def show_shortcuts(self) -> None:
        """Print keys and snippets."""
        print(f"{self.name}\n" + "\n".join(f"- {name:<40} {keys}" for name, keys in self.shortcuts.items()))

    def __contains__(self, name: object) -> bool:
        return name in self._actions_dict

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions_dict)

    def __repr__(self) -> str:
        return f"<Actions {self.name}: {', '.join(self._actions_dict)}>"
