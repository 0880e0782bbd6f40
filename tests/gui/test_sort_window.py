"""Sorting without a dataset: the dialog, then the job by itself, then the window of the result."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.base.crash_report import reports
from phy_medicine.compute.job import JobRequest
from phy_medicine.gui import sort_window
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.gui.sort_window import SortWindow
from phy_medicine.session.sorting import SortedTo
from phy_medicine.views.theme import DARK

TOYS = Path(__file__).resolve().parents[1] / "compute"
LIMIT_MS = 60_000


@pytest.fixture
def opened(monkeypatch):
    """Datasets that would be opened in another process."""
    found = []
    monkeypatch.setattr(sort_window, "open_dataset", found.append)
    return found


FAULT = """
import sys
from phy_medicine.gui import questions
from phy_medicine.gui.app import create_app
from phy_medicine.gui.qt import QtCore
from phy_medicine.gui.sort_dialog import SortDialog
from phy_medicine.gui.sort_window import run_sort_window
from phy_medicine.views.theme import DARK

app, hook = create_app(), sys.excepthook

def told(_parent, text, _details, report):
    print(text, report)
    next(w for w in app.topLevelWidgets() if isinstance(w, SortDialog) and w.isVisible()).reject()

questions.show_problem = told
QtCore.QTimer.singleShot(0, lambda: {}["odd"])
code = run_sort_window(DARK, {})
assert sys.excepthook is hook
raise SystemExit(code)
"""


def test_a_fault_does_not_end_a_sort_and_is_reported():
    done = subprocess.run([sys.executable, "-c", FAULT], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"KeyError: 'odd' {reports()[0]}\n"


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """Makes the request of a toy job that pretends to make a dataset."""
    monkeypatch.syspath_prepend(str(TOYS))
    import toy_jobs

    def make(name, **settings):
        kind = dataclasses.replace(toy_jobs.toy(name), makes_dataset=True)
        return JobRequest(
            kind, kind.settings_class(**settings), tmp_path / f"job-{name}", title="Sorting of raw.bin",
            deliver=lambda job, manifest: SortedTo("out", tmp_path / "params.py", "1 unit"),
        )  # fmt: skip

    return make


@pytest.fixture
def window(qapp, qtbot):
    window = SortWindow(DARK, {})
    yield window
    window.close()


def test_leaving_the_dialog_leaves_the_program(window, qtbot, monkeypatch):
    quits = []
    monkeypatch.setattr(QtWidgets.QApplication, "quit", lambda: quits.append(True))
    window.dialog.show()
    qtbot.waitExposed(window.dialog)
    qtbot.keyClick(window.dialog, Qt.Key_Escape)
    assert quits == [True] and window.dialog is None


def test_a_sort_is_watched_and_its_result_opened(window, qtbot, toy, opened, tmp_path):
    window.start(toy("chatty"), {}, opens=True)
    assert window.isVisible() and window.row.log.isVisible()
    qtbot.waitUntil(lambda: opened == [tmp_path / "params.py"], timeout=LIMIT_MS)
    assert not window.isVisible()


def test_a_sort_is_cancelled_and_the_window_stays(window, qtbot, toy, opened):
    window.start(toy("forever"), {}, opens=True)
    qtbot.waitUntil(lambda: window.row.job.fraction > 0, timeout=LIMIT_MS)
    qtbot.mouseClick(window.row.cancel, Qt.LeftButton)
    qtbot.waitUntil(lambda: window.row.job.ended and window.row.remove.isVisible(), timeout=LIMIT_MS)
    assert window.row.job.state == "cancelled" and window.isVisible() and opened == []
    qtbot.mouseClick(window.row.remove, Qt.LeftButton)
    assert not window.isVisible()


def test_closing_asks_before_a_sort_is_lost(window, qtbot, toy, monkeypatch):
    answers = [False, True]
    monkeypatch.setattr(sort_window.questions, "ask_end_jobs", lambda _window, _n: answers.pop(0))
    window.start(toy("forever"), {}, opens=False)
    qtbot.waitUntil(lambda: window.row.job.state == "running", timeout=LIMIT_MS)
    assert not window.close() and window.isVisible()
    assert window.close() and not window.isVisible()


def test_the_command_hands_over_what_was_typed(monkeypatch, tmp_path):
    (tmp_path / "raw.bin").touch()
    asked = []
    monkeypatch.setattr(sort_window, "run_sort_window", lambda theme, values: asked.append((theme.name, values)) or 0)
    words = ["sort-gui", str(tmp_path / "raw.bin"), "--channels", "4", "--gain", "0.2", "--theme", "light"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert asked == [("light", {"path": str(tmp_path / "raw.bin"), "channels": 4, "gain": 0.2})]
    assert CliRunner().invoke(cli, ["sort-gui", "nowhere.bin"]).exit_code == 2
