"""Recognising whether a file changed since it was read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from phy_medicine.io.plain_file import read_plain

_SMALL = 1 << 20  # label files; a larger one is not read again just to be sure


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Size and time of a file, and the hash of its content when it is small ("" otherwise)."""

    size: int
    mtime_ns: int
    sha256: str = ""

    def matches(self, path: Path) -> bool:
        """Return whether the file still is what it was; a new time alone does not count for small files."""
        now = fingerprint(path)
        if now is None or now.size != self.size:
            return False
        return now.mtime_ns == self.mtime_ns or bool(self.sha256 and now.sha256 == self.sha256)


FileMark = tuple[int, int, int, int] | None
"""Device, number, size and time in ns of a file; None without a file."""


def file_mark(path: Path) -> FileMark:
    """Return what changes when a file is written or replaced; cheap whatever its size."""
    try:
        facts = path.stat()
    except (OSError, ValueError):  # no such file, nor can there be one with a NUL in its name
        return None
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def fingerprint(path: Path) -> Fingerprint | None:
    """Return the fingerprint of a file, None when there is none."""
    try:
        facts = path.stat()
    except (OSError, ValueError):  # no such file, nor can there be one with a NUL in its name
        return None
    try:
        small = hashlib.sha256(read_plain(path, _SMALL)).hexdigest()
    except OSError:  # large; or a pipe, a folder, without the right to read it
        small = ""
    return Fingerprint(facts.st_size, facts.st_mtime_ns, small)


def unchanged(expected: Mapping[str, Fingerprint], folder: Path, name: str) -> bool:
    """Return whether a file is as it was when `expected` was taken: the same, or absent as before."""
    old = expected.get(name)
    return old.matches(folder / name) if old is not None else not (folder / name).exists()
