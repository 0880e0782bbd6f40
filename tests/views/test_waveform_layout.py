"""Boxes of channels: never over each other, filling the view, with long gaps shortened."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.waveform_layout import place_boxes, strip_places, strip_span
from phy_medicine.views.waveform_marks import number, round_length

POINTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=20)


@given(points=POINTS, aspect=st.floats(0.2, 5.0))
def test_boxes_never_overlap_and_lie_in_the_view(points, aspect):
    layout = place_boxes(np.array(points, dtype=np.float64) * 10, aspect)
    centers, (width, height) = layout.centers, layout.size
    dx, dy = np.abs(centers[:, None] - centers[None]).transpose(2, 0, 1)
    apart = (dx >= width - 1e-9) | (dy >= height - 1e-9) | np.eye(len(centers), dtype=bool)
    assert apart.all()
    assert (centers - np.array([width, height]) / 2 >= -1e-9).all()
    assert (centers + np.array([width, height]) / 2 <= 1 + 1e-9).all()


def test_a_single_column_gives_boxes_of_the_whole_width():
    layout = place_boxes(np.array([[0.0, 0.0], [0.0, 20.0], [0.0, 40.0], [0.0, 60.0]]), 1.5)
    assert layout.size == (1.0, 0.25)
    assert layout.centers[:, 1].tolist() == [0.125, 0.375, 0.625, 0.875]


def test_a_long_gap_is_shortened_and_told():
    y = np.array([0.0, 20, 40, 1000, 1020, 1040])
    layout = place_boxes(np.stack([np.zeros(6), y], 1), 1.5)
    (gap,) = layout.breaks
    assert gap.gap_um == 960 and gap.vertical and gap.at == pytest.approx(0.5)
    assert layout.size[1] > 0.13


def test_a_missing_channel_leaves_its_place_empty():
    assert place_boxes(np.array([[0.0, 0.0], [0.0, 20.0], [0.0, 60.0]]), 1.0).breaks == ()


def test_channels_at_one_place_are_put_in_a_column():
    layout = place_boxes(np.zeros((3, 2)), 1.0)
    assert layout.centers[:, 1] == pytest.approx([1 / 6, 1 / 2, 5 / 6])


def test_clusters_take_the_first_strip_that_is_free_on_their_channels():
    boxes = (np.array([0, 1]), np.array([1, 2]), np.array([5]))
    assert strip_places(boxes, 6) == ((0, 1, 0), 2)


def test_strips_fill_the_box_with_little_space_between():
    assert strip_span(0, 1) == (0.0, 1.0)
    assert strip_span(0, 2)[0] == 0 and strip_span(1, 2)[1] == 1
    assert strip_span(0, 2)[1] < strip_span(1, 2)[0]


def test_bars_have_round_lengths():
    assert [round_length(x) for x in (1.0, 4.9, 0.07, 730)] == pytest.approx([1, 2, 0.05, 500])
    assert [number(x) for x in (0.5, 2000.0, 0.02)] == ["0.5", "2,000", "0.02"]
