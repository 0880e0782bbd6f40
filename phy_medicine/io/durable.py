"""Bytes that are on disk when a function returns."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Chunk = bytes | memoryview
# What file systems answer that cannot take space ahead.
_NO_FALLOCATE = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
# What Windows, and some network drives, answer that cannot open or sync a folder.
_NO_FOLDER_SYNC = (*_NO_FALLOCATE, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM, errno.EISDIR)


def write_new(path: Path, chunks: Iterable[Chunk]) -> None:
    """Write a file that does not exist yet, and wait until it is on the disk.

    Raises
    ------
    OSError : disk full, no rights, or the file exists
    """
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, content: bytes) -> None:
    """Write a small file in one step: a reader sees the old content or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        write_new(temporary, [content])
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Wait until the content of a closed file is on the disk.

    Raises
    ------
    OSError : the disk refuses, as when it is full
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reserve(path: Path, n_bytes: int) -> None:
    """Make a file at least this large on the disk, so that writing into it cannot run out of space.

    For a writer that does not survive a full disk: HDF5 can then not even close its file, and brings the process down
    at its next use. HDF5 cuts the file to what it needs when it is closed.

    Raises
    ------
    OSError : there is no space
    """
    with path.open("rb+") as file:
        missing = n_bytes - os.fstat(file.fileno()).st_size
        if missing <= 0:
            return
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(file.fileno(), 0, n_bytes)
                return
            except OSError as error:
                if error.errno not in _NO_FALLOCATE:
                    raise
        file.seek(0, os.SEEK_END)
        zeros = bytes(1 << 20)
        while missing > 0:
            missing -= file.write(zeros[:missing])
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that.

    Raises
    ------
    OSError : the disk refuses
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def time_stamp() -> str:
    """Return the time as a file name that sorts by time and is not used twice."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S_%fZ")


def iso_time() -> str:
    """Return the time for a record, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def user_name() -> str:
    """Return who is working, or "unknown" where the system cannot tell."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def host_name() -> str:
    """Return the name of this machine."""
    import socket

    return socket.gethostname()


def machine_id() -> str:
    """Return what tells machines of the same name apart, "" where the system has no such number."""
    try:
        number = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    # Not the number itself, which the system asks to keep private.
    return hashlib.sha256(f"phy_medicine {number}".encode()).hexdigest()[:16] if number else ""


def reason(error: OSError) -> str:
    """Return why a file operation failed, in a few words for a sentence."""
    text: Any = error.strerror or str(error)
    return str(text)[:1].lower() + str(text)[1:]
