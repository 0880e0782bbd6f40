"""Sorting a recording from the window: looked at, begun with real keys, watched, opened."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PyQt5 import sip

from phy_medicine.compute.job_kinds import kind
from phy_medicine.gui import sorting
from phy_medicine.gui.job_row import JobRow
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.gui.sort_fields import free_folder
from phy_medicine.gui.sort_strip import SortStrip
from phy_medicine.session.sorting import SortedTo

pytestmark = pytest.mark.usefixtures("few_views")
LIMIT_MS = 30_000


@pytest.fixture
def until(qtbot):
    return lambda fact: qtbot.waitUntil(fact, timeout=LIMIT_MS)


@pytest.fixture
def dialog(window, qtbot, until):
    """The dialog, opened by its name in the list of commands; it shows the recording of the dataset."""
    qtbot.keyClick(window, Qt.Key_P, Qt.ControlModifier | Qt.ShiftModifier)
    box = QtWidgets.QApplication.focusWidget()
    qtbot.keyClicks(box, "sort a rec")
    qtbot.keyClick(box, Qt.Key_Return)
    until(lambda: window.sorting.dialog is not None and window.sorting.dialog.look is not None)
    qtbot.waitExposed(window.sorting.dialog)
    window.sorting.dialog.activateWindow()
    until(window.sorting.dialog.isActiveWindow)
    window.sorting.dialog.length.setCurrentText("500 ms")
    until(lambda: len(window.sorting.dialog.look.moment.filtered) == 15_000)
    yield window.sorting.dialog
    if not sip.isdeleted(window.sorting.dialog):
        window.sorting.dialog.close()


@pytest.fixture
def submitted(window, monkeypatch):
    """What would be put into the queue."""
    found = []
    monkeypatch.setattr(window.session.jobs, "submit", lambda request: found.append(request) or SimpleNamespace(id="x"))
    return found


def type_into(qtbot, line, text):
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)


def test_the_recording_of_the_dataset_is_shown_with_its_probe_and_its_spikes(dialog, window):
    assert dialog.fields.path.text() == str(window.session.model.path)
    assert dialog.facts.text().startswith("16 channels, 20.0 s at 30,000 Hz.")
    assert dialog.probe.n_contacts == 16 and dialog.moment.n_peaks > 0
    assert dialog.found.text() == f"{dialog.moment.n_peaks} spikes above the threshold"
    assert not any(widget.isVisible() for widget in dialog.fields._flat)


def test_a_higher_threshold_finds_fewer_spikes(dialog, qtbot, until):
    before = dialog.moment.n_peaks
    dialog.form.editors["detect_threshold"].setValue(12.0)
    until(lambda: dialog.moment.n_peaks < before)
    assert dialog.form.resets["detect_threshold"].isVisible()


def test_the_slider_moves_through_the_recording(dialog, qtbot, until):
    before = dialog.look.moment.start_s
    dialog.time.setFocus()
    qtbot.keyClick(dialog.time, Qt.Key_End)
    until(lambda: dialog.look.moment.start_s > before + 5)
    assert dialog.look.moment.start_s == pytest.approx(19.5)
    dialog.length.setCurrentText("20 ms")
    until(lambda: len(dialog.look.moment.filtered) == 600)


def test_the_picture_of_the_whitened_signal_is_another_one(dialog, qtbot):
    pictures = []
    for key in (Qt.Key_Home, Qt.Key_Down):
        dialog.signal.setFocus()
        qtbot.keyClick(dialog.signal, key)
        pictures.append(dialog.moment.grab().toImage())
    assert pictures[0] != pictures[1]


def test_a_file_of_numbers_asks_for_what_it_does_not_say(dialog, window, qtbot, until):
    folder = Path(window.session.model.dir_path)
    type_into(qtbot, dialog.fields.path, str(folder / "recording.dat"))
    assert all(widget.isVisible() for widget in dialog.fields._flat)
    assert dialog.fields.out.text() == str(folder / "recording_sorted")
    until(lambda: "does not say what it holds" in dialog.facts.text())
    assert dialog.look is None and dialog.probe.n_contacts == 0
    type_into(qtbot, dialog.fields.channels, "16")
    qtbot.keyClick(dialog.fields.channels, Qt.Key_Tab)
    until(lambda: "does not say where its channels are" in dialog.facts.text())
    type_into(qtbot, dialog.fields.probe, str(folder / "probe.json"))
    until(lambda: dialog.look is not None)
    assert dialog.facts.text().startswith("16 channels, 20.0 s")


def test_return_begins_and_what_was_typed_is_there_the_next_time(dialog, window, qtbot, until, submitted, tmp_path):
    dialog.form.editors["detect_threshold"].setValue(6.5)
    type_into(qtbot, dialog.fields.out, str(tmp_path / "sorted"))
    qtbot.keyClick(dialog.fields.out, Qt.Key_Return)
    until(lambda: bool(submitted))
    (request,) = submitted
    assert request.kind.name == "sorting" and request.settings.detect_threshold == 6.5
    asked = json.loads(request.inputs["request"].read_text())
    assert asked["recording"]["path"] == str(window.session.model.path) and asked["sorter"] == "deconvolution"
    assert (asked["out"], request.title) == (
        str(tmp_path / "sorted"),
        f"Sorting of {window.session.model.dir_path.name}",
    )
    again = window.sorting.show()
    assert again.form.changed_values() == {"detect_threshold": 6.5}
    again.close()


def test_a_folder_that_is_not_empty_is_refused_in_the_dialog(dialog, window, qtbot, until, submitted):
    type_into(qtbot, dialog.fields.out, str(window.session.model.dir_path))
    qtbot.keyClick(dialog, Qt.Key_Return)
    until(lambda: "is not empty; name a new folder" in dialog.problem.text())
    assert dialog.isVisible() and dialog.start.isEnabled() and submitted == []


def test_an_interrupted_sort_in_the_folder_goes_on(dialog, window, qtbot, until, submitted, tmp_path):
    type_into(qtbot, dialog.fields.out, str(tmp_path / "sorted"))
    assert dialog.start.text() == "Sort"
    qtbot.keyClick(dialog, Qt.Key_Return)
    until(lambda: bool(submitted))
    (tmp_path / "sorted" / ".sorting" / "motion").mkdir()
    again = window.sorting.show()
    type_into(qtbot, again.fields.out, str(tmp_path / "sorted"))
    assert again.start.text() == "Go on"
    qtbot.keyClick(again, Qt.Key_Return)
    until(lambda: len(submitted) == 2)
    assert submitted[1].settings == submitted[0].settings and submitted[1].kept == submitted[0].kept


def test_other_sorters_are_offered_if_they_are_installed(dialog, until):
    until(lambda: dialog.sorter.count() > 5)
    model = dialog.sorter.model()
    rows = {dialog.sorter.itemData(i): model.item(i) for i in range(dialog.sorter.count())}
    assert rows["deconvolution"].isEnabled() and rows["lupin"].isEnabled()
    for item in rows.values():
        assert item.isEnabled() or "install it with: " in item.toolTip()
    assert not dialog.params.isVisible() and dialog.form.isVisible()
    dialog.sorter.setCurrentIndex(dialog.sorter.findData("lupin"))
    assert dialog.params.isVisible() and not dialog.form.isVisible()
    until(lambda: "<b>freq_min</b> = 150.0" in dialog.described.text())


def test_escape_closes_it_and_nothing_is_begun(dialog, qtbot, submitted):
    qtbot.keyClick(dialog, Qt.Key_Escape)
    assert not dialog.isVisible() and submitted == []


def job(tmp_path, **facts):
    values = {
        "id": "sorting-1", "kind": kind("sorting"), "title": "Sorting of raw.bin", "state": "running", "ended": False,
        "error": "", "message": "Learning templates", "fraction": 0.4, "seconds_left": None, "seconds": 3.0,
        "device": "cpu", "n_lines": 0, "log": [], "folder": tmp_path, "delivered": None,
        "request": SimpleNamespace(kept=tmp_path / "out" / ".sorting"),
    }  # fmt: skip
    return SimpleNamespace(**{**values, **facts})


def test_what_a_sort_finds_is_shown_while_it_runs(window, tmp_path):
    running = job(tmp_path)
    window.sorting._note(running, {"displacement": np.zeros((5, 2)), "temporal_bins_s": np.arange(5.0)})
    window.sorting._note(running, {"templates": np.ones((3, 40)), "channels": np.arange(3)})
    row = JobRow(
        running, cancel=print, show_result=print, resume=print, can_resume=lambda _job: False, remove=print
    )  # fmt: skip
    row.preview.show_arrays(window.sorting.found[running.id])
    assert row.preview.panels == ("motion", "templates") and row.result.text() == "Open result"
    window.sorting._finished(job(tmp_path, state="cancelled", ended=True))
    assert window.sorting.found == {}


@pytest.mark.parametrize("n_units", [1, 300])
def test_a_strip_of_few_and_of_many_units_is_painted(qapp, n_units):
    strip = SortStrip()
    strip.resize(700, 96)
    empty = strip.grab().toImage()
    strip.show_arrays(
        {"templates": np.random.default_rng(0).normal(size=(n_units, 60)), "channels": np.arange(n_units)}
    )
    strip.show_arrays({"spike_samples": np.arange(900), "spike_units": np.arange(900) % n_units})
    strip.show_arrays({"displacement": np.zeros((9, 1))})
    assert strip.panels == ("motion", "templates", "spikes") and strip.grab().toImage() != empty


def test_the_result_is_opened_by_another_process_when_it_was_wanted(window, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(sorting.subprocess, "Popen", lambda command, **_more: started.append(command))
    window.scripted = False
    done = job(
        tmp_path,
        state="done",
        ended=True,
        delivered=SortedTo("out", tmp_path / "params.py", "5 units (3 good), 9 spikes"),
    )
    window.sorting._finished(done)
    assert started == []
    window.sorting._opens.add(done.id)
    window.sorting._finished(done)
    window.scripted = True
    assert [command[1:] for command in started] == [["-m", "phy_medicine", "template-gui", str(tmp_path / "params.py")]]


def test_a_new_folder_is_named_after_the_recording(tmp_path):
    (tmp_path / "mouse_sorted").mkdir()
    assert free_folder(tmp_path / "mouse.bin") == tmp_path / "mouse_sorted_2"
    assert free_folder(tmp_path / "data" / "params.py") == tmp_path / "data_sorted"
    assert free_folder(tmp_path / "saved.zarr") == tmp_path / "saved_sorted"
