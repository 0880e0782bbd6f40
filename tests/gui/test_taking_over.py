"""A dataset that somebody else is curating: the window says who, refuses changes, and can take it over."""

from __future__ import annotations

import json

import pytest

from phy_medicine.base.paths import OwnFiles
from phy_medicine.gui import taking_over
from phy_medicine.gui.qt import QtWidgets

pytestmark = pytest.mark.usefixtures("in_use", "few_views")

Box = QtWidgets.QMessageBox


@pytest.fixture
def in_use(dataset):
    """A lock of another machine, from which nobody can tell whether its session still runs."""
    lock = OwnFiles(dataset.parent).lock
    lock.parent.mkdir(exist_ok=True)
    lock.write_text(json.dumps({"host": "lab3", "user": "anna", "pid": 1, "time": "2026-01-02T03:04:05"}))
    return lock


def answer(monkeypatch, button_text):
    said = []

    def click(box):
        said.append(box.text())
        next(b for b in box.buttons() if b.text().replace("&", "") == button_text).click()
        return box.result()

    monkeypatch.setattr(Box, "exec_", click)
    return said


def test_who_is_curating_stands_in_the_title_and_in_the_status_bar(window, press, in_use):
    assert "(read-only, in use by anna on lab3)" in window.windowTitle()
    assert window.status.dirty.text() == "read-only, in use by anna on lab3"
    assert window.status.dirty.toolTip() == "It is being curated by anna on lab3 since 2026-01-02 03:04 UTC."
    press("Space", "Space", "G")
    assert "is being curated by anna on lab3" in window.status.message.text()
    assert not window.session.dirty and [p.name for p in in_use.parent.iterdir()] == ["lock"]


def test_taken_over_it_accepts_changes(window, press, monkeypatch):
    window.scripted = False
    said = answer(monkeypatch, "Take over")
    taking_over.offer(window)
    assert said == ["dataset is being curated by anna on lab3 since 2026-01-02 03:04 UTC."]
    assert "read-only" not in window.windowTitle() and window.status.dirty.text() == "saved"
    press("Space", "Space", "G")
    assert window.session.dirty
    window.scripted = True


def test_left_alone_it_stays_read_only_and_can_be_taken_over_later(window, press, monkeypatch):
    window.scripted = False
    answer(monkeypatch, "Open read-only")
    taking_over.offer(window)
    assert window.session.read_only
    answer(monkeypatch, "Take over")
    assert window.commands.run("take_over") == ""
    assert not window.session.read_only
    window.scripted = True
