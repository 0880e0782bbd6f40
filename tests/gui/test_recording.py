"""The record of the curation in the window: its switch and mark, and what real keys leave in it."""

from __future__ import annotations

import pytest

from phy_medicine.gui.qt import QtCore
from phy_medicine.io.viewing_record import read_viewings, record_path
from phy_medicine.session.session import Session

pytestmark = pytest.mark.usefixtures("few_views")


def viewings(window):
    return read_viewings(window.session.model.dir_path)[0]


def run(window, line):
    assert window.commands.run_line(line) == ""


def test_it_is_off_at_first_and_keys_leave_nothing(window, press):
    press("Down")
    press("Alt+G")
    assert not window.recording.mark.isVisible()
    assert not record_path(window.session.model.dir_path).exists()


def test_keys_that_select_and_decide_are_recorded_and_the_mark_says_so(window, press, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(window.session.record, "_clock", lambda: clock[0])
    run(window, "toggle_record")
    assert window.recording.mark.isVisible()
    press("Home")
    (first,) = window.session.selection.best_ids
    clock[0] += 7
    press("Space")
    clock[0] += 3
    similar = window.session.selection.similar_ids
    press("G")
    window.recording.mark.click()
    assert not window.recording.mark.isVisible()
    found = [(v.clusters, v.similar, v.seconds, v.keys, v.decision) for v in viewings(window)]
    assert found == [((first,), (), 7.0, 2, ""), ((first,), similar, 3.0, 1, "merge")]
    press("Alt+G")
    assert len(viewings(window)) == 2


def test_the_time_stands_still_while_the_window_is_not_active(window, press, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(window.session.record, "_clock", lambda: clock[0])
    run(window, "toggle_record")
    press("Home")
    clock[0] = 5.0
    window.recording.eventFilter(window, QtCore.QEvent(QtCore.QEvent.WindowActivate))
    monkeypatch.setattr(window.recording, "_is_mine", lambda top: False)
    window.recording.eventFilter(window, QtCore.QEvent(QtCore.QEvent.WindowDeactivate))
    clock[0] = 500.0
    press("Space")
    assert [v.seconds for v in viewings(window)] == [5.0]


def test_export_and_delete(window, press, tmp_path):
    assert "no record" in window.commands.run_line("export_record x.tsv")
    run(window, "toggle_record")
    press("Home")
    press("Alt+G")
    run(window, f"export_record {tmp_path / 'r.tsv'}")
    assert [line.split("\t")[6] for line in (tmp_path / "r.tsv").read_text().splitlines()][:2] == ["decision", "group"]
    run(window, "delete_record")
    assert viewings(window) == ()
    press("Alt+M")
    assert [v.decision for v in viewings(window)] == ["group"]


def test_a_dataset_that_is_only_read_refuses_in_a_sentence(dataset, open_window):
    session = Session.open(dataset, read_only=True)
    window = open_window(session)
    assert "does not accept changes" in window.commands.run_line("toggle_record")
    assert not window.recording.mark.isVisible()
    assert not record_path(dataset.parent).exists()
    window.close()
    session.close()
