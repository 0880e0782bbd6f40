"""Jobs in the window: started, watched, cancelled and used with the mouse and the keyboard; failures are told."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.compute import job_kinds
from phy_medicine.gui import questions
from phy_medicine.gui.job_dialog import JobDialog
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session

pytestmark = pytest.mark.usefixtures("few_views")

LIMIT_MS = 60_000
TOYS = Path(__file__).resolve().parents[1] / "compute"


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Registers toy jobs before the window is made."""
    monkeypatch.syspath_prepend(str(TOYS))
    import toy_jobs

    kinds = [
        toy_jobs.toy("double", inputs=("times_s",), help="Doubles the times."),
        toy_jobs.toy("forever", uses_gpu=True),
        toy_jobs.toy("wrong"),
        toy_jobs.toy("chatty"),
        toy_jobs.toy("patient", resumable=True),
    ]
    for kind in kinds:
        job_kinds.register(kind)
    yield
    for kind in kinds:
        job_kinds.unregister(kind.name)


@pytest.fixture
def panel(window: MainWindow, press):
    """The panel, opened with its key."""
    press("Ctrl+J")
    return window.jobs.panel


@pytest.fixture
def until(qtbot):
    return lambda fact: qtbot.waitUntil(fact, timeout=LIMIT_MS)


@pytest.fixture
def click(qtbot, until):
    """Clicks a widget with the mouse once it can be seen."""

    def click_it(widget) -> None:
        until(lambda: widget.isVisible() and widget.isEnabled())
        qtbot.mouseClick(widget, Qt.LeftButton)

    return click_it


def jobs_of(window: MainWindow):
    return window.session.jobs.jobs


def run_to_the_end(window, until, kind: str = "double", **settings):
    job = window.session.jobs.start(kind, **settings)
    until(lambda: job.ended)
    return job


def names(panel) -> list[str]:
    return [item.text(0).split("   ")[0] for item in panel.runs._items()]


def test_a_window_makes_nothing_of_jobs_before_they_are_asked_for(window):
    assert not window.jobs.is_open
    assert window.jobs._status is None
    assert [d for d in window.findChildren(QtWidgets.QDockWidget) if d.objectName() == "Jobs"] == []


def test_the_panel_says_that_there_is_nothing_yet_and_how_to_begin(panel, until):
    until(lambda: panel.runs.empty.isVisible())
    assert panel.empty.isVisible()
    entries = [a.text() for a in panel.start.menu().actions()]
    assert {"Double ...", "Forever ..."} <= set(entries)


def test_a_job_is_started_in_its_dialog_and_its_result_appears(window, panel, click, until, qtbot):
    dialog = window.jobs.ask("double")
    qtbot.waitExposed(dialog)
    editor = dialog.editors["factor"]
    editor.setFocus()
    editor.selectAll()
    qtbot.keyClicks(editor, "3.5")
    click(dialog.start)
    until(lambda: names(panel) == ["double 1"])
    (job,) = jobs_of(window)
    until(lambda: panel.rows[job.id].state.text().startswith("done in"))
    (run,) = window.session.store.runs()
    assert run.params["factor"] == 3.5
    assert np.allclose(window.session.store.read(run.id)["doubled"], window.session.model.spike_times * 3.5)
    item = next(iter(panel.runs._items()))
    assert item.text(2) == "factor 3.5"
    assert panel.rows[job.id].result.isVisible()
    assert not panel.rows[job.id].bar.isVisible()


def test_a_dialog_shows_help_limits_and_the_way_back_to_the_default(window, panel, click, qtbot):
    dialog = window.jobs.ask("forever")
    qtbot.waitExposed(dialog)
    texts = " ".join(label.text() for label in dialog.findChildren(QtWidgets.QLabel))
    assert "Number of steps (1 to 1,000,000)." in texts
    assert {"steps", "factor", "device", "seed"} <= set(dialog.editors)
    reset = dialog.resets["steps"]
    assert not reset.isVisible()
    dialog.editors["steps"].setValue(50)
    assert dialog.form.changed_values() == {"steps": 50}
    click(reset)
    assert dialog.form.changed_values() == {}
    assert not reset.isVisible()
    dialog.editors["steps"].setValue(50)
    dialog.editors["how"].setText("sentence")
    dialog.editors["how"].editingFinished.emit()
    click(dialog.defaults)
    assert dialog.form.changed_values() == {}


def test_settings_of_files_are_left_out_of_the_window(window, panel, qtbot):
    dialog = window.jobs.ask("motion")
    qtbot.waitExposed(dialog)
    assert {"num_depth_bins", "method", "seed", "device"} <= set(dialog.editors)
    assert not {"out", "plot_figures"} & set(dialog.editors)
    dialog.close()
    for word in ("out=somewhere", "plot_figures=0"):
        assert "is for results in files" in window.commands.run_line(f"start_job motion num_depth_bins=1 {word}")
    assert jobs_of(window) == ()


def test_a_value_that_cannot_be_keeps_the_dialog_open_with_a_sentence(window, panel, click, qtbot):
    dialog = window.jobs.ask("forever")
    qtbot.waitExposed(dialog)
    dialog.editors["device"].setEditText("toaster")
    click(dialog.start)
    assert "no device" in dialog.problem.text()
    assert dialog.isVisible()
    assert jobs_of(window) == ()
    qtbot.keyClick(dialog, Qt.Key_Escape)
    assert not dialog.isVisible()


def test_a_dialog_remembers_the_settings_of_last_time(window, panel, click, until, qtbot):
    dialog = window.jobs.ask("double")
    dialog.editors["steps"].setValue(7)
    click(dialog.start)
    until(lambda: bool(jobs_of(window)) and all(job.ended for job in jobs_of(window)))
    assert window.jobs.ask("double").form.changed_values() == {"steps": 7}


def test_the_wheel_over_a_number_that_is_not_in_use_changes_nothing(window, panel, qtbot):
    from phy_medicine.gui.qt import QtGui

    dialog = window.jobs.ask("double")
    qtbot.waitExposed(dialog)
    dialog.editors["factor"].setFocus()
    spin = dialog.editors["steps"]
    place = QtCore.QPointF(5, 5)
    wheel = QtGui.QWheelEvent(place, spin.mapToGlobal(place.toPoint()), QtCore.QPoint(), QtCore.QPoint(0, 120),
                              Qt.NoButton, Qt.NoModifier, Qt.NoScrollPhase, False)  # fmt: skip
    QtWidgets.QApplication.sendEvent(spin, wheel)
    assert spin.value() == 3


def test_progress_the_queue_and_cancelling(window, panel, click, until, settle):
    first = window.session.jobs.start("forever")
    second = window.session.jobs.start("double")
    third = window.session.jobs.start("double")
    until(lambda: "still here" in panel.rows[first.id].state.text() if first.id in panel.rows else False)
    rows = panel.rows
    assert "50 %" in rows[first.id].state.text()
    assert rows[first.id].bar.value() == 500
    assert [rows[j.id].state.text() for j in (second, third)] == ["waiting for 1 other job", "waiting for 2 other jobs"]
    assert "Forever" in window.jobs._status.text() and "+2" in window.jobs._status.text()
    click(rows[second.id].cancel)
    until(lambda: rows[second.id].state.text() == "cancelled")
    click(rows[first.id].cancel)
    until(lambda: rows[first.id].state.text() == "cancelled" and third.state == "done")
    until(lambda: not window.jobs._status.isVisible() and names(panel) == ["double 1"])
    click(rows[first.id].remove)
    until(lambda: first.id not in panel.rows)


def test_an_interrupted_job_is_resumed_in_its_row_or_from_the_menu(window, panel, click, until):
    jobs, resume = window.session.jobs, window.commands.table["resume_job"]
    assert not resume.when()
    job = jobs.start("patient", factor=5.0)
    until(lambda: job.id in panel.rows and panel.rows[job.id].preview.n_points == 5)
    row = panel.rows[job.id]
    assert row.preview.isVisible() and not row.resume.isVisible() and not resume.when()
    click(row.cancel)
    until(lambda: job.ended)
    click(row.resume)
    until(lambda: names(panel) == ["patient 1"])
    (run,) = window.session.store.runs()
    assert window.session.store.read(run.id)["doubled"].tolist() == [0.0, 10.0, 20.0]
    until(lambda: not row.resume.isVisible())
    assert not row.preview.isVisible() and not resume.when()
    again = jobs.start("patient")
    until(lambda: again.fraction > 0)
    jobs.cancel(again.id)
    until(lambda: again.ended and resume.when())
    window.commands.run_line(":resume_job")
    until(lambda: names(panel) == ["patient 2", "patient 1"])


def test_of_many_settings_the_first_are_shown_and_the_others_when_asked(window, panel, click, qtbot):
    dialog = window.jobs.ask("localization_network")
    qtbot.waitExposed(dialog)
    first = {"network", "phases", "weights", "strength", "motion_method", "most_spikes", "motion", "seed", "device"}
    assert {name for name, editor in dialog.editors.items() if editor.isVisible()} == first
    assert dialog.more.text() == f"{len(dialog.editors) - len(first)} more settings"
    click(dialog.more)
    assert all(editor.isVisible() for editor in dialog.editors.values())
    assert not dialog.resets["huber_delta"].isVisible()
    click(dialog.more)
    dialog.form.take_over("huber_delta", 2.0)
    assert dialog.more.isChecked() and dialog.resets["huber_delta"].isVisible()
    assert dialog.form.changed_values() == {"huber_delta": 2.0}
    assert window.jobs.ask("double").more.isHidden()


def test_the_window_goes_on_when_a_worker_is_killed(window, panel, until, press, click):
    job = window.session.jobs.start("forever")
    until(lambda: job.fraction > 0)
    os.kill(_worker_of(job), signal.SIGKILL)
    until(lambda: job.id in panel.rows and panel.rows[job.id].error.isVisible())
    assert "SIGKILL" in panel.rows[job.id].error.text()
    until(lambda: "failed" in window.status.message.text())
    press("Space", "Space", "G")
    assert window.session.can_undo
    press("Ctrl+Z")


def _worker_of(job) -> int:
    target = str(job.folder / "job.json").encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if target in path.read_bytes().split(b"\0"):
                return int(path.parent.name)
        except OSError:
            continue
    raise AssertionError("no worker")


@pytest.mark.parametrize(("how", "words"), [("memory", "Out of memory"), ("sentence", "There are no peaks")])
def test_a_failure_is_told_where_the_job_is(window, panel, until, how, words):
    job = run_to_the_end(window, until, "wrong", how=how)
    until(lambda: job.id in panel.rows and panel.rows[job.id].error.isVisible())
    assert words in panel.rows[job.id].error.text()
    assert panel.rows[job.id].state.text().startswith("failed after")
    assert not panel.rows[job.id].result.isVisible()


def test_the_log_of_a_job_unfolds(window, panel, until, click):
    job = run_to_the_end(window, until, "chatty")
    until(lambda: job.id in panel.rows)
    row = panel.rows[job.id]
    assert not row.log.isVisible()
    click(row.log_button)
    assert "printed by a library" in row.log.toPlainText()
    click(row.log_button)
    assert not row.log.isVisible()


def test_results_are_renamed_compared_exported_and_deleted(window, panel, until, click, qtbot, tmp_path):
    run_to_the_end(window, until)
    run_to_the_end(window, until, factor=5.0)
    until(lambda: names(panel) == ["double 2", "double 1"])
    first = window.session.store.run("double 1")
    panel.runs.select(first.id)
    click(panel.runs.buttons["Rename"])
    line = panel.runs.tree.findChild(QtWidgets.QLineEdit)
    line.selectAll()
    qtbot.keyClicks(line, "level 1")
    qtbot.keyClick(line, Qt.Key_Return)
    until(lambda: names(panel) == ["double 2", "level 1"])
    panel.export(window.session.store.run(first.id), str(tmp_path))
    until(lambda: (tmp_path / "level_1" / "run.json").exists())
    assert (tmp_path / "level_1" / "doubled.npy").exists()
    for item in panel.runs._items():
        item.setSelected(True)
    click(panel.runs.buttons["Compare"])
    until(lambda: hasattr(panel, "comparison"))
    assert "factor" in panel.comparison.text.toPlainText()
    panel.comparison.close()
    panel.runs.select(first.id)
    click(panel.runs.buttons["Delete"])
    until(lambda: names(panel) == ["double 2"])
    assert not panel.runs.buttons["Delete"].isEnabled()


def test_a_name_that_is_taken_is_refused_and_the_old_one_shown_again(window, panel, until):
    run_to_the_end(window, until)
    second = run_to_the_end(window, until).delivered
    until(lambda: len(names(panel)) == 2)
    panel.rename(second, "double 1")
    until(lambda: "already" in window.status.message.text())
    until(lambda: names(panel) == ["double 2", "double 1"])


def test_a_read_only_dataset_says_so_when_a_job_is_started(dataset, open_window):
    session = Session.open(dataset, read_only=True)
    window = open_window(session)
    dialog = window.jobs.ask("double")
    dialog.begin()
    assert "read-only" in dialog.problem.text()
    dialog.close()
    window.close()
    session.close()


def test_a_damaged_store_is_told_in_the_panel(dataset, open_window, until):
    folder = dataset.parent / ".phy_medicine"
    folder.mkdir(exist_ok=True)
    (folder / "store.kwik").write_bytes(b"no store at all")
    session = Session.open(dataset)
    window = open_window(session)
    window.jobs.show()
    until(lambda: "set aside" in window.jobs.panel.runs.problem.text())
    assert window.jobs.panel.runs.problem.isVisible()
    window.close()
    session.close()


def test_jobs_are_started_and_cancelled_by_typing(window, until):
    assert window.commands.run_line("start_job forever steps=5 seed=3") == ""
    (job,) = jobs_of(window)
    assert job.settings()["steps"] == 5 and job.request.seed == 3
    until(lambda: job.fraction > 0)
    assert window.commands.run_line("cancel_job") == ""
    until(lambda: job.state == "cancelled")
    assert "No job is running" in window.commands.run_line("cancel_job")
    assert "name=value" in window.commands.run_line("start_job forever 5")
    assert "There is no job" in window.commands.run_line("start_job levitate")


def test_closing_asks_before_a_job_is_lost(window, until, monkeypatch):
    job = window.session.jobs.start("forever")
    until(lambda: job.fraction > 0)
    window.scripted = False
    answers = iter([False, True])
    monkeypatch.setattr(questions, "ask_end_jobs", lambda _parent, n: n == 1 and next(answers))
    window.close()
    assert not window.is_closed
    assert job.state == "running"
    window.close()
    assert window.is_closed


def test_the_panel_comes_back_where_it_was(session, dataset, open_window, press, qtbot, until):
    window = open_window(session)
    window.jobs.show()
    window.closing.remember()
    window.close()
    again = MainWindow(session, WindowState.of_dataset(dataset.parent, writable=True), scripted=True)
    again.open(None)
    assert again.jobs.is_open
    again.close()


def test_settings_of_the_queue_are_remembered(session, dataset, open_window, until):
    window = open_window(session)
    window.jobs.show_settings()
    dialog = next(d for d in window.findChildren(QtWidgets.QDialog) if not isinstance(d, JobDialog))
    dialog.editors["n_cpu"].setValue(2)
    assert session.jobs.settings.n_cpu == 2
    window.closing.remember()
    assert json.loads((Path(os.environ["PHY_MEDICINE_HOME"]) / "state.json").read_text())["values"]["jobs"] == {
        "n_cpu": 2
    }


def test_a_failure_behind_a_closed_panel_stays_in_the_status_bar_until_it_is_looked_at(window, until, click, press):
    press("Space")
    focused = QtWidgets.QApplication.focusWidget()
    run_to_the_end(window, until, "wrong")
    until(lambda: window.jobs._status is not None and "Wrong failed" in window.jobs._status.text())
    assert not window.jobs.is_open
    assert QtWidgets.QApplication.focusWidget() is focused
    click(window.jobs._status)
    until(lambda: window.jobs.is_open and not window.jobs._status.isVisible())


def test_a_dialog_leaves_the_keyboard_to_the_curator(window, click, until, press):
    press("Space")
    dialog = window.jobs.ask("double")
    click(dialog.start)
    until(lambda: window.jobs.is_open and window.isActiveWindow())
    before = window.session.selection.cluster_ids
    press("Space")
    assert window.session.selection.cluster_ids != before


def test_the_panel_can_be_shown_again_after_the_layout_was_reset(window, panel, until, press):
    window.commands.run("reset_layout")
    until(lambda: not window.jobs.is_open)
    press("Ctrl+J")
    until(lambda: window.jobs.is_open and panel.isVisible())
    assert window.dockWidgetArea(window.jobs.dock) == Qt.BottomDockWidgetArea or window.tabifiedDockWidgets(
        window.jobs.dock
    )
    assert not window.jobs.dock.isFloating()
    assert window.dockWidgetArea(window.jobs.dock) != Qt.NoDockWidgetArea


def test_the_theme_reaches_panel_and_status(window, panel, until):
    job = window.session.jobs.start("forever")
    until(lambda: window.jobs._status is not None and window.jobs._status.isVisible())
    window.set_theme("light")
    assert window.jobs._status._theme.name == "light"
    window.session.jobs.cancel(job.id)
    until(lambda: job.ended)
