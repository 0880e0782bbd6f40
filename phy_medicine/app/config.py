"""What is configured for a dataset: phy's own files, the user's, the dataset's, and what the command line says.

Files that do not exist cost one look at the disk each; the reader, and traitlets with it, is imported for one that is
there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phy_medicine.base.configuration import Configuration
from phy_medicine.base.paths import phy_dir, user_dir

if TYPE_CHECKING:
    from phy_medicine.app.config_files import Given

DATASET_FILE = "phy_medicine.toml"
_JOB_COMMANDS = {"motion": "motion", "sort": "sorting"}
"""Commands that run a job without a session -> the section of what is configured for them."""
_run: dict[Path, tuple[tuple[int, int], Given]] = {}
"""Files that were run and are as they were then: no file runs twice for one command."""


def phy_states(dataset_dir: Path | None) -> tuple[Path, ...]:
    """Return what phy remembers of its windows, that of the dataset last; nothing once this program has a state."""
    if (user_dir() / "state.json").exists():
        return ()
    folders = [phy_dir() / "TemplateGUI", *([] if dataset_dir is None else [dataset_dir / ".phy"])]
    return tuple(path for path in (folder / "state.json" for folder in folders) if path.is_file())


def user_files() -> tuple[tuple[Path, str], ...]:
    """Return the files that hold for all datasets, with the names of the modules they become; later ones count more."""
    return (phy_dir() / "phy_config.py", "phy_config"), (user_dir() / "config.py", "phy_medicine_config")


def read_configuration(dataset_dir: Path | None = None, given: Sequence[str] = ()) -> Configuration:
    """Read everything that is configured; a file or a line that cannot be used is left out and told of.

    Parameters
    ----------
    dataset_dir : folder of the dataset, None for what holds for all
    given : `NAME=VALUE` of the command line, which count most

    Raises
    ------
    PhyMedError : a word of the command line is no setting
    """
    files = [(path, name) for path, name in user_files() if path.is_file()]
    toml = None if dataset_dir is None else dataset_dir / DATASET_FILE
    if toml is not None and not toml.is_file():
        toml = None
    states = phy_states(dataset_dir)
    if not files and toml is None and not given and not states:
        return Configuration(plugin_dirs=plugin_dirs())
    from phy_medicine.app.config_files import read_toml
    from phy_medicine.app.config_reader import Reader, typed
    from phy_medicine.app.phy_state import read_phy_state

    reader = Reader()
    for path in states:
        reader.take(path, partial(read_phy_state, path))
    for path, name in files:
        reader.take(path, partial(_run_once, path, name))
    if toml is not None:
        reader.take(toml, partial(read_toml, toml))
    for text in given:
        reader.add_typed(typed(text))
    return reader.result()


def _run_once(path: Path, name: str) -> Given:
    from phy_medicine.app.config_files import run_python
    from phy_medicine.app.config_reader import small_sections

    facts = path.stat()
    version = (facts.st_mtime_ns, facts.st_size)
    if _run.get(path, (None, None))[0] != version:
        _run[path] = (version, run_python(path, name, small_sections()))
    return _run[path][1]


def job_options(command: str) -> dict[str, dict[str, Any]]:
    """Return what is configured of the job that a command runs, for its options; empty for other commands."""
    if command not in _JOB_COMMANDS or not any(path.is_file() for path, _ in user_files()):
        return {}
    configuration = read_configuration()
    device = configuration.get("device")
    return {command: {**({"device": device} if device else {}), **configuration.section(_JOB_COMMANDS[command])}}


def plugin_dirs(named: Sequence[Path] | None = None) -> tuple[Path, ...]:
    """Return the folders of plugins that exist: those named, else phy's usual one, and the user's own."""
    usual = (phy_dir() / "plugins",) if named is None else named
    dirs = [Path(os.path.expanduser(p)) for p in (*usual, user_dir() / "plugins") if "\0" not in str(p)]  # noqa: PTH111
    return tuple(path for path in dict.fromkeys(dirs) if os.path.isdir(path))  # noqa: PTH112
