"""One input and what became of it: read, refused in a sentence, or a finding."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.guard import Forbidden, Guard, Hang, listing
from tests.fuzz.target import Target

_LONGEST = 1000
_USAGE = re.compile(r": :\w[^:]*\Z")
"""How an action is typed, at the end of a sentence."""
_HASH_EVERY = 512
_MOST_HANGS = 10
"""After so many nothing more is read: each costs its time."""


@dataclass(slots=True)
class Finding:
    """A fault of a reader; kind : tells it from others, what : for people, data : the first input that showed it."""

    kind: str
    what: str
    data: bytes
    times: int = 1


@dataclass(slots=True)
class Trial:
    """Feeds one target in a folder of its own.

    n, refused : inputs so far, and those that were refused in a sentence; findings : by kind
    last, counter : where the input being read and the number of those before lie, for whoever finds this process dead
    """

    target: Target
    guard: Guard
    last: Path | None = None
    counter: Path | None = None
    n: int = 0
    refused: int = 0
    n_hangs: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    _folder: Path | None = None
    _last_file: int = -1

    def __enter__(self) -> Trial:
        place = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self._folder = Path(tempfile.mkdtemp(prefix="fuzz", dir=place)).resolve()
        self.target.lay(self._folder)
        for seed in self.target.seeds:  # what is imported when it is needed is imported now
            self.target.put(seed, self._folder)
            self._quietly(seed)
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _quietly(self, data: bytes) -> None:
        assert self._folder is not None
        try:
            self.target.read(data, self._folder)
        except Exception:
            return  # judged when it is its turn

    def feed(self, data: bytes) -> None:
        """Read an input and judge what became of it."""
        assert self._folder is not None
        if self.n_hangs >= _MOST_HANGS:
            return
        self._note(data)
        self.target.put(data, self._folder)
        before, deep = listing(self._folder), self.n % _HASH_EVERY == 0
        content = _hashes(self._folder) if deep else None
        self.n += 1
        try:
            with self.guard.watching(self.target.allowed):
                self.target.read(data, self._folder)
        except self.target.errors as error:
            self.refused += 1
            self._check_sentence(str(error), data, error)
        except (Exception, Hang, Forbidden) as error:
            self.n_hangs += isinstance(error, Hang)
            self._find(_kind(error), f"{type(error).__name__}: {error!s:.300}", data)
        for what in self.guard.seen:
            self._find(f"forbidden: {what.split(' ')[0]}", what, data)
        if listing(self._folder) != before or (deep and _hashes(self._folder) != content):
            self._find("touched", "files of the folder changed", data)

    def _note(self, data: bytes) -> None:
        """Write down what is read now."""
        if self.last is None or self.counter is None:
            return
        if self._last_file < 0:
            self._last_file = os.open(self.last, os.O_WRONLY | os.O_CREAT)
        os.ftruncate(self._last_file, 0)
        os.pwrite(self._last_file, data, 0)
        if self.n % 64 == 0:
            self.counter.write_text(str(self.n))

    def _check_sentence(self, text: str, data: bytes, error: Exception) -> None:
        ends = text[-1:] in ".?!" or _USAGE.search(text) is not None
        whole = text.strip() == text and text and "\n" not in text and ends and len(text) <= _LONGEST
        if not whole:
            shown = text if len(text) <= 300 else f"{text[:300]}... ({len(text)} characters)"
            self._find(f"{_kind(error)} is no sentence", repr(shown), data)

    def _find(self, kind: str, what: str, data: bytes) -> None:
        found = self.findings.get(kind)
        if found is None:
            self.findings[kind] = Finding(kind, what, data)
        else:
            found.times += 1
            if len(data) < len(found.data):
                found.data = data


def _kind(error: BaseException) -> str:
    """Return the class of an error and the innermost line of the product that it went through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "phy_medicine/" in f.filename]
    frames = frames or traceback.extract_tb(error.__traceback__)[-1:]
    where = f"{frames[-1].filename.rpartition('phy_medicine/')[2]}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {where}"


def _hashes(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}
