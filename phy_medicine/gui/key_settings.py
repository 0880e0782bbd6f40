"""What a person does with shortcuts: change one, reset, import, export; the same for keys, menus and scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from phy_medicine.gui import ask_path
from phy_medicine.gui.keys import pretty_keys
from phy_medicine.session.actions import Action, Arg

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_MAX_NAMED = 5


class KeySettings:
    """Changes the keys of a window's actions."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def actions(self) -> tuple[Action, ...]:
        """Return what the Help menu and the command line offer."""

        def action(id_: str, text: str, call: Callable[..., None], help_: str, menu: str, *args: Arg) -> Action:
            return Action(id_, text, call, help_, menu, "keys", args=args)

        path = Arg("path", "rest", optional=True)
        which = Arg("action", choices=lambda: self._window.commands.table.names())
        return (
            action("import_shortcuts", "Import shortcuts...", self.take_over,
                   "Take the keys of all actions from a JSON file.", "Help", path),
            action("export_shortcuts", "Export shortcuts...", self.export,
                   "Write the keys of all actions to a JSON file.", "Help", path),
            action("set_shortcut", "Set shortcut", self.change,
                   "Give an action another key, Ctrl+Shift+M or F5; without one, its default.", "", which,
                   Arg("key", "rest", optional=True)),
            action("reset_shortcuts", "Reset shortcuts", self.reset_all,
                   "Give all actions their default keys again.", ""),
        )  # fmt: skip

    def change(self, action_id: str, key: str = "") -> None:
        """Give an action another key, or its default one.

        Raises
        ------
        PhyMedError : no such action, no such key, or another action has it
        """
        commands = self._window.commands
        action, shortcuts = commands.table.resolve(action_id), commands.shortcuts
        commands.use_keys(shortcuts.change(action, (key,)) if key else shortcuts.reset(action))
        keys = pretty_keys(commands.table[action.id].shortcuts)
        self._window.say(f"The key of {action.text.rstrip('.')} is {keys}." if keys else f"{action.text} has no key.")

    def reset_all(self) -> None:
        """Give all actions their default keys again."""
        commands = self._window.commands
        commands.use_keys(commands.shortcuts.reset_all())
        self._window.say("All actions have their default keys.")

    def export(self, path: str = "") -> None:
        """Write the keys of all actions to a JSON file.

        Raises
        ------
        ActionError : it cannot be written
        """
        window = self._window
        target = ask_path.to_write(path, window, "Export shortcuts", scripted=window.scripted)
        if target is not None:
            n = window.commands.shortcuts.export(target)
            window.say(f"Wrote the keys of {n} actions to {target}.")

    def take_over(self, path: str = "") -> None:
        """Take the keys of all actions from a JSON file; what it names in vain is said.

        Raises
        ------
        ActionError : the file cannot be used
        """
        window = self._window
        source = ask_path.to_read(path, window, "Import shortcuts", scripted=window.scripted)
        if source is None:
            return
        changed, unknown = window.commands.shortcuts.take_over(source)
        window.commands.use_keys(changed)
        noun = "action has" if len(changed) == 1 else "actions have"
        text = f"{len(changed)} {noun} another key now."
        if unknown:
            more = f" and {len(unknown) - _MAX_NAMED} more" if len(unknown) > _MAX_NAMED else ""
            names = ", ".join(unknown[:_MAX_NAMED])
            text += f" Kept for views and plugins that are not here: {names}{more}."
        window.say(text)
