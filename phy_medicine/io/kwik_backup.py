"""What is kept of a Kwik file when it is replaced: the first file whole, and each labelling by date."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.types import IntArray
from phy_medicine.io.array_files import as_integers
from phy_medicine.io.durable import sync_file, sync_folder, time_stamp, write_new
from phy_medicine.io.generation import N_BACKUPS
from phy_medicine.io.kwik_labels import Fields
from phy_medicine.io.npz_file import read_npz

_DRAFT = ".saving"


def draft_of(path: Path) -> Path:
    """Return where a file is made that takes the place of another when it is complete."""
    return path.with_name(f".{path.name}.{os.getpid()}{_DRAFT}")


def remove_drafts(path: Path, backups: Path) -> None:
    """Remove what saves that were killed left beside a Kwik file and in the backups; only for the one writer."""
    beside = [left for left in path.parent.iterdir() if left.name.startswith(f".{path.name}.")]
    for left in (*beside, *backups.glob(".*")):
        if left.name.endswith(_DRAFT):
            left.unlink(missing_ok=True)


def plain_name(stem: str, group: str, clustering: str) -> str:
    """Return a file name that tells one clustering of a Kwik file."""
    return f"{stem}.{group}.{clustering}".replace("/", "_")


def keep_original(path: Path) -> None:
    """Copy a Kwik file to `<name>.kwik.bak` before it is replaced for the first time, as phy does.

    Raises
    ------
    OSError : no space, no rights; there is no copy
    """
    backup = path.with_name(path.name + ".bak")
    if backup.exists():
        return
    with _drafted(backup) as draft:
        shutil.copy2(path, draft)
        sync_file(draft)


def keep_labels(folder: Path, name: str, labels: IntArray, fields: Mapping[str, Mapping[int, object]]) -> Path:
    """Keep labels and fields as they were, by date; the first and the newest ones stay.

    Raises
    ------
    OSError : no space, no rights; nothing is kept
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{time_stamp()}-{name}.npz"
    filled = {field: dict(values) for field, values in fields.items() if values}
    # Not compressed: that takes 2 s for 2 M labels, which fit into 4 MB.
    small = labels.astype(np.min_scalar_type(int(labels.max(initial=0))))
    content = io.BytesIO()
    np.savez(content, labels=small, fields=np.array(json.dumps(filled)))
    with _drafted(path) as draft:
        write_new(draft, [content.getbuffer()])
    sync_folder(folder)
    older = sorted(p for p in folder.iterdir() if p.name.endswith(f"-{name}.npz") and not p.name.startswith("."))
    for extra in older[1 : 1 + max(0, len(older) - N_BACKUPS)]:
        extra.unlink(missing_ok=True)
    return path


def read_backup(path: Path) -> tuple[IntArray, Fields]:
    """Return the labels and the fields of a dated backup.

    Raises
    ------
    DatasetError : the file is damaged
    """
    arrays = read_npz(path, ("labels", "fields"))
    try:
        fields = parse_json(str(arrays["fields"]))
        labels = as_integers(arrays["labels"], path, np.int32)
        return labels, {name: {int(c): v for c, v in cells.items()} for name, cells in fields.items()}
    except WRONG_CONTENT as error:
        raise DatasetError(f"{path} is no backup of labels, or damaged ({error}).") from None


@contextmanager
def _drafted(path: Path) -> Iterator[Path]:
    """A file that gets its name when it is complete, or is removed."""
    draft = draft_of(path)
    draft.unlink(missing_ok=True)
    try:
        yield draft
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
