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
