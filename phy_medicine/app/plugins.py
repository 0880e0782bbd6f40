"""The plugins of a session: found, attached, switched on and off, run again; and what went wrong in each."""

from __future__ import annotations

import hashlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from phy_medicine.app.plugin_choices import Choices
from phy_medicine.app.plugin_files import best_match
from phy_medicine.app.plugin_finder import FoundPlugin, PluginFinder, PluginWish, first_line
from phy_medicine.base.errors import ActionError
from phy_medicine.base.log import logger
from phy_medicine.base.paths import user_dir
from phy_medicine.session.extensions import Problem
from phy_medicine.session.plugin_record import PluginRecord, PluginState

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

_PROGRAM = Path(__file__).parent.parent
_ORDER: tuple[PluginState, ...] = ("attached", "failed", "new", "missing", "off", "found")


class PluginBook:
    """All plugins of one session.

    Plugins of phy get a controller made for them; ours get the session. Finding them runs no code of theirs.

    session : None where they are to be listed only
    """

    changed = Signal()

    def __init__(self, session: Session | None, wish: PluginWish, *, gui_name: str = "TemplateGUI") -> None:
        self._opened = session
        self._wish = wish
        self._gui_name = gui_name
        self._choices = Choices(user_dir() / "plugins.json")
        self._plugins: list[FoundPlugin] = []
        self._missing: list[PluginRecord] = []
        self._controller: Any = None
        self._gui: Any = None
        self._window: Any = None
        self._finder = PluginFinder(wish)
        if session is not None:
            session.extensions.problem.connect(self._note_problem)
        self.scan()

    # What is there

    @property
    def records(self) -> tuple[PluginRecord, ...]:
        """All plugins: in use, failed and missing ones first."""
        known = [_record(p) for p in self._plugins]
        return tuple(sorted((*known, *self._missing), key=lambda r: _ORDER.index(r.state)))

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where files of plugins are looked for."""
        return self._wish.folders

    @property
    def _session(self) -> Session:
        if self._opened is None:
            raise ActionError("Plugins are attached to a dataset; none is open.")
        return self._opened

    @property
    def controller(self) -> Any:
        """What plugins of phy are given; None before one of them is attached."""
        return self._controller

    @property
    def gui(self) -> Any:
        """What plugins of phy are given as the window; None before there is one."""
        return self._gui

    def scan(self) -> None:
        """Look for plugins again; those in use stay as they are."""
        old = {p.key: p for p in self._plugins}
        self._plugins = []
        for plugin in self._finder.find():
            known = old.get(plugin.key)
            self._plugins.append(plugin if known is None or plugin.state == "failed" else known)
        names = [p.name for p in self._plugins]
        for plugin in self._plugins:
            plugin.owner = plugin.owner or (plugin.name if names.count(plugin.name) == 1 else plugin.key)
        self._choose()

    def _choose(self) -> None:
        """Note which plugins are asked for: by name, by being installed, by hand; less those switched off."""
        self._missing = []
        for name in self._wish.names:
            plugin = self._named(name)
            if plugin is None:
                self._missing.append(
                    PluginRecord(name, name, "missing", asked_by=f"c.{self._gui_name}.plugins",
                                 details=f"No plugin is called {name}, or has it in its name, in "
                                         f"{', '.join(map(str, self._wish.folders)) or 'any folder'}.")
                )  # fmt: skip
            else:
                plugin.asked_by = f"c.{self._gui_name}.plugins"
        for plugin in self._plugins:
            if plugin.key in self._choices.on:
                plugin.asked_by = plugin.asked_by or "the panel of plugins"
            if plugin.key in self._choices.off and plugin.state == "found":
                plugin.state = "off"

    def _named(self, name: str) -> FoundPlugin | None:
        able = [p for p in self._plugins if p.state != "failed" or p.instance is not None]
        return best_match(name, able, lambda p: p.name, lambda p: p.key)

    # Attaching

    def attach(self) -> None:
        """Attach what is asked for; one that raises is noted, and the others go on."""
        for plugin in self._plugins:
            if plugin.asked_by and plugin.state == "found":
                if self._is_new(plugin):
                    plugin.state = "new"
                    plugin.details = f"{plugin.source} has not been run yet. Look at it, then switch it on."
                else:
                    self._attach(plugin)
        if self._controller is not None:
            self._controller.attached_plugins = [
                p.name for p in self._plugins if p.state == "attached" and hasattr(p.instance, "attach_to_controller")
            ]
            self._controller.finish()
        self.changed.emit()

    def _is_new(self, plugin: FoundPlugin) -> bool:
        if not self._wish.ask_before_new or plugin.path is None or plugin.key in self._choices.on:
            return False
        if any(plugin.path.is_relative_to(folder.expanduser()) for folder in self._wish.trusted):
            return False
        return _fingerprint(plugin.path) not in self._choices.seen

    def _attach(self, plugin: FoundPlugin) -> None:
        plugin.n_problems, plugin.details = 0, ""
        try:
            with self._session.extensions.owned_by(plugin.owner):
                made = plugin.load()
                plugin.help = plugin.help or first_line(made)
                plugin.instance = made()
                if hasattr(made, "attach_to_controller"):
                    plugin.instance.attach_to_controller(self._make_controller())
                else:
                    plugin.instance.attach(self._session)
        except (Exception, SystemExit) as error:
            self._detach(plugin)
            plugin.state, plugin.details = "failed", _trace(error)
            logger.warning("Plugin %s could not be attached: %s: %s", plugin.name, type(error).__name__, error)
        else:
            plugin.state = "attached"

    def _make_controller(self) -> Any:
        if self._controller is None:
            from phy_medicine.app.phy_compat.controller import make_controller

            self._controller = make_controller(self._session, gui_name=self._gui_name)
        return self._controller

    def _detach(self, plugin: FoundPlugin) -> None:
        """Take out what a plugin added and connected."""
        plugin.instance = None
        if self._controller is not None:
            from phy_medicine.app.phy_compat.events import unconnect_owner

            unconnect_owner(plugin.owner)
        if self._gui is not None:
            self._gui.remove_of(plugin.owner)
        self._session.extensions.remove_of(plugin.owner)

    # With a window

    def open_window(self, window: Any) -> None:
        """Give the plugins the window, before it has views."""
        self._window = window
        self._open_gui()

    def _open_gui(self) -> None:
        if self._controller is not None and self._gui is None and self._window is not None:
            from phy_medicine.app.phy_compat.gui import open_gui

            self._gui = open_gui(self._controller, self._window)

    def announce(self) -> None:
        """Tell the plugins that the window and its views are there."""
        if self._gui is not None:
            from phy_medicine.app.phy_compat.gui import announce

            announce(self._gui)
        for plugin in self._plugins:
            self._attach_window(plugin)

    def _attach_window(self, plugin: FoundPlugin) -> None:
        hook = getattr(plugin.instance, "attach_window", None)
        if plugin.state == "attached" and hook is not None and self._window is not None:
            extensions = self._session.extensions
            with extensions.owned_by(plugin.owner):
                extensions.call(plugin.owner, "attach_window", hook, self._window, default=None)

    def close_window(self) -> None:
        """Tell the plugins that the window is gone."""
        self._window = self._gui = None
        if self._controller is not None:
            self._session.extensions.call("", "closing the plugins", self._controller.close, default=None)

    # Switching

    def enable(self, key: str) -> None:
        """Use a plugin now and from now on.

        Raises
        ------
        ActionError : it raised, or there is none of this key
        """
        plugin = self._by_key(key)
        self._choices.on.add(key)
        self._choices.off.discard(key)
        if plugin.path is not None:
            self._choices.seen.add(_fingerprint(plugin.path))
        self._choices.write()
        plugin.asked_by = plugin.asked_by or "the panel of plugins"
        if plugin.state != "attached":
            self._attach_late(plugin)
        self.changed.emit()
        if plugin.state == "failed":
            raise ActionError(f"{plugin.name} failed: {plugin.details.strip().splitlines()[-1]}")

    def disable(self, key: str) -> None:
        """Stop using a plugin, now and from now on.

        Raises
        ------
        ActionError : there is none of this key
        """
        plugin = self._by_key(key)
        self._choices.off.add(key)
        self._choices.on.discard(key)
        self._choices.write()
        self._detach(plugin)
        plugin.state, plugin.details, plugin.n_problems = "off", "", 0
        self.changed.emit()

    def reload(self, key: str) -> None:
        """Run a plugin's file again and use what it holds now.

        Raises
        ------
        ActionError : it cannot be read or raised, or there is none of this key
        """
        plugin = self._by_key(key)
        self._detach(plugin)
        self._plugins.remove(plugin)
        self.scan()
        fresh = [p for p in self._plugins if p.key == key or (p.path is not None and p.path == plugin.path)]
        if not fresh:
            self.changed.emit()
            raise ActionError(f"{plugin.source} holds no plugin any more.")
        again = next((p for p in fresh if p.key == key), fresh[0])
        if again.state == "failed":
            self.changed.emit()
            raise ActionError(again.details)
        self.enable(again.key)

    def _attach_late(self, plugin: FoundPlugin) -> None:
        """Attach while everything runs: what was said to the others before is said to it now."""
        self._attach(plugin)
        if plugin.state != "attached":
            return
        if self._controller is not None and hasattr(plugin.instance, "attach_to_controller"):
            self._controller.finish()
            self._open_gui()
            if self._gui is not None:
                from phy_medicine.app.phy_compat.gui import announce

                announce(self._gui, owner=plugin.owner)
        self._attach_window(plugin)

    def _by_key(self, key: str) -> FoundPlugin:
        found = next((p for p in self._plugins if p.key == key), None)
        if found is None:
            raise ActionError(f"There is no plugin {key}; the panel of plugins lists what there is.")
        return found

    def _note_problem(self, problem: Problem) -> None:
        plugin = next((p for p in self._plugins if p.owner == problem.owner), None)
        if plugin is not None:
            plugin.n_problems += problem.error is not None
            plugin.details = f"{problem.sentence}\n" + ("" if problem.error is None else _trace(problem.error))
            self.changed.emit()


def _record(plugin: FoundPlugin) -> PluginRecord:
    return PluginRecord(
        plugin.key, plugin.name, plugin.state, plugin.source, plugin.asked_by, plugin.help, plugin.details,
        plugin.n_problems,
    )  # fmt: skip


def _trace(error: BaseException) -> str:
    """The traceback from where the plugin's own code begins."""
    frame = error.__traceback__
    while frame is not None and Path(frame.tb_frame.f_code.co_filename).is_relative_to(_PROGRAM):
        frame = frame.tb_next
    return "".join(traceback.format_exception(type(error), error, frame or error.__traceback__))


def _fingerprint(path: Path) -> str:
    try:
        return f"{path}:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError:
        return f"{path}:"
