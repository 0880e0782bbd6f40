"""The trace view on made-up data."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.base.errors import PhyMedError
from phy_medicine.views import raster
from phy_medicine.views.contrast import contrast
from phy_medicine.views.interact import Click
from phy_medicine.views.theme import LIGHT
from phy_medicine.views.trace import TraceView

BLUE, RED = (8, 146, 252), (255, 2, 2)


@pytest.fixture(autouse=True, scope="module")
def kernels():
    """Before they are loaded traces are drawn with less detail."""
    raster.warm_up()


@pytest.fixture
def view():
    return TraceView(FakeHost(n_channels=64))


def _act(view, action_id, *args):
    next(a for a in view.actions() if a.id == action_id).handler(*args)


def _near(pixels, color):
    return np.abs(pixels.astype(int) - np.array(color)).max(axis=-1) < 60


def _shown(view):
    return view.interval.start_s, view.interval.stop_s


def _spike_in_view(view, cluster_id):
    """Return the time of a spike of a cluster, after showing it alone in the middle."""
    times = view.host.data.spike_times[view.host.data.spikes(cluster_id)]
    view.go_to(float(times[100]))
    return float(times[100])


def _click(view, x, y, modifiers, button=1):
    panel = view.panels.at(x, y)
    data_x, data_y = view.panels.to_data(panel, x, y)
    view.on_click(Click(x, y, panel, float(data_x), float(data_y), button, frozenset(modifiers)))


def test_the_first_picture_is_a_spike_of_the_cluster_in_the_middle_of_the_recording(view):
    show(view, view.host.make_request([2]))
    times = view.host.data.spike_times[view.host.data.spikes(2)]
    assert view.interval.length_s == pytest.approx(0.25)
    assert view.interval.center_s == pytest.approx(times[times > 300][0])
    assert view.host.called("time_window_changed") == [_shown(view)]


def test_channels_around_the_cluster_are_shown_in_order_of_depth(view):
    block = show(view, view.host.make_request([3]))
    channels = block.traces.query.channel_ids
    assert len(channels) == 24 and view.host.data.peak_channel(3) in channels
    assert (np.diff(view.host.data.channel_positions[list(channels), 1]) >= 0).all()
    assert view.status.endswith("s] · 24 of 64 channels · high-pass 150 Hz")


def test_all_channels_are_one_key_away(view):
    show(view, view.host.make_request([3]))
    _act(view, "toggle_all_channels")
    assert len(view.block.traces.query.channel_ids) == 64
    assert "64 of 64 channels" in view.status


def test_a_spike_is_drawn_in_the_colour_of_its_cluster_where_it_is_large(view, drawn):
    show(view, view.host.make_request([0]))
    _act(view, "go_to_next_spike")
    image = drawn(view, (900, 500))
    x = int(view.panels.to_pixels(0, view.interval.center_s, 0.0)[0])
    blue = _near(image[:, x - 2 : x + 3], BLUE).any(axis=1)
    peak = view.block.traces.query.channel_ids.index(view.host.data.peak_channel(0))
    y = int(view.panels.to_pixels(0, 0.0, float(peak))[1])
    assert blue[y - 20 : y + 60].any()
    assert not _near(image[:, x + 60 : x + 100], BLUE).any() or len(view.block.highlights.rows) > 12


def test_a_spike_is_marked_on_the_channels_of_half_its_amplitude_for_a_millisecond(view):
    request = view.host.make_request([1])
    block = show(view, request)
    data, traces, marks = view.host.data, block.traces, block.highlights
    loud = set(view._reader.loud_channels(1).tolist())
    template = data.templates(1)[0]
    sizes = np.ptp(template.data, axis=0)
    assert loud == set(template.channel_ids[sizes >= sizes.max() / 2].tolist())
    n_points = traces.data.shape[1]
    lengths = np.diff(marks.starts) / n_points * view.interval.length_s
    assert lengths.min() > 0.0008 and np.median(lengths) < 0.0013
    channels = {traces.query.channel_ids[p] for p in (marks.points // n_points).tolist()}
    assert channels == loud
    times = traces.offsets_s[marks.points % n_points] + view.interval.start_s
    spikes = data.spike_times[data.spikes(1)]
    assert np.abs(spikes[None] - times[:, None]).min(axis=1).max() < 0.0008


def test_the_trace_of_a_channel_has_the_colour_of_its_depth_and_is_legible(view, drawn):
    for theme in (view.scene.theme, LIGHT):
        view.set_theme(theme)
        show(view, view.host.make_request([0]))
        colors, _ = view._channel_palette(24)
        assert (contrast(colors, theme.rgba("view")) >= 2.99).all()
    image = drawn(view)
    assert image[2, 2].tolist() == [255, 255, 255]


def test_a_new_selection_on_the_same_channels_reads_nothing(view):
    host = view.host
    host.data._peaks[:] = 20
    show(view, host.make_request([0]))
    n_reads = host.data.n_reads
    other = host.make_request([0, 1])
    assert view.cached(other)
    show(view, other)
    assert host.data.n_reads == n_reads
    assert set(view.block.highlights.rows.tolist()) <= {1, 2}


def test_spikes_of_other_clusters_are_marked_on_demand(view):
    show(view, view.host.make_request([0]))
    assert set(view.block.highlights.rows.tolist()) <= {1}
    n = view.block.n_spikes
    _act(view, "toggle_highlighted_spikes")
    assert view.block.n_spikes > n and view.block.highlights.rows.max() > 100
    before = view._palette()[150].tolist()
    view.on_wheel(frozenset({"shift"}), 1)
    assert view._palette()[150].tolist() != before


def test_the_last_selected_covers_what_is_not_selected(view):
    view.host.data._peaks[:] = 20
    view.host.data.spike_times[:] = np.repeat(np.linspace(0, 599, len(view.host.data.spike_times) // 6), 6)
    view.host.data.spike_clusters[:] = np.tile(np.arange(6), len(view.host.data.spike_times) // 6)
    view.change(all_spikes=True)
    show(view, view.host.make_request([4]))
    assert set(view.block.highlights.rows.tolist()) == {1}


@pytest.mark.parametrize(
    ("action", "args", "shift"),
    [
        ("go_right", (), 0.025), ("go_left", (), -0.025), ("jump_right", (), 60.0), ("jump_left", (), -60.0),
        ("shift", (-3.5,), -3.5), ("go_to", (10.0,), None), ("go_to_start", (), None), ("go_to_end", (), None),
    ],
)  # fmt: skip
def test_keys_and_snippets_move_in_time(view, action, args, shift):
    show(view, view.host.make_request([0]))
    view.go_to(250.0)
    _act(view, action, *args)
    expected = {"go_to": 10.0, "go_to_start": 0.125, "go_to_end": 599.875}.get(action)
    assert view.interval.center_s == pytest.approx(250.0 + shift if expected is None else expected)
    assert view.interval.length_s == pytest.approx(0.25)
    assert view.host.called("time_window_changed")[-1] == _shown(view)


def test_the_same_place_again_asks_for_nothing(view):
    show(view, view.host.make_request([0]))
    view.go_to(0.0)
    n = len(view.host.called("request"))
    view.go_to(0.0)
    assert len(view.host.called("request")) == n


def test_narrow_and_widen_keep_the_middle(view):
    show(view, view.host.make_request([0]))
    view.go_to(100.0)
    _act(view, "narrow")
    assert view.interval.length_s == pytest.approx(0.2) and view.interval.center_s == pytest.approx(100.0)
    _act(view, "widen")
    assert view.interval.length_s == pytest.approx(0.25)


def test_many_seconds_are_reduced_to_what_the_screen_shows(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)
    for _ in range(15):
        _act(view, "widen")
    assert view.interval.length_s == pytest.approx(0.25 * 1.25**15)
    assert view.block.traces.paired and view.block.traces.data.shape[1] <= 2 * 640
    drawn(view)
    for _ in range(25):
        _act(view, "widen")
    assert view.interval.length_s == 600


def test_spikes_of_the_first_cluster_are_visited_in_turn_and_around(view):
    request = view.host.make_request([5, 1])
    show(view, request)
    times = view.host.data.spike_times[view.host.data.spikes(5)]
    view.go_to(float(times[-2]))
    for expected in (times[-1], times[0], times[1]):
        _act(view, "go_to_next_spike")
        assert view._cursor_s == expected
    for expected in (times[0], times[-1]):
        _act(view, "go_to_previous_spike")
        assert view._cursor_s == expected
    view.go_to(200.0)
    _act(view, "go_to_next_spike")
    assert view._cursor_s == times[times > 200.0][0]


def test_without_a_selection_there_is_no_spike_to_go_to(view):
    show(view, view.host.make_request([]))
    assert view.scene.message == "" and "24 of 64" in view.status
    _act(view, "go_to_next_spike")
    assert view.host.called("message")


def test_the_channels_stay_when_nothing_is_selected_any_more(view):
    channels = show(view, view.host.make_request([3])).traces.query.channel_ids
    assert show(view, view.host.make_request([])).traces.query.channel_ids == channels


def test_the_origin_can_be_at_the_top(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)
    first = view.panels.to_pixels(0, 0.0, view._slots(24))[1]
    n_reads = view.host.data.n_reads
    _act(view, "switch_origin")
    assert np.allclose(view.panels.to_pixels(0, 0.0, view._slots(24))[1], first[::-1])
    assert view.host.data.n_reads == n_reads


def test_traces_grow_by_keys_and_wheel_without_reading(view):
    show(view, view.host.make_request([0]))
    _act(view, "increase")
    view.on_wheel(frozenset({"control"}), -1)
    assert view.settings.scaling == pytest.approx(1.2 / 1.1)
    assert view.host.called("request") == []


def test_the_scale_stays_while_time_is_scrolled(view):
    show(view, view.host.make_request([0]))
    gain = view._gain(view.block)
    view.shift(30.0)
    assert view._gain(view.block) == gain


def test_alt_wheel_scrolls(view):
    show(view, view.host.make_request([0]))
    view.go_to(100.0)
    view.on_wheel(frozenset({"alt"}), -2)
    assert view.interval.center_s == pytest.approx(100.05)


def test_dragging_scrolls_and_the_wheel_zooms_time_at_the_pointer(view, drawn):
    show(view, view.host.make_request([0]))
    view.go_to(100.0)
    drawn(view)
    left, _, right, _ = view.panels.rects[0]
    view.panels.pan(0, ((right - left) / 2, 0))
    assert view.interval.center_s == pytest.approx(100.0 - 0.125)
    start_s = view.interval.start_s
    view.panels.zoom(0, (float(left), 50.0), (2.0, 1.0))
    assert view.interval.start_s == pytest.approx(start_s) and view.interval.length_s == pytest.approx(0.125)
    view.panels.reset()
    assert view.interval.length_s == pytest.approx(0.25)


def test_control_click_on_a_spike_selects_its_cluster(view, drawn):
    show(view, view.host.make_request([0]))
    view.change(all_channels=True)
    time_s = _spike_in_view(view, 3)
    drawn(view, (900, 700))
    channel = view.block.traces.query.channel_ids.index(view.host.data.peak_channel(3))
    x, y = (float(v) for v in view.panels.to_pixels(0, time_s, float(channel)))
    _click(view, x, y, {"control"})
    assert view.host.called("select") == [([3],)]


def test_control_click_beside_all_spikes_selects_nothing(view, drawn):
    show(view, view.host.make_request([0]))
    view.host.data.spike_times[:] = np.sort(view.host.data.spike_times / 1e3)
    view.go_to(400.0)
    drawn(view)
    left, top, right, bottom = view.panels.rects[0]
    _click(view, (left + right) / 2, (top + bottom) / 2, {"control"})
    assert view.host.called("select") == [] and view.host.called("message")


def test_shift_click_chooses_a_channel_for_the_feature_view(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)
    y = float(view.panels.to_pixels(0, 0.0, 5.0)[1])
    x = float(view.panels.rects[0][0] + 20)
    _click(view, x, y, {"shift"})
    _click(view, x, y, {"shift"}, button=2)
    channel = view.block.traces.query.channel_ids[5]
    assert view.host.called("set_channels") == [(channel, 0), (channel, 1)]


@pytest.mark.parametrize("size", [(300, 220), (1200, 900)])
def test_names_of_channels_never_overlap(view, drawn, size):
    view.change(all_channels=True)
    show(view, view.host.make_request([0, 4, 5]))
    drawn(view, size)
    left, top, right, bottom = view.panels.rects[0]
    boxes = np.array([(g[0], g[1], g[8], g[9]) for g in view.scene.over._glyphs])
    labels = boxes[(boxes[:, 2] <= left) & (boxes[:, 0] > 20) & (boxes[:, 3] <= bottom + 6)]
    rows = np.unique(labels[:, 1])
    assert len(rows) >= 5 and np.diff(rows)[np.diff(rows) > 2].min() >= 9
    inside = (boxes[:, 2] > left) & (boxes[:, 0] < right) & (boxes[:, 3] > top) & (boxes[:, 1] < bottom)
    assert not inside.any()


def test_the_peak_channel_is_named_in_the_colour_of_its_cluster(view, drawn):
    show(view, view.host.make_request([0, 5]))
    image = drawn(view, (500, 300))
    margin = image[:, 18 : int(view.panels.rects[0][0]) - 6]
    assert _near(margin, BLUE).any() and _near(margin, RED).any()


def test_labels_can_be_hidden(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)
    left = view.panels.rects[0][0]
    _act(view, "toggle_show_labels")
    drawn(view)
    assert view.panels.rects[0][0] < left - 10


def test_raw_traces_are_asked_for(view):
    show(view, view.host.make_request([0]))
    view.set_filtered(False)
    assert view.block.traces.query.filter == "none" and view.status.endswith("raw")


def test_missing_raw_data_are_said_in_words(view):
    view.host.data.missing = "No raw data: recording.dat not found."
    show(view, view.host.make_request([0]))
    assert view.scene.message == "No raw data: recording.dat not found."


def test_a_cluster_of_one_spike_and_twenty_clusters_are_drawn(drawn):
    host = FakeHost(n_clusters=20, n_per_cluster=50, n_channels=384)
    host.data.spike_clusters[host.data.spike_clusters == 7] = 8
    host.data.spike_clusters[500] = 7
    view = TraceView(host)
    show(view, host.make_request([7]))
    assert view.interval.start_s <= host.data.spike_times[500] <= view.interval.stop_s
    assert view.block.n_spikes == 1
    show(view, host.make_request(range(20)))
    assert len(view.block.traces.query.channel_ids) == 32
    assert drawn(view, (300, 220)).max() > 60


def test_settings_and_interval_come_back_in_the_same_recording_only(view):
    show(view, view.host.make_request([0]))
    view.go_to(123.0)
    view.change(scaling=2.0)
    other = TraceView(FakeHost(n_channels=64))
    other.restore(view.state())
    show(other, other.host.make_request([0]))
    assert other.settings.scaling == 2.0 and other.interval == view.interval
    assert other.host.called("time_window_changed") == [_shown(view)]
    shorter = TraceView(FakeHost(n_channels=64))
    shorter.host.data.duration_s = 60.0
    shorter.restore(view.state())
    assert shorter.interval is None
    with pytest.raises(PhyMedError):
        shorter.restore({"settings": {"scaling": -1}})


def test_a_wider_canvas_shows_more_detail(view, drawn):
    view.change(length_s=2.0)
    show(view, view.host.make_request([0]))
    drawn(view, (300, 220))
    few = view.block.traces.data.shape[1]
    drawn(view, (1200, 400))
    assert few <= 2 * 300 and view.block.traces.data.shape[1] > 2 * 800
    n_requests = len(view.host.called("request"))
    drawn(view, (1210, 400))
    assert len(view.host.called("request")) == n_requests
