"""Which label columns are the curator's own: the files do not tell them from what a sorter measured."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from phy_medicine.base.errors import SaveError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import reason, replace_file
from phy_medicine.io.plain_file import read_json


def read_user_fields(dataset_dir: Path) -> frozenset[str]:
    """Return the names noted at the last save; empty when there is no readable note."""
    try:
        names = read_json(OwnFiles(dataset_dir).fields)["user_fields"]
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
    return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()


def write_user_fields(dataset_dir: Path, names: Iterable[str]) -> None:
    """Note the names of the curator's own label columns; nothing is written when they are noted already.

    Raises
    ------
    SaveError : the note cannot be written
    """
    wanted = frozenset(names)
    if wanted == read_user_fields(dataset_dir):
        return
    path = OwnFiles(dataset_dir).fields
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps({"user_fields": sorted(wanted)}).encode())
    except OSError as error:
        raise SaveError(
            f"Could not write {path} ({reason(error)}), so nothing was saved; your work is in the journal. "
            "Free space or correct the rights and save again."
        ) from None
