"""Faults in a real window: it goes on, the log tells all, and the report tells nothing of the data."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.crash_report import reports
from phy_medicine.base.log_file import LOG_NAME
from phy_medicine.base.paths import OwnFiles
from phy_medicine.gui import questions
from phy_medicine.gui.app import kept_log
from phy_medicine.gui.errors import Errors
from phy_medicine.gui.qt import QtCore
from phy_medicine.io.lock import DatasetLock
from phy_medicine.session.session import Session

SECRET = "XYZZY"

SCRIPT = """
import sys, threading
from phy_medicine.app.cli import main
from phy_medicine.gui import script, window_actions
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import QtCore

def fault(window):
    session = window.session
    model = session.model
    raise ValueError(f"{{model.path}}: {{session.label_fields}} {{model.spike_times[:2]}} {secret} 3.25")

def thread(window):
    worker = threading.Thread(target=fault, args=(window,))
    worker.start()
    worker.join()

def run_script(self, lines, finished, run=MainWindow.run_script):
    {before}
    run(self, lines, finished)

MainWindow.run_script = run_script
sys.argv = ["phy-med", *{arguments!r}]
main()
"""


def _run(params: Path, *lines: str, before: str = "", options: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    do = [word for line in lines for word in ("--do", line)]
    arguments = ["template-gui", str(params), "--size", "900x600", *do, *options]
    code = SCRIPT.format(secret=SECRET, before=before or "pass", arguments=arguments)
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


@pytest.fixture
def secret_dataset(simulated_dataset: Path, tmp_path: Path) -> Path:
    """A dataset in whose path, labels and tables there are words that no report may hold."""
    folder = tmp_path / f"mouse {SECRET}"
    shutil.copytree(simulated_dataset.parent, folder)
    ids = np.unique(np.load(folder / "spike_clusters.npy"))
    rows = "\n".join(f"{i}\t{SECRET} value {i}" for i in ids)
    (folder / f"cluster_{SECRET}field.tsv").write_text(f"cluster_id\t{SECRET}field\n{rows}\n")
    return folder / simulated_dataset.name


def _log(params: Path) -> str:
    return (OwnFiles(params.parent).log / LOG_NAME).read_text("utf-8")


def test_faults_in_slots_and_threads_do_not_end_the_window_and_report_nothing_of_the_data(secret_dataset: Path):
    before = "QtCore.QTimer.singleShot(0, lambda: fault(self)); QtCore.QTimer.singleShot(0, lambda: thread(self))"
    ids = np.unique(np.load(secret_dataset.parent / "spike_clusters.npy"))[:2]
    lines = (f"c {ids[0]} {ids[1]}", "merge", f"l {SECRET}field {SECRET}", f"move {SECRET}", "save")
    done = _run(secret_dataset, *lines, before=before, options=("--quit",))
    _, said = done.communicate(timeout=120)

    assert done.returncode == 1  # something went wrong
    assert int(ids[0]) not in np.load(secret_dataset.parent / "spike_clusters.npy")  # and the work was done
    log = _log(secret_dataset)
    assert log.count("Traceback") == said.count("Traceback") == 2
    assert SECRET in log and "Saved" in log
    texts = [path.read_text("utf-8") for path in reports()]
    assert len(texts) == 2
    for text in texts:
        assert SECRET not in text and "mouse" not in text and str(Path.home()) not in text
        assert "ValueError: " in text and "#.#" in text
    assert {"a thread", "the window"} == {text.split("Where    ")[1].splitlines()[0] for text in texts}
    assert not list(reports()[0].parent.glob("running-*"))


def test_a_window_that_is_brought_down_is_reported_at_the_next_start(secret_dataset: Path):
    ids = np.unique(np.load(secret_dataset.parent / "spike_clusters.npy"))[:2]
    down = "import faulthandler; self.session.jobs.close = faulthandler._sigabrt"
    done = _run(
        secret_dataset, f"c {ids[0]} {ids[1]}", "merge", f"move {SECRET}", before=down, options=("--quit",)
    )  # fmt: skip
    done.communicate(timeout=120)
    assert done.returncode == -signal.SIGABRT
    assert reports() == []

    again = _run(secret_dataset, "next", options=("--quit", "--recover"))
    _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    (report,) = reports()
    assert f"The program was brought down the last time; the report {report} says more." in said
    text = report.read_text("utf-8")
    code = ("Fatal Python error: Aborted", "phy_medicine/session/session.py", "OpenGL")
    done_before = (
        "select n=2 best=",
        "command merge",
        f" removed={ids[0]},{ids[1]}",
        "command move",
        " group changed=",
    )
    assert [words for words in (*code, *done_before) if words not in text] == []
    assert SECRET not in text and "mouse" not in text
    assert "Recovered 2 unsaved actions." in _log(secret_dataset)


@pytest.fixture
def display() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A display of its own, which can be taken away."""
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        pytest.skip("there is no Xvfb here")
    read, write = os.pipe()
    server = subprocess.Popen(
        [xvfb, "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with os.fdopen(read) as answer:
        number = answer.readline().strip()
    yield f":{number}", server
    if server.poll() is None:
        server.terminate()
    server.wait()


def _until(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 90
    while not what():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.02)


def test_a_display_that_goes_away_costs_no_action(secret_dataset: Path, display, monkeypatch: pytest.MonkeyPatch):
    name, server = display
    monkeypatch.setenv("DISPLAY", name)
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    ids = np.unique(np.load(secret_dataset.parent / "spike_clusters.npy"))[:2]
    process = _run(secret_dataset, f"c {ids[0]} {ids[1]}", "merge", "move good", "next")
    own = OwnFiles(secret_dataset.parent)

    def acted() -> bool:
        return any(path.read_bytes().count(b"\n") >= 3 for path in own.journal.glob("*.jsonl"))

    _until(acted, process)
    server.kill()
    process.communicate(timeout=60)

    assert process.returncode == 1
    assert "The display is gone" in _log(secret_dataset)
    assert DatasetLock(secret_dataset.parent).owner() is None and not own.lock.exists()
    assert not list(reports()) and not list((Path(os.environ["PHY_MEDICINE_HOME"]) / "reports").glob("*"))
    session = Session.open(secret_dataset)
    assert session.storage.pending is not None
    assert session.recover().n_done == 2
    session.close()


def test_a_person_is_told_where_the_report_is_and_the_window_goes_on(window, session, qtbot, monkeypatch):
    shown: list[tuple[str, Path]] = []
    monkeypatch.setattr(questions, "show_problem", lambda _, text, details, report: shown.append((text, report)))
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)

    def fault() -> None:
        raise RuntimeError("odd")

    with qtbot.captureExceptions() as caught, Errors(window, silent=False, lost=lambda: None) as errors:
        QtCore.QTimer.singleShot(0, fault)
        qtbot.waitUntil(lambda: bool(shown))
    assert caught == []
    assert errors.n == 1
    assert shown == [("RuntimeError: odd", reports()[0])]
    session.select(session.cluster_ids[:2])
    session.merge()
    assert session.can_undo


def test_the_log_of_a_dataset_that_must_not_change_is_in_the_users_folder(dataset: Path, own_home: Path):
    session = Session.open(dataset, read_only=True)
    with kept_log(session):
        from phy_medicine.base.log import logger

        logger.warning("odd")
    session.close()
    assert "odd" in (own_home / "log" / LOG_NAME).read_text()
    assert str(dataset) in (own_home / "log" / LOG_NAME).read_text()
    assert not OwnFiles(dataset.parent).root.exists()
