"""The trace image beside the traces: one stretch of time, whichever is scrolled."""

from __future__ import annotations

import pytest


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
