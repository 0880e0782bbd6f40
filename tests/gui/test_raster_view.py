"""The raster of all clusters in the window: it follows table and actions, and selects by the mouse."""

from __future__ import annotations

from phy_medicine.gui.qt import Qt

from .mouse import click, place


def row_place(view, cluster_id):
    """Return a pixel in the row of a cluster."""
    n = len(view.block.cluster_ids)
    low, high = view.panels.ranges()[0, :2]
    return place(view, 0, (low + high) / 2, n - view.block.cluster_ids.index(cluster_id) - 0.5)


def test_rows_follow_the_table_and_clicks_select(window, press, settle, qtbot):
    session = window.session
    press("Space")
    window.commands.run("add_view", "RasterView")
    settle()
    view = next(p for p in window.panels if p.kind == "RasterView").view
    assert view.block.cluster_ids == session.cluster_table.visible_ids()
    first, second, third = view.block.cluster_ids[:3]
    click(qtbot, view, row_place(view, third), modifiers=Qt.ControlModifier)
    assert session.selection.cluster_ids == (third,)
    click(qtbot, view, row_place(view, second), modifiers=Qt.ControlModifier | Qt.ShiftModifier)
    assert session.selection.cluster_ids == (third, second)
    press("G")
    merged = session.selection.cluster_ids[0]
    assert view.block.cluster_ids == session.cluster_table.visible_ids() and merged in view.block.cluster_ids
    n = len(session.data.spikes(merged))
    window.commands.run_line(f":f n_spikes < {n}")
    settle()
    assert view.block.cluster_ids == session.cluster_table.visible_ids() and merged not in view.block.cluster_ids
    session.sort("n_spikes", ascending=True)
    settle()
    assert view.block.cluster_ids == session.cluster_table.visible_ids()
    window.commands.run_line(":f")
    press("Ctrl+Z")
    assert {first, second, third} <= set(view.block.cluster_ids)
    assert view.status.startswith(f"{len(session.cluster_ids)} clusters · ")
