"""What all exports share: files that appear whole or not at all, and sentences for what is missing."""

from __future__ import annotations

import importlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import phy_medicine
from phy_medicine.base.errors import DatasetError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.io.durable import iso_time, reason, sync_file, sync_folder

Progress = Callable[[int, int], None]
"""Called with what is done so far, and all; the unit is the caller's."""

MANIFEST = "phy_medicine_export.json"
"""Lists what an export wrote into a folder, so that the next one replaces that and nothing else."""

_SPARE = 16 << 20


def no_progress(_done: int, _all: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote, and what it had to guess or could not say in the format."""

    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def needed(module: str, extra: str) -> Any:
    """Import a package that only some exports need.

    Raises
    ------
    DatasetError : it is not installed; says how to install it
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != package:
            raise
        raise DatasetError(f'{package} is not installed: pip install "phy-medicine[{extra}]".') from None


@contextmanager
def new_file(path: Path, *, force: bool = False, n_bytes: int = 0) -> Iterator[Path]:
    """Give a path to write to; what was written there takes its real name at the end, and is gone after any error.

    n_bytes : about what will be written, asked of the disk before

    Raises
    ------
    DatasetError : the file exists and `force` is not set, or the disk is full
    """
    if path.is_dir():
        raise DatasetError(f"{path} is a folder; name a file.")
    if path.exists() and not force:
        raise DatasetError(f"{path} exists already; choose another name, or replace it with --force.")
    # The ending stays, because some libraries add theirs.
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    with _nothing_left(path, temporary, n_bytes):
        yield temporary
        sync_file(temporary)
        temporary.replace(path)
        sync_folder(path.parent)


@contextmanager
def new_folder(path: Path, *, force: bool = False, n_bytes: int = 0) -> Iterator[Path]:
    """Give an empty folder to fill; it takes its real name at the end, and is gone after any error.

    With `force`, files of an earlier export give way to the new ones; any other file in the folder stays.

    Raises
    ------
    DatasetError : the folder holds files and `force` is not set, or the disk is full
    """
    if path.exists() and not path.is_dir():
        raise DatasetError(f"{path} is a file; name a folder.")
    if path.is_dir() and any(path.iterdir()) and not force:
        raise DatasetError(f"{path} is not empty; choose another folder, or replace an export in it with --force.")
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    with _nothing_left(path, temporary, n_bytes):
        temporary.mkdir()
        yield temporary
        _write_manifest(temporary)
        for file in _files(temporary):
            sync_file(file)
        _put_in_place(temporary, path)
        sync_folder(path.parent)


def written(folder: Path) -> tuple[Path, ...]:
    """Return the files of an export in a folder, but for its list of them."""
    return tuple(folder / name for name in _listed(folder))


@contextmanager
def _nothing_left(path: Path, temporary: Path, n_bytes: int) -> Iterator[None]:
    """Remove what was begun when anything fails."""
    is_new = not path.parent.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(path.parent).free < n_bytes + _SPARE * bool(n_bytes):
            raise DatasetError(f"{path.parent} has no room for {n_bytes / 1e9:,.2f} GB; choose another place.")
        yield
    except BaseException as error:
        with suppress(OSError):
            shutil.rmtree(temporary) if temporary.is_dir() else temporary.unlink(missing_ok=True)
            if is_new:
                path.parent.rmdir()
        if isinstance(error, OSError):
            text = f"{path} could not be written: {reason(error)}. Nothing was left there."
            raise DatasetError(text) from None
        raise


def _write_manifest(folder: Path) -> None:
    facts = {
        "written_by": f"phy-medicine {phy_medicine.__version__}",
        "written": iso_time(),
        "files": [file.relative_to(folder).as_posix() for file in _files(folder)],
    }
    (folder / MANIFEST).write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _listed(folder: Path) -> Sequence[str]:
    """Names in the list of an earlier export, none that lead out of the folder."""
    try:
        names = parse_json((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        names = names if isinstance(names, list) else []
    except (OSError, *WRONG_CONTENT):
        return ()
    return [str(name) for name in names if not Path(str(name)).is_absolute() and ".." not in Path(str(name)).parts]


def _put_in_place(temporary: Path, path: Path) -> None:
    """Rename the folder, or move its files into one that is there, in place of those of an earlier export."""
    if not path.exists():
        temporary.rename(path)
        return
    for name in _listed(path):
        (path / name).unlink(missing_ok=True)
    for file in _files(temporary):
        final = path / file.relative_to(temporary)
        final.parent.mkdir(parents=True, exist_ok=True)
        file.replace(final)
    shutil.rmtree(temporary)
