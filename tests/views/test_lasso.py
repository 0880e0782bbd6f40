"""The lasso against an obvious version."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.lasso import Lasso, points_in_polygon

_coordinate = st.integers(-5, 5).map(float)
_corners = st.lists(st.tuples(_coordinate, _coordinate), min_size=3, max_size=8)


def _inside(x, y, corners):
    odd = False
    for (xa, ya), (xb, yb) in zip(corners, corners[-1:] + corners[:-1], strict=True):
        if (ya > y) != (yb > y) and x < (xb - xa) * (y - ya) / (yb - ya) + xa:
            odd = not odd
    return odd


@given(_corners, st.lists(st.tuples(st.floats(-6, 6), st.floats(-6, 6)), min_size=1, max_size=50))
def test_points_in_a_polygon_agree_with_a_walk_around_it(corners, points):
    x, y = np.array(points).T
    assert points_in_polygon(x, y, corners).tolist() == [_inside(*point, corners) for point in points]


def test_a_point_that_is_not_a_number_is_outside():
    assert not points_in_polygon([np.nan], [0.5], [(0, 0), (1, 0), (1, 1), (0, 1)]).any()


def test_corners_in_another_panel_are_ignored():
    lasso = Lasso()
    assert lasso.add(2, 0, 0)
    assert not lasso.add(3, 1, 1)
    assert not lasso.add(None, 1, 1)
    assert len(lasso) == 1


def test_fewer_than_three_corners_hold_nothing():
    lasso = Lasso()
    lasso.add(0, 0, 0)
    lasso.add(0, 1, 1)
    assert not lasso.contains(np.array([0.5]), np.array([0.5])).any()
