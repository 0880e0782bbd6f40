"""Time ranges in the window: real drags, keys and snippets, and every view counted against masks over all spikes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtCore, QtWidgets

from .mouse import data_at, inside, lasso, place
from .test_mouse import labels_after_split

_MARK = Qt.ShiftModifier | Qt.AltModifier
_TIME_VIEWS = ("AmplitudeView", "DriftView", "RasterView", "FiringRateView", "FeatureView", "TraceView")
_COUNTED = {
    "WaveformView": r"of ([\d,]+)",
    "AmplitudeView": r"([\d,]+) spikes",
    "RasterView": r"([\d,]+) spikes",
}


@pytest.fixture
def settle(settle_docks):
    return settle_docks


@pytest.fixture
def opened(window, settle):
    def open_view(kind):
        panel = window.panels.target(kind) or window.panels.reopen_or_add(kind)
        panel.dock.give_focus()
        settle()
        return panel.view

    return open_view


@pytest.fixture
def type_line(window, settle):
    def run(line):
        said = window.commands.run_line(line)
        settle()
        return said

    return run


def _drag(qtbot, view, panel, x0, x1, button):
    """Drag along the middle of a panel; return the times of the two pixels."""
    native = view.canvas.native
    y = float(np.mean(view.panels.ranges()[panel, 2:]))
    start, stop = place(view, panel, x0, y), place(view, panel, x1, y)
    qtbot.mousePress(native, button, _MARK, start)
    for part in (0.3, 0.7, 1.0):
        point = QtCore.QPointF(start) + part * QtCore.QPointF(stop - start)
        event = QtWidgets.QApplication
        move = _move_event(point, button)
        event.sendEvent(native, move)
    qtbot.mouseRelease(native, button, _MARK, stop)
    return sorted((data_at(view, panel, start)[0], data_at(view, panel, stop)[0]))


def _move_event(point, button):
    from phy_medicine.gui.qt import QtGui

    return QtGui.QMouseEvent(QtCore.QEvent.MouseMove, point, Qt.NoButton, Qt.MouseButtons(button), _MARK)


def _masks(session):
    times = session.model.spike_times
    return {
        which: np.ones(len(times), bool) if r is None else (times >= r.start_s) & (times < r.stop_s)
        for which, r in (("a", session.time_ranges.a), ("b", session.time_ranges.b))
    }


@pytest.mark.parametrize("kind", _TIME_VIEWS)
def test_a_drag_in_a_view_over_time_marks_a_range(window, opened, press, settle, qtbot, kind):
    press("Space")
    view = opened(kind)
    panel = view.time_panels()[0]
    before = view.panels.ranges().copy()
    x0, x1 = before[panel, :2]
    ends = _drag(qtbot, view, panel, x0 + 0.25 * (x1 - x0), x0 + 0.6 * (x1 - x0), Qt.LeftButton)
    settle()
    chosen = window.session.time_ranges.a
    assert (chosen.start_s, chosen.stop_s) == pytest.approx(ends) and view.marked is None
    ends = _drag(qtbot, view, panel, x0 + 0.9 * (x1 - x0), x0 + 0.7 * (x1 - x0), Qt.RightButton)
    settle()
    second = window.session.time_ranges.b
    assert (second.start_s, second.stop_s) == pytest.approx(ends)
    assert (view.panels.ranges()[panel, :2] == before[panel, :2]).all()
    assert window.session.time_ranges.a == chosen


def test_the_same_drag_elsewhere_marks_nothing(window, opened, press, qtbot):
    press("Space")
    view = opened("CorrelogramView")
    _drag(qtbot, view, 0, -10, 10, Qt.LeftButton)
    assert window.session.time_ranges.a is None


def test_snippets_choose_and_clear_and_say_what_is_wrong(window, type_line):
    ranges = window.session.time_ranges
    assert type_line(":range 2 8") == "" and (ranges.a.start_s, ranges.a.stop_s) == (2, 8)
    assert type_line(":range2 12 18.5") == "" and ranges.b.text == "12–18.5 s"
    assert "two times in seconds" in type_line(":range 2") and "two times" in type_line(":range early late")
    assert "holds nothing" in type_line(":range 30 40") and ranges.a.text == "2–8 s"
    assert window.ranges._mark.text().startswith("A 2–8 s · B 12–18.5 s of 20 s")
    assert type_line(":range") == "" and ranges.a is None and ranges.b is not None
    assert type_line(":clear_time_range") == "" and ranges.b is None and not window.ranges._mark.isVisible()


def test_a_click_on_the_mark_shows_the_whole_recording(window, type_line, settle, qtbot):
    type_line(":first_and_last_third")
    assert window.ranges._mark.isVisible()
    qtbot.mouseClick(window.ranges._mark, Qt.LeftButton)
    settle()
    assert (window.session.time_ranges.a, window.session.time_ranges.b) == (None, None)


def test_the_range_of_the_trace_window_is_taken(window, opened, press, type_line):
    press("Space")
    opened("TraceView")
    assert type_line(":range_from_trace") == ""
    chosen = window.session.time_ranges.a
    assert (chosen.start_s, chosen.stop_s) == pytest.approx(window.session.time_window)


def test_escape_keeps_the_range(window, type_line, press):
    type_line(":range 2 8")
    press("Escape")
    assert window.session.time_ranges.a is not None


def test_every_open_view_shows_the_spikes_of_its_range(window, type_line, press, settle):
    session = window.session
    press("Space", "Space")
    for kind in window.arrangement.kinds:
        if kind in window.panels.kinds:
            window.panels.reopen_or_add(kind)
    type_line(":first_and_last_third")
    for kind in ("WaveformView", "AmplitudeView", "CorrelogramView"):
        window.panels.twin(window.panels.target(kind), "b")
    labels = session.spike_clusters()
    for step in ("", ":range 1 3.5", ":range2 4 19", ":range"):
        if step:
            type_line(step)
        masks, chosen = _masks(session), {"a": session.time_ranges.a, "b": session.time_ranges.b}
        for panel in window.panels:
            panel.dock.give_focus()
            settle()
            view, mask = panel.view, masks[panel.which]
            request = view.shown_request
            assert request.time_range == chosen[panel.which], panel.name
            for cluster_id, spikes in zip(request.cluster_ids, request.spike_ids, strict=True):
                assert spikes.tolist() == np.flatnonzero(mask & (labels == cluster_id)).tolist(), panel.name
            if panel.kind in _COUNTED and view.block is not None:
                mine = mask if panel.kind == "RasterView" else mask & np.isin(labels, view.cluster_ids)
                found = re.search(_COUNTED[panel.kind], view.status)
                assert int(found[1].replace(",", "")) == mine.sum(), (panel.name, view.status)
            if panel.kind == "DriftView":
                full = view._source.inside(_whole(view), view.block.removed)
                assert mask[full].all()
            assert panel.dock.bar._badge == (panel.which.upper() if chosen[panel.which] else "")
        cells = {c: session.cluster_table.value(c, "n_spikes") for c in session.cluster_ids}
        assert cells == {c: int((masks["a"] & (labels == c)).sum()) for c in session.cluster_ids}
        shown = window.tables.clusters.model.text_of(session.cluster_ids[0], _column(session, "n_spikes"))
        assert int(shown.replace(",", "")) == cells[session.cluster_ids[0]]


def _whole(view):
    from phy_medicine.compute.spike_map import Window

    return Window(*view._source.whole_s, *view._source.whole_um)


def _column(session, name):
    return next(c for c in session.cluster_table.columns if c.name == name)


def test_views_of_clusters_without_a_spike_in_the_range_say_so_or_are_empty(window, type_line, press, settle, caplog):
    press("Space", "Space")
    for kind in window.arrangement.kinds:
        if kind in window.panels.kinds:
            window.panels.reopen_or_add(kind)
    times = window.session.model.spike_times
    gap = int(np.argmax(np.diff(times)))
    type_line(f":range {times[gap] + 1e-6} {times[gap + 1] - 1e-6}")
    for panel in window.panels:
        panel.dock.give_focus()
        settle()
        assert "failed" not in panel.view.scene.message, panel.name
        assert all(len(spikes) == 0 for spikes in panel.view.shown_request.spike_ids)
        assert panel.view.canvas.error is None


def test_a_lasso_splits_only_the_spikes_that_are_seen(window, opened, type_line, press, qtbot):
    session = window.session
    press("Space", "Space")
    view = opened("AmplitudeView")
    type_line(":range 4 13")
    model, before = session.model, session.spike_clusters()
    x0, x1, _, y1 = view.panels.ranges()[0]
    middle = float(np.median(model.amplitudes[np.isin(before, session.selection.cluster_ids)]))
    left, right, top = x0 + 0.05 * (x1 - x0), x0 + 0.95 * (x1 - x0), 0.9 * y1
    polygon = lasso(qtbot, view, 0, [(left, middle), (right, middle), (right, top), (left, top)])
    seen = _masks(session)["a"] & np.isin(before, session.selection.cluster_ids)
    chosen = inside(model.spike_times, model.amplitudes, polygon) & seen
    assert 10 < chosen.sum() < seen.sum()
    press("K")
    assert (session.spike_clusters() == labels_after_split(before, chosen, ())).all()
    assert "Only spikes of 4–13 s were split off" in window.status.message.text()
    press("Ctrl+Z")
    assert (session.spike_clusters() == before).all() and session.time_ranges.a.text == "4–13 s"


def test_a_lasso_in_a_twin_splits_spikes_of_the_second_range(window, opened, type_line, press, qtbot, settle):
    session = window.session
    press("Space", "Space")
    opened("AmplitudeView").canvas.native.setFocus()
    settle()
    type_line(":first_and_last_third")
    twin = window.ranges.add_twin()
    settle()
    before, late = session.spike_clusters(), _masks(session)["b"]
    x0, x1, y0, y1 = twin.view.panels.ranges()[0]
    left, right, top = x0 + 0.05 * (x1 - x0), x0 + 0.95 * (x1 - x0), y1 - 0.1 * (y1 - y0)
    lasso(qtbot, twin.view, 0, [(left, 0.3 * y1), (right, 0.2 * y1), (right, top), (left, top)])
    chosen = np.zeros(len(before), bool)
    chosen[window.host.lasso_spikes()] = True
    assert chosen.any() and late[chosen].all()
    press("K")
    assert (session.spike_clusters() == labels_after_split(before, chosen, ())).all()


def test_a_twin_waits_for_its_range_and_closes_like_any_view(window, opened, type_line, press, settle):
    press("Space")
    view = opened("CorrelogramView")
    view.canvas.native.setFocus()
    settle()
    twin = window.ranges.add_twin()
    settle()
    assert twin.name == "Correlograms B" and ":range2" in twin.view.scene.message
    type_line(":range2 5 15")
    assert twin.view.scene.message == "" and view.shown_request.time_range is None
    assert twin.view.block.counts.sum() < view.block.counts.sum()
    twin.view.change(bin_ms=2.0)
    settle()
    assert view.settings.bin_ms == 1.0
    assert window.ranges.add_twin() is twin
    twin.dock.close()
    settle()
    assert not twin.open and window.panels.target("CorrelogramView").view is view


def test_the_newest_range_wins(window, opened, press, settle):
    press("Space", "Space")
    view = opened("WaveformView")
    for stop in (5, 9, 14):
        window.session.set_time_range(1, stop)
    settle()
    assert view.shown_request.time_range.text == "1–14 s"
    window.session.set_time_range(1, 9)
    press("Space")
    assert view.shown_request.time_range.text == "1–9 s"


def test_keys_do_the_same_with_a_range_as_without(window, session, type_line, press):
    def curate():
        press("Home", "Space", "G", "Ctrl+Z", "Ctrl+Shift+Z", "Alt+G", "Ctrl+Z", "Ctrl+Z")
        return session.spike_clusters().tolist(), session.cluster_ids, session.manager.labels.values("group")

    session.sort("id", True)
    without = curate()
    type_line(":first_and_last_third")
    assert curate()[0] == without[0]


def test_ranges_and_twins_come_back_with_the_dataset(session, open_window, qtbot):
    window = open_window(session, scripted=False, size=None)
    window.commands.run_line(":compare_early_late")
    qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
    names = {p.name for p in window.panels if p.which == "b"}
    assert {"Waveforms B", "Amplitudes B", "Correlograms B"} == names
    window.close()
    session.clear_time_range()
    again = open_window(session, scripted=False, size=None)
    assert {p.name for p in again.panels if p.which == "b"} == names
    assert session.time_ranges.a is not None and session.time_ranges.b is not None
