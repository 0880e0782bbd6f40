"""The probe view on made-up data: geometry, colours, region and overview, clicks."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import show
from fake_table import host_on_probe

from phy_medicine.io.contacts import Contacts
from phy_medicine.views.interact import Click
from phy_medicine.views.probe import MAIN, OVERVIEW, ProbeSettings, ProbeView
from phy_medicine.views.probe_marks import Labels
from phy_medicine.views.theme import DARK, LIGHT

BLUE, RED, GREY = (8, 146, 252), (255, 2, 2), (128, 128, 128)


def make_view(n=6, n_channels=128, *, theme=DARK, n_per_cluster=30, **settings):
    host = host_on_probe(n, n_channels, n_per_cluster=n_per_cluster)
    return ProbeView(host, theme=theme, settings=ProbeSettings(**{"units": False, "footprint": False, **settings}))


@pytest.fixture
def view():
    return make_view()


def _place(view, channel: int, panel: int = MAIN) -> tuple[float, float]:
    x, y = view.panels.to_pixels(panel, *view.host.data.channel_positions[channel])
    return float(x), float(y)


def _near(pixel: np.ndarray, color: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - np.array(color)).max() < 40)


def _at(image: np.ndarray, place: tuple[float, float]) -> np.ndarray:
    return image[int(place[1]), int(place[0])]


def _click(view, place, *, panel=MAIN, button=1, modifiers=(), digit=None) -> None:
    data = view.panels.to_data(panel, *place)
    view.on_click(Click(*place, panel, float(data[0]), float(data[1]), button, frozenset(modifiers), digit))


def test_best_channels_have_the_colour_of_the_cluster_and_others_are_grey(view, drawn):
    show(view, view.host.make_request([2]))
    image = drawn(view, (300, 500))
    best = set(view.host.data.best_channels(2).tolist())
    for channel in best:
        assert _near(_at(image, _place(view, channel)), BLUE)
    assert _near(_at(image, _place(view, max(best) + 1)), GREY)


def test_the_geometry_is_true(view, drawn):
    show(view, view.host.make_request([2]))
    drawn(view, (300, 500))
    a, b, _, _ = view.panels.transforms()[MAIN]
    assert a == pytest.approx(-b)


def test_the_peak_channel_has_a_ring(view, drawn):
    show(view, view.host.make_request([2]))
    image = drawn(view, (300, 500))
    x, y = _place(view, view.host.data.peak_channel(2))
    edge = int(view._sizes(MAIN)[1][view.block.peaks][0] / 2 + 2)
    assert image[int(y), int(x) - edge].min() > 180
    other = next(int(ch) for ch in view.host.data.best_channels(2)[1:])
    x, y = _place(view, other)
    assert image[int(y), int(x) - edge].max() < 60


def test_two_clusters_on_a_contact_stand_side_by_side(drawn):
    view = make_view(40)
    data = view.host.data
    common = [int(ch) for ch in data.best_channels(10) if ch in data.best_channels(11)]
    channel = next(ch for ch in common if ch not in (data.peak_channel(10), data.peak_channel(11)))
    block = show(view, view.host.make_request([10, 11]))
    image = drawn(view, (300, 500))
    x, y = _place(view, channel)
    size = view._sizes(MAIN)[1][block.channels == channel][0]
    assert _near(_at(image, (x - size / 2, y)), BLUE)
    assert _near(_at(image, (x + size / 2, y)), RED)


def test_the_view_opens_on_the_region_of_the_selection(view, drawn):
    show(view, view.host.make_request([3]))
    drawn(view, (300, 500))
    _, _, y0, y1 = view.panels.ranges()[MAIN]
    depths = view.host.data.channel_positions[view.host.data.best_channels(3), 1]
    assert y0 < depths.min() and depths.max() < y1
    assert y1 - y0 < 0.6 * np.ptp(view.host.data.channel_positions[:, 1])


def test_the_overview_shows_the_whole_probe_and_frames_the_region(view, drawn):
    show(view, view.host.make_request([3]))
    image = drawn(view, (300, 500))
    left, top, right, bottom = view.panels.rects[OVERVIEW]
    assert right <= 300 and right - left >= 22
    _, y = view.panels.to_pixels(OVERVIEW, 0.0, view.panels.ranges()[MAIN][2:])
    strip = image[:, (left + right) // 2].astype(int)
    for edge in y:
        assert any(strip[int(edge) + k][2] > 150 for k in (-1, 0, 1))
    for channel in (0, 127):
        x, y = _place(view, channel, OVERVIEW)
        assert left <= x <= right and top <= y <= bottom


def test_a_click_in_the_overview_goes_there(view, drawn):
    show(view, view.host.make_request([3]))
    drawn(view, (300, 500))
    _click(view, _place(view, 2, OVERVIEW), panel=OVERVIEW)
    _, _, y0, y1 = view.panels.ranges()[MAIN]
    assert (y0 + y1) / 2 == pytest.approx(view.host.data.channel_positions[2, 1], abs=2)


def test_a_small_probe_has_no_overview(drawn):
    view = make_view(2, 16)
    show(view, view.host.make_request([0, 1]))
    drawn(view, (300, 500))
    assert view.panels.rects[OVERVIEW][0] > 300


def test_the_region_is_kept_for_a_neighbour(drawn):
    view = make_view(40)
    show(view, view.host.make_request([10]))
    before = view.panels.home()[MAIN]
    show(view, view.host.make_request([10, 11]))
    assert np.array_equal(view.panels.home()[MAIN], before)
    show(view, view.host.make_request([35]))
    assert not np.array_equal(view.panels.home()[MAIN], before)


def test_a_click_on_a_contact_selects_the_clusters_whose_peak_it_is(view, drawn):
    show(view, view.host.make_request([2]))
    drawn(view, (300, 500))
    peak = view.host.data.peak_channel(2)
    _click(view, _place(view, peak))
    _click(view, _place(view, peak), modifiers=("shift",))
    assert view.host.called("select") == [((2,),)]
    assert view.host.called("select_more") == [((2,),)]


def test_a_click_on_a_contact_without_cluster_says_so(view, drawn):
    show(view, view.host.make_request([2]))
    drawn(view, (300, 500))
    free = view.host.data.peak_channel(2) + 1
    _click(view, _place(view, free))
    assert view.host.called("select") == []
    assert view.host.called("message") == [(f"No cluster has its peak on channel {free}.",)]


def test_a_click_beside_the_contacts_does_nothing(view, drawn):
    show(view, view.host.make_request([2]))
    drawn(view, (300, 500))
    left, top, _, _ = view.panels.rects[MAIN]
    _click(view, (float(left + 3), float(top + 3)))
    assert [call[0] for call in view.host.calls] == []


def test_control_click_takes_the_channel_for_the_feature_views(view, drawn):
    show(view, view.host.make_request([2]))
    drawn(view, (300, 500))
    peak = view.host.data.peak_channel(2)
    _click(view, _place(view, peak), modifiers=("control",))
    _click(view, _place(view, peak), modifiers=("control",), button=2)
    _click(view, _place(view, peak), digit=2)
    assert view.host.called("set_channels") == [(peak, 0), (peak, 1), (peak, 2)]


def test_labels_are_shown_on_demand(view, drawn):
    view.change(selected_size=15.0)
    show(view, view.host.make_request([2]))
    first = drawn(view, (300, 500)).copy()
    action = view.actions()[0]
    assert action.id == "toggle_show_labels" and not action.checked()
    action.handler()
    second = drawn(view, (300, 500))
    assert action.checked()
    other = view.host.data.best_channels(2)[-1]
    x, y = (int(v) for v in _place(view, int(other)))
    place = (slice(y - 6, y + 7), slice(x + 9, x + 26))
    assert first[place].max() < second[place].max()


def test_without_a_selection_the_whole_probe_is_shown(view, drawn):
    show(view, view.host.make_request([]))
    image = drawn(view, (300, 500))
    assert view.status == "128 channels" and view.scene.message == ""
    assert _near(_at(image, _place(view, 60)), GREY)
    assert view.panels.rects[OVERVIEW][0] > 300


def test_the_status_names_the_peaks(view):
    show(view, view.host.make_request([2]))
    peak = view.host.data.peak_channel(2)
    assert view.status == f"peak {peak} · 12 of 128 channels"


def test_the_shank_is_filled_and_outlined(view, drawn):
    show(view, view.host.make_request([2]))
    image = drawn(view, (300, 500))
    (shank,) = view.block.probe.shanks
    x = shank.outline[:, 0].min()
    _, y = _place(view, view.host.data.peak_channel(2))
    px = int(view.panels.to_pixels(MAIN, x, 0.0)[0])
    row = image[int(y)].astype(int).sum(axis=1)
    assert row[px - 1 : px + 2].max() > row[px + 4] > row[px - 6]


def test_discs_are_as_wide_as_the_template_is_large_there(drawn):
    view = make_view(footprint=True)
    block = show(view, view.host.make_request([2]))
    image = drawn(view, (300, 500))
    (template,) = view.host.data.templates(2)
    sizes = np.ptp(template.data, axis=0)
    assert block.shares == pytest.approx(sizes / sizes.max(), rel=1e-5)
    rooms, widths = view._sizes(MAIN)[1], view._discs(MAIN)[2]
    assert widths == pytest.approx(np.maximum(rooms * np.ceil(block.shares * 8) / 8, 3))
    weak = int(np.argmin(block.shares))
    x, y = _place(view, block.channels[weak])
    assert _near(image[int(y), int(x)], BLUE) and not _near(image[int(y), int(x + rooms[weak] / 2 - 2)], BLUE)


def test_without_templates_all_discs_are_equal():
    view = make_view(footprint=True)
    view.host.data.missing = "No templates: templates.npy not found."
    assert (show(view, view.host.make_request([2, 3])).shares == 1).all()


@pytest.mark.parametrize("size", [(300, 220), (1200, 900), (120, 160)])
@pytest.mark.parametrize("clusters", [[0], [0, 5], list(range(20))])
def test_any_number_of_clusters_is_drawn_at_any_size(drawn, size, clusters):
    view = make_view(30, 384, theme=LIGHT, labels=True, units=True, footprint=True)
    show(view, view.host.make_request(clusters))
    assert drawn(view, size).min() < 150


def test_settings_are_saved_and_restored(view):
    view.change(labels=True)
    other = make_view()
    other.restore(view.state())
    assert other.settings.labels


@pytest.fixture
def mapped():
    """All clusters as rings, each 9 µm to the right of its peak channel."""
    return make_view(units=True)


def _ring(view, cluster):
    row = view.block.units.cluster_ids.tolist().index(cluster)
    x, y = view.panels.to_pixels(MAIN, view.block.units.x[row], view.block.units.y[row])
    return float(x), float(y)


def test_every_cluster_is_a_ring_in_the_colour_of_its_group(mapped, drawn):
    show(mapped, mapped.host.make_request([]))
    image = drawn(mapped, (500, 900))
    assert mapped.status == "128 channels · 6 clusters"
    assert mapped.block.units.x - mapped.host.data.channel_positions[mapped.host.data._peaks, 0] == pytest.approx(9)
    mapped.panels.zoom(MAIN, _ring(mapped, 0), (4.0, 4.0))
    mapped.redraw()
    image = drawn(mapped, (500, 900))
    x, y = _ring(mapped, 0)
    around = image[int(y) - 5 : int(y) + 6, int(x) - 5 : int(x) + 6].reshape(-1, 3).astype(int)
    greenest = around[np.argmax(around[:, 1] - around[:, 2])]
    assert greenest[1] > greenest[0] + 30 and greenest[1] > greenest[2] + 30
    assert image[int(y), int(x)].max() < 60


def test_a_selected_cluster_has_a_ring_in_its_own_colour(mapped, drawn):
    show(mapped, mapped.host.make_request([2, 3]))
    mapped.change(contact_size=2.0)
    image = drawn(mapped, (300, 500))
    for cluster, color in ((2, BLUE), (3, RED)):
        x, y = _ring(mapped, cluster)
        column = image[int(y) - 7 : int(y) + 8, int(x)]
        assert any(_near(pixel, color) for pixel in column) and image[int(y), int(x)].max() < 60


def test_clusters_of_the_table_alone_are_shown_and_one_without_depth_is_counted(mapped):
    table = mapped.host.data.table
    table.order, table.cells["depth"][4] = [5, 4, 1], None
    table.change()
    block = show(mapped, mapped.host.make_request([]))
    assert block.units.cluster_ids.tolist() == [5, 1] and mapped.status == "128 channels · 2 of 3 clusters"


def test_a_selection_asks_the_table_nothing_and_a_change_of_it_does(mapped):
    first = show(mapped, mapped.host.make_request([1]))
    assert mapped.cached(mapped.host.make_request([2]))
    assert show(mapped, mapped.host.make_request([2])).units is first.units
    mapped.table_changed()
    assert mapped.host.called("request") == []
    mapped.host.data.table.change()
    assert not mapped.cached(mapped.host.make_request([2]))
    mapped.table_changed()
    assert mapped.host.called("request") == [(mapped,)]


def test_a_click_on_a_ring_selects_its_cluster_and_the_view_stays(mapped, drawn):
    show(mapped, mapped.host.make_request([]))
    drawn(mapped, (300, 900))
    before = mapped.panels.home()[MAIN].copy()
    _click(mapped, _ring(mapped, 4))
    _click(mapped, _ring(mapped, 1), modifiers=("shift",))
    assert mapped.host.called("select") == [((4,),)] and mapped.host.called("select_more") == [((1,),)]
    show(mapped, mapped.host.make_request([4, 1]))
    drawn(mapped, (300, 900))
    assert mapped.panels.home()[MAIN] == pytest.approx(before)


def test_alt_clicks_draw_a_lasso_that_selects_the_clusters_inside(mapped, drawn):
    show(mapped, mapped.host.make_request([]))
    drawn(mapped, (300, 900))
    mapped.host.select = lambda ids: (mapped.host.calls.append(("select", ids)), mapped.clear_lasso())
    depths = mapped.block.units.y
    low, high = (depths[1] + depths[2]) / 2, depths[4] + 20
    for x, y in ((-20, low), (90, low), (90, high), (-20, high)):
        _click(mapped, tuple(map(float, mapped.panels.to_pixels(MAIN, x, y))), modifiers=("alt",))
    assert mapped.host.called("select")[-1] == ([2, 3, 4],)
    assert len(mapped.scene.lasso) == 4 and len(mapped.lasso_spike_ids()) == 0
    _click(mapped, (150.0, 400.0), modifiers=("alt",), button=2)
    assert len(mapped.scene.lasso) == 0
    assert mapped.host.called("set_channels") == []


def test_the_lasso_finds_clusters_that_are_not_drawn(view, drawn):
    show(view, view.host.make_request([]))
    drawn(view, (300, 900))
    for x, y in ((-50, -50), (200, -50), (200, 2000), (-50, 2000)):
        _click(view, tuple(map(float, view.panels.to_pixels(MAIN, x, y))), modifiers=("alt",))
    assert view.host.called("select")[-1] == ([0, 1, 2, 3, 4, 5],)


def test_the_pointer_is_told_of_clusters_and_contacts(mapped, drawn):
    show(mapped, mapped.host.make_request([3]))
    drawn(mapped, (300, 500))
    data, table = mapped.host.data, mapped.host.data.table
    peak = data.peak_channel(3)
    x, y = data.channel_positions[peak]
    table.cells["fr"][3] = 12.25
    words, px, py = mapped.describe(*_ring(mapped, 3))
    assert words == f"cluster 3 · unsorted · 12.2 Hz\nx {x + 9:.0f}, depth {y:.0f} µm"
    assert (px, py) == pytest.approx(_ring(mapped, 3))
    mapped.change(units=False)
    assert (
        mapped.describe(*_place(mapped, peak))[0] == f"channel {peak} · x {x:.0f}, depth {y:.0f} µm\npeak of cluster 3"
    )
    x, y = data.channel_positions[peak + 2]
    expected = f"channel {peak + 2} · x {x:.0f}, depth {y:.0f} µm\nno cluster has its peak here"
    assert mapped.describe(*_place(mapped, peak + 2))[0] == expected
    left, top, _, _ = mapped.panels.rects[MAIN]
    assert mapped.describe(float(left + 2), float(top + 2)) is None


@pytest.fixture
def shanks():
    """Two shanks of two columns, 250 µm from each other."""
    view = make_view(4, 64, units=True)
    data = view.host.data
    i = np.arange(64)
    data.channel_positions = np.stack([32.0 * (i % 2) + 250.0 * (i // 32), 15.0 * (i % 32 // 2)], axis=1)
    data.channel_shanks = (i // 32).astype(np.int32)
    return view


def test_long_gaps_between_shanks_are_shortened_and_said(shanks, drawn):
    block = show(shanks, shanks.host.make_request([0, 3]))
    drawn(shanks, (600, 400))
    (gap,) = block.probe.breaks
    assert gap.gap_um == pytest.approx(250 - 32 - 2 * 0.6 * 15)
    assert gap.right - gap.left == pytest.approx(50) and "gaps shortened" in shanks.status
    right = shanks.host.data.channel_shanks == 1
    assert block.probe.moved[right] == pytest.approx(150) and not block.probe.moved[~right].any()
    shift = shanks.host.data.channel_positions - block.probe.positions
    assert shift[:, 0] == pytest.approx(block.probe.moved) and not shift[:, 1].any()
    x, y = shanks.panels.to_pixels(MAIN, gap.middle, 100.0)
    assert shanks.describe(float(x), float(y))[0] == "200 µm between the shanks, drawn shorter"


def test_clusters_move_with_their_shank(shanks):
    block = show(shanks, shanks.host.make_request([]))
    expected = shanks.host.data.unit_positions.x_um([0, 1, 2, 3]) - np.array([0, 0, 150, 150])
    assert block.units.x == pytest.approx(expected)


def test_gaps_are_drawn_to_scale_on_demand(shanks):
    show(shanks, shanks.host.make_request([0]))
    toggle = next(a for a in shanks.actions() if a.id == "toggle_shorten_gaps")
    toggle.handler()
    assert not toggle.checked() and shanks.block.probe.breaks == ()
    assert np.array_equal(shanks.block.probe.positions, shanks.host.data.channel_positions)
    assert "gaps" not in shanks.status


def test_a_probe_that_fits_is_shown_whole_and_the_scale_bar_is_true(shanks, drawn):
    show(shanks, shanks.host.make_request([0, 3]))
    image = drawn(shanks, (600, 400))
    x0, x1, y0, y1 = shanks.panels.ranges()[MAIN]
    extent = shanks.block.probe.extent
    assert x0 <= extent[0] and extent[1] <= x1 and y0 <= extent[2] and extent[3] <= y1
    left, _, _, bottom = shanks.panels.rects[MAIN]
    below = image[int(bottom) + 6 : 400, int(left) : int(left) + 90].max(axis=2) > 100
    row = below[np.argmax(below.sum(axis=1))]
    length = np.argmin(row)  # of the first run
    bar_um = length / shanks.panels.transforms()[MAIN, 0]
    assert min(abs(bar_um - value) / value for value in (10, 20, 50, 100)) < 0.04


def test_contacts_of_known_shape_are_drawn_in_their_size(shanks, drawn):
    wide, high = np.full(64, 12.0), np.full(64, 6.0)
    high[40:] = 12.0
    shanks.host.data.contacts = Contacts(np.stack([wide, high], axis=1), np.arange(64) >= 40)
    shanks.change(units=False, contact_size=2.0)
    show(shanks, shanks.host.make_request([]))
    image = drawn(shanks, (1000, 700)).max(axis=2) > 75
    scale = shanks.panels.transforms()[MAIN, 0]
    for channel, width, height in ((8, 12, 6), (50, 12, 12)):
        x, y = (round(v) for v in _place_drawn(shanks, channel))
        reach = int(10 * scale)
        row, column = image[y, x - reach : x + reach], image[y - int(7 * scale) : y + int(7 * scale), x]
        assert row.sum() == pytest.approx(width * scale, abs=2.5)
        assert column.sum() == pytest.approx(height * scale, abs=2.5)
    corner = 5 * scale
    x, y = _place_drawn(shanks, 50)
    assert not image[int(y - corner), int(x - corner)]


def _place_drawn(view, channel):
    x, y = view.panels.to_pixels(MAIN, *view.block.probe.positions[channel])
    return float(x), float(y)


def _labels(scene, *taken):
    scene.panels.set_rects(np.array([(0, 0, 400, 100), (400, 0, 401, 1)]))
    return Labels(scene, np.array(taken, dtype=float))


def test_the_line_to_a_label_starts_behind_a_label_of_the_same_row(shanks):
    scene, edges = shanks.scene, (0.0, 200.0)
    labels = _labels(scene, (20.0, 10.0, 60.0, 30.0))
    labels.write_peak("3", (40.0, 60.0), 20.0, edges)
    labels.write_peak("2", (40.0, 60.0), 20.0, edges)
    line = scene.over.vertices()[0][:6, 0]
    assert [text.text for text in scene.over.lines] == ["3", "2"]
    end = 66 + scene.over.text_width("3")
    assert line.min() == pytest.approx(end + 1 + 3) and line.max() == pytest.approx(204 - 1 - 3)


def test_the_label_of_a_peak_stands_where_no_line_crosses_other_discs(shanks):
    left, right = (100.0, 10.0, 130.0, 30.0), (140.0, 10.0, 170.0, 30.0)
    _labels(shanks.scene, left, right).write_peak("44", (100.0, 130.0), 20.0, (90.0, 180.0))
    _labels(shanks.scene, left, right).write_peak("45", (140.0, 170.0), 20.0, (90.0, 180.0))
    places = {line.text: line.x for line in shanks.scene.over.lines}
    assert places["44"] + shanks.scene.over.text_width("44") <= 100 and places["45"] >= 170
    assert len(shanks.scene.over.triangles()[0]) == 0
