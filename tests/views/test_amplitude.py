"""The amplitude view on made-up data."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fake_host import FakeHost, FakeSignal, show
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.views import amplitude_kinds
from phy_medicine.views.amplitude import AmplitudeView, amplitude_range
from phy_medicine.views.interact import Click
from phy_medicine.views.theme import LIGHT


@pytest.fixture
def view():
    return AmplitudeView(FakeHost())


def _near(pixel: np.ndarray, color: tuple[float, float, float]) -> bool:
    return bool(np.abs(pixel.astype(int) - np.array(color)).max() < 40)


def test_every_spike_of_the_selection_is_in_the_block_in_order_of_time(view):
    block = show(view, view.host.make_request([1, 3]))
    expected = np.sort(np.concatenate([view.host.data.spikes(1), view.host.data.spikes(3)]))
    assert np.array_equal(block.spike_ids, expected)
    assert view.status == f"template · {len(expected):,} spikes"


def test_a_spike_is_drawn_in_the_colour_of_its_cluster(view, drawn):
    block = show(view, view.host.make_request([1]))
    image = drawn(view)
    x, y = view.panels.to_pixels(0, block.times_s[100], block.values[100])
    assert _near(image[int(y), int(x)], (8, 146, 252))


def test_many_spikes_are_shown_as_density(drawn):
    view = AmplitudeView(FakeHost(n_per_cluster=30_000))
    show(view, view.host.make_request([0, 1]))
    assert "density" in view.status
    assert drawn(view).max() > 150


def test_the_background_holds_the_neighbours_but_not_the_selection(view):
    block = show(view, view.host.make_request([0, 1]))
    assert len(block.background_s) == len(view.host.data.spikes(2))


def test_the_lasso_gives_all_spikes_inside(view):
    block = show(view, view.host.make_request([0]))
    for x, y in ((0, 0), (300, 0), (300, 1e3), (0, 1e3)):
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))
    assert np.array_equal(view.lasso_spike_ids(), block.spike_ids[block.times_s < 300])
    view.clear_lasso()
    assert len(view.lasso_spike_ids()) == 0


def test_alt_click_goes_to_that_time(view, drawn):
    block = show(view, view.host.make_request([2]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(0, block.times_s[50], block.values[50]))
    view.on_click(Click(x, y, 0, float(block.times_s[50]), 1.0, 1, frozenset({"alt"})))
    assert view.host.called("go_to_time") == [(float(block.times_s[50]), 2)]


def test_the_band_marks_the_time_window(view, drawn):
    show(view, view.host.make_request([0]))
    view.set_time_window((100.0, 200.0))
    image = drawn(view)
    left, bottom = view.panels.rects[0][[0, 3]]
    x = int(view.panels.to_pixels(0, 150.0, 0.0)[0])
    assert image[bottom - 3, x].tolist()[:2] > [60, 60]
    assert image[bottom - 3, left + 3].max() < 30


def test_the_window_of_the_traces_is_at_least_two_pixels_wide(view, drawn):
    show(view, view.host.make_request([0]))
    view.set_time_window((300.0, 300.001))
    image = drawn(view)
    row = image[view.panels.rects[0][3] - 3].astype(int)
    assert 2 <= np.count_nonzero(row[:, 0] - row[:, 2] > 30) <= 3


def test_missing_amplitudes_are_said_in_words(view, drawn):
    view.host.data.missing = "No amplitudes: amplitudes.npy not found."
    show(view, view.host.make_request([0]))
    assert view.scene.message == "No amplitudes: amplitudes.npy not found."
    assert drawn(view)[150:250].max() > 90


def test_alt_wheel_enlarges_the_points_within_limits(view):
    show(view, view.host.make_request([0]))
    view.on_wheel(frozenset({"alt"}), 1)
    assert view.settings.marker_size == pytest.approx(2.75)
    for _ in range(50):
        view.on_wheel(frozenset({"alt"}), 1)
    assert view.settings.marker_size == 20


def test_the_light_theme_has_a_white_ground(drawn):
    view = AmplitudeView(FakeHost(), theme=LIGHT)
    show(view, view.host.make_request([0]))
    assert drawn(view)[2, 2].tolist() == [255, 255, 255]


def test_the_range_holds_zero_and_most_values():
    low, high = amplitude_range(np.linspace(5, 10, 1001, dtype=np.float32))
    assert low == 0 and 10 < high < 12
    assert amplitude_range(np.zeros(0, np.float32)) == (0, 1)
    assert amplitude_range(np.zeros(5, np.float32)) == (0, 1)


def _action(view, name):
    return next(a for a in view.actions() if a.id == name)


def _lasso_all(view):
    for x, y in ((-1, -1e4), (1e4, -1e4), (1e4, 1e4), (-1, 1e4)):
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))


def test_a_turns_through_the_types_that_the_dataset_has(view):
    show(view, view.host.make_request([0]))
    view.host.data.has_features = False
    following, before = _action(view, "next_amplitudes_type"), _action(view, "previous_amplitudes_type")
    assert (following.shortcut, before.shortcut) == ("a", "shift+a")
    following.handler()
    assert view.block.kind.name == "raw"
    following.handler()
    assert view.block.kind.name == "template"
    view.host.data.has_features = True
    following.handler()
    assert view.block.kind.name == "feature"
    before.handler()
    assert view.state()["settings"]["kind"] == "template"


def test_without_template_amplitudes_the_next_type_is_shown(view):
    view.host.data.has_amplitudes = False
    assert show(view, view.host.make_request([0])).kind.name == "feature"
    view.host.data.has_features = view.host.data.has_waveforms = False
    show(view, view.host.make_request([0]))
    assert view.scene.message.startswith("No amplitudes: neither")


def test_features_are_those_of_the_channel_and_component_chosen_in_a_feature_view(view):
    show(view, view.host.make_request([1]))
    peak, other = (int(c) for c in view.host.data.best_channels(1)[:2])
    _action(view, "next_amplitudes_type").handler()
    assert view.scene.axes.y == f"Feature {peak}A (a.u.)"
    view.show_feature(other, 1)
    assert view.scene.axes.y == f"Feature {other}B (a.u.)"
    expected = view.host.data.features(1, (other,)).data[:, 0, 1]
    assert np.array_equal(view.block.values, expected)
    show(view, view.host.make_request([5]))
    assert view.scene.axes.y == f"Feature {view.host.data.peak_channel(5)}A (a.u.)"


def test_a_lasso_over_features_covers_spikes_that_are_not_drawn():
    view = AmplitudeView(FakeHost(n_per_cluster=9000))
    show(view, view.host.make_request([0]))
    _action(view, "next_amplitudes_type").handler()
    assert view.status == f"feature · 2,500 of {len(view.host.data.spikes(0)):,}"
    _lasso_all(view)
    assert np.array_equal(view.lasso_spike_ids(), view.host.data.spikes(0))


def _raw_view(n_per_cluster=3000, **settings):
    view = AmplitudeView(FakeHost(n_per_cluster=n_per_cluster))
    view.change(kind="raw", **settings)
    return view


def _measured_by_hand(view, cluster, channel):
    """Return the height of each spike of a cluster on a channel, one after the other; slow and obvious."""
    signal = FakeSignal(view.host.data)
    return np.array(
        [np.ptp(signal.of_spikes(np.array([i]), (channel,))[0, :, 0]) for i in view.host.data.spikes(cluster)]
    )


def test_raw_amplitudes_are_shown_while_they_are_measured_until_all_are_there(monkeypatch):
    view = _raw_view()
    monkeypatch.setattr(amplitude_kinds, "_RAW_SECONDS", 0.0)
    n, statuses = len(view.host.data.spikes(0)), []
    monkeypatch.setattr(type(view), "status", property(lambda self: self._status, _noting(statuses)))
    show(view, view.host.make_request([0]))
    assert statuses[0] == f"raw · {_n_first(n)} of {n:,}"
    assert view.block.more is False and len(view.block.values) == n


def _n_first(n):
    """Return how many of n spikes are measured first: the parts are equal, of at most 500."""
    return -(-n // -(-n // 500))


def _noting(statuses):
    def note(self, text):
        self._status = text
        statuses.append(text)

    return note


def test_nothing_waits_for_raw_amplitudes_that_are_still_measured(monkeypatch):
    view = _raw_view()
    monkeypatch.setattr(amplitude_kinds, "_RAW_SECONDS", 0.0)
    asked = []

    def request(view):
        asked.append(view)
        view.scene.waiting_since = 1.0

    monkeypatch.setattr(view.host, "request", request)
    assert show(view, view.host.make_request([0])).more
    assert asked == [view] and view.scene.waiting_since is None


def test_the_range_stays_while_raw_amplitudes_are_measured(monkeypatch):
    view = _raw_view()
    ranges = []
    monkeypatch.setattr(view, "value_range", lambda values: ranges.append(amplitude_range(values)) or ranges[-1])
    monkeypatch.setattr(amplitude_kinds, "_RAW_SECONDS", 0.0)
    show(view, view.host.make_request([0]))
    assert len(ranges) > 2 and len(set(ranges)) == 1


def test_no_more_raw_amplitudes_are_drawn_than_is_useful_until_a_lasso_asks_for_all(monkeypatch):
    view = _raw_view()
    monkeypatch.setattr(amplitude_kinds, "N_RAW", 1000)
    block = show(view, view.host.make_request([0]))
    assert 1000 <= len(block.values) < 1500 and not block.more
    _lasso_all(view)
    assert len(view.block.values) == len(view.host.data.spikes(0))


def test_a_view_that_does_not_follow_measures_no_more_than_it_shows(monkeypatch):
    view = _raw_view()
    monkeypatch.setattr(amplitude_kinds, "_RAW_SECONDS", 0.0)
    view.auto_update = False
    block = show(view, view.host.make_request([0]))
    assert len(block.values) == _n_first(block.n_total) and block.more


def test_a_lasso_over_raw_amplitudes_is_quick_once_they_are_measured(monkeypatch):
    view = _raw_view()
    monkeypatch.setattr(amplitude_kinds, "_RAW_SECONDS", 0.0)
    view.auto_update = False
    show(view, view.host.make_request([0]))
    monkeypatch.setattr(view.host, "request", lambda view: None)
    _lasso_all(view)
    spikes, work = view.host.data.spikes(0), view.lasso_work()
    assert not work.quick and work.n_spikes == len(spikes)
    assert view.lasso_spike_ids().tolist() == spikes.tolist()
    assert view.lasso_work().quick


@settings(deadline=None, max_examples=15)
@given(
    drawn=st.integers(1, 3000),
    low=st.floats(0, 600),
    high=st.floats(0, 600),
    least=st.floats(0, 30),
    kind=st.sampled_from(["template", "template_feature", "raw"]),
)
def test_a_lasso_covers_all_spikes_however_many_are_drawn(drawn, low, high, least, kind):
    view = AmplitudeView(FakeHost(n_clusters=3, n_per_cluster=700))
    data = view.host.data
    data.template_features = _projections(data)
    view.change(kind=kind)
    view.auto_update = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(amplitude_kinds, "_RAW_SECONDS", 0.0)
        patch.setattr(amplitude_kinds, "N_RAW", drawn)
        patch.setattr(view.host, "request", lambda view: None)
        show(view, view.host.make_request([0, 2]))
        low, high = sorted((low, high + 1))
        for x, y in ((low, least), (high, least), (high, 1e4), (low, 1e4)):
            view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))
        found = view.lasso_spike_ids()
    expected = []
    for cluster in (0, 2):
        values = {
            "template": data._amplitudes[data.spikes(cluster)],
            "template_feature": data._amplitudes[data.spikes(cluster)] / 2,
            "raw": _measured_by_hand(view, cluster, data.peak_channel(0)),
        }[kind].astype(np.float32)
        times = data.spike_times[data.spikes(cluster)].astype(np.float32)
        inside = (times >= low) & (times < high) & (values >= least)
        expected.append(data.spikes(cluster)[inside])
    assert found.tolist() == np.sort(np.concatenate(expected)).tolist()


def _projections(data, n_missing=0):
    """Template features that are half of the amplitudes, none for the first spikes."""

    def project(spike_ids, cluster_ids):
        values = np.repeat(data._amplitudes[spike_ids][:, None] / 2, 2, axis=1)
        values[spike_ids < n_missing] = np.nan
        return values

    return SimpleNamespace(exist=True, complete=not n_missing, project=project)


def test_template_features_are_projected_on_the_first_cluster():
    view = AmplitudeView(FakeHost())
    data = view.host.data
    data.template_features = _projections(data)
    asked = []
    project = data.template_features.project
    data.template_features.project = lambda ids, clusters: asked.append(clusters) or project(ids, clusters)
    view.change(kind="template_feature")
    block = show(view, view.host.make_request([4, 1]))
    assert set(asked) == {(4, 4)}
    assert view.scene.axes.y == "Projection on cluster 4 (a.u.)"
    assert np.array_equal(block.values, (data._amplitudes / 2)[block.spike_ids])


def test_spikes_without_template_features_are_not_split_off_the_others():
    view = AmplitudeView(FakeHost())
    data = view.host.data
    data.template_features = _projections(data, n_missing=1000)
    view.change(kind="template_feature")
    block = show(view, view.host.make_request([0]))
    n_missing = int((data.spikes(0) < 1000).sum())
    assert len(block.values) == len(data.spikes(0)) - n_missing > 0
    _lasso_all(view)
    with pytest.raises(ActionError, match="have template features"):
        view.lasso_spike_ids()


def test_a_turns_through_all_four_types(view):
    view.host.data.template_features = _projections(view.host.data)
    show(view, view.host.make_request([0]))
    kinds = []
    for _ in range(4):
        _action(view, "next_amplitudes_type").handler()
        kinds.append(view.block.kind.name)
    assert kinds == ["feature", "template_feature", "raw", "template"]


def test_raw_amplitudes_are_peak_to_peak_on_the_first_clusters_peak_channel():
    view = _raw_view()
    show(view, view.host.make_request([1, 2]))
    peak = view.host.data.peak_channel(1)
    by_spike = np.argsort(view.block.spike_ids[view.block.rows == 1])
    values = view.block.values[view.block.rows == 1][by_spike]
    np.testing.assert_allclose(values, _measured_by_hand(view, 2, peak))
    assert view.scene.axes.y == f"Peak to peak, ch. {peak} (raw)"


def test_raw_amplitudes_are_in_microvolts_where_the_unit_is_known():
    view = _raw_view(n_per_cluster=100)
    view.auto_update = False
    raw = show(view, view.host.make_request([1])).values
    view.change(unit_uv=2.5)
    np.testing.assert_allclose(view.block.values, 2.5 * raw, rtol=1e-6)
    assert view.scene.axes.y.endswith("(µV)")
    assert view.panels.ranges()[0, 3] == pytest.approx(2.5 * amplitude_range(raw)[1], rel=1e-6)
    for x, y in ((-1, 0), (601, 0), (601, 2.5 * np.median(raw)), (-1, 2.5 * np.median(raw))):
        view.add_lasso_corner(Click(0, 0, 0, x, y, 1, frozenset({"control"})))
    inside = view.block.spike_ids[raw < np.median(raw)]
    assert view.lasso_spike_ids().tolist() == np.sort(inside).tolist()


def test_spikes_outside_of_the_recording_have_no_raw_amplitude_and_are_in_no_lasso(monkeypatch):
    view = _raw_view(n_per_cluster=100)
    original, flat = FakeSignal.of_spikes, view.host.data.spikes(1)[:10]

    def cut(self, spike_ids, channel_ids):
        waveforms = original(self, spike_ids, channel_ids)
        waveforms[np.isin(spike_ids, flat)] = 0
        return waveforms

    monkeypatch.setattr(FakeSignal, "of_spikes", cut)
    show(view, view.host.make_request([1]))
    expected = view.host.data.spikes(1)[10:]
    assert view.block.spike_ids.tolist() == expected.tolist()
    _lasso_all(view)
    assert view.lasso_spike_ids().tolist() == expected.tolist()


# Background, quantiles, pointer


def test_the_background_is_none_that_of_neighbours_or_the_whole_recording(view, drawn):
    show(view, view.host.make_request([0]))
    action = _action(view, "next_amplitude_background").handler
    action()
    assert view.settings.background == "all" and len(view.block.background_s) == view.host.data.n_spikes
    image = drawn(view)
    # The amplitudes of cluster 0 and those of all the others: grey is where no point of the cluster is.
    far = np.argmax(np.abs(view.block.background_values - np.median(view.block.values)))
    view.panels.set_home(y=(0.0, 1.2 * float(view.block.background_values.max())))
    image = drawn(view)
    x, y = view.panels.to_pixels(0, view.block.background_s[far], view.block.background_values[far])
    pixel = image[int(y), int(x)].astype(int)
    assert pixel.max() > 30 and np.ptp(pixel) < 25
    action()
    assert view.settings.background == "none" and len(view.block.background_s) == 0


def test_a_background_of_a_part_of_the_spikes_says_so(monkeypatch):
    view = AmplitudeView(FakeHost())
    monkeypatch.setattr(amplitude_kinds, "_N_ALL_BEHIND", 1000)
    view.change(background="all")
    show(view, view.host.make_request([0]))
    assert view.status.endswith(" · grey: 1,000 of 18,000")


def test_quantiles_over_time_are_those_of_all_spikes(view, drawn):
    view.change(quantiles=True, quantile_bins=6)
    block = show(view, view.host.make_request([2, 4]))
    ids = view.host.data.spikes(4)
    times, values = view.host.data.spike_times[ids], view.host.data._amplitudes[ids]
    third = values[(times >= 200) & (times < 300)]
    np.testing.assert_allclose(block.quantiles[1, :, 2], np.quantile(third, (0.05, 0.5, 0.95)), rtol=1e-6)
    image = drawn(view)
    x, y = view.panels.to_pixels(0, 250.0, block.quantiles[1, 1, 2])
    assert _near(image[int(y), int(x)], (255, 128, 128))


def test_the_median_is_seen_on_a_light_ground(drawn):
    view = AmplitudeView(FakeHost(), theme=LIGHT)
    view.change(quantiles=True, quantile_bins=6)
    block = show(view, view.host.make_request([2]))
    image = drawn(view)
    x, y = view.panels.to_pixels(0, 250.0, block.quantiles[0, 1, 2])
    column = image[int(y) - 5 : int(y) + 6, int(x)].astype(int)
    # A dark line between two white rims.
    assert column[4:7].max(axis=1).min() < 150 and column.min(axis=1).max() > 150


def test_the_pointer_is_told_of_the_spike_under_it(view, drawn):
    block = show(view, view.host.make_request([2]))
    drawn(view)
    x, y = (float(v) for v in view.panels.to_pixels(0, block.times_s[50], block.values[50]))
    text, px, py = view.describe(x + 0.2, y)
    time_s = view.host.data.spike_times[block.spike_ids[50]]
    assert text == f"cluster 2 · {time_s:.3f} s\namplitude {block.values[50]:.3g}"
    assert (px, py) == pytest.approx((x, y))
    left, top, _, _ = view.panels.rects[0]
    assert view.describe(float(left + 1), float(top + 1)) is None


def test_the_nearest_spike_is_found_among_all():
    view = AmplitudeView(FakeHost())
    block = show(view, view.host.make_request([0, 1, 2]))
    view.panels.set_rects(np.array([(40, 10, 400, 300), (420, 10, 500, 300)]))
    rng = np.random.default_rng(0)
    for x, y in rng.uniform((30, 0), (410, 310), (200, 2)):
        px, py = view.panels.to_pixels(0, block.times_s, block.values)
        distances = np.hypot(px - x, py - y)
        nearest = int(np.argmin(distances))
        expected = view.cluster_ids[block.rows[nearest]] if distances[nearest] <= 8 else None
        assert view.pick(float(x), float(y)) == expected


def test_a_background_saved_by_an_earlier_version_is_taken_over():
    for saved, background in ((True, "neighbours"), (False, "none"), ("all", "all")):
        view = AmplitudeView(FakeHost())
        view.restore({"settings": {"background": saved}})
        assert view.settings.background == background


def test_of_a_stretch_of_time_background_and_quantiles_are_cut_too(drawn):
    view = AmplitudeView(FakeHost())
    data = view.host.data
    first, stop = (int(i) for i in np.searchsorted(data.spike_times, (200.0, 300.0)))
    data.shown_s, data.id_range = (200.0, 300.0), (first, stop)
    view.change(background="all", quantiles=True, quantile_bins=4)
    block = show(view, view.host.make_request([2]))
    assert len(block.background_s) == stop - first
    ids = data.spikes(2)
    times, values = data.spike_times[ids], data._amplitudes[ids]
    last = values[(times >= 275) & (times <= 300)]
    assert block.quantiles[0, 1, 3] == pytest.approx(np.median(last))
    image = drawn(view)
    x, y = view.panels.to_pixels(0, 287.5, block.quantiles[0, 1, 3])
    assert _near(image[int(y), int(x)], (131, 200, 254))
