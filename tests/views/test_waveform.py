"""The waveform view on made-up data: what is drawn where, keys, gestures and words."""

from __future__ import annotations

import numpy as np
import pytest
from fake_host import FakeHost, show

from phy_medicine.base.errors import PhyMedError
from phy_medicine.session.blocks import DataMissing, TemplateShape
from phy_medicine.views import waveform_lasso
from phy_medicine.views.interact import Click
from phy_medicine.views.theme import LIGHT
from phy_medicine.views.waveform import WaveformView, box_range
from phy_medicine.views.waveform_block import make_block
from phy_medicine.views.waveform_settings import WaveformSettings

BLUE, RED = (8, 146, 252), (255, 2, 2)


@pytest.fixture
def view():
    return WaveformView(FakeHost())


def _act(view, action_id: str, *values) -> None:
    next(a for a in view.actions() if a.id == action_id).handler(*values)


def _box(view, channel: int) -> int:
    return view.block.channel_ids.index(channel)


def _pixel(view, channel: int, x: float, y: float) -> tuple[int, int]:
    """Return row and column of a data point in the box of a channel."""
    px, py = view.panels.to_pixels(_box(view, channel), x, y)
    return int(py), int(px)


def _has(image: np.ndarray, row: int, column: int, color: tuple[int, int, int], reach: int = 3) -> bool:
    patch = image[row - reach : row + reach + 1, column - reach : column + reach + 1].astype(int)
    return bool((np.abs(patch - np.array(color)).max(axis=2) < 60).any())


def _click(view, channel: int, button: int = 1, modifiers=("control",), digit=None) -> None:
    row, column = _pixel(view, channel, 0.5, 0.0)
    view.on_click(Click(column, row, 0, 0.0, 0.0, button, frozenset(modifiers), digit))


def test_every_channel_of_the_selected_clusters_has_one_box(view):
    block = show(view, view.host.make_request([0, 1]))
    both = {int(ch) for c in (0, 1) for ch in view.host.data.best_channels(c)}
    assert set(block.channel_ids) == both
    assert len(view.panels) == len(both)


def test_a_mean_is_drawn_in_the_colour_of_its_cluster_at_its_trough(view, drawn):
    view.change(kind="mean_waveforms")
    block = show(view, view.host.make_request([0]))
    image = drawn(view)
    peak = view.host.data.peak_channel(0)
    trough = block.means.values[block.means.boxes == _box(view, peak)][0]
    at = int(trough.argmin())
    assert _has(image, *_pixel(view, peak, at / 81, float(trough[at])), BLUE)


def test_clusters_on_one_channel_stand_side_by_side_or_over_each_other(view, drawn):
    view.change(kind="mean_waveforms")
    block = show(view, view.host.make_request([0, 1]))
    assert block.strips == (0, 1) and block.n_strips == 2
    common = next(ch for ch in view.host.data.best_channels(1) if ch in view.host.data.best_channels(0))
    image = drawn(view)
    assert _has(image, *_pixel(view, common, 0.02, 0.0), BLUE)
    assert _has(image, *_pixel(view, common, 0.98, 0.0), RED)
    assert not _has(image, *_pixel(view, common, 0.02, 0.0), RED)
    _act(view, "toggle_waveform_overlap")
    assert _has(drawn(view), *_pixel(view, common, 0.02, 0.0), RED)


def test_a_channel_higher_on_the_probe_is_higher_in_the_view(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)
    rows = [_pixel(view, ch, 0.0, 0.0)[0] for ch in sorted(view.block.channel_ids)]
    depths = view.host.data.channel_positions[sorted(view.block.channel_ids), 1]
    assert np.array_equal(np.argsort(rows, kind="stable"), np.argsort(-depths, kind="stable"))


def test_staggered_columns_stay_staggered(view, drawn):
    show(view, view.host.make_request([2]))
    drawn(view)
    x = {view.host.data.channel_positions[ch, 0]: _pixel(view, ch, 0.0, 0.0)[1] for ch in view.block.channel_ids}
    assert sorted(x) == [0, 16, 32, 48]
    assert sorted(x.values()) == [x[c] for c in (0, 16, 32, 48)]


@pytest.mark.parametrize("size", [(300, 220), (620, 400), (1200, 900)])
def test_boxes_do_not_overlap_and_fill_the_view(view, drawn, size):
    show(view, view.host.make_request([0, 1, 2]))
    drawn(view, size)
    low, high = view._range
    corners = np.array(
        [(*view.panels.to_pixels(i, 0.0, high), *view.panels.to_pixels(i, 1.0, low)) for i in range(len(view.panels))]
    )
    apart = (corners[:, None, 0] >= corners[None, :, 2]) | (corners[:, None, 1] >= corners[None, :, 3] - 1e-6)
    assert (apart | apart.T | np.eye(len(corners), dtype=bool)).all()
    assert corners[:, 3].max() - corners[:, 1].min() == pytest.approx(view.panels.rects[0][3] - view.panels.rects[0][1])


def test_labels_stand_at_the_left_of_the_curves(view, drawn):
    show(view, view.host.make_request([0]))
    view.change(kind="mean_waveforms")
    image, peak = drawn(view), view.host.data.peak_channel(0)
    row, column = _pixel(view, peak, 0.0, 0.0)
    label = (slice(row - 5, row + 6), slice(column - 18, column - 3))
    assert image[label].min(axis=2).max() > 150
    _act(view, "toggle_show_labels")
    image = drawn(view)
    row, column = _pixel(view, peak, 0.0, 0.0)
    assert image[row - 5 : row + 6, column - 5 : column - 2].max() < 60


@pytest.mark.parametrize("size", [(400, 300), (1200, 900)])
def test_labels_keep_away_from_the_curves_on_both_sides(view, size):
    show(view, view.host.make_request([0, 1]))
    view.scene.settle(size, 1.0, view.arrange, view.decorate_all)
    a, _, starts, _ = view.panels.transforms().T
    ends = starts + a
    labels = [line for line in view.scene.over.lines if line.text.isdigit()]
    assert labels
    for line in labels:
        left = line.x - view.scene.over.text_width(line.text)
        assert np.abs(starts - line.x).min() == pytest.approx(5)
        assert not ((ends > left - 4) & (ends < line.x)).any()


def test_scale_bars_stand_below_the_boxes(view, drawn):
    show(view, view.host.make_request([0]))
    image = drawn(view)
    left, _, _, bottom = view.panels.rects[0]
    assert image[bottom + 1 : bottom + 8, left : left + 40].max() > 100
    assert image[bottom - 30 : bottom, left - 8 : left].max() > 100


def test_types_take_turns_and_mean_toggles(view):
    show(view, view.host.make_request([0]))
    _act(view, "next_waveforms_type")
    assert view.block.kind == "mean_waveforms"
    _act(view, "next_waveforms_type")
    assert view.block.kind == "templates" and view.status == "templates · 1"
    _act(view, "next_waveforms_type")
    assert view.block.kind == "density"
    _act(view, "next_waveforms_type")
    assert view.block.kind == "waveforms"
    _act(view, "previous_waveforms_type")
    assert view.block.kind == "density"
    _act(view, "toggle_mean_waveforms")
    assert view.block.kind == "mean_waveforms"
    _act(view, "toggle_mean_waveforms")
    assert view.block.kind == "waveforms"


def test_the_status_tells_how_many_spikes_are_drawn(view):
    show(view, view.host.make_request([0]))
    n = len(view.host.data.spikes(0))
    assert view.status == f"waveforms · high-pass · 100 of {n:,}"
    _act(view, "change_n_spikes_waveforms", 20)
    assert view.status == f"waveforms · high-pass · 20 of {n:,}"
    with pytest.raises(PhyMedError):
        _act(view, "change_n_spikes_waveforms", 0)


def test_the_status_tells_what_a_band_is_made_of(view):
    view.change(kind="mean_waveforms")
    show(view, view.host.make_request([0]))
    n = len(view.host.data.spikes(0))
    assert view.status == f"mean_waveforms · high-pass · mean ± SD of 100 of {n:,}"
    _act(view, "toggle_waveform_band")
    assert view.status == f"mean_waveforms · high-pass · mean of 100 of {n:,}"


def test_a_band_of_one_standard_deviation_is_drawn_around_the_mean(view, drawn):
    view.change(kind="mean_waveforms")
    block = show(view, view.host.make_request([0]))
    peak, at = view.host.data.peak_channel(0), 5
    row = int(np.flatnonzero(block.means.boxes == _box(view, peak))[0])
    waveforms = view.host.data.waveforms(0, view.host.data.best_channels(0), n=100).data[:, :, 0]
    assert block.deviations[row] == pytest.approx(waveforms.std(axis=0), rel=1e-4)
    view.change(box_height=3.0)
    image = drawn(view)
    edge = float(block.means.values[row, at] + 0.8 * block.deviations[row, at])
    spot = _pixel(view, peak, at / 81, edge)
    assert image[spot][2] > 50
    _act(view, "toggle_waveform_band")
    drawn(view)
    spot = _pixel(view, peak, at / 81, edge)
    assert drawn(view)[spot][2] < 40


def test_a_density_is_bright_where_most_waveforms_are(view, drawn):
    view.change(kind="density", mean=False)
    block = show(view, view.host.make_request([0]))
    n = len(view.host.data.spikes(0))
    assert view.status == f"density · high-pass · {min(n, 2000):,} of {n:,}"
    image, peak = drawn(view), view.host.data.peak_channel(0)
    row = int(np.flatnonzero(block.means.boxes == _box(view, peak))[0])
    trough = int(block.means.values[row].argmin())
    most = _pixel(view, peak, trough / 81, float(block.means.values[row, trough]))
    few = _pixel(view, peak, trough / 81, float(0.4 * block.means.values[row, trough]))
    assert image[most][2] > 150 > 60 > image[few][2]


def test_amplitudes_have_a_range_for_each_kind(view):
    show(view, view.host.make_request([0]))
    single = view._range
    _act(view, "next_waveforms_type")
    assert view._range[0] > single[0]
    mean = view._range
    _act(view, "previous_waveforms_type")
    assert view._range == single
    _act(view, "next_waveforms_type")
    assert view._range == mean


def test_the_window_is_chosen_in_ms_and_templates_follow(view, drawn):
    show(view, view.host.make_request([0]))
    _act(view, "waveform_window", 0.5, 1.0)
    assert view.block.n_samples == 45 and view.block.curves.values.shape[1] == 45
    view.change(kind="templates")
    assert view.block.curves.values.shape[1] == 45
    _act(view, "waveform_window", 2.0, 0.0)
    template = view.block.curves.values[0]
    assert len(template) == 60 + 41 and np.isnan(template[:19]).all() and np.isfinite(template[19:]).all()
    assert drawn(view).max() > 150
    _act(view, "waveform_window", 0.0, 0.0)
    assert view.block.n_samples == 82


@pytest.mark.parametrize("kind", ["waveforms", "mean_waveforms", "templates", "density"])
def test_aligned_curves_have_their_trough_at_the_spike(view, drawn, kind):
    view.change(kind=kind)
    block = show(view, view.host.make_request([0]))
    curves = block.curves if kind == "templates" else block.means
    row = int(np.flatnonzero(curves.boxes == _box(view, view.host.data.peak_channel(0)))[0])
    assert curves.values[row].argmin() == pytest.approx(20, abs=1)
    _act(view, "toggle_waveform_align")
    block = view.block
    curves = block.curves if kind == "templates" else block.means
    assert np.nanargmin(curves.values[row]) == 41
    if kind != "templates":
        assert block.shifts == (pytest.approx(21, abs=1),)
    assert drawn(view).max() > 150


def test_scale_bars_have_the_unit_that_was_given_and_can_be_hidden(view, drawn):
    show(view, view.host.make_request([0]))
    assert view._unit(view.block) == (1.0, "a.u.")
    drawn(view)
    view.change(unit_uv=0.195)
    image = drawn(view)
    assert view._unit(view.block) == (0.195, "µV")
    left, _, _, bottom = view.panels.rects[0]
    assert image[bottom + 1 : bottom + 8, left : left + 40].max() > 100
    _act(view, "toggle_scale_bars")
    assert drawn(view)[bottom + 1 : bottom + 8, left : left + 40].max() < 40
    view.change(kind="templates")
    assert view._unit(view.block) == (1.0, "a.u.")


def test_the_pointer_is_told_channel_cluster_time_and_amplitude(view, drawn):
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    common = next(ch for ch in view.host.data.best_channels(1) if ch in view.host.data.best_channels(0))
    start, stop = view.strip(1)
    row, column = _pixel(view, common, start + (stop - start) * 44 / 81, -7.0)
    text, x, y = view.describe(column + 0.2, row)
    _, amplitude = view.panels.to_data(_box(view, common), column + 0.2, row)
    assert (x, y) == (column + 0.2, row)
    assert text.splitlines()[0] == f"channel {common} · cluster 1"
    assert text.splitlines()[1] == f"0.10 ms · −{abs(float(amplitude)):.2f} a.u."
    assert view.pick(column, row) == 1
    assert view.describe(0, 399) is None


def test_where_clusters_lie_over_each_other_the_pointer_takes_the_nearest(view, drawn):
    view.change(overlap=True, kind="mean_waveforms")
    block = show(view, view.host.make_request([0, 1]))
    drawn(view, (900, 900))
    common = next(ch for ch in view.host.data.best_channels(1) if ch in view.host.data.best_channels(0))
    for row, cluster in enumerate((0, 1)):
        mine = (block.means.boxes == _box(view, common)) & (block.means.shades == row)
        at = 22
        y, x = _pixel(view, common, at / 81, float(block.means.values[mine][0, at]))
        assert view.pick(x, y) == cluster


def _corner(view, channel: int, x: float, y: float) -> None:
    row, column = _pixel(view, channel, x, y)
    view.add_lasso_corner(Click(column, row, 0, 0.0, 0.0, 1, frozenset({"alt"})))


def _line_over_the_trough(view) -> int:
    """Draw a line through most of the troughs of cluster 0 on its peak channel."""
    peak = view.host.data.peak_channel(0)
    start, stop = view.strip(0)
    level = float(np.nanmin(view.block.means.values))
    for y in (1.3 * level, level):
        _corner(view, peak, start + (stop - start) * 20 / 81, y)
    return peak


def test_a_line_chooses_all_spikes_that_cross_it_and_tells_how_many_of_the_drawn(view, drawn, monkeypatch):
    monkeypatch.setattr(waveform_lasso, "_CHUNK", 1 << 13)  # the noise made up depends on the first spike read
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    peak = _line_over_the_trough(view)
    lasso = view.scene.lasso
    assert lasso.panel == _box(view, peak)
    start, stop = view.strip(0)
    at, again = (lasso.corners[:, 0] - start) / (stop - start) * 81
    assert at == again
    waveforms = view.host.data.waveform_source.of_spikes(view.host.data.spikes(0), (peak,), view.block.window)[:, :, 0]
    before, part = int(at), at % 1
    there = waveforms[:, before] * (1 - part) + waveforms[:, before + 1] * part
    low, high = sorted(lasso.corners[:, 1])
    expected = view.host.data.spikes(0)[(there > low) & (there < high)]
    assert view.lasso_spike_ids().tolist() == expected.tolist() and len(expected) > 500
    assert "whose waveform crosses the line (" in view.lasso_hint and "Alt+right click" in view.lasso_hint


def test_a_line_follows_the_alignment(view, drawn):
    view.change(align="peak")
    show(view, view.host.make_request([0]))
    drawn(view)
    peak = view.host.data.peak_channel(0)
    level = float(np.nanmin(view.block.means.values))
    for y in (1.3 * level, level):
        _corner(view, peak, 41 / 81, y)
    assert len(view.lasso_spike_ids()) > 500


def test_a_line_stays_in_the_box_of_its_first_corner(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)
    first, other = (int(ch) for ch in view.host.data.best_channels(0)[:2])
    _corner(view, first, 0.5, 0.0)
    _corner(view, other, 0.5, 0.0)
    assert len(view.scene.lasso) == 1
    assert view.host.called("message") == [(f"The line is on channel {first}; Alt+right click clears it.",)]
    assert len(view.lasso_spike_ids()) == 0


def test_what_was_drawn_over_another_picture_is_forgotten(view, drawn):
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    _line_over_the_trough(view)
    view.change(kind="density")
    assert len(view.scene.lasso) == 2
    _act(view, "toggle_waveform_overlap")
    assert len(view.scene.lasso) == 0
    _line_over_the_trough(view)
    view.change(kind="templates")
    assert len(view.scene.lasso) == 0


def test_no_line_is_drawn_over_templates(view, drawn):
    view.change(kind="templates")
    show(view, view.host.make_request([0]))
    drawn(view)
    _corner(view, view.host.data.peak_channel(0), 0.5, 0.0)
    assert len(view.scene.lasso) == 0
    assert view.host.called("message")[0][0].startswith("Templates are no spikes")


def test_boxes_are_scaled_by_keys_and_by_the_wheel(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)

    def size() -> tuple[float, float]:
        drawn(view)
        a, b, _, _ = view.panels.transforms()[0]
        return float(a), float(-b)

    width, height = size()
    _act(view, "increase")
    assert size()[1] == pytest.approx(1.1 * height)
    view.on_wheel(frozenset({"control"}), -1)
    assert size()[1] == pytest.approx(height)
    _act(view, "widen")
    assert size()[0] > 1.05 * width


def test_the_probe_is_extended_by_keys(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)
    first, last = min(view.block.channel_ids), max(view.block.channel_ids)
    before = _pixel(view, first, 0, 0)[0] - _pixel(view, last, 0, 0)[0]
    for _ in range(3):
        _act(view, "extend_vertically")
    drawn(view)
    assert _pixel(view, first, 0, 0)[0] - _pixel(view, last, 0, 0)[0] == pytest.approx(1.331 * before, abs=2)


def test_a_zoom_moves_all_boxes_and_survives_the_next_selection(view, drawn):
    show(view, view.host.make_request([0]))
    drawn(view)
    before = view.panels.transforms()
    view.panels.zoom(0, (300.0, 200.0), (2.0, 2.0))
    assert np.allclose(view.panels.transforms()[:, :2], 2 * before[:, :2])
    show(view, view.host.make_request([0, 1]))
    drawn(view)
    assert view.panels.zoomed
    view.panels.reset()
    assert not view.panels.zoomed


def test_control_click_takes_the_channel_for_the_feature_views(view, drawn):
    show(view, view.host.make_request([1]))
    drawn(view)
    peak = view.host.data.peak_channel(1)
    _click(view, peak)
    _click(view, peak, button=2)
    _click(view, peak, modifiers=(), digit=3)
    _click(view, peak, modifiers=())
    assert view.host.called("set_channels") == [(peak, 0), (peak, 1), (peak, 3)]


def test_without_raw_data_templates_are_shown_and_said(view, drawn):
    view.host.data.missing = "No raw data: recording.dat not found."
    show(view, view.host.make_request([0]))
    assert view.block.kind == "templates"
    assert view.status == "No raw data: recording.dat not found; templates shown"
    assert drawn(view).max() > 150


def test_without_raw_data_and_templates_the_view_says_so(view):
    view.host.data.missing = "No raw data: recording.dat not found."

    def none(cluster_id):
        raise DataMissing("No templates: templates.npy not found.")

    view.host.data.templates = none
    show(view, view.host.make_request([0]))
    assert view.scene.message == "No raw data: recording.dat not found."


def test_each_constituent_template_is_as_opaque_as_its_share(view):
    data, channels = view.host.data, np.array([3, 5])
    shapes = [TemplateShape(i, n, np.full((82, 2), -n, np.float32), channels) for i, n in ((7, 40), (2, 10))]
    data.templates = lambda cluster_id: tuple(shapes)
    data.best_channels = lambda cluster_id: channels
    block = make_block(data, [0], WaveformSettings(kind="templates"))
    assert block.curves.opacities[block.curves.shades].tolist() == [0.25, 0.25, 1.0, 1.0]
    assert block.n_total == 2


def test_the_range_ignores_single_artefacts(view):
    data = view.host.data
    waveforms = data.waveforms(0, data.best_channels(0))
    waveforms.data[3] *= 1000
    data.waveforms = lambda *args, **kwargs: waveforms
    block = show(view, view.host.make_request([0]))
    assert block.y_range[0] > -100


def test_the_range_is_kept_while_it_suits(view):
    show(view, view.host.make_request([0]))
    kept = view._range
    view.block = show(view, view.host.make_request([0]))
    assert view._range == kept
    view.change(kind="templates")
    assert view._range != kept


def test_the_range_holds_the_data_and_zero_not_at_its_edge():
    low, high = box_range(-100.0, 0.0)
    assert low == pytest.approx(-104.8) and high == pytest.approx(24.8)
    assert box_range(0.0, 0.0)[1] > 0


@pytest.mark.parametrize("kind", ["waveforms", "density"])
@pytest.mark.parametrize("size", [(300, 220), (1200, 900)])
@pytest.mark.parametrize("clusters", [[0], [0, 5], list(range(8)), list(range(20))])
def test_any_number_of_clusters_is_drawn_at_any_size(drawn, size, clusters, kind):
    view = WaveformView(FakeHost(n_clusters=20, n_per_cluster=50), theme=LIGHT)
    view.change(kind=kind, band="all")
    show(view, view.host.make_request(clusters))
    assert drawn(view, size).min() < 150
    assert len(view.cluster_ids) == min(len(clusters), 8)


def test_a_cluster_of_one_spike_is_drawn(view, drawn):
    view.host.data.spikes = lambda cluster_id: np.array([17])
    show(view, view.host.make_request([0]))
    assert view.status == "waveforms · high-pass · 1 of 1"
    assert drawn(view).max() > 150


def test_settings_are_saved_and_restored(view):
    show(view, view.host.make_request([0]))
    _act(view, "toggle_waveform_overlap")
    _act(view, "widen")
    other = WaveformView(FakeHost())
    other.restore(view.state())
    assert other.settings.overlap and other.settings.box_width == pytest.approx(1.1)


def test_keys_are_those_of_phy_and_what_is_new_has_none(view):
    keys = {a.id: a.shortcut or f":{a.snippet}" for a in view.actions()}
    assert keys == {
        "toggle_waveform_overlap": "o", "toggle_show_labels": "ctrl+l", "next_waveforms_type": "w",
        "previous_waveforms_type": "shift+w", "toggle_mean_waveforms": "m", "widen": "ctrl+right",
        "narrow": "ctrl+left", "increase": "ctrl+up", "decrease": "ctrl+down", "extend_horizontally": "shift+right",
        "shrink_horizontally": "shift+left", "extend_vertically": "shift+up", "shrink_vertically": "shift+down",
        "change_n_spikes_waveforms": ":wn", "waveform_window": ":ww", "toggle_waveform_band": ":",
        "toggle_waveform_align": ":", "toggle_scale_bars": ":",
    }  # fmt: skip
