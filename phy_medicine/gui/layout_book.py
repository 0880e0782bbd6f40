"""The layouts that can be chosen: those of the program, and those that the user saved."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.base.params import changed
from phy_medicine.gui import ask_path, layout, layout_file
from phy_medicine.gui.layout_file import Layout, PanelName
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.session.actions import Action, Arg

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


class LayoutBook:
    """Applies, saves, renames, deletes, exports and imports layouts."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.own: dict[str, Layout] = {}
        for name, content in dict(window.state.get("layouts") or {}).items():
            try:
                self.own[name] = dataclasses.replace(layout_file.from_json(content), name=name)
            except ActionError as error:
                logger.warning("The layout %s of the window state was left out: %s", name, error)

    def names(self) -> tuple[str, ...]:
        """Names of all layouts, those of the program first."""
        return (*layout.built_in_names(), *self.own)

    def actions(self) -> tuple[Action, ...]:
        """Return what the command line and the View menu offer."""

        def action(id_: str, text: str, call: Callable[..., None], help_: str, *args: Arg) -> Action:
            return Action(id_, text, call, help_, "", "layout", args=args)

        def mine() -> tuple[str, ...]:
            return tuple(self.own)

        known = Arg("name", choices=self.names)
        path = Arg("path", "rest", optional=True)
        return (
            action("layout", "Layout...", self.use, "Arrange the panels as a layout says.",
                   Arg("name", "rest", choices=self.names)),
            action("save_layout", "Save layout...", self.save,
                   "Keep panels, places and settings of views under a name.", Arg("name", "rest")),
            action("rename_layout", "Rename layout...", self.rename, "Give a layout of your own another name.",
                   Arg("name", choices=mine), Arg("new_name")),
            action("delete_layout", "Delete layout...", self.delete, "Forget a layout of your own.",
                   Arg("name", "rest", choices=mine)),
            action("export_layout", "Export layout...", self.export, "Write a layout to a JSON file.", known, path),
            action("import_layout", "Import layout...", self.take_over, "Read a layout from a JSON file and use it.",
                   path),
        )  # fmt: skip

    def fill(self, menu: QtWidgets.QMenu) -> None:
        """Write the entries of the submenu as they are now."""
        menu.clear()
        run = self._window.commands.run
        for name in layout.built_in_names():
            menu.addAction(name.capitalize(), partial(run, "layout", name))
        menu.addSeparator()
        for name in self.own:
            menu.addAction(name.replace("&", "&&"), partial(run, "layout", name))
        if self.own:
            menu.addSeparator()
        for action in self.actions()[1:]:
            entry = menu.addAction(action.text, partial(run, action.id))
            entry.setToolTip(action.help)
            entry.setEnabled(bool(self.own) or action.id not in ("rename_layout", "delete_layout"))
        menu.setToolTipsVisible(True)

    def find(self, name: str) -> Layout:
        """Return a layout by name.

        Raises
        ------
        ActionError : there is none of this name
        """
        if name in self.own:
            return self.own[name]
        built_in = {n.lower(): n for n in layout.built_in_names()}
        if name.lower() not in built_in:
            raise ActionError(f"There is no layout {name}; there are {', '.join(self.names())}.")
        key = built_in[name.lower()]
        return Layout(key, layout.built_in(key, self._window.width()))

    def use(self, name: str) -> None:
        """Arrange the panels as a layout says.

        Raises
        ------
        ActionError : there is none of this name, or none of its panels exists here
        """
        self._use(self.find(name))

    def _use(self, chosen: Layout) -> None:
        missing = self._window.arrangement.place(chosen)
        text = f"Layout {chosen.name}."
        self._window.say(f"{text} Not here: {', '.join(missing)}." if missing else text)

    def save(self, name: str) -> None:
        """Keep panels, places and settings of views under a name.

        Raises
        ------
        ActionError : the name belongs to the program
        """
        self._own_name(name)
        self._keep(dataclasses.replace(self._window.arrangement.layout(), name=name.strip()))
        self._window.say(f"Saved the layout {name}.")

    def rename(self, name: str, new_name: str) -> None:
        """Give a layout of the user another name.

        Raises
        ------
        ActionError : it is not the user's, or the new name is taken
        """
        self._refuse_others(name)
        self._own_name(new_name)
        if new_name in self.own:
            raise ActionError(f"There is a layout {new_name} already; delete it first.")
        entries = {new_name if n == name else n: lay for n, lay in self.own.items()}
        self.own = {n: dataclasses.replace(lay, name=n) for n, lay in entries.items()}
        self._remember()

    def delete(self, name: str) -> None:
        """Forget a layout of the user.

        Raises
        ------
        ActionError : it is not the user's
        """
        self._refuse_others(name)
        del self.own[name]
        self._remember()
        self._window.say(f"Deleted the layout {name}.")

    def export(self, name: str, path: str = "") -> None:
        """Write a layout to a JSON file.

        Raises
        ------
        ActionError : there is none of this name, or the file cannot be written
        """
        found = self.find(name)
        target = ask_path.to_write(path, self._window, f"Export layout {name}", scripted=self._window.scripted)
        if target is not None:
            layout_file.write(found, target)
            self._window.say(f"Wrote the layout {name} to {target}.")

    def take_over(self, path: str = "") -> None:
        """Read a layout from a JSON file, keep it and use it.

        Raises
        ------
        ActionError : it cannot be used; nothing has changed
        """
        source = ask_path.to_read(path, self._window, "Import layout", scripted=self._window.scripted)
        if source is None:
            return
        read = layout_file.read(source)
        self._refuse_settings(read, source.name)
        if not any(PanelName.read(panel).kind in self._window.arrangement.kinds for panel in read.panels):
            raise ActionError(f"None of the panels of {source.name} exists here; nothing was changed.")
        free = self._free_name(read.name)
        self._keep(dataclasses.replace(read, name=free))
        self._use(self.own[free])

    def _refuse_settings(self, read: Layout, file_name: str) -> None:
        """Refuse settings that the views would refuse; those unknown to this version are left out later."""
        for panel, state in read.views.items():
            kind = self._window.panels.view_kinds.find(PanelName.read(panel).kind)
            if not hasattr(kind, "settings_type"):  # none, or the maker of the views of an attribute
                continue
            default = kind.settings_type()
            values = state.get("settings", {})
            try:
                changed(default, **{k: v for k, v in dict(values).items() if hasattr(default, k)})
            except (PhyMedError, TypeError, ValueError) as error:
                raise ActionError(f"{file_name} cannot be used: {panel}: {error} Nothing was changed.") from None

    def _free_name(self, name: str) -> str:
        if name.lower() not in layout.built_in_names() and name not in self.own:
            return name
        return next(n for n in (f"{name} ({i})" for i in range(1, 10_000)) if n not in self.own)

    def _own_name(self, name: str) -> None:
        if not name.strip() or not name.isprintable():
            raise ActionError(f"{name!r} cannot be the name of a layout; use visible characters.")
        if name.strip().lower() in layout.built_in_names():
            raise ActionError(f"{name} is a layout of the program; choose another name.")

    def _refuse_others(self, name: str) -> None:
        if name not in self.own:
            self.find(name)
            raise ActionError(f"{name} is a layout of the program; only your own can be changed.")

    def _keep(self, kept: Layout) -> None:
        self.own[kept.name] = kept
        self._remember()

    def _remember(self) -> None:
        self._window.state.set("layouts", {name: kept.to_json() for name, kept in self.own.items()})
