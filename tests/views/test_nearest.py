"""The point nearest to the pointer, against measuring every point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.layout import Panels
from phy_medicine.views.nearest import nearest_point, words_of_spike


@pytest.fixture(scope="module")
def panels():
    panels = Panels(1)
    panels.set_rects(np.array([(50, 10, 450, 210)]))
    panels.set_home(x=(0.0, 1000.0), y=(-5.0, 5.0))
    return panels


@given(
    st.lists(st.tuples(st.floats(-100, 1100), st.floats(-6, 6)), max_size=30),
    st.tuples(st.floats(40, 460), st.floats(0, 220)),
    st.floats(1, 60),
)
def test_it_is_the_nearest_within_reach_in_pixels(panels, points, place, reach):
    x, y = np.array(points).reshape(-1, 2).T
    distances = [np.hypot(50 + 0.4 * px - place[0], 210 - 20 * (py + 5) - place[1]) for px, py in points]
    found = nearest_point(panels, 0, x, y, place=place, reach=reach)
    least = min(distances, default=np.inf)
    if abs(least - reach) < 1e-6:
        return
    assert (found is None) == (least > reach)
    assert found is None or distances[found] == pytest.approx(least, abs=1e-6)


def test_a_point_without_a_place_is_nowhere(panels):
    x, y = np.array([np.nan, 500.0]), np.array([0.0, np.nan])
    assert nearest_point(panels, 0, x, y, place=(250.0, 110.0), reach=1000.0) is None


def test_a_spike_is_told_by_cluster_time_and_values():
    assert words_of_spike(7, 1234.5678, "depth 1 µm") == "cluster 7 · 1,234.568 s\ndepth 1 µm"
