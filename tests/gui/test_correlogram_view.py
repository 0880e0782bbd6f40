"""Keys, wheel, snippets and clicks of the correlogram view, with real events in the window."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt

from .mouse import click, move, place
from .test_histogram_views import show, turn_wheel


@pytest.fixture
def view(window, press, settle):
    press("Space", "Space")
    return show(window, settle, "CorrelogramView")


def _middle_of_bin(view, panel, index):
    x = float(view.block.edges[index : index + 2].mean())
    return place(view, panel, x, float(view.panels.ranges()[panel, 3]) / 2)


def test_a_wheel_changes_window_and_bin_and_n_the_scale(view, press, settle):
    turn_wheel(view, 1, Qt.ControlModifier)
    turn_wheel(view, -1, Qt.AltModifier)
    settle()
    assert view.settings.window_ms == pytest.approx(55)
    assert view.settings.bin_ms == pytest.approx(1 / 1.05)
    press("N")
    assert len(set(view.panels.ranges()[:, 3])) == 1
    press("N")
    assert len(set(view.panels.ranges()[:, 3])) > 1


def test_snippets_set_bin_window_and_refractory_period(window, view, settle):
    for line in (":cb 0.5", ":cw 80", ":cr 1.5"):
        assert window.commands.run_line(line) == ""
    settle()
    assert view.status.startswith("80.0 ms (0.5 ms)")
    assert view.settings.refractory_ms == 1.5


def test_menu_entries_turn_to_logarithmic_lags_and_rates(window, view, settle):
    window.commands.run("toggle_correlogram_log_axis")
    window.commands.run("next_correlogram_normalization")
    window.commands.run("toggle_correlogram_log_counts")
    settle()
    assert view.block.logarithmic and view.settings.normalization == "count" and view.settings.log_counts
    assert "no width" in window.commands.run_line(":cb 1")
    assert window.commands.run_line(":cw 500") == ""
    settle()
    assert view.status.startswith("0.5 to 500.0 ms")


@pytest.mark.parametrize("logarithmic", [False, True])
def test_clicks_on_a_bin_show_its_pairs_in_the_traces(window, view, settle, qtbot, logarithmic):
    window.commands.run_line(":cb 10")
    if logarithmic:
        window.commands.run("toggle_correlogram_log_axis")
    settle()
    traces = next(p for p in window.panels if p.kind == "TraceView").view
    a, b = view.cluster_ids
    counts = view.block.counts[0, 1]
    index = int(np.argmax(counts))
    assert counts[index] > 2
    low, high = view.block.bins.lags(index)
    samples = window.session.model.spike_samples
    first, second = (samples[window.session.data.spikes(c)].astype(np.int64) for c in (a, b))
    pairs = [(s, t) for s in first for t in second if low <= t - s <= high]
    assert len(pairs) == counts[index]
    moments = [(s + t) / 2 / window.session.data.sample_rate for s, t in pairs]
    spot = _middle_of_bin(view, 1, index)
    shown = []
    for button in (Qt.LeftButton, Qt.LeftButton, Qt.RightButton):
        click(qtbot, view, spot, button=button, modifiers=Qt.NoModifier)
        settle()
        shown.append(traces.interval.center_s)
        assert view.status.startswith(f"pair {(1, 2, 1)[len(shown) - 1]} of {len(pairs):,} · {a} → {b} · lag")
    expected = [moments[0], moments[1], moments[0]]
    inside = [max(m, traces.interval.length_s / 2) for m in expected]
    assert shown == pytest.approx(inside, abs=1e-3)


def test_the_pointer_over_a_bin_is_told_its_pairs(view, settle):
    index = int(np.argmax(view.block.counts[0, 0]))
    move(view, _middle_of_bin(view, 0, index))
    settle()
    assert f"{view.block.counts[0, 0, index]:,.0f} pairs" in view.hover.text
