"""Classes of plugins: in configuration files, in files of their own, in installed packages; none of it is run here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from phy_medicine.app.plugin_files import find_files, read_file, run_file
from phy_medicine.base.errors import ActionError
from phy_medicine.session.plugin_record import PluginState

ENTRY_POINTS = "phy_medicine.plugins"


@dataclass(frozen=True, slots=True)
class PluginWish:
    """What the configuration says of plugins.

    folders : where their files are; names : plugins to attach, as in `c.TemplateGUI.plugins`
    modules : configuration files that were run; classes in them are plugins too
    ask_before_new : a file outside of phy's own folder does not run before somebody has switched it on
    trusted : folders whose files always run, `~/.phy/plugins`
    """

    folders: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()
    modules: tuple[ModuleType, ...] = ()
    ask_before_new: bool = False
    trusted: tuple[Path, ...] = ()


@dataclass(slots=True)
class FoundPlugin:
    """One class that can be attached, and how far it is."""

    key: str
    name: str
    load: Callable[[], type]
    source: str
    path: Path | None = None
    asked_by: str = ""
    help: str = ""
    state: PluginState = "found"
    details: str = ""
    n_problems: int = 0
    instance: Any = None
    owner: str = ""


class PluginFinder:
    """Finds what is there now, each time it is asked."""

    def __init__(self, wish: PluginWish) -> None:
        self.wish = wish
        self.files: list[Path] = []

    def find(self) -> list[FoundPlugin]:
        """Return all plugins; keys are unique."""
        self.files = list(find_files(self.wish.folders))
        counts: dict[str, int] = {}
        found = [*self._in_modules(), *self._in_files(), *self._in_packages()]
        for plugin in found:
            counts[plugin.key] = n = counts.get(plugin.key, 0) + 1
            if n > 1:
                plugin.key = f"{plugin.key} ({n})"
        return found

    def _in_modules(self) -> Iterator[FoundPlugin]:
        """Classes that a configuration file defines itself."""
        for module in self.wish.modules:
            for name, value in vars(module).items():
                if isinstance(value, type) and value.__module__ == module.__name__ and _is_plugin(value):
                    source = str(getattr(module, "__file__", module.__name__))
                    yield FoundPlugin(
                        f"{module.__name__}.{name}", name, partial(_same, value), source, help=first_line(value)
                    )

    def _in_files(self) -> Iterator[FoundPlugin]:
        for path in self.files:
            read = read_file(path)
            if read.problem:
                broken = FoundPlugin(path.stem, path.stem, partial(_same, object), str(path), path, state="failed")
                broken.details = read.problem
                yield broken
            for name, first_line in read.classes.items():
                yield FoundPlugin(
                    f"{path.stem}.{name}", name, partial(self._class_of, path, name), str(path), path,
                    help=first_line,
                )  # fmt: skip

    def _in_packages(self) -> Iterator[FoundPlugin]:
        """Entry points of installed packages; installing one is asking for it."""
        for point in entry_points(group=ENTRY_POINTS):
            package = point.dist.name if point.dist is not None else point.module
            yield FoundPlugin(
                f"{point.module}.{point.name}", point.attr or point.name, point.load, f"package {package}",
                asked_by=f"package {package}",
            )  # fmt: skip

    def _class_of(self, path: Path, name: str) -> type:
        from phy_medicine.app.phy_compat.finder import plugin_builtins

        module = run_file(path, plugin_builtins(), [p for p in self.files if p != path])
        found = getattr(module, name, None)
        if not isinstance(found, type):
            raise ActionError(f"{path} does not define {name} when it is run.")
        return found


def _same(found: type) -> type:
    return found


def _is_plugin(found: type) -> bool:
    return callable(getattr(found, "attach_to_controller", None)) or callable(getattr(found, "attach", None))


def first_line(found: type) -> str:
    return next(iter((found.__doc__ or "").strip().splitlines()), "")
