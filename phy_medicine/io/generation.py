"""The files of one save as one generation: its intent on disk, its completion after a crash, its backups."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import SaveError
from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import reason, replace_file, sync_folder, time_stamp

N_BACKUPS = 10
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of a save.

    name : in the dataset folder
    size, sha256 : of the new content
    old : (size, time in ns) of the file it replaces, None when there was none
    """

    name: str
    size: int
    sha256: str
    old: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Intent:
    """A save that was decided: all its files lie complete in the staging folder of its stamp."""

    stamp: str
    files: tuple[PlannedFile, ...]


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of an interrupted save.

    completed : whether its files are in place now; otherwise they were set aside in `folder`
    """

    completed: bool
    files: tuple[str, ...]
    folder: Path | None = None


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


def nothing(_: str) -> None:
    """The step of a save that nobody watches."""


def identity(path: Path) -> tuple[int, int] | None:
    """Return size and time in ns of a file, None when there is none."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_size, facts.st_mtime_ns


def write_intent(dataset_dir: Path, intent: Intent) -> None:
    """Decide a save: from here on it is completed, also after a crash."""
    content = {"version": 1, "stamp": intent.stamp, "files": [asdict(file) for file in intent.files]}
    replace_file(SavePaths(dataset_dir).intent, json.dumps(content, indent=1).encode())


def read_intent(dataset_dir: Path) -> Intent | None:
    """Return the save that was interrupted, None when there is none."""
    path = SavePaths(dataset_dir).intent
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(
            PlannedFile(str(f["name"]), int(f["size"]), str(f["sha256"]), _pair(f["old"])) for f in content["files"]
        )
        stamp = str(content["stamp"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s is unreadable (%s) and is ignored.", path, error)
        return None
    named_safely = all(Path(name).name == name for name in (stamp, *(file.name for file in files)))
    return Intent(stamp, files) if named_safely else None


def _pair(old: Any) -> tuple[int, int] | None:
    return None if old is None else (int(old[0]), int(old[1]))


def pending_files(dataset_dir: Path) -> Mapping[str, Path]:
    """Return where to read the files of an interrupted save from, so that old and new are never mixed.

    Nothing is written. Empty when no save was interrupted, or when another program changed a file since.
    """
    intent = read_intent(dataset_dir)
    if intent is None:
        return {}
    where: dict[str, Path] = {}
    for file in intent.files:
        staged, final = SavePaths(dataset_dir).staging(intent.stamp) / file.name, dataset_dir / file.name
        state = _state(file, staged, final)
        if state == "foreign":
            return {}
        if state == "staged":
            where[file.name] = staged
    return where


def recover_pending(dataset_dir: Path, on_step: Step = nothing) -> Recovery | None:
    """Complete an interrupted save, or set it aside when another program has changed a file since.

    Returns
    -------
    What was done, None when no save was interrupted

    Raises
    ------
    SaveError : the folder cannot be written now; it can be tried again
    """
    paths, intent = SavePaths(dataset_dir), read_intent(dataset_dir)
    try:
        if intent is None:
            _remove_orphans(paths)
            return None
        staging = paths.staging(intent.stamp)
        states = [_state(file, staging / file.name, dataset_dir / file.name) for file in intent.files]
        names = tuple(file.name for file in intent.files)
        if "foreign" in states:
            return Recovery(False, names, _set_aside(paths, intent))
        put_in_place(dataset_dir, intent, on_step)
    except OSError as error:
        raise SaveError(
            f"An interrupted save in {dataset_dir} could not be completed ({reason(error)}); free space or correct the "
            "rights and save again."
        ) from None
    logger.info("Completed the interrupted save %s: %s.", intent.stamp, ", ".join(names))
    return Recovery(True, names)


def put_in_place(dataset_dir: Path, intent: Intent, on_step: Step = nothing) -> None:
    """Move the staged files to their names, note what was saved, and end the save.

    Raises
    ------
    OSError : a file could not be moved; the save stays decided and can be completed later
    """
    paths = SavePaths(dataset_dir)
    for file in intent.files:
        on_step(f"rename {file.name}")
        staged = paths.staging(intent.stamp) / file.name
        with contextlib.suppress(FileNotFoundError):  # moved before the crash
            staged.replace(dataset_dir / file.name)
    sync_folder(dataset_dir)
    on_step("manifest")
    _write_manifest(paths, intent)
    on_step("finish")
    paths.intent.unlink(missing_ok=True)
    sync_folder(paths.intent.parent)
    on_step("clean")
    shutil.rmtree(paths.staging(intent.stamp), ignore_errors=True)
    _rotate(OwnFiles(dataset_dir).backups)


def back_up(dataset_dir: Path, intent: Intent, on_step: Step = nothing) -> Path | None:
    """Keep the files that a save replaces; a second name costs no space, a copy where that is impossible."""
    folder = SavePaths(dataset_dir).backup(intent.stamp)
    replaced = [file.name for file in intent.files if file.old is not None]
    if not replaced:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for name in replaced:
        on_step(f"back up {name}")
        source = dataset_dir / name
        try:
            if source.is_symlink():
                raise OSError
            os.link(source, folder / name)
        except OSError:
            shutil.copy2(source, folder / name)
    sync_folder(folder)
    return folder


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _state(file: PlannedFile, staged: Path, final: Path) -> str:
    """ "staged": still to be moved; "done": in place; "foreign": something else happened."""
    if staged.is_file():
        return "staged" if _holds(staged, file) and identity(final) == file.old else "foreign"
    return "done" if _holds(final, file) else "foreign"


def _holds(path: Path, file: PlannedFile) -> bool:
    """Whether a file has the planned content; its hash is taken only when the size is right."""
    now = identity(path)
    return now is not None and now[0] == file.size and sha256_of(path) == file.sha256


def _set_aside(paths: SavePaths, intent: Intent) -> Path | None:
    """Keep the staged files among the backups: another program's newer work stays in place."""
    staging, folder = paths.staging(intent.stamp), paths.backup(f"{intent.stamp}-unfinished-{time_stamp()}")
    kept = None
    if staging.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging.rename(folder)
        kept = folder
    paths.intent.unlink(missing_ok=True)
    logger.warning("The interrupted save %s was set aside in %s: files changed since.", intent.stamp, kept)
    return kept


def _remove_orphans(paths: SavePaths) -> None:
    """Staged files of a save that was never decided."""
    if paths.all_staging.is_dir():
        shutil.rmtree(paths.all_staging, ignore_errors=True)


def _write_manifest(paths: SavePaths, intent: Intent) -> None:
    try:
        before = json.loads(paths.manifest.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        before = {}  # the first save, or a manifest that somebody damaged: it begins anew
    files = {**before, **{file.name: {"size": file.size, "sha256": file.sha256} for file in intent.files}}
    content = {"version": 1, "stamp": intent.stamp, "files": files}
    replace_file(paths.manifest, json.dumps(content, indent=1, sort_keys=True).encode())


def _rotate(folder: Path) -> None:
    """Keep the oldest backup, which holds the sorter's own files, and the newest ones."""
    if not folder.is_dir():
        return
    stamps = sorted(path for path in folder.iterdir() if path.is_dir())
    n_extra = max(0, len(stamps) - N_BACKUPS)
    for path in stamps[1 : 1 + n_extra]:
        shutil.rmtree(path, ignore_errors=True)
