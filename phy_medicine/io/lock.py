"""One writer for each dataset: a lock file with its owner, so that a second opener reads only."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from phy_medicine.base import processes
from phy_medicine.base.errors import ReadOnlyError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import host_name, iso_time, reason, user_name
from phy_medicine.io.plain_file import read_json

_MOST_BYTES = 1 << 16  # of a lock, which holds five words
_LONGEST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class LockOwner:
    """Who holds a lock; `started` tells two processes with the same number apart, "" where the system cannot."""

    host: str
    user: str
    pid: int
    time: str
    started: str = ""

    def __str__(self) -> str:
        user, host, time = map(_shown, (self.user, self.host, self.time[:16].replace("T", " ")))
        return f"{user} on {host} since {time} UTC"


class DatasetLock:
    """The lock of one dataset, taken at the first change and given back at closing."""

    def __init__(self, dataset_dir: Path) -> None:
        self.path = OwnFiles(dataset_dir).lock
        self._mine: LockOwner | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._mine is not None

    def owner(self) -> LockOwner | None:
        """Return who else may write now: None when free, ours, or left behind by a process that ended."""
        owner = _read(self.path)
        return None if owner is None or owner == self._mine or _is_stale(owner) else owner

    def acquire(self, *, force: bool = False) -> None:
        """Take the lock; nothing happens when it is held already.

        Parameters
        ----------
        force : take it from its owner, for a lock left by a machine that is gone

        Raises
        ------
        ReadOnlyError : somebody else holds it, or the folder cannot be written
        """
        if self.held:
            return
        seen, owner = _read(self.path), self.owner()
        if owner is not None and not force:
            raise ReadOnlyError(f"{self._folder} is being curated by {owner}; it stays read-only here until then.")
        mine = LockOwner(host_name(), user_name(), os.getpid(), iso_time(), processes.started(os.getpid()))
        try:
            self._clear(_read(self.path) if force else seen)
            self._create(mine)
        except FileExistsError:
            raise ReadOnlyError(f"{self._folder} was taken by somebody else at this moment; try again.") from None
        except OSError as error:
            raise ReadOnlyError(f"{self._folder} cannot be written ({reason(error)}); it is open read-only.") from None
        self._mine = mine

    def release(self) -> None:
        """Give the lock back; a lock taken over by somebody else meanwhile is left alone."""
        if self._mine is not None and _read(self.path) == self._mine:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self._mine = None

    @property
    def _folder(self) -> Path:
        return self.path.parent.parent

    def _clear(self, seen: LockOwner | None) -> None:
        """Remove the old lock that was judged; one that another taker made meanwhile is put back."""
        if seen is None:
            return
        aside = self.path.with_name(f"lock.{os.getpid()}.old")
        try:
            self.path.rename(aside)
        except FileNotFoundError:
            return
        if _read(aside) != seen:
            aside.rename(self.path)
            raise FileExistsError
        if aside.is_dir():  # somebody else's idea of a lock
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink()

    def _create(self, mine: LockOwner) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f"lock.{os.getpid()}.new")
        draft.write_text(json.dumps(asdict(mine)), encoding="utf-8")
        try:
            os.link(draft, self.path)  # complete from the first moment, and fails when there is one
        except FileExistsError:
            raise
        except OSError:  # no hard links on this drive
            with self.path.open("x", encoding="utf-8") as file:
                file.write(draft.read_text(encoding="utf-8"))
        finally:
            draft.unlink(missing_ok=True)


def _shown(text: str) -> str:
    """A word of a lock in a sentence; anybody can have written it."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:_LONGEST_SHOWN])


def _read(path: Path) -> LockOwner | None:
    try:
        facts = read_json(path, _MOST_BYTES)
        return LockOwner(
            str(facts["host"]), str(facts["user"]), int(facts["pid"]), str(facts["time"]), str(facts.get("started", ""))
        )
    except FileNotFoundError:
        return None
    except (OSError, *WRONG_CONTENT):
        return LockOwner("an unknown machine", "somebody", -1, "")


def _is_stale(owner: LockOwner) -> bool:
    """Whether the owner was a process of this machine that ended; of other machines nothing is known."""
    if owner.pid == -1:
        return True  # unreadable: left by a crash before it was complete
    if owner.host != host_name():
        return False
    if not processes.is_alive(owner.pid):  # on Windows nobody can tell: a stale lock there needs `force`
        return True
    started = processes.started(owner.pid)
    return bool(owner.started and started and owner.started != started)
