"""Faults that end the process at once: what a report needs is on the disk before, the report comes at the next start.

A folder `running-...` stands beside the reports while a window is open. Python writes the stacks of all threads into it
when the process gets a deadly signal; the folder of a process that is gone becomes a report.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import platform
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from phy_medicine.base import processes
from phy_medicine.base.crash_report import REPORTER, ReportHandler, reports_dir, write_report
from phy_medicine.base.events import EVENTS, EventHandler, read_events
from phy_medicine.base.log import logger
from phy_medicine.base.plain_trace import place_of

_FILE = re.compile(r'File "(?P<path>[^"]*)"')
KILLED = "The process ended without a word: it was killed, the machine went down, or there was no memory left."


class CrashWatch:
    """Reports faults from `begin` to `end`, those too that end the process; one at a time.

    A folder that cannot be written costs the reports, nothing else.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._stacks: TextIO | None = None
        self._was_on = False
        self._handlers = (EventHandler(EVENTS), ReportHandler(REPORTER))

    def begin(self) -> None:
        """Listen to the log, and have Python write its stacks when it is brought down."""
        for handler in self._handlers:
            logger.addHandler(handler)
        self._folder = reports_dir() / f"running-{_host()}-{os.getpid()}"
        REPORTER.learned = self._note_facts
        self._keep(self._folder)

    def end(self) -> None:
        """Take away what was prepared: the process ends as it should."""
        EVENTS.leave()
        REPORTER.learned = lambda: None
        for handler in self._handlers:
            logger.removeHandler(handler)
        if self._stacks is not None:
            faulthandler.disable()
            if self._was_on:  # whoever switched it on before has stderr in mind
                with contextlib.suppress(Exception):
                    faulthandler.enable()
            self._stacks.close()
            self._stacks = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _keep(self, folder: Path) -> None:
        """Make the files; what the process writes into them survives it."""
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self._note_facts()
            EVENTS.keep_in(folder / "events")
            self._stacks = (folder / "stacks").open("w", encoding="utf-8")
        except OSError as error:
            logger.warning("A crash would leave no report: %s cannot be written (%s).", folder, error.strerror)
            return
        self._was_on = faulthandler.is_enabled()
        faulthandler.enable(self._stacks)

    def _note_facts(self) -> None:
        """Write the versions, and who runs; once more when something became known."""
        about = {"host": _host(), "pid": os.getpid(), "started": processes.started(os.getpid())}
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / "facts.json").write_text(json.dumps({**about, "facts": REPORTER.facts()}), "utf-8")


WATCH = CrashWatch()
"""That of this process."""


def report_crashes() -> list[Path]:
    """Make reports of what processes that were brought down left, and return them; those of other machines are left."""
    found = []
    for folder in sorted(reports_dir().glob("running-*")):
        about = _about(folder)
        if about is None or about.get("host") != _host() or _runs(about):
            continue
        report = _report(folder, about)
        if report is not None:
            found.append(report)
            shutil.rmtree(folder, ignore_errors=True)
    return found


def _report(folder: Path, about: dict[str, Any]) -> Path | None:
    try:
        stacks = (folder / "stacks").read_text("utf-8", "replace")
        ended = datetime.fromtimestamp(max(p.stat().st_mtime for p in folder.iterdir()), UTC)
    except OSError:
        return None
    facts = about.get("facts")
    facts = {str(k): str(v) for k, v in facts.items()} if isinstance(facts, dict) else {}
    trace = plain_stacks(stacks) or [KILLED]
    return write_report("the whole process", trace, facts, read_events(folder / "events"), ended)


def plain_stacks(text: str) -> list[str]:
    """Return the lines that Python wrote at a deadly signal, without the folders of files."""

    def plain(match: re.Match[str]) -> str:
        return f'File "{place_of(match["path"]) or "code of a plugin or the console"}"'

    return [_FILE.sub(plain, line) for line in text.splitlines()]


def _runs(about: dict[str, Any]) -> bool:
    pid = about.get("pid")
    if not isinstance(pid, int) or not processes.is_alive(pid):
        return False
    then, now = about.get("started"), processes.started(pid)
    return not (then and now and then != now)


def _about(folder: Path) -> dict[str, Any] | None:
    try:
        about = json.loads((folder / "facts.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return about if isinstance(about, dict) else None


def _host() -> str:
    return re.sub(r"[^\w.-]", "_", platform.node()) or "unknown"
