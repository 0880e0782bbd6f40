"""The list of the workspace: what it shows of each cluster, and how it is ordered."""

from __future__ import annotations

import pytest

from phy_medicine.gui.qt import QtCore
from phy_medicine.gui.workspace_panel import _VALUE, _WORDS
from phy_medicine.views.theme import LIGHT

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def panel(window, press, settle, qtbot):
    """The list of three collected clusters, whose evidence is known."""
    press("Down", "Space", "B", "B")
    window.commands.run("show_workspace")
    settle()
    ids = window.session.selection.best_ids
    assert len(ids) == 3
    window.session.pairs.wait([(ids[0], c) for c in ids[1:]], 20)
    window.workspace.panel.refresh()
    return window.workspace.panel


def test_it_lists_what_is_collected_in_order_with_the_evidence_against_the_reference(window, panel):
    session = window.session
    reference, *others = session.selection.best_ids
    assert panel.list.ids == [reference, *others]
    assert panel.list.item(0).text().endswith("reference")
    for row, cluster in enumerate(others, 1):
        item = panel.list.item(row)
        assert item.text() == f"{session.facts.stats(cluster).n_spikes:,} spikes"
        assert item.data(_VALUE) == session.pairs.combined(reference, cluster)
        assert "moment" not in item.data(_WORDS)


def test_it_follows_the_workspace_and_says_how_to_begin_one(window, panel, press):
    press("B")
    assert panel.list.ids == list(window.session.selection.best_ids)
    press("Shift+B")
    assert panel.list.count() == 0
    assert "Space brings a candidate" in panel.empty.text()
    assert panel.empty.isVisible()


def test_alt_and_the_arrows_order_and_enter_makes_the_reference(window, panel, press):
    a, b, c = window.session.selection.best_ids
    panel.list.setFocus()
    panel.list.setCurrentRow(2)
    press("Alt+Up")
    assert window.session.selection.best_ids == (a, c, b)
    press("Down", "Return")
    assert window.session.selection.best_ids == (b, a, c)
    assert panel.list.item(0).text().endswith("reference")


def test_dragging_a_row_orders(window, panel, settle):
    a, b, c = window.session.selection.best_ids
    model, top = panel.list.model(), QtCore.QModelIndex()
    assert model.moveRow(top, 2, top, 1)  # what a drop does
    settle()
    assert window.session.selection.best_ids == (a, c, b)
    assert panel.list.ids == [a, c, b]


def test_delete_takes_the_marked_one_out_and_it_is_a_candidate_again(window, panel, press):
    a, b, c = window.session.selection.best_ids
    panel.list.setFocus()
    panel.list.setCurrentRow(1)
    press("Delete")
    assert window.session.selection.best_ids == (a, c)
    assert window.session.selection.similar_ids == (b,)


def test_the_rows_have_the_colours_of_the_views_and_of_the_theme(window, panel, qtbot):
    picture = panel.list.viewport().grab().toImage()
    y = panel.list.visualItemRect(panel.list.item(1)).top() + 8
    seen = [picture.pixelColor(x, y) for x in range(min(60, picture.width()))]
    assert any(color.redF() > 0.5 and color.blueF() < 0.2 for color in seen)  # the second colour is red
    window.set_theme("light")
    assert panel.delegate.theme == LIGHT


def test_in_a_wide_dock_each_cluster_has_one_line_and_in_a_narrow_one_two(window, panel, qtbot):
    dock, rows = window.workspace.tool.dock, panel.list
    line = rows.fontMetrics().height()

    def height():
        return rows.visualItemRect(rows.item(1)).height()

    dock.setFloating(True)
    dock.resize(1500, 320)
    qtbot.waitUntil(lambda: line < height() < 2 * line, timeout=5000)
    dock.resize(440, 320)
    qtbot.waitUntil(lambda: height() > 2 * line, timeout=5000)
