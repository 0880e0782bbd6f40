"""Keys of the trace and correlogram views, pressed in a window."""

from __future__ import annotations

import pytest


@pytest.fixture
def traces(window, press):
    press("Space")
    panel = next(p for p in window.panels if p.kind == "TraceView")
    panel.dock.give_focus()
    return panel.view


@pytest.fixture
def correlograms(window, press):
    press("Space")
    panel = next(p for p in window.panels if p.kind == "CorrelogramView")
    panel.dock.give_focus()
    return panel.view


def test_trace_keys_move_in_time_and_every_view_hears_of_it(window, press, settle, traces):
    settle()
    before = traces.interval
    press("Alt+Right")
    assert traces.interval.start_s == pytest.approx(before.start_s + 0.1 * before.length_s)
    assert traces.block.traces.query.interval == traces.interval
    assert window.session.time_window == (traces.interval.start_s, traces.interval.stop_s)
    press("Alt+Left", "Alt+PgDown")
    spikes = window.session.data.spikes(window.session.selection.cluster_ids[0])
    assert traces._cursor_s in window.session.data.spike_times[spikes]
    press("Alt+End")
    assert traces.interval.stop_s == pytest.approx(window.session.data.duration_s)


def test_alt_t_asks_for_a_time_in_the_line(window, press, qtbot, traces):
    press("Alt+T")
    assert window.line.text() == ":tg "
    qtbot.keyClicks(window.line, "0.5")
    press("Return")
    assert traces.interval.center_s == pytest.approx(0.5)


def test_trace_keys_change_what_is_drawn(window, press, traces):
    press("Alt++", "Alt+Up", "Alt+S", "Alt+L", "Alt+O", "Alt+A")
    settings = traces.settings
    assert traces.interval.length_s == pytest.approx(0.2)
    assert settings.scaling == pytest.approx(1.2)
    assert (settings.all_spikes, settings.labels, settings.origin_top, settings.all_channels) == (
        True,
        False,
        True,
        True,
    )


def test_another_view_can_send_the_traces_to_a_moment(window, settle, traces):
    window.host.go_to_time(0.75)
    settle()
    assert traces.interval.center_s == pytest.approx(0.75)


def test_correlogram_snippets_take_a_value_and_ask_for_a_missing_one(window, press, qtbot, correlograms):
    assert window.commands.run_line(":cw 80") == ""
    assert window.commands.run_line(":cb 0.5") == ""
    press("N")
    settings = correlograms.settings
    assert (settings.window_ms, settings.bin_ms, settings.same_scale) == (80, 0.5, True)
    assert "cw" in window.commands.run_line(":cw") or "needs" in window.commands.run_line(":cw")
    assert "between" in window.commands.run_line(":cb -1")
