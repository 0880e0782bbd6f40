"""What if, from the keyboard: seen in the views, told in numbers, and done or not."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt
from phy_medicine.gui.table_panels import SIMILAR

from .mouse import inside, lasso
from .test_mouse import labels_after_split, view_in_sight

pytestmark = pytest.mark.usefixtures("usual_views")


def shown(window):
    return {v.name: tuple(map(str, v.cluster_ids)) for v in window.host.views if window.host.in_sight(v)}


def select_two(session, settle):
    a, b = session.cluster_table.visible_ids()[:2]
    session.select([a, b])
    settle()
    return a, b


def test_two_clusters_are_seen_as_one_and_merged(window, press, settle):
    session = window.session
    a, b = select_two(session, settle)
    before, labels = shown(window), session.spike_clusters()
    press("T")
    low, high = sorted((a, b))
    views = shown(window)
    assert views["WaveformView"] == views["CorrelogramView"] == (f"{low}+{high}",)
    assert (session.spike_clusters() == labels).all()
    assert not session.dirty
    press("T")
    assert shown(window) == before
    press("T")
    press("G")
    (new,) = session.selection.best_ids
    assert (session.spike_clusters() == np.where(np.isin(labels, (a, b)), new, labels)).all()
    assert not window.what_if.panel.isVisible()
    press("Ctrl+Z")
    assert (session.spike_clusters() == labels).all()


def test_escape_goes_back_and_then_clears_the_filter(window, press, settle):
    session = window.session
    session.filter("n_spikes > 0")
    select_two(session, settle)
    press("T")
    press("Escape")
    assert session.suppose.current is None
    assert session.cluster_table.filter_text == "n_spikes > 0"
    press("Escape")
    assert session.cluster_table.filter_text == ""


def test_another_selection_ends_it(window, press, settle):
    select_two(window.session, settle)
    press("T")
    assert window.what_if.panel.isVisible()
    press("Down")
    assert window.session.suppose.current is None
    assert not window.what_if.panel.isVisible()
    assert shown(window)["WaveformView"] == tuple(map(str, window.session.selection.cluster_ids))


def test_the_numbers_before_and_after_are_told(window, press, settle, qtbot):
    session = window.session
    a, b = sorted(select_two(session, settle))
    press("T")
    table = window.what_if.panel.table
    qtbot.waitUntil(lambda: table.columnCount() == 3, timeout=5000)
    titles = [table.horizontalHeaderItem(i).text() for i in range(3)]
    assert titles == [str(a), str(b), f"{a}+{b}"]
    counts = [int(table.item(0, i).text().replace(",", "")) for i in range(3)]
    assert counts == [len(session.facts.spikes(a)), len(session.facts.spikes(b)), counts[0] + counts[1]]
    assert table.verticalHeaderItem(0).text() == "Spikes"
    assert window.what_if.panel.geometry().contains(window.tables.docks[SIMILAR].geometry().center())


def test_one_cluster_alone_says_what_to_do(window, press, settle):
    window.session.select(window.session.cluster_ids[:1])
    settle()
    press("T")
    assert window.session.suppose.current is None
    assert "draw a lasso" in window.status.message.text()


def test_the_split_by_a_lasso_is_seen_and_done(window, press, settle, qtbot):
    session = window.session
    largest = session.cluster_table.visible_ids()[0]
    session.select([largest])
    settle()
    view, labels = view_in_sight(window, settle, "AmplitudeView"), session.spike_clusters()
    x0, x1, _low, y1 = view.panels.ranges()[0]
    left, right, middle = x0 + 0.3 * (x1 - x0), x0 + 0.7 * (x1 - x0), float(np.median(session.model.amplitudes))
    polygon = lasso(qtbot, view, 0, [(left, middle), (right, middle), (right, 0.9 * y1), (left, 0.9 * y1)])
    settle()
    chosen = inside(session.model.spike_times, session.model.amplitudes, polygon) & (labels == largest)
    press("T")
    assert shown(window)["WaveformView"] == (f"{largest}a", f"{largest}b")
    assert view.cluster_ids == session.suppose.current.ids
    assert view.scene.lasso.closed
    assert (session.spike_clusters() == labels).all()
    press("K")
    assert (session.spike_clusters() == labels_after_split(labels, chosen, [largest])).all()
    assert session.suppose.current is None
    assert not view.scene.lasso.closed


def test_a_click_on_what_is_supposed_changes_nothing(window, press, settle, qtbot):
    select_two(window.session, settle)
    press("T")
    window.host.select([window.session.suppose.current.ids[0]])
    assert window.session.suppose.current is not None
    assert "There is no cluster" in window.status.message.text() or window.later.pending


def test_the_panel_follows_the_window(window, press, settle, qtbot):
    select_two(window.session, settle)
    press("T")
    window.resize(window.width() - 100, window.height() - 60)
    settle()
    qtbot.waitUntil(lambda: window.what_if.panel.size() == window.tables.docks[SIMILAR].size(), timeout=5000)
    assert window.what_if.panel.focusPolicy() == Qt.NoFocus
