"""`IPlugin`, and how plugin classes are found by name, as `phy.utils.plugin` does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from phy_medicine.app.phy_compat.finder import plugin_builtins
from phy_medicine.app.plugin_files import best_match, find_files, run_file
from phy_medicine.base.log import logger


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
    found = best_match(name, plugins, lambda p: p.__name__, full_name)
    if found is None:
        there = ", ".join(p.__name__ for p in plugins) or "none"
        raise ValueError(f"The plugin {name} cannot be found. Found are: {there}.")
    return found


def discover_plugins(dirs: Iterable[str | Path]) -> list[type]:
    """Run the plugin files below folders, and return all plugin classes; files that fail are logged."""
    files = list(find_files([Path(folder) for folder in dirs]))
    for path in files:
        try:
            run_file(path, plugin_builtins(), [other for other in files if other != path])
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
