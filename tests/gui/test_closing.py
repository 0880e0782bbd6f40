"""Windows close cleanly, whenever it is: nothing goes on behind them."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PyQt5 import sip

from benchmarks.gl_census import Counter
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import QtCore, QtWidgets
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session

N_WINDOWS = 30


def open_and_close(qtbot, params: Path, *, wait: bool) -> None:
    session = Session.open(params, read_only=True)
    window = MainWindow(session, WindowState.of_dataset(session.model.dir_path, writable=False), scripted=True)
    window.open((900, 600))
    session.next()
    if wait:
        qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
    session.next()
    views = list(window.host.views)
    timers = window.findChildren(QtCore.QTimer)
    window.close()
    assert not any(timer.isActive() for timer in timers if not sip.isdeleted(timer))
    assert views and all(view._canvas is None for view in views)
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
    session.close()
    session.pool.sync(60)


@pytest.mark.parametrize("wait", [True, False])
def test_thirty_windows_in_a_row_leave_nothing_behind(qapp, qtbot, simulated_dataset, wait):
    open_and_close(qtbot, simulated_dataset, wait=True)
    widgets, threads, census = len(qapp.allWidgets()), threading.active_count(), Counter()
    on_card = census()
    for _ in range(N_WINDOWS // 2):
        open_and_close(qtbot, simulated_dataset, wait=wait)
        QtWidgets.QApplication.processEvents()
    assert len(qapp.allWidgets()) <= widgets
    assert threading.active_count() <= threads + 1
    assert census() == on_card  # buffers, textures and programs, which outlive the context of a canvas


def test_what_was_due_later_is_not_done_in_a_closed_window(window, qtbot):
    called = []
    window.later.after(0, lambda: called.append("after"))
    window.later.put("x", lambda: called.append("put"))
    window.close()
    qtbot.wait(20)
    assert called == []


def test_nothing_is_painted_while_a_window_closes(window, settle):
    window.session.next()
    settle()
    painted = []
    for panel in window.panels:
        panel.view.canvas.events.draw.connect(lambda event: painted.append(event.source))
    window.close()
    assert painted == []


SCRIPT = """
import sys
from phy_medicine.app.cli import main
sys.argv = ["phy-med", "template-gui", {params!r}, "--read-only", "--size", "900x600", "--quit", "--do", "next"]
if {hasty}:
    from phy_medicine.gui.qt import QtCore
    from phy_medicine.gui.main_window import MainWindow
    MainWindow.run_script = lambda self, lines, finished: QtCore.QTimer.singleShot(0, lambda: finished(0))
main()
"""


@pytest.mark.parametrize("hasty", [True, False])
def test_a_process_ends_with_its_window(simulated_dataset, hasty):
    for _ in range(3):
        code = SCRIPT.format(params=str(simulated_dataset), hasty=hasty)
        done = subprocess.run([sys.executable, "-X", "faulthandler", "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
