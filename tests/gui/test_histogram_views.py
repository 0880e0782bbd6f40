"""Wheel, clicks and snippets of the histogram views, with real events in the window."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets

from .mouse import click, move, place

KINDS = ("HistogramView", "ISIView", "FiringRateView")


def add(window, settle, kind):
    """Add a view and return it once it shows the selection."""
    window.commands.run("add_view", kind)
    settle()
    return next(p for p in window.panels if p.kind == kind).view


def show(window, settle, kind):
    """Bring a view to the front and return it."""
    panel = next(p for p in window.panels if p.kind == kind)
    panel.dock.give_focus()
    settle()
    return panel.view


def half_way(view):
    return float(view.panels.ranges()[0, 3]) / 2


def turn_wheel(view, notches, modifiers):
    native = view.canvas.native
    middle = QtCore.QPoint(native.width() // 2, native.height() // 2)
    # Qt swaps the axes while Alt is held.
    angle = QtCore.QPoint(120 * notches, 0) if modifiers & Qt.AltModifier else QtCore.QPoint(0, 120 * notches)
    event = QtGui.QWheelEvent(
        QtCore.QPointF(middle), QtCore.QPointF(native.mapToGlobal(middle)), QtCore.QPoint(), angle, Qt.NoButton,
        Qt.KeyboardModifiers(modifiers), Qt.NoScrollPhase, False,
    )  # fmt: skip
    QtWidgets.QApplication.sendEvent(native, event)


def test_every_histogram_follows_selection_wheel_and_its_own_snippets(window, press, settle):
    press("Space")
    views = {}
    for kind in KINDS:
        view = views[kind] = add(window, settle, kind)
        assert view.cluster_ids == window.session.selection.cluster_ids and view.scene.message == ""
        before = view.block.bins
        turn_wheel(view, -1, Qt.ControlModifier)
        turn_wheel(view, 1, Qt.AltModifier)
        settle()
        assert view.block.bins.high < before.high and view.block.bins.n > before.n
    for line in (":hn 30", ":isin 40", ":isimax 20", ":frb 0.1", ":isir 1"):
        assert window.commands.run_line(line) == ""
    # Behind the tab of the next view nothing is counted.
    show(window, settle, "FiringRateView")
    isi, rate = views["ISIView"].settings, views["FiringRateView"].block.bins
    assert views["HistogramView"].settings.n_bins == 30
    assert (isi.n_bins, isi.x_max, isi.refractory_ms) == (40, 20, 1)
    assert rate.width == pytest.approx(0.1, rel=0.1)
    assert "must lie between" in window.commands.run_line(":isin 1")


def test_clicks_on_short_intervals_and_moments_move_the_traces(window, press, settle, qtbot):
    press("Space")
    traces = show(window, settle, "TraceView")
    view = add(window, settle, "ISIView")
    cluster_id = window.session.selection.cluster_ids[0]
    index = int(np.flatnonzero(view.block.rows[0].counts)[0])
    low, high = view.block.bins.edges(index)
    click(qtbot, view, place(view, 0, (low + high) / 2, half_way(view)), modifiers=Qt.NoModifier)
    assert view.status.startswith(f"1 of {cluster_id}: ")
    show(window, settle, "TraceView")
    times = window.session.data.spike_times[window.session.data.spikes(cluster_id)]
    gaps = 1e3 * np.diff(times)
    middles = ((times[1:] + times[:-1]) / 2)[(gaps > low - 1e-6) & (gaps < high + 1e-6)]
    assert np.abs(middles - traces.interval.center_s).min() < 1e-3
    rates = add(window, settle, "FiringRateView")
    quarter = window.session.data.duration_s / 4
    click(qtbot, rates, place(rates, 0, quarter, half_way(rates)), modifiers=Qt.AltModifier)
    show(window, settle, "TraceView")
    assert traces.interval.center_s == pytest.approx(quarter, abs=window.session.data.duration_s / 100)
    assert rates.time_window == window.session.time_window


@pytest.mark.parametrize(
    ("kind", "alias", "low", "high"),
    [("HistogramView", "h", 5, 25), ("ISIView", "isi", 1, 21), ("FiringRateView", "fr", 2, 12)],
)
def test_every_snippet_of_range_and_bins_is_followed(window, press, settle, kind, alias, low, high):
    press("Space")
    view = add(window, settle, kind)
    for line in (f":{alias}min {low}", f":{alias}max {high}", f":{alias}b 0.5"):
        assert window.commands.run_line(line) == ""
        settle()
    bins = view.block.bins
    assert (bins.low, bins.high, bins.n) == (low, high, 2 * (high - low))
    assert window.commands.run_line(f":{alias}n 7") == ""
    settle()
    assert view.block.bins.n == 7
    turn_wheel(view, 1, Qt.ShiftModifier)
    settle()
    assert view.block.bins.low == pytest.approx(1.1 * low) and view.block.bins.high == high


@pytest.mark.parametrize("kind", KINDS)
def test_the_pointer_over_a_histogram_is_told_its_bar(window, press, settle, kind):
    press("Space")
    view = add(window, settle, kind)
    index = int(np.argmax(view.block.rows[0].counts))
    bins = view.block.bins
    move(view, place(view, 0, bins.ends[0] + (index + 0.5) * bins.width, half_way(view)))
    cluster_id, n = view.cluster_ids[0], int(view.block.rows[0].counts[index])
    assert view.hover.text.startswith(f"{cluster_id}: {n:,} ")
