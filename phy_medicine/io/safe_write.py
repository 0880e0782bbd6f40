"""Saving a curation: all files of a save replaced as one, or none."""

from __future__ import annotations

import hashlib
import io
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from phy_medicine.base.errors import SaveError
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.io.durable import Chunk, reason, sync_folder, time_stamp, write_new
from phy_medicine.io.fingerprint import Fingerprint, fingerprint, unchanged
from phy_medicine.io.generation import (
    Recovery,
    Step,
    back_up,
    nothing,
    pending_files,
    put_in_place,
    recover_pending,
    take_back,
    took_effect,
)
from phy_medicine.io.intent import Intent, Leader, PlannedFile, SavePaths, identity, is_saved_name, write_intent
from phy_medicine.io.metadata import METRICS_FILE, has_foreign_metrics

__all__ = ["FileChangedError", "Recovery", "SaveReport", "SaveSet", "recover_pending"]

_DERIVED = "cluster_info.tsv"  # never read, so whatever stands there may be replaced
_SPARE = 1 << 20


class FileChangedError(SaveError):
    """Another program changed a file since it was read.

    files : names of the changed files
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.files = tuple(files)
        super().__init__(
            f"{', '.join(files)} changed on disk since this dataset was opened; save over it (the other version goes "
            "to the backups) or open the dataset again."
        )


@dataclass(frozen=True, slots=True)
class SaveReport:
    """What a save did.

    files : names written
    unchanged : names whose content was the same already
    seconds : time taken
    backup : folder of the replaced files, None when nothing was replaced
    fingerprints : of all files of the set, to be expected at the next save
    """

    files: tuple[str, ...]
    unchanged: tuple[str, ...]
    seconds: float
    backup: Path | None = None
    fingerprints: Mapping[str, Fingerprint] = field(default_factory=dict)


class SaveSet:
    """The files of one save; nothing is written before `commit`.

    Parameters
    ----------
    dataset_dir : folder of the dataset
    expected : fingerprints of the label files as they were read; None checks nothing
    folder : of the files inside `dataset_dir`, "" for that itself
    on_step : called before each step, for tests that interrupt it

    stamp : name of the save, "" before it is written
    """

    def __init__(
        self,
        dataset_dir: Path,
        expected: Mapping[str, Fingerprint] | None = None,
        *,
        folder: str = "",
        on_step: Step = nothing,
    ) -> None:
        self._dir = dataset_dir
        self._folder = folder
        self._expected = expected
        self._on_step = on_step
        self._chunks: dict[str, list[Chunk]] = {}
        self.stamp = ""

    def add(self, name: str, data: bytes | str | AnyArray) -> None:
        """Add a file: text (UTF-8), bytes, or an array (npy).

        Raises
        ------
        SaveError : a name that a save may not write
        """
        if not is_saved_name(name):
            raise SaveError(f"{name!r} is no file a save may write; use a label name without slashes.")
        if isinstance(data, np.ndarray):
            self._chunks[name] = _npy_chunks(data)
        else:
            self._chunks[name] = [data.encode() if isinstance(data, str) else bytes(data)]

    def add_labels(self, name: str, labels: IntArray) -> None:
        """Add the cluster of each spike as phy stores it, 1-D int32."""
        self.add(name, np.ascontiguousarray(labels, dtype=np.int32).reshape(-1))

    def commit(self, *, force: bool = False, draft: Path | None = None, leader: str = "") -> SaveReport:
        """Write all files, or none, and wait until they are on the disk.

        An earlier save that was interrupted is completed first.

        Parameters
        ----------
        force : replace files that changed on disk since they were read
        draft : a further file, complete and on the disk, that takes the place of `leader` in the dataset folder before
            all others; the save is decided by that

        Raises
        ------
        FileChangedError : without `force`, a file changed on disk
        SaveError : no space, no rights; the dataset is as before, or the sentence says otherwise
        """
        begin = time.perf_counter()
        recover_pending(self._dir)
        try:
            changed = [] if force or self._expected is None else self._changed(self._expected)
            if changed:
                raise FileChangedError(changed)
            target = self._dir / self._folder
            names = [name for name, chunks in self._chunks.items() if not _same_content(target / name, chunks)]
            same = [name for name in self._chunks if name not in names]
            backup = self._write(names, draft, leader) if names or draft else None
            prints = self.fingerprints()
        except OSError as error:
            raise SaveError(
                f"Could not read the files in {self._dir}: {reason(error)}. Your work is in the journal; save again "
                "when the disk answers."
            ) from None
        seconds = time.perf_counter() - begin
        logger.info("Saved %d files to %s in %.2f s, %d unchanged.", len(names), target, seconds, len(same))
        return SaveReport(self._named(names), self._named(same), seconds, backup, prints)

    def took_effect(self) -> bool:
        """Return whether a commit that failed was decided all the same; it is completed where that is possible now.

        Raises
        ------
        SaveError : the disk does not answer
        """
        try:
            return bool(self.stamp) and took_effect(self._dir, self.stamp)
        except OSError as error:
            raise SaveError(
                f"Nobody can tell whether the last save reached {self._dir}: {reason(error)}. Your work is in the "
                "journal; try again when the disk answers."
            ) from None

    def fingerprints(self) -> dict[str, Fingerprint]:
        """Return what is to be expected of the files of the set from now on: a save that was decided is in place."""
        staged = pending_files(self._dir)
        prints = {name: fingerprint(staged.get(name, self._dir / name)) for name in self._named(self._chunks)}
        return {name: mark for name, mark in prints.items() if mark is not None}

    def _named(self, names: Iterable[str]) -> tuple[str, ...]:
        """Files as they are named in the dataset folder."""
        return tuple(f"{self._folder}/{name}" if self._folder else name for name in names)

    def _changed(self, expected: Mapping[str, Fingerprint]) -> list[str]:
        never_read = {_DERIVED} if has_foreign_metrics(self._dir) else {_DERIVED, METRICS_FILE}
        names = [name for name in {**self._chunks, **expected} if name not in never_read]
        return [name for name in names if not unchanged(expected, self._dir, name)]

    def _write(self, names: Sequence[str], draft: Path | None, leader: str) -> Path | None:
        paths, self.stamp = SavePaths(self._dir), time_stamp()
        decided = False
        try:
            head = Leader(leader, identity(draft)) if draft else None
            intent = Intent(self.stamp, tuple(self._stage(name) for name in names), self._folder, head)
            if names:
                sync_folder(paths.staging(self.stamp))
                sync_folder(paths.all_staging)
            backup = back_up(self._dir, intent, self._on_step)
            self._on_step("intent")
            write_intent(self._dir, intent)
            if draft:
                self._on_step("rename")
                final = (self._dir / leader).resolve()
                draft.replace(final)
                decided = True
                sync_folder(final.parent)
            decided = True
            put_in_place(self._dir, intent, self._on_step)
        except OSError as error:
            if decided:
                outcome = "The save is completed at the next save"
            elif take_back(self._dir, self.stamp):
                outcome = "The save left the files as they were"
            else:
                outcome = "Whether the save took effect shows when the disk answers again"
            raise SaveError(
                f"Could not save to {self._dir}: {reason(error)}. {outcome}, and your work is in the journal; "
                "free space or correct the rights, then save again."
            ) from None
        return backup

    def _stage(self, name: str) -> PlannedFile:
        """Write the new content beside the dataset, with the rights of the file it will replace."""
        self._on_step(f"stage {name}")
        final, staging = self._dir / self._folder / name, SavePaths(self._dir).staging(self.stamp)
        staging.mkdir(parents=True, exist_ok=True)
        chunks = self._chunks[name]
        size = sum(_length(chunk) for chunk in chunks)
        if shutil.disk_usage(staging).free < size + _SPARE:
            raise OSError(0, f"no space for the {size:,} bytes of {name}")
        write_new(staging / name, chunks)
        if final.exists():
            shutil.copymode(final, staging / name)
        digest = hashlib.sha256()
        for chunk in chunks:
            digest.update(chunk)
        return PlannedFile(name, size, digest.hexdigest(), identity(final))


def _npy_chunks(array: AnyArray) -> list[Chunk]:
    """Header and data of an `.npy` file; the data are a copy, so that later changes of the array do not matter."""
    array = np.array(array, order="C")
    if array.dtype.hasobject:
        raise SaveError("An array of Python objects cannot be saved; use numbers.")
    header = io.BytesIO()
    npy_format.write_array_header_1_0(header, npy_format.header_data_from_array_1_0(array))
    return [header.getvalue(), array.reshape(-1).view(np.uint8).data if array.size else b""]


def _length(chunk: Chunk) -> int:
    return chunk.nbytes if isinstance(chunk, memoryview) else len(chunk)


def _same_content(path: Path, chunks: Sequence[Chunk]) -> bool:
    try:
        if path.stat().st_size != sum(_length(chunk) for chunk in chunks):
            return False
        with path.open("rb") as file:
            return all(file.read(_length(chunk)) == chunk for chunk in chunks)
    except OSError:
        return False  # absent, or unreadable and then found out by the write itself
