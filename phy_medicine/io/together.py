"""Files that belong together, replaced as one: whoever reads them finds the old ones, the new ones, or not all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from phy_medicine.io.durable import sync_folder
from phy_medicine.io.lock import one_at_a_time

OLD = "old"
"""Folder in the hidden one for what is being replaced."""


def staging_of(folder: Path, stem: str) -> Path:
    """Return the hidden folder in which the new files are made."""
    return folder / f".{stem}.new"


@contextmanager
def replaced_together(folder: Path, stem: str, names: Sequence[str]) -> Iterator[Path]:
    """Give an empty folder for new files; they take their places at the end, and after any error all is as before.

    What a process that was killed has left is cleared first: where it was between old and new, the old ones come back.

    Parameters
    ----------
    names : of the files, each to be written and synced. While they are replaced the last is the first to go and the
        last to come, so that a reader who wants all of them never takes old for new

    Raises
    ------
    FileExistsError : another process is at it
    OSError : the disk refuses. The old files are in place, or, where even that was refused, in `staging_of` for the
        next time
    """
    staging = staging_of(folder, stem)
    with suppress(FileExistsError):
        staging.mkdir()
    if staging.is_symlink() or not staging.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{staging.name} is no folder", str(staging))
    with one_at_a_time(staging):
        _clear(folder, staging, names)
        try:
            yield staging
            _swap(folder, staging, names)
        except BaseException:
            _put_back(folder, staging, names)
            shutil.rmtree(staging, ignore_errors=True)
            raise
        shutil.rmtree(staging, ignore_errors=True)


def _clear(folder: Path, staging: Path, names: Sequence[str]) -> None:
    """Empty the folder of a process that was killed."""
    if os.path.lexists(staging / names[-1]):  # else the last was in place, and with it all
        _put_back(folder, staging, names)
    for entry in staging.iterdir():
        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


def _swap(folder: Path, staging: Path, names: Sequence[str]) -> None:
    old = staging / OLD
    old.mkdir()
    for name in reversed(names):
        with suppress(FileNotFoundError):
            (folder / name).rename(old / name)
    sync_folder(folder)  # the old ones are gone before the first new one comes, also after a power cut
    for name in names:
        (staging / name).rename(folder / name)
    sync_folder(folder)


def _put_back(folder: Path, staging: Path, names: Sequence[str]) -> None:
    """Undo a swap, from wherever it stopped; it can be interrupted and done again."""
    old = staging / OLD
    if old.is_symlink() or not old.is_dir():
        return  # nothing was moved
    for name in reversed(names):
        if not os.path.lexists(staging / name):
            with suppress(FileNotFoundError):
                (folder / name).rename(staging / name)
    for name in names:
        with suppress(FileNotFoundError):
            (old / name).rename(folder / name)
    sync_folder(folder)
