"""The similarity matrix on a made-up table."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import show
from fake_table import host_with_table

from phy_medicine.views.interact import Click
from phy_medicine.views.similarity_matrix import SimilarityMatrixView, similarity_palette
from phy_medicine.views.theme import DARK, LIGHT


def make_view(n=40, **options):
    host = host_with_table(n, n_per_cluster=2)
    table, rng = host.data.table, np.random.default_rng(8)
    half = rng.uniform(0, 0.6, (n, n)).astype(np.float32)
    table.matrix = np.maximum(half, half.T)
    return SimilarityMatrixView(host, **options)


@pytest.fixture
def view():
    return make_view()


def place_of(view, column_cluster, row_cluster):
    ids = view.block.cluster_ids.tolist()
    x, y = view.panels.to_pixels(0, ids.index(column_cluster) + 0.5, ids.index(row_cluster) + 0.5)
    return float(x), float(y)


def _click(view, place, *modifiers, button=1):
    view.on_click(Click(*place, view.panels.at(*place), 0.0, 0.0, button, frozenset(modifiers)))


def test_clusters_are_ordered_by_depth_or_as_in_the_table(view):
    block = show(view, view.host.make_request([]))
    depths = view.host.data.table.cells["depth"]
    assert block.cluster_ids.tolist() == sorted(range(40), key=depths.get)
    assert view.status == "40 clusters · template similarity · by depth"
    next(a for a in view.actions() if a.id == "toggle_matrix_order").handler()
    assert view.block.cluster_ids.tolist() == list(range(40))


def test_a_cell_has_the_colour_of_its_similarity(view, drawn):
    table = view.host.data.table
    table.matrix[3, 9] = table.matrix[9, 3] = 0.95
    table.matrix[3, 10] = table.matrix[10, 3] = 0.0
    show(view, view.host.make_request([]))
    image = drawn(view, (800, 800))
    palette = similarity_palette(DARK)
    for pair, value in (((3, 9), 0.95), ((9, 3), 0.95), ((3, 10), 0.0)):
        x, y = place_of(view, *pair)
        expected = np.round(palette[round(255 * value), :3] * 255)
        assert np.abs(image[int(y), int(x)].astype(int) - expected).max() <= 3
    x, y = place_of(view, 5, 5)
    assert np.abs(image[int(y), int(x)].astype(int) - np.array(DARK.rgba("line")[:3]) * 255).max() <= 3


def test_no_pair_is_lost_where_cells_are_smaller_than_pixels(drawn):
    view = make_view(800)
    table = view.host.data.table
    table.matrix[:] = 0.0
    table.matrix[111, 222] = 1.0
    show(view, view.host.make_request([]))
    image = drawn(view, (400, 300))
    x, y = place_of(view, 222, 111)
    near = image[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].astype(int)
    assert near.sum(axis=2).max() > 600
    assert view.cached(view.host.make_request([3]))


def test_the_view_zooms_on_the_selection_and_back_out(view, drawn):
    show(view, view.host.make_request([]))
    drawn(view)
    assert view.panels.ranges()[0].tolist() == [0, 40, 0, 40]
    ids = view.block.cluster_ids.tolist()
    show(view, view.host.make_request([ids[20], ids[22]]))
    x0, x1, y0, y1 = view.panels.ranges()[0]
    assert (x0, x1) == (y0, y1) and x0 <= 14 and x1 >= 29 and x1 - x0 <= 22
    view.panels.reset()
    show(view, view.host.make_request([ids[20], ids[22]]))
    assert view.panels.ranges()[0].tolist() == [0, 40, 0, 40]
    show(view, view.host.make_request([]))
    assert not view.panels.zoomed
    view.change(follow=False)
    show(view, view.host.make_request([ids[5]]))
    assert not view.panels.zoomed
    view.zoom_on_selection()
    assert view.panels.zoomed


def test_a_click_selects_the_pair_and_the_zoom_stays(view, drawn):
    show(view, view.host.make_request([]))
    drawn(view, (800, 800))
    _click(view, place_of(view, 7, 12), "control")
    assert view.host.called("select") == [([7, 12],)]
    show(view, view.host.make_request([7, 12]))
    assert not view.panels.zoomed
    _click(view, place_of(view, 3, 3))
    _click(view, place_of(view, 3, 4), "control", "shift")
    assert view.host.called("select")[-1] == ([3],) and view.host.called("select_more") == [([3, 4],)]


def test_selected_rows_and_columns_are_marked_in_their_colours(view, drawn):
    view.change(follow=False)
    view.host.data.table.matrix[:] = 0
    ids = show(view, view.host.make_request([])).cluster_ids.tolist()
    show(view, view.host.make_request([ids[10], ids[20]]))
    image = drawn(view, (800, 800)).astype(int)
    x, y = view.panels.to_pixels(0, 10.0, 30.5)
    assert image[int(y), int(x) - 2 : int(x) + 3, 2].max() > 80
    x, y = view.panels.to_pixels(0, 20.0, 10.5)
    assert image[int(y), int(x) - 2 : int(x) + 3].min(axis=1).max() > 150


def test_the_pointer_is_told_pair_and_value(view, drawn):
    view.host.data.table.matrix[12, 7] = 0.4321
    show(view, view.host.make_request([]))
    drawn(view, (800, 800))
    view.hover.move_to(*place_of(view, 7, 12))
    assert view.hover.text == "7 and 12 · 0.432" and view.pick(*place_of(view, 7, 12)) == 7
    view.hover.move_to(*place_of(view, 7, 7))
    assert view.hover.text == "cluster 7"


def test_merge_and_filter_are_followed(view):
    show(view, view.host.make_request([]))
    table = view.host.data.table
    table.order = [4, 8]
    table.change()
    view.table_changed()
    assert sorted(view.block.cluster_ids.tolist()) == [4, 8]
    table.order = []
    table.change()
    view.table_changed()
    assert view.scene.message.startswith("No clusters")


def test_weak_similarity_can_be_left_out(view, drawn):
    view.host.data.table.matrix[:] = 0.3
    show(view, view.host.make_request([]))
    drawn(view, (600, 600))
    view.change(faintest=0.5)
    image = drawn(view, (600, 600))
    x, y = place_of(view, 3, 9)
    assert image[int(y), int(x)].max() < 30


@pytest.mark.parametrize("size", [(400, 300), (1200, 900), (150, 110)])
@pytest.mark.parametrize("n", [1, 30, 800])
def test_any_number_of_clusters_at_any_size(drawn, size, n):
    view = make_view(n, theme=LIGHT)
    view.host.data.table.matrix[0, :] = np.nan
    show(view, view.host.make_request(list(range(min(n, 20)))))
    image = drawn(view, size)
    assert image[2, 2].tolist() == [255, 255, 255] and image.min() < 150


def test_settings_are_saved(view):
    view.change(order="table", faintest=0.2)
    other = make_view()
    other.restore(view.state())
    assert other.settings == view.settings
