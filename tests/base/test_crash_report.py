"""Reports of faults: what stands in them, how many there are, and what becomes of a process that was brought down."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from phy_medicine.base import crash_report
from phy_medicine.base.crash_report import Reporter, ReportHandler, reports, reports_dir
from phy_medicine.base.crash_watch import KILLED, report_crashes
from phy_medicine.base.errors import DatasetError


def _raised(kind: type[Exception], text: str) -> Exception:
    try:
        raise kind(text)
    except Exception as error:
        return error


def test_a_report_has_versions_events_and_the_fault():
    crash_report.EVENTS.note("merge", removed=(3, 7), added=(412,))
    reporter = Reporter()
    reporter.learn("OpenGL", "llvmpipe")
    path = reporter.report(_raised(KeyError, "SECRET"), "the window")
    assert path is not None and path.parent == reports_dir()
    text = path.read_text("utf-8")
    for words in ("phy-medicine", "Python", "System", "vispy", "numpy", "torch", "OpenGL  ", "llvmpipe",
                  "Where    the window", "KeyError: …", "merge removed=3,7 added=412"):  # fmt: skip
        assert words in text
    assert "SECRET" not in text


def test_one_fault_makes_one_report_and_a_process_at_most_ten():
    reporter = Reporter()
    paths = {reporter.report(_raised(KeyError, str(n)), "the window") for n in range(5)}
    assert len(paths) == 1 and None not in paths
    for n in range(30):
        reporter.report(_raised(type(f"Odd{n}", (Exception,), {}), ""), "the window")
    assert len(reports()) == 10


def test_only_the_newest_reports_are_kept():
    names = [crash_report.write_report("x", [str(n)], {}, []) for n in range(25)]
    assert reports() == list(reversed(names))[:20]


def test_a_folder_that_cannot_be_written_costs_the_report_only(own_home: Path):
    (own_home / "reports").write_text("a file")
    assert Reporter().report(_raised(KeyError, "x"), "the window") is None


def test_an_error_in_the_log_is_reported_unless_it_is_one_of_ours():
    log = logging.Logger("own")
    log.addHandler(ReportHandler(Reporter()))
    log.error("No exception.")
    log.error("Expected.", exc_info=_raised(DatasetError, "missing"))
    assert reports() == []
    log.error("Unexpected.", exc_info=_raised(KeyError, "SECRET"))
    assert len(reports()) == 1


CHILD = """
import os, signal, sys
from phy_medicine.base.crash_watch import WATCH
from phy_medicine.base.events import EVENTS
EVENTS.note("open", spikes=5)
WATCH.begin()
for n in range(300):
    EVENTS.note("select", n=n)
def SECRETLESS_work():
    os.kill(os.getpid(), {signal})
if {ends}:
    WATCH.end()
else:
    SECRETLESS_work()
"""


def _child(number: int = 0, *, ends: bool = False) -> int:
    code = CHILD.format(signal=number, ends=ends)
    return subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=False).returncode


def test_a_process_that_ends_well_leaves_nothing():
    assert _child(ends=True) == 0
    assert list(reports_dir().iterdir()) == []
    assert report_crashes() == []


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGKILL])
def test_a_process_that_was_brought_down_is_reported_at_the_next_start(number: signal.Signals):
    assert _child(int(number)) == -number
    (path,) = report_crashes()
    text = path.read_text("utf-8")
    assert ("in SECRETLESS_work" in text) == (number != signal.SIGKILL)
    assert (KILLED in text) == (number == signal.SIGKILL)
    events = text.split("the newest last\n")[1].splitlines()
    assert len(events) == 200
    assert events[-1].endswith("select n=299")
    assert "numpy" in text and '"<string>"' not in text
    assert report_crashes() == []  # once
    assert [p.name for p in reports_dir().iterdir()] == [path.name]


def test_a_process_that_runs_and_one_of_another_machine_are_left_alone():
    for host, pid in ((None, os.getpid()), ("another", 999_999_999)):
        folder = reports_dir() / f"running-{host}-{pid}"
        folder.mkdir(parents=True)
        about = {"host": host or os.uname().nodename, "pid": pid, "started": ""}
        (folder / "facts.json").write_text(json.dumps(about))
    assert report_crashes() == []
    assert len(list(reports_dir().iterdir())) == 2
