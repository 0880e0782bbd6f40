"""Counts over two quantities, against counting every spike of a rectangle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.count_maps import Axis, count_maps, ranks_of

VALUES = st.lists(
    st.tuples(*(st.one_of(st.floats(-200, 200, width=32), st.just(float("nan"))) for _ in range(2))), max_size=60
)


def made(points, n_cells=16):
    x, y = np.array(points, dtype=np.float32).reshape(-1, 2).T
    axes = {"x": Axis.of(x, n_cells), "y": Axis.of(y, n_cells)}
    ranks = (np.arange(len(x)) * 37 % 256).astype(np.uint8)
    return x, y, ranks, count_maps({"x": x, "y": y}, [("x", "y")], axes, ranks)[0]


@given(VALUES, st.lists(st.integers(0, 64), min_size=2, max_size=6, unique=True))
def test_counts_and_ranks_of_pixels_are_those_of_the_spikes_in_them(points, cuts):
    x, y, ranks, counted = made(points)
    edges = [axis.edges[np.sort(np.minimum(cuts, axis.n_cells))] for axis in (counted.x, counted.y)]
    edges = [np.unique(e) for e in edges]
    if min(map(len, edges)) < 2:
        return
    counts, sums = counted.image(*edges)
    for row in range(len(edges[1]) - 1):
        for column in range(len(edges[0]) - 1):
            inside = (x >= edges[0][column]) & (x < edges[0][column + 1])
            inside &= (y >= edges[1][row]) & (y < edges[1][row + 1])
            # The edges of inner cells are sums, so that a value on one may be in the cell before.
            on_edge = np.isin(x, edges[0].astype(np.float32)) | np.isin(y, edges[1].astype(np.float32))
            if not on_edge.any():
                assert counts[row, column] == inside.sum()
                assert sums[row, column] == ranks[inside].sum(dtype=int)


@given(VALUES)
def test_no_spike_is_lost_and_none_counted_twice(points):
    x, y, ranks, counted = made(points)
    known = np.isfinite(x) & np.isfinite(y)
    ends = [(axis.edges[0], axis.edges[-1]) for axis in (counted.x, counted.y)]
    for n in (1, 3, 7):
        counts, sums = counted.image(*(np.linspace(*end, n + 1) for end in ends))
        assert counts.sum() == known.sum() and sums.sum() == ranks[known].sum(dtype=int)


def test_a_pixel_smaller_than_a_cell_shows_the_cell_that_it_lies_in():
    axis = Axis(np.arange(5.0), 0)
    assert axis.spans(np.array([1.0, 1.25, 1.5, 1.75, 2.0])).tolist() == [[1, 2]] * 4
    assert axis.spans(np.array([4.5, 4.6])).tolist() == [[4, 4]]
    assert axis.spans(np.array([-3.0, -2.0, 9.0])).tolist() == [[0, 0], [0, 4]]


@given(st.floats(-50, 50), st.floats(0.01, 300), st.integers(1, 400))
def test_pixels_of_an_image_hold_its_range_in_whole_cells(low, length, n):
    axis = Axis.of(np.linspace(0, 100, 1000), 64)
    cell = axis.edges[axis.n_outer + 1] - axis.edges[axis.n_outer]
    edges = axis.pixels(low, low + length, n)
    step = (edges[-1] - edges[0]) / (len(edges) - 1)
    assert edges[0] <= low + 1e-9 and edges[-1] >= low + length - 1e-9
    assert step / cell == pytest.approx(round(step / cell)) and step >= cell * (1 - 1e-9)
    assert step <= max(1.5 * length / n, cell) + 1e-9


def test_outliers_are_on_the_axis_in_coarse_cells():
    values = np.concatenate([np.linspace(0, 10, 5000), [-1000.0, 5000.0]]).astype(np.float32)
    axis = Axis.of(values, 20, tail=0.01, room=0.1)
    cells = axis.cells_of(values)
    assert cells[-2] == 0 and cells[-1] == axis.n_cells - 1
    assert axis.edges[0] < -1000 and axis.edges[-1] > 5000 and (np.diff(axis.edges) > 0).all()


def test_an_axis_without_values_and_one_with_a_single_value():
    assert Axis.of(np.array([np.nan]), 8).n_cells == 8
    axis = Axis.of(np.full(3, 7.0), 8)
    assert (axis.cells_of(np.full(3, 7.0)) >= 0).all()


@pytest.mark.parametrize(("value", "rank"), [(0.0, 0), (5.0, 128), (10.0, 255), (-3.0, 0), (99.0, 255), (np.nan, 0)])
def test_ranks_run_between_the_limits(value, rank):
    assert ranks_of(np.array([value]), (0.0, 10.0)).tolist() == [rank]
