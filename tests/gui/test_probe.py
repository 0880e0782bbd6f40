"""The probe view in the window: real clicks on contacts, clusters and around them; the pointer; tables and actions."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtCore

from .mouse import click, place

MAIN, OVERVIEW = 0, 1


@pytest.fixture
def view(window, settle, qtbot):
    """The probe view, large and on its own."""
    panel = next(p for p in window.panels if p.kind == "ProbeView")
    panel.dock.give_focus()
    settle()
    panel.dock.setFloating(True)
    panel.dock.resize(500, 800)
    settle()
    return panel.view


def ring(view, cluster_id):
    """Return the pixel of a cluster's ring."""
    units = view.block.units
    row = units.cluster_ids.tolist().index(cluster_id)
    return place(view, MAIN, units.x[row], units.y[row])


def alone(view):
    """Return clusters whose rings are farther from every other ring than a click reaches."""
    units = view.block.units
    x, y = view.panels.to_pixels(MAIN, units.x, units.y)
    apart = np.hypot(x[:, None] - x[None], y[:, None] - y[None]) + 1e6 * np.eye(len(x))
    left, top, right, bottom = view.panels.rects[MAIN]
    seen = (x > left) & (x < right) & (y > top) & (y < bottom)
    return units.cluster_ids[(apart.min(axis=1) > 16 * view.ratio) & seen].tolist()


def test_a_click_on_a_ring_selects_and_shift_adds(window, settle, qtbot, view):
    a, b = alone(view)[:2]
    click(qtbot, view, ring(view, a), modifiers=Qt.NoModifier)
    settle()
    assert window.session.selection.cluster_ids == (a,) and view.cluster_ids == (a,)
    click(qtbot, view, ring(view, b), modifiers=Qt.ShiftModifier)
    settle()
    assert window.session.selection.cluster_ids == (a, b)


def test_a_click_on_a_contact_selects_the_clusters_whose_peak_it_is(window, settle, qtbot, view):
    assert window.commands.run_line("toggle_units") == ""
    settle()
    data = window.session.data
    channel = next(ch for ch in range(data.n_channels) if data.clusters_at(ch))
    at = place(view, MAIN, *view.block.probe.positions[channel])
    click(qtbot, view, at, modifiers=Qt.NoModifier)
    settle()
    assert window.session.selection.cluster_ids == data.clusters_at(channel)
    other = next(ch for ch in range(channel + 1, data.n_channels) if data.clusters_at(ch))
    click(qtbot, view, place(view, MAIN, *view.block.probe.positions[other]), modifiers=Qt.ShiftModifier)
    settle()
    assert window.session.selection.cluster_ids == (*data.clusters_at(channel), *data.clusters_at(other))


def test_alt_clicks_select_a_region_and_alt_right_click_clears_it(window, settle, qtbot, view):
    x0, x1, _, y1 = view.panels.ranges()[MAIN]
    middle = float(np.median(view.block.units.y)) + 5  # more than a pixel
    edge = 0.01 * (x1 - x0)
    for x, y in ((x0 + edge, middle), (x1 - edge, middle), (x1 - edge, y1 - 1), (x0 + edge, y1 - 1)):
        click(qtbot, view, place(view, MAIN, x, y), modifiers=Qt.AltModifier)
        settle()
    units = view.block.units
    assert sorted(window.session.selection.cluster_ids) == sorted(units.cluster_ids[units.y > middle].tolist())
    assert len(view.scene.lasso) == 4
    click(qtbot, view, place(view, MAIN, (x0 + x1) / 2, middle), button=Qt.RightButton, modifiers=Qt.AltModifier)
    assert len(view.scene.lasso) == 0


def test_control_clicks_and_a_held_digit_choose_channels_for_the_features(window, press, settle, qtbot, view):
    press("Space")
    feature = next(p for p in window.panels if p.kind == "FeatureView").view
    peak = window.session.data.peak_channel(window.session.selection.cluster_ids[0])
    channels = [ch for ch in window.session.data.best_channels(window.session.selection.cluster_ids[0]) if ch != peak]
    at = [place(view, MAIN, *view.block.probe.positions[ch]) for ch in channels[:3]]
    click(qtbot, view, at[0], modifiers=Qt.ControlModifier)
    click(qtbot, view, at[1], button=Qt.RightButton, modifiers=Qt.ControlModifier)
    settle()
    assert list(feature.block.channel_ids[:2]) == channels[:2]
    view.canvas.native.setFocus()
    qtbot.keyPress(view.canvas.native, Qt.Key_0)
    click(qtbot, view, at[2], modifiers=Qt.NoModifier)
    qtbot.keyRelease(view.canvas.native, Qt.Key_0)
    settle()
    assert feature.block.channel_ids[0] == channels[2]


def test_drag_pans_the_wheel_zooms_and_a_double_click_resets(window, settle, qtbot, view):
    native, home = view.canvas.native, view.panels.ranges()[MAIN].copy()
    at = QtCore.QPoint(native.width() // 2, native.height() // 2)
    qtbot.mousePress(native, Qt.LeftButton, Qt.NoModifier, at)
    qtbot.mouseMove(native, at + QtCore.QPoint(0, 60))
    qtbot.waitUntil(lambda: view.panels.ranges()[MAIN][2] > home[2], timeout=20_000)
    qtbot.mouseRelease(native, Qt.LeftButton, Qt.NoModifier, at + QtCore.QPoint(0, 60))
    settle()
    moved = view.panels.ranges()[MAIN]
    assert moved[3] - moved[2] == pytest.approx(home[3] - home[2])
    qtbot.mouseDClick(native, Qt.LeftButton, Qt.NoModifier, at)
    settle()
    assert view.panels.ranges()[MAIN] == pytest.approx(home)


def test_the_pointer_is_told_what_is_there(window, settle, qtbot, view):
    cluster = alone(view)[0]
    qtbot.mouseMove(view.canvas.native, ring(view, cluster))
    qtbot.waitUntil(lambda: view.hover.text.startswith(f"cluster {cluster} · unsorted · "), timeout=20_000)


def test_the_clusters_follow_merge_filter_and_undo(window, settle, qtbot, view):
    session = window.session
    everyone = sorted(session.cluster_ids)
    assert sorted(view.block.units.cluster_ids.tolist()) == everyone
    session.merge(everyone[:2])
    qtbot.waitUntil(
        lambda: sorted(view.block.units.cluster_ids.tolist()) == sorted(session.cluster_ids), timeout=20_000
    )
    session.filter("n_spikes < 0")
    qtbot.waitUntil(lambda: len(view.block.units.cluster_ids) == 0, timeout=20_000)
    session.filter("")
    session.undo()
    qtbot.waitUntil(lambda: sorted(view.block.units.cluster_ids.tolist()) == everyone, timeout=20_000)
