"""The template feature view: two clusters, and a lasso over all of their spikes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import FakeHost, show
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.io.features import SparseRows, TemplateFeatureStore
from phy_medicine.session.template_feature_source import TemplateFeatureSource
from phy_medicine.views import template_feature
from phy_medicine.views.interact import Click
from phy_medicine.views.template_feature import TemplateFeatureView
from phy_medicine.views.theme import LIGHT

INDEX = np.array([[0, 1, 2], [1, 0, 3], [2, 3, -1], [3, 2, 0]])


def make_view(n_per_cluster=500, *, rows=None, **options):
    """Clusters 0..3, whose spikes come from templates 0..3 at random, mostly from their own."""
    host = FakeHost(n_clusters=4, n_per_cluster=n_per_cluster)
    data, rng = host.data, np.random.default_rng(5)
    n = data.n_spikes
    templates = np.where(rng.random(n) < 0.8, data.spike_clusters, rng.integers(0, 4, n))
    kept = np.arange(n) if rows is None else rows
    values = rng.normal(size=(len(kept), 3)) + 4 * (np.arange(3) == 0)
    data.raw = values.astype(np.float32)
    data.spike_templates = templates
    store = TemplateFeatureStore(data.raw, SparseRows(templates, 3, INDEX, None if rows is None else kept))

    def counts(cluster):
        return np.unique(templates[data.spikes(cluster)], return_counts=True)

    facts = SimpleNamespace(template_counts=counts)
    data.template_features = TemplateFeatureSource(SimpleNamespace(template_features=store), facts)
    return TemplateFeatureView(host, **options)


def brute_force(data, spike, cluster):
    """The mean over all templates, weighted by how many spikes of the cluster came from each; slow and obvious."""
    total = weight = 0.0
    for template in range(4):
        n = sum(1 for s in data.spikes(cluster) if data.spike_templates[s] == template)
        columns = INDEX[data.spike_templates[spike]].tolist()
        total += n * (data.raw[spike, columns.index(template)] if template in columns else 0.0)
        weight += n
    return total / weight


def _lasso(view, corners):
    for x, y in corners:
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))


def test_spikes_are_projected_on_both_clusters(drawn):
    view = make_view(20)
    block = show(view, view.host.make_request([1, 3]))
    data = view.host.data
    ids = np.sort(np.concatenate([data.spikes(1), data.spikes(3)]))
    expected = [(brute_force(data, s, 1), brute_force(data, s, 3)) for s in ids]
    assert np.c_[block.x, block.y] == pytest.approx(np.array(expected), abs=1e-5)
    assert view.scene.axes.x == "Projection on cluster 1 (a.u.)" and view.status == f"{len(ids)} spikes"
    image = drawn(view)
    x, y = view.panels.to_pixels(0, block.x[5], block.y[5])
    assert image[int(y), int(x)].max() > 120


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 6), st.floats(-3, 6)), min_size=3, max_size=7))
def test_the_lasso_gives_every_spike_inside_drawn_or_not(corners):
    view = make_view(40)
    template_feature.N_SPIKES, before = 5, template_feature.N_SPIKES
    try:
        show(view, view.host.make_request([0, 2]))
    finally:
        template_feature.N_SPIKES = before
    assert len(view.block.x) == 10
    _lasso(view, corners)
    expected = []
    for spike in np.sort(np.concatenate([view.host.data.spikes(0), view.host.data.spikes(2)])).tolist():
        x, y = (float(np.float32(brute_force(view.host.data, spike, c))) for c in (0, 2))
        inside = False
        for (xa, ya), (xb, yb) in zip(corners, corners[-1:] + corners[:-1], strict=True):
            if (ya > y) != (yb > y) and x < (xb - xa) * (y - ya) / (yb - ya) + xa:
                inside = not inside
        expected += [spike] * inside
    assert view.lasso_spike_ids().tolist() == expected


def test_a_lasso_is_refused_while_some_spikes_are_unknown():
    view = make_view(100, rows=np.arange(0, 400, 2))
    block = show(view, view.host.make_request([0, 1]))
    assert "without a value" in view.status and len(block.x) < block.n_total
    _lasso(view, [(-50, -50), (50, -50), (50, 50), (-50, 50)])
    with pytest.raises(ActionError, match="have template features"):
        view.lasso_spike_ids()


@pytest.mark.parametrize(("clusters", "words"), [([], "none is"), ([1], "one is"), ([0, 1, 2], "3 are")])
def test_other_than_two_clusters_are_asked_for_in_words(clusters, words):
    view = make_view(5)
    show(view, view.host.make_request(clusters))
    assert view.scene.message == f"Select two clusters to see their template features; {words} selected."


def test_a_dataset_without_template_features_says_so():
    view = make_view(5)
    view.host.data.template_features = TemplateFeatureSource(SimpleNamespace(template_features=None), None)
    show(view, view.host.make_request([0, 1]))
    assert view.scene.message == "No template features: template_features.npy not found in the dataset."


def test_the_line_of_equal_projections_is_drawn(drawn):
    view = make_view(100)
    show(view, view.host.make_request([0, 1]))
    image = drawn(view)
    x0, x1, y0, y1 = view.panels.ranges()[0]
    middle = (max(x0, y0) + min(x1, y1)) / 2
    x, y = view.panels.to_pixels(0, middle, middle)
    assert image[int(y) - 2 : int(y) + 3, int(x)].max() > 30


def test_alt_wheel_changes_the_marker_size_and_it_is_saved():
    view = make_view(5)
    show(view, view.host.make_request([0, 1]))
    view.on_wheel(frozenset({"alt"}), 1)
    other = make_view(5)
    other.restore(view.state())
    assert other.settings.marker_size == pytest.approx(3.3)


def test_a_click_names_the_cluster(drawn):
    view = make_view(5)
    block = show(view, view.host.make_request([2, 0]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(0, block.x[0], block.y[0]))
    view.on_click(Click(x, y, 0, 0, 0, 1, frozenset()))
    assert view.host.called("message") == [(f"A spike of cluster {(2, 0)[block.rows[0]]}.",)]


@pytest.mark.parametrize("size", [(400, 300), (1200, 900), (120, 90)])
@pytest.mark.parametrize("n", [1, 20_000])
def test_any_number_of_spikes_at_any_size(drawn, size, n, monkeypatch):
    monkeypatch.setattr(template_feature, "N_SPIKES", 40_000)
    view = make_view(n, theme=LIGHT)
    view.host.data.spikes = lambda c, real=view.host.data.spikes: real(c)[:n]
    if all(len(view.host.data.spikes(c)) for c in (0, 1)):
        show(view, view.host.make_request([0, 1]))
        assert drawn(view, size)[2, 2].tolist() == [255, 255, 255]


def test_the_pointer_is_told_of_the_nearest_spike(drawn):
    view = make_view(3)
    block = show(view, view.host.make_request([1, 3]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(0, block.x[2], block.y[2]))
    words, px, py = view.describe(x, y)
    spike = block.spike_ids[2]
    cluster, time = view.host.data.spike_clusters[spike], view.host.data.spike_times[spike]
    assert words.startswith(f"cluster {cluster} · {time:.3f} s\nx ") and " · y " in words
    assert (px, py) == pytest.approx((x, y))
    assert view.describe(1.0, 1.0) is None
