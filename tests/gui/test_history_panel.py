"""The panel of the history: what it lists, how it follows, the way to another state by keyboard and mouse."""

from __future__ import annotations

import pytest

from phy_medicine.gui.action_list import ActionModel, ActionRow, ActionTable
from phy_medicine.gui.history_panel import NOW, SAVED
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import Qt, QtCore
from phy_medicine.io.journal_reader import read_journal
from phy_medicine.views.theme import DARK

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def panel(window: MainWindow, press):
    """The panel, opened with its key, in the middle of a short curation."""
    session = window.session
    session.merge(session.cluster_ids[:2])
    session.move("good", cluster_ids=session.cluster_ids[-1:])
    session.move("mua", cluster_ids=session.cluster_ids[:1])
    press("Ctrl+Shift+H")
    return window.history.panel


def column(panel, n: int) -> list[str]:
    model = panel.model
    return [model.index(row, n).data() for row in range(model.rowCount())]


def dimmed(panel) -> list[bool]:
    return [panel.model.index(row, 2).data(Qt.ForegroundRole) is not None for row in range(panel.model.rowCount())]


def test_it_lists_the_actions_with_clusters_and_spikes(window, panel):
    session = window.session
    item = session.history.items[0]
    a, b = item.action.cluster_ids
    assert column(panel, 2) == ["Opened", "Merge", "Move to good", "Move to mua"]
    assert column(panel, 3)[1] == f"{a}, {b} \N{RIGHTWARDS ARROW} {item.action.new_id}"
    assert column(panel, 4)[1] == " + ".join(f"{n:,}" for n in item.counts)
    assert sum(item.counts) == session.manager.assignment.count(item.action.new_id)
    assert column(panel, 0) == [SAVED, "", "", NOW]


def test_it_follows_every_action_and_dims_what_is_undone(window, panel, settle):
    session = window.session
    session.undo()
    settle()
    assert column(panel, 0) == [SAVED, "", NOW, ""]
    assert dimmed(panel) == [False, False, False, True]
    assert panel.table.currentIndex().row() == 2
    session.label("note", "x", session.cluster_ids[:1])
    settle()
    assert column(panel, 2) == ["Opened", "Merge", "Move to good", "Label note: x"]
    assert dimmed(panel) == [False] * 4


def test_saved_states_are_marked(window, panel, settle):
    window.session.save()
    window.session.move("noise", cluster_ids=window.session.cluster_ids[:1])
    window.session.save()
    window.session.undo()
    settle()
    assert column(panel, 0) == [SAVED, "", "", NOW + SAVED, SAVED]


def test_enter_goes_to_the_row_in_one_change(window, panel, press, settle):
    session = window.session
    deltas = []
    session.clusters.changed.connect(deltas.append)
    merged = session.spike_clusters().tolist()
    assert panel.table.hasFocus()
    press("Home", "Return")
    settle()
    assert session.history.position == 0
    assert session.spike_clusters().tolist() == session.model.spike_clusters.tolist()
    press("End", "Return")
    settle()
    assert session.spike_clusters().tolist() == merged
    assert [d.direction for d in deltas] == ["undo", "redo"]
    records = read_journal(session.storage.journal_path).records
    assert [(r["kind"], r["steps"]) for r in records[-2:]] == [("undo", 3), ("redo", 3)]


def test_a_double_click_goes_to_the_row(window, panel, qtbot, settle):
    index = panel.model.index(1, 2)
    panel.table.scrollTo(index)
    where = panel.table.visualRect(index).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.LeftButton, pos=where)
    qtbot.mouseDClick(panel.table.viewport(), Qt.LeftButton, pos=where)
    settle()
    assert window.session.history.position == 1
    assert column(panel, 0)[1] == NOW


def test_arrows_move_in_the_list_and_not_in_the_tables(window, panel, press):
    before = window.session.selection.current
    press("Up", "Up")
    assert panel.table.currentIndex().row() == 1
    assert window.session.selection.current == before
    assert window.session.history.position == 3


def test_what_is_not_in_sight_costs_nothing_and_is_right_when_it_is_shown(window, panel, settle):
    window.history.tool.dock.close()
    settle()
    window.session.undo()
    settle()
    assert column(panel, 0)[3] == NOW
    window.commands.run("show_history")
    settle()
    assert column(panel, 0)[2] == NOW


def test_a_long_history_makes_only_the_rows_that_are_seen(qapp, qtbot):
    made = set()

    def row(i: int) -> ActionRow:
        made.add(i)
        return ActionRow("12:00:00", f"Action {i}")

    model = ActionModel(row, 10_000, DARK)
    table = ActionTable(model)
    qtbot.addWidget(table)
    table.resize(600, 400)
    table.show()
    table.show_row(9_999)
    table.grab()
    qapp.processEvents()
    assert 9_999 in made
    assert len(made) < 100
    made.clear()
    model.update(10_001, 10_000)
    table.show_row(10_000)
    table.grab()
    assert len(made) < 50
    assert table.indexAt(QtCore.QPoint(100, table.viewport().height() - 4)).row() == 10_000
