"""`IPlugin`, and how plugin classes are found by name, as `phy.utils.plugin` does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from phy_medicine.app.phy_compat.finder import run_file
from phy_medicine.base.log import logger

_NOT_PLUGINS = ("phy_config.py", "phycontrib_loader.py")


class IPluginRegistry(type):
    """Notes each class that derives from `IPlugin`, once for each module and name."""

    plugins: ClassVar[list[type]] = []

    def __init__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> None:
        super().__init__(name, bases, attributes)
        if name != "IPlugin" and full_name(cls) not in map(full_name, IPluginRegistry.plugins):
            IPluginRegistry.plugins.append(cls)

    @staticmethod
    def forget(module: str) -> None:
        """Drop the classes of a module, so that it can be run again."""
        IPluginRegistry.plugins[:] = [p for p in IPluginRegistry.plugins if p.__module__ != module]


class IPlugin(metaclass=IPluginRegistry):
    """What plugins derive from; they have a method `attach_to_controller(controller)`."""


def full_name(cls: type) -> str:
    """Return the module and name of a class."""
    return f"{cls.__module__}.{cls.__name__}"


def get_plugin(name: str) -> type:
    """Return the plugin class of a name; if there is none, the first whose name contains it.

    Raises
    ------
    ValueError : there is none
    """
    plugins = IPluginRegistry.plugins
    found = [p for p in plugins if p.__name__ == name] or [p for p in plugins if name in p.__name__]
    if not found:
        there = ", ".join(p.__name__ for p in plugins) or "none"
        raise ValueError(f"The plugin {name} cannot be found. Found are: {there}.")
    if len(found) > 1:
        others = ", ".join(map(full_name, found[1:]))
        logger.warning("The plugin name %s is ambiguous: %s is taken, not %s.", name, full_name(found[0]), others)
    return found[0]


def plugin_files(dirs: Iterable[str | Path]) -> Iterator[Path]:
    """Yield the files below folders that may hold plugins, each folder once, links followed."""
    seen: set[str] = set()
    for top in dirs:
        for folder, below, files in os.walk(Path(top).expanduser(), followlinks=True):
            real = os.path.realpath(folder)
            below[:] = sorted(d for d in below if not d.startswith(("test", "__", ".git")))
            if real in seen:
                below.clear()
                continue
            seen.add(real)
            for name in sorted(files):
                if name.endswith(".py") and not name.startswith("__") and name not in _NOT_PLUGINS:
                    yield Path(folder) / name


def discover_plugins(dirs: Iterable[str | Path]) -> list[type]:
    """Run the plugin files below folders, and return all plugin classes; files that fail are logged."""
    for path in plugin_files(dirs):
        module = ModuleType(path.stem)
        sys.modules[path.stem] = module
        try:
            run_file(path, module)
        except Exception as error:
            logger.warning("The plugin file %s failed: %s: %s", path, type(error).__name__, error, exc_info=error)
    return IPluginRegistry.plugins


def attach_plugins(
    controller: Any,
    plugins: Sequence[str] | None = None,
    config_dir: str | Path | None = None,
    dirs: Sequence[str | Path] | None = None,
) -> list[str]:
    """Attach plugins to a controller: those the configuration names, then these; return the names that worked."""
    from phy_medicine.app.phy_compat.config import load_master_config

    config = load_master_config(config_dir)
    discover_plugins([*(dirs or []), *config.get("Plugins", {}).get("dirs", [])])
    name = getattr(controller, "gui_name", None) or type(controller).__name__
    attached: list[str] = []
    for plugin in [*config.get(name, {}).get("plugins", []), *(plugins or [])]:
        try:
            get_plugin(plugin)().attach_to_controller(controller)
        except Exception as error:
            logger.warning("Plugin %s could not be attached: %s", plugin, error, exc_info=error)
        else:
            attached.append(plugin)
    return attached
