"""The assignment against a plain label vector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.assignment import Assignment, Patch

LABELS = st.lists(st.integers(-3, 8), min_size=1, max_size=40)


def _split(a: Assignment, spike_ids: list[int], part: int, rest: dict[int, int]) -> Patch:
    ids = np.array(spike_ids)
    return a.apply(a.split_patch(ids, np.zeros(len(ids), dtype=np.int64), [part], rest))


def test_a_merge_takes_all_spikes_to_the_new_cluster() -> None:
    a = Assignment(np.array([3, 3, 5, 5, 7]))
    a.apply(a.merge_patch((3, 5), 8))
    assert a.labels().tolist() == [8, 8, 8, 8, 7]
    assert a.cluster_ids == (7, 8)
    assert a.spikes(8).tolist() == [0, 1, 2, 3]


def test_a_split_leaves_the_other_spikes_in_their_own_new_cluster() -> None:
    a = Assignment(np.array([3, 3, 5, 5]))
    _split(a, [1, 2], 6, {3: 7, 5: 8})
    assert a.labels().tolist() == [7, 6, 6, 8]


def test_undo_of_a_split_brings_back_the_old_cluster() -> None:
    a = Assignment(np.array([3, 3, 5, 5]))
    a.apply(_split(a, [1, 2], 6, {3: 7, 5: 8}))
    assert a.labels().tolist() == [3, 3, 5, 5]


def test_an_older_patch_undone_after_a_split_covers_the_pieces() -> None:
    a = Assignment(np.array([0, 0, 1, 1]))
    back = a.apply(a.merge_patch((0, 1), 2))
    _split(a, [1, 2], 3, {2: 4})
    a.apply(back)
    assert a.labels().tolist() == [0, 0, 1, 1]


def test_ids_do_not_go_back_on_undo() -> None:
    a = Assignment(np.array([0, 1]))
    a.apply(a.apply(a.merge_patch((0, 1), 2)))
    assert (a.cluster_ids, a.next_id) == ((0, 1), 3)


def test_spike_ids_handed_out_cannot_be_changed_and_do_not_change() -> None:
    a = Assignment(np.array([4, 4, 4, 9]))
    held = a.spikes(4)
    _split(a, [0, 2], 10, {4: 11})
    assert held.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        held[0] = 7


def test_an_unknown_cluster_is_named() -> None:
    with pytest.raises(ActionError, match="no cluster 12"):
        Assignment(np.array([0])).spikes(12)


def test_a_patch_with_unknown_atoms_changes_nothing() -> None:
    a = Assignment(np.array([0, 1]))
    with pytest.raises(ActionError):
        a.apply(Patch((5,), (1,)))
    assert a.labels().tolist() == [0, 1]


def test_labels_far_apart_and_of_small_types_are_kept() -> None:
    for labels in ([5, 2_000_000_000, 5, -7], [-128, 127, 0]):
        for dtype in (np.int64, np.int8) if max(labels) < 128 else (np.int64,):
            a = Assignment(np.array(labels, dtype=dtype))
            assert a.labels().tolist() == labels
            assert a.spikes(labels[1]).tolist() == [1]


def test_labels_beyond_32_bits_are_refused() -> None:
    with pytest.raises(ActionError, match="32 bits"):
        Assignment(np.array([0, 2**40]))


def test_no_spikes_is_no_cluster() -> None:
    a = Assignment(np.zeros(0, dtype=np.int32))
    assert (a.cluster_ids, a.next_id, a.labels().tolist()) == ((), 0, [])


def test_atom_tables_give_the_labels() -> None:
    a = Assignment(np.array([0, 0, 1, 1]))
    _split(a, [1, 2], 3, {0: 4, 1: 5})
    assert a.atom_clusters[a.spike_atoms].tolist() == [4, 3, 3, 5]


@given(LABELS, st.data())
@settings(max_examples=150, deadline=None)
def test_patches_undone_in_any_order_agree_with_the_spike_sets_they_named(
    labels: list[int], data: st.DataObject
) -> None:
    a, plain = Assignment(np.array(labels)), np.array(labels)
    backs: list[tuple[Patch, list[tuple[np.ndarray, int]]]] = []
    for _ in range(data.draw(st.integers(1, 8))):
        if backs and data.draw(st.booleans()):
            patch, sets = data.draw(st.sampled_from(backs))
            for spike_ids, cluster in sets:
                plain[spike_ids] = cluster
            a.apply(patch)
        else:
            chosen = np.array(sorted(data.draw(st.sets(st.integers(0, len(labels) - 1), min_size=1))))
            parts = np.array(data.draw(st.lists(st.integers(0, 6), min_size=len(chosen), max_size=len(chosen))))
            old = np.unique(plain[chosen]).tolist()
            part_ids = list(range(a.next_id, a.next_id + 7))
            rest = {c: a.next_id + 7 + k for k, c in enumerate(old)}
            forward = a.split_patch(chosen, parts, part_ids, rest)
            members = [(np.flatnonzero(a.spike_atoms == atom), int(a.atom_clusters[atom])) for atom in forward.atoms]
            backs.append((a.apply(forward), members))
            plain = np.array([rest.get(c, c) for c in plain.tolist()])
            plain[chosen] = np.array(part_ids)[parts]
        assert a.labels().tolist() == plain.tolist()
        assert a.cluster_ids == tuple(np.unique(plain).tolist())
        for cluster in a.cluster_ids:
            assert a.spikes(cluster).tolist() == np.flatnonzero(plain == cluster).tolist()
            assert a.count(cluster) == np.count_nonzero(plain == cluster)
        assert a.labels_of(np.arange(len(plain))).tolist() == plain.tolist()


def test_many_spikes_are_grouped_as_by_a_stable_sort() -> None:
    labels = np.random.default_rng(1).integers(-20, 700, 300_000)
    labels[labels == 5] = 6
    a = Assignment(labels)
    order = np.argsort(labels, kind="stable")
    assert np.array_equal(np.concatenate([a.spikes(c) for c in a.cluster_ids]), order)
    assert np.array_equal(a.labels(), labels)
