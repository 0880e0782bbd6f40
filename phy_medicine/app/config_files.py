"""Reading what was configured: Python files as phy has them, which are run, and TOML of a dataset, which is not."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from phy_medicine.base.errors import PhyMedError


@dataclass(frozen=True, slots=True)
class Given:
    """What one file says.

    path : the file; local : of a dataset; module : it was run as, None for TOML
    entries : section, "" for the file's top level or PhyMed; name; value as it was written
    """

    path: Path
    entries: tuple[tuple[str, str, Any], ...]
    module: ModuleType | None = None
    local: bool = False

    @property
    def source(self) -> str:
        """The file as people write it."""
        return written(self.path)


def written(path: Path) -> str:
    """Return a path with `~` for the home folder."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):
        return str(path)


def run_python(path: Path, name: str, sections: tuple[str, ...]) -> Given:
    """Run a configuration file and return what it set.

    Parameters
    ----------
    name : of the module that the file becomes
    sections : what may stand behind `c.PhyMed.` with settings of its own and begins with a small letter

    Raises
    ------
    PhyMedError : the file cannot be read or fails; names the line
    """
    from traitlets.config.loader import Config

    from phy_medicine.app.phy_compat.finder import plugin_builtins

    c: Any = Config()
    c.PhyMed = Config({section: Config() for section in sections})
    module = ModuleType(name)
    module.__dict__.update(
        __file__=str(path), __builtins__=plugin_builtins(), c=c, get_config=lambda: c,
        load_subconfig=lambda name, folder=None: _execute(Path(folder or path.parent) / name, module),
    )  # fmt: skip
    _execute(path, module)
    return Given(path, tuple(_flat(c)), module)


def _execute(path: Path, module: ModuleType) -> None:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise PhyMedError(f"{written(path)} cannot be read: {error.strerror}.") from None
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except PhyMedError:
        raise
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
        line = _line_of(error, str(path))
        where = f"{written(path)}, line {line}" if line else written(path)
        raise PhyMedError(f"{where}: {what.rstrip('.')}. The file was left out; correct it and start again.") from error


def _line_of(error: BaseException, path: str) -> int | None:
    """Return the line of a file in which an error came up."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return lines[-1] if lines else None


def _flat(config: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Give section, name and value of everything that was set; what stands in PhyMed has no section of its own."""
    for section, content in config.items():
        if section != "PhyMed":
            for name, value in _content(content):
                yield section, name, value
            continue
        for name, value in content.items():
            inner = list(_content(value)) if _is_section(value) else None
            if inner is None:
                yield "", name, _plain(value)
            for key, one in inner or ():
                yield name, key, one


def _is_section(value: Any) -> bool:
    """Whether it holds settings by name: a dictionary, or what traitlets makes for an unknown lower-case name."""
    return isinstance(value, Mapping) or bool(_attributes(value))


def _content(value: Any) -> Iterator[tuple[str, Any]]:
    for name, one in value.items() if isinstance(value, Mapping) else _attributes(value).items():
        yield str(name), _plain(one)


def _attributes(value: Any) -> dict[str, Any]:
    """Return what was set as attribute of a value that traitlets keeps for later."""
    from traitlets.config.loader import LazyConfigValue

    if not isinstance(value, LazyConfigValue):
        return {}
    return {name: one for name, one in vars(value).items() if not name.startswith("_")}


def _plain(value: Any) -> Any:
    """Return the value; `c.X.list.append(...)` of an empty list is a list."""
    from traitlets.config.loader import LazyConfigValue

    return value.get_value([]) if isinstance(value, LazyConfigValue) else value


def read_toml(path: Path) -> Given:
    """Read the constants of a dataset; nothing is run.

    Raises
    ------
    PhyMedError : the file cannot be read or is no TOML; names the line
    """
    from phy_medicine.io import toml_file

    try:
        content = toml_file.read_toml(path)
    except OSError as error:
        raise PhyMedError(f"{written(path)} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise PhyMedError(f"{written(path)}: {str(error).rstrip('.')}. The file was left out; correct it.") from None
    entries: list[tuple[str, str, Any]] = []
    for name, value in content.items():
        if isinstance(value, dict):
            entries += [(name, key, one) for key, one in value.items()]
        else:
            entries.append(("", name, value))
    return Given(path, tuple(entries), local=True)
