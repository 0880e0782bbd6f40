"""Labels that would cover each other move apart, and no farther than they must."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.views.spread import placed, spread

labels = st.lists(st.tuples(st.integers(0, 100), st.sampled_from([4, 6, 10])), min_size=1, max_size=4)


def best(places, lengths, span):
    """The nearest whole places, of all that there are."""
    order = np.argsort(places, kind="stable")
    wished, size = np.array(places)[order], np.array(lengths)[order]
    moved = wished + np.stack(np.meshgrid(*[np.arange(-9, 10)] * len(wished)), axis=-1).reshape(-1, len(wished))
    fine = (np.diff(moved) >= (size[1:] + size[:-1]) / 2).all(axis=1)
    fine &= (moved[:, 0] >= span[0] + size[0] / 2) & (moved[:, -1] <= span[1] - size[-1] / 2)
    return ((moved - wished) ** 2).sum(axis=1)[fine].min()


@given(st.lists(st.tuples(st.integers(10, 30), st.sampled_from([4, 6])), min_size=1, max_size=3))
def test_no_whole_places_are_nearer(items):
    places, lengths = zip(*items, strict=True)
    moved = spread(np.array(places), np.array(lengths), (0.0, 40.0))
    assert ((moved - np.array(places)) ** 2).sum() <= best(places, lengths, (0.0, 40.0)) + 1e-9


@given(labels)
def test_labels_lie_apart_inside_and_in_the_order_of_their_places(items):
    places, lengths = (np.array(column, dtype=float) for column in zip(*items, strict=True))
    moved = spread(places, lengths, (0.0, 100.0))
    order = np.argsort(places, kind="stable")
    middles, half = moved[order], lengths[order] / 2
    assert (middles[1:] - half[1:] >= middles[:-1] + half[:-1] - 1e-9).all()
    assert middles[0] - half[0] >= -1e-9 and middles[-1] + half[-1] <= 100 + 1e-9


def test_labels_with_room_stay_where_they_are():
    assert spread(np.array([50.0, 10.0]), np.array([8.0, 8.0]), (0.0, 60.0)).tolist() == [50.0, 10.0]


def test_two_neighbours_move_by_the_same():
    assert placed([20.0, 22.0], [10.0, 10.0], (0.0, 100.0)) == {0: 16.0, 1: 26.0}


def test_of_too_many_at_one_place_the_first_ones_are_shown():
    shown = placed([50.0] * 9, [10.0] * 9, (0.0, 100.0))
    assert list(shown) == [0, 1, 2, 3]
    assert max(abs(place - 50.0) for place in shown.values()) == 15.0


def test_a_label_of_a_place_out_of_sight_is_not_shown():
    assert placed([-5.0, 50.0], [10.0, 10.0], (0.0, 100.0)) == {1: 50.0}
