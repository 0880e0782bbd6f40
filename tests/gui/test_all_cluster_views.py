"""Views of all clusters in a window: real clicks, and what merge, undo and filter do to them."""

from __future__ import annotations

import pytest

from phy_medicine.gui.qt import Qt

from .mouse import click, place


@pytest.fixture
def opened(window, settle, qtbot):
    """Return a function that opens a view of a kind on the whole screen of the window."""

    def open_view(kind):
        panel = window.panels.reopen_or_add(kind)
        panel.dock.setFloating(True)
        panel.dock.resize(700, 500)
        qtbot.waitUntil(lambda: panel.view.block is not None and panel.view.canvas.ready, timeout=20_000)
        settle()
        return panel.view

    return open_view


def _scatter_place(view, cluster):
    row = view.block.cluster_ids.tolist().index(cluster)
    return place(view, 0, view.block.x.places[row], view.block.y.places[row])


def _shown(view):
    return sorted(view.block.cluster_ids.tolist())


def test_the_scatter_selects_by_click_and_lasso(window, settle, qtbot, opened):
    view = opened("ClusterScatterView")
    session = window.session
    a, b = (view.pick(*(float(v) for v in view.panels.to_pixels(0, view.block.x.places[r], view.block.y.places[r])))
            for r in (0, 1))  # fmt: skip
    click(qtbot, view, _scatter_place(view, a), modifiers=Qt.NoModifier)
    settle()
    assert session.selection.cluster_ids == (a,) and view.cluster_ids == (a,)
    click(qtbot, view, _scatter_place(view, b), modifiers=Qt.ShiftModifier)
    settle()
    assert session.selection.cluster_ids == (a, b)
    x0, x1, y0, y1 = view.panels.ranges()[0]
    for x, y in ((0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99)):
        click(qtbot, view, place(view, 0, x0 + x * (x1 - x0), y0 + y * (y1 - y0)))
        settle()
    assert sorted(session.selection.cluster_ids) == _shown(view) and len(view.scene.lasso) == 4
    click(qtbot, view, place(view, 0, (x0 + x1) / 2, (y0 + y1) / 2), button=Qt.RightButton)
    assert len(view.scene.lasso) == 0


def test_the_scatter_follows_merge_undo_and_filter(window, settle, qtbot, opened):
    view = opened("ClusterScatterView")
    session = window.session
    before = _shown(view)
    session.merge(before[:2])
    qtbot.waitUntil(lambda: _shown(view) == sorted(session.cluster_ids), timeout=20_000)
    assert view.cluster_ids == session.selection.cluster_ids
    session.undo()
    qtbot.waitUntil(lambda: _shown(view) == before, timeout=20_000)
    session.filter("n_spikes < 0")
    qtbot.waitUntil(lambda: view.scene.message.startswith("No clusters"), timeout=20_000)
    session.filter("")
    qtbot.waitUntil(lambda: view.block is not None and _shown(view) == before, timeout=20_000)


def test_snippets_choose_the_columns_of_the_scatter(window, settle, opened):
    view = opened("ClusterScatterView")
    assert window.commands.run_line(":csx n_spikes") == "" and window.commands.run_line(":css amp") == ""
    settle()
    assert (view.settings.x_column, view.settings.size_column) == ("n_spikes", "amp")
    assert "No column group" in window.commands.run_line(":csy group")


def test_the_template_view_selects_by_click_and_follows_a_merge(window, settle, qtbot, opened, press):
    view = opened("TemplateView")
    session = window.session
    before = view.block.cluster_ids.tolist()
    click(qtbot, view, place(view, 0, 1.5, 2.5), modifiers=Qt.ControlModifier)
    settle()
    assert session.selection.cluster_ids == (before[1],)
    click(qtbot, view, place(view, 0, 2.5, 2.5), modifiers=Qt.ControlModifier | Qt.ShiftModifier)
    settle()
    assert session.selection.cluster_ids == (before[1], before[2])
    session.merge()
    qtbot.waitUntil(
        lambda: view.block.cluster_ids.tolist() == list(session.cluster_table.visible_ids()), timeout=20_000
    )
    view.canvas.native.setFocus()
    assert window.commands.run_line("increase_templates") == ""
    assert view.settings.scaling == pytest.approx(1.2)


def test_the_matrix_selects_a_pair_and_follows_undo(window, settle, qtbot, opened):
    view = opened("SimilarityMatrixView")
    session = window.session
    ids = view.block.cluster_ids.tolist()
    click(qtbot, view, place(view, 0, 1.5, 3.5), modifiers=Qt.ControlModifier)
    settle()
    assert session.selection.cluster_ids == (ids[1], ids[3])
    title, matrix = session.data.table.similarity([ids[1], ids[3]])
    assert view.block.title == title and view.block.values[3, 1] == matrix[1, 0]
    session.merge()
    qtbot.waitUntil(lambda: _shown(view) == sorted(session.cluster_ids), timeout=20_000)
    session.undo()
    qtbot.waitUntil(lambda: _shown(view) == sorted(ids), timeout=20_000)
