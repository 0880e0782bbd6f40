"""Saving a curation: all files of a save replaced as one, or none."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import time
from collections.abc import Mapping, Sequence
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
    Intent,
    PlannedFile,
    Recovery,
    SavePaths,
    Step,
    back_up,
    identity,
    nothing,
    put_in_place,
    recover_pending,
    write_intent,
)

__all__ = ["FileChangedError", "Recovery", "SaveReport", "SaveSet", "recover_pending"]

_OURS = re.compile(r"spike_clusters\.npy|spikes\.clusters[^/\\]*\.npy|cluster_[^/\\\0]+\.tsv")
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
    on_step : called before each step, for tests that interrupt it
    """

    def __init__(
        self, dataset_dir: Path, expected: Mapping[str, Fingerprint] | None = None, *, on_step: Step = nothing
    ) -> None:
        self._dir = dataset_dir
        self._expected = expected
        self._on_step = on_step
        self._chunks: dict[str, list[Chunk]] = {}

    def add(self, name: str, data: bytes | str | AnyArray) -> None:
        """Add a file: text (UTF-8), bytes, or an array (npy).

        Raises
        ------
        SaveError : a name that a save may not write
        """
        if not _OURS.fullmatch(name):
            raise SaveError(f"{name!r} is no file a save may write; use a label name without slashes.")
        if isinstance(data, np.ndarray):
            self._chunks[name] = _npy_chunks(data)
        else:
            self._chunks[name] = [data.encode() if isinstance(data, str) else bytes(data)]

    def add_labels(self, name: str, labels: IntArray) -> None:
        """Add the cluster of each spike as phy stores it, 1-D int32."""
        self.add(name, np.ascontiguousarray(labels, dtype=np.int32).reshape(-1))

    def commit(self, *, force: bool = False) -> SaveReport:
        """Write all files, or none, and wait until they are on the disk.

        An earlier save that was interrupted is completed first.

        Parameters
        ----------
        force : replace files that changed on disk since they were read

        Raises
        ------
        FileChangedError : without `force`, a file changed on disk
        SaveError : no space, no rights; the dataset is as before
        """
        begin = time.perf_counter()
        recover_pending(self._dir)
        changed = [] if force or self._expected is None else self._changed(self._expected)
        if changed:
            raise FileChangedError(changed)
        names = [name for name, chunks in self._chunks.items() if not _same_content(self._dir / name, chunks)]
        same = tuple(name for name in self._chunks if name not in names)
        backup = self._write(names) if names else None
        prints = {name: mark for name in self._chunks if (mark := fingerprint(self._dir / name)) is not None}
        seconds = time.perf_counter() - begin
        logger.info("Saved %d files to %s in %.2f s, %d unchanged.", len(names), self._dir, seconds, len(same))
        return SaveReport(tuple(names), same, seconds, backup, prints)

    def _changed(self, expected: Mapping[str, Fingerprint]) -> list[str]:
        names = [name for name in {**self._chunks, **expected} if name != _DERIVED]
        return [name for name in names if not unchanged(expected, self._dir, name)]

    def _write(self, names: Sequence[str]) -> Path | None:
        paths, stamp = SavePaths(self._dir), time_stamp()
        decided = False
        try:
            intent = Intent(stamp, tuple(self._stage(name, stamp) for name in names))
            sync_folder(paths.staging(stamp))
            backup = back_up(self._dir, intent, self._on_step)
            self._on_step("intent")
            write_intent(self._dir, intent)
            decided = True
            put_in_place(self._dir, intent, self._on_step)
        except OSError as error:
            if not decided:
                shutil.rmtree(paths.staging(stamp), ignore_errors=True)
                shutil.rmtree(paths.backup(stamp), ignore_errors=True)
            outcome = "is completed at the next save" if decided else "left the files as they were"
            raise SaveError(
                f"Could not save to {self._dir}: {reason(error)}. The save {outcome} and your work is in the journal; "
                "free space or correct the rights, then save again."
            ) from None
        return backup

    def _stage(self, name: str, stamp: str) -> PlannedFile:
        """Write the new content beside the dataset, with the rights of the file it will replace."""
        self._on_step(f"stage {name}")
        final, staging = self._dir / name, SavePaths(self._dir).staging(stamp)
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
