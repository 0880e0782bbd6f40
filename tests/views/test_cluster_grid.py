"""The grid of all clusters: the numbers of the explorers, only what is in sight is read, clicks, scrolling."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import show
from fake_table import host_with_table
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.mixture.planes import lda_plane
from phy_medicine.views import cluster_grid_block, cluster_grid_marks
from phy_medicine.views.cluster_grid import ClusterGridView
from phy_medicine.views.cluster_grid_places import GridPlaces
from phy_medicine.views.interact import Click
from phy_medicine.views.lda import LDAView
from phy_medicine.views.still import Pose, still

SIZE = (500, 400)
LEFT_CLICK = (1, frozenset())


@pytest.fixture
def view():
    return ClusterGridView(host_with_table(40, n_per_cluster=60))


def middle_of(view, place: int) -> tuple[float, float]:
    x, y = view.places.corner(place)
    px, py = view.panels.to_pixels(0, x + 0.5, y + 0.5)
    return float(px), float(py)


@given(st.integers(1, 60), st.integers(1, 7), st.integers(1, 9), st.data())
def test_places_and_pages_of_cells_are_those_of_a_plain_walk(n, n_columns, n_shown, data):
    places = GridPlaces(n, n_columns, n_shown)
    walk = [(row, column) for row in range(n) for column in range(n_columns)][:n]
    place = data.draw(st.integers(0, n - 1))
    row, column = walk[place]
    x, y = places.corner(place)
    assert (x, places.n_rows - 1 - y) == (column, row) and places.at(x + 0.5, y + 0.5) == place
    low, high = places.page(place)
    assert high - low == n_shown and places.in_sight(place, (low, high))
    wanted = places.wanted((0.0, float(n_columns), low, high))
    top = places.n_rows - high
    assert list(wanted) == [i for i, (r, _) in enumerate(walk) if top <= r < top + n_shown]
    assert places.at(-0.1, y + 0.5) is None and places.at(x + 0.5, places.n_rows + 0.1) is None


def test_a_cell_has_the_numbers_of_the_view_of_discriminants(view, drawn):
    block = show(view, view.host.make_request([]))
    drawn(view, SIZE)
    cell, data = view.block.cells[5], view.host.data
    beside = show(LDAView(view.host), view.host.make_request([5]))
    assert cell.cluster_ids == beside.shown.cluster_ids and cell.rows.tolist() == beside.rows.tolist()
    tables = [data.features(c, beside.channel_ids, n=400).data.reshape(-1, 3 * len(beside.channel_ids))
              for c in cell.cluster_ids]  # fmt: skip
    labels = np.repeat(np.arange(3), [len(t) for t in tables])
    places = lda_plane(np.concatenate(tables), labels).places
    order = np.argsort(np.concatenate([data.spikes(c) for c in cell.cluster_ids]), kind="stable")
    for axis in (0, 1):
        low, high = np.quantile(places[:, axis], (0.005, 0.995))
        np.testing.assert_allclose(cell.places[:, axis], (places[order, axis] - low) / (high - low), atol=1e-5)
    assert cell.error == max(pair.error for pair in beside.errors if 0 in pair.rows)
    assert block.cluster_ids == tuple(range(40)) and view.status == "40 clusters, each with its 2 nearest"


def test_only_clusters_in_sight_are_worked_out(view, drawn, monkeypatch):
    asked = []
    real = cluster_grid_block.shown_clusters
    monkeypatch.setattr(
        cluster_grid_block, "shown_clusters", lambda data, ids, k: asked.append(ids[0]) or real(data, ids, k)
    )
    show(view, view.host.make_request([]))
    drawn(view, SIZE)
    n = view.places.n_columns * view.places.n_shown
    assert (view.places.n_columns, view.places.n_shown) == (3, 2)
    assert set(asked) == set(range(n)) == set(view.block.cells)
    view.on_wheel(frozenset({"alt"}), -1)
    assert (
        view.top_row == pytest.approx(1) and set(view.block.cells) == set(range(3, 9)) and set(asked) == set(range(9))
    )


def test_cells_come_as_they_are_ready(view, drawn, monkeypatch):
    monkeypatch.setattr(cluster_grid_block, "_AT_ONCE_S", 0.0)
    made, progress = {}, []
    real = cluster_grid_block.in_plane

    def in_plane(data, shown, **options):
        made[shown.cluster_ids[0]] = made.get(shown.cluster_ids[0], 0) + 1
        progress.append(view.scene.progress)
        return real(data, shown, **options)

    monkeypatch.setattr(cluster_grid_block, "in_plane", in_plane)
    view.panels.set_rects(np.array([(0, 0, 500, 400)]))
    show(view, view.host.make_request([]))
    assert view.block.n_waiting == 0 and len(view.block.cells) == 6 and set(made.values()) == {1}
    with still(view, Pose((900, 700))):
        assert len(view.block.cells) == view.places.n_columns * view.places.n_shown == 20, "a picture is whole"
    assert len(view.block.cells) == 6
    progress = progress[:6]
    assert progress == [None, *(pytest.approx(n / 6) for n in range(1, 6))] and view.scene.progress is None


def test_cells_frames_and_the_strip_have_the_colours_of_the_clusters(view, drawn):
    show(view, view.host.make_request([1, 38]))
    image = drawn(view, SIZE).astype(int)
    blue, red = (view.colors[:, :3] * 255).round().astype(int)
    left, top, right, bottom = (round(edge) for edge in view._box(1))
    assert (np.abs(image[(top + bottom) // 2, left : left + 2] - blue).sum(axis=1) < 12).all()
    inside = image[top + 40 : bottom - 4, left + 4 : right - 4].reshape(-1, 3)
    share = inside / np.maximum(inside.max(axis=1, keepdims=True), 1)
    assert np.count_nonzero((np.abs(share - blue / blue.max()).max(axis=1) < 0.12) & (inside.max(axis=1) > 60)) > 20
    left, top, right, bottom = (round(edge) for edge in cluster_grid_marks.strip_box(view.scene))
    rows = (np.abs(image[top:bottom, (left + right) // 2] - red).sum(axis=1) < 12).nonzero()[0]
    assert len(rows) and abs(rows.mean() / (bottom - top) - 12.5 / 14) < 0.03, "38 is in the 13th of 14 rows"
    assert {"1", "38"} & {line.text for line in view.scene.over.lines} == {"1"}


def test_clicks_select_and_the_strip_shows_that_part(view, drawn):
    show(view, view.host.make_request([]))
    drawn(view, SIZE)
    view.on_click(Click(*middle_of(view, 4), 0, 0, 0, *LEFT_CLICK))
    view.on_click(Click(*middle_of(view, 2), 0, 0, 0, 1, frozenset({"shift"})))
    assert view.host.called("select") == [([4],)] and view.host.called("select_more") == [([2],)]
    words, *_ = view.describe(*middle_of(view, 4))
    near = view.block.cells[4].cluster_ids[1:]
    assert words.startswith(f"cluster 4 · good\nnearest {near[0]}, {near[1]}\nLDA error")
    left, top, _, bottom = cluster_grid_marks.strip_box(view.scene)
    view.on_click(Click(left + 2, top + 0.5 * (bottom - top), None, np.nan, np.nan, *LEFT_CLICK))
    assert view.top_row == pytest.approx(6) and min(view.block.cells) == 18


def test_a_selected_cluster_comes_into_sight_and_one_in_sight_moves_nothing(view, drawn):
    show(view, view.host.make_request([20]))
    drawn(view, SIZE)
    assert view.top_row == 6 and 20 in view.block.cells
    show(view, view.host.make_request([23]))
    assert view.top_row == 6
    show(view, view.host.make_request([39]))
    assert view.top_row == 12
    view.host.data.table.order = list(range(30))
    view.host.data.table.change()
    view.table_changed()
    assert view.block.cluster_ids == tuple(range(30))


def test_without_features_and_without_clusters_it_says_so(view, drawn):
    data = view.host.data
    data.missing, data.has_features, data.has_waveforms = "No features: pc_features.npy not found.", False, False
    drawn(view, SIZE)
    assert show(view, view.host.make_request([])) is None and view.scene.message == data.missing
    data.table.order = []
    data.table.change()
    show(view, view.host.make_request([]))
    assert view.scene.message.startswith("No clusters")
