"""Files of plugins: where they are, which classes they define without running them, and running them.

phy runs every file it finds. Here a file is read for its classes first, and only those that are asked for are run.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from phy_medicine.base.log import logger

T = TypeVar("T")

_SKIPPED_FILES = ("phy_config.py", "phycontrib_loader.py")
_BASES = ("IPlugin", "Plugin")


@dataclass(frozen=True, slots=True)
class PluginFile:
    """A file that may hold plugins.

    classes : names of plugin classes and the first line of their docstrings; problem : why it cannot be read, or ""
    """

    path: Path
    classes: Mapping[str, str]
    problem: str = ""


def find_files(folders: Sequence[Path]) -> Iterator[Path]:
    """Give the Python files in some folders and below, links followed, each once, in phy's order.

    Left out, as in phy: folders that start with `test`, `__pycache__`, `.git`; files that start with `__`,
    `phy_config.py`, `phycontrib_loader.py`.
    """
    seen: set[str] = set()
    for folder in folders:
        for root, names, files in os.walk(folder.expanduser(), followlinks=True):
            real = os.path.realpath(root)
            if real in seen:  # a link to a folder above would go on for ever
                names.clear()
                continue
            seen.add(real)
            names[:] = sorted(n for n in names if not n.startswith("test") and n not in ("__pycache__", ".git"))
            for name in sorted(files):
                if name.endswith(".py") and not name.startswith("__") and name not in _SKIPPED_FILES:
                    yield Path(root) / name


def read_file(path: Path) -> PluginFile:
    """Return the plugin classes of a file without running it."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        return PluginFile(path, {}, f"{path}, line {error.lineno}: {error.msg}.")
    except (OSError, ValueError) as error:
        return PluginFile(path, {}, f"{path}: {error}.")
    except (RecursionError, MemoryError):
        return PluginFile(path, {}, f"{path}: its expressions are nested too deeply.")
    return PluginFile(path, dict(_plugin_classes(tree)))


def _plugin_classes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    bases = set(_BASES)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            bases.update(a.asname for a in node.names if a.name in _BASES and a.asname)
    for node in sorted((n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)), key=lambda n: n.lineno):
        names = {
            b.id if isinstance(b, ast.Name) else b.attr for b in node.bases if isinstance(b, ast.Name | ast.Attribute)
        }
        if names & bases or (names and node.name.endswith("Plugin")):
            bases.add(node.name)
            lines = (ast.get_docstring(node) or "").strip().splitlines()
            yield node.name, lines[0] if lines else ""


def best_match(name: str, plugins: Iterable[T], name_of: Callable[[T], str], key_of: Callable[[T], str]) -> T | None:
    """Return the plugin of a name or key, else the first that has it in its name, as in phy; None: there is none."""
    all_plugins = list(plugins)
    found = [p for p in all_plugins if name in (name_of(p), key_of(p))]
    found = found or [p for p in all_plugins if name in name_of(p)]
    if len(found) > 1:
        logger.warning("Several plugins match %s: %s; the first is used.", name, ", ".join(map(key_of, found)))
    return found[0] if found else None


def run_file(path: Path, own_builtins: Mapping[str, Any], beside: Sequence[Path] = ()) -> ModuleType:
    """Run a file as a module that is called as the file, and return it.

    Parameters
    ----------
    own_builtins : what the file sees as `builtins`; its `__import__` finds phy's names
    beside : other files of plugins, which it may import by their names

    Raises
    ------
    Exception : whatever the file raises
    """
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    module.__dict__["__builtins__"] = {**own_builtins, "__import__": _import_beside(own_builtins, beside)}
    code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)  # not our `from __future__`
    before = sys.modules.get(path.stem)
    # Under its bare name, as in phy; but a plugin called as a module of somebody else must not hide that.
    free = before is None or getattr(before, "__phy_plugin__", False)
    module.__dict__["__phy_plugin__"] = True
    if free:
        sys.modules[path.stem] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        if free:
            del sys.modules[path.stem]
        if free and before is not None:
            sys.modules[path.stem] = before
        raise
    return module


def _import_beside(own_builtins: Mapping[str, Any], beside: Sequence[Path]) -> Any:
    """An `__import__` that also knows the files beside a plugin, which phy had run before."""
    import_it = own_builtins.get("__import__", builtins.__import__)
    files = {path.stem: path for path in beside}

    def import_(name: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return import_it(name, *args, **kwargs)
        except ModuleNotFoundError as error:
            if error.name not in files or error.name != name:
                raise
        return run_file(files[name], own_builtins, [p for p in beside if p.stem != name])

    return import_
