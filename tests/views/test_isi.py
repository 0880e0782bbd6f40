"""The view of intervals on made-up spikes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from fake_host import FakeHost, show
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.views.interact import Click
from phy_medicine.views.isi import ISIView
from phy_medicine.views.theme import LIGHT
from phy_medicine.views.violations import intervals_ms

RATE = 30_000.0


def make_view(trains, **options):
    """A view of clusters that fire at these times, s; whole samples."""
    host = FakeHost(n_clusters=len(trains))
    data = host.data
    times = np.concatenate([np.asarray(train, dtype=float) for train in trains])
    clusters = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    order = np.argsort(times, kind="stable")
    data.spike_times = np.round(times[order] * RATE) / RATE
    data.spike_clusters, data.n_spikes = clusters[order], len(times)
    return ISIView(host, **options)


@pytest.fixture
def view():
    return ISIView(FakeHost())


def _near(pixel, color, by=12):
    return bool(np.abs(pixel.astype(int) - np.array(color)).max() < by)


def _pixel(view, image, panel, x, y):
    px, py = view.panels.to_pixels(panel, x, y)
    return image[int(py), int(px)]


def _click_at(view, interval_ms, button=1, panel=0):
    x, y = view.panels.to_pixels(panel, interval_ms, 1e-3)
    view.on_click(Click(float(x), float(y), panel, interval_ms, 1e-3, button, frozenset()))


def _actions(view):
    return {a.id: a for a in view.actions()}


@settings(deadline=None)
@given(st.lists(st.integers(0, 3_000), min_size=2, max_size=80), st.floats(0.2, 20), st.integers(2, 60))
def test_intervals_and_violations_agree_with_brute_force(steps, refractory_ms, n_bins):
    samples = np.cumsum(steps)
    view = make_view([samples / RATE])
    view.change(refractory_ms=refractory_ms, n_bins=n_bins)
    block = show(view, view.host.make_request([0]))
    intervals = [(int(b) - int(a)) * 1e3 / RATE for a, b in pairwise(samples)]
    expected = [0] * n_bins
    for interval in intervals:
        if interval <= 50:
            expected[min(int(interval * (n_bins / 50)), n_bins - 1)] += 1
    assert block.rows[0].counts.tolist() == expected and block.rows[0].n_values == len(intervals)
    short = sum(interval < refractory_ms for interval in intervals)
    assert view._rows.labels[0][1].startswith(f"{100 * short / len(intervals):.2f} % < ")


def test_an_interval_of_whole_bins_falls_into_the_bin_that_it_starts():
    times = np.arange(3_000) * 30 / RATE + 5_000
    assert set(intervals_ms(times, RATE).tolist()) == {1.0}
    view = make_view([times])
    assert show(view, view.host.make_request([0])).rows[0].counts[1] == 2999


def test_it_opens_with_50_ms_in_50_bins_as_density(view, drawn):
    block = show(view, view.host.make_request([0, 1]))
    assert (block.bins.low, block.bins.high, block.bins.n) == (0, 50, 50)
    assert view.settings.normalization == "density" and view._rows.y_title == "Share per ms"
    n = [row.n_values for row in block.rows]
    inside = sum(row.counts.sum() for row in block.rows)
    assert view.status == f"[0 ms, 50 ms] · 50 bins · {inside:,} of {sum(n):,} intervals"
    image = drawn(view)
    for row, color in enumerate([(8, 146, 252), (255, 2, 2)]):
        share = block.rows[row].counts[5] / n[row]
        assert _near(_pixel(view, image, row, 5.5, 0.9 * share), color)


def test_the_label_tells_the_part_below_the_refractory_period():
    view = make_view([[1.0, 1.001, 2.0, 2.5, 3.0], [4.0]])
    show(view, view.host.make_request([0, 1]))
    assert view._rows.labels == (("0", "25.00 % < 2 ms", "of 4"), ("1", "no intervals"))
    view.change(refractory_ms=0.5)
    assert view._rows.labels[0] == ("0", "0.00 % < 0.5 ms", "of 4")


def test_a_dashed_line_marks_the_refractory_period(view, drawn):
    show(view, view.host.make_request([0]))
    view.change(refractory_ms=20.0)
    image = drawn(view)
    _, top, _, bottom = view.panels.rects[0]
    column = image[top:bottom, round(float(view.panels.to_pixels(0, 20.0, 0.0)[0]))].min(axis=1)
    assert 0.3 < np.mean(column > 120) < 0.7
    assert image[top:bottom, round(float(view.panels.to_pixels(0, 30.3, 0.0)[0]))].min(axis=1).max() < 100


def test_a_cluster_of_one_spike_has_no_intervals_and_says_so(drawn):
    view = make_view([[1.0], [2.0, 2.01]])
    show(view, view.host.make_request([0]))
    assert view.scene.message == "No intervals: a cluster of one spike has none."
    show(view, view.host.make_request([0, 1]))
    assert view.scene.message == "" and drawn(view).max() > 100


def test_on_a_logarithmic_axis_intervals_reach_from_a_tenth_of_a_millisecond_to_10_s(view, drawn):
    view.change(log_axis=True)
    block = show(view, view.host.make_request([0]))
    assert view.panels.home()[0, :2].tolist() == [-1, 4]
    values = view.values_of(0)
    assert block.rows[0].counts.sum() == np.count_nonzero((values >= 0.1) & (values <= 10_000))
    widest = int(block.rows[0].counts.argmax())
    middle = block.bins.ends[0] + (widest + 0.5) * block.bins.width
    height = block.rows[0].counts[widest] / len(values) / block.bins.width
    assert _near(_pixel(view, drawn(view), 0, middle, 0.9 * height), (8, 146, 252))
    assert view._rows.y_title == "Share per factor of 10"


def test_clicks_on_the_first_bin_walk_through_the_short_intervals(drawn):
    view = make_view([[1.0, 1.0005, 3.0, 5.0, 5.0005, 9.0, 9.0005], [2.0, 7.0]])
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    for button in (1, 1, 1, 1, 2):
        _click_at(view, 0.5, button)
    times = [call[0] for call in view.host.called("go_to_time")]
    assert times == pytest.approx([1.00025, 5.00025, 9.00025, 1.00025, 9.00025], abs=1e-4)
    assert {call[1] for call in view.host.called("go_to_time")} == {0}
    assert view.status == "3 of 0: 3 intervals, 0 to 1 ms"
    _click_at(view, 0.5, panel=1)
    assert view.status == "1: 0 intervals, 0 to 1 ms" and len(view.host.called("go_to_time")) == 5


def test_another_selection_forgets_the_clicked_bin(drawn):
    view = make_view([[1.0, 1.0005, 3.0, 3.0005], [2.0, 7.0]])
    show(view, view.host.make_request([0]))
    drawn(view)
    _click_at(view, 0.5)
    assert (view._walk.key, view._walk.turn) == ((0, 0), 0)
    show(view, view.host.make_request([1]))
    assert view._walk.key is None and view.status.startswith("[0 ms, 50 ms]")


def test_actions_walk_through_all_violations_of_the_first_cluster():
    view = make_view([[1.0, 1.001, 3.0, 5.0, 5.0015, 9.0], [2.0, 7.0]])
    with pytest.raises(ActionError, match="Select a cluster first"):
        _actions(view)["next_violation"].handler()
    show(view, view.host.make_request([0]))
    for name in ("next_violation", "next_violation", "next_violation", "previous_violation"):
        _actions(view)[name].handler()
    times = [call[0] for call in view.host.called("go_to_time")]
    assert times == pytest.approx([1.0005, 5.00075, 1.0005, 5.00075], abs=1e-4)
    show(view, view.host.make_request([1]))
    with pytest.raises(ActionError, match="no interval below 2 ms"):
        _actions(view)["next_violation"].handler()


def test_snippets_set_bins_range_and_refractory_period_in_ms(view):
    actions = {a.snippet: a for a in view.actions() if a.snippet}
    assert sorted(actions) == ["isib", "isimax", "isimin", "isin", "isir"]
    show(view, view.host.make_request([0]))
    for snippet, value in (("isimax", "100"), ("isimin", "10"), ("isib", "0.5"), ("isir", "1.5")):
        actions[snippet].handler(actions[snippet].arguments[0](value))
    bins = view.block.bins
    assert (bins.low, bins.high, bins.n, view.settings.refractory_ms) == (10, 100, 180, 1.5)
    actions["isin"].handler(30)
    assert view.block.bins.n == 30
    with pytest.raises(PhyMedError):
        actions["isir"].handler(-1.0)


def test_the_wheel_moves_the_range_as_in_phy(view):
    show(view, view.host.make_request([0]))
    view.on_wheel(frozenset({"control"}), 1)
    view.on_wheel(frozenset({"alt"}), 1)
    assert view.settings.x_max == pytest.approx(55) and view.settings.n_bins == 52
    view.change(log_axis=True)
    view.on_wheel(frozenset({"control"}), -1)
    view.on_wheel(frozenset({"shift"}), 1)
    assert view.settings.log_max == pytest.approx(10_000 / 1.1) and view.settings.log_min == pytest.approx(0.11)


def test_the_light_theme_and_20_clusters_are_drawn(drawn):
    view = ISIView(FakeHost(n_clusters=20, n_per_cluster=300), theme=LIGHT)
    show(view, view.host.make_request(range(20)))
    assert drawn(view, (400, 300))[2, 2].tolist() == [255, 255, 255] and len(view.panels) == 20


def test_settings_come_back(view):
    view.change(x_max=20, refractory_ms=1.0)
    other = ISIView(FakeHost())
    other.restore(view.state())
    assert other.settings == view.settings
