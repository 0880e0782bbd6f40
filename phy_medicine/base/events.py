"""The last things that happened, for a report of a fault: what and how many, never what is in the data."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

N_EVENTS = 200
_MANY_IDS = 8
_SLOT = 160
"""Bytes of an event in the file."""


class EventRing:
    """The last events, in memory and, when asked for, in a file that outlives a crash of the process.

    A fact is a number, or ids: no text can come in from the data. From any thread.
    """

    def __init__(self, size: int = N_EVENTS) -> None:
        self._lines: deque[str] = deque(maxlen=size)
        self._size = size
        self._n = 0
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None

    def note(self, what: str, **facts: float | Sequence[int]) -> None:
        """Add an event.

        Parameters
        ----------
        what : words of the program, none of the data
        facts : counts, seconds or ids by name; no ids are left out
        """
        words = [f"{name}={_number(fact)}" for name, fact in facts.items() if fact != ()]
        stamp = time.strftime("%H:%M:%S", time.gmtime())
        with self._lock:
            line = " ".join((f"{self._n:06d}", stamp, what, *words)).replace("\n", " ")
            self._lines.append(line)
            self._write(line)
            self._n += 1

    @property
    def lines(self) -> tuple[str, ...]:
        """The events, the oldest first: number, time (UTC), what, facts."""
        with self._lock:
            return tuple(self._lines)

    def keep_in(self, path: Path) -> None:
        """Write the events into a file as well, those that there are too, until `leave`.

        Raises
        ------
        OSError : the file cannot be made
        """
        with self._lock:
            self._file = path.open("wb", buffering=0)
            for number, line in enumerate(self._lines, self._n - len(self._lines)):
                self._write(line, number)

    def leave(self) -> None:
        """Write no file any more."""
        with self._lock:
            file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def _write(self, line: str, number: int | None = None) -> None:
        if self._file is None:
            return
        slot = line.encode("utf-8")[: _SLOT - 1].ljust(_SLOT - 1) + b"\n"
        try:
            self._file.seek((self._n if number is None else number) % self._size * _SLOT)
            self._file.write(slot)
        except OSError:  # a full disk is no reason to stop the work; the events stay in memory
            self._file = None


def read_events(path: Path) -> tuple[str, ...]:
    """Return the events of a file, the oldest first; nothing when it cannot be read."""
    try:
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(sorted(line.rstrip(" \0") for line in lines if line[:6].isdigit()))


def _number(fact: float | Sequence[int]) -> str:
    if isinstance(fact, (int, float)):
        return f"{fact:.6g}" if isinstance(fact, float) else str(int(fact))
    more = "..." if len(fact) > _MANY_IDS else ""
    return ",".join(str(int(i)) for i in fact[:_MANY_IDS]) + more


class EventHandler(logging.Handler):
    """Notes warnings and errors of the log: where they were said, and what went wrong, but none of their words."""

    def __init__(self, ring: EventRing) -> None:
        super().__init__(logging.WARNING)
        self._ring = ring

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        cause = f" of a {kind.__name__}" if kind is not None else ""
        self._ring.note(f"{record.levelname.lower()}{cause} from {record.module}", line=record.lineno)


EVENTS = EventRing()
"""Those of this process."""
