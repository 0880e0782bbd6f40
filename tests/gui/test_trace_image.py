"""The trace image beside the traces: one stretch of time, whichever is scrolled."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt

from .mouse import click, place
from .test_trace_view import point_at, wheel


@pytest.fixture
def both(window, press, settle):
    press("Space")
    traces = next(p for p in window.panels if p.kind == "TraceView")
    traces.dock.give_focus()
    settle()
    image = window.panels.reopen_or_add("TraceImageView")
    settle()
    return traces.view, image


def test_scrolling_either_scrolls_both(window, press, settle, qtbot, both):
    traces, panel = both
    image = panel.view
    assert image.interval == traces.interval
    panel.dock.give_focus()
    settle()
    before = image.interval
    press("Ctrl+Alt+Right", "Ctrl+Alt+Shift++")
    assert image.interval.length_s == pytest.approx(before.length_s / 1.25)
    assert (traces.interval.start_s, traces.interval.stop_s) == pytest.approx(
        (image.interval.start_s, image.interval.stop_s)
    )
    assert window.session.time_window == pytest.approx((image.interval.start_s, image.interval.stop_s))
    traces.go_to(1.0)
    settle()
    assert image.interval.center_s == pytest.approx(1.0)
    assert image.block.traces.query.interval == image.interval
    assert window.commands.run_line(":tig 0.5") == "" and window.commands.run_line(":tis 0.25") == ""
    settle()
    assert traces.interval.center_s == pytest.approx(0.75)


def test_keys_change_the_picture(window, press, both):
    _, panel = both
    panel.dock.give_focus()
    press("Ctrl+Alt+O", "Ctrl+Alt+Up", "Ctrl+Alt+End")
    assert panel.view.settings.origin_top and panel.view.settings.scaling == pytest.approx(1.2)
    assert panel.view.interval.stop_s == pytest.approx(window.session.data.duration_s)
    press("Ctrl+Alt+T")
    assert window.line.text() == ":tig "


KEYS = [
    ("Ctrl+Alt+Left", 9.975), ("Ctrl+Alt+Right", 10.025), ("Ctrl+Shift+Alt+Left", 8.0), ("Ctrl+Shift+Alt+Right", 12.0),
    ("Ctrl+Alt+Home", 0.125), ("Ctrl+Alt+End", 19.875),
]  # fmt: skip


@pytest.mark.parametrize(("key", "center_s"), KEYS)
def test_keys_scroll_the_image_and_the_traces(press, settle, both, key, center_s):
    traces, panel = both
    panel.dock.give_focus()
    panel.view.go_to(10.0)
    settle()
    press(key)
    assert panel.view.interval.center_s == pytest.approx(center_s) == traces.interval.center_s


def test_keys_show_more_time_and_weaker_colours(press, settle, both):
    _, panel = both
    panel.dock.give_focus()
    settle()
    press("Ctrl+Alt+Shift+-", "Ctrl+Alt+Down")
    assert panel.view.interval.length_s == pytest.approx(0.3125)
    assert panel.view.settings.scaling == pytest.approx(1 / 1.2)


def test_the_mouse_scrolls_strengthens_and_picks(window, settle, both, qtbot):
    _, panel = both
    panel.dock.give_focus()
    settle()
    view, data = panel.view, window.session.data
    wheel(view, 1, Qt.ControlModifier)
    assert view.settings.scaling == pytest.approx(1.1)
    view.go_to(10.0)
    wheel(view, -1, Qt.AltModifier)
    settle()
    assert view.interval.center_s == pytest.approx(10.025)
    cluster_id = data.cluster_ids()[0]
    times, others = data.spike_times[data.spikes(cluster_id)], np.delete(data.spike_times, data.spikes(cluster_id))
    time_s = float(times[np.abs(others[None] - times[:, None]).min(axis=1).argmax()])
    view.go_to(time_s)
    view.zoom_time(5.0)
    settle()
    row = float(view._channels.index(data.peak_channel(cluster_id)))
    point = place(view, 0, time_s, row)
    point_at(view, point)
    assert view.hover.text.endswith(f"Cluster {cluster_id}")
    feature, chosen = next(p.view for p in window.panels if p.kind == "FeatureView"), []
    feature.set_channel = lambda channel_id, which: chosen.append((channel_id, which))
    click(qtbot, view, point, Qt.RightButton, Qt.ShiftModifier)
    assert chosen == [(data.peak_channel(cluster_id), 1)]
    click(qtbot, view, point)
    settle()
    assert window.session.selection.current.best_ids == (cluster_id,)


def test_choices_of_the_image_are_its_own(window, settle, both):
    traces, panel = both
    for action_id in ("image_order_by_id", "image_filter_band_pass", "image_all_channels", "image_center_channels"):
        assert window.commands.run(action_id) == ""
        settle()
    assert (panel.view.settings.order, panel.view.settings.filter) == ("id", "band-pass")
    assert (traces.settings.order, traces.settings.filter) == ("shank", "high-pass")
    assert list(panel.view._channels) == sorted(panel.view._channels)
