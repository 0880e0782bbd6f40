"""Clicks of the views and titles of the tables that no other file tests, by real events in one window."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qt_compat import qt_api

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.views.cluster_grid_marks import strip_box

from .desk import MIDDLE_S, Desk
from .mouse import click, data_at, drag, place, turn_wheel

NOTHING, SHIFT, ALT = Qt.NoModifier, Qt.ShiftModifier, Qt.AltModifier


def part(view, x: float, y: float, panel: int = 0) -> QtCore.QPoint:
    """Return the pixel at a part of the width and of the height of a panel, from its lower left corner."""
    x0, x1, y0, y1 = view.panels.ranges()[panel]
    return place(view, panel, x0 + x * (x1 - x0), y0 + y * (y1 - y0))


def selected(desk: Desk) -> tuple[int, ...]:
    return desk.session.selection.cluster_ids


def traces(desk: Desk):
    return desk.view_of("TraceView")


def row_of_raster(view, cluster_id):
    n = len(view.block.cluster_ids)
    return place(view, 0, MIDDLE_S, n - view.block.cluster_ids.index(cluster_id) - 0.5)


def column_of_templates(view, cluster_id):
    return place(
        view, 0, view.block.cluster_ids.tolist().index(cluster_id) + 0.5, float(view.panels.ranges()[0, 2:].mean())
    )


def cell_of_matrix(view, cluster_id):
    index = view.block.cluster_ids.tolist().index(cluster_id) + 0.5
    return place(view, 0, index, index)


def cell_of_grid(view, cluster_id):
    x, y = view.places.corner(view.block.cluster_ids.index(cluster_id))
    return place(view, 0, x + 0.5, y + 0.5)


def spike_of_drift(view, cluster_id):
    """Return the pixel of a spike whose neighbours are of the same cluster."""
    data = view.host.data
    for spike in data.spikes(cluster_id)[::5]:
        at = place(view, 0, data.spike_times[spike], float(data.depths.raw[spike]))
        if view.pick(at.x() * view.ratio, at.y() * view.ratio) == cluster_id:
            return at
    raise AssertionError(f"no spike of {cluster_id} can be clicked")


SELECTING = {
    "RasterView": row_of_raster,
    "TemplateView": column_of_templates,
    "SimilarityMatrixView": cell_of_matrix,
    "DriftView": spike_of_drift,
    "ClusterGridView": cell_of_grid,
}


@pytest.mark.parametrize("kind", SELECTING)
def test_a_click_selects_and_shift_adds(desk: Desk, qtbot, kind):
    desk.start(kind)
    desk.press("R")
    view, pixel_of = desk.view, SELECTING[kind]
    a, b = desk.session.cluster_table.visible_ids()[3:5]
    if kind == "DriftView":
        a, b = selected(desk)[::-1]
    elif kind == "ClusterGridView":
        view.change(cell_size=60.0)
        desk.settle()
    click(qtbot, view, pixel_of(view, a), modifiers=NOTHING)
    desk.settle()
    assert selected(desk) == (a,)
    desk.press("R")
    click(qtbot, view, pixel_of(view, b), modifiers=SHIFT)
    desk.settle()
    assert selected(desk) == (a, b)


def test_shift_and_click_add_a_nearest_cluster_to_the_selection(desk: Desk, qtbot):
    desk.start("LDAView")
    own = selected(desk)[0]
    desk.session.select([own])
    desk.settle()
    view, block = desk.view, desk.view.block
    for spike in np.flatnonzero(block.rows == 1):
        at = place(view, 0, block.x[spike], block.y[spike])
        if view.pick(at.x() * view.ratio, at.y() * view.ratio) == block.shown.cluster_ids[1]:
            break
    click(qtbot, view, at, modifiers=SHIFT)
    desk.settle()
    assert selected(desk) == (own, block.shown.cluster_ids[1]) == view.block.shown.cluster_ids


def test_a_click_in_the_strip_of_the_grid_shows_that_part(desk: Desk, qtbot):
    desk.start("ClusterGridView")
    view = desk.view
    view.change(cell_size=180.0)
    desk.settle()
    left, _, right, bottom = (edge / view.ratio for edge in strip_box(view.scene))
    click(qtbot, view, QtCore.QPoint(round((left + right) / 2), round(bottom) - 2), modifiers=NOTHING)
    desk.settle()
    assert view.places.n_rows > view.places.n_shown and view.top_row == view.places.n_rows - view.places.n_shown
    assert len(view.block.cluster_ids) - 1 in view.block.cells


@pytest.mark.parametrize("kind", ["AmplitudeView", "DriftView", "RasterView", "SpikeWidthView", "FiringRateView"])
def test_alt_and_click_show_that_moment_in_the_traces_and_select_nothing(desk: Desk, qtbot, kind):
    desk.start(kind)
    before, at = selected(desk), part(desk.view, 0.7, 0.6)
    click(qtbot, desk.view, at, modifiers=ALT)
    desk.settle()
    assert traces(desk).interval.center_s == pytest.approx(data_at(desk.view, 0, at)[0], abs=0.2)
    assert abs(traces(desk).interval.center_s - MIDDLE_S) > 1
    assert selected(desk) == before


@pytest.mark.parametrize("kind", ["HistogramView", "ISIView"])
def test_clicks_on_a_bin_show_its_values_in_the_traces_one_by_one(desk: Desk, qtbot, kind):
    desk.start(kind)
    view = desk.view
    counts = view.block.rows[0].counts
    index = int(np.argmax(counts))
    at = place(view, 0, float(np.mean(view.block.bins.edges(index))), 0.1 * float(view.panels.ranges()[0, 3]))
    shown, words = [], []
    for button in (Qt.LeftButton, Qt.LeftButton, Qt.RightButton):
        click(qtbot, view, at, button=button, modifiers=NOTHING)
        desk.settle()
        shown.append(traces(desk).interval.center_s)
        words.append(view.status)
    n, cluster_id = int(counts[index]), view.cluster_ids[0]
    assert [w.startswith(f"{i} of {cluster_id}: {n:,} ") for i, w in zip((1, 2, 1), words, strict=True)] == [True] * 3
    assert shown[0] == shown[2] != shown[1]


def test_a_click_on_a_bin_of_the_firing_rate_tells_its_spikes(desk: Desk, qtbot):
    desk.start("FiringRateView")
    view, before = desk.view, traces(desk).interval
    counts = view.block.rows[0].counts
    index = int(np.argmax(counts))
    at = place(view, 0, float(np.mean(view.block.bins.edges(index))), 0.1 * float(view.panels.ranges()[0, 3]))
    click(qtbot, view, at, modifiers=NOTHING)
    assert view.status.startswith(f"{view.cluster_ids[0]}: {int(counts[index]):,} spikes")
    assert traces(desk).interval == before


def test_shift_and_click_in_the_trace_image_choose_channels_for_the_feature_view(desk: Desk, qtbot, monkeypatch):
    desk.start("TraceImageView")
    view, chosen = desk.view, []
    monkeypatch.setattr(desk.view_of("FeatureView"), "set_channel", lambda *args: chosen.append(args))
    at = part(view, 0.5, 0.4)
    click(qtbot, view, at, modifiers=SHIFT)
    click(qtbot, view, at, button=Qt.RightButton, modifiers=SHIFT)
    (channel, first), (again, second) = chosen
    assert (first, second) == (0, 1) and channel == again


def test_dragging_and_the_wheel_in_the_trace_image_move_the_traces_too(desk: Desk, qtbot):
    desk.start("TraceImageView")
    drag(qtbot, desk.view, part(desk.view, 0.5, 0.5), QtCore.QPoint(60, 0))
    desk.settle()
    assert traces(desk).interval == desk.view.interval and traces(desk).interval.center_s < MIDDLE_S
    before = traces(desk).interval.length_s
    turn_wheel(desk.view, part(desk.view, 0.5, 0.5), 2)
    desk.settle()
    assert traces(desk).interval.length_s == desk.view.interval.length_s < before


def test_a_click_in_the_overview_of_the_probe_shows_that_part(desk: Desk, qtbot):
    desk.start("ProbeView")
    view = desk.view
    turn_wheel(view, part(view, 0.5, 0.5), 12)
    desk.settle()
    assert (view.panels.rects[1, 2:] > view.panels.rects[1, :2]).all(), "no overview"
    at = part(view, 0.5, 0.8, panel=1)
    click(qtbot, view, at, modifiers=NOTHING)
    desk.settle()
    low, high = view.panels.ranges()[0, 2:]
    assert low < data_at(view, 1, at)[1] < high
    desk.press("R")


# Titles of the tables


def title_of(desk: Desk, name: str) -> QtCore.QPoint:
    """Return the pixel of a title in the viewport of the header."""
    header = desk.window.tables.clusters.header
    section = header._model.column_of(name)
    return QtCore.QPoint(
        header.sectionViewportPosition(section) + header.sectionSize(section) // 2, header.height() // 2
    )


def click_title(desk: Desk, name: str, modifiers=NOTHING) -> None:
    """Click a title through the window, so that Qt knows which keys are held."""
    viewport, window = desk.window.tables.clusters.header.viewport(), desk.window
    at = viewport.mapTo(window, title_of(desk, name))
    qt_api.QtTest.QTest.mouseClick(window.windowHandle(), Qt.LeftButton, Qt.KeyboardModifiers(modifiers), at)
    desk.settle()


def test_a_click_on_a_title_sorts_again_the_other_way_and_with_shift_as_a_further_key(desk: Desk):
    desk.start()
    table = desk.session.cluster_table
    for name, held, expected in (
        ("depth", NOTHING, [("depth", True)]),
        ("depth", NOTHING, [("depth", False)]),
        ("n_spikes", SHIFT, [("depth", False), ("n_spikes", True)]),
        ("n_spikes", NOTHING, [("n_spikes", False)]),
    ):
        click_title(desk, name, held)
        assert [(key.column, key.ascending) for key in table.sort_keys] == expected


def test_a_right_click_on_a_title_chooses_columns_and_a_drag_moves_one(desk: Desk, qtbot):
    desk.start()
    header = desk.window.tables.clusters.header
    section, seen = header._model.column_of("depth"), []

    def choose() -> None:
        menu = QtWidgets.QApplication.activePopupWidget()
        (columns,) = (action for action in menu.actions() if action.text() == "Columns")
        qtbot.mouseClick(menu, Qt.LeftButton, pos=menu.actionGeometry(columns).center())
        entries = {action.text(): action for action in columns.menu().actions()}
        title = header._model.columns[section].title
        seen.append(entries[title].isChecked())
        entries[title].trigger()
        menu.close()

    for hidden in (True, False):
        QtCore.QTimer.singleShot(0, choose)
        at = title_of(desk, "n_spikes")
        event = QtGui.QContextMenuEvent(QtGui.QContextMenuEvent.Mouse, at, header.viewport().mapToGlobal(at))
        QtWidgets.QApplication.sendEvent(header.viewport(), event)
        assert header.isSectionHidden(section) is hidden
    assert seen == [True, False]

    before = header.visualIndex(section)
    start, stop = title_of(desk, "depth"), title_of(desk, "n_spikes")
    qtbot.mousePress(header.viewport(), Qt.LeftButton, pos=start)
    for at in (start + QtCore.QPoint(15, 0), stop):
        event = QtGui.QMouseEvent(
            QtCore.QEvent.MouseMove, QtCore.QPointF(at), Qt.NoButton, Qt.LeftButton, Qt.NoModifier
        )
        QtWidgets.QApplication.sendEvent(header.viewport(), event)
    qtbot.mouseRelease(header.viewport(), Qt.LeftButton, pos=stop)
    assert header.visualIndex(section) > before
