"""Transforms, bounds and ticks of phy.plot, against phy's definitions written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.app.phy_compat.batches import BatchAccumulator, get_linear_x
from phy_medicine.app.phy_compat.bounds import NDC, data_bounds_of, extend_bounds, pixels_to_ndc
from phy_medicine.app.phy_compat.layouts import Boxed, Grid, Stacked
from phy_medicine.app.phy_compat.tools import AxisLocator, Lasso
from phy_medicine.app.phy_compat.transform import Clip, Range, Rotate, Scale, Subplot, TransformChain, Translate

POINTS = np.array([(0.0, 0.0), (1.0, 2.0)])
numbers = st.floats(-5, 5).map(lambda x: round(x, 3))


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (Translate((1, -1)), [(1, -1), (2, 1)]),
        (Translate(lambda: (1, -1)), [(1, -1), (2, 1)]),
        (Scale((2, 3)), [(0, 0), (2, 6)]),
        (Scale(0.5), [(0, 0), (0.5, 1)]),
        (Rotate(), [(0, 0), (2, -1)]),
        (Rotate("ccw"), [(0, 0), (-2, 1)]),
        (Range((0, 0, 1, 2), NDC), [(-1, -1), (1, 1)]),
        (Range(NDC, (0, 0, 10, 10)), [(5, 5), (10, 15)]),
        (Subplot((2, 2), (0, 1)), [(0.5, 0.5), (1, 1.5)]),
        (Subplot(lambda: (1, 2), lambda: (0, 0)), [(-0.5, 0), (0, 2)]),
    ],
)
def test_points_are_moved(transform, expected):
    assert transform.apply(POINTS) == pytest.approx(np.array(expected))
    assert transform.inverse().apply(transform.apply(POINTS)) == pytest.approx(POINTS)
    assert transform.apply(POINTS.astype(np.float32)).dtype == np.float32
    assert transform.apply(np.zeros((0, 2))).shape == (0, 2) and transform.apply(None) is None


def test_a_clip_leaves_points_out():
    assert Clip((0, 0, 0.5, 5)).apply(POINTS).tolist() == [[0, 0]]


@given(st.tuples(numbers, numbers), st.tuples(numbers, numbers))
def test_a_chain_leads_there_and_back(amount, move):
    scale = (abs(amount[0]) + 0.1, abs(amount[1]) + 0.1)
    chain = TransformChain([Translate(move), Clip(), Scale(scale)]) + Rotate()
    moved = chain.apply(POINTS)
    x, y = ((POINTS + move) * scale).T
    assert moved == pytest.approx(np.stack([y, -x], axis=1))
    assert chain.inverse().apply(moved) == pytest.approx(POINTS)
    assert chain.get("Scale") is chain[2] and chain.get("Range") is None


def test_bounds_are_joined_and_never_empty():
    assert extend_bounds([(0, 0, 1, 1), (-2, 0.5, 0, 3)]) == (-2, 0, 1, 3)
    assert extend_bounds([(2, 2, 2, 3)]) == (-1, 2, 1, 3)
    assert data_bounds_of((0, 1, 0, 2)).tolist() == [[-1, 1, 1, 2]]
    assert data_bounds_of("auto", np.array([(0, 1), (4, 3)])).tolist() == [[0, 1, 4, 3]] * 2
    assert data_bounds_of(None, length=2).tolist() == [list(NDC)] * 2


def test_pixels_count_from_the_top_left():
    assert pixels_to_ndc((0, 0), (800, 600)).tolist() == [-1, 1]
    assert pixels_to_ndc((600, 450), (800, 600)).tolist() == [0.5, -0.5]


def test_a_grid_maps_places_to_its_cells_and_back():
    grid = Grid((2, 4))
    assert grid.bounds()[5].tolist() == [-0.5, -1, 0, 0]
    assert grid.map([(0, 0)], (1, 1)).tolist() == [[-0.25, -0.5]]
    assert grid.imap(grid.map([(0.3, -0.7)], (0, 3)), (0, 3)) == pytest.approx(np.array([(0.3, -0.7)]))
    assert grid.get_closest_box((0.9, -0.9)) == (1, 3) and grid.numbers((2, 0)).tolist() == [-1]


def test_a_stack_has_its_first_box_where_its_origin_is():
    below, above = Stacked(4), Stacked(4, origin="top")
    assert below.bounds()[0].tolist() == pytest.approx([-1, -1, 1, -0.525])
    assert above.bounds()[3] == pytest.approx(below.bounds()[0])
    assert below.get_closest_box((0, 0.9)) == 3 and above.get_closest_box((0, 0.9)) == 0
    below.n_boxes = 2
    assert len(below.bounds()) == 2 and below.bounds()[1, 3] == pytest.approx(0.95)
    with pytest.raises(ValueError, match="top or bottom"):
        Stacked(2, origin="left")


def test_boxes_around_places_fill_the_canvas_without_overlap():
    boxed = Boxed([(0, 0), (10, 0), (0, 5)])
    bounds = boxed.bounds()
    assert bounds.min() >= -1 and bounds.max() <= 1
    for i in range(3):
        for k in range(i):
            apart = (bounds[i, :2] >= bounds[k, 2:]) | (bounds[k, :2] >= bounds[i, 2:])
            assert apart.any()
    assert boxed.get_closest_box(boxed.box_pos[2]) == 2


def test_x_is_spread_evenly():
    assert get_linear_x(2, 3).tolist() == [[-1, 0, 1], [-1, 0, 1]]


def test_batches_are_joined_by_name():
    batch = BatchAccumulator()
    batch.add(
        {"pos": np.zeros((2, 2)), "color": (1.0, 0.0, 0.0, 1.0), "text": ["a", "b"]}, ("text",), 2, 4, box_index=1
    )
    batch.add({"pos": np.ones((1, 2)), "color": (0.0, 0.0, 0.0, 1.0), "text": ["c"]}, ("text",), 1, 2, box_index=2)
    data = batch.data
    assert data.pos.shape == (3, 2) and data.text == ["a", "b", "c"]
    assert data.color[:, 0].tolist() == [1, 1, 0] and data.box_index.ravel().tolist() == [1] * 4 + [2] * 2
    with pytest.raises(AttributeError):
        _ = batch.nothing


def test_ticks_are_round_values_of_the_data():
    locator = AxisLocator(data_bounds=(0, 0, 10, 100))
    locator.set_view_bounds((-1, -1, 1, 1))
    inside = [t for t, v in zip(locator.xtext, locator.xticks_view, strict=True) if -1 <= v <= 1]
    assert inside[0] == "0" and inside[-1] == "10" and "2.5" in inside
    assert locator.yticks_view == pytest.approx(locator.yticks / 50 - 1)


def test_a_lasso_knows_what_is_inside():
    lasso = Lasso()
    assert not lasso.in_polygon([(0, 0)]).any()
    for corner in ((-0.5, -0.5), np.array([0.5, -0.5]), (0.5, 0.5), (-0.5, 0.5)):
        lasso.add(corner)
    assert lasso.count == 4 and lasso.in_polygon([(0, 0), (0.6, 0), (-0.4, 0.4)]).tolist() == [True, False, True]
    lasso.clear()
    assert lasso.count == 0 and lasso.polygon.shape == (0, 2)
