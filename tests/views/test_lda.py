"""The view of discriminants: the numbers of the explorers for notebooks, the nearest clusters, colours, the lasso."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import show
from fake_table import host_with_table
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.mixture.planes import lda_plane, pca_plane
from phy_medicine.compute.mixture.spike_train import SpikeTrain
from phy_medicine.compute.pairs.overlap import lda_error
from phy_medicine.curation.colors import SELECTION_COLORS
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.nearest_templates import nearest_templates
from phy_medicine.session.suppose import SupposedId
from phy_medicine.views.interact import Click
from phy_medicine.views.lasso import points_in_polygon
from phy_medicine.views.lda import LDAView
from phy_medicine.views.template_boxes import FIRST

SIZE = (700, 400)


def make_view(n=8, **options) -> LDAView:
    return LDAView(host_with_table(n, n_per_cluster=options.pop("n_per_cluster", 60)), **options)


def rows_of(data, clusters, channels):
    """Features of all spikes of clusters in order of time, and the place of the cluster of each."""
    ids = np.sort(np.concatenate([data.spikes(c) for c in clusters]))
    labels = np.array([clusters.index(c) for c in data.labels_of(ids)])
    table = np.empty((len(ids), len(channels) * 3))
    for row in range(len(clusters)):
        table[labels == row] = data.features(clusters[row], channels, n=1500).data.reshape(-1, table.shape[1])
    return ids, labels, table


@pytest.mark.parametrize("clusters", [[2, 3], [3, 2, 4]])
def test_the_plane_is_that_of_the_explorers_for_notebooks(clusters):
    view = make_view()
    block = show(view, view.host.make_request(clusters))
    ids, labels, table = rows_of(view.host.data, clusters, block.channel_ids)
    expected = lda_plane(table[np.argsort(labels, kind="stable")], np.sort(labels))
    assert block.spike_ids.tolist() == ids.tolist() and block.rows.tolist() == labels.tolist()
    np.testing.assert_allclose(np.c_[block.x, block.y], expected.of(table), atol=1e-4)
    view.change(mode="pca")
    block, expected = view.block, pca_plane(table)
    sign = np.sign((np.c_[block.x, block.y] * expected.places).sum(axis=0))
    np.testing.assert_allclose(np.c_[block.x, block.y] * sign, expected.places, atol=1e-3)


def test_beside_one_cluster_stand_those_whose_templates_are_nearest():
    view = make_view(n=24)
    data = view.host.data
    block = show(view, view.host.make_request([9]))
    dense = {c: np.zeros((82, data.n_channels)) for c in range(24)}
    for c, template in dense.items():
        template[:, data.best_channels(c)] = data.template_shapes.shape(c).data
    around = [9, *data.neighbours(9)]
    recording = SimpleNamespace(n_samples=82, n_channels=data.n_channels)
    train = SpikeTrain({c: dense[c] for c in around}, np.c_[np.zeros(len(around), int), around], recording, None)
    assert list(block.shown.cluster_ids) == train.close_templates(9, 2)
    away = [np.linalg.norm(dense[9] - dense[c]) / np.linalg.norm(dense[9]) for c in block.shown.cluster_ids]
    assert block.shown.distances == pytest.approx(away, abs=1e-6)
    assert view.status.startswith(f"{len(block.x)} spikes · with the 2 nearest clusters")
    view.change(n_nearest=4)
    assert list(view.block.shown.cluster_ids) == train.close_templates(9, 4)


def test_a_small_template_far_away_is_not_nearer_than_one_at_the_same_place():
    data = host_with_table(24).data
    data._level[9], data._level[0] = 5.0, 0.01
    found = [n.cluster_id for n in nearest_templates(data, 9, 23)]
    around = len(data.neighbours(9))
    assert set(found[:around]) == set(data.neighbours(9)) and found[around] == 0


def test_a_supposed_cluster_is_not_compared_with_what_it_is_made_of():
    data = host_with_table(24).data
    whole = SupposedId(-1, "22+21", (22, 21))  # the fake data take it for the last cluster
    assert {n.cluster_id for n in nearest_templates(data, whole, 3, without=whole.parts)}.isdisjoint(whole.parts)
    assert nearest_templates(data, whole, 1)[0].cluster_id == 23


def test_errors_are_of_all_pairs_the_largest_first():
    view = make_view()
    block = show(view, view.host.make_request([2, 3, 4]))
    data = view.host.data
    assert sorted(pair.rows for pair in block.errors) == [(0, 1), (0, 2), (1, 2)]
    for pair in block.errors:
        a, b = (block.shown.cluster_ids[row] for row in pair.rows)
        ranks = {ch: data.best_channels(a).tolist().index(ch) + data.best_channels(b).tolist().index(ch)
                 for ch in set(data.best_channels(a)) & set(data.best_channels(b))}  # fmt: skip
        channels = sorted(ranks, key=lambda ch: (ranks[ch], ch))[:6]
        assert pair.error == lda_error(*(data.features(c, channels, n=1000).data for c in (a, b)))
    errors = [pair.error for pair in block.errors]
    assert errors == sorted(errors, reverse=True)


def test_spikes_templates_and_the_nearest_have_their_colours(drawn):
    view = make_view(n=24)
    block = show(view, view.host.make_request([9]))
    image = drawn(view, SIZE)
    own = (np.concatenate([view.colors[:, :3], SELECTION_COLORS[1:3]]) * 255).round()
    for row in range(3):
        mine = np.flatnonzero(block.rows == row)
        x, y = view.panels.to_pixels(0, block.x[mine], block.y[mine])
        shades = image[y.astype(int).clip(0, SIZE[1] - 1), x.astype(int).clip(0, SIZE[0] - 1)]
        assert (np.argmax(shades, axis=1) == own[row].argmax()).mean() > 0.8, row
    peak = block.templates.channel_ids.index(view.host.data.peak_channel(9))
    lowest = block.templates.data[0, :, peak].argmin()
    place = view.panels.to_pixels(FIRST + peak, lowest / 81, float(block.templates.data[0, lowest, peak]))
    x, y = (round(float(v)) for v in place)
    around = image[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).astype(int)
    assert np.abs(around - own[0]).sum(axis=1).min() < 40
    assert view.pick(x, y) == 9
    assert view.panels.rects[FIRST, 0] > view.panels.rects[0, 2]
    written = [line.text for line in view.scene.over.lines]
    assert {"9", "First discriminant (s.d.)", "LDA error", "Distance from 9"} <= set(written)
    drawn(view, (200, 160))
    assert view.panels.rects[FIRST, 2] < 0, "the templates leave a small canvas to the spikes"


@pytest.fixture(scope="module")
def shown():
    """Cluster 9 and its nearest, of which 20 spikes each are drawn."""
    view = make_view(n=24)
    view.change(n_spikes=20)
    show(view, view.host.make_request([9]))
    return view


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9, width=16), st.floats(-9, 9, width=16)), min_size=3, max_size=7))
def test_the_lasso_holds_every_spike_inside_of_the_selected_cluster_drawn_or_not(shown, corners):
    view, data = shown, shown.host.data
    view.clear_lasso()
    for x, y in corners:
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))
    view.add_lasso_corner(Click(0, 0, FIRST, 0.5, 0.5, 1, frozenset({"control"})))
    ids = data.spikes(9)
    assert len(ids) > 20
    scores = data.features_of(ids, view.block.channel_ids).data.reshape(len(ids), -1).astype(float)
    plane = view.block.plane
    places = ((scores - plane.centre) @ plane.axes).astype(np.float32)
    expected = ids[points_in_polygon(*places.T, np.array(corners))]
    assert view.lasso_spike_ids().tolist() == expected.tolist()


def test_a_click_says_which_cluster_and_shift_adds_it(drawn):
    view = make_view(n=24)
    block = show(view, view.host.make_request([9]))
    drawn(view, SIZE)
    near = block.shown.cluster_ids[1]
    spike = np.flatnonzero(block.rows == 1)[0]
    x, y = (float(v) for v in view.panels.to_pixels(0, block.x[spike], block.y[spike]))
    words, *_ = view.describe(x, y)
    assert words.startswith(f"cluster {near} ")
    view.on_click(Click(x, y, 0, 0, 0, 1, frozenset()))
    assert view.host.called("message") == [(f"Cluster {near}, not selected; Shift+click adds it.",)]
    view.on_click(Click(x, y, 0, 0, 0, 1, frozenset({"shift"})))
    assert view.host.called("select_more") == [([near],)]


def test_a_supposed_split_shows_its_parts_and_gives_the_lasso_back(simulated_dataset):
    from phy_medicine.session.session import Session

    session = Session.open(simulated_dataset, read_only=True)
    view = make_view()
    view.host.data = session.data
    largest = session.cluster_table.visible_ids()[0]
    session.select([largest])
    block = show(view, session.request())
    middle, high = np.median(block.y[block.rows == 0]), block.y.max() + 1
    corners = [(-99, middle), (99, middle), (99, high), (-99, high)]
    for x, y in corners:
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))
    chosen = view.lasso_spike_ids()
    session.suppose.split(chosen)
    block = show(view, session.request())
    assert block.shown.cluster_ids == session.suppose.current.ids and len(view.scene.lasso) == 0
    parts = [block.spike_ids[block.rows == row].tolist() for row in (0, 1)]
    rest = np.setdiff1d(session.data.spikes(largest), chosen)
    assert parts == [chosen.tolist(), rest.tolist()] and len(chosen) > 20 < len(rest)
    session.suppose.nothing()
    show(view, session.request())
    assert view.scene.lasso.corners.tolist() == [list(corner) for corner in corners]
    assert view.lasso_spike_ids().tolist() == chosen.tolist()
    session.close()


def test_without_features_the_templates_are_there_alone(drawn):
    view = make_view(n=24)
    view.host.data.has_features = view.host.data.has_waveforms = False
    view.host.data.missing = "No features: pc_features.npy not found."
    view.host.data.template_shapes = SimpleNamespace(
        amplitudes=lambda ids: np.ones((len(ids), 32)), shape=lambda c: view.host.data.templates(c)[0]
    )
    block = show(view, view.host.make_request([9]))
    image = drawn(view, SIZE)
    assert block.missing == view.host.data.missing and view.status == "templates of 3 clusters"
    x0, y0, x1, y1 = view.panels.rects[FIRST]
    assert image[y0:y1, x0:x1].max() > 120 and len(view.lasso_spike_ids()) == 0
    written = " ".join(line.text for line in view.scene.over.lines)
    assert "pc_features.npy not found." in written and "First" not in written
    view.change(spikes=False)
    drawn(view, SIZE)
    assert view.panels.rects[0, 2] < 0 and view.panels.rects[FIRST, 2] - view.panels.rects[FIRST, 0] > x1 - x0


def test_two_clusters_are_worked_out_once():
    view = make_view()
    request = view.host.make_request([2, 3])
    assert not view.cached(request)
    block = show(view, request)
    assert view.cached(request) and show(view, request) is block
    view.change(n_spikes=30)
    assert view.block is not block and view.cached(view.request)
    assert not view.cached(view.host.make_request([2]))


def test_without_templates_the_most_similar_clusters_stand_beside_one(monkeypatch):
    view = make_view()

    def missing(ids):
        raise DataMissing("No templates: templates.npy not found.")

    monkeypatch.setattr(view.host.data.template_shapes, "amplitudes", missing)
    near = view.host.data.neighbours(2)
    view.host.data.table.matrix[2, near[-1]] = 0.9
    block = show(view, view.host.make_request([2]))
    assert block.shown.cluster_ids == (2, near[-1], near[0])
    block = show(view, view.host.make_request([2, 3]))
    assert block.templates is None and np.isnan(block.shown.distances).all()


def test_clusters_that_share_no_channel_are_seen_on_the_best_ones_of_each():
    view = make_view()
    block = show(view, view.host.make_request([0, 7]))
    assert not block.shared and "without scores on some channels" in view._status
    assert {view.host.data.peak_channel(c) for c in (0, 7)} <= set(block.channel_ids) and block.errors == ()
    view.change(source="selected")
    assert view.block.shared and len(view.block.errors) == 1
