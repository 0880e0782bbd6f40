"""The view of events on made-up spikes."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import COLORS, FakeHost, show

from phy_medicine.base.errors import ActionError
from phy_medicine.io.events import event_train
from phy_medicine.views.event_block import Near, Window, make_column, near_events
from phy_medicine.views.event_view import EventView
from phy_medicine.views.interact import Click
from phy_medicine.views.theme import LIGHT

# Cluster 0 fires 100 ms after the events at 10 and 20 s, cluster 1 just before the one at 20 s.
TRAINS = ([10.1, 20.1, 20.15], [19.9], [5.0])
EVENTS = {
    "tone": event_train("tone", np.array([10.0, 20.0]), np.array([10.2, 20.3])),
    "light": event_train("light", np.array([30.0])),
}


def make_view(trains=TRAINS, events=EVENTS, **settings):
    host = FakeHost(n_clusters=len(trains))
    times = np.concatenate([np.asarray(train) for train in trains])
    order = np.argsort(times)
    host.data.spike_times = times[order]
    host.data.spike_clusters = np.repeat(np.arange(len(trains)), [len(t) for t in trains])[order]
    host.data.n_spikes, host.data.events = len(times), events
    return EventView(host, settings=EventView.settings_type(**settings))


def pixel(image, place):
    x, y = (round(float(v)) for v in place)
    return image[y, x].tolist()


def close_to(color, expected, by=40):
    return np.abs(np.array(color, dtype=float) - 255 * np.array(expected[:3])).max() < by


def test_spikes_are_drawn_in_the_row_of_their_event(drawn):
    view = make_view(marker_size=8.0)
    show(view, view.host.make_request([0, 1]))
    image = drawn(view)
    # From the top: cluster 0 with events 10 s and 20 s, cluster 1 likewise.
    for lag_ms, height, cluster in ((100, 3.5, 0), (100, 2.5, 0), (150, 2.5, 0), (-100, 0.5, 1)):
        assert close_to(pixel(image, view.panels.to_pixels(0, lag_ms, height)), COLORS[cluster])
    ground = [round(255 * v) for v in view.scene.theme.rgba("view")[:3]]
    assert pixel(image, view.panels.to_pixels(0, -100, 1.5)) == ground


def test_rate_is_spikes_by_event_and_second():
    view = make_view(bin_ms=100.0, before_ms=200.0, after_ms=300.0)
    block = show(view, view.host.make_request([0, 1]))
    assert np.allclose(block[0].heights, [[0, 0, 0, 15, 0], [0, 5, 0, 0, 0]])
    assert view.status == "2 tone · 4 spikes"


def test_bars_of_one_cluster_have_its_color(drawn):
    view = make_view(bin_ms=100.0, before_ms=200.0, after_ms=300.0)
    show(view, view.host.make_request([0]))
    image = drawn(view)
    color = np.array(pixel(image, view.panels.to_pixels(1, 150.0, 5.0)))
    assert color[2] > 150 and color[0] < 60
    assert pixel(image, view.panels.to_pixels(1, 250.0, 5.0))[2] < 60


def test_all_kinds_stand_side_by_side():
    view = make_view(all_kinds=True)
    block = show(view, view.host.make_request([0]))
    assert [column.train.name for column in block] == ["tone", "light"] and len(view.panels) == 4
    assert view.status == "2 tone, 1 light · 3 spikes"


def test_counts_and_changes_instead_of_rates():
    train, window = EVENTS["tone"], Window(0.2, 0.3, 0.1)
    near = [near_events(np.array(TRAINS[0]), train, window)]
    counts = make_column(train, near, window, normalization="count", order="time").heights
    assert counts.tolist() == [[0, 0, 0, 3, 0]]
    change = make_column(train, near, window, normalization="z-score", order="time").heights
    assert np.allclose(change, [[0, 0, 0, 15, 0]])


def test_events_are_ordered_by_time_duration_or_latency():
    train = event_train("x", np.array([1.0, 2.0, 3.0]), np.array([1.3, 2.1, 3.2]))
    near = [Near(np.array([0, 1, 2, 2]), np.array([0.3, -0.1, 0.2, 0.4]))]
    ranks = {
        order: make_column(train, near, Window(1, 1, 0.1), normalization="rate", order=order).ranks.tolist()
        for order in ("time", "duration", "latency")
    }
    # After the second event there is no spike: it comes last.
    assert ranks == {"time": [0, 1, 2], "duration": [2, 0, 1], "latency": [1, 2, 0]}


def test_pointer_is_told_event_and_rate(drawn):
    view = make_view(bin_ms=100.0, before_ms=200.0, after_ms=300.0)
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    view.hover.move_to(*(float(v) for v in view.panels.to_pixels(0, 100, 2.5)))
    assert view.hover.text == "cluster 0\ntone 2, at 20.000 s\n+100.0 ms"
    view.hover.move_to(*(float(v) for v in view.panels.to_pixels(1, 150, 1.0)))
    assert view.hover.text == "100 to 200 ms\n0: 15 spikes/s\n1: 0 spikes/s"
    view.hover.move_to(1.0, 1.0)
    assert view.hover.text == ""


def test_alt_click_shows_the_moment_in_the_traces(drawn):
    view = make_view()
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(0, 100, 2.5))
    assert view.pick(x, y) == 0
    view.on_click(Click(x, y, 0, 100.0, 2.5, 1, frozenset({"alt"})))
    ((time_s, cluster),) = view.host.called("go_to_time")
    assert time_s == pytest.approx(20.1) and cluster == 0


def test_wheels_change_window_bin_and_kind():
    view = make_view()
    show(view, view.host.make_request([0]))
    view.on_wheel(frozenset({"control"}), 1.0)
    assert (view.settings.before_ms, view.settings.after_ms) == (pytest.approx(550), pytest.approx(1100))
    view.on_wheel(frozenset({"alt"}), -1.0)
    assert view.settings.bin_ms == pytest.approx(20 / 1.1)
    view.on_wheel(frozenset({"shift"}), 1.0)
    assert view.settings.event == "light" and view.block[0].train.name == "light"
    view.on_wheel(frozenset({"shift"}), 1.0)
    assert view.settings.event == "tone"


def test_a_kind_is_chosen_by_name():
    view = make_view()
    show(view, view.host.make_request([0]))
    view.set_event("light")
    assert view.block[0].train.name == "light"
    view.set_event()
    assert view.settings.event == "tone"
    with pytest.raises(ActionError, match="no event bell; there are tone, light"):
        view.set_event("bell")


def test_without_events_the_view_says_which_file_to_make():
    view = make_view(events={})
    assert show(view, view.host.make_request([0])) is None
    assert view.scene.message.startswith("No events: put events.csv beside the dataset")


def test_many_spikes_become_a_density(drawn):
    view = make_view((np.sort(np.random.default_rng(0).normal(10, 0.2, 60_000)),))
    block = show(view, view.host.make_request([0]))
    assert len(block[0].near[0].lags_s) > 25_000
    image = drawn(view)
    # The event at 10 s is the upper row; there is no spike near the one at 20 s.
    assert pixel(image, view.panels.to_pixels(0, 20, 1.5))[2] > 150
    assert pixel(image, view.panels.to_pixels(0, 20, 0.5))[2] < 60


@pytest.mark.parametrize("size", [(300, 180), (400, 300), (1200, 900)])
def test_nothing_is_drawn_outside_at_any_size(drawn, size):
    view = make_view(all_kinds=True)
    view.set_theme(LIGHT)
    show(view, view.host.make_request([0, 1, 2]))
    drawn(view, size)
    rects = view.panels.rects
    assert (rects[:, :2] >= 0).all() and (rects[:, 2] <= size[0]).all() and (rects[:, 3] <= size[1]).all()
    assert (rects[:, 2] > rects[:, 0]).all() and (rects[:, 3] > rects[:, 1]).all()
