"""Twins on one scale: the union of both, one zoom, and each for itself again when they are parted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.amplitude import AmplitudeView
from phy_medicine.views.correlogram import CorrelogramView
from phy_medicine.views.histogram import HistogramView
from phy_medicine.views.layout import Panels
from phy_medicine.views.waveform import WaveformView

from .fake_host import FakeHost, picture_of, show

_SIZE = (500, 400)
_SPAN = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(st.tuples(_SPAN, _SPAN), min_size=1, max_size=5), st.data())
def test_the_common_range_is_the_union_of_both(mine, data):
    theirs = data.draw(st.lists(st.tuples(_SPAN, _SPAN), min_size=len(mine), max_size=len(mine)))
    first, second = Panels(len(mine)), Panels(len(mine))
    for panels, homes in ((first, mine), (second, theirs)):
        for i, (x, y) in enumerate(homes):
            panels.set_home(i, x=x, y=y)
    first.join(second.own_home)
    second.join(first.own_home)
    expected = [
        (min(x[0], u[0]), max(x[1], u[1]), min(y[0], v[0]), max(y[1], v[1]))
        for (x, y), (u, v) in zip(mine, theirs, strict=True)
    ]
    assert first.home().tolist() == second.home().tolist() == [list(row) for row in expected]
    first.join(None)
    assert first.home().tolist() == [[*x, *y] for x, y in mine]


def test_directions_that_are_not_common_and_other_panels_are_left_alone():
    first, second = Panels(1, common="y"), Panels(1)
    first.set_home(x=(0, 1), y=(0, 1))
    second.set_home(x=(-5, 5), y=(-5, 5))
    first.join(second.own_home)
    assert first.home().tolist() == [[0, 1, -5, 5]]
    first.join(Panels(2).own_home)
    assert first.home().tolist() == [[0, 1, 0, 1]]


class LoudHost(FakeHost):
    """A recording whose spikes are `gain` times as high, and pairs of spikes `gain` times as many."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        data, whole = self.data, self.data.correlogram
        data._amplitudes, data._level = data._amplitudes * gain, data._level * gain
        data.correlogram = lambda *clusters, **bins: np.round(gain * whole(*clusters, **bins)).astype(np.int64)


@pytest.fixture
def twins():
    def make(kind, gain=3.0, clusters=(0, 2), **settings):
        views = [kind(LoudHost(g), settings=kind.settings_type(**settings)) for g in (1.0, gain)]
        views[0].scale.pair(views[1], own=False)
        for view in views:
            show(view, view.host.make_request(clusters))
            view.scene.settle(_SIZE, 1.0, view.arrange, view.decorate_all)
            assert view.block is not None
        for view in views:
            view.scene.settle(_SIZE, 1.0, view.arrange, view.decorate_all)
        return views

    return make


def _again(view):
    view.scene.settle(_SIZE, 1.0, view.arrange, view.decorate_all)
    return view.panels.ranges()


@pytest.mark.parametrize("kind", [WaveformView, AmplitudeView])
def test_the_same_value_is_at_the_same_height_in_both(twins, kind):
    first, second = twins(kind)
    for panel in range(len(first.panels)):
        if kind is AmplitudeView and panel:
            break
        for value in (-20.0, 0.0, 15.0):
            heights = [float(v.panels.to_pixels(panel, 0.0, value)[1]) for v in (first, second)]
            assert heights[0] == pytest.approx(heights[1], abs=0.5), (panel, value)


def test_waveforms_fill_their_boxes_by_the_larger_of_both(twins):
    first, second = twins(WaveformView, gain=5.0)
    alone = WaveformView(LoudHost(5.0))
    show(alone, alone.host.make_request([0, 2]))
    assert first._range == second._range
    assert first._range[0] == pytest.approx(alone._range[0], rel=0.2)


def test_bars_of_twice_the_count_are_twice_as_high_on_the_screen(drawn_twins):
    first, second = drawn_twins(CorrelogramView, gain=2.0, clusters=(2,))
    heights = []
    for view in (first, second):
        image, (left, top, right, bottom) = picture_of(view, _SIZE).astype(int), view.panels.rects[0]
        blue = image[top:bottom, left:right]
        lit = (blue[..., 2] > 150) & (blue[..., 0] < 90)
        heights.append(lit.sum())
    counts = [view.block.counts.sum() for view in (first, second)]
    assert heights[1] / heights[0] == pytest.approx(counts[1] / counts[0], rel=0.05)


@pytest.fixture
def drawn_twins(twins, drawn):
    def make(*args, **options):
        views = twins(*args, **options)
        for view in views:
            drawn(view, _SIZE)
        return views

    return make


@pytest.mark.parametrize("log_counts", [False, True])
@pytest.mark.parametrize("normalization", ["count", "rate", "density"])
def test_as_many_spikes_by_amplitude_are_as_high_though_bins_differ(twins, log_counts, normalization):
    settings = {"log_counts": log_counts, "normalization": normalization, "same_scale": True}
    first, second = twins(HistogramView, gain=4.0, **settings)
    assert first.block.bins.width != second.block.bins.width
    heights = []
    for view in (first, second):
        width = 1.0 if normalization == "density" else view.block.bins.width
        density, floor = 37.0, view._rows.y_floors[0] if log_counts else None
        value = np.log10(density * width / floor) if log_counts else density * width
        heights.append(float(view.panels.to_pixels(0, 0.0, value)[1]))
    assert heights[0] == pytest.approx(heights[1], abs=1e-6)
    assert (_again(first)[:, :2] == _again(second)[:, :2]).all()
    assert first.panels.ranges()[0, 1] == second.block.bins.high


@pytest.mark.parametrize("settings", [{}, {"log_counts": True}, {"log_counts": True, "same_scale": True}])
def test_every_cell_of_correlograms_has_one_axis_in_both(twins, settings):
    first, second = twins(CorrelogramView, gain=0.2, clusters=(0, 1, 2), **settings)
    assert first.panels.ranges().tolist() == second.panels.ranges().tolist()
    assert first._heights.floors == second._heights.floors
    tops = [made.spans(same_scale=False, headroom=1.0)[:, 1] for made in (first._heights, second._heights)]
    assert (first.panels.ranges()[:, 3] >= np.maximum(*tops)).all()


def test_the_view_that_was_there_is_drawn_once_more_when_the_other_comes(twins):
    first, second = twins(WaveformView)
    for view, clusters in ((first, (1, 3)), (second, (1, 3))):
        before = len(first.host.called("redraw")), len(second.host.called("redraw"))
        show(view, view.host.make_request(clusters))
        after = len(first.host.called("redraw")), len(second.host.called("redraw"))
        if view is first:
            # The second shows the selection before for a moment: it must not jump.
            assert after[1] == before[1] and first.scale.joined is None
        else:
            assert after[0] == before[0] + 1 and first.scale.joined is second
    assert first._range == second._range


def test_twins_with_other_settings_or_parted_by_hand_keep_their_own_scales(twins):
    first, second = twins(CorrelogramView)
    common = _again(second).tolist()
    first.change(normalization="rate")
    assert second.scale.words == first.scale.words == "own scale"
    assert _again(second)[0, 3] > 3 * first.panels.ranges()[0, 3]
    first.change(normalization="automatic")
    assert first.scale.words == "" and _again(second).tolist() == _again(first).tolist() == common
    first.scale.pair(second, own=True)
    assert first.scale.words == "own scale" and _again(first)[0, 3] < _again(second)[0, 3]
    first.panels.zoom(0, (250, 200), (2, 2))
    assert not second.panels.zoomed
    first.scale.pair(second, own=False)
    assert second.panels.state() == first.panels.state() and second.panels.zoomed
    second.scale.part()
    assert first.scale.twin is None and first.scale.words == ""


def test_a_setting_that_magnifies_changes_both_and_another_one_only_one(twins):
    first, second = twins(WaveformView)
    second.change(box_height=2.0)
    assert first.settings.box_height == 2.0 and first.scale.joined is second
    second.change(n_waveforms=7)
    assert first.settings.n_waveforms != 7 and first.scale.joined is second and first._range == second._range
    second.change(kind="templates")
    assert first.settings.kind != "templates" and first.scale.words == "own scale"


def test_a_twin_without_data_lets_the_other_go(twins):
    first, second = twins(AmplitudeView)
    wide = _again(first)[0, 3]
    second.host.data.missing = "Gone."
    show(second, second.host.make_request((0, 2)))
    assert second.block is None and _again(first)[0, 3] < wide and first.scale.words == ""
