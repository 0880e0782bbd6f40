"""The file of a store, replaced in one step at every change: a draft beside it, read back, synced, renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from phy_medicine.base.errors import DatasetError, SaveError
from phy_medicine.io.durable import reason, reserve, sync_file, sync_folder

if TYPE_CHECKING:
    from phy_medicine.io.h5 import H5File

_SPARE = 2 << 20
_RETRIES, _RETRY_S = 20, 0.1


class StoreError(SaveError):
    """The store could not be written, or there is no such run; what it held is unchanged."""


def _fine(_file: H5File) -> bool:
    return True


class StoreFile:
    """An HDF5 file that is never changed in place; whatever goes wrong, it is as before."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def _draft(self) -> Path:
        return self.path.with_name(f"{self.path.stem}.{os.getpid()}.part")

    @contextmanager
    def changing(self, n_bytes: int = 0, *, check: Callable[[H5File], bool] = _fine) -> Iterator[H5File]:
        """Give a copy of the file, or a new one, to be changed; it takes the place of the file at the end.

        Parameters
        ----------
        n_bytes : that will be added at most
        check : told the draft once it is complete and opened again; what it refuses is not used

        Raises
        ------
        StoreError : disk full, no rights, or not read back as written
        """
        from phy_medicine.io.h5 import open_h5

        with self._drafting(check):
            if self.path.exists():
                self._check_space(self.path.stat().st_size + n_bytes)
                shutil.copyfile(self.path, self._draft)
            else:
                open_h5(self._draft, "x").close()
            self._reserve(n_bytes)
            with open_h5(self._draft, "r+") as file:
                yield file
                file.flush()

    def write_without(self, path: str) -> None:
        """Write the file anew without a group; what was deleted before gives its place back too.

        Raises
        ------
        StoreError : disk full, no rights
        """
        from phy_medicine.io.h5 import open_h5

        with self._drafting(_fine):
            open_h5(self._draft, "x").close()
            self._reserve(self.path.stat().st_size)
            with open_h5(self.path) as old, open_h5(self._draft, "r+") as new:
                _transfer(old, new, "", path)
                new.flush()

    @contextmanager
    def _drafting(self, check: Callable[[H5File], bool]) -> Iterator[None]:
        draft = self._draft
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._remove_drafts()
            yield
            sync_file(draft)
            self._read_back(check)
            self._put()
        except (OSError, DatasetError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            raise StoreError(
                f"Could not write {self.path}: {why.rstrip('.')}. What it held is unchanged; free space or correct "
                "the rights, then try again."
            ) from None
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _check_space(self, n_bytes: int) -> None:
        if shutil.disk_usage(self.path.parent).free < n_bytes + _SPARE:
            raise OSError(0, f"no space for its {n_bytes:,} bytes")

    def _reserve(self, n_bytes: int) -> None:
        """Take the space of what will be added before HDF5 needs it."""
        size = self._draft.stat().st_size + n_bytes + _SPARE
        self._check_space(n_bytes)
        reserve(self._draft, size)

    def _remove_drafts(self) -> None:
        """Remove what a process that was ended in the middle left; there is one writer only."""
        for path in self.path.parent.glob(f"{self.path.stem}.*.part"):
            path.unlink(missing_ok=True)

    def _read_back(self, check: Callable[[H5File], bool]) -> None:
        from phy_medicine.io.h5 import open_h5

        with open_h5(self._draft) as file:
            if not check(file):
                raise DatasetError("it was not read back as it was written")

    def _put(self) -> None:
        """Put the draft in the place of the file."""
        for attempt in range(_RETRIES):
            try:
                self._draft.replace(self.path)
                break
            except PermissionError:  # Windows, while somebody reads the old one
                if os.name != "nt" or attempt == _RETRIES - 1:
                    raise
                time.sleep(_RETRY_S)
        sync_folder(self.path.parent)


def file_mark(path: Path) -> object:
    """Return what is another object whenever the file is another; None when there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _transfer(old: H5File, new: H5File, path: str, left_out: str) -> None:
    """Copy all of a file but one path into another."""
    for name, value in old.attrs(path or "/").items():
        new.write_attr(path or "/", name, value)
    for name in old.children(path or "/"):
        child = f"{path}/{name}"
        if left_out.startswith(f"{child}/"):
            new.make_group(child)
            _transfer(old, new, child, left_out)
        elif child != left_out:
            old.copy(child, child, new)
