"""The correlogram view on made-up data."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.base.errors import PhyMedError
from phy_medicine.views.correlogram import CorrelogramView
from phy_medicine.views.theme import LIGHT


@pytest.fixture
def view():
    return CorrelogramView(FakeHost())


def _near(pixel, color):
    return bool(np.abs(pixel.astype(int) - np.array(color)).max() < 12)


def _pixel(view, image, panel, x, y):
    px, py = view.panels.to_pixels(panel, x, y)
    return image[int(py), int(px)]


def _texts(view):
    """Return how many glyphs the labels have, and their boxes."""
    return np.array([(g[0], g[1], g[8], g[9]) for g in view.scene.over._glyphs])


def test_every_pair_is_counted_and_the_lower_triangle_is_the_mirror(view):
    block = show(view, view.host.make_request([3, 1, 4]))
    assert block.counts.shape == (3, 3, 51)
    expected = view.host.data.correlogram(3, 1, bin_s=1e-3, window_s=0.05)
    assert np.array_equal(block.counts[0, 1], expected)
    assert np.array_equal(block.counts[1, 0], expected[::-1])


def test_bars_on_the_diagonal_have_the_colour_of_the_cluster_and_others_a_pale_one(view, drawn):
    show(view, view.host.make_request([0, 1]))
    image = drawn(view)
    assert _near(_pixel(view, image, 0, 20.0, 30.0), (8, 146, 252))
    assert _near(_pixel(view, image, 3, 20.0, 30.0), (255, 2, 2))
    assert _near(_pixel(view, image, 1, 20.0, 30.0), (230, 244, 255))
    assert _near(_pixel(view, image, 2, 20.0, 30.0), (255, 230, 230))


def test_a_bar_ends_at_its_count(view, drawn):
    block = show(view, view.host.make_request([0, 1]))
    image = drawn(view)
    count = float(block.counts[0, 1, 10])
    assert _near(_pixel(view, image, 1, -15.0, count - 6), (230, 244, 255))
    assert _pixel(view, image, 1, -15.0, count + 6).max() < 40


def test_crosses_are_seen_on_a_light_ground(drawn):
    view = CorrelogramView(FakeHost(), theme=LIGHT)
    show(view, view.host.make_request([0, 1]))
    assert _pixel(view, drawn(view), 1, 20.0, 30.0).max() < 180


def test_a_single_cluster_is_shown_as_a_rate_with_its_violations(view):
    block = show(view, view.host.make_request([2]))
    spikes = view.host.data.spikes(2)
    times = view.host.data.spike_times[spikes]
    assert block.n_violations == np.count_nonzero(np.diff(times) < 0.002)
    assert view.status.startswith("50.0 ms (1.0 ms) · ") and view.status.endswith("% of intervals < 2 ms")
    top = view.panels.ranges()[0, 3]
    assert top == pytest.approx(1.08 * block.counts.max() / (len(spikes) * 1e-3), rel=1e-5)


def test_the_baseline_is_what_independent_clusters_would_give(view):
    block = show(view, view.host.make_request([0, 1]))
    n = [len(view.host.data.spikes(c)) for c in (0, 1)]
    assert block.baselines[0, 1] == pytest.approx(n[0] * n[1] * 1e-3 / 600.0)


def test_the_baseline_uses_the_bin_on_the_sample_grid(view):
    view.change(bin_ms=0.11)
    block = show(view, view.host.make_request([0]))
    assert block.bins.width == 3
    assert block.baselines[0, 0] == pytest.approx(len(view.host.data.spikes(0)) ** 2 * 1e-4 / 600.0)
    assert "(0.1 ms)" in view.status


def test_lines_mark_the_refractory_period(view, drawn):
    show(view, view.host.make_request([0]))
    image = drawn(view)
    top = view.panels.rects[0][1]
    for lag in (-2.0, 2.0):
        x = int(np.round(view.panels.to_pixels(0, lag, 0.0)[0]))
        assert image[top + 1, x].min() > 120
    assert image[top + 1, int(view.panels.to_pixels(0, 0.0, 0.0)[0])].max() < 40


def test_each_cell_has_its_own_scale_unless_one_is_asked_for(view):
    show(view, view.host.make_request([0, 1, 2]))
    assert len(set(view.panels.ranges()[:, 3])) > 1
    view.change(uniform_normalization=True)
    assert len(set(view.panels.ranges()[:, 3])) == 1
    assert view.host.called("request") == []


@pytest.mark.parametrize("n", [2, 3, 8, 20])
@pytest.mark.parametrize("size", [(300, 220), (1200, 900)])
def test_labels_never_overlap_or_leave_the_view(drawn, n, size):
    view = CorrelogramView(FakeHost(n_clusters=20, n_per_cluster=100))
    show(view, view.host.make_request(range(n)))
    drawn(view, size)
    boxes = _texts(view)
    assert boxes[:, :2].min() >= 0 and boxes[:, 2].max() <= size[0] and boxes[:, 3].max() <= size[1]
    overlap = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    np.fill_diagonal(overlap[..., 0], -1)
    # Neighbouring letters of a word share a column of soft edges.
    assert not (overlap > 2).all(axis=-1).any()
    cells = view.panels.rects
    inside = np.minimum(boxes[:, None, 2:], cells[None, :, 2:]) - np.maximum(boxes[:, None, :2], cells[None, :, :2])
    assert not (inside > 0).all(axis=-1).any()


def test_more_than_20_clusters_are_said_to_be_left_out():
    view = CorrelogramView(FakeHost(n_clusters=25, n_per_cluster=100))
    block = show(view, view.host.make_request(range(25)))
    assert len(block.n_spikes) == 20
    assert view.status.endswith("20 of 25 clusters")


def test_a_cluster_of_one_spike_is_drawn(drawn):
    host = FakeHost(n_clusters=2, n_per_cluster=5)
    host.data.spike_clusters[:] = 0
    host.data.spike_clusters[3] = 1
    view = CorrelogramView(host)
    show(view, host.make_request([1]))
    assert view.status == "50.0 ms (1.0 ms)"
    show(view, host.make_request([0, 1]))
    assert drawn(view).max() > 100


def test_control_wheel_changes_the_window_and_alt_wheel_the_bin(view):
    show(view, view.host.make_request([0]))
    view.on_wheel(frozenset({"control"}), 1)
    view.on_wheel(frozenset({"alt"}), -1)
    assert view.settings.window_ms == pytest.approx(55)
    assert view.settings.bin_ms == pytest.approx(1 / 1.05)


def test_the_wheel_stops_where_bins_would_be_too_short_or_too_many(view):
    show(view, view.host.make_request([0]))
    for _ in range(300):
        view.on_wheel(frozenset({"alt"}), -1)
    assert view.settings.bin_ms == pytest.approx(1e3 / 30_000)
    for _ in range(300):
        view.on_wheel(frozenset({"control"}), 1)
    assert view.settings.window_ms <= 4001 * view.settings.bin_ms
    assert view.scene.message == ""


def test_snippets_set_bin_window_and_refractory_period(view):
    actions = {a.snippet: a for a in view.actions() if a.snippet}
    show(view, view.host.make_request([0]))
    for snippet, value in (("cb", 0.5), ("cw", 100.0), ("cr", 1.5)):
        actions[snippet].handler(actions[snippet].arguments[0](str(value)))
    assert (view.settings.bin_ms, view.settings.window_ms, view.settings.refractory_ms) == (0.5, 100.0, 1.5)
    assert view.status.startswith("100.0 ms (0.5 ms)")
    assert all(action.needs_arguments for action in actions.values())
    with pytest.raises(PhyMedError):
        actions["cr"].handler(-1.0)


def test_a_bin_below_one_sample_is_explained(view):
    view.change(bin_ms=0.02)
    show(view, view.host.make_request([0]))
    assert "shorter than one sample" in view.scene.message


def test_too_many_bins_are_explained(view):
    view.change(bin_ms=0.1, window_ms=5000)
    show(view, view.host.make_request([0]))
    assert "choose a longer bin" in view.scene.message


def test_settings_come_back(view):
    view.change(window_ms=80, labels=False)
    other = CorrelogramView(FakeHost())
    other.restore(view.state())
    assert other.settings == view.settings


def test_a_grid_without_labels_has_none(view, drawn):
    view.change(labels=False)
    show(view, view.host.make_request([0, 1, 2]))
    drawn(view)
    assert len(_texts(view)) == 0


def test_the_cluster_of_a_row_can_be_picked(view, drawn):
    show(view, view.host.make_request([4, 2]))
    drawn(view)
    left, top, right, bottom = view.panels.rects[3]
    assert view.pick((left + right) / 2, (top + bottom) / 2) == 2
    assert view.pick(0.0, 0.0) is None
