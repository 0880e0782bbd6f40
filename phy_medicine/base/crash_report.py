"""Reports of faults: text files to be sent to who mends the program, with nothing of the data in them."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.events import EVENTS
from phy_medicine.base.log import logger
from phy_medicine.base.paths import user_dir
from phy_medicine.base.plain_trace import plain_traceback
from phy_medicine.base.versions import versions

N_KEPT = 20
"""Older reports are deleted."""
_MOST = 10
"""Of one process: a fault that comes again with every frame says nothing new."""
_HEAD = """\
phy-medicine: report of a fault

Nothing of the data is in this file: of the dataset only ids of clusters and counts; no path, name, label or value.
Three dots stand where such a word was left out, # where a number was.
"""


def reports_dir() -> Path:
    """Folder of the reports, in the user's own; nothing is created by asking."""
    return user_dir() / "reports"


def reports() -> list[Path]:
    """Return the reports that there are, the newest first."""
    return sorted(reports_dir().glob("report-*.txt"), reverse=True)


class Reporter:
    """Writes reports of this process; each fault once.

    learned : called when a fact came to the versions, such as the renderer of OpenGL
    """

    def __init__(self) -> None:
        self.learned: Callable[[], object] = lambda: None
        self._extra: dict[str, str] = {}
        self._told: dict[tuple[str, ...], Path | None] = {}
        self._lock = threading.Lock()

    def learn(self, name: str, value: str) -> None:
        """Add a fact about this machine."""
        if self._extra.get(name) != value:
            self._extra[name] = value
            self.learned()

    def facts(self) -> dict[str, str]:
        """Return the versions of everything, and what was learned."""
        return {**versions(), **self._extra}

    def report(self, error: BaseException, where: str) -> Path | None:
        """Write a report of an error that nobody expected, and return the file; None when it cannot be written.

        where : words of the program that say in what part it was

        The same fault gives the same file: only the first is written.
        """
        trace = plain_traceback(error)
        key = tuple(trace)
        with self._lock:
            if key in self._told or len(self._told) == _MOST:
                return self._told.get(key)
            self._told[key] = None  # what goes wrong at the writing is a line of the log, and must not come back here
        path = write_report(where, trace, self.facts(), EVENTS.lines)
        with self._lock:
            self._told[key] = path
        return path


class ReportHandler(logging.Handler):
    """Writes a report of every error in the log that brings an exception nobody expected."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.ERROR)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, PhyMedError):
            self._reporter.report(error, f"{record.module}, line {record.lineno}")


def write_report(
    where: str, trace: Iterable[str], facts: Mapping[str, str], events: Iterable[str], time: datetime | None = None
) -> Path | None:
    """Write a report and return its file; None when the folder cannot be written, which the log says."""
    now = datetime.now(UTC)
    path = reports_dir() / f"report-{now.strftime('%Y%m%dT%H%M%S_%f')}-{os.getpid()}.txt"
    text = "\n".join(_text(where, trace, facts, events, time or now))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        logger.error("The report of a fault could not be written to %s: %s.", path, error.strerror)
        return None
    for old in reports()[N_KEPT:]:
        with contextlib.suppress(OSError):
            old.unlink()
    return path


def _text(
    where: str, trace: Iterable[str], facts: Mapping[str, str], events: Iterable[str], time: datetime
) -> Iterable[str]:
    yield _HEAD
    yield f"When     {time.strftime('%Y-%m-%d %H:%M:%S')} UTC"
    yield f"Where    {where}"
    yield "\nVersions"
    width = max(map(len, facts), default=0)
    yield from (f"  {name:<{width}}  {value}" for name, value in facts.items())
    yield "\nFault"
    yield from (f"  {line}".rstrip() for line in trace)
    yield "\nLast events, the newest last"
    yield from (f"  {line}" for line in events)
    yield ""


REPORTER = Reporter()
"""That of this process."""
