"""Where `import phy` leads: façade modules made of tables of names, for plugins always, for others when phy is absent.

A plugin's module runs with builtins of its own, whose `__import__` gives our modules for `phy`, `phylib` and
`phycontrib`. `sys.modules` is not touched, so that a real phy in the same environment stays what it is for all other
code. Only where no real package is importable a finder at the end of `sys.meta_path` gives our modules to everybody.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ROOTS = ("phy", "phylib", "phycontrib")
"""Packages whose names are ours inside plugins."""
VERSION = "2.1.0"
"""The version of phy whose names these are."""
TABLES = ("names_core", "names_gui", "names_views")
"""Modules of this package that hold a table `NAMES`: module -> name -> "module:attribute", or the value itself."""

Names = Mapping[str, Mapping[str, Any]]


@cache
def names() -> dict[str, dict[str, Any]]:
    """Return the names of every module, the packages above it included."""
    found: dict[str, dict[str, Any]] = {root: {} for root in ROOTS}
    for table in TABLES:
        path = f"{__package__}.{table}"
        if importlib.util.find_spec(path) is None:
            continue
        for module, entries in importlib.import_module(path).NAMES.items():
            parts = module.split(".")
            for i in range(1, len(parts) + 1):
                found.setdefault(".".join(parts[:i]), {})
            found[module].update(entries)
    for root in ROOTS:
        found[root].setdefault("__version__", VERSION)
    return found


class FacadeModule(ModuleType):
    """A module of phy or phylib; what it offers is imported when it is first asked for."""

    def __init__(self, name: str, entries: Mapping[str, Any]) -> None:
        super().__init__(name, f"Names of {name} for plugins, backed by phy-medicine.")
        self.__path__: list[str] = []
        self.__all__ = [n for n in entries if not n.startswith("_")]
        self._entries = entries

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in self._entries:
            raise AttributeError(name)
        if name in self._entries:
            entry = self._entries[name]
            value = resolve(entry) if isinstance(entry, str) and ":" in entry else entry
        else:
            value = facade_or_none(f"{self.__name__}.{name}")
            if value is None:
                raise AttributeError(self._sentence(name))
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._entries, *_children(self.__name__)})

    def _sentence(self, name: str) -> str:
        offered = ", ".join(sorted([*self.__all__, *_children(self.__name__)])) or "nothing"
        return f"{self.__name__} has no {name!r} in phy-medicine; it offers {offered}."


def resolve(path: str) -> Any:
    """Return the object that "module:attribute" names."""
    module, _, attribute = path.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


@cache
def facade_or_none(name: str) -> FacadeModule | None:
    """Return our module of a dotted name, None when there is none."""
    entries = names().get(name)
    return None if entries is None else FacadeModule(name, entries)


def facade(name: str) -> FacadeModule:
    """Return our module of a dotted name.

    Raises
    ------
    ModuleNotFoundError : phy-medicine does not offer it; the sentence says what there is
    """
    module = facade_or_none(name)
    if module is None:
        parent = name.rpartition(".")[0]
        while parent and parent not in names():
            parent = parent.rpartition(".")[0]
        there = ", ".join(f"{parent}.{child}" for child in _children(parent)) or "no modules"
        raise ModuleNotFoundError(f"phy-medicine has no module {name!r}; below {parent} there are {there}.", name=name)
    return module


def _children(name: str) -> list[str]:
    start = f"{name}."
    return sorted(n[len(start) :] for n in names() if n.startswith(start) and "." not in n[len(start) :])


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in ROOTS


def plugin_import(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    """`__import__` of plugins."""
    if level > 0 and globals and _is_ours(str(globals.get("__package__") or "")):
        name, level = importlib.util.resolve_name("." * level + name, globals["__package__"]), 0
    root = name.partition(".")[0]
    if level == 0 and root in ROOTS:
        return _import_facade(name, fromlist or ())
    if level == 0 and root == "qtpy":
        _choose_qt()
    module = builtins.__import__(name, globals, locals, fromlist or (), level)
    return _plugin_importlib() if module is importlib else module


def _import_facade(name: str, fromlist: Sequence[str]) -> FacadeModule:
    module = facade(name)
    if not fromlist:
        return facade(name.partition(".")[0])
    for wanted in fromlist:
        # The interpreter would look into `sys.modules` next, where the real package may be.
        if wanted != "*" and not hasattr(module, wanted):
            raise ImportError(f"cannot import {wanted!r}: {module._sentence(wanted)}", name=name)
    return module


class _PluginImportlib(ModuleType):
    """`importlib` whose `import_module` knows our modules."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib, name)

    @staticmethod
    def import_module(name: str, package: str | None = None) -> Any:
        """Import a module by name, as `importlib.import_module`."""
        full = importlib.util.resolve_name(name, package) if name.startswith(".") else name
        return facade(full) if _is_ours(full) else importlib.import_module(name, package)


@cache
def _plugin_importlib() -> ModuleType:
    return _PluginImportlib("importlib")


def _choose_qt() -> None:
    """Make qtpy take the binding of the window."""
    importlib.import_module("phy_medicine.gui.qt")
    if "qtpy" not in sys.modules:
        os.environ["QT_API"] = "pyqt5"


def plugin_builtins() -> dict[str, Any]:
    """Return the `__builtins__` of a plugin's module."""
    return {**vars(builtins), "__import__": plugin_import}


class _Loader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return facade(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run: names are looked up when they are asked for."""


class _LastFinder(MetaPathFinder):
    """Gives our modules where nobody else had any, never below a real package."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        root, _, below = fullname.partition(".")
        if root not in ROOTS or fullname not in names():
            return None
        if below and not isinstance(sys.modules.get(root), FacadeModule):
            return None
        return ModuleSpec(fullname, _Loader(), is_package=True)


def install() -> None:
    """Give our modules to all code where no real phy or phylib is importable; any number of times."""
    if not any(isinstance(finder, _LastFinder) for finder in sys.meta_path):
        sys.meta_path.append(_LastFinder())


def uninstall() -> None:
    """Take back what `install` did."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _LastFinder)]
    for name in [n for n, module in sys.modules.items() if isinstance(module, FacadeModule)]:
        del sys.modules[name]
