"""The trace image view on made-up traces."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.compute.reduction import extremes
from phy_medicine.session.blocks import Trace
from phy_medicine.views.interact import Click
from phy_medicine.views.theme import DARK, LIGHT
from phy_medicine.views.trace_image import TraceImageView, columns_of, diverging


def make_view(**options):
    return TraceImageView(FakeHost(), **options)


def with_one_sample(view, channel, time_s, value):
    """Noise of 1, and one sample above it."""
    data = view.host.data

    def trace(start_s, stop_s, channel_ids, *, filter="high-pass", n_points=None):
        n, rate = round((stop_s - start_s) * data.sample_rate), data.sample_rate
        values = np.random.default_rng(1).normal(size=(n, len(channel_ids))).astype(np.float32)
        at = round((time_s - start_s) * rate)
        if 0 <= at < n and channel in channel_ids:
            values[at, list(channel_ids).index(channel)] = value
        if n_points is not None and n > n_points:
            length = -(-n // (n_points // 2))
            rate *= 2 / length
            values = extremes(values[: n // length * length], length).reshape(-1, len(channel_ids))
        return Trace(start_s, values, np.asarray(channel_ids), rate)

    data.trace = trace


def settled(view, drawn, clusters=(), size=(620, 400)):
    request = view.host.make_request(clusters)
    show(view, request)
    drawn(view, size)
    show(view, request)
    return drawn(view, size)


def _place(view, channel, time_s):
    row = view._slots(len(view._channels))[view._channels.index(channel)]
    x, y = view.panels.to_pixels(0, time_s, float(row))
    return int(x), int(y)


@pytest.fixture
def view():
    return make_view()


@pytest.mark.parametrize("length_s", [0.01, 0.25, 5.0])
@pytest.mark.parametrize(("value", "strongest"), [(-50.0, 2), (50.0, 0)])
def test_a_single_sample_is_never_lost_and_has_its_colour(drawn, length_s, value, strongest):
    view = make_view()
    with_one_sample(view, 17, 300.0, value)
    view.change(length_s=length_s)
    image = settled(view, drawn, size=(300, 200)).astype(int)
    x, y = _place(view, 17, 300.0)
    near = image[max(y - 4, 0) : y + 5, x - 3 : x + 4].reshape(-1, 3)
    found = near[np.argmax(near.sum(axis=1))]
    assert found.sum() > 500 and found[strongest] == found.max()
    assert image[y - 4 : y + 5, x + 20 : x + 60].sum(axis=2).max() < 0.8 * found.sum()


def test_all_channels_are_shown_in_the_order_of_the_trace_view(view, drawn):
    settled(view, drawn)
    assert len(view._channels) == 32
    depths = view.host.data.channel_positions[list(view._channels), 1]
    assert (np.diff(depths) >= 0).all()
    assert _place(view, view._channels[0], 300)[1] > _place(view, view._channels[-1], 300)[1]
    view.change(origin_top=True)
    drawn(view)
    assert _place(view, view._channels[0], 300)[1] < _place(view, view._channels[-1], 300)[1]


@pytest.mark.parametrize("turned", [False, True])
def test_the_origin_turns_the_picture(drawn, turned):
    view = make_view()
    with_one_sample(view, 0, 300.0, -50.0)
    view.change(origin_top=turned)
    image = settled(view, drawn).astype(int)
    x, y = _place(view, 0, 300.0)
    assert image[y, x - 2 : x + 3].sum(axis=1).max() > 500
    top, bottom = view.panels.rects[0][[1, 3]]
    assert (y < (top + bottom) / 2) == turned


def test_it_follows_the_window_of_the_trace_views_without_telling_it_back(view, drawn):
    settled(view, drawn)
    n, n_requests = len(view.host.called("time_window_changed")), len(view.host.called("request"))
    view.set_time_window((100.0, 100.5))
    assert (view.interval.start_s, view.interval.stop_s) == (100.0, 100.5)
    assert view.block.traces.query.interval == view.interval
    assert len(view.host.called("time_window_changed")) == n and view.host.called("show_interval") == []
    view.set_time_window((100.0, 100.5))
    assert len(view.host.called("request")) == n_requests + 1


def test_scrolling_it_scrolls_the_trace_views(view, drawn):
    settled(view, drawn)
    before = view.interval
    next(a for a in view.actions() if a.id == "image_right").handler()
    moved = view.interval
    assert moved.start_s == pytest.approx(before.start_s + 0.1 * before.length_s)
    assert view.host.called("show_interval") == [(moved.start_s, moved.stop_s)]
    assert view.host.called("time_window_changed")[-1] == (moved.start_s, moved.stop_s)


def test_keys_and_snippets_are_those_of_phy(view):
    keys = {a.shortcut for a in view.actions() if a.shortcut}
    assert keys == {
        "ctrl+alt+left", "ctrl+alt+right", "ctrl+shift+alt+left", "ctrl+shift+alt+right", "ctrl+alt+home",
        "ctrl+alt+end", "ctrl+alt+t", "ctrl+alt+o", "ctrl+alt+shift++", "ctrl+alt+shift+-", "ctrl+alt+up",
        "ctrl+alt+down",
    }  # fmt: skip
    assert {a.snippet for a in view.actions() if a.snippet} == {"tig", "tis"}


def test_actions_move_in_time_and_change_the_colours(view, drawn):
    settled(view, drawn)
    do = {a.id: a.handler for a in view.actions()}
    do["image_go_to"](50.0)
    assert view.interval.center_s == pytest.approx(50)
    do["image_shift"](-10.0)
    assert view.interval.center_s == pytest.approx(40)
    do["image_end"]()
    assert view.interval.stop_s == pytest.approx(600)
    do["image_jump_left"]()
    assert view.interval.stop_s == pytest.approx(540)
    do["image_narrow"]()
    assert view.interval.length_s == pytest.approx(0.2)
    do["image_increase"]()
    view.on_wheel(frozenset({"control"}), 1)
    assert view.settings.scaling == pytest.approx(1.2 * 1.1)
    start_s = view.interval.start_s
    view.on_wheel(frozenset({"alt"}), -1)
    assert view.interval.start_s > start_s


def test_control_click_selects_the_cluster_of_a_spike(view, drawn):
    settled(view, drawn, [0])
    data = view.host.data
    spike = data.spikes(3)[100]
    view.go_to(float(data.spike_times[spike]))
    drawn(view)
    x, y = _place(view, data.peak_channel(3), data.spike_times[spike])
    view.on_click(Click(float(x), float(y), 0, 300.0, 1.0, 1, frozenset({"control"})))
    assert view.host.called("select") == [([3],)]


def test_colours_are_symmetric_around_the_ground():
    for theme in (DARK, LIGHT):
        table = diverging(theme)
        assert np.abs(table[127:129, :3] - theme.rgba("view")[:3]).max() < 0.02
        assert table[0, 2] > table[0, 0] and table[255, 0] > table[255, 2]


def test_columns_keep_the_extreme_of_each_stretch(view, drawn):
    view.change(length_s=4.0)
    settled(view, drawn)
    traces = view.block.traces
    assert traces.paired
    values, (start, stop) = columns_of(traces)
    pairs = traces.data.reshape(len(traces.data), -1, 2)
    assert np.array_equal(np.abs(values), np.abs(pairs).max(axis=2))
    assert start == pytest.approx(0, abs=1e-6)
    assert stop == pytest.approx(2 * values.shape[1] / traces.rate)


def test_missing_raw_data_are_said_in_words(view):
    view.host.data.missing = "No raw data: recording.dat not found."
    show(view, view.host.make_request([]))
    assert view.scene.message == "No raw data: recording.dat not found."


@pytest.mark.parametrize("size", [(400, 300), (1200, 900), (150, 110)])
@pytest.mark.parametrize("clusters", [[], [0], list(range(6))])
def test_any_number_of_clusters_at_any_size(drawn, size, clusters):
    view = make_view(theme=LIGHT)
    image = settled(view, drawn, clusters, size)
    assert image[2, 2].tolist() == [255, 255, 255] and image.min() < 150


def test_settings_and_interval_are_saved(view, drawn):
    settled(view, drawn)
    view.change(scaling=2.0, origin_top=True)
    view.go_to(20.0)
    other = make_view()
    other.restore(view.state())
    assert other.settings == view.settings and other.interval == view.interval


def test_a_selection_keeps_the_image_and_every_other_change_makes_it_anew(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)
    before = view.heat.heats()[0][1]
    show(view, view.host.make_request([1, 2]))
    drawn(view)
    assert view.heat.heats()[0][1] is before
    for change in (
        lambda: view.change(scaling=2.0),
        lambda: view.change(origin_top=True),
        lambda: view.set_theme(LIGHT),
        lambda: view.go_to(5.0),
        lambda: view.zoom_time(0.5),
    ):
        change()
        drawn(view)
        fresh = TraceImageView(view.host, theme=view.scene.theme, settings=view.settings)
        fresh._interval, fresh._scale = view.interval, view._scale
        show(fresh, view.request)
        drawn(fresh)
        (_, now, place), (_, expected, expected_place) = view.heat.heats()[0], fresh.heat.heats()[0]
        assert now is not before and place == expected_place and np.array_equal(now, expected)
        before = now
