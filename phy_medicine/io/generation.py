"""The files of one save as one generation: its intent on disk, its completion after a crash, its backups."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from phy_medicine.base.errors import SaveError
from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import reason, replace_file, sync_file, sync_folder, time_stamp
from phy_medicine.io.intent import Intent, PlannedFile, SavePaths, identity, read_any_intent, read_intent
from phy_medicine.io.plain_file import read_json

N_BACKUPS = 10
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of an interrupted save.

    stamp : its name
    completed : whether its files are in place now; otherwise they were set aside in `folder`
    """

    stamp: str
    completed: bool
    files: tuple[str, ...]
    folder: Path | None = None


def nothing(_: str) -> None:
    """The step of a save that nobody watches."""


def pending_files(dataset_dir: Path) -> Mapping[str, Path]:
    """Return where to read the files of an interrupted save from, so that old and new are never mixed.

    Nothing is written. Empty when no save was interrupted, or when another program changed a file since.
    """
    try:
        intent = read_intent(dataset_dir)
        if intent is None:
            return {}
        states = _states(dataset_dir, intent)
    except OSError as error:
        logger.warning("Nobody knows whether a save in %s was interrupted (%s).", dataset_dir, reason(error))
        return {}
    if "foreign" in states.values():
        return {}
    staging = SavePaths(dataset_dir).staging(intent.stamp)
    return {name: staging / Path(name).name for name, state in states.items() if state == "staged"}


def recover_pending(dataset_dir: Path, on_step: Step = nothing) -> Recovery | None:
    """Complete an interrupted save, or set it aside when another program has changed a file since.

    Returns
    -------
    What was done, None when no save was decided and interrupted

    Raises
    ------
    SaveError : the folder cannot be read or written now; it can be tried again
    """
    paths = SavePaths(dataset_dir)
    try:
        intent = read_intent(dataset_dir)
        if intent is None:
            _remove_orphans(paths)
            return None
        if "foreign" in _states(dataset_dir, intent).values():
            return Recovery(intent.stamp, False, intent.names, _set_aside(paths, intent))
        put_in_place(dataset_dir, intent, on_step)
    except OSError as error:
        raise SaveError(
            f"An interrupted save in {dataset_dir} could not be completed ({reason(error)}); free space or correct the "
            "rights and save again."
        ) from None
    logger.info("Completed the interrupted save %s: %s.", intent.stamp, ", ".join(intent.names))
    return Recovery(intent.stamp, True, intent.names)


def took_effect(dataset_dir: Path, stamp: str) -> bool:
    """Return whether a save that failed was decided all the same; it is completed if that is possible now.

    Raises
    ------
    OSError : nobody can tell, because the disk does not answer
    """
    with contextlib.suppress(SaveError):  # then it stays as it is, decided or not
        recover_pending(dataset_dir)
    intent = read_intent(dataset_dir)
    if intent is not None:
        return intent.stamp == stamp
    return _read_manifest(SavePaths(dataset_dir)).get("stamp") == stamp


def put_in_place(dataset_dir: Path, intent: Intent, on_step: Step = nothing) -> None:
    """Move the staged files to their names, note what was saved, and end the save.

    Raises
    ------
    OSError : a file could not be moved; the save stays decided and can be completed later
    """
    paths = SavePaths(dataset_dir)
    target = dataset_dir / intent.folder
    target.mkdir(exist_ok=True)
    for file in intent.files:
        on_step(f"rename {file.name}")
        staged = paths.staging(intent.stamp) / file.name
        with contextlib.suppress(FileNotFoundError):  # moved before the crash
            staged.replace(target / file.name)
    sync_folder(target)
    on_step("manifest")
    _write_manifest(paths, intent)
    on_step("finish")
    paths.intent.unlink(missing_ok=True)
    sync_folder(paths.intent.parent)
    on_step("clean")
    shutil.rmtree(paths.staging(intent.stamp), ignore_errors=True)
    _rotate(OwnFiles(dataset_dir).backups)


def take_back(dataset_dir: Path, stamp: str) -> bool:
    """Remove what a save that failed before it was decided has left.

    Returns
    -------
    Whether it is certain that it stays undecided; otherwise everything is left as it is, for `took_effect` to tell
    """
    paths = SavePaths(dataset_dir)
    try:
        intent = read_intent(dataset_dir)
        if intent is not None and intent.leader is not None:
            return False  # the leader was replaced although the disk said no, as network drives do
        paths.intent.unlink(missing_ok=True)
        sync_folder(paths.intent.parent)
    except FileNotFoundError:
        return True  # not even the folder could be made
    except OSError:
        return False
    shutil.rmtree(paths.staging(stamp), ignore_errors=True)
    shutil.rmtree(paths.backup(stamp), ignore_errors=True)
    return True


def back_up(dataset_dir: Path, intent: Intent, on_step: Step = nothing) -> Path | None:
    """Keep the files that a save replaces; a second name costs no space, a copy where that is impossible."""
    folder = SavePaths(dataset_dir).backup(intent.stamp)
    replaced = [file.name for file in intent.files if file.old is not None]
    if not replaced:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for name in replaced:
        on_step(f"back up {name}")
        source = dataset_dir / intent.folder / name
        try:
            if source.is_symlink():
                raise OSError
            os.link(source, folder / name)
        except OSError:
            shutil.copy2(source, folder / name)
            sync_file(folder / name)
    sync_folder(folder)
    sync_folder(folder.parent)
    return folder


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _states(dataset_dir: Path, intent: Intent) -> dict[str, str]:
    """What became of each file of a save, by its name in the dataset folder."""
    staging, target = SavePaths(dataset_dir).staging(intent.stamp), dataset_dir / intent.folder
    states = [_state(file, staging / file.name, target / file.name) for file in intent.files]
    return dict(zip(intent.names, states, strict=True))


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
    """What is left of a save that was never decided; of one that was completed only an empty folder can be left."""
    if read_any_intent(paths.dataset_dir) is not None:  # its leader was never replaced
        paths.intent.unlink()
    if not paths.all_staging.is_dir():
        return
    for staging in paths.all_staging.iterdir():
        if any(staging.iterdir()):
            # Its backups are second names of files that are in use: a program that writes into those changes both.
            shutil.rmtree(paths.backup(staging.name), ignore_errors=True)
        shutil.rmtree(staging, ignore_errors=True)


def _write_manifest(paths: SavePaths, intent: Intent) -> None:
    before = _read_manifest(paths).get("files")
    now = zip(intent.names, intent.files, strict=True)
    files = {name: {"size": file.size, "sha256": file.sha256} for name, file in now}
    content = {"version": 1, "stamp": intent.stamp, "files": {**(before if isinstance(before, dict) else {}), **files}}
    replace_file(paths.manifest, json.dumps(content, indent=1, sort_keys=True).encode())


def _read_manifest(paths: SavePaths) -> dict[str, object]:
    """What was saved last; nothing before the first save, or when somebody damaged it."""
    try:
        content = read_json(paths.manifest)
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _rotate(folder: Path) -> None:
    """Keep the oldest backup, which holds the sorter's own files, and the newest ones."""
    if not folder.is_dir():
        return
    stamps = sorted(path for path in folder.iterdir() if path.is_dir())
    n_extra = max(0, len(stamps) - N_BACKUPS)
    for path in stamps[1 : 1 + n_extra]:
        shutil.rmtree(path, ignore_errors=True)
