"""Sessions matched in the window: the table and the pictures follow keys, labels are carried over and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from phy_medicine.gui.match_dialog import CarryDialog
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.io.simulate import SimulationSettings, simulate

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture(scope="module")
def later(brief_folder) -> Iterator[Path]:
    """A later session of the neurons of the dataset of every test; half of its clusters are labelled."""
    settings = SimulationSettings(
        channels=16, units=8, duration_s=20.0, drift="zigzag", oversplit=0.0, seed=1, session=1, moved_um=15.0
    )
    with brief_folder() as place:
        params = simulate(place / "later", settings)
        (params.parent / "cluster_group.tsv").write_text(
            "cluster_id\tgroup\n" + "".join(f"{c}\tgood\n" for c in range(8))
        )
        yield params


@pytest.fixture
def matched(window, later, qtbot, settle):
    window.commands.run("match_sessions", f'"{later}"')
    qtbot.waitUntil(lambda: window.matching.found is not None, timeout=20_000)
    settle()
    return window.matching


def test_the_table_lists_units_by_session_and_keys_walk_through_it(matched, window, qtbot, settle):
    dialog, found = matched.dialog, matched.found
    assert dialog.isVisible()
    assert dialog.table.rowCount() == len(found.matched) > 3
    assert dialog.table.horizontalHeaderItem(1).text() == "later"
    assert dialog._middle.sizes()[0] == dialog.table.full_width
    assert dialog.table.item(0, 0).text() == str(found.matched[0].clusters[0])
    qtbot.keyClick(dialog.table, Qt.Key_Down)
    settle()
    assert window.session.selection.best_ids == (found.matched[1].clusters[0],)
    shown = [p.cluster for p in dialog.figure._pictures]
    assert shown == list(found.matched[1].clusters)
    image = dialog.figure.grab().toImage()
    colors = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert len(colors) > 8


def test_labels_are_shown_before_they_are_carried_and_undo_takes_them_back(
    matched, window, press_keys_in, qtbot, settle
):
    dialog, session, found = matched.dialog, window.session, matched.found
    qtbot.mouseClick(dialog.carry, Qt.LeftButton)
    (preview,) = dialog.findChildren(CarryDialog)
    assert preview.table.rowCount() == len(found.matched)
    assert {preview.table.item(row, 3).text() for row in range(preview.table.rowCount())} == {"good"}
    assert not session.can_undo
    preview.accept_button.click()
    settle()
    ids = [unit.clusters[0] for unit in found.matched]
    assert {session.manager.group(c) for c in ids} == {"good"}
    dialog.close()
    window.activateWindow()
    window.tables.clusters.setFocus()
    press_keys_in(window, "Ctrl+Z")
    settle()
    assert {session.manager.group(c) for c in ids} == {None}


def test_the_same_by_lines_and_the_table_as_a_file(matched, window, settle, tmp_path):
    assert "no matched session" in window.commands.run_line("carry_labels nobody")
    assert window.commands.run_line("carry_labels later") == ""
    assert window.commands.run_line(f"export_matches {tmp_path / 'm.tsv'}") == ""
    assert len((tmp_path / "m.tsv").read_text().splitlines()) > len(matched.found.matched)


def test_closing_the_dialog_closes_the_other_sessions(matched, window):
    matched.dialog.close()
    assert matched.found is None
    assert matched.sessions == ()
    assert "Nothing was matched" in window.commands.run_line("export_matches x.tsv")


def test_another_probe_is_refused_in_the_dialog(window, brief_folder, qtbot):
    settings = SimulationSettings(channels=8, units=4, duration_s=5.0, seed=1, raw=False)
    with brief_folder() as place:
        window.commands.run("match_sessions", str(simulate(place / "other", settings)))
        qtbot.waitUntil(lambda: not window.matching.running, timeout=20_000)
        assert "one probe only" in window.matching.dialog.status.text()
        assert window.matching.dialog.match.isEnabled()
        assert not window.matching.dialog.export.isEnabled()


def test_sessions_are_added_and_removed_by_hand(window, monkeypatch, qtbot, later):
    window.commands.run("match_sessions")
    dialog = window.matching.dialog
    qtbot.mouseClick(dialog.match, Qt.LeftButton)
    assert "Add a session" in dialog.status.text()
    monkeypatch.setattr(QtWidgets.QFileDialog, "getOpenFileName", lambda *_: (str(later), ""))
    qtbot.mouseClick(dialog.add, Qt.LeftButton)
    qtbot.mouseClick(dialog.add, Qt.LeftButton)
    assert dialog.chosen() == [later]
    qtbot.mouseClick(dialog.remove, Qt.LeftButton)
    assert dialog.chosen() == []
