"""The cluster scatter view on a made-up table."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import show
from fake_table import host_with_table
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.views.cluster_scatter import ClusterScatterView, number
from phy_medicine.views.interact import Click
from phy_medicine.views.theme import LIGHT

BLUE, RED, GOOD = (8, 146, 252), (255, 2, 2), (0.5254 * 255, 0.8196 * 255, 0.42745 * 255)


def make_view(n=40, **options):
    return ClusterScatterView(host_with_table(n), **options)


@pytest.fixture
def view():
    return make_view()


def _near(pixel, color, by=40):
    return bool(np.abs(pixel.astype(int) - np.array(color)).max() < by)


def _place(view, cluster):
    row = view.block.cluster_ids.tolist().index(cluster)
    x, y = view.panels.to_pixels(0, view.block.x.places[row], view.block.y.places[row])
    return float(x), float(y)


def _click(view, place, *modifiers, button=1):
    x, y = (float(v) for v in view.panels.to_data(0, *place))
    click = Click(*place, view.panels.at(*place), x, y, button, frozenset(modifiers))
    if modifiers == ("control",):
        view.add_lasso_corner(click)
    else:
        view.on_click(click)


def spread(view):
    """Clusters in a grid, so that no disc hides another."""
    table = view.host.data.table
    for c in table.order:
        table.cells["amp"][c], table.cells["depth"][c] = 10.0 * (c % 8), 50.0 * (c // 8)


def test_discs_are_smaller_where_there_are_many():
    few, many = (make_view(n) for n in (20, 360))
    for view in (few, many):
        show(view, view.host.make_request([]))
    assert few._ends(few.block)[1] == 30.0 and many._ends(many.block)[1] == pytest.approx(12.0)


def test_every_cluster_is_a_disc_in_the_colour_of_its_group(view, drawn):
    spread(view)
    show(view, view.host.make_request([]))
    image = drawn(view)
    for cluster in (0, 4, 8, 36):
        x, y = _place(view, cluster)
        assert _near(image[int(y), int(x)], np.array(GOOD) * 0.75, 30)
    assert view.status == "40 clusters · colour: cluster group"
    assert (view.scene.axes.x, view.scene.axes.y) == ("Amp (raw)", "Depth (µm)")


def test_selected_clusters_have_their_colours_and_a_rim(view, drawn):
    spread(view)
    show(view, view.host.make_request([9, 20]))
    image = drawn(view)
    for cluster, color in ((9, BLUE), (20, RED)):
        x, y = _place(view, cluster)
        assert _near(image[int(y), int(x)], color)
        row = view.block.cluster_ids.tolist().index(cluster)
        radius = view._diameters(view.block)[row] / 2 + 2
        assert image[int(y), int(x + radius) - 2 : int(x + radius) + 3].min(axis=1).max() > 100


def test_the_size_is_the_logarithm_of_the_rate(view, drawn):
    spread(view)
    rates = view.host.data.table.cells["fr"]
    rates.update(dict.fromkeys(rates, 1.0))
    rates.update({9: 100.0, 11: 10.0})
    show(view, view.host.make_request([]))
    sizes = dict(zip(view.block.cluster_ids.tolist(), view._diameters(view.block), strict=True))
    assert (sizes[0], sizes[11], sizes[9]) == (5, 17.5, 30)
    image = drawn(view, (1000, 800))
    x, y = _place(view, 9)
    assert image[int(y), int(x) + 13].max() > 80 and image[int(y), int(x) + 17].max() < 40
    view.change(size_log=False)
    sizes = dict(zip(view.block.cluster_ids.tolist(), view._diameters(view.block), strict=True))
    assert sizes[11] == pytest.approx(5 + 25 * 9 / 99, abs=0.5)


def test_clicks_select_and_add(view, drawn):
    spread(view)
    show(view, view.host.make_request([]))
    drawn(view)
    _click(view, _place(view, 7))
    _click(view, _place(view, 12), "shift")
    x, y = _place(view, 0)
    _click(view, (x + 25, y))
    _click(view, _place(view, 7), button=2)
    assert view.host.called("select") == [([7],)] and view.host.called("select_more") == [([12],)]
    assert view.host.called("message") == [("No cluster here.",)]


def test_the_lasso_selects_the_clusters_inside_and_stays(view, drawn):
    spread(view)
    show(view, view.host.make_request([]))
    drawn(view)
    view.host.select = lambda ids: (view.host.calls.append(("select", ids)), view.clear_lasso())
    for x, y in ((-3, -8), (25, -8), (25, 120), (-3, 120)):
        _click(view, tuple(float(v) for v in view.panels.to_pixels(0, x, y)), "control")
    assert view.host.called("select")[-1] == ([0, 1, 2, 8, 9, 10, 16, 17, 18],)
    assert len(view.scene.lasso) == 4 and len(view.lasso_spike_ids()) == 0
    view.clear_lasso()
    assert len(view.scene.lasso) == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 320), st.floats(0, 3000)), min_size=3, max_size=7), st.booleans())
def test_the_lasso_is_the_polygon_whatever_the_axes(corners, logarithmic):
    view = make_view(30)
    view.host.data.table.cells["amp"].update({3: None, 5: -2.0})
    view.change(x_log=logarithmic)
    block = show(view, view.host.make_request([]))
    for x, y in corners:
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))
    expected = []
    for c in range(30):
        amp = view.host.data.table.cells["amp"][c]
        if amp is None or (logarithmic and amp <= 0):
            continue
        x, y, inside = float(np.log10(amp)) if logarithmic else amp, view.host.data.table.cells["depth"][c], False
        for (xa, ya), (xb, yb) in zip(corners, corners[-1:] + corners[:-1], strict=True):
            if (ya > y) != (yb > y) and x < (xb - xa) * (y - ya) / (yb - ya) + xa:
                inside = not inside
        expected += [c] * inside
    assert view.clusters_inside() == expected and block is view.block


def test_merge_filter_and_sort_are_followed_but_a_selection_makes_nothing_anew(view):
    first = show(view, view.host.make_request([1]))
    assert view.cached(view.host.make_request([2])) and show(view, view.host.make_request([2])) is first
    table = view.host.data.table
    view.table_changed()
    assert view.host.called("request") == []
    table.order = [7, 3, 4]
    table.change()
    assert not view.cached(view.host.make_request([2]))
    view.table_changed()
    assert view.block.cluster_ids.tolist() == [7, 3, 4] and view.status.startswith("3 clusters")
    table.order = []
    table.change()
    view.table_changed()
    assert view.scene.message == "No clusters: the filter of the cluster table leaves none."


def test_columns_are_chosen_by_snippet_and_unknown_ones_refused(view):
    show(view, view.host.make_request([]))
    actions = {a.snippet: a for a in view.actions() if a.snippet}
    assert set(actions) == {"csx", "csy", "css"}
    actions["csx"].handler("fr")
    actions["css"].handler("amp")
    assert view.scene.axes.x == "Rate (Hz)" and view.block.size.column.name == "amp"
    with pytest.raises(ActionError, match="No column group with numbers; there are id, amp"):
        actions["csy"].handler("group")
    actions["csy"].handler("quality")
    assert view.scene.message == "No cluster has both Rate and Quality."


def test_logarithmic_axes_leave_out_what_has_no_logarithm(view):
    view.host.data.table.cells["fr"][4] = 0.0
    view.change(x_column="fr", x_log=True)
    block = show(view, view.host.make_request([]))
    assert not block.shown[4] and block.shown.sum() == 39 and view.scene.axes.log_x
    assert "39 of 40 clusters" in view.status


def test_the_wheel_changes_sizes_and_colours(view):
    show(view, view.host.make_request([]))
    view.on_wheel(frozenset({"alt"}), 1)
    assert (view.settings.smallest, view.settings.largest) == pytest.approx((5.5, 33))
    for _ in range(50):
        view.on_wheel(frozenset({"alt"}), 1)
    assert view.settings.largest <= 100
    view.on_wheel(frozenset({"shift"}), 1)
    assert view.settings.colors == "depth"
    view.on_wheel(frozenset({"shift"}), -1)
    assert view.settings.colors == "cluster_group"


def test_the_pointer_is_told_what_is_under_it(view, drawn):
    spread(view)
    view.host.data.table.cells["fr"][13] = 3.14159
    show(view, view.host.make_request([]))
    before = drawn(view).copy()
    x, y = _place(view, 13)
    view.hover.move_to(x, y)
    assert view.hover.text == "13 · mua\nAmp 50 raw · Depth 50 µm · Rate 3.14 Hz"
    after = drawn(view)
    assert (before != after).any(axis=2)[int(y) - 40 : int(y) - 8].mean() > 0.1
    assert view.pick(x, y) == 13 and view.pick(3, 3) is None
    view.hover.move_to(3.0, 3.0)
    assert view.hover.text == ""


@pytest.mark.parametrize("size", [(400, 300), (1200, 900), (160, 120)])
@pytest.mark.parametrize("clusters", [[], [0], list(range(20))])
def test_any_number_of_clusters_at_any_size(drawn, size, clusters):
    view = make_view(60, theme=LIGHT)
    view.host.data.table.cells["amp"][0] = None
    show(view, view.host.make_request(clusters))
    assert drawn(view, size)[2, 2].tolist() == [255, 255, 255]


def test_a_single_cluster_is_in_the_middle(drawn):
    view = make_view(1)
    show(view, view.host.make_request([0]))
    image = drawn(view)
    left, top, right, bottom = view.panels.rects[0]
    assert _near(image[(top + bottom) // 2, (left + right) // 2], BLUE)


def test_settings_and_zoom_are_saved(view, drawn):
    show(view, view.host.make_request([]))
    drawn(view)
    view.change(x_column="fr", colors="depth", smallest=3)
    view.panels.zoom(0, (300, 200), (2, 2))
    other = make_view()
    other.restore(view.state())
    assert other.settings == view.settings and other.panels.state() == view.panels.state()


def test_numbers_have_three_digits():
    assert [number(v) for v in (0.0, 3.14159, 52.13, 1234.5, 17.0, 0.01234, 1e9, np.nan)] == [
        "0", "3.14", "52.1", "1,234", "17", "0.0123", "1.00e+09", "none",
    ]  # fmt: skip


def test_positions_on_the_probe_have_one_scale_and_amplitude_brings_back_two(view, drawn):
    table = view.host.data.table
    table.cells["x"] = {c: 16.0 * (c % 4) for c in table.order}
    show(view, view.host.make_request([]))
    drawn(view)
    scale_x, scale_y = view.panels.transforms()[0, :2]
    assert abs(scale_x) != pytest.approx(abs(scale_y), rel=0.01)
    toggle = next(a for a in view.actions() if a.id == "toggle_unit_map")
    toggle.handler()
    drawn(view)
    assert toggle.checked() and (view.scene.axes.x, view.scene.axes.y) == ("x (µm)", "Depth (µm)")
    scale_x, scale_y = view.panels.transforms()[0, :2]
    assert scale_x == pytest.approx(-scale_y)
    toggle.handler()
    drawn(view)
    assert not toggle.checked() and view.settings.x_column == "amp" and not view.panels.equal
