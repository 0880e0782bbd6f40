"""Docks go where they are dragged, and every view goes on drawing there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session

from . import dock_moves


def test_every_view_is_drawn_after_every_move(window):
    dock_moves.move_all(window)


def test_every_view_is_drawn_after_every_move_without_shared_contexts(simulated_dataset):
    script = Path(dock_moves.__file__)
    done = subprocess.run([sys.executable, script, simulated_dataset], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "all views drawn\n"


def test_floating_tabbed_and_closed_docks_are_remembered(session, open_window):
    window = open_window(session, size=(1280, 800))
    panels = {p.kind: p for p in window.panels}
    floating, closed = panels["AmplitudeView"], panels["CorrelogramView"]
    floating.dock.setFloating(True)
    closed.dock.close()
    window.tabifyDockWidget(panels["WaveformView"].dock, panels["FeatureView"].dock)
    dock_moves.settle(window)
    window.scripted = False
    window.close()
    again = Session.open(session.model.path)
    second = MainWindow(again, WindowState.of_dataset(again.model.dir_path, writable=True), scripted=True)
    second.open()
    dock_moves.settle(second)
    found = {p.kind: p for p in second.panels}
    assert found["AmplitudeView"].dock.isFloating()
    assert "CorrelogramView" not in found or not found["CorrelogramView"].open
    tabs = second.tabifiedDockWidgets(found["WaveformView"].dock)
    assert found["FeatureView"].dock in tabs
    second.close()
    again.close()


def test_a_view_behind_a_tab_shows_the_newest_selection_when_it_comes_to_the_front(window, settle):
    panels = {p.kind: p for p in window.panels}
    hidden = panels["FeatureView"]
    window.tabifyDockWidget(panels["WaveformView"].dock, hidden.dock)
    panels["WaveformView"].dock.raise_()
    settle()
    window.session.next()
    window.session.next()
    settle()
    hidden.dock.raise_()
    dock_moves.check(window, hidden)
    assert hidden.view.cluster_ids == window.session.selection.cluster_ids


def test_a_window_opened_again_shows_the_same_views_drawn(session, open_window):
    window = open_window(session, size=(1280, 800))
    names = sorted(p.name for p in window.panels if p.open)
    window.scripted = False
    window.close()
    again = Session.open(session.model.path)
    second = MainWindow(again, WindowState.of_dataset(again.model.dir_path, writable=True), scripted=True)
    second.open()
    again.next()
    assert sorted(p.name for p in second.panels if p.open) == names
    for panel in second.panels:
        panel.dock.raise_()
        dock_moves.check(second, panel)
    assert second.tables.clusters.isVisible()
    second.close()
    again.close()


@pytest.mark.parametrize("size", [(1280, 800), (1600, 900), (1900, 1180)])
def test_no_view_of_the_default_layout_is_too_small(session, open_window, size):
    window = open_window(session, size=size)
    for panel in window.panels:
        panel.dock.raise_()
        dock_moves.settle(window)
        assert panel.dock.width() >= 220, panel.name
        assert panel.dock.height() >= 160, panel.name


def test_a_dock_behind_a_tab_leaves_its_title_to_the_tab(window, qtbot):
    docks = {p.kind: p.dock for p in window.panels}
    a, b = docks["AmplitudeView"], docks["CorrelogramView"]
    docks["DriftView"].close()  # it shares a tab with the amplitudes
    qtbot.waitUntil(lambda: a.bar._title_shown and b.bar._title_shown)
    window.tabifyDockWidget(a, b)
    qtbot.waitUntil(lambda: not a.bar._title_shown and not b.bar._title_shown)
    b.setFloating(True)
    qtbot.waitUntil(lambda: a.bar._title_shown and b.bar._title_shown)
