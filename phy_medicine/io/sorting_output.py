"""The folder of a sorting: a dataset in phy's format, complete or not there.

Everything is written beside what a sort keeps of its stages, into `.sorting/writing.part`, and waited for until it is
on the disk; then the files are moved to their places, `params.py` last: a folder without it is no dataset.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray
from phy_medicine.io.durable import reason, sync_file, sync_folder
from phy_medicine.io.lock import DatasetLock
from phy_medicine.io.metadata import format_field, format_table
from phy_medicine.io.npy_rows import NpyRows
from phy_medicine.io.raw_file import RawFile
from phy_medicine.io.sorting_store import StoredResult, write_store

PARAMS = "params.py"
WORK = ".sorting"
"""Folder inside of the output where a sort keeps its stages until it is done."""
_WRITING, _LOCK = "writing.part", "lock.part"
_LABELS = ("KSLabel", "group")


@dataclass(frozen=True, slots=True)
class Rows:
    """An array that comes in pieces: the shape of a row, its type, and the pieces in order."""

    shape: tuple[int, ...]
    dtype: Any
    pieces: Iterable[AnyArray]


@dataclass(frozen=True, slots=True)
class SortedDataset:
    """All that is written.

    arrays : name of a file without `.npy` -> array, or `Rows`; `/` makes a folder
    labels : (K,) text of each cluster: good, mua, noise
    metrics : name of a column -> (K,) numbers or text
    texts : name of a file -> content
    result : what the store keeps of it, None for nothing
    """

    raw: RawFile
    arrays: Mapping[str, AnyArray | Rows]
    labels: tuple[str, ...]
    metrics: Mapping[str, AnyArray] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    result: StoredResult | None = None


def is_unfinished(folder: Path) -> bool:
    """Whether a folder holds nothing but a sort that was interrupted."""
    return (folder / WORK).is_dir() and not (folder / PARAMS).exists()


def check_output(folder: Path, *, resume: bool = False) -> None:
    """Refuse a folder that a sort may not write to.

    resume : go on with the unfinished sort in it

    Raises
    ------
    DatasetError : a file, a folder with other content, or nothing to resume
    """
    if folder.exists() and not folder.is_dir():
        raise DatasetError(f"{folder} is a file; name a folder for the sorting.")
    unfinished = is_unfinished(folder)
    if resume and not unfinished:
        raise DatasetError(f"{folder} holds no unfinished sorting to go on with; leave out --resume and --from.")
    if not resume and unfinished:
        raise DatasetError(f"{folder} holds an unfinished sorting: go on with --resume, or name another folder.")
    if not resume and folder.is_dir() and any(folder.iterdir()):
        raise DatasetError(f"{folder} is not empty; name a new folder for the sorting.")


def check_alone(kept: Path) -> None:
    """Refuse a folder of stages that another sort uses at this moment.

    Raises
    ------
    DatasetError : says who does
    """
    owner = DatasetLock(kept / _LOCK).owner()
    if owner is not None:
        raise DatasetError(f"{kept} is used by a sort of {owner}; wait for its end, or name another folder.")


@contextmanager
def alone(kept: Path) -> Iterator[None]:
    """Have a folder of stages for oneself.

    Raises
    ------
    DatasetError, ReadOnlyError : another sort uses it, or it cannot be written
    """
    check_alone(kept)
    lock = DatasetLock(kept / _LOCK)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
        shutil.rmtree(kept / _LOCK, ignore_errors=True)


def write_sorting(folder: Path, dataset: SortedDataset) -> Path:
    """Write a sorting into a folder that `check_output` let pass, and return its `params.py`.

    Raises
    ------
    DatasetError : the disk is full, or the folder cannot be written; then no `params.py` is there
    """
    writing = folder / WORK / _WRITING
    try:
        shutil.rmtree(writing, ignore_errors=True)
        writing.mkdir(parents=True)
        _write_files(writing, dataset)
        if dataset.result is not None:
            (writing / PARAMS).write_text(dataset.raw.params_text(), encoding="utf-8")
            write_store(writing, dataset.result)
        (writing / PARAMS).write_text(dataset.raw.params_text(folder), encoding="utf-8")
        files = sorted(path for path in writing.rglob("*") if path.is_file())
        for path in files:
            sync_file(path)
        _move(writing, folder, files)
    except OSError as error:
        shutil.rmtree(writing, ignore_errors=True)
        raise DatasetError(f"The sorting could not be written to {folder}: {reason(error)}.") from None
    return folder / PARAMS


def finish(folder: Path) -> None:
    """Remove what a sort kept to be resumed, when it is done."""
    shutil.rmtree(folder / WORK, ignore_errors=True)


def _write_files(writing: Path, dataset: SortedDataset) -> None:
    for name, array in dataset.arrays.items():
        path = writing / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(array, Rows):
            np.save(path, array, allow_pickle=False)
            continue
        with NpyRows(path, array.shape, array.dtype) as rows:
            for piece in array.pieces:
                rows.append(piece)
    clusters = range(len(dataset.labels))
    for name in _LABELS:
        text = format_field(name, dict(enumerate(dataset.labels)), clusters)
        (writing / f"cluster_{name}.tsv").write_text(text, encoding="utf-8", newline="")
    (writing / "cluster_metrics.tsv").write_text(_metrics(dataset), encoding="utf-8", newline="")
    for name, text in dataset.texts.items():
        (writing / name).write_text(text, encoding="utf-8")


def _metrics(dataset: SortedDataset) -> str:
    """One row for each cluster; a value that is not known is an empty cell."""
    columns = [[_cell(value) for value in column.tolist()] for column in dataset.metrics.values()]
    rows = zip(range(len(dataset.labels)), *columns, strict=True)
    return format_table(["cluster_id", *dataset.metrics], rows)


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6g}" if np.isfinite(value) else ""
    return " ".join(value.split()) if isinstance(value, str) else value


def _move(writing: Path, folder: Path, files: list[Path]) -> None:
    """Put the files in their places, `params.py` last."""
    for path in sorted(files, key=lambda path: path.name == PARAMS):
        final = folder / path.relative_to(writing)
        final.parent.mkdir(parents=True, exist_ok=True)
        path.replace(final)
        if path.parent != writing:
            sync_folder(final.parent)
    sync_folder(folder)
    shutil.rmtree(writing, ignore_errors=True)
