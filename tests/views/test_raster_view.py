"""The raster of all clusters, on made-up spikes and a made-up table."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import show
from fake_table import host_with_table
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.views.interact import Click
from phy_medicine.views.raster_block import (
    RasterSource,
    density_levels,
    presence_levels,
    raster_pixels,
    widened,
)
from phy_medicine.views.raster_view import RasterView
from phy_medicine.views.theme import LIGHT

BLUE, RED = (8, 146, 252), (255, 2, 2)
DIM = (138, 145, 158)


def make_view(n=6, n_per_cluster=30, **options):
    return RasterView(host_with_table(n, n_per_cluster=n_per_cluster), **options)


def settled(view, drawn, ids=(), size=(620, 400)):
    """Draw the view until it shows what was counted for its size; return the picture."""
    show(view, view.host.make_request(list(ids)))
    drawn(view, size)
    show(view, view.host.make_request(list(ids)))
    return drawn(view, size)


def _near(pixel, color, by=14):
    return bool(np.abs(pixel.astype(int) - np.array(color)).max() < by)


def _spot(view, cluster_id, time_s):
    """Return the pixel of a time in the row of a cluster."""
    row = view.block.cluster_ids.index(cluster_id)
    x, y = view.panels.to_pixels(0, time_s, len(view.block.cluster_ids) - row - 0.5)
    return float(x), float(y)


def _times(view, cluster_id):
    return view.host.data.spike_times[view.host.data.spikes(cluster_id)]


def _click(view, place, *held, button=1):
    x, y = place
    data = view.panels.to_data(0, x, y)
    view.on_click(Click(x, y, 0, float(data[0]), float(data[1]), button, frozenset(held)))


@given(st.floats(-50, 500), st.floats(0.5, 700), st.integers(1, 90), st.booleans())
def test_counts_agree_with_brute_force_in_any_window(start_s, length_s, n_bins, on_edges):
    data = host_with_table(4, n_per_cluster=40).data
    if on_edges:
        data.spike_times = np.sort(np.resize(np.linspace(start_s, start_s + length_s, n_bins + 1), data.n_spikes))
    window = (start_s, start_s + length_s)
    edges = np.linspace(*window, n_bins + 1)
    counts = RasterSource(data).counts((2, 0, 3), window, n_bins)
    for row, cluster_id in zip(counts, (2, 0, 3), strict=True):
        expected = [0] * n_bins
        for time in data.spike_times[data.spike_clusters == cluster_id].tolist():
            if window[0] <= time <= window[1]:
                expected[min(sum(edge <= time for edge in edges[1:].tolist()), n_bins - 1)] += 1
        assert row.tolist() == expected


@given(st.integers(1, 12), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_every_pixel_shows_its_row_or_the_strongest_of_its_rows(n_rows, height, seed):
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, 256, (n_rows, 3)).astype(np.uint8)
    colors = np.ones((1, 4))
    alphas = raster_pixels(levels, (0, n_rows), height, colors=colors, selected=[], least=1)[..., 3]
    for pixel in range(height):
        if height >= n_rows:
            row = min(int((pixel + 0.5) * n_rows / height), n_rows - 1)
            shown = alphas[pixel].tolist()
            gap = height / n_rows >= 3 and shown == [0, 0, 0]
            assert gap or shown == levels[row].tolist()
        else:
            first, last = int(pixel * n_rows / height), int((pixel + 1) * n_rows / height)
            assert alphas[pixel].tolist() == levels[first : max(last, first + 1)].max(axis=0).tolist()


def test_rows_that_share_a_pixel_keep_their_own_colours():
    levels = np.array([[0, 255], [255, 0], [0, 0], [0, 0]], dtype=np.uint8)
    colors = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1.0]])
    image = raster_pixels(levels, (0, 4), 2, colors=colors, selected=[], least=1)
    assert image[0].tolist() == [[0, 255, 0, 255], [255, 0, 0, 255]] and image[1].max() == 0


def test_a_selected_row_is_never_lower_than_it_can_be_seen():
    levels = np.full((100, 2), 255, dtype=np.uint8)
    white, red = np.ones((1, 4)), (1.0, 0.0, 0.0, 1.0)
    image = raster_pixels(levels, (0, 100), 20, colors=white, selected=[(50, red)], least=3)
    assert np.flatnonzero((image[:, 0] == [255, 0, 0, 255]).all(axis=1)).tolist() == [9, 10, 11]
    image = raster_pixels(levels, (0, 100), 20, colors=white, selected=[(0, red), (99, red)], least=3)
    assert np.flatnonzero((image[:, 0] == [255, 0, 0, 255]).all(axis=1)).tolist() == [0, 1, 18, 19]


def test_few_spikes_are_all_strong_and_many_by_their_number():
    counts = np.array([[0, 1, 2, 8]], dtype=np.uint16)
    alone, many = density_levels(counts, single=True)[0], density_levels(counts, single=False)[0]
    assert alone[0] == many[0] == 0 and alone[1] > 210 and 100 < many[1] < many[2] < many[3]


def test_presence_is_by_the_fullest_bins_of_each_row():
    counts = np.zeros((3, 100), dtype=np.uint16)
    counts[0], counts[1, :50], counts[2, 7] = 10, 1000, 1
    levels = presence_levels(counts)
    assert set(levels[0]) == {255} and set(levels[1, :50]) == {255} and levels[1, 50:].max() == 0
    assert levels[2, 7] == 255 and levels[2].astype(int).sum() == 255
    counts[0, 0], counts[0, 1] = 1000, 5
    assert presence_levels(counts)[0, 2] == 255 and 100 < presence_levels(counts)[0, 1] < 160


def test_bars_are_widened_about_their_place():
    levels = np.array([[0, 0, 0, 9, 0, 0, 0]], dtype=np.uint8)
    assert widened(levels, 1).tolist() == levels.tolist()
    assert widened(levels, 3).tolist() == [[0, 0, 9, 9, 9, 0, 0]]
    assert widened(levels, 4).tolist() == [[0, 0, 9, 9, 9, 9, 0]]


def test_every_spike_is_a_bar_in_the_row_of_its_cluster_and_the_selected_ones_are_coloured(drawn):
    view = make_view()
    view.host.data.table.order = [4, 1, 5, 0, 2, 3]
    image = settled(view, drawn, [1, 3])
    assert view.block.cluster_ids == (4, 1, 5, 0, 2, 3) and view.status == "6 clusters · 180 spikes"
    for cluster_id, color in ((1, BLUE), (3, RED), (5, DIM)):
        for time in _times(view, cluster_id)[:5]:
            x, y = _spot(view, cluster_id, time)
            assert _near(image[int(y), int(x)], color, 45)
    free = max(np.diff(_times(view, 1)))
    gap = _times(view, 1)[int(np.argmax(np.diff(_times(view, 1))))] + free / 2
    x, y = _spot(view, 1, gap)
    assert image[int(y), int(x)].max() < 30


def test_many_spikes_are_a_density(drawn):
    view = make_view(4, 20_000)
    image = settled(view, drawn, [2])
    assert view.status == "4 clusters · density of 80,000"
    assert view.block.levels.shape == (4, view.panels.rects[0][2] - view.panels.rects[0][0])
    x, y = _spot(view, 2, 300.0)
    assert image[int(y), int(x)][1] > 140 > image[int(y), int(x)][0]


def test_a_zoom_shows_single_spikes_at_their_exact_places(drawn):
    view = make_view(4, 20_000)
    settled(view, drawn, [2])
    x, y = _spot(view, 2, _times(view, 2)[9000])
    view.panels.zoom(0, (x, y), (1000.0, 1.0))
    view.redraw()
    image = drawn(view)
    assert view.block.n_inside < 200 and "spikes" in view.status
    low, high = view.panels.ranges()[0, :2]
    times = _times(view, 2)
    inside = times[(times > low + 1e-3) & (times < high - 1e-3)]
    assert len(inside) > 2
    row = image[int(_spot(view, 2, low)[1])]
    coloured = np.flatnonzero(_is_blue(row))
    expected = {int(_spot(view, 2, time)[0]) for time in inside}
    assert expected <= set(coloured.tolist()) and len(coloured) <= len(expected) + 2


def _is_blue(row):
    return (row[:, 2].astype(int) - row[:, 0]) > 60


def test_wider_bars_when_few_spikes_are_in_sight(drawn):
    view = make_view(2, 5)
    image = settled(view, drawn, [0])
    row = int(_spot(view, 0, 0.0)[1])
    before = np.flatnonzero(_is_blue(image[row]))
    view.host.calls.clear()
    view.change(marker_size=5.0)
    assert view.host.called("request") == []
    after = np.flatnonzero(_is_blue(drawn(view)[row]))
    left, _, right, _ = view.panels.rects[0]
    # The label at the left is blue as well.
    before, after = before[before >= left], after[after >= left]
    expected = {x + by for x in before.tolist() for by in range(-2, 3) if left <= x + by < right}
    assert set(after.tolist()) == expected


def test_a_filter_or_another_order_counts_nothing_anew(drawn):
    view = make_view()
    settled(view, drawn, [1])
    counted = []
    original = view.host.data.spikes
    view.host.data.spikes = lambda cluster_id: counted.append(cluster_id) or original(cluster_id)
    table = view.host.data.table
    table.order = [5, 1, 0]
    table.change()
    view.host.calls.clear()
    view.table_changed()
    assert len(view.host.called("request")) == 1
    show(view, view.host.make_request([1]))
    # The request itself asks for the spikes of the selected cluster.
    assert set(counted) <= {1} and view.block.cluster_ids == (5, 1, 0)
    assert view.status == "3 of 6 clusters · " + view.status.split(" · ")[1]
    image = drawn(view)
    x, y = _spot(view, 1, _times(view, 1)[0])
    assert _near(image[int(y), int(x)], BLUE, 45)
    view.host.calls.clear()
    view.table_changed()
    assert view.host.called("request") == []


def test_a_selection_prepares_nothing(drawn):
    view = make_view()
    settled(view, drawn, [1])
    block = view.block
    assert view.cached(view.host.make_request([2]))
    assert show(view, view.host.make_request([2])) is block
    image = drawn(view)
    x, y = _spot(view, 2, _times(view, 2)[0])
    assert _near(image[int(y), int(x)], BLUE, 45)


def test_a_cluster_that_has_gone_meanwhile_is_an_empty_row():
    view = make_view(3)
    original = view.host.data.spikes

    def spikes(cluster_id):
        if cluster_id == 1:
            raise ActionError("There is no cluster 1.")
        return original(cluster_id)

    view.host.data.spikes = spikes
    assert view._source.counts((0, 1, 2), (0.0, 600.0), 50).sum(axis=1).tolist()[1] == 0


def test_no_cluster_after_a_filter_is_said_in_words(drawn):
    view = make_view()
    view.host.data.table.order = []
    show(view, view.host.make_request([]))
    assert view.scene.message == "No clusters: the filter of the cluster table leaves none."
    drawn(view)


def test_a_selected_cluster_that_the_filter_hides_is_not_drawn(drawn):
    view = make_view()
    view.host.data.table.order = [0, 2]
    image = settled(view, drawn, [1, 2])
    x, y = _spot(view, 2, _times(view, 2)[0])
    assert _near(image[int(y), int(x)], RED, 45)


def test_zooming_in_rows_draws_them_higher_without_counting(drawn):
    view = make_view(6, 3000)
    settled(view, drawn, [2])
    block = view.block
    view.on_wheel(frozenset({"control"}), 5)
    image = drawn(view)
    assert view.block is block and view._drawn[1] - view._drawn[0] < 6
    x, y = _spot(view, 2, _times(view, 2)[100])
    assert _near(image[int(y), int(x)], BLUE, 70)
    assert view.pick(x, y) == 2


def test_800_rows_in_200_pixels_show_the_selected_one(drawn):
    view = make_view(800, 20)
    image = settled(view, drawn, [433], (400, 300))
    row = view.block.cluster_ids.index(433)
    x, y = view.panels.to_pixels(0, _times(view, 433)[3], 800 - row - 0.5)
    assert _is_blue(image[int(y) - 1 : int(y) + 2, int(x)]).all()
    assert view.pick(float(x), float(y)) in (432, 433, 434)


def test_presence_over_time_is_drawn_in_bins(drawn):
    view = make_view(3, 3000)
    view.host.data.spike_clusters[view.host.data.spike_times > 300] = 0
    view.change(presence=True, presence_bins=20)
    image = settled(view, drawn, [1])
    assert view.block.levels.shape == (3, 20) and view.status == "3 clusters · presence, bins of 30 s"
    for time, there in ((100.0, True), (250.0, True), (350.0, False), (550.0, False)):
        x, y = _spot(view, 1, time)
        assert (_is_blue(image[int(y) : int(y) + 1, int(x)]).all()) == there


def test_colour_schemes_are_those_of_the_table_under_the_selection(drawn):
    view = make_view(4, 30)
    view.change(colors="random")
    image = settled(view, drawn, [1])
    expected = 255 * view.host.data.table.colors("random", [0])[0, :3]
    x, y = _spot(view, 0, _times(view, 0)[0])
    assert np.argmax(image[int(y), int(x)]) == np.argmax(expected)
    assert "colour: random" in view.status
    view.on_wheel(frozenset({"shift"}), 1)
    assert view.settings.colors == "cluster_group"
    view.on_wheel(frozenset({"shift"}), -1)
    assert view.settings.colors == "random"


def test_control_click_selects_and_control_shift_click_adds(drawn):
    view = make_view()
    settled(view, drawn, [0])
    for held in (("control",), ()):
        _click(view, _spot(view, 3, 100.0), *held)
    for held in (("control", "shift"), ("shift",)):
        _click(view, _spot(view, 4, 100.0), *held)
    assert view.host.called("select") == [([3],), ([3],)] and view.host.called("select_more") == [([4],), ([4],)]


def test_alt_click_shows_that_moment(drawn):
    view = make_view()
    settled(view, drawn, [0])
    _click(view, _spot(view, 5, 123.0), "alt")
    assert view.host.called("go_to_time") == [(pytest.approx(123.0), 5)] and view.host.called("select") == []


def test_wheel_and_keys_change_the_width_of_the_bars():
    view = make_view()
    show(view, view.host.make_request([0]))
    view.on_wheel(frozenset({"alt"}), 1)
    assert view.settings.marker_size == pytest.approx(1.1)
    actions = {a.id: a for a in view.actions()}
    assert actions["increase_marker_size"].shortcut == "ctrl+shift++"
    for _ in range(50):
        actions["increase_marker_size"].handler()
    assert view.settings.marker_size == 20
    for _ in range(50):
        actions["decrease_marker_size"].handler()
    assert view.settings.marker_size == 1
    actions["toggle_presence"].handler()
    assert actions["toggle_presence"].checked() and view.block.presence


def test_the_band_marks_the_window_of_the_traces(drawn):
    view = make_view()
    settled(view, drawn, [0])
    view.set_time_window((100.0, 160.0))
    image = drawn(view).astype(int)
    top, x = int(view.panels.rects[0][1]), int(view.panels.to_pixels(0, 130.0, 0.0)[0])
    column = image[top : int(view.panels.rects[0][3]), x]
    assert np.median(column[:, 0] - column[:, 2]) > 30


def test_the_pointer_is_told_the_cluster_of_a_row(drawn):
    view = make_view()
    settled(view, drawn, [0])
    view.hover.move_to(*_spot(view, 2, 50.0))
    assert view.hover.text.startswith("2 · noise · ") and view.hover.text.endswith(" spikes")
    view.hover.move_to(0.0, 0.0)
    assert view.hover.text == ""


@pytest.mark.parametrize("n", [1, 2, 20, 300])
@pytest.mark.parametrize("size", [(300, 220), (400, 300), (1200, 900)])
def test_labels_never_overlap_or_leave_the_view(drawn, n, size):
    view = make_view(n, 20, theme=LIGHT)
    settled(view, drawn, range(min(n, 8)), size)
    boxes = np.array([(g[0], g[1], g[8], g[9]) for g in view.scene.over._glyphs])
    assert boxes[:, :2].min() >= 0 and boxes[:, 2].max() <= size[0] and boxes[:, 3].max() <= size[1]
    overlap = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    np.fill_diagonal(overlap[..., 0], -1)
    assert not (overlap > 2).all(axis=-1).any()


def test_both_of_two_selected_neighbours_are_named_however_thin_the_rows(drawn):
    view = make_view(120, 20)
    settled(view, drawn, [50, 51], (400, 300))
    ids = {line.text: line.y for line in view.scene.over.lines}
    half = view.scene.over.cap_height / 2
    assert ids["50"] + 2 * half < ids["51"]
    for row in (50, 51):
        assert abs(ids[str(row)] - half - _spot(view, row, 0.0)[1]) < 2 * half + 3


def test_a_cluster_of_one_spike_is_seen(drawn):
    view = make_view(3, 10)
    clusters = view.host.data.spike_clusters
    clusters[clusters == 2] = 0
    clusters[4] = 2
    image = settled(view, drawn, [2])
    x, y = _spot(view, 2, view.host.data.spike_times[4])
    assert _near(image[int(y), int(x)], BLUE, 45)


def test_settings_and_zoom_come_back_for_the_same_recording(drawn):
    view = make_view()
    view.change(presence=True, marker_size=3.0)
    settled(view, drawn, [0])
    view.panels.zoom(0, (200.0, 100.0), (2.0, 2.0))
    same, other = make_view(), make_view()
    same.restore(view.state())
    other.host.data.duration_s = 77.0
    other.restore(view.state())
    assert same.settings == other.settings == view.settings
    assert same.panels.zoomed and not other.panels.zoomed
