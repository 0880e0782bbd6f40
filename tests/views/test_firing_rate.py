"""The view of firing rates on made-up spikes."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.views.firing_rate import FiringRateView
from phy_medicine.views.interact import Click


@pytest.fixture
def view():
    return FiringRateView(FakeHost())


def _near(pixel, color, by=12):
    return bool(np.abs(pixel.astype(int) - np.array(color)).max() < by)


def _pixel(view, image, panel, x, y):
    px, py = view.panels.to_pixels(panel, x, y)
    return image[int(py), int(px)]


def test_all_spikes_are_counted_over_the_whole_recording_in_200_bins(view, drawn):
    block = show(view, view.host.make_request([0, 1]))
    assert (block.bins.low, block.bins.high, block.bins.n) == (0, 600, 200)
    expected = [0] * 200
    for time in view.host.data.spike_times[view.host.data.spikes(1)].tolist():
        expected[min(int(time / 3), 199)] += 1
    assert block.rows[1].counts.tolist() == expected
    assert view.status == "[0 s, 600 s] · 200 bins" and view._rows.y_title == "Rate (spikes/s)"
    image = drawn(view)
    rate = expected[10] / 3
    assert _near(_pixel(view, image, 1, 31.5, 0.9 * rate), (255, 2, 2))
    assert _pixel(view, image, 1, 31.5, 1.06 * rate).max() < 60


def test_the_label_has_the_mean_rate(view):
    show(view, view.host.make_request([2]))
    n = len(view.host.data.spikes(2))
    assert view._rows.labels == (("2", f"{n / 600:.3g} /s", f"{n:,} spikes"),)


def test_a_band_in_every_row_marks_the_window_of_the_traces(view, drawn):
    show(view, view.host.make_request([0, 1]))
    view.set_time_window((300.0, 360.0))
    assert view.host.called("redraw")
    image = drawn(view)
    for panel in (0, 1):
        top = view.panels.rects[panel][1]
        x = int(view.panels.to_pixels(panel, 330.0, 0.0)[0])
        inside, outside = image[top + 1, x].astype(int), image[top + 1, int(view.panels.rects[panel][0]) + 4]
        assert inside[0] > 60 and inside[0] - inside[2] > 30 and outside.max() < 40


def test_alt_click_shows_that_moment_and_a_click_only_counts(view, drawn):
    block = show(view, view.host.make_request([0, 3]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(1, 100.0, 1.0))
    view.on_click(Click(x, y, 1, 100.0, 1.0, 1, frozenset({"alt"})))
    assert view.host.called("go_to_time") == [(100.0, 3)]
    view.on_click(Click(x, y, 1, 100.0, 1.0, 1, frozenset()))
    assert view.status == f"3: {block.rows[1].counts[33]:,} spikes, 99 to 102 s"
    assert len(view.host.called("go_to_time")) == 1


def test_snippets_and_wheel_choose_a_stretch_within_the_recording(view):
    actions = {a.snippet: a for a in view.actions() if a.snippet}
    assert sorted(actions) == ["frb", "frmax", "frmin", "frn"]
    show(view, view.host.make_request([0]))
    actions["frmin"].handler(100.0)
    actions["frmax"].handler(200.0)
    actions["frb"].handler(0.5)
    assert (view.block.bins.low, view.block.bins.high, view.block.bins.n) == (100, 200, 200)
    view.on_wheel(frozenset({"control"}), 100)
    view.on_wheel(frozenset({"shift"}), -300)
    assert view.block.bins.high == 600
    actions["frmin"].handler(0.0)
    assert (view.settings.x_min, view.settings.x_max) == (0, 0)
    assert "log_axis" not in " ".join(actions) and not hasattr(view.settings, "log_axis")


def test_the_range_stays_with_its_recording(view):
    view.change(x_min=100.0, x_max=200.0, n_bins=77)
    same, other = FiringRateView(FakeHost()), FiringRateView(FakeHost(n_per_cluster=10))
    same.restore(view.state())
    other.host.data.duration_s = 60.0
    other.restore(view.state())
    assert same.settings == view.settings
    assert (other.settings.x_min, other.settings.x_max, other.settings.n_bins) == (0, 0, 77)
    assert show(other, other.host.make_request([0])).bins.high == 60


def test_a_cluster_of_one_spike_and_20_clusters_are_drawn(drawn):
    host = FakeHost(n_clusters=20, n_per_cluster=50)
    host.data.spike_clusters[host.data.spike_clusters == 4] = 5
    host.data.spike_clusters[7] = 4
    view = FiringRateView(host)
    show(view, host.make_request(range(20)))
    assert drawn(view, (400, 300)).max() > 150
    assert view._rows.labels[4][2] == "1 spike"


def test_the_pointer_is_told_the_rate_of_a_stretch_of_time(drawn):
    view = FiringRateView(FakeHost())
    block = show(view, view.host.make_request([2]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(0, 301.0, 0.0))
    n = int(block.rows[0].counts[100])
    assert view.describe(x, y - 5)[0] == f"2: {n} spikes · {n / 3:.3g} spikes/s\n300 to 303 s"
