"""Saves that do not go through: nothing is lost, and the person decides."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import SaveError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.gui.qt import QtCore, QtWidgets

pytestmark = pytest.mark.usefixtures("few_views")

Box = QtWidgets.QMessageBox


@pytest.fixture
def touched(window, press, dataset):
    """A window with an unsaved merge, on labels that another program has rewritten since."""
    press("Space", "Space", "G")
    path = dataset.parent / "spike_clusters.npy"
    np.save(path, np.load(path)[::-1])
    window.scripted = False
    return path


def answer_boxes(monkeypatch, button_text):
    """Click the button with this text in every box, and collect what the boxes say."""
    said = []

    def click(box):
        said.append(box.text())
        for button in box.buttons():
            if button.text().replace("&", "") == button_text:
                button.click()
        return box.result()

    monkeypatch.setattr(Box, "exec_", click)
    return said


def test_a_file_changed_on_disk_is_asked_about_and_saved_over(window, press, touched, monkeypatch):
    said = answer_boxes(monkeypatch, "Save over it")
    press("Ctrl+S")
    assert said == ["spike_clusters.npy changed on disk since this dataset was opened."]
    assert (np.load(touched).ravel() == window.session.spike_clusters()).all()
    assert not window.session.dirty
    assert window.status.message.text().startswith("Saved ")
    window.scripted = True


def test_cancel_leaves_the_changed_file_and_the_dirty_mark(window, press, touched, monkeypatch):
    other = touched.read_bytes()
    answer_boxes(monkeypatch, "Cancel")
    press("Ctrl+S")
    assert touched.read_bytes() == other
    assert window.session.dirty
    assert window.windowTitle().startswith("\N{BLACK CIRCLE}")
    assert "Not saved" in window.status.message.text()
    window.scripted = True


def test_cancel_of_the_question_at_close_keeps_the_window(window, touched, monkeypatch):
    answers = iter([Box.Save])
    said = []

    def click(box):
        said.append(box.text())
        if box.standardButtons() & Box.Save:
            return next(answers)
        next(b for b in box.buttons() if b.text().replace("&", "") == "Cancel").click()
        return box.result()

    monkeypatch.setattr(Box, "exec_", click)
    assert not window.close()
    assert len(said) == 2
    window.scripted = True


def test_a_script_fails_with_the_sentence_instead_of_asking(window, qtbot, touched, monkeypatch, caplog):
    monkeypatch.setattr(Box, "exec_", lambda box: pytest.fail("nobody is there to answer"))
    window.scripted = True
    codes = []
    with caplog.at_level("ERROR", logger="phy_medicine"):
        window.run_script(["save"], codes.append)
        qtbot.waitUntil(lambda: bool(codes), timeout=20_000)
    assert codes == [1]
    assert "save: spike_clusters.npy changed on disk since this dataset was opened" in caplog.text
    assert window.session.dirty


def test_another_failure_is_said_and_the_work_stays_unsaved(window, press, monkeypatch):
    press("Space", "Space", "G")

    def fail(*, force=False):
        raise SaveError("Could not write spike_clusters.npy: disk full.")

    monkeypatch.setattr(window.session, "save", fail)
    said = answer_boxes(monkeypatch, "OK")
    window.scripted = False
    press("Ctrl+S")
    assert said == ["Could not write spike_clusters.npy: disk full."]
    assert window.windowTitle().startswith("\N{BLACK CIRCLE}")
    assert window.status.dirty.text() == "\N{BLACK CIRCLE} not saved"
    window.scripted = True


def test_a_disk_that_says_no_is_told_and_the_save_works_when_it_says_yes(window, press, dataset, monkeypatch):
    press("Space", "Space", "G")
    in_the_way = OwnFiles(dataset.parent).root / "staging"
    in_the_way.write_text("a file where the save needs a folder")
    said = answer_boxes(monkeypatch, "OK")
    window.scripted = False
    press("Ctrl+S")
    assert len(said) == 1 and "left the files as they were, and your work is in the journal" in said[0]
    assert window.windowTitle().startswith("\N{BLACK CIRCLE}") and window.session.dirty
    press("Ctrl+Z")
    press("Space", "Space", "G")
    in_the_way.unlink()
    press("Ctrl+S")
    assert not window.session.dirty and not window.windowTitle().startswith("\N{BLACK CIRCLE}")
    assert (np.load(dataset.parent / "spike_clusters.npy").ravel() == window.session.spike_clusters()).all()
    window.scripted = True


def test_a_journal_that_cannot_be_written_is_told_and_nothing_is_done(window, press, dataset):
    in_the_way = OwnFiles(dataset.parent).journal
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_text("a file where the journal needs a folder")
    before = window.session.spike_clusters().tolist()
    press("Space", "Space", "G")
    assert "could not be written" in window.status.message.text()
    assert window.session.spike_clusters().tolist() == before and not window.session.dirty
    in_the_way.unlink()
    press("G")
    assert window.session.dirty


def test_the_pointer_says_that_a_save_is_going_on_and_comes_back(window, press, monkeypatch):
    press("Space", "Space", "G")
    seen = []
    real = window.session.save

    def save(**options):
        seen.append((QtWidgets.QApplication.overrideCursor().shape(), window.status.message.text()))
        return real(**options)

    monkeypatch.setattr(window.session, "save", save)
    press("Ctrl+S")
    assert seen == [(QtCore.Qt.WaitCursor, "Saving \N{HORIZONTAL ELLIPSIS}")]
    assert QtWidgets.QApplication.overrideCursor() is None
