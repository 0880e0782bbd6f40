"""The feature view on made-up data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.views.feature import FeatureView
from phy_medicine.views.feature_cells import range_ends
from phy_medicine.views.feature_grid import DEFAULT_GRID, Dimension, choose_channels, parse_grid, share_channels
from phy_medicine.views.interact import Click
from phy_medicine.views.theme import LIGHT

TIME_0A, A1_A0 = 0, 1
CONTROL, ALT = frozenset({"control"}), frozenset({"alt"})


@pytest.fixture
def view():
    return FeatureView(FakeHost())


def _alt_click(view, panel, button):
    view.on_click(Click(0, 0, panel, 0, 0, button, ALT))


def _lasso(view, panel, corners):
    for x, y in corners:
        view.add_lasso_corner(Click(0, 0, panel, x, y, 1, CONTROL))


def _everywhere(block):
    big = 2 * block.limit
    return ((-big, -big), (big, -big), (big, big), (-big, big))


# Channels


def test_the_reference_decides_on_channels_and_common_ones_come_first():
    assert choose_channels([[4, 5, 6, 7], [6, 5, 9]], 0, 2) == (5, 6)
    assert choose_channels([[4, 5, 6, 7], [6, 5, 9]], 1, 2) == (6, 5)
    assert choose_channels([[4, 5], [5, 9]], 0, 2) == (5, 4)
    assert choose_channels([[4]], 0, 2) == (4, 4)


def test_clusters_that_are_to_be_separated_share_the_channels():
    assert share_channels([[4, 5, 6], [9, 4, 8, 7]], 4) == (4, 9, 5, 6)
    assert share_channels([[4, 5], [4, 5]], 4) == (4, 5, 4, 5)


def test_the_best_channels_of_the_cluster_are_shown(view):
    block = show(view, view.host.make_request([1]))
    assert block.channel_ids == tuple(view.host.data.best_channels(1)[:2])
    assert view.status.startswith("channels: {}, {} · 2,".format(*block.channel_ids))


def test_the_status_tells_how_many_spikes_of_how_many_are_drawn():
    view = FeatureView(FakeHost(n_per_cluster=12_000))
    show(view, view.host.make_request([0]))
    assert view.status.endswith(f"2,500 of {len(view.host.data.spikes(0)):,}")


def test_channels_stay_after_a_merge_and_change_with_the_next_selection(view, monkeypatch):
    data = view.host.data
    first = show(view, view.host.make_request([0, 1], n_best=2)).channel_ids
    data.removed = {0, 1}
    best = data.best_channels
    monkeypatch.setattr(data, "best_channels", lambda c: best(0 if c == 4 else c))
    assert show(view, view.host.make_request([4])).channel_ids == first
    assert show(view, view.host.make_request([5])).channel_ids == tuple(view.host.data.best_channels(5)[:2])


def test_channels_change_after_a_split_of_a_cluster_that_lies_elsewhere(view, monkeypatch):
    data = view.host.data
    first = show(view, view.host.make_request([0, 1], n_best=2)).channel_ids
    data.removed = {0}
    elsewhere = np.setdiff1d(np.arange(data.n_channels), first)[:4]
    monkeypatch.setattr(data, "best_channels", lambda cluster_id: elsewhere)
    assert show(view, view.host.make_request([5])).channel_ids == tuple(elsewhere[:2].tolist())


def test_fixed_channels_stay(view):
    first = show(view, view.host.make_request([0])).channel_ids
    toggle = next(a for a in view.actions() if a.id == "toggle_automatic_channel_selection")
    assert toggle.shortcut == "c" and toggle.checked()
    toggle.handler()
    assert not toggle.checked()
    assert show(view, view.host.make_request([5])).channel_ids == first
    toggle.handler()
    assert show(view, view.host.make_request([5])).channel_ids != first


def test_a_channel_given_by_another_view_is_used_and_never_twice(view):
    x = show(view, view.host.make_request([2])).channel_ids[0]
    view.set_channel(9, 1)
    assert view.block.channel_ids == (x, 9)
    view.set_channel(9, 0)
    assert view.block.channel_ids == (9, x)
    assert show(view, view.host.make_request([3])).channel_ids == tuple(view.host.data.best_channels(3)[:2])


def test_channels_are_chosen_by_what_they_are_called(view):
    view.host.data.channel_labels = tuple(f"A{c}" for c in range(32))
    show(view, view.host.make_request([2]))
    choose = next(a for a in view.actions() if a.id == "set_feature_channels")
    assert choose.snippet == "fc" and choose.needs_arguments
    choose.handler("A9", "A4")
    assert view.block.channel_ids == (9, 4) and view.status.startswith("channels: A9, A4")
    view.set_feature_channels("A4")
    assert view.block.channel_ids == (4, 9)
    assert show(view, view.host.make_request([3])).channel_ids == tuple(view.host.data.best_channels(3)[:2])


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["99"], "no channel 99; channels are called 0 to 31"),
        (["4", "4"], "once"),
        (["1", "2", "3"], "shows 2 channels"),
    ],
)
def test_channels_that_cannot_be_shown_are_refused_in_a_sentence(view, labels, said):
    before = show(view, view.host.make_request([2])).channel_ids
    with pytest.raises(PhyMedError, match=said):
        view.set_feature_channels(*labels)
    assert view.block.channel_ids == before


def test_without_a_selection_there_are_no_channels_to_choose(view):
    with pytest.raises(PhyMedError, match="Select a cluster first"):
        view.set_feature_channels("3")


def test_a_lasso_over_other_channels_is_forgotten(view):
    show(view, view.host.make_request([2]))
    _lasso(view, A1_A0, ((0, 0), (1, 0), (1, 1)))
    view.change(background=False)
    assert len(view.scene.lasso) == 3
    view.set_channel(9, 1)
    assert len(view.scene.lasso) == 0


# The picture


def test_a_spike_is_drawn_in_the_colour_of_its_cluster_and_the_background_is_grey(view, drawn):
    view.change(marker_size=4)
    block = show(view, view.host.make_request([1]))
    image = drawn(view)
    time, score = block.columns[0], block.columns[1]
    lone = np.flatnonzero(block.rows == 1)[100]
    x, y = view.panels.to_pixels(TIME_0A, time[lone], score[lone])
    assert image[int(y), int(x)][2] > 110 > image[int(y), int(x)][0]
    left, top, right, bottom = view.panels.rects[A1_A0]
    cell = image[top:bottom, left:right].astype(int)
    assert (np.ptp(cell, axis=2).min(initial=0, where=cell.min(axis=2) > 55) < 8).all()


def test_all_panels_of_scores_have_the_same_range(view):
    block = show(view, view.host.make_request([0, 3]))
    ranges = view.panels.ranges()
    np.testing.assert_allclose(ranges[A1_A0], [-block.limit, block.limit] * 2)
    np.testing.assert_allclose(ranges[TIME_0A], [0, 600, -block.limit, block.limit])
    assert block.limit == pytest.approx(np.abs(block.columns[1:, block.rows > 0]).max())


def test_names_stand_outside_of_the_panels(drawn):
    view = FeatureView(FakeHost())
    show(view, view.host.make_request([0, 1]))
    view.block = replace(view.block, columns=view.block.columns[:, :0], rows=view.block.rows[:0])
    view.upload(view.block)
    for size in ((300, 220), (620, 400), (1200, 900)):
        image = drawn(view, size).astype(int)
        rects = view.panels.rects
        assert (rects[:, 2] - rects[:, 0]).min() > 40 and (rects[:, 3] - rects[:, 1]).min() > 24
        for left, top, right, bottom in rects:
            assert image[top:bottom, left:right].max() < 120
        assert image[: rects[-1, 3] + 20].max() > 180


def test_the_light_theme_is_white(drawn):
    view = FeatureView(FakeHost(), theme=LIGHT)
    show(view, view.host.make_request([0]))
    assert drawn(view)[2, 2].tolist() == [255, 255, 255]


def test_missing_features_are_said_in_words(view):
    view.host.data.missing = "No PC features: pc_features.npy not found."
    show(view, view.host.make_request([0]))
    assert view.scene.message == "No PC features: pc_features.npy not found."


def test_twenty_clusters_and_single_spikes_are_drawn(drawn):
    view = FeatureView(FakeHost(n_clusters=20, n_per_cluster=1))
    view.host.data.spike_clusters[:] = np.arange(20)
    show(view, view.host.make_request(range(20)))
    assert view.status.endswith("8 of 20 clusters")
    drawn(view, (300, 220))


def test_panels_of_one_column_zoom_together_along_x(view):
    show(view, view.host.make_request([0]))
    before = view.panels.ranges()
    view.panels.zoom(4, tuple(view.panels.rects[4][[0, 3]]), (2, 2))
    changed = ~np.isclose(view.panels.ranges(), before)
    assert changed[[4, 8, 12], 1].all() and not changed[0, 1]
    assert changed[4:8, 3].all() and not changed[8:, 3].any()


# Gestures


def test_control_wheel_magnifies_and_is_saved(view):
    block = show(view, view.host.make_request([0]))
    view.on_wheel(CONTROL, 1)
    assert view.panels.ranges()[A1_A0, 1] == pytest.approx(block.limit / 1.1)
    increase = next(a for a in view.actions() if a.id == "increase")
    assert increase.shortcut == "ctrl++"
    increase.handler()
    assert view.state()["settings"]["scaling"] == pytest.approx(1.1 * 1.2)
    view.on_wheel(ALT, -100)
    assert view.settings.marker_size == 1


def test_alt_click_shows_a_dimension_in_the_amplitude_views(view):
    x, y = show(view, view.host.make_request([0])).channel_ids
    _alt_click(view, 6, 1)
    _alt_click(view, 6, 2)
    _alt_click(view, TIME_0A, 1)
    assert view.host.called("select_feature") == [(x, 1), (y, 0), (x, 0)]


# Under the pointer


def test_the_pointer_over_a_spike_is_told_its_values_and_its_cluster(view, drawn):
    view.change(background=False)
    block = show(view, view.host.make_request([1]))
    drawn(view)
    time, score = (block.column(d)[100] for d in block.grid.panels[TIME_0A])
    x, y = (float(v) for v in view.panels.to_pixels(TIME_0A, time, score))
    text, at_x, at_y = view.describe(x + 1, y)
    first, second, whose = text.split("\n")
    assert first.startswith("Time ") and first.endswith(" s") and whose == "cluster 1"
    assert second.startswith(f"{block.channel_ids[0]}A ")
    assert abs(at_x - x) <= 8 and abs(at_y - y) <= 8
    assert view.pick(x, y) == 1


def test_where_there_is_no_spike_the_pointer_is_told_what_the_place_stands_for(view, drawn):
    block = show(view, view.host.make_request([1]))
    drawn(view)
    left, top, _, _ = (float(edge) for edge in view.panels.rects[A1_A0])
    text, x, y = view.describe(left + 1, top + 1)
    assert (x, y) == (left + 1, top + 1) and "cluster" not in text
    assert text.split("\n")[0].startswith(f"{block.channel_ids[1]}A \N{MINUS SIGN}")
    assert view.describe(1.0, 1.0) is None and view.pick(left + 1, top + 1) is None


def test_a_spike_of_the_background_is_not_selected(view, drawn):
    block = show(view, view.host.make_request([1]))
    drawn(view)
    x, y = (block.column(d) for d in block.grid.panels[TIME_0A])
    px, py = view.panels.to_pixels(TIME_0A, x, y)
    mine = np.stack([px, py], axis=1)[block.rows > 0]
    alone = next(i for i in np.flatnonzero(block.rows == 0) if np.hypot(*(mine - (px[i], py[i])).T).min() > 9)
    assert view.describe(px[alone], py[alone])[0].endswith("not selected") and view.pick(px[alone], py[alone]) is None


# Splitting


def test_the_lasso_covers_spikes_that_are_not_drawn():
    view = FeatureView(FakeHost(n_per_cluster=9000))
    block = show(view, view.host.make_request([0, 1]))
    assert block.n_drawn == 5000
    _lasso(view, A1_A0, _everywhere(block))
    everything = np.concatenate([view.host.data.spikes(0), view.host.data.spikes(1)])
    assert np.array_equal(view.lasso_spike_ids(), np.sort(everything))


def test_a_lasso_over_time_takes_the_spikes_of_that_time(view):
    block = show(view, view.host.make_request([2]))
    big = 2 * block.limit
    _lasso(view, TIME_0A, ((100, -big), (200, -big), (200, big), (100, big)))
    times = view.host.data.spike_times[view.host.data.spikes(2)]
    assert np.array_equal(view.lasso_spike_ids(), view.host.data.spikes(2)[(times > 100) & (times < 200)])


def test_the_first_corner_fixes_the_panel(view):
    show(view, view.host.make_request([2]))
    _lasso(view, 5, ((0, 0), (1, 0)))
    _lasso(view, 6, ((0, 0),))
    assert len(view.scene.lasso) == 2
    assert len(view.lasso_spike_ids()) == 0


def test_a_split_that_would_leave_spikes_behind_is_refused(view):
    block = show(view, view.host.make_request([2]))
    _lasso(view, A1_A0, _everywhere(block))
    view.host.data.n_without = 10
    with pytest.raises(ActionError, match="have PC features"):
        view.lasso_spike_ids()


# The grid


def test_the_grid_is_written_as_in_phy():
    pairs = parse_grid("time,0A 1B,0A / 0A,time 0A,2C")
    assert (pairs.n_rows, pairs.n_columns, pairs.n_channels) == (2, 2, 3)
    assert pairs.panels[3] == (Dimension(0, 0), Dimension(2, 2))
    assert parse_grid("time,0A\n0A,LDA").panels[1] == (Dimension(0, 0), Dimension(attribute="LDA"))


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ("time,0A / 0A,0B 1A,0A", "have 1 and 2 panels"),
        ("", "is empty"),
        ("0A", "two dimensions with a comma, as 'time,0A', not '0A'"),
        ("0A,height", "time, amplitude, depth, LDA, or a channel .* not 'height'"),
        ("0A,count", "as 'count,0A', not '0A,count'"),
        (" ".join(["time,0A"] * 101), "101 panels; more than 100"),
    ],
)
def test_a_grid_that_cannot_be_read_is_refused_in_a_sentence(view, grid, said):
    show(view, view.host.make_request([0]))
    with pytest.raises(PhyMedError, match=said):
        view.change(grid=grid)
    assert view.settings.grid == DEFAULT_GRID and len(view.panels) == 16


def test_another_grid_is_shown(view, drawn):
    show(view, view.host.make_request([0]))
    view.set_grid_dim([["time,0A", "time,2A"], ["0A,1B", "0B,1C"], ["0A,2B", "0B,0C"]])
    assert len(view.panels) == 6 and len(view.block.channel_ids) == 3
    drawn(view)


def test_every_axis_is_named_once_where_it_changes():
    pairs = parse_grid(FeatureView(FakeHost()).settings.grid)
    assert pairs.left_ends() == (0, 4, 8, 12)
    assert pairs.lower_ends() == (0, 1, 5, 6, 10, 11, 12, 13, 14, 15)


def test_the_ends_of_an_axis_have_no_more_digits_than_its_length_needs():
    assert range_ends(-43.71, 43.71) == ("\N{MINUS SIGN}44", "44")
    assert range_ends(0.0, 6.0) == ("0", "6")
    assert range_ends(-0.4, 0.35) == ("\N{MINUS SIGN}0.40", "0.35")
    assert range_ends(0.0, 3600.0) == ("0", "3,600")
