"""The probe view on made-up data: geometry, colours, region and overview, clicks."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.views.interact import Click
from phy_medicine.views.probe import MAIN, OVERVIEW, ProbeView
from phy_medicine.views.theme import LIGHT

BLUE, RED, GREY = (8, 146, 252), (255, 2, 2), (128, 128, 128)


@pytest.fixture
def view():
    return ProbeView(FakeHost(n_channels=128))


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
    assert image[int(y), int(x) - 10].min() > 180
    other = next(int(ch) for ch in view.host.data.best_channels(2)[1:])
    x, y = _place(view, other)
    assert image[int(y), int(x) - 10].max() < 60


def test_two_clusters_on_a_contact_stand_side_by_side(drawn):
    view = ProbeView(FakeHost(n_channels=128, n_clusters=40))
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
    view = ProbeView(FakeHost(n_channels=16, n_clusters=2))
    show(view, view.host.make_request([0, 1]))
    drawn(view, (300, 500))
    assert view.panels.rects[OVERVIEW][0] > 300


def test_the_region_is_kept_for_a_neighbour(drawn):
    view = ProbeView(FakeHost(n_channels=128, n_clusters=40))
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
    show(view, view.host.make_request([2]))
    first = drawn(view, (300, 500)).copy()
    (action,) = view.actions()
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


@pytest.mark.parametrize("size", [(300, 220), (1200, 900), (120, 160)])
@pytest.mark.parametrize("clusters", [[0], [0, 5], list(range(20))])
def test_any_number_of_clusters_is_drawn_at_any_size(drawn, size, clusters):
    view = ProbeView(FakeHost(n_clusters=30, n_channels=384, n_per_cluster=5), theme=LIGHT)
    view.change(labels=True)
    show(view, view.host.make_request(clusters))
    assert drawn(view, size).min() < 150


def test_settings_are_saved_and_restored(view):
    view.change(labels=True)
    other = ProbeView(FakeHost())
    other.restore(view.state())
    assert other.settings.labels
