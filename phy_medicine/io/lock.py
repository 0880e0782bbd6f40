"""One writer for each dataset: a lock file with its owner, so that a second opener reads only."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from phy_medicine.base import processes
from phy_medicine.base.errors import ReadOnlyError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import host_name, iso_time, machine_id, reason, user_name
from phy_medicine.io.plain_file import read_json

_LONGEST_SHOWN = 80
_DAMAGED, _HIDDEN = -1, -2  # in place of a process number
_YOUNG_S, _YOUNG_BYTES = 30.0, 2048  # of a lock that is still being written
_MOST_BYTES = 1 << 16  # of a lock, which holds few words
_NO_FILE = (errno.EISDIR, errno.EINVAL, errno.EFBIG, errno.ELOOP)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, slots=True)
class LockOwner:
    """Who holds a lock.

    started : tells two processes with the same number apart; machine : two machines of the same name; both "" where the
        system cannot
    token : of the object that took the lock
    """

    host: str
    user: str
    pid: int
    time: str
    started: str = ""
    machine: str = ""
    token: str = ""

    def __str__(self) -> str:
        user, host, time = map(_shown, (self.user, self.host, self.time[:16].replace("T", " ")))
        return f"{user} on {host} since {time} UTC" if time else f"{user} on {host}"


class DatasetLock:
    """The lock of one dataset, taken at the first change and given back at closing."""

    def __init__(self, dataset_dir: Path) -> None:
        self.path = OwnFiles(dataset_dir).lock
        self._token = uuid.uuid4().hex
        self._held = False

    @property
    def held(self) -> bool:
        """Whether this object took the lock; somebody may have taken it over since."""
        return self._held

    def owner(self) -> LockOwner | None:
        """Return who else may write now: None when free, ours, or left behind by a process that ended."""
        try:
            owner = _read(self.path)
            return None if owner is None or owner.token == self._token or self._is_stale(owner) else owner
        except NotADirectoryError:
            return None  # then nobody writes there, nor can we
        except OSError:
            return _nobody_known(_HIDDEN)

    def acquire(self, *, force: bool = False) -> None:
        """Take the lock, or make sure that it is still ours.

        Parameters
        ----------
        force : take it from its owner, for a lock left by a machine that is gone

        Raises
        ------
        ReadOnlyError : somebody else holds it or took it over, or the folder cannot be written
        """
        try:
            now = _read(self.path)
            if now is None or now.token != self._token:
                self._make_folder()
                with one_at_a_time(self.path.parent):
                    self._take(force)
        except FileExistsError:
            raise ReadOnlyError(f"{self._folder} was taken by somebody else at this moment; try again.") from None
        except OSError as error:
            raise ReadOnlyError(
                f"{self._folder} cannot be written ({reason(error)}), so it is read-only now and nothing was changed."
            ) from None
        self._held = True

    def release(self) -> None:
        """Give the lock back; a lock taken over by somebody else meanwhile is left alone."""
        if self._held:
            with contextlib.suppress(OSError):
                owner = _read(self.path)
                if owner is not None and owner.token == self._token:
                    self.path.unlink()
        self._held = False

    @property
    def _folder(self) -> Path:
        return self.path.parent.parent

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, f"{self.path.parent.name} is no folder") from None

    def _take(self, force: bool) -> None:
        """Make the lock ours, unless somebody else holds it."""
        owner = _read(self.path)
        if owner is not None:
            if not force and not self._is_stale(owner):
                raise ReadOnlyError(self._refusal(owner))
            self._clear(owner)
        self._create()

    def _refusal(self, owner: LockOwner) -> str:
        if self._held:
            return (
                f"{owner} took over {self._folder}, so nothing more is accepted here; what was done before is in the "
                "journal, or saved."
            )
        return f"{self._folder} is being curated by {owner}; it stays read-only here until then."

    def _clear(self, seen: LockOwner) -> None:
        """Remove the old lock that was judged; one that another machine made meanwhile is put back."""
        aside = self.path.with_name(f"lock.{self._token}.old")
        try:
            self.path.rename(aside)
        except FileNotFoundError:
            return
        if _read(aside) != seen:
            with contextlib.suppress(OSError):
                os.link(aside, self.path)
                aside.unlink()
            raise FileExistsError
        if aside.is_dir():  # somebody else's idea of a lock
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.unlink()

    def _create(self) -> None:
        pid = os.getpid()
        mine = LockOwner(
            host_name(), user_name(), pid, iso_time(), processes.started(pid), machine_id(), self._token
        )  # fmt: skip
        draft = self.path.with_name(f"lock.{self._token}.new")
        text = json.dumps(asdict(mine))
        try:
            draft.write_text(text, encoding="utf-8")
            os.link(draft, self.path)  # complete from the first moment, and fails when there is one
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            with self.path.open("x", encoding="utf-8") as file:
                file.write(text)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _is_stale(self, owner: LockOwner) -> bool:
        """Whether the owner was a process of this machine that ended; of other machines nothing is known."""
        if owner.pid == _HIDDEN:
            return False
        if owner.pid == _DAMAGED:
            return not self._may_grow()
        if owner.host != host_name() or (owner.machine and machine_id() and owner.machine != machine_id()):
            return False
        if not processes.is_alive(owner.pid):  # on Windows nobody can tell: a stale lock there needs `force`
            return True
        started = processes.started(owner.pid)
        return bool(owner.started and started and owner.started != started)

    def _may_grow(self) -> bool:
        """Whether a lock that is not complete may still be written, on a drive without hard links."""
        with contextlib.suppress(FileNotFoundError):
            facts = self.path.stat()
            young = abs(time.time() - facts.st_mtime) <= _YOUNG_S
            return young and stat.S_ISREG(facts.st_mode) and facts.st_size < _YOUNG_BYTES
        return False


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let only one process of this machine work in a folder, as to replace a lock, where the system can do that.

    Raises
    ------
    FileExistsError : another process is at it
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileExistsError from None
        except OSError:  # some network drives cannot: there only the lock file itself counts
            pass
        yield
    finally:
        os.close(descriptor)


def _shown(text: str) -> str:
    """A word of a lock in a sentence; anybody can have written it."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:_LONGEST_SHOWN])


def _read(path: Path) -> LockOwner | None:
    """The owner in a lock file, None without a file."""
    try:
        facts = read_json(path, _MOST_BYTES)
        more = {name: str(facts.get(name, "")) for name in ("started", "machine", "token")}
        return LockOwner(str(facts["host"]), str(facts["user"]), int(facts["pid"]), str(facts["time"]), **more)
    except FileNotFoundError:
        return None
    except PermissionError:
        return _nobody_known(_HIDDEN)
    except OSError as error:
        if error.errno not in _NO_FILE:
            raise
        return _nobody_known(_DAMAGED)
    except WRONG_CONTENT:
        return _nobody_known(_DAMAGED)


def _nobody_known(why: int) -> LockOwner:
    return LockOwner("an unknown machine", "somebody", why, "")
