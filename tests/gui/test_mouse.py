"""A lasso drawn with the mouse in the real window splits off every spike inside, drawn or not."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtCore, QtGui

from .mouse import click, inside, lasso, move, place, turn_wheel


def panel_of(window, kind):
    return next(p for p in window.panels if p.kind == kind)


@pytest.fixture
def two_selected(window, press):
    press("Space", "Space")
    return window.session.selection.cluster_ids


def view_in_sight(window, settle, kind):
    panel = panel_of(window, kind)
    panel.dock.give_focus()
    settle()
    return panel.view


def labels_after_split(labels, chosen, clusters):
    """Slow and obvious: the chosen spikes get the next id, the rest of each touched cluster one more each."""
    new, expected = labels.max() + 1, labels.copy()
    expected[chosen] = new
    for cluster in sorted(set(labels[chosen])):
        rest = (labels == cluster) & ~chosen
        if rest.any():
            new += 1
            expected[rest] = new
    return expected


def split_and_undo(window, press, view, chosen, before):
    assert 10 < chosen.sum() < np.isin(before, window.session.selection.cluster_ids).sum()
    selected = window.session.selection.current
    press("K")
    assert (window.session.spike_clusters() == labels_after_split(before, chosen, selected.cluster_ids)).all()
    assert len(view.scene.lasso) == 0
    press("Ctrl+Z")
    assert (window.session.spike_clusters() == before).all()
    assert window.session.selection.current == selected


def test_a_lasso_in_the_amplitude_view_splits_all_spikes_inside(window, press, settle, qtbot, two_selected):
    view = view_in_sight(window, settle, "AmplitudeView")
    model, before = window.session.model, window.session.spike_clusters()
    x0, x1, y0, y1 = view.panels.ranges()[0]
    middle = float(np.median(model.amplitudes[before == two_selected[0]]))
    left, right = x0 + 0.2 * (x1 - x0), x0 + 0.8 * (x1 - x0)
    corners = [(left, middle), (right, middle - 0.02 * (y1 - y0)), (right, y1 - 0.1 * (y1 - y0)), (left, 0.8 * y1)]
    polygon = lasso(qtbot, view, 0, corners)
    chosen = inside(model.spike_times, model.amplitudes, polygon) & np.isin(before, two_selected)
    split_and_undo(window, press, view, chosen, before)


def test_a_lasso_in_the_feature_view_splits_spikes_that_are_not_drawn(window, press, settle, qtbot, two_selected):
    view = view_in_sight(window, settle, "FeatureView")
    model, before = window.session.model, window.session.spike_clusters()
    channels = view.block.channel_ids
    # Panel 1 of the default grid: first component of the second channel against that of the first.
    scores = model.features.get(np.arange(model.n_spikes), np.asarray(channels))[:, :, 0]
    x, y = np.nan_to_num(scores[:, 1]), np.nan_to_num(scores[:, 0])
    assert (view._grid.panels[1][0].place, view._grid.panels[1][1].place) == (1, 0)
    mine = np.isin(before, two_selected)
    x0, x1 = np.quantile(x[mine], (0.2, 0.9))
    y0, y1 = np.quantile(y[mine], (0.2, 0.9))
    polygon = lasso(qtbot, view, 1, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    split_and_undo(window, press, view, inside(x, y, polygon) & mine, before)


def test_a_split_reaches_spikes_beyond_the_drawn_ones(window, press, settle, qtbot, two_selected):
    view = view_in_sight(window, settle, "FeatureView")
    view.change(n_spikes=5)
    settle()
    before = window.session.spike_clusters()
    mine = np.isin(before, two_selected)
    assert view.block.n_drawn == 10
    _, x1, y0, y1 = view.panels.ranges()[0]
    polygon = lasso(qtbot, view, 0, [(0.0, 0.98 * y0), (0.5 * x1, 0.98 * y0), (0.5 * x1, 0.98 * y1), (0.0, 0.98 * y1)])
    times, model = window.session.model.spike_times, window.session.model
    scores = model.features.get(np.arange(model.n_spikes), np.asarray(view.block.channel_ids))[:, 0, 0]
    split_and_undo(window, press, view, inside(times, np.nan_to_num(scores), polygon) & mine, before)


def test_corners_in_another_panel_and_two_corners_split_nothing(window, press, settle, qtbot, two_selected):
    view = view_in_sight(window, settle, "FeatureView")
    before = window.session.spike_clusters()
    click(qtbot, view, place(view, 1, 0.0, 0.0))
    click(qtbot, view, place(view, 2, 0.0, 0.0))
    click(qtbot, view, place(view, 1, 1.0, 1.0))
    assert len(view.scene.lasso) == 2
    press("K")
    assert (window.session.spike_clusters() == before).all()
    assert "No spikes selected, cannot split." in window.status.message.text()


def test_ctrl_right_click_clears_the_lasso(window, settle, qtbot, two_selected):
    view = view_in_sight(window, settle, "AmplitudeView")
    for x, y in ((2.0, 5.0), (4.0, 5.0), (4.0, 15.0)):
        click(qtbot, view, place(view, 0, x, y))
    assert view.scene.lasso.closed
    click(qtbot, view, place(view, 0, 3.0, 7.0), button=Qt.RightButton)
    assert len(view.scene.lasso) == 0


def test_the_next_selection_forgets_the_lasso(window, press, settle, qtbot, two_selected):
    view = view_in_sight(window, settle, "AmplitudeView")
    for x, y in ((2.0, 5.0), (4.0, 5.0), (4.0, 15.0)):
        click(qtbot, view, place(view, 0, x, y))
    press("Down")
    assert len(view.scene.lasso) == 0


def test_drag_pans_wheel_zooms_and_a_double_click_resets(window, press, settle, qtbot, two_selected):
    view = view_in_sight(window, settle, "AmplitudeView")
    native, home = view.canvas.native, view.panels.ranges()[0].copy()
    at = place(view, 0, float(home[:2].mean()), float(home[2:].mean()))
    qtbot.mousePress(native, Qt.LeftButton, Qt.NoModifier, at)
    qtbot.mouseMove(native, at + type(at)(40, 0))
    qtbot.mouseRelease(native, Qt.LeftButton, Qt.NoModifier, at + type(at)(40, 0))
    settle()
    assert view.panels.ranges()[0][0] < home[0]
    qtbot.mouseDClick(native, Qt.LeftButton, Qt.NoModifier, at)
    settle()
    assert view.panels.ranges()[0] == pytest.approx(home)
    assert len(view.scene.lasso) == 0


def test_no_event_of_the_mouse_outlives_its_handling(window, settle, qtbot):
    def held() -> list[object]:
        gc.collect()
        return [o for o in gc.get_objects() if isinstance(o, QtGui.QMouseEvent | QtGui.QWheelEvent)]

    view = view_in_sight(window, settle, "AmplitudeView")
    middle, before = view.canvas.native.rect().center(), held()
    click(qtbot, view, middle, modifiers=Qt.NoModifier)
    qtbot.mouseDClick(view.canvas.native, Qt.LeftButton, Qt.NoModifier, middle)
    qtbot.mousePress(view.canvas.native, Qt.LeftButton, Qt.NoModifier, middle)
    move(view, middle + QtCore.QPoint(9, 0))
    turn_wheel(view, middle, 1)
    settle()
    assert [o for o in held() if not any(o is old for old in before)] == []
    qtbot.mouseRelease(view.canvas.native, Qt.LeftButton, Qt.NoModifier, middle)
