"""Views of attributes of spikes, one number over time or two in a plane."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import FakeHost, show
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.session.attribute_source import AttributeSource
from phy_medicine.session.cache import ArrayCache
from phy_medicine.views import spike_attributes
from phy_medicine.views.interact import Click

BLUE = (8, 146, 252)


def make_host(n_per_cluster=300):
    host = FakeHost(n_per_cluster=n_per_cluster)
    data, rng = host.data, np.random.default_rng(9)
    n = data.n_spikes
    score = (3000 + 10 * data.spike_clusters + rng.normal(size=n)).astype(np.float64)
    score[::7] = np.nan
    data.values = {
        "ks_score": score,
        "place": rng.normal(size=(n, 3)) + data.spike_clusters[:, None],
        "flag": data.spike_clusters == 1,
        "name": np.full(n, "a"),
    }
    data.shown_times = data.spike_times
    data.attributes = AttributeSource(SimpleNamespace(spike_attributes=data.values), data, ArrayCache())
    return host


def make_view(kind, n_per_cluster=300, **options):
    return getattr(spike_attributes, kind)(make_host(n_per_cluster), **options)


def _lasso(view, corners):
    for x, y in corners:
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))


def _inside(x, y, corners):
    inside = False
    for (xa, ya), (xb, yb) in zip(corners, corners[-1:] + corners[:-1], strict=True):
        if (ya > y) != (yb > y) and x < (xb - xa) * (y - ya) / (yb - ya) + xa:
            inside = not inside
    return inside


def test_each_attribute_of_numbers_has_a_kind_of_view():
    assert spike_attributes.kinds_of(make_host().data) == ("SpikeKs_ScoreView", "SpikePlaceView", "SpikeFlagView")
    view = make_view("SpikeKs_ScoreView")
    assert (view.name, view.title, view.attribute) == ("SpikeKs_ScoreView", "Spike ks score", "ks_score")
    with pytest.raises(AttributeError):
        _ = spike_attributes.nothing


def test_a_number_is_drawn_over_time_in_the_colour_of_its_cluster(drawn):
    view = make_view("SpikeKs_ScoreView")
    block = show(view, view.host.make_request([1, 2]))
    ids = [s for s in np.flatnonzero(np.isin(view.host.data.spike_clusters, (1, 2))) if s % 7]
    assert block.spike_ids.tolist() == ids
    assert view.scene.axes.y == "Ks score" and view.status == f"ks_score · {len(ids)} of {block.n_total}"
    low, high = block.y_range
    assert 2990 < low < 3010 and 3020 < high < 3030
    image = drawn(view)
    row = int(np.flatnonzero(block.rows == 0)[3])
    x, y = view.panels.to_pixels(0, block.times_s[row], block.values[row])
    assert np.abs(image[int(y), int(x)].astype(int) - BLUE).max() < 60


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 600), st.floats(2990, 3040)), min_size=3, max_size=6))
def test_a_lasso_over_time_gives_every_spike_inside(corners):
    view = make_view("SpikeKs_ScoreView", 60)
    show(view, view.host.make_request([1, 2]))
    _lasso(view, corners)
    data = view.host.data
    expected = [
        s for s in np.flatnonzero(np.isin(data.spike_clusters, (1, 2))).tolist()
        if _inside(float(np.float32(data.spike_times[s])), float(np.float32(data.values["ks_score"][s])), corners)
    ]  # fmt: skip
    assert view.lasso_spike_ids().tolist() == expected


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(-2, 5), st.floats(-2, 5)), min_size=3, max_size=6))
def test_a_lasso_in_the_plane_gives_every_spike_inside(corners):
    view = make_view("SpikePlaceView", 60)
    show(view, view.host.make_request([0, 2]))
    _lasso(view, corners)
    data = view.host.data
    xy = data.values["place"].astype(np.float32)
    expected = [
        s for s in np.flatnonzero(np.isin(data.spike_clusters, (0, 2))).tolist()
        if _inside(float(xy[s, 0]), float(xy[s, 1]), corners)
    ]  # fmt: skip
    assert view.lasso_spike_ids().tolist() == expected


def test_two_numbers_are_x_and_y_with_the_neighbours_behind(drawn):
    view = make_view("SpikePlaceView")
    block = show(view, view.host.make_request([1]))
    mine = view.host.data.values["place"][view.host.data.spikes(1)]
    assert np.c_[block.x, block.y] == pytest.approx(mine[:, :2], abs=1e-5)
    near = view.host.data.neighbours(1)
    assert len(block.behind) == sum(len(view.host.data.spikes(c)) for c in near) > 0
    assert (view.scene.axes.x, view.scene.axes.y) == ("Place 0", "Place 1")
    image = drawn(view)
    x, y = view.panels.to_pixels(0, block.x[3], block.y[3])
    assert image[int(y), int(x), 2] > 150
    view.change(background=False)
    assert len(view.block.behind) == 0


def test_many_spikes_are_density(drawn):
    view = make_view("SpikePlaceView", 30_000)
    show(view, view.host.make_request([0, 1]))
    assert view.status.endswith("density") and drawn(view).max() > 150


def test_an_attribute_that_the_dataset_lacks_is_named():
    view = make_view("SpikeQualityView")
    show(view, view.host.make_request([0]))
    assert view.scene.message == "No quality of spikes: spike_quality.npy not found."


@pytest.mark.parametrize("kind", ["SpikeKs_ScoreView", "SpikePlaceView", "SpikeFlagView"])
@pytest.mark.parametrize("size", [(400, 300), (1200, 900)])
def test_one_spike_and_eight_clusters_are_drawn(kind, size, drawn):
    view = make_view(kind, 2)
    show(view, view.host.make_request(list(range(6))))
    assert drawn(view, size).shape[:2] == size[::-1]
    view.host.data.values["ks_score"][:] = np.nan
    view.host.data.spikes = lambda c: np.array([c])
    show(view, view.host.make_request([0]))
    drawn(view, size)


def test_settings_are_saved():
    view = make_view("SpikeKs_ScoreView")
    show(view, view.host.make_request([0]))
    view.on_wheel(frozenset({"alt"}), 1)
    other = make_view("SpikeKs_ScoreView")
    other.restore(view.state())
    assert other.settings.marker_size == pytest.approx(2.75)
    assert not any(action.shortcut for action in view.actions())


def test_the_pointer_is_told_time_and_value_of_the_nearest_spike(drawn):
    view = make_view("SpikeKs_ScoreView", 5)
    block = show(view, view.host.make_request([0, 4]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(0, block.times_s[3], block.values[3]))
    words, px, py = view.describe(x, y)
    spike = block.spike_ids[3]
    cluster, time = view.host.data.spike_clusters[spike], view.host.data.spike_times[spike]
    assert words == f"cluster {cluster} · {time:.3f} s\nKs score {view.host.data.values['ks_score'][spike]:,.0f}"
    assert (px, py) == pytest.approx((x, y))
    assert view.describe(x, y - 200) is None or view.describe(x, y - 200)[0] != words
    assert view.describe(1.0, 1.0) is None


def test_positions_on_the_probe_have_their_unit():
    host = make_host()
    host.data.values["positions"] = host.data.values.pop("place")
    view = spike_attributes.SpikePositionsView(host)
    assert show(view, host.make_request([0])).titles == ("x (µm)", "y (µm)")
