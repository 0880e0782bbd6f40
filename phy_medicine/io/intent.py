"""What a save is going to do, written down before it is done, so that it can be completed after a crash."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import replace_file
from phy_medicine.io.plain_file import kind_of, read_json

_SAVED = re.compile(r"spike_clusters\.npy|spikes\.clusters[^/\\]*\.npy|cluster_[^/\\\0]+\.tsv")
_STAMP = re.compile(r"[0-9]{8}T[0-9]{6}_[0-9]{6}Z")
Identity = tuple[int, int] | None
"""Size and time in ns of a file, None when there is none."""


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of a save.

    name : in the folder of the save
    size, sha256 : of the new content
    old : identity of the file it replaces
    """

    name: str
    size: int
    sha256: str
    old: Identity


@dataclass(frozen=True, slots=True)
class Leader:
    """A file that is replaced first and decides the save; the others follow it.

    name : in the dataset folder
    new : identity it has once it is replaced
    """

    name: str
    new: Identity


@dataclass(frozen=True, slots=True)
class Intent:
    """A save whose files lie complete in the staging folder of its stamp.

    folder : of the files inside the dataset folder, "" for that itself
    leader : the save is decided when this file is replaced; None: when the intent is written
    """

    stamp: str
    files: tuple[PlannedFile, ...]
    folder: str = ""
    leader: Leader | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The files as they are named in the dataset folder."""
        return tuple(f"{self.folder}/{file.name}" if self.folder else file.name for file in self.files)


@dataclass(frozen=True, slots=True)
class SavePaths:
    """Where the parts of a save lie."""

    dataset_dir: Path

    @property
    def intent(self) -> Path:
        return OwnFiles(self.dataset_dir).root / "pending.json"

    @property
    def manifest(self) -> Path:
        return OwnFiles(self.dataset_dir).root / "saved.json"

    @property
    def all_staging(self) -> Path:
        return OwnFiles(self.dataset_dir).root / "staging"

    def staging(self, stamp: str) -> Path:
        return self.all_staging / stamp

    def backup(self, stamp: str) -> Path:
        return OwnFiles(self.dataset_dir).backups / stamp


def identity(path: Path) -> Identity:
    """Return size and time in ns of a file, None when there is none."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_size, facts.st_mtime_ns


def write_intent(dataset_dir: Path, intent: Intent) -> None:
    """Write down a save; without a leader it is completed from here on, also after a crash.

    Raises
    ------
    OSError : it could not be written, or nobody knows whether it was
    """
    content = {"version": 1, **asdict(intent)}
    replace_file(SavePaths(dataset_dir).intent, json.dumps(content, indent=1).encode())


def read_intent(dataset_dir: Path) -> Intent | None:
    """Return the save that was decided and interrupted, None when there is none.

    Raises
    ------
    OSError : nobody can tell, because the disk does not answer
    """
    intent = read_any_intent(dataset_dir)
    if intent is None or intent.leader is None:
        return intent
    return intent if identity(dataset_dir / intent.leader.name) == intent.leader.new else None


def read_any_intent(dataset_dir: Path) -> Intent | None:
    """Return the save that was written down, whether it was decided or not."""
    path = SavePaths(dataset_dir).intent
    if kind_of(path) not in ("a file", "nothing"):
        logger.warning("%s is %s and is ignored.", path, kind_of(path))
        return None
    try:
        content = read_json(path)
        files = tuple(
            PlannedFile(str(f["name"]), int(f["size"]), str(f["sha256"]), _pair(f["old"])) for f in content["files"]
        )
        head = content.get("leader")
        leader = None if head is None else Leader(str(head["name"]), _pair(head["new"]))
        intent = Intent(str(content["stamp"]), files, str(content.get("folder", "")), leader)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except WRONG_CONTENT as error:
        logger.warning("%s is unreadable (%s) and is ignored.", path, error)
        return None
    if not _is_of_a_save(intent):
        logger.warning("%s names files that no save writes, and is ignored.", path)
        return None
    return intent


def is_saved_name(name: str) -> bool:
    """Return whether a save may write a file of this name: labels and tables of labels."""
    return _SAVED.fullmatch(name) is not None


def _is_of_a_save(intent: Intent) -> bool:
    """Whether a save can have written this down; anybody can put such a file beside a dataset."""
    folders = [name for name in (intent.folder, intent.leader.name if intent.leader else "") if name]
    plain = all(Path(name).name == name and not name.startswith(".") for name in folders)
    stamped = _STAMP.fullmatch(intent.stamp) is not None
    return plain and stamped and all(is_saved_name(file.name) for file in intent.files)


def _pair(old: Any) -> Identity:
    return None if old is None else (int(old[0]), int(old[1]))
