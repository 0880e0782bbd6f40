"""Wheel, clicks, keys and snippets of the views of all clusters and of clouds of spikes, with real events."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt
from phy_medicine.views.cluster_scatter import SCHEMES

from .mouse import click, place
from .test_histogram_views import turn_wheel

WHEEL = 1.1


@pytest.fixture
def dataset(dataset_with_attributes):
    return dataset_with_attributes


@pytest.fixture
def opened(window, settle, press):
    """Return a function that opens a view in front, with two clusters selected."""

    def open_view(kind):
        press("Space", "Space")
        panel = next((p for p in window.panels if p.kind == kind), None) or window.panels.reopen_or_add(kind)
        panel.dock.give_focus()
        settle()
        assert panel.view.block is not None
        return panel.view

    return open_view


def next_scheme(view, scheme, by):
    """The scheme before or after one, in the order of the menu; those of metrics come last."""
    schemes = [*SCHEMES, *(s for s in view.more_choices("colors") if s not in SCHEMES)]
    return schemes[(schemes.index(scheme) + by) % len(schemes)]


@pytest.mark.parametrize("kind", ["ClusterScatterView", "TemplateView", "RasterView"])
def test_shift_and_wheel_turn_the_colours_both_ways(settle, opened, kind):
    view = opened(kind)
    first = view.settings.colors
    turn_wheel(view, 1, Qt.ShiftModifier)
    settle()
    assert view.settings.colors == next_scheme(view, first, 1)
    turn_wheel(view, -1, Qt.ShiftModifier)
    turn_wheel(view, -1, Qt.ShiftModifier)
    settle()
    assert view.settings.colors == next_scheme(view, first, -1)


def test_alt_and_wheel_size_the_discs_of_the_cluster_scatter(settle, opened):
    view = opened("ClusterScatterView")
    turn_wheel(view, 1, Qt.AltModifier)
    settle()
    assert (view.settings.smallest, view.settings.largest) == pytest.approx((5 * WHEEL, 30 * WHEEL))


def test_a_lasso_of_the_cluster_scatter_is_cleared_by_control_and_right_click(window, settle, qtbot, opened):
    view = opened("ClusterScatterView")
    x0, x1, y0, y1 = view.panels.ranges()[0]
    for x, y in ((0.4, 0.4), (0.6, 0.4)):
        click(qtbot, view, place(view, 0, x0 + x * (x1 - x0), y0 + y * (y1 - y0)))
    assert len(view.scene.lasso) == 2
    click(qtbot, view, place(view, 0, (x0 + x1) / 2, (y0 + y1) / 2), button=Qt.RightButton)
    assert len(view.scene.lasso) == 0


def test_all_three_snippets_of_the_cluster_scatter(window, settle, opened):
    view = opened("ClusterScatterView")
    for line in (":csx x", ":csy fr", ":css n_spikes"):
        assert window.commands.run_line(line) == ""
        settle()
    settings = view.settings
    assert (settings.x_column, settings.y_column, settings.size_column) == ("x", "fr", "n_spikes")
    assert window.commands.run_line("toggle_unit_map") == ""
    settle()
    assert view.panels.equal and view.scene.axes.x == "x (µm)"


def test_wheel_and_keys_size_the_templates(settle, press, opened):
    view = opened("TemplateView")
    turn_wheel(view, 2, Qt.ControlModifier)
    settle()
    assert view.settings.scaling == pytest.approx(WHEEL**2)
    press("Ctrl+Alt++", "Ctrl+Alt++", "Ctrl+Alt+-")
    assert view.settings.scaling == pytest.approx(WHEEL**2 * 1.2)


def test_wheel_and_keys_of_the_raster(settle, press, opened):
    view = opened("RasterView")
    turn_wheel(view, 1, Qt.AltModifier)
    settle()
    assert view.settings.marker_size == pytest.approx(WHEEL)
    press("Ctrl+Shift++", "Ctrl+Shift++", "Ctrl+Shift+-")
    assert view.settings.marker_size == pytest.approx(WHEEL**2)
    before = view.panels.ranges()[0].copy()
    turn_wheel(view, 1, Qt.ControlModifier)
    settle()
    now = view.panels.ranges()[0]
    assert now[:2] == pytest.approx(before[:2]) and now[3] - now[2] == pytest.approx((before[3] - before[2]) / 1.2)


def test_alt_and_click_in_the_raster_show_that_moment(window, settle, qtbot, opened):
    view = opened("RasterView")
    traces = next(p for p in window.panels if p.kind == "TraceView").view
    before = window.session.selection.cluster_ids
    low, high = view.panels.ranges()[0, :2]
    at = place(view, 0, low + 0.7 * (high - low), 0.5)
    click(qtbot, view, at, modifiers=Qt.AltModifier)
    settle()
    time_s = float(view.panels.to_data(0, at.x() * view.ratio, 0.0)[0])
    assert traces.interval.center_s == pytest.approx(time_s, abs=0.2)
    assert window.session.selection.cluster_ids == before


@pytest.mark.parametrize("kind", ["TemplateFeatureView", "SpikeQualityView", "SpikePlaceView"])
def test_alt_and_wheel_size_the_spikes(settle, opened, kind):
    view = opened(kind)
    before = view.settings.marker_size
    turn_wheel(view, 1, Qt.AltModifier)
    settle()
    assert view.settings.marker_size == pytest.approx(before * WHEEL)


@pytest.mark.parametrize("kind", ["TemplateFeatureView", "SpikeQualityView", "SpikePlaceView"])
def test_control_and_right_click_clear_a_lasso_around_spikes(qtbot, opened, kind):
    view = opened(kind)
    x0, x1, y0, y1 = view.panels.ranges()[0]
    for x, y in ((0.3, 0.3), (0.6, 0.3), (0.6, 0.6)):
        click(qtbot, view, place(view, 0, x0 + x * (x1 - x0), y0 + y * (y1 - y0)))
    assert view.scene.lasso.closed and len(view.lasso_spike_ids()) > 0
    click(qtbot, view, place(view, 0, (x0 + x1) / 2, (y0 + y1) / 2), button=Qt.RightButton)
    assert len(view.scene.lasso) == 0


def test_alt_and_click_over_an_attribute_show_that_moment(window, settle, qtbot, opened):
    view = opened("SpikeQualityView")
    traces = next(p for p in window.panels if p.kind == "TraceView").view
    x0, x1, y0, y1 = view.panels.ranges()[0]
    at = place(view, 0, x0 + 0.6 * (x1 - x0), (y0 + y1) / 2)
    click(qtbot, view, at, modifiers=Qt.AltModifier)
    settle()
    assert traces.interval.center_s == pytest.approx(float(view.panels.to_data(0, at.x() * view.ratio, 0.0)[0]))


@pytest.mark.parametrize(
    "kind", ["ClusterScatterView", "RasterView", "TemplateFeatureView", "SpikeQualityView", "DriftView"]
)
def test_the_pointer_is_told_something_over_each_view(qtbot, opened, kind):
    view = opened(kind)
    if kind == "ClusterScatterView":
        x, y = view.block.x.places[0], view.block.y.places[0]
    elif kind == "RasterView":
        x, y = float(view.panels.ranges()[0, :2].mean()), 0.5
    elif kind == "DriftView":
        spike = int(view.host.data.spikes(view.cluster_ids[0])[7])
        x, y = view.host.data.spike_times[spike], float(view.host.data.depths.raw[spike])
    else:
        x, y = view.block.times_s[3] if kind == "SpikeQualityView" else view.block.x[3], 0.0
        y = view.block.values[3] if kind == "SpikeQualityView" else view.block.y[3]
    qtbot.mouseMove(view.canvas.native, place(view, 0, float(x), float(y)))
    qtbot.waitUntil(lambda: view.hover.text != "", timeout=20_000)


def test_clicks_and_wheel_of_the_drift_view(window, settle, qtbot, opened):
    view = opened("DriftView")
    data, b = window.session.data, window.session.selection.cluster_ids[1]
    before = view.panels.ranges()[0].copy()
    turn_wheel(view, 1, Qt.ControlModifier)
    settle()
    now = view.panels.ranges()[0]
    assert now[:2] == pytest.approx(before[:2]) and now[3] - now[2] == pytest.approx((before[3] - before[2]) / 1.2)
    turn_wheel(view, 1, Qt.AltModifier)
    turn_wheel(view, 1, Qt.ShiftModifier)
    settle()
    assert view.settings.marker_size == pytest.approx(2.5 * WHEEL) and view.settings.color == "amplitude"
    depths = data.depths.raw[data.spikes(b)]
    spike = int(data.spikes(b)[np.argmin(np.abs(depths - np.median(depths)))])
    at = place(view, 0, data.spike_times[spike], float(data.depths.raw[spike]))
    picked = view.pick(at.x() * view.ratio, at.y() * view.ratio)
    click(qtbot, view, at, modifiers=Qt.NoModifier)
    settle()
    assert window.session.selection.cluster_ids == (picked,)
