"""Files that only grow, a line of JSON at once, so that what was written survives whatever ends the program."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def append_line(path: Path, row: Mapping[str, Any]) -> None:
    """Add a row by one call of the system; its folder is made where it is missing.

    Raises
    ------
    OSError : it cannot be written, or what is there is no file
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o644)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "It is no file", str(path))
        line = (json.dumps(row, separators=(",", ":")) + "\n").encode()
        # A line that was cut off by a full disk must not take the next one with it.
        torn = status.st_size > 0 and _last_byte(descriptor, status.st_size) != b"\n"
        line = b"\n" + line if torn else line
        if os.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, "The disk is full", str(path))
    finally:
        os.close(descriptor)


def _last_byte(descriptor: int, size: int) -> bytes:
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1)
