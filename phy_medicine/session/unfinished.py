"""Computations that were interrupted and can go on: what each was told, beside what it keeps for that."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.log import logger
from phy_medicine.base.paths import REQUEST_NAME
from phy_medicine.io.durable import replace_file, time_stamp
from phy_medicine.io.plain_file import read_json

_MOST = 3
"""Of those that nobody went on with so many are kept, the newest."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A computation that can go on.

    kind, settings : as `SessionJobs.start` takes them, `device` and `seed` among them
    folder : what it keeps
    """

    kind: str
    settings: Mapping[str, Any]
    folder: Path

    @property
    def id(self) -> str:
        """Name of its folder, which sorts by time."""
        return self.folder.name


def begin(root: Path, kind: str, settings: Mapping[str, Any]) -> Path:
    """Make the folder of a new computation and return it."""
    folder = root / time_stamp()
    folder.mkdir(parents=True)
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
    replace_file(folder / REQUEST_NAME, json.dumps({"kind": kind, "settings": values}, indent=1).encode())
    return folder


def has_kept(folder: Path) -> bool:
    """Whether a computation left anything to go on from."""
    try:
        return any(path.name != REQUEST_NAME and path.suffix != ".part" for path in folder.iterdir())
    except OSError:
        return False


def unfinished(root: Path, busy: Collection[Path] = ()) -> tuple[Unfinished, ...]:
    """Return the computations that can go on, the oldest first.

    busy : folders of those that are being gone on with
    """
    try:
        folders = sorted(path for path in root.iterdir() if path not in busy)
    except OSError:
        return ()
    found = []
    for folder in filter(has_kept, folders):
        try:
            content = read_json(folder / REQUEST_NAME)
            found.append(Unfinished(str(content["kind"]), dict(content["settings"]), folder))
        except (OSError, *WRONG_CONTENT) as error:
            logger.debug("%s cannot be gone on with: %s", folder, error)
    return tuple(found)


def end(folder: Path, *, done: bool) -> None:
    """Remove what a computation kept when it is done, or when it kept nothing."""
    if done or not has_kept(folder):
        shutil.rmtree(folder, ignore_errors=True)


def tidy(root: Path, busy: Collection[Path]) -> None:
    """Remove all but the newest of those that nobody went on with."""
    try:
        idle = sorted(path for path in root.iterdir() if path not in busy)
    except OSError:
        return
    for folder in [path for path in idle if not has_kept(path)] + [path for path in idle if has_kept(path)][:-_MOST]:
        shutil.rmtree(folder, ignore_errors=True)
