"""The histogram view, base of others, on made-up data."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from fake_host import FakeHost, show
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.views.histogram import HistogramView
from phy_medicine.views.histogram_block import Bins, heights, round_range
from phy_medicine.views.histogram_rows import minor_ticks
from phy_medicine.views.interact import Click
from phy_medicine.views.theme import LIGHT


class NumbersView(HistogramView):
    """Cluster c has the values put into `numbers[c]`: a histogram of one's own."""

    name, title = "NumbersView", "Numbers"
    quantity, unit, noun = "Number", "cm", "numbers"

    def __init__(self, host):
        super().__init__(host)
        self.numbers = {0: np.arange(10.0), 1: np.array([2.5]), 2: np.zeros(0), 3: np.full(5, np.nan)}

    def values_of(self, cluster_id):
        return self.numbers[cluster_id]


@pytest.fixture
def view():
    return HistogramView(FakeHost())


@pytest.fixture
def numbers():
    view = NumbersView(FakeHost())
    view.change(n_bins=10, x_min=0.0, x_max=10.0)
    return view


def _near(pixel, color, by=12):
    return bool(np.abs(pixel.astype(int) - np.array(color)).max() < by)


def _pixel(view, image, panel, x, y):
    px, py = view.panels.to_pixels(panel, x, y)
    return image[int(py), int(px)]


def _texts(view):
    """Return the boxes of all letters."""
    return np.array([(g[0], g[1], g[8], g[9]) for g in view.scene.over._glyphs])


def _actions(view):
    return {a.id: a for a in view.actions()}


def _brute_counts(values, bins):
    """The same counts one value at a time."""
    counts = [0] * bins.n
    for value in values.tolist():
        if math.isnan(value) or (bins.logarithmic and value <= 0):
            continue
        place = float(np.log10(value)) if bins.logarithmic else value
        first, last = bins.ends
        if first <= place <= last:
            counts[min(int((place - first) * (bins.n / (last - first))), bins.n - 1)] += 1
    return counts


values_lists = st.lists(st.floats(-5, 200) | st.just(math.nan) | st.integers(-1, 60).map(float), max_size=60)


@given(values_lists, st.integers(2, 40), st.booleans())
def test_counts_and_the_members_of_each_bin_agree_with_brute_force(values, n, logarithmic):
    values = np.array(values, dtype=np.float64)
    bins = Bins(0.5 if logarithmic else -1.0, 50.0, n, logarithmic)
    counts = bins.counts(values)
    assert counts.tolist() == _brute_counts(values, bins)
    members = [bins.inside(values, i) for i in range(n)]
    assert [len(m) for m in members] == counts.tolist()
    for index, rows in enumerate(members):
        low, high = bins.edges(index)
        assert ((values[rows] >= low - 1e-9) & (values[rows] <= high + 1e-9)).all()
        assert all(bins.at(bins.place(value)) == index for value in values[rows])


def test_all_values_of_each_cluster_are_counted_in_its_own_row(view):
    block = show(view, view.host.make_request([1, 3]))
    values = view.host.data.amplitudes(3).values
    assert block.rows[1].n_values == len(values) and len(view.panels) == 2
    assert block.rows[1].counts.tolist() == _brute_counts(values.astype(np.float64), block.bins)
    assert view._rows.labels[1] == ("3", f"{len(values):,} spikes")


def test_the_automatic_range_holds_nearly_all_values_and_ends_on_round_ones(view):
    block = show(view, view.host.make_request([0, 1, 2]))
    counted = sum(row.counts.sum() for row in block.rows)
    assert counted > 0.99 * sum(row.n_values for row in block.rows)
    assert block.bins.low * 4 == round(block.bins.low * 4) and block.bins.high * 4 == round(block.bins.high * 4)
    assert round_range(3.0, 3.0, logarithmic=False) == (3.0, 3.25)
    low, high = round_range(2.0, 700.0, logarithmic=True)
    assert (low, high) == (1.0, pytest.approx(1000.0))


def test_bars_have_the_colours_of_their_clusters_and_end_at_their_counts(view, drawn):
    block = show(view, view.host.make_request([0, 1]))
    image = drawn(view)
    for row, color in enumerate([(8, 146, 252), (255, 2, 2)]):
        top = int(block.rows[row].counts.argmax())
        x, count = np.mean(block.bins.edges(top)), float(block.rows[row].counts[top])
        assert _near(_pixel(view, image, row, x, 0.9 * count), color)
        assert _pixel(view, image, row, x, 1.04 * count).max() < 60


def test_counts_are_kept_by_cluster_and_bins(numbers):
    show(numbers, numbers.host.make_request([0, 1]))
    assert numbers.cached(numbers.host.make_request([1, 0])) and not numbers.cached(numbers.host.make_request([2]))
    numbers.change(n_bins=5)
    assert [row.counts.tolist() for row in numbers.block.rows] == [[2] * 5, [0, 1, 0, 0, 0]]


def test_heights_are_counts_shares_rates_or_parts_of_the_maximum(numbers):
    block = show(numbers, numbers.host.make_request([0, 1, 2]))
    for kind, first in (("count", 1.0), ("density", 0.1), ("rate", 1 / 600), ("maximum", 1.0)):
        bars, ones = heights(block, kind, 600.0)
        assert bars[0, 0] == pytest.approx(first) and ones[0] == pytest.approx(first)
        assert (bars[2] == 0).all()
    bars, _ = heights(block, "density", 600.0)
    assert bars[0].sum() * block.bins.width == pytest.approx(1) == bars[1].sum() * block.bins.width


def test_a_change_of_the_look_counts_nothing_anew(numbers):
    show(numbers, numbers.host.make_request([0, 1]))
    numbers.host.calls.clear()
    numbers.change(normalization="density", overlay=True, log_counts=True)
    assert numbers.host.called("request") == [] and len(numbers.panels) == 1


def test_overlaid_clusters_share_one_row_and_are_seen_through_each_other(numbers, drawn):
    numbers.change(overlay=True)
    show(numbers, numbers.host.make_request([0, 1]))
    image = drawn(numbers)
    line = _pixel(numbers, image, 0, 7.5, 1.0)
    assert line[2] > 120
    inside = _pixel(numbers, image, 0, 2.5, 0.5)
    assert inside[0] > 20 and inside[2] > 20


def test_one_scale_for_all_rows_when_it_is_asked_for(view):
    show(view, view.host.make_request([0, 1, 2]))
    assert len(set(view.panels.ranges()[:, 3])) > 1
    view.change(same_scale=True)
    assert len(set(view.panels.ranges()[:, 3])) == 1


def test_logarithmic_heights_show_a_single_value_beside_many(numbers, drawn):
    numbers.numbers = {0: np.r_[np.full(10_000, 2.5), 7.5], 1: np.array([2.5])}
    numbers.change(log_counts=True)
    show(numbers, numbers.host.make_request([0]))
    image = drawn(numbers)
    assert _near(_pixel(numbers, image, 0, 7.5, 0.15), (8, 146, 252))
    assert _pixel(numbers, image, 0, 7.5, 0.5).max() < 60
    assert _near(_pixel(numbers, image, 0, 2.5, 4.0), (8, 146, 252))
    assert _pixel(numbers, image, 0, 5.5, 0.05).max() < 60


def test_a_logarithmic_axis_leaves_out_what_is_not_above_0(numbers):
    numbers.numbers = {0: np.array([-1.0, 0.0, 0.1, 1.0, 9.0, 10.0])}
    numbers.change(log_axis=True, log_min=0.1, log_max=10.0, n_bins=4)
    block = show(numbers, numbers.host.make_request([0]))
    assert block.rows[0].counts.tolist() == [1, 0, 1, 2] and block.rows[0].n_values == 6
    assert numbers.panels.home()[0, :2].tolist() == [-1, 1]
    assert numbers.status == "[0.1 cm, 10 cm] · 4 bins · 4 of 6 numbers"
    numbers.change(log_min=0.0, log_max=0.0)
    assert numbers.block.bins.low == pytest.approx(0.1) and numbers.block.bins.high == pytest.approx(10)


def test_the_mean_and_the_median_are_marked_where_they_are(numbers, drawn):
    numbers.numbers = {0: np.array([1.5, 1.5, 9.0])}
    for center, place in (("mean", 4.0), ("median", 1.5)):
        numbers.change(center=center)
        show(numbers, numbers.host.make_request([0]))
        image = drawn(numbers)
        assert numbers.block.rows[0].center == place
        assert _near(_pixel(numbers, image, 0, place + 0.01, 2.1), (216, 220, 227), 60)
        assert _pixel(numbers, image, 0, 6.0, 2.1).max() < 60


def test_values_that_are_missing_are_said_in_words(numbers):
    show(numbers, numbers.host.make_request([2]))
    assert numbers.scene.message == "No numbers: this cluster has none to show here."
    numbers.change(x_max=0.0)
    show(numbers, numbers.host.make_request([2, 3]))
    assert numbers.scene.message == "No numbers: these clusters have none to show here."
    assert numbers.cached(numbers.host.make_request([2, 3]))
    view = HistogramView(FakeHost())
    view.host.data.missing = "No amplitudes: amplitudes.npy not found."
    show(view, view.host.make_request([0]))
    assert view.scene.message == "No amplitudes: amplitudes.npy not found."


def test_one_value_and_none_are_drawn_beside_many(numbers, drawn):
    block = show(numbers, numbers.host.make_request([1, 2, 0, 3]))
    assert [row.counts.sum() for row in block.rows] == [1, 0, 10, 0]
    image = drawn(numbers)
    assert _near(_pixel(numbers, image, 0, 2.5, 0.5), (8, 146, 252))


@pytest.mark.parametrize("n", [1, 2, 5, 20])
@pytest.mark.parametrize("size", [(240, 160), (400, 300), (1200, 900)])
@pytest.mark.parametrize("overlay", [False, True])
def test_labels_never_overlap_or_leave_the_view(drawn, n, size, overlay):
    view = HistogramView(FakeHost(n_clusters=20, n_per_cluster=100))
    view.change(overlay=overlay, log_counts=n == 5, log_axis=n == 5)
    show(view, view.host.make_request(range(n)))
    drawn(view, size)
    boxes = _texts(view)
    assert boxes[:, :2].min() >= 0 and boxes[:, 2].max() <= size[0] and boxes[:, 3].max() <= size[1]
    overlap = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    np.fill_diagonal(overlap[..., 0], -1)
    # Neighbouring letters of a word share a column of soft edges.
    assert not (overlap > 2).all(axis=-1).any()
    rows = view.panels.rects
    inside = np.minimum(boxes[:, None, 2:], rows[None, :, 2:]) - np.maximum(boxes[:, None, :2], rows[None, :, :2])
    assert not (inside > 0).all(axis=-1).any()


def test_more_than_20_clusters_are_said_to_be_left_out():
    view = HistogramView(FakeHost(n_clusters=25, n_per_cluster=100))
    block = show(view, view.host.make_request(range(25)))
    assert len(block.rows) == 20 and view.status.endswith("20 of 25 clusters")


def test_the_light_theme_keeps_bars_and_text_legible(drawn):
    view = HistogramView(FakeHost(), theme=LIGHT)
    show(view, view.host.make_request([0]))
    assert drawn(view)[2, 2].tolist() == [255, 255, 255]


def test_the_wheel_moves_both_ends_of_the_range_and_the_number_of_bins(numbers):
    show(numbers, numbers.host.make_request([0]))
    numbers.on_wheel(frozenset({"control"}), 1)
    assert numbers.block.bins.high == pytest.approx(11)
    numbers.on_wheel(frozenset({"shift"}), 1)
    assert numbers.block.bins.low == pytest.approx(1.1)
    numbers.on_wheel(frozenset({"alt"}), 1)
    assert numbers.settings.n_bins == 11
    numbers.on_wheel(frozenset({"alt"}), -2)
    assert numbers.settings.n_bins == 10
    for _ in range(100):
        numbers.on_wheel(frozenset({"control"}), -1)
        numbers.on_wheel(frozenset({"alt"}), -1)
    assert numbers.block.bins.high > numbers.block.bins.low and numbers.settings.n_bins == 2


def test_the_wheel_starts_from_the_automatic_range(view):
    show(view, view.host.make_request([0]))
    low, high = view.block.bins.low, view.block.bins.high
    view.on_wheel(frozenset({"control"}), 1)
    assert (view.settings.x_min, view.settings.x_max) == (low, pytest.approx(1.1 * high))
    _actions(view)["reset_histogram_range"].handler()
    assert (view.block.bins.low, view.block.bins.high) == (low, high)


def test_snippets_set_bins_bin_size_and_range(view):
    actions = {a.snippet: a for a in view.actions() if a.snippet}
    assert sorted(actions) == ["hb", "hmax", "hmin", "hn"]
    show(view, view.host.make_request([0]))
    for snippet, value in (("hmin", "-5"), ("hmax", "45"), ("hn", "20")):
        actions[snippet].handler(actions[snippet].arguments[0](value))
    assert view.block.bins == Bins(-5.0, 45.0, 20)
    actions["hb"].handler(0.5)
    assert view.block.bins == Bins(-5.0, 45.0, 100)
    assert all(action.needs_arguments for action in actions.values())
    for snippet, value in (("hmin", 60.0), ("hb", 0.0), ("hb", 1e-6), ("hn", 1)):
        with pytest.raises(PhyMedError):
            actions[snippet].handler(value)


def test_a_range_that_does_not_grow_is_refused_on_both_axes(numbers):
    show(numbers, numbers.host.make_request([0]))
    for values in ({"x_min": 20.0}, {"log_min": 5.0, "log_max": 2.0}):
        with pytest.raises(PhyMedError, match="must end after its start"):
            numbers.change(**values)
    assert (numbers.settings.x_min, numbers.settings.log_min) == (0, 0)


def test_only_the_class_that_names_its_snippets_has_them(numbers):
    assert [a.snippet for a in numbers.actions() if a.snippet] == []
    assert not {a.id for a in numbers.actions()} & {a.id for a in HistogramView(FakeHost()).actions()}


def test_switches_turn_settings_and_show_their_state(numbers):
    show(numbers, numbers.host.make_request([0, 1]))
    for name in ("overlay", "same_scale", "log_counts", "log_axis"):
        action = _actions(numbers)[f"toggle_numbers_{name}"]
        assert action.checked() is False
        action.handler()
        assert action.checked() is True and getattr(numbers.settings, name)
    seen = []
    for _ in range(4):
        _actions(numbers)["next_numbers_normalization"].handler()
        seen.append(numbers.settings.normalization)
    assert seen == ["density", "rate", "maximum", "count"]
    for center in ("mean", "median", "none"):
        _actions(numbers)["next_numbers_center"].handler()
        assert numbers.settings.center == center


def test_clicks_on_a_bin_walk_through_its_spikes(view, drawn):
    block = show(view, view.host.make_request([2]))
    drawn(view)
    values, data = view.host.data.amplitudes(2).values, view.host.data
    index = int(np.flatnonzero((block.rows[0].counts > 1) & (block.rows[0].counts < 20))[0])
    low, high = block.bins.edges(index)
    x, y = view.panels.to_pixels(0, (low + high) / 2, 0.5)
    inside = np.flatnonzero((values >= low) & (values < high))
    expected = data.spike_times[data.spikes(2)[inside]].tolist()
    assert len(expected) == block.rows[0].counts[index]
    click = Click(float(x), float(y), 0, (low + high) / 2, 0.5, 1, frozenset())
    for _ in range(len(expected) + 1):
        view.on_click(click)
    view.on_click(replace(click, button=2))
    times = [call[0] for call in view.host.called("go_to_time")]
    assert times == [*expected, expected[0], expected[-1]]
    assert view.status.startswith(f"{len(expected)} of 2: {len(expected)} spikes, ")
    assert drawn(view)[int(view.panels.rects[0][1]) + 2, int(x)].max() > 50


def test_an_empty_bin_is_only_named(numbers, drawn):
    show(numbers, numbers.host.make_request([1]))
    drawn(numbers)
    x, y = numbers.panels.to_pixels(0, 8.5, 0.1)
    numbers.on_click(Click(float(x), float(y), 0, 8.5, 0.1, 1, frozenset()))
    assert numbers.status == "1: 0 numbers, 8 to 9 cm" and numbers.host.called("go_to_time") == []


def test_the_cluster_under_a_pixel_is_that_of_the_row_or_of_the_nearest_bar(numbers, drawn):
    numbers.numbers = {0: np.full(10, 2.5), 1: np.full(4, 2.5)}
    show(numbers, numbers.host.make_request([0, 1]))
    drawn(numbers)
    x, y = numbers.panels.to_pixels(1, 2.5, 1.0)
    assert numbers.pick(float(x), float(y)) == 1
    numbers.change(overlay=True)
    drawn(numbers)
    for height, cluster in ((9.0, 0), (4.5, 1)):
        x, y = numbers.panels.to_pixels(0, 2.5, height)
        assert numbers.pick(float(x), float(y)) == cluster
    assert numbers.pick(1.0, 1.0) is None


def test_settings_come_back(view):
    view.change(n_bins=33, overlay=True, log_axis=True)
    other = HistogramView(FakeHost())
    other.restore(view.state())
    assert other.settings == view.settings


def test_the_traces_window_draws_nothing_anew(view):
    show(view, view.host.make_request([0]))
    view.host.calls.clear()
    view.set_time_window((1.0, 2.0))
    assert view.host.calls == []


def test_counts_of_few_values_have_whole_numbers_at_the_axis(numbers):
    show(numbers, numbers.host.make_request([1]))
    numbers.scene.settle((400, 300), 1.0, numbers.arrange, numbers.decorate_all)
    left = numbers.panels.rects[0][0]
    assert [line.text for line in numbers.scene.over.lines if line.anchor == "r" and line.x < left] == ["0", "1"]


def test_minor_ticks_are_whole_parts_of_powers_of_ten():
    assert np.round(10.0 ** minor_ticks(0.0, 1.0), 9).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert len(minor_ticks(-5, 5)) == 0


@pytest.mark.parametrize(
    ("normalization", "words"),
    [
        ("count", "1 number"),
        ("density", "1 number · 0.1 share per cm"),
        ("rate", "1 number · 0.00167 per s"),
        ("maximum", "1 number · 1 of the maximum"),
    ],
)
def test_the_pointer_is_told_the_range_and_height_of_a_bar(numbers, drawn, normalization, words):
    numbers.change(normalization=normalization)
    show(numbers, numbers.host.make_request([0, 1]))
    drawn(numbers)
    x, y = (float(v) for v in numbers.panels.to_pixels(0, 3.5, 0.0))
    text, *place = numbers.describe(x, y - 5)
    assert text == f"0: {words}\n3 to 4 cm" and place == [x, y - 5]
    x, y = (float(v) for v in numbers.panels.to_pixels(1, 3.5, 0.0))
    assert numbers.describe(x, y - 5)[0].startswith("1: 0 numbers")
    assert numbers.describe(0.0, 0.0) is None
