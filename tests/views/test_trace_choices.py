"""Following the selection, lines at spikes, order of channels, filters and violations in the views of the signal."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.signal_filters import SIGNAL_FILTERS
from phy_medicine.views.trace import TraceView
from phy_medicine.views.trace_channels import ordered, shank_runs
from phy_medicine.views.trace_image import TraceImageView
from phy_medicine.views.trace_pick import value_at
from phy_medicine.views.trace_spikes import dashes, lanes_height
from phy_medicine.views.trace_time import nearest_spike
from phy_medicine.views.violations import intervals_ms, next_violation, violations

BLUE, RED = (8, 146, 252), (255, 2, 2)


def shanks(host, n=4):
    """Put the channels on shanks of a row each, all of one height."""
    n_each = host.data.n_channels // n
    host.data.channel_shanks[:] = np.arange(host.data.n_channels) // n_each
    host.data.channel_positions[:] = np.c_[200.0 * host.data.channel_shanks, 20.0 * (np.arange(n_each * n) % n_each)]
    return host


@pytest.fixture
def view():
    return TraceView(FakeHost(n_channels=64))


@pytest.fixture(params=[TraceView, TraceImageView])
def either(request):
    return request.param(FakeHost(n_channels=64))


def act(view, action_id):
    next(a for a in view.actions() if a.id == action_id).handler()


def near(pixels, color, by=60):
    return np.abs(pixels.astype(int) - np.array(color)).max(axis=-1) < by


# Following


def test_a_new_selection_is_followed_to_its_nearest_spike(either):
    either.change(follow=True)
    show(either, either.host.make_request([0]))
    either.go_to(100.0)
    show(either, either.host.make_request([3]))
    times = either.host.data.spike_times[either.host.data.spikes(3)]
    nearest = times[np.abs(times - 100.0).argmin()]
    assert either.interval.start_s <= nearest <= either.interval.stop_s
    assert either._cursor_s == nearest and either.block.traces.query.interval == either.interval
    assert either.host.called("time_window_changed")[-1] == (either.interval.start_s, either.interval.stop_s)


def test_the_view_stays_where_a_spike_is_in_sight_already(view):
    view.change(follow=True, length_s=10.0)
    show(view, view.host.make_request([0]))
    before = view.interval
    show(view, view.host.make_request([3]))
    assert view.interval == before and view._cursor_s is not None


def test_nothing_is_followed_unless_it_is_asked_for(either):
    show(either, either.host.make_request([0]))
    either.go_to(100.0)
    before = either.interval
    show(either, either.host.make_request([3]))
    assert either.interval == before


def test_after_a_jump_the_view_can_be_scrolled_away(view):
    view.change(follow=True)
    show(view, view.host.make_request([0]))
    show(view, view.host.make_request([3]))
    view.go_to(400.0)
    view.change(spike_lines=True)
    view.change(filter="none")
    assert view.interval.center_s == pytest.approx(400.0)


def test_a_move_by_hand_while_the_jump_is_prepared_wins(view):
    view.change(follow=True)
    show(view, view.host.make_request([0]))
    view.request = view.host.make_request([3])
    view.go_to(400.0)
    assert view.interval.center_s == pytest.approx(400.0)


@given(times=st.lists(st.floats(0, 100), min_size=1, max_size=20).map(sorted), here=st.floats(0, 100), data=st.data())
def test_the_nearest_spike_is_the_nearest_of_all(times, here, data):
    mine = data.draw(st.sets(st.integers(0, len(times) - 1), min_size=1))
    ids, all_times = np.array(sorted(mine)), np.array(times)
    assert abs(nearest_spike(ids, all_times, here) - here) == np.abs(all_times[ids] - here).min()


def test_among_all_channels_those_of_the_cluster_are_brought_into_the_middle(either):
    either.change(all_channels=True)
    show(either, either.host.make_request([5]))
    act(either, f"{'image_' if isinstance(either, TraceImageView) else ''}center_channels")
    low, high = either.panels.ranges()[0, 2:]
    row = either._slots(64)[either._channels.index(either.host.data.peak_channel(5))]
    assert high - low == pytest.approx(24) and low <= row <= high
    before = either.interval
    either.panels.show_all_rows()
    assert not either.panels.zoomed and either.interval == before


def test_when_followed_a_cluster_out_of_sight_is_brought_into_it(view):
    view.change(all_channels=True, follow=True)
    show(view, view.host.make_request([0]))
    act(view, "center_channels")
    show(view, view.host.make_request([5]))
    low, high = view.panels.ranges()[0, 2:]
    assert low < view._channels.index(view.host.data.peak_channel(5)) < high


def test_without_a_selection_there_is_nothing_to_centre_on(view):
    show(view, view.host.make_request([]))
    act(view, "center_channels")
    assert view.host.called("message") == [("Select a cluster to centre on its channels.",)]


# Lines at spikes


def test_a_line_is_at_every_spike_of_the_selected_clusters(view, drawn):
    view.change(spike_lines=True, length_s=1.0)
    show(view, view.host.make_request([0, 5]))
    image = drawn(view, (900, 500))
    left, top, right, _ = view.panels.rects[0]
    times = view.host.data.spike_times[view.host.data.spikes(0)]
    inside = times[(times > view.interval.start_s) & (times < view.interval.stop_s)]
    columns = np.floor(view.panels.to_pixels(0, inside, 0.0)[0]).astype(int)
    assert len(columns) and (columns < right).all()
    # Above the highest trace only the lines are.
    y = int(view.panels.to_pixels(0, 0.0, 23.8)[1])
    row = image[y].astype(int)
    for x in columns:
        assert row[x, 2] > row[x, 0] + 40
    lanes = image[: int(top) - 1, left:right]
    assert near(lanes, BLUE).any() and near(lanes, RED).any()


def test_without_lines_there_are_none_and_no_room_for_them(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view, (900, 500))
    plain = view.panels.rects[0, 1]
    act(view, "toggle_spike_lines")
    drawn(view, (900, 500))
    assert view.panels.rects[0, 1] == plain + lanes_height(1, 1.0)


def test_lines_that_would_be_a_curtain_are_left_out(view, drawn):
    view.change(spike_lines=True)
    show(view, view.host.make_request([0]))
    drawn(view, (620, 400))
    view.set_interval(view.interval.narrowed(0.25 / 600))
    image = drawn(view, (620, 400))
    left, top, right, _ = view.panels.rects[0]
    y = int(view.panels.to_pixels(0, 0.0, 23.8)[1])
    assert not near(image[y - 1, left:right], BLUE, 90).any()
    assert near(image[: int(top), left:right], BLUE).any(axis=0).sum() > 100


def test_spikes_of_several_clusters_at_one_pixel_share_the_line():
    columns, turn, counts = np.array([5, 9, 9]), np.array([0, 0, 1]), np.array([1, 2, 2])
    boxes, owners = dashes(columns, turn, counts, (0.0, 40.0), 1.0)
    assert boxes[owners == 0].tolist() == [[5, 0, 6, 40]]
    assert boxes[owners == 1].tolist() == [[9, 0, 10, 7], [9, 14, 10, 21], [9, 28, 10, 35]]
    assert boxes[owners == 2].tolist() == [[9, 7, 10, 14], [9, 21, 10, 28], [9, 35, 10, 40]]


def test_more_than_eight_clusters_have_no_more_lanes():
    assert lanes_height(0, 1.0) == 0 and lanes_height(8, 1.0) == lanes_height(30, 1.0)


# Order


def test_channels_are_ordered_by_shank_by_depth_or_by_number():
    positions = np.array([(0, 40), (200, 10), (0, 0), (200, 30)], dtype=float)
    numbers = np.array([0, 1, 0, 1])
    assert ordered([3, 1, 0, 2], positions, numbers, "shank") == (2, 0, 1, 3)
    assert ordered([3, 1, 0, 2], positions, numbers, "depth") == (2, 1, 3, 0)
    assert ordered([3, 1, 0, 2], positions, numbers, "id") == (0, 1, 2, 3)
    assert shank_runs((2, 0, 1, 3), numbers) == ((0, 0, 2), (1, 2, 4))
    assert shank_runs((2, 1, 3, 0), numbers) == () and shank_runs((0, 2), numbers) == ()


@pytest.mark.parametrize("order", ["shank", "depth", "id"])
def test_labels_peaks_and_marks_follow_the_order(order, drawn):
    view = TraceView(shanks(FakeHost(n_channels=64)))
    view.change(all_channels=True, order=order)
    show(view, view.host.make_request([3]))
    act(view, "go_to_next_spike")
    data, block = view.host.data, view.block
    assert view._channels == ordered(range(64), data.channel_positions, data.channel_shanks, order)
    peak = view._channels.index(data.peak_channel(3))
    assert block.peaks == {0: peak}
    n_points = block.traces.data.shape[1]
    marked = {view._channels[p] for p in (block.highlights.points // n_points).tolist()}
    assert marked == set(view._reader.loud_channels(3).tolist())
    # The spike is where the label says, and not on the shank beside.
    middle = np.abs(block.traces.offsets_s - view.interval.length_s / 2) < 0.001
    assert np.abs(block.traces.data[peak, middle]).max() > 6
    other = view._channels.index((data.peak_channel(3) + 16) % 64)
    assert np.abs(block.traces.data[other, middle]).max() < 6


def lit(image, y, left, right):
    """Part of a row of pixels that is brighter than the ground and faint noise."""
    return (image[y, left + 5 : right - 5].max(axis=1) > 70).mean()


@pytest.mark.parametrize("view_type", [TraceView, TraceImageView])
@pytest.mark.parametrize("upside_down", [False, True])
def test_shanks_are_parted_by_lines_and_named(view_type, upside_down, drawn):
    view = view_type(shanks(FakeHost(n_channels=32), 2))
    view.change(all_channels=True, origin_top=upside_down, scaling=0.01)
    show(view, view.host.make_request([]))
    parted = drawn(view, (500, 400))
    left, _, right, _ = view.panels.rects[0]
    y = round(float(view.panels.to_pixels(0, 0.0, 15.5)[1]))
    assert lit(parted, y, left, right) > 0.9
    assert (parted[:, right + 2 :].max(axis=2) > 100).any()
    view.change(order="depth")
    assert lit(drawn(view, (500, 400)), y, left, right) < 0.1


# Filters


def test_each_filter_is_asked_for_and_said_in_words(either, drawn):
    show(either, either.host.make_request([0]))
    prefix = "image_" if isinstance(either, TraceImageView) else ""
    for name, how in SIGNAL_FILTERS.items():
        act(either, f"{prefix}filter_{name.replace('-', '_').replace(' ', '_')}")
        assert either.block.traces.query.filter == name
        assert either.status.endswith(how.short) and either.filter_words == how.words
        action = next(a for a in either.actions() if a.text == f"Signal: {how.words}")
        assert action.checked()


def test_the_definition_of_the_filter_stands_below_where_there_is_room(view, drawn):
    show(view, view.host.make_request([0]))
    wide, narrow = drawn(view, (900, 400)), drawn(view, (220, 200))
    bottom = int(view.panels.rects[0, 3])
    assert narrow.shape[1] == 220 and bottom < 200
    view.change(filter="none")
    other = drawn(view, (900, 400))
    y = int(view.panels.rects[0, 3]) + 14
    changed = (wide[y:].astype(int) != other[y:].astype(int)).any(axis=(0, 2))
    assert changed.any() and np.flatnonzero(changed).min() > 500


def test_raw_and_back_gives_the_filter_that_was_there(view):
    show(view, view.host.make_request([0]))
    view.change(filter="band-pass")
    view.set_filtered(False)
    assert view.settings.filter == "none" and not view.settings.filtered
    view.set_filtered(True)
    assert view.settings.filter == "band-pass" and view.settings.filtered


@pytest.mark.parametrize(("saved", "filter"), [(False, "none"), (True, "high-pass")])
def test_the_one_filter_of_earlier_states_is_understood(either, saved, filter):
    either.restore({"settings": {"filtered": saved, "scaling": 2.0}})
    assert either.settings.filter == filter and either.settings.scaling == 2.0
    either.restore({"settings": {"filter": "common median"}})
    assert either.settings.filter == "common median"
    either.restore({"settings": {"filter": "notch"}})  # of a plugin that is not here
    assert either.settings.filter == "high-pass"


# Violations


def make_violations(view):
    """Give cluster 1 spikes at known times, two pairs of them too close."""
    data = view.host.data
    data.spike_times[:] = np.linspace(0, 590, data.n_spikes)
    data.spike_clusters[data.spike_clusters == 1] = 2
    ids = np.searchsorted(data.spike_times, [100.0, 200.0, 300.0])
    for first in ids:
        data.spike_clusters[[first, first + 1]] = 1
        data.spike_times[first + 1] = data.spike_times[first] + 0.0012
    data.spike_times[ids[1] + 1] += 0.005
    return [float(data.spike_times[i]) + 0.0006 for i in (ids[0], ids[2])]


def test_violations_of_the_first_cluster_are_visited_in_turn_and_around(view):
    expected = make_violations(view)
    show(view, view.host.make_request([1, 3]))
    view.go_to(150.0)
    for step, at in (("next", 1), ("next", 0), ("next", 1), ("previous", 0), ("previous", 1)):
        act(view, f"go_to_{step}_violation")
        assert view._cursor_s == pytest.approx(expected[at])
        assert view.interval.center_s == pytest.approx(expected[at])
    text = view.host.called("message")[-1][0]
    assert text == "Cluster 1: 2 of 2 intervals below 2 ms, 1.20 ms."


def test_clusters_without_violations_say_so(view):
    make_violations(view)
    view.change(refractory_ms=0.5)
    show(view, view.host.make_request([1]))
    act(view, "go_to_next_violation")
    assert view.host.called("message") == [("Cluster 1 has no interval below 0.5 ms.",)]
    show(view, view.host.make_request([]))
    act(view, "go_to_previous_violation")
    assert "Select a cluster" in view.host.called("message")[-1][0]


@given(times=st.lists(st.integers(0, 3000), max_size=30).map(sorted), limit=st.floats(0.01, 50))
def test_violations_are_the_short_intervals(times, limit):
    times_s = np.array(times) / 1000
    expected = [i for i in range(len(times) - 1) if times[i + 1] - times[i] < limit]
    assert violations(intervals_ms(times_s, 1000.0), limit).tolist() == expected


def test_the_next_violation_is_the_next_moment_or_the_first_of_all():
    moments = np.array([1.0, 2.0, 3.0])
    assert [next_violation(moments, t, 1, 0.01) for t in (0.0, 1.0, 2.995, 3.0)] == [0, 1, 0, 0]
    assert [next_violation(moments, t, -1, 0.01) for t in (0.0, 1.0, 2.0, 9.0)] == [2, 2, 0, 2]


# Words under the pointer


def test_the_pointer_is_told_channel_time_value_and_cluster(view, drawn):
    show(view, view.host.make_request([0]))
    act(view, "go_to_next_spike")
    drawn(view, (900, 700))
    peak = view._channels.index(view.host.data.peak_channel(0))
    x, y = (float(v) for v in view.panels.to_pixels(0, view._cursor_s, float(peak)))
    text, at_x, at_y = view.describe(x, y)
    lines = text.split("\n")
    assert (at_x, at_y) == (x, y)
    assert lines[0] == f"Channel {view.host.data.peak_channel(0)}"
    assert lines[1].endswith(" s") and float(lines[1][:-2].replace(",", "")) == pytest.approx(view._cursor_s, abs=2e-4)
    assert lines[2].endswith(" a.u.") and lines[3] == "Cluster 0"
    assert view.describe(2.0, 2.0) is None


def test_values_are_those_of_the_samples(view):
    show(view, view.host.make_request([0]))
    view.set_interval(view.interval.narrowed(25))
    traces = view.block.traces
    assert not traces.paired
    assert value_at(traces, 3, 17.2 / 30_000) == (float(traces.data[3, 17]),)
    assert value_at(traces, 3, -0.1) == () and value_at(traces, 3, 5.0) == ()
    view.set_interval(view.interval.narrowed(0.01))
    traces = view.block.traces
    assert traces.paired
    at = int(traces.data.shape[1] // 4 * 2)
    expected = tuple(sorted({float(v) for v in traces.data[2, at : at + 2]}))
    assert value_at(traces, 2, float(traces.offsets_s[at])) == expected


def test_what_is_not_read_yet_has_no_value_and_a_progress_line(view, drawn):
    host, asked = view.host, []
    whole = host.data.trace

    def partly(*args, **options):
        trace = whole(*args, **options)
        if options.get("n_points") is None or len(asked) > 2:
            return trace
        asked.append(1)
        data = trace.data.copy()
        data[len(data) // 2 :] = np.nan
        return type(trace)(trace.start_s, data, trace.channel_ids, trace.sample_rate, 0.5)

    host.data.trace = partly
    requested = host.request
    host.request = lambda view: host.calls.append(("request", view))
    show(view, host.make_request([0]))
    assert view.scene.progress == 0.5 and "50% read" in view.status and host.called("request")
    image = drawn(view, (600, 300))
    accent = np.round(np.array(view.scene.theme.rgba("accent")[:3]) * 255)
    line = (np.abs(image[0].astype(int) - accent) < 3).all(axis=1)
    assert line[:290].all() and not line[310:].any()
    left, top, right, bottom = view.panels.rects[0]
    middle = (left + right) // 2
    colorful = image[top + 2 : bottom, :].max(axis=2) > 60
    assert colorful[:, left + 5 : middle - 5].any() and not colorful[:, middle + 10 : right - 5].any()
    assert value_at(view.block.traces, 0, 0.9 * view.interval.length_s) == ()
    host.request = requested
    host.request(view)
    assert view.scene.progress is None and "24 of 64 channels" in view.status


# Residual


def test_the_residual_is_drawn_and_said(view, drawn):
    show(view, view.host.make_request([0]))
    act(view, "go_to_next_spike")
    assert np.abs(view.block.traces.data).max() > 6
    act(view, "toggle_residual")
    assert np.abs(view.block.traces.data).max() < 6
    assert view.status.endswith("24 of 64 · residual · high-pass 150 Hz")
    assert view._notes() == ", less all spikes"
    assert len(view.block.highlights.rows)
    drawn(view, (900, 400))


def test_too_long_a_stretch_keeps_its_spikes_and_says_so(view):
    view.change(residual=True)
    show(view, view.host.make_request([0]))
    view.set_interval(view.interval.narrowed(0.25 / 12))
    assert view.block.traces.query.residual is None and "residual" not in view.status
    assert view._notes() == ", spikes are subtracted up to 10 s"


def test_a_residual_is_made_anew_when_clusters_change(view):
    view.change(residual=True)
    request = view.host.make_request([0])
    show(view, request)
    n_reads = view.host.data.n_reads
    show(view, request)
    assert view.host.data.n_reads == n_reads
    view.host.data.spike_clusters[view.host.data.spikes_between(299, 302)] = 5
    show(view, request)
    assert view.host.data.n_reads > n_reads


# Long stretches


def test_spikes_that_would_cover_everything_are_not_marked(view, drawn):
    show(view, view.host.make_request([0]))
    view.set_interval(view.interval.narrowed(0.25 / 3))
    assert len(view.block.highlights.rows) and not view.block.dense and view._notes() == ""
    view.set_interval(view.interval.narrowed(3 / 600))
    assert view.block.dense and not len(view.block.highlights.rows)
    assert view._notes() == "; too many spikes to mark"
    drawn(view, (900, 400))


def test_long_columns_fit_the_scale_to_what_they_hold(either):
    show(either, either.host.make_request([0]))
    noise = either._spread(either.block.traces)
    whole = either.host.data.trace

    def loud(*args, **options):
        trace = whole(*args, **options)
        return type(trace)(trace.start_s, 50 * trace.data, trace.channel_ids, trace.sample_rate)

    either.host.data.trace = loud
    either.set_interval(either.interval.narrowed(0.25 / 100))
    # 50 times 8 between lowest and highest.
    assert either.block.traces.long and either._spread(either.block.traces) == pytest.approx(400 / 2.2)
    before = either._spread(either.block.traces)
    either.shift(30.0)
    assert either._spread(either.block.traces) == before
    either.host.data.trace = whole
    either.set_interval(either.interval.narrowed(400))
    assert either._spread(either.block.traces) == noise
