"""Shanks and their outlines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.probe_block import make_probe
from phy_medicine.views.probe_shape import Shank, clipped, outline, shanks_of, side_by_side, spacing

STAGGERED = np.stack([np.tile([16.0, 48, 0, 32], 10), 20.0 * (np.arange(40) // 2)], 1)


def test_staggered_columns_are_one_shank():
    (shank,) = shanks_of(STAGGERED, np.zeros(40, int))
    assert shank.channels.tolist() == list(range(40))


def test_columns_far_apart_are_shanks_even_if_the_dataset_does_not_say_so():
    two = np.concatenate([STAGGERED, STAGGERED + np.array([250.0, 0.0])])
    shanks = shanks_of(two, np.zeros(80, int))
    assert [s.channels.tolist() for s in shanks] == [list(range(40)), list(range(40, 80))]


def test_a_planar_array_is_one_shank():
    grid = np.stack(np.meshgrid(np.arange(10) * 400.0, np.arange(10) * 400.0), -1).reshape(-1, 2)
    assert len(shanks_of(grid, np.zeros(100, int))) == 1


def test_shanks_of_the_dataset_are_kept():
    assert len(shanks_of(STAGGERED, np.arange(40) % 2)) == 2


def test_the_outline_holds_all_contacts_and_has_its_tip_below():
    shape = outline(STAGGERED, 25.0)
    assert shape[:, 0].min() < 0 and shape[:, 0].max() > 48
    assert shape[:, 1].max() > 380 and shape[2, 1] == shape[:, 1].min() < -40


def test_spacing_is_the_distance_of_neighbours():
    assert spacing(STAGGERED) == pytest.approx(np.hypot(16, 20))
    assert spacing(np.zeros((1, 2))) == spacing(np.zeros((4, 2))) == 20


def test_a_polygon_is_cut_at_a_rectangle():
    square = np.array([(0.0, 0.0), (10, 0), (10, 10), (0, 10)])
    cut = clipped(square, np.array([5.0, -5, 20, 4]))
    assert sorted(map(tuple, cut.tolist())) == [(5, 0), (5, 4), (10, 0), (10, 4)]
    assert len(clipped(square, np.array([20.0, 20, 30, 30]))) == 0


def test_contacts_of_a_row_tell_how_wide_discs_side_by_side_may_be():
    assert make_probe(STAGGERED, np.zeros(40, int)).row == 32
    line = np.stack([np.zeros(5), 20.0 * np.arange(5)], 1)
    assert make_probe(line, np.zeros(5, int)).row == 60


def _shank(left, width):
    return Shank(np.zeros(0, int), outline(np.array([(left + 6.0, 0.0), (left + width - 6.0, 100.0)]), 10.0))


@given(st.lists(st.tuples(st.integers(-500, 3000), st.integers(13, 90)), min_size=1, max_size=6))
def test_shanks_keep_order_overlap_and_short_gaps_and_no_gap_is_long(spans):
    shanks = tuple(_shank(float(left), float(width)) for left, width in spans)
    moves, breaks = side_by_side(shanks, 10.0)
    longest = max(30.0, max(float(width) for _, width in spans))
    order = sorted(range(len(spans)), key=lambda i: spans[i][0])
    reached, drawn, long = spans[order[0]][0], float(spans[order[0]][0]), []
    for i in order:
        left, width = spans[i]
        gap = left - reached
        if gap > longest:
            long.append(gap)
        # Slow and obvious: where the left edge is drawn, from the right edge of all before.
        if i != order[0]:
            expected = drawn + min(gap, longest)
            assert left - moves[i] == pytest.approx(expected)
        if left + width > reached or i == order[0]:
            drawn, reached = left - moves[i] + width, left + width
    assert [b.gap_um for b in breaks] == pytest.approx(long)
    assert all(b.right - b.left == pytest.approx(longest) for b in breaks)
