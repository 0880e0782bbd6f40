"""The template view on made-up templates, and images of tables of numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from fake_host import show
from fake_table import host_with_table
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from phy_medicine.views.interact import Click
from phy_medicine.views.layout import Panels
from phy_medicine.views.matrix_image import cells_in_sight, indexed, reduced, starts_of, to_pixels
from phy_medicine.views.template import TemplateView
from phy_medicine.views.theme import LIGHT

BLUE = (8, 146, 252)


def make_view(n=20, n_channels=32, **options):
    return TemplateView(host_with_table(n, n_channels=n_channels), **options)


def place_of(view, column, row):
    x, y = view.panels.to_pixels(0, column + 0.5, row + 0.5)
    return float(x), float(y)


def drawn_twice(view, drawn, clusters=(), size=(620, 400)):
    """The first frame tells the view its size; what fits it is prepared then."""
    request = view.host.make_request(clusters)
    show(view, request)
    drawn(view, size)
    show(view, request)
    return drawn(view, size)


@pytest.fixture
def view():
    return make_view()


def test_columns_are_clusters_in_table_order_and_rows_channels_by_depth(view, drawn):
    view.host.data.table.order = list(range(19, -1, -1))
    drawn_twice(view, drawn)
    block = view.block
    assert block.cluster_ids.tolist() == list(range(19, -1, -1))
    depths = view.host.data.channel_positions[list(block.channel_ids), 1]
    assert (np.diff(depths) >= 0).all()
    assert block.amplitudes[:, 0].argmax() == block.channel_ids.index(view.host.data.peak_channel(19))


def test_waveforms_are_drawn_where_they_belong_and_selected_ones_in_colour(view, drawn):
    image = drawn_twice(view, drawn, [7])
    assert "waveforms" in view.status and view.block.waves is not None
    row = view.block.channel_ids.index(view.host.data.peak_channel(7))
    x0, y0 = place_of(view, 7, row)
    cell = image[int(y0) - 15 : int(y0) + 15, int(x0) - 12 : int(x0) + 12].reshape(-1, 3).astype(int)
    assert (np.abs(cell - BLUE).max(axis=1) < 60).sum() > 10
    empty = view.block.channel_ids.index(view.host.data.peak_channel(19))
    x1, y1 = place_of(view, 8, empty)
    assert image[int(y1) - 3 : int(y1) + 3, int(x1) - 3 : int(x1) + 3].max() < 40


def test_small_cells_are_an_image_of_amplitudes(drawn):
    view = make_view(120, 128)
    image = drawn_twice(view, drawn, [60])
    assert view.block.waves is None and "zoom in" in view.status
    peak = view.host.data.peak_channel(20)
    x, y = place_of(view, 20, view.block.channel_ids.index(peak))
    assert image[int(y), int(x)].min() > 90
    x, y = place_of(view, 60, view.block.channel_ids.index(view.host.data.peak_channel(60)))
    assert np.abs(image[int(y), int(x)].astype(int) - BLUE).max() < 90
    assert image[int(y) - 60, int(place_of(view, 20, 0)[0])].max() < 40


def test_zooming_in_reads_waveforms_of_what_is_in_sight_alone(drawn):
    view = make_view(400, 64)
    drawn_twice(view, drawn)
    assert view.host.data.template_shapes.n_read == 0
    x, y = place_of(view, 200, 30)
    view.panels.zoom(0, (x, y), (40.0, 4.0))
    view.redraw()
    drawn(view)
    waves = view.block.waves
    assert waves is not None and waves.first <= 198 and waves.last >= 203
    assert view.host.data.template_shapes.n_read <= 64 + 32


def test_clicks_select_and_add(view, drawn):
    drawn_twice(view, drawn)
    x, y = place_of(view, 5, 3)
    for held in ((), ("control",), ("shift",), ("control", "shift"), ("alt",)):
        view.on_click(Click(x, y, 0, 5.5, 3.5, 1, frozenset(held)))
    assert view.host.called("select") == [([5],), ([5],)] and view.host.called("select_more") == [([5],), ([5],)]


def test_the_table_is_followed_and_a_selection_reads_nothing(view, drawn):
    drawn_twice(view, drawn)
    n_read, block = view.host.data.template_shapes.n_read, view.block
    assert view.cached(view.host.make_request([3])) and show(view, view.host.make_request([3])) is block
    assert view.host.data.template_shapes.n_read == n_read
    view.host.data.table.order = [4, 2]
    view.host.data.table.change()
    view.table_changed()
    assert view.block.cluster_ids.tolist() == [4, 2]
    view.host.data.table.order = []
    view.host.data.table.change()
    view.table_changed()
    assert view.scene.message.startswith("No clusters")


def test_wheel_and_keys_change_the_size(view, drawn):
    drawn_twice(view, drawn)
    view.on_wheel(frozenset({"control"}), 1)
    assert view.settings.scaling == pytest.approx(1.1)
    larger, smaller, _ = view.actions()
    assert (larger.shortcut, smaller.shortcut) == ("ctrl+alt++", "ctrl+alt+-")
    larger.handler()
    assert view.settings.scaling == pytest.approx(1.32)


@pytest.mark.parametrize(("n", "n_channels"), [(20, 32), (200, 32)])
def test_clusters_can_have_the_colour_of_their_group(drawn, n, n_channels):
    view = make_view(n, n_channels)
    drawn_twice(view, drawn)
    view.on_wheel(frozenset({"shift"}), 1)
    view.on_wheel(frozenset({"shift"}), 1)
    assert view.settings.colors == "cluster_group"
    image = drawn_twice(view, drawn).astype(int)
    good, noise = 4, 6
    greenness = []
    for column in (good, noise):
        x, _ = place_of(view, column, 0)
        strip = image[:, int(x) - 1 : int(x) + 2].reshape(-1, 3)
        greenness.append((strip[:, 1] - strip[:, 0]).max())
    assert greenness[0] > 40 > greenness[1]
    view.on_wheel(frozenset({"shift"}), -1)
    assert view.settings.colors == "random"


def test_the_pointer_is_told_cluster_and_channel(view, drawn):
    drawn_twice(view, drawn)
    view.hover.move_to(*place_of(view, 6, 4))
    assert view.hover.text.startswith("cluster 6 · noise\nchannel ")
    assert view.pick(*place_of(view, 6, 4)) == 6 and view.pick(1.0, 1.0) is None


def test_without_templates_the_view_says_so(view):
    view.host.data.missing = "No templates: templates.npy not found."
    show(view, view.host.make_request([]))
    assert view.scene.message == "No templates: templates.npy not found."


@pytest.mark.parametrize("size", [(400, 300), (1200, 900), (150, 110)])
@pytest.mark.parametrize("n", [1, 40, 500])
def test_any_number_of_clusters_at_any_size(drawn, size, n):
    view = make_view(n, 64, theme=LIGHT)
    image = drawn_twice(view, drawn, list(range(min(n, 20))), size)
    assert image[2, 2].tolist() == [255, 255, 255] and image.min() < 150


def test_settings_and_zoom_are_saved(view, drawn):
    drawn_twice(view, drawn)
    view.change(scaling=2.0)
    view.panels.zoom(0, (200, 200), (3, 3))
    other = make_view()
    other.restore(view.state())
    assert other.settings.scaling == 2.0 and other.panels.state() == view.panels.state()


@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 12)),
                     elements=st.floats(-5, 5)), st.integers(1, 14), st.integers(0, 1))  # fmt: skip
def test_reduction_keeps_the_extreme_of_every_group(values, n, axis):
    got = reduced(values, n, axis)
    moved, size = np.moveaxis(values, axis, 0), values.shape[axis]
    edges = [*starts_of(size, n).tolist(), size]
    for k, (a, b) in enumerate(pairwise(edges)):
        for j in range(moved.shape[1]):
            extreme = max(moved[a:b, j], key=abs)
            assert abs(np.moveaxis(got, axis, 0)[k, j]) == abs(extreme)
    assert got.shape[axis] == min(size, n)


def test_cells_in_sight_are_those_that_the_panel_touches():
    panels = Panels(1)
    panels.set_rects(np.array([(0, 0, 100, 100)]))
    panels.set_home(x=(2.5, 4.5), y=(-3, 2))
    assert cells_in_sight(panels, (10, 20)) == (2, 5, 0, 2)
    panels.set_home(x=(30, 40))
    assert cells_in_sight(panels, (10, 20)) is None


def test_the_lowest_row_is_the_last_of_a_texture():
    rgba = np.array([[[1, 0, 0, 1.0]], [[0, 1, 0, 0.5]]])
    assert to_pixels(rgba)[:, 0].tolist() == [[0, 128, 0, 128], [255, 0, 0, 255]]
    rows = np.array([[0, 1]], dtype=np.uint8).T
    assert indexed(rows, [(1, 0, 0, 1), (0, 0, 1, 1)])[:, 0].tolist() == [[0, 0, 255, 255], [255, 0, 0, 255]]


def test_both_of_two_selected_neighbours_are_named_at_400x300():
    view = make_view(60)
    show(view, view.host.make_request([30, 31]))
    view.scene.settle((400, 300), 1.0, view.arrange, view.decorate_all)
    places = {line.text: line.x for line in view.scene.over.lines if line.text in ("30", "31")}
    assert places["30"] + view.scene.over.text_width("30") < places["31"]
