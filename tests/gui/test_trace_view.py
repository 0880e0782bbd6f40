"""Every key, gesture and snippet of the trace view, with real events in the window."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets

from .mouse import click, drag, place


@pytest.fixture
def panel(window, press, settle):
    press("Space")
    panel = next(p for p in window.panels if p.kind == "TraceView")
    panel.dock.give_focus()
    settle()
    panel.view.go_to(10.0)
    settle()
    return panel


@pytest.fixture
def view(panel):
    return panel.view


def wheel(view, notches, modifiers):
    """Turn the wheel over the middle of the view."""
    native = view.canvas.native
    middle = native.rect().center()
    # Qt swaps the axes while Alt is held.
    angle = QtCore.QPoint(120 * notches, 0) if modifiers & Qt.AltModifier else QtCore.QPoint(0, 120 * notches)
    event = QtGui.QWheelEvent(
        QtCore.QPointF(middle), QtCore.QPointF(native.mapToGlobal(middle)), QtCore.QPoint(), angle, Qt.NoButton,
        Qt.KeyboardModifiers(modifiers), Qt.NoScrollPhase, False,
    )  # fmt: skip
    QtWidgets.QApplication.sendEvent(native, event)


def point_at(view, point):
    """Move the pointer over a pixel of the view, no button pressed."""
    event = QtGui.QMouseEvent(QtCore.QEvent.MouseMove, QtCore.QPointF(point), Qt.NoButton, Qt.NoButton, Qt.NoModifier)
    QtWidgets.QApplication.sendEvent(view.canvas.native, event)


MOVES = [
    ("Alt+Right", 10.025), ("Alt+Left", 9.975), ("Shift+Alt+Right", 12.0), ("Shift+Alt+Left", 8.0),
    ("Alt+Home", 0.125), ("Alt+End", 19.875),
]  # fmt: skip


@pytest.mark.parametrize(("key", "center_s"), MOVES)
def test_keys_scroll(view, press, window, key, center_s):
    press(key)
    assert view.interval.center_s == pytest.approx(center_s)
    assert view.block.traces.query.interval == view.interval
    assert window.session.time_window == pytest.approx((view.interval.start_s, view.interval.stop_s))


def test_keys_show_less_and_more_time(view, press):
    press("Alt++")
    assert view.interval.length_s == pytest.approx(0.2) and view.interval.center_s == pytest.approx(10.0)
    press("Alt+-", "Alt+-")
    assert view.interval.length_s == pytest.approx(0.3125)


def test_keys_and_wheel_change_the_size_of_the_traces(view, press, settle):
    press("Alt+Up", "Alt+Up", "Alt+Down")
    assert view.settings.scaling == pytest.approx(1.2)
    wheel(view, 1, Qt.ControlModifier)
    assert view.settings.scaling == pytest.approx(1.2 * 1.1)


SWITCHES = [("Alt+O", "origin_top"), ("Alt+S", "all_spikes"), ("Alt+L", "labels"), ("Alt+A", "all_channels")]


@pytest.mark.parametrize(("key", "name"), SWITCHES)
def test_keys_switch(view, press, key, name):
    before = getattr(view.settings, name)
    press(key)
    assert getattr(view.settings, name) is not before
    press(key)
    assert getattr(view.settings, name) is before


def test_keys_go_from_spike_to_spike(window, view, press):
    spikes = window.session.data.spikes(view.cluster_ids[0])
    times = window.session.data.spike_times[spikes]
    after = times[times > 10.0]
    press("Alt+PgDown")
    assert view._cursor_s == after[0]
    press("Alt+PgDown", "Alt+PgUp", "Alt+PgUp")
    assert view._cursor_s == times[times < after[0]][-1]


def test_keys_go_through_violations_as_the_isi_view_does(window, view, press, settle):
    data, isi = window.session.data, window.panels.reopen_or_add("ISIView")
    settle()
    # Long enough for any unit of the simulation to have some.
    view.change(refractory_ms=50.0)
    isi.view.change(refractory_ms=50.0)
    settle()
    times = data.spike_times[data.spikes(view.cluster_ids[0])]
    middles = ((times[1:] + times[:-1]) / 2)[np.rint(np.diff(times) * data.sample_rate) < 0.05 * data.sample_rate]
    assert len(middles) > 2
    traces = next(p for p in window.panels if p.view is view)
    traces.dock.give_focus()
    settle()
    view.go_to(0.0)
    settle()
    for key, expected in (
        ("Shift+Alt+PgDown", middles[middles > 0.125][0]), ("Shift+Alt+PgDown", middles[middles > 0.125][1]),
        ("Shift+Alt+PgUp", middles[middles > 0.125][0]),
    ):  # fmt: skip
        press(key)
        assert view._cursor_s == pytest.approx(expected)
    assert f"Cluster {view.cluster_ids[0]}: " in window.status.message.text()
    isi.run_action("next_violation")
    settle()
    assert view.interval.start_s <= middles[0] <= view.interval.stop_s


def test_snippets_move_and_the_key_opens_the_line(window, view, press, settle, qtbot):
    assert window.commands.run_line(":tg 12.5") == "" and window.commands.run_line(":ts -0.5") == ""
    settle()
    assert view.interval.center_s == pytest.approx(12.0)
    press("Alt+T")
    assert window.line.text() == ":tg "
    qtbot.keyClicks(window.line, "3.5")
    qtbot.keyClick(window.line, Qt.Key_Return)
    settle()
    assert view.interval.center_s == pytest.approx(3.5)


def test_the_wheel_zooms_in_time_and_with_alt_scrolls(view, settle):
    wheel(view, 1, Qt.NoModifier)
    settle()
    assert view.interval.length_s < 0.25
    start_s, length_s = view.interval.start_s, view.interval.length_s
    wheel(view, -1, Qt.AltModifier)
    settle()
    assert view.interval.start_s == pytest.approx(start_s + 0.1 * length_s)


def test_shift_and_wheel_colour_the_spikes_that_are_not_selected(view):
    wheel(view, 1, Qt.ShiftModifier)
    assert view.settings.colored_spikes


def test_dragging_scrolls(qtbot, view, settle):
    width = (view.panels.rects[0, 2] - view.panels.rects[0, 0]) / view.ratio
    drag(qtbot, view, place(view, 0, view.interval.center_s, 5.0), QtCore.QPoint(60, 0))
    settle()
    assert view.interval.center_s == pytest.approx(10.0 - 0.25 * 60 / width, abs=0.25 / width)


def test_double_click_shows_the_usual_length(qtbot, view, press, settle):
    press("Alt++", "Alt++")
    assert view.interval.length_s < 0.2
    qtbot.mouseDClick(view.canvas.native, Qt.LeftButton, Qt.NoModifier, place(view, 0, view.interval.center_s, 5.0))
    settle()
    assert view.interval.length_s == pytest.approx(0.25)


def test_ctrl_click_on_a_spike_selects_its_cluster(qtbot, window, view, settle):
    data = window.session.data
    view.change(all_channels=True)
    peak = data.peak_channel(view.cluster_ids[0])
    other = next(c for c in data.cluster_ids() if data.peak_channel(c) != peak)
    times = data.spike_times[data.spikes(other)]
    everyone = np.delete(data.spike_times, data.spikes(other))
    # One that no other spike is near to.
    gaps = np.abs(everyone[None] - times[:, None]).min(axis=1)
    time_s = float(times[gaps.argmax()])
    view.go_to(time_s)
    view.zoom_time(5.0)
    settle()
    row = float(view._slots(len(view._channels))[view._channels.index(data.peak_channel(other))])
    point = place(view, 0, time_s, row)
    point_at(view, point)
    assert view.hover.text.endswith(f"Cluster {other}") and "Channel " in view.hover.text
    click(qtbot, view, point)
    settle()
    assert window.session.selection.current.best_ids == (other,)


def test_shift_click_chooses_the_channels_of_the_feature_view(qtbot, window, view, settle):
    feature = next(p.view for p in window.panels if p.kind == "FeatureView")
    chosen = []
    feature.set_channel = lambda channel_id, which: chosen.append((channel_id, which))
    point = place(view, 0, view.interval.start_s + 0.1, 4.0)
    channel = view._channels[int(np.argmin(np.abs(view._slots(len(view._channels)) - 4.0)))]
    click(qtbot, view, point, Qt.LeftButton, Qt.ShiftModifier)
    click(qtbot, view, point, Qt.RightButton, Qt.ShiftModifier)
    assert chosen == [(channel, 0), (channel, 1)]


def test_the_selection_is_followed_in_time_on_demand(window, panel, view, press):
    panel.run_action("toggle_follow")
    view.go_to(3.0)
    press("Down")
    data = window.session.data
    times = data.spike_times[data.spikes(view.cluster_ids[0])]
    nearest = times[np.abs(times - 3.0).argmin()]
    assert view.interval.start_s <= nearest <= view.interval.stop_s and view._cursor_s == nearest
    assert window.session.time_window == pytest.approx((view.interval.start_s, view.interval.stop_s))


def test_menu_entries_change_order_filter_lines_and_residual(window, view, settle):
    for action_id, name, value in (
        ("order_by_id", "order", "id"), ("order_by_depth", "order", "depth"),
        ("filter_band_pass", "filter", "band-pass"),
        ("filter_common_median", "filter", "common median"), ("toggle_spike_lines", "spike_lines", True),
        ("toggle_residual", "residual", True), ("toggle_auto_scale", "auto_scale", False),
    ):  # fmt: skip
        assert window.commands.run(action_id) == ""
        settle()
        assert getattr(view.settings, name) == value and view.block is not None and not view.scene.message
    assert view.block.traces.query.residual is not None
    assert "residual" in view.status
    action = next(a for a in view.actions() if a.id == "filter_common_median")
    assert action.checked() and "common median removed, high-pass 150 Hz" in action.text


def test_the_whole_recording_is_read_in_the_background(window, view, settle):
    view.set_interval(view.interval.narrowed(0.25 / 20))
    settle()
    assert view.interval.length_s == pytest.approx(window.session.data.duration_s)
    assert view.scene.progress is None and not np.isnan(view.block.traces.data).any()
    assert "channels" in view.status


def test_the_state_of_a_view_comes_back(view, press):
    press("Alt+O")
    view.change(filter="band-pass", order="id")
    state = view.state()
    fresh = type(view)(view.host)
    fresh.restore(state)
    assert fresh.settings == view.settings and fresh.interval == view.interval
