"""Tables of contacts: neighbourhoods, anchors, and the order in which amplitudes fall off."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from phy_medicine.compute.localize.contacts import Contacts, decrease, nearest, within

TWO_COLUMNS = np.stack([np.tile([0.0, 32.0], 20), np.repeat(np.arange(20) * 20.0, 2)], axis=1)
LINE = np.stack([np.zeros(6), np.arange(6) * 20.0], axis=1)


def test_ten_nearest_are_five_rows_of_two_columns_by_depth_then_x():
    found = nearest(Contacts.of(TWO_COLUMNS))
    assert found.channel_ids[20].tolist() == list(range(16, 26))
    assert found.anchors_um[20].tolist() == [16, 200]


@pytest.mark.parametrize(("channel_id", "first"), [(0, 0), (39, 30)])
def test_at_an_end_of_the_probe_they_lie_to_one_side(channel_id, first):
    assert nearest(Contacts.of(TWO_COLUMNS)).channel_ids[channel_id].tolist() == list(range(first, first + 10))


def test_of_equally_near_contacts_the_first_channels_are_taken():
    assert nearest(Contacts.of(LINE), 2).channel_ids[3].tolist() == [2, 3]
    backwards = nearest(Contacts.of(LINE[::-1]), 2)
    assert backwards.channel_ids[3].tolist() == [3, 2]  # channel 2 before channel 4; by depth


def test_channels_in_any_order_give_the_same_places():
    order = np.random.default_rng(0).permutation(40)
    plain, mixed = nearest(Contacts.of(TWO_COLUMNS)), nearest(Contacts.of(TWO_COLUMNS[order]))
    inner = [k for k in range(40) if 10 <= order[k] < 30]
    for k in inner:
        assert np.array_equal(mixed.positions_um[k], plain.positions_um[order[k]])


def test_shanks_are_kept_apart_however_near():
    contacts = Contacts.of(TWO_COLUMNS, shanks=np.tile([0, 1], 20))
    assert set(nearest(contacts).channel_ids[20] % 2) == {0}
    assert set(within(contacts, 75).channel_ids[21] % 2) == {1}


def test_a_small_shank_has_fewer_and_its_anchor_is_their_mean():
    contacts = Contacts.of(LINE, shanks=[0, 0, 0, 0, 1, 1])
    found = nearest(contacts, 4)
    assert found.channel_ids[4].tolist() == [4, 5, -1, -1]
    assert found.anchors_um[4].tolist() == [0, 90]
    assert np.isnan(found.positions_um[4, 2:]).all()


def test_a_radius_takes_in_what_lies_on_it():
    assert within(Contacts.of(LINE), 20).channel_ids.tolist() == [
        [0, 1, -1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, -1],
    ]  # fmt: skip


def test_parents_lie_inwards_and_the_nearest_contacts_have_none():
    neighbours = within(Contacts.of(LINE), 60)
    found = decrease(neighbours)
    assert neighbours.channel_ids[2].tolist() == [0, 1, 2, 3, 4, 5]
    assert found.order[2].tolist() == [2, 1, 3, 0, 4, 5]
    parents = [found.parents[a:b].tolist() for a, b in pairwise(found.starts[2])]
    # Slots are channels here. The nearest distances of an end of the line reach three contacts in one direction.
    assert parents == [[], [], [], [1, 2, 3], [1, 2, 3], [2, 3, 4]]


@pytest.mark.parametrize("positions", [np.zeros((3, 3)), np.full((2, 2), np.nan), np.zeros(4)])
def test_contacts_without_a_place_are_refused(positions):
    with pytest.raises(ValueError, match="finite positions"):
        Contacts.of(positions)
