"""Scores of a feature view that no file holds: components of the selected clusters, and their discriminant."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import FakeHost, show
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.session.waveform_source import Window
from phy_medicine.views import feature_lasso
from phy_medicine.views.feature import FeatureView
from phy_medicine.views.feature_grid import Dimension
from phy_medicine.views.interact import Click

TIME_0A, A1_A0 = 0, 1
TIME_LDA, A_LDA, COUNT_LDA = 0, 1, 2
CONTROL, ALT = frozenset({"control"}), frozenset({"alt"})


@pytest.fixture
def view():
    return FeatureView(FakeHost())


@pytest.fixture
def selected(view):
    view.change(source="selected")
    return view


@pytest.fixture
def separated(view):
    view.change(discriminant=True)
    return view


def _action(view, name):
    return next(a for a in view.actions() if a.id == name)


def _lasso(view, panel, corners):
    for x, y in corners:
        view.add_lasso_corner(Click(0, 0, panel, x, y, 1, CONTROL))


def _crossing(x, y, corners):
    """Slow and obvious: a point is inside when a ray to the right crosses an odd number of edges."""
    inside = False
    for (xa, ya), (xb, yb) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (ya > y) != (yb > y) and x < xa + (y - ya) / (yb - ya) * (xb - xa):
            inside = not inside
    return inside


# Components of the selected clusters


def test_the_status_says_of_how_many_waveforms_the_components_are(selected):
    block = show(selected, selected.host.make_request([0, 1], n_best=2))
    assert block.n_drawn == sum(len(selected.host.data.pick(c, 1000)) for c in (0, 1)) < block.n_total
    assert selected.status.startswith(f"PCA of {block.n_drawn:,} waveforms · channels: ")
    assert f"{block.n_drawn:,} of {block.n_total:,}" in selected.status


def test_the_scores_are_those_of_a_singular_value_decomposition(selected):
    host = selected.host
    selected.change(background=False)
    block = show(selected, host.make_request([0, 1], n_best=2))
    ids = np.sort(np.concatenate([host.data.pick(c, 1000) for c in (0, 1)]))
    waveforms = host.data.pca._waveforms.of_spikes(ids, block.channel_ids, Window(21, 39))[:, :, 0].astype(float)
    waveforms -= waveforms.mean(axis=0)
    axis = np.linalg.svd(waveforms, full_matrices=False)[2][0]
    expected = waveforms @ axis * np.sign(axis[np.argmax(abs(axis))])
    assert block.column(Dimension(0, 0)) == pytest.approx(expected, abs=1e-3 * block.limit)


def test_without_features_components_are_computed_unasked(view):
    view.host.data.has_features = False
    show(view, view.host.make_request([2]))
    assert view.settings.source == "file" and view.status.startswith("PCA of ")
    toggle = _action(view, "toggle_feature_source")
    assert toggle.checked()
    toggle.handler()
    assert "has no PC features" in view.host.called("message")[0][0] and view.settings.source == "file"


def test_with_neither_features_nor_a_recording_a_sentence_says_so(view):
    data = view.host.data
    data.has_features = data.has_waveforms = False
    data.missing = "No PC features: pc_features.npy not found."
    show(view, view.host.make_request([2]))
    assert view.scene.message == "No PC features: pc_features.npy not found."


def test_the_menu_switches_the_source_and_forgets_a_lasso(view):
    limit = show(view, view.host.make_request([0, 1])).limit
    _lasso(view, A1_A0, [(0, 0), (limit, 0), (limit, limit)])
    toggle = _action(view, "toggle_feature_source")
    assert not toggle.checked() and toggle.help.endswith(".")
    toggle.handler()
    assert view.settings.source == "selected" and toggle.checked() and len(view.scene.lasso) == 0
    toggle.handler()
    assert view.settings.source == "file" and "PCA" not in view.status


def test_spikes_of_the_neighbours_are_grey(selected, drawn):
    block = show(selected, selected.host.make_request([1]))
    assert 0 < np.count_nonzero(block.rows == 0) <= 500
    drawn(selected)


def test_alt_click_says_why_the_amplitude_view_does_not_follow(selected):
    show(selected, selected.host.make_request([1]))
    selected.on_click(Click(0, 0, A1_A0, 0, 0, 1, ALT))
    assert selected.host.called("select_feature") == []
    assert "computed for this view alone" in selected.host.called("message")[0][0]


PART = st.integers(-100, 100).map(lambda k: k / 100)
CORNER = st.tuples(PART, PART)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corners=st.lists(CORNER, min_size=3, max_size=6))
def test_a_lasso_splits_all_spikes_by_the_same_components(monkeypatch, corners):
    monkeypatch.setattr(feature_lasso, "_CHUNK", 97)
    view = FeatureView(FakeHost(n_clusters=3, n_per_cluster=1500))
    view.change(source="selected")
    block = show(view, view.host.make_request([0, 2], n_best=2))
    assert block.n_drawn < block.n_total
    polygon = [(x * block.limit, y * block.limit) for x, y in corners]
    _lasso(view, A1_A0, polygon)
    spikes = np.sort(np.concatenate([view.host.data.spikes(0), view.host.data.spikes(2)]))
    scores = block.scores.of(spikes).data[:, :, 0].astype(float)
    expected = [i for i, (y, x) in zip(spikes, scores, strict=True) if _crossing(x, y, polygon)]
    assert view.lasso_spike_ids().tolist() == expected


def test_a_split_is_refused_when_waveforms_are_missing(selected):
    limit = show(selected, selected.host.make_request([2])).limit
    _lasso(selected, A1_A0, [(-limit, -limit), (limit, 0), (limit, limit)])
    selected.host.data.n_without = 10
    with pytest.raises(ActionError, match="have stored waveforms"):
        selected.lasso_spike_ids()


# The linear discriminant


def test_the_clusters_are_shown_along_the_axis_that_separates_them(separated):
    block = show(separated, separated.host.make_request([0, 3], n_best=2))
    lda, mine = block.column(Dimension(attribute="LDA")), block.rows
    assert lda[mine == 1].mean() > 1 and lda[mine == 2].mean() < -1
    assert len(block.channel_ids) == 4 and len(separated.panels) == 3
    both = lda[mine == 1].astype(float), lda[mine == 2].astype(float)
    d_prime = (both[0].mean() - both[1].mean()) / np.sqrt((both[0].var() + both[1].var()) / 2)
    assert block.axis.d_prime == pytest.approx(d_prime, rel=0.05)
    assert separated.status.startswith(f"d\N{PRIME} {block.axis.d_prime:.2f}, overlap ")
    assert separated._caption()[0] == f"Clusters 0 and 3: d\N{PRIME} {block.axis.d_prime:.2f}, overlap 0.0 %"


def test_the_histograms_count_percent_of_each_cluster(separated, drawn):
    block = show(separated, separated.host.make_request([0, 3], n_best=2))
    bars = block.histograms[Dimension(attribute="LDA")]
    assert bars.shape[0] == 2 and bars.sum(axis=1) == pytest.approx([100, 100], abs=1)
    centers = np.linspace(*block.span(Dimension(attribute="LDA")), bars.shape[1] * 2 + 1)[1::2]
    assert bars[0] @ centers > 0 > bars[1] @ centers
    image = drawn(separated, (600, 300)).astype(int)
    left, top, right, bottom = separated.panels.rects[COUNT_LDA]
    upper, lower = image[top : (top + bottom) // 2, left:right], image[(top + bottom) // 2 : bottom, left:right]
    assert (upper[..., 2] > upper[..., 0] + 40).sum() > 50 < (lower[..., 0] > lower[..., 2] + 40).sum()


def test_a_line_above_the_panels_says_how_far_the_clusters_are_apart(separated, drawn):
    separated.change(source="selected")
    show(separated, separated.host.make_request([0, 3], n_best=2))
    heights = []
    for size in ((220, 160), (400, 300), (1200, 900)):
        image = drawn(separated, size).astype(int)
        top = int(separated.panels.rects[:, 1].min()) - 2
        assert (image[:top].max(axis=2) > 180).any() and (image[:1].max(axis=2) < 60).all()
        assert (image[:, -2:].max(axis=2) < 60).all()
        heights.append(top)
    separated.change(source="file", discriminant=False)
    drawn(separated, (400, 300))
    assert separated.panels.rects[:, 1].min() < min(heights) and len(set(heights)) == 1


def test_one_cluster_is_asked_to_be_two(separated):
    show(separated, separated.host.make_request([1]))
    assert "Select two clusters" in separated.scene.message and "one is selected" in separated.scene.message


def test_the_first_cluster_can_be_set_against_all_others(separated):
    second = show(separated, separated.host.make_request([0, 1, 2], n_best=3)).axis
    separated.change(against="all others")
    others = separated.block.axis
    assert separated._caption()[0].startswith("Cluster 0 from 2 others: d\N{PRIME} ")
    assert np.linalg.norm(others.weights - second.weights) > 1e-3


def test_a_lasso_on_the_axis_takes_all_spikes_of_that_side():
    view = FeatureView(FakeHost(n_per_cluster=6000))
    view.change(discriminant=True)
    block = show(view, view.host.make_request([0, 3], n_best=2))
    assert block.n_drawn < block.n_total
    far = 10 * block.span(Dimension(attribute="LDA"))[1]
    _lasso(view, TIME_LDA, [(-1, 0), (601, 0), (601, far), (-1, far)])
    spikes = np.sort(np.concatenate([view.host.data.spikes(0), view.host.data.spikes(3)]))
    along = block.axis.along(view.host.data.features_of(spikes, block.channel_ids).data)
    assert view.lasso_spike_ids().tolist() == spikes[along > 0].tolist()


def test_a_lasso_over_the_histogram_is_not_begun(separated):
    show(separated, separated.host.make_request([0, 3], n_best=2))
    _lasso(separated, COUNT_LDA, [(0, 0), (1, 1), (0, 1)])
    assert len(separated.scene.lasso) == 0
    assert "around points" in separated.host.called("message")[0][0]


def test_the_discriminant_also_takes_components_of_the_selected_clusters(separated):
    separated.change(source="selected")
    block = show(separated, separated.host.make_request([0, 3], n_best=2))
    assert block.axis.d_prime > 3 and "PCA of" in separated.block.scores.words


def test_clusters_of_one_spike_say_that_they_are_too_few(drawn):
    view = FeatureView(FakeHost(n_clusters=2, n_per_cluster=1))
    view.host.data.spike_clusters[:] = [0, 1]
    view.change(discriminant=True)
    show(view, view.host.make_request([0, 1], n_best=2))
    assert "too few spikes for d\N{PRIME}" in view.status
    drawn(view, (400, 300))


def test_the_menu_switches_the_discriminant_and_keeps_the_channels(view):
    channels = show(view, view.host.make_request([0, 1], n_best=2)).channel_ids
    toggle = _action(view, "toggle_linear_discriminant")
    assert not toggle.checked()
    toggle.handler()
    assert view.block.channel_ids[:2] == channels and toggle.checked()
    toggle.handler()
    assert view.block.channel_ids == channels and len(view.panels) == 16


# Other dimensions


@pytest.mark.parametrize("size", [(400, 300), (1200, 900)])
def test_long_names_leave_room_for_the_panels(view, drawn, size):
    view.change(grid="time,0A time,amplitude count,0A / 0A,LDA 0A,0B count,LDA")
    show(view, view.host.make_request([0, 1], n_best=2))
    drawn(view, size)
    rects = view.panels.rects
    assert (rects[:, 2] - rects[:, 0]).min() > 0.15 * size[0] and rects[:, 2].max() < size[0]


def test_amplitude_and_depth_are_dimensions(drawn):
    view = FeatureView(FakeHost(n_per_cluster=2000))
    data = view.host.data
    data.depths = SimpleNamespace(shown=np.linspace(100, 300, data.n_spikes).astype(np.float32))
    view.change(grid="time,amplitude depth,0A / count,0A amplitude,depth")
    block = show(view, view.host.make_request([1]))
    spikes = data.spikes(1)
    assert block.column(Dimension(attribute="amplitude"))[block.rows > 0].tolist() == data._amplitudes[spikes].tolist()
    assert block.span(Dimension(attribute="depth")) == pytest.approx((90, 310), abs=1)
    assert block.span(Dimension(attribute="amplitude"))[0] == 0
    drawn(view)
    _lasso(view, 3, [(0, 200), (1000, 200), (1000, 1000), (0, 1000)])
    assert view.lasso_spike_ids().tolist() == spikes[data.depths.shown[spikes] > 200].tolist()


def test_a_spike_without_a_depth_is_not_drawn_and_outside_of_a_lasso(drawn):
    view = FeatureView(FakeHost(n_per_cluster=500))
    data = view.host.data
    data.depths = SimpleNamespace(shown=np.full(data.n_spikes, 50, dtype=np.float32))
    lost = data.spikes(1)[3]
    data.depths.shown[lost] = np.nan
    view.change(grid="time,depth")
    show(view, view.host.make_request([1]))
    drawn(view)
    _lasso(view, 0, [(-1, -100), (1000, -100), (1000, 100), (-1, 100)])
    assert view.lasso_spike_ids().tolist() == [s for s in data.spikes(1) if s != lost]
