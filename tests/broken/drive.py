"""Opens broken datasets by the command line, with limits of memory and time, and sees that no file changed."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from click.testing import CliRunner

from phy_medicine.app.cli import cli
from tests.broken.case import ANYTHING, HERE, Case

LONGEST_S = 150
"""Of waiting; a busy machine takes its time. Of work, a tenth."""
MOST_BYTES = 1 << 30
FAULTS = ("Traceback", "fault of the program", "MemoryError", "RecursionError")


@dataclass(frozen=True)
class Told:
    """What a command said, with `DIR` for the folder of the dataset."""

    code: int
    text: str

    def says(self, sentence: str) -> bool:
        """Whether a sentence is in what was said; an ellipsis in it stands for anything."""
        return re.search(".*".join(map(re.escape, sentence.split(ANYTHING))), self.text) is not None

    @property
    def faults(self) -> list[str]:
        """Words that no user must read."""
        return [word for word in FAULTS if word in self.text]


def tree(place: Path) -> dict[str, str]:
    """Return what every file and link in a folder is; own files of the program are left out."""
    found = {}
    for root, folders, files in os.walk(place):
        for name in (*folders, *files):
            path = Path(root, name)
            if ".phy_medicine" not in path.relative_to(place).parts:
                found[str(path.relative_to(place))] = _mark(path)
    return found


def _mark(path: Path) -> str:
    facts = path.lstat()
    kind = stat.S_IFMT(facts.st_mode)
    if kind == stat.S_IFLNK:
        return f"link to {path.readlink()}"
    if kind != stat.S_IFREG:
        return f"{kind:o}"
    if facts.st_size > 1 << 28:
        return f"{facts.st_size} bytes, {facts.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if os.access(path, os.R_OK) else f"{facts.st_size}"


def describe(case: Case, path: Path) -> Told:
    """Run the command that describes a dataset, in this process."""
    with within_limits():
        result = CliRunner().invoke(cli, [f"{case.command}-describe", str(path)])
    return told(result.exit_code, result.output, path.parent)


def told(code: int, text: str, folder: Path) -> Told:
    """Return what was said without the place where the dataset happens to lie."""
    text = text.replace(str(folder), HERE).replace(str(folder.parent), f"{HERE}/..")
    return Told(code, text.removeprefix("Error: ").rstrip())


@contextmanager
def within_limits(seconds: int = LONGEST_S, n_bytes: int = MOST_BYTES) -> Iterator[None]:
    """Raise where it takes longer, or needs so much more memory than now; in the main thread of a process of Unix."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, _too_long)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped_bytes() + n_bytes, hard))
    signal.alarm(seconds)
    begin = time.process_time()
    try:
        yield
        if time.process_time() - begin > seconds / 10:
            raise TooLong
    finally:
        signal.alarm(0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGALRM, before)


class TooLong(BaseException):
    """No part of the program may take it for an error of its own."""


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TooLong


def _mapped_bytes() -> int:
    """Address space of this process."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
