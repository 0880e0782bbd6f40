"""Panels, grids and transforms."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.layout import Panels, grid


def test_a_grid_fills_its_box_row_by_row_with_equal_gaps():
    assert grid(2, 2, (0, 0, 110, 50), gap=10).tolist() == [
        [0, 0, 50, 20], [60, 0, 110, 20], [0, 30, 50, 50], [60, 30, 110, 50],
    ]  # fmt: skip


def test_the_home_range_maps_to_the_corners_of_the_panel():
    panels = Panels(1)
    panels.set_rects([(10, 20, 110, 220)])
    panels.set_home(x=(0, 5), y=(-1, 1))
    x, y = panels.to_pixels(0, np.array([0, 5]), np.array([-1, 1]))
    assert (x.tolist(), y.tolist()) == ([10, 110], [220, 20])


def test_zoom_keeps_the_data_under_the_pointer():
    panels = Panels(1)
    panels.set_rects([(0, 0, 200, 100)])
    before = panels.to_data(0, 50.0, 30.0)
    panels.zoom(0, (50, 30), (2.0, 3.0))
    assert np.allclose(panels.to_data(0, 50.0, 30.0), before)
    assert np.allclose(panels.ranges()[0], [0.125, 0.625, 0.4666667, 0.8])


def test_a_linked_panel_follows_and_a_fixed_one_stays():
    panels = Panels(3, x_links=[0, 0, -1], y_links=[-1, -1, -1])
    panels.set_rects([(0, 0, 100, 100)] * 3)
    panels.pan(0, (-10, 40))
    assert np.allclose(panels.ranges(), [[0.1, 1.1, 0, 1], [0.1, 1.1, 0, 1], [0, 1, 0, 1]])


def test_equal_panels_have_the_same_scale_in_x_and_y_after_a_zoom():
    panels = Panels(1, equal=True)
    panels.set_rects([(0, 0, 100, 400)])
    panels.set_home(x=(0, 50), y=(0, 60))
    panels.zoom(0, (30, 30), (3.0, 1.0))
    a, b, _, _ = panels.transforms()[0]
    assert np.isclose(a, -b)


def test_reset_shows_the_home_range_and_a_saved_zoom_comes_back():
    panels = Panels(1)
    panels.zoom(0, (0, 0), (2, 2))
    saved = panels.state()
    panels.reset()
    assert not panels.zoomed
    panels.restore(saved)
    assert panels.zoomed


@given(st.floats(-1e4, 1e4), st.floats(0.01, 1e4), st.integers(0, 500), st.integers(1, 500), st.floats(-2, 3))
def test_data_to_pixels_and_back_is_the_identity(low, span, left, width, place):
    panels = Panels(1)
    panels.set_rects([(left, 0, left + width, 10)])
    panels.set_home(x=(low, low + span))
    x = low + place * span
    pixel, _ = panels.to_pixels(0, x, 0.0)
    back, _ = panels.to_data(0, pixel, 0.0)
    assert abs(back - x) < 1e-6 * max(span, abs(low))
