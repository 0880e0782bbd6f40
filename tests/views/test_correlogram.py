"""The correlogram view on made-up data."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.views.contrast import contrast
from phy_medicine.views.correlogram import CorrelogramView
from phy_medicine.views.interact import Click
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
    assert contrast(_pixel(view, drawn(view), 1, 20.0, 30.0) / 255, LIGHT.rgba("view")) >= 2.95


def test_a_single_cluster_is_shown_as_a_rate_with_its_violations(view):
    block = show(view, view.host.make_request([2]))
    spikes = view.host.data.spikes(2)
    times = view.host.data.spike_times[spikes]
    assert block.n_short[0] == np.count_nonzero(np.diff(times) < 0.002)
    assert view.status.startswith("50.0 ms (1.0 ms) · ") and view.status.endswith("% of intervals < 2 ms")
    top = view.panels.ranges()[0, 3]
    assert top == pytest.approx(1.3 * block.counts.max() / (len(spikes) * 1e-3), rel=1e-5)


def test_the_baseline_is_what_independent_clusters_would_give(view):
    block = show(view, view.host.make_request([0, 1]))
    n = [len(view.host.data.spikes(c)) for c in (0, 1)]
    assert block.chance[0, 1] == pytest.approx(n[0] * n[1] / 600.0)


def test_the_baseline_uses_the_bin_on_the_sample_grid(view):
    view.change(bin_ms=0.11)
    block = show(view, view.host.make_request([0]))
    assert block.bins.width == 3
    assert block.chance[0, 0] * block.bins.bin_s == pytest.approx(len(view.host.data.spikes(0)) ** 2 * 1e-4 / 600.0)
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
    view.change(same_scale=True)
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
    # Notes stand in what the bars leave free of a cell.
    cells = view.panels.rects.astype(float)
    cells[:, 1] += (0.2 if n <= 5 else 0) * (cells[:, 3] - cells[:, 1])
    inside = np.minimum(boxes[:, None, 2:], cells[None, :, 2:]) - np.maximum(boxes[:, None, :2], cells[None, :, :2])
    assert not (inside > 0).all(axis=-1).any()


@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_the_vertical_axis_has_a_title_at_400x300_and_numbers_where_there_is_room(n):
    view = CorrelogramView(FakeHost(n_clusters=20, n_per_cluster=100))
    show(view, view.host.make_request(range(n)))
    view.scene.settle((400, 300), 1.0, view.arrange, view.decorate_all)
    texts = view.scene.over.lines
    assert [line.x < 16 for line in texts if line.rotated and line.text == "Spike pairs per bin"] == [True]
    left, top, _, bottom = view.panels.rects[0]
    numbers = [line for line in texts if line.text.isdigit() and line.anchor == "r" and top <= line.y <= bottom + 6]
    assert (len([line for line in numbers if left - 12 < line.x < left]) >= 2) == (n <= 3)


def test_a_cell_without_pairs_says_so():
    view = CorrelogramView(FakeHost(n_clusters=2, n_per_cluster=100))
    view.host.data.correlogram = lambda a, b, *, bin_s, window_s: np.full(51, 0 if a == b == 1 else 4)
    show(view, view.host.make_request([0, 1]))
    view.scene.settle((400, 300), 1.0, view.arrange, view.decorate_all)
    said = [line for line in view.scene.over.lines if line.text == "no pairs"]
    assert [view.panels.at(line.x, line.y) for line in said] == [3]


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


# Normalisations, logarithms, pairs


def _action(view, name):
    return next(a for a in view.actions() if a.id == name)


def _top(view, panel):
    """Return the highest bar of a cell, in the data of its panel."""
    return view.panels.ranges()[panel, 3] / 1.3


def test_heights_are_counts_rates_ratios_or_z_scores(view):
    view.change(normalization="count")
    block = show(view, view.host.make_request([0, 1]))
    n, most = block.n_spikes.astype(float), float(block.counts[0, 1].max())
    expected = n[0] * n[1] * 1e-3 / 600.0
    assert _top(view, 1) == pytest.approx(most)
    for kind, top, title in (
        ("rate", most / (n[0] * 1e-3), "Rate (spikes/s)"),
        ("ratio", most / expected, "Ratio to chance"),
        ("z-score", (most - expected) / expected**0.5, "Above chance (SD)"),
    ):
        _action(view, "next_correlogram_normalization").handler()
        assert view.settings.normalization == kind
        assert _top(view, 1) == pytest.approx(top, rel=1e-5)
        assert view.scene.axes.y == title
    assert view.panels.ranges()[0, 2] == pytest.approx(-1.08 * expected_of(n[0]) ** 0.5, rel=0.2)
    assert view.host.called("request") == []


def expected_of(n):
    return n * n * 1e-3 / 600.0


@pytest.mark.parametrize("kind", ["count", "rate", "ratio", "z-score"])
@pytest.mark.parametrize("log_axis", [False, True])
def test_the_line_is_where_independent_spikes_put_the_bars(kind, log_axis):
    view = CorrelogramView(FakeHost(n_clusters=2, n_per_cluster=20_000))
    view.change(normalization=kind, log_axis=log_axis, log_min_ms=20.0)
    data = view.host.data
    data.correlogram = lambda a, b, *, bin_s, window_s: _counted(data, a, b, bin_s, window_s)
    show(view, view.host.make_request([0, 1]))
    made = view._heights
    # The spikes of the made-up data are independent: bars stay near the line, and on average on it.
    spread = 1.0 if kind == "z-score" else made.lines[1].mean()
    assert abs((made.bars[1] - made.lines[1]).mean()) < (0.5 if kind == "z-score" else 0.05) * spread


def _counted(data, a, b, bin_s, window_s):
    from phy_medicine.compute.correlogram import correlogram

    trains = [np.rint(data.spike_times[data.spikes(c)] * data.sample_rate).astype(int) for c in (a, b)]
    return correlogram(trains[0], None if a == b else trains[1], sample_rate=3e4, bin_s=bin_s, window_s=window_s)


def test_a_z_score_below_chance_hangs_down_from_the_line(view, drawn):
    view.change(normalization="z-score")
    show(view, view.host.make_request([0, 1]))
    image = drawn(view)
    lowest = view.panels.ranges()[0, 2] / 1.08
    assert lowest < 0
    assert _near(_pixel(view, image, 0, 0.0, lowest * 0.5), (8, 146, 252))
    assert _pixel(view, image, 0, 0.0, -lowest * 0.5).max() < 60


def test_logarithmic_heights_show_the_lowest_bar(view, drawn):
    view.change(normalization="count")
    show(view, view.host.make_request([0, 1]))
    view.change(log_counts=True)
    counts = view.block.counts[0, 0]
    lowest = min(counts[counts > 0].min(), view.block.chance[0, 0] * 1e-3)
    assert _top(view, 0) == pytest.approx(np.log10(counts.max() / (lowest / 2)), rel=1e-5)
    k = int(np.argmin(np.where(counts > 0, counts, np.inf)))
    image = drawn(view)
    assert _near(_pixel(view, image, 0, view.block.bins.centers_s[k] * 1e3, np.log10(2) / 2), (8, 146, 252))


def test_one_scale_holds_for_logarithmic_heights(view):
    view.change(log_counts=True, same_scale=True)
    show(view, view.host.make_request([0, 1, 2]))
    assert len(set(view.panels.ranges()[:, 3])) == 1 and len(set(view._heights.floors)) == 1


def test_a_logarithmic_axis_shows_lags_above_zero_of_all_pairs(view):
    show(view, view.host.make_request([0, 1]))
    _action(view, "toggle_correlogram_log_axis").handler()
    block = view.block
    assert view.panels.ranges()[0, :2].tolist() == pytest.approx([np.log10(0.5), 3.0])
    assert view.status.startswith("0.5 to 1000.0 ms (")
    times = [view.host.data.spike_times[view.host.data.spikes(c)] for c in (0, 1)]
    samples = [np.rint(t * 30_000).astype(int) for t in times]
    lags = samples[1][None, :] - samples[0][:, None]
    inside = (lags >= 15) & (lags < 30_000)
    assert block.counts[0, 1].sum() == inside.sum()
    assert block.counts[1, 0].sum() == ((-lags >= 15) & (-lags < 30_000)).sum()


def test_the_refractory_line_of_a_logarithmic_axis_is_at_its_lag(view, drawn):
    view.change(log_axis=True)
    show(view, view.host.make_request([0]))
    image = drawn(view)
    x = int(np.round(view.panels.to_pixels(0, np.log10(2.0), 0.0)[0]))
    top = int(view.panels.rects[0][1])
    assert image[top + 1, x].min() > 120 and image[top + 1, x - 6].max() < 60


def test_bars_of_a_logarithmic_axis_stand_at_their_lags(drawn):
    view = CorrelogramView(FakeHost(n_clusters=2))
    view.host.data.correlograms.get_log = lambda a, b, bins: 5000 * (np.arange(bins.n_bins) == 20)
    view.change(log_axis=True, normalization="count")
    block = show(view, view.host.make_request([0]))
    image = drawn(view)
    low, high = block.edges[20:22]
    for place, lit in ((low - 0.3 * (high - low), False), ((low + high) / 2, True), (high + 0.3 * (high - low), False)):
        assert _near(_pixel(view, image, 0, place, 4000.0), (8, 146, 252)) == lit


def test_a_wheel_and_snippets_change_the_logarithmic_axis(view):
    view.change(log_axis=True)
    show(view, view.host.make_request([0]))
    view.on_wheel(frozenset({"control"}), 1)
    assert view.settings.log_max_ms == pytest.approx(1331)
    view.on_wheel(frozenset({"alt"}), -1)
    assert view.settings.log_bins == 63
    actions = {a.snippet: a for a in view.actions() if a.snippet}
    actions["cw"].handler(200.0)
    assert (view.settings.log_max_ms, view.settings.window_ms) == (200.0, 50.0)
    with pytest.raises(ActionError, match="no width"):
        actions["cb"].handler(1.0)


def test_long_lags_are_written_in_full(view, drawn):
    view.change(log_axis=True, log_max_ms=2000.0)
    block = show(view, view.host.make_request([0, 1]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(1, block.edges[-1] - 1e-3, 0.0))
    assert view.describe(x, y - 3)[0].splitlines()[1].endswith(" to 2,000 ms")


def test_an_impossible_logarithmic_axis_is_explained(view):
    view.change(log_axis=True, log_min_ms=500.0, log_max_ms=100.0)
    show(view, view.host.make_request([0]))
    assert "end it later than it begins" in view.scene.message


def test_the_part_of_short_intervals_stands_in_each_cell_of_the_diagonal(view, drawn):
    show(view, view.host.make_request([0, 1]))
    drawn(view, (700, 500))
    n_glyphs = len(_texts(view))
    view.change(labels=False)
    drawn(view, (700, 500))
    assert n_glyphs > 0 and len(_texts(view)) == 0
    times = view.host.data.spike_times[view.host.data.spikes(1)]
    n_short = int((np.diff(times) < 0.002).sum())
    assert view._note(view.block, 1) == f"{100 * n_short / (len(times) - 1):.2f} % < 2 ms"


def _click(view, panel, place, button=1):
    x, y = (float(v) for v in view.panels.to_pixels(panel, place, 1.0))
    view.on_click(Click(x, y, panel, place, 1.0, button, frozenset()))


def _pairs(view, a, b, low, high):
    """Return the middle of each pair whose lag lies in a bin, in order of the first spike; slow and obvious."""
    data = view.host.data
    times = [data.spike_times[data.spikes(c)] for c in (a, b)]
    samples = [np.rint(t * data.sample_rate).astype(int) for t in times]
    return [
        (times[0][i] + times[1][j]) / 2
        for i, first in enumerate(samples[0])
        for j, second in enumerate(samples[1])
        if low <= (second - first) / 30 < high and not (a == b and j <= i)
    ]


def test_clicks_show_the_pairs_of_a_bin_one_after_the_other(drawn):
    view = CorrelogramView(FakeHost(n_clusters=3, n_per_cluster=400))
    view.change(window_ms=400, bin_ms=20)
    show(view, view.host.make_request([0, 2]))
    drawn(view)
    expected = _pairs(view, 0, 2, 30.0, 50.0)
    for _ in range(2):
        _click(view, 1, 40.0)
    _click(view, 1, 40.0, button=3 - 1)
    went = [moment for moment, _ in view.host.called("go_to_time")]
    assert went == pytest.approx([expected[0], expected[1], expected[0]])
    assert view.status == f"pair 1 of {len(expected)} · 0 → 2 · lag 30 to 50 ms"
    assert [cluster for _, cluster in view.host.called("go_to_time")] == [0, 0, 0]


@pytest.mark.parametrize("place", [-40.0, 0.0, 40.0])
def test_each_pair_of_one_cluster_is_shown_once_on_either_side(drawn, place):
    view = CorrelogramView(FakeHost(n_clusters=2, n_per_cluster=300))
    view.change(window_ms=400, bin_ms=20)
    show(view, view.host.make_request([0]))
    drawn(view)
    expected = _pairs(view, 0, 0, 30.0, 50.0) if place else _pairs(view, 0, 0, -10.0, 10.0)
    _click(view, 0, place)
    assert f"pair 1 of {len(expected)} · 0 · lag" in view.status
    assert view.host.called("go_to_time")[0][0] == pytest.approx(expected[0])


def test_a_clicked_bin_is_marked_until_its_clusters_are_gone(drawn):
    view = CorrelogramView(FakeHost(n_clusters=3, n_per_cluster=400))
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    _click(view, 1, 20.0)
    image = drawn(view)
    top = view.panels.rects[1][1]
    x = int(view.panels.to_pixels(1, 20.0, 0.0)[0])
    assert image[top + 1, x].min() > image[top + 1, x - 30].max() + 20
    show(view, view.host.make_request([2]))
    assert view._walk.key is None


def test_the_pointer_is_told_clusters_lag_count_and_rate(view, drawn):
    block = show(view, view.host.make_request([0, 1]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(1, -10.0, 1.0))
    count = float(block.counts[0, 1, 15])
    text = view.describe(x, y)[0]
    assert text.splitlines()[:2] == ["0 → 1", "lag −10.5 to −9.5 ms"]
    assert text.splitlines()[2].startswith(f"{count:,.0f} pairs · {count / (block.n_spikes[0] * 1e-3):.3g} spikes/s")
    x, y = (float(v) for v in view.panels.to_pixels(3, -10.0, 1.0))
    assert view.describe(x, y)[0].splitlines()[-1].endswith("intervals < 2 ms")
    assert view.describe(0.0, 0.0) is None


def test_a_scale_saved_by_an_earlier_version_is_taken_over():
    view = CorrelogramView(FakeHost())
    view.restore({"settings": {"uniform_normalization": True, "window_ms": 80.0}})
    assert (view.settings.same_scale, view.settings.window_ms) == (True, 80.0)
