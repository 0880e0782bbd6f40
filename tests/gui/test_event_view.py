"""Events in the window: read from a file beside the dataset, chosen by the snippet, shown in the traces."""

from __future__ import annotations

import pytest

from phy_medicine.gui.qt import Qt
from phy_medicine.io.template_model import TemplateModel
from phy_medicine.session.session import Session

from .mouse import click, place


@pytest.fixture
def session(dataset):
    times = TemplateModel.open(dataset).spike_times
    rows = "".join(
        f"{t:.4f},{kind},0.05\n"
        for t, kind in zip(times[len(times) // 10 :: len(times) // 8][:6], "ababab", strict=True)
    )
    (dataset.parent / "events.csv").write_text("time,label,duration\n" + rows)
    session = Session.open(dataset)
    yield session
    session.close()


@pytest.fixture
def view(window, press, settle):
    press("Space")
    window.commands.run("add_view", "EventView")
    settle()
    return next(p for p in window.panels if p.kind == "EventView").view


def test_events_are_chosen_in_the_command_line_and_shown_in_the_traces(window, view, settle, press, qtbot):
    session = window.session
    assert view.status.startswith("3 a · ")
    press(":")
    qtbot.keyClicks(window.line, "e b")
    press("Return")
    assert view.settings.event == "b" and view.status.startswith("3 b · ")
    point = place(view, 0, 50.0, 2.5)  # the first event of the one cluster
    click(qtbot, view, point, modifiers=Qt.AltModifier)
    settle()
    start, stop = session.time_window
    assert (start + stop) / 2 == pytest.approx(session.data.events["b"].times_s[0] + 0.05, abs=0.01)


def test_the_raster_follows_selection_and_merge(window, view, press):
    session = window.session
    press("Space")
    assert view.cluster_ids == session.selection.cluster_ids and len(view.cluster_ids) == 2
    before = sum(len(near.lags_s) for near in view.block[0].near)
    press("G")
    assert view.cluster_ids == session.selection.cluster_ids
    assert [len(near.lags_s) for near in view.block[0].near] == [before]


def test_event_lines_are_switched_off_in_all_views_at_once(window, view, press, settle):
    from .dock_moves import pixels

    amplitude = next(p.view for p in window.panels if p.kind == "AmplitudeView")
    with_lines = pixels(amplitude)
    window.commands.run("toggle_event_lines")
    settle()
    assert all(not v.shows_events for v in window.host.views)
    assert (pixels(amplitude) != with_lines).any()
    window.commands.run("add_view", "FiringRateView")
    assert not next(p.view for p in window.panels if p.kind == "FiringRateView").shows_events
    window.commands.run("toggle_event_lines")
    settle()
    assert (pixels(amplitude) == with_lines).all()


def test_the_trace_goes_to_the_next_event(window, view, settle):
    session = window.session
    window.commands.run_line(":tg 0")
    window.commands.run("go_to_next_event")
    settle()
    start, stop = session.time_window
    first = min(train.times_s[0] for train in session.data.events.values())
    assert start <= first < stop
