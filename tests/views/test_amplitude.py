"""The amplitude view on made-up data."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.base.errors import ActionError
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


def test_raw_amplitudes_of_some_spikes_are_not_split():
    view = AmplitudeView(FakeHost())
    show(view, view.host.make_request([0]))
    _action(view, "previous_amplitudes_type").handler()
    assert view.status == f"raw · 500 of {len(view.host.data.spikes(0)):,}"
    _lasso_all(view)
    with pytest.raises(ActionError, match="only 500 of"):
        view.lasso_spike_ids()


def test_raw_amplitudes_of_all_spikes_are_split():
    view = AmplitudeView(FakeHost(n_per_cluster=200))
    show(view, view.host.make_request([0]))
    _action(view, "previous_amplitudes_type").handler()
    _lasso_all(view)
    assert np.array_equal(view.lasso_spike_ids(), view.host.data.spikes(0))


def test_raw_amplitudes_are_peak_to_peak_on_the_first_clusters_peak_channel(view):
    show(view, view.host.make_request([1, 2]))
    view.change(kind="raw")
    peak = view.host.data.peak_channel(1)
    heights = np.ptp(view.host.data.waveforms(1, (peak,), n=500).data[:, :, 0], axis=1)
    assert np.array_equal(view.block.values[view.block.rows == 0], heights)
    assert view.scene.axes.y == f"Peak to peak, ch. {peak} (raw)"


def test_spikes_outside_of_the_recording_have_no_raw_amplitude(view, monkeypatch):
    original = view.host.data.waveforms

    def cut(cluster_id, channel_ids, *, n=100):
        waveforms = original(cluster_id, channel_ids, n=n)
        waveforms.data[10:] = 0
        return waveforms

    monkeypatch.setattr(view.host.data, "waveforms", cut)
    show(view, view.host.make_request([1]))
    view.change(kind="raw")
    assert len(view.block.values) == 10
