"""Events as lines in views over time."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.io.events import event_train
from phy_medicine.views.amplitude import AmplitudeView
from phy_medicine.views.event_marks import draw_events
from phy_medicine.views.trace import TraceView

EVENTS = {
    "tone": event_train("tone", np.array([100.0, 400.0]), np.array([150.0, np.nan])),
    "light": event_train("light", np.array([250.0])),
}


@pytest.fixture
def view():
    host = FakeHost()
    host.data.events = EVENTS
    view = AmplitudeView(host)
    show(view, host.make_request([0]))
    return view


def column(view, image, time_s, part):
    """The pixel at a time and a part of the height of the first panel."""
    x = round(float(view.panels.to_pixels(0, time_s, 0.0)[0]))
    _, top, _, bottom = view.panels.rects[0]
    return image[round(top + part * (bottom - top)), x].astype(int)


def test_an_event_is_a_line_through_the_panel(view, drawn):
    view.shows_events = False
    without = drawn(view)
    view.shows_events = True
    view.redraw()
    image = drawn(view)
    for time_s in (100.0, 250.0, 400.0):
        for part in (0.15, 0.5, 0.95):
            assert column(view, image, time_s, part).sum() > column(view, without, time_s, part).sum()
    assert np.array_equal(column(view, image, 330.0, 0.95), column(view, without, 330.0, 0.95))


def test_the_ground_shows_how_long_an_event_lasts(view, drawn):
    view.shows_events = False
    without = drawn(view)
    view.shows_events = True
    view.redraw()
    image = drawn(view)
    ground = view.scene.theme.rgba("view")
    dark = [
        t
        for t in np.linspace(105, 145, 60)
        if (column(view, without, t, 0.02) / 255 < np.array(ground[:3]) + 0.01).all()
    ]
    assert dark and all(column(view, image, t, 0.9).sum() >= column(view, without, t, 0.9).sum() for t in dark)
    assert any(column(view, image, t, 0.97).sum() > column(view, without, t, 0.97).sum() for t in dark)


def texts(view):
    """Texts and boxes that the marks of the events add."""
    before, boxes = len(view.scene.over._glyphs), []
    view.scene.over.rects, kept = (
        (lambda b, c: boxes.extend(np.asarray(b).reshape(-1, 4).tolist())),
        view.scene.over.rects,
    )
    draw_events(view)
    view.scene.over.rects = kept
    return len(view.scene.over._glyphs) - before, boxes


def test_names_stand_at_the_lines_while_there_is_room(view, drawn):
    drawn(view, (1200, 400))
    assert texts(view)[0] == len("tonelighttone")


def test_many_events_become_ticks_one_for_each_column_of_pixels(view, drawn):
    view.host.data.events = {"lick": event_train("lick", np.linspace(0, 599, 5000))}
    drawn(view)
    n_glyphs, boxes = texts(view)
    left, _, right, _ = view.panels.rects[0]
    assert n_glyphs == 0 and len(boxes) == len({round(box[0]) for box in boxes}) <= right - left + 1
    assert max(box[3] - box[1] for box in boxes) == 5 * view.ratio


def test_events_outside_of_the_panel_and_in_narrow_panels_are_left_out(view, drawn):
    view.panels.set_home(0, x=(500.0, 600.0))
    drawn(view)
    assert texts(view) == (0, [])
    view.panels.set_home(0, x=(0.0, 600.0))
    drawn(view, (200, 160))
    assert texts(view) == (0, [])


def test_traces_go_from_event_to_event_and_around():
    host = FakeHost()
    host.data.events = EVENTS
    view = TraceView(host)
    show(view, host.make_request([0]))
    view.go_to(90.0)
    centers = []
    for step in (1, 1, 1, 1, -1, -1):
        view.go_to_event(step)
        centers.append(round(view.interval.center_s, 6))
    assert centers == [100.0, 250.0, 400.0, 100.0, 400.0, 250.0]


def test_without_events_traces_stay_and_say_which_file_to_make():
    host = FakeHost()
    view = TraceView(host)
    show(view, host.make_request([0]))
    before = view.interval
    view.go_to_event(1)
    assert view.interval == before and "events.csv" in host.called("message")[-1][0]
