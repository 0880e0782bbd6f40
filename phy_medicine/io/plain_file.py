"""Opening files that may be anything: a pipe would be waited for, a device never ends, a giant fills the memory."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from phy_medicine.base.json_text import parse_json

_MOST_BYTES = 64 << 20
_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket",
          stat.S_IFDIR: "a folder"}  # fmt: skip


def kind_of(path: Path) -> str:
    """Return "a file", or in words what else is there: "nothing", "a folder", "a pipe", "a link in a circle"..."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return "a link in a circle" if error.errno == errno.ELOOP else "nothing"
    except ValueError:  # a NUL in the name
        return "nothing"
    return "a file" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")


def is_plain(path: Path) -> bool:
    """Return whether a file is there, or a link to one; never raises, whatever the name."""
    return kind_of(path) == "a file"


def open_plain(path: Path) -> BinaryIO:
    """Open a file to be read, without waiting for what is none.

    Raises
    ------
    OSError : it cannot be read, or is no plain file
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, f"It is {kind_of(path)} and no file", str(path))
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def read_plain(path: Path, most_bytes: int = _MOST_BYTES) -> bytes:
    """Return the content of a small file.

    Raises
    ------
    OSError : it cannot be read, is no plain file, or holds more than `most_bytes`
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise OSError(errno.EFBIG, f"It holds {size:,} bytes where {most_bytes:,} are the most", str(path))
        return file.read(size)  # room is made for as much as is asked for


def read_json(path: Path, most_bytes: int = _MOST_BYTES) -> Any:
    """Return what a JSON file holds.

    Raises
    ------
    OSError : see `read_plain`
    ValueError : it is no JSON, or its brackets are too deep
    """
    return parse_json(read_plain(path, most_bytes).decode("utf-8"))
