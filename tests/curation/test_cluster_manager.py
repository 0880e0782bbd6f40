"""Planning, inheritance, undo of labels, messages and the saved state."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import Delta, Merge, SetGroup, Split
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.selection import Selection


def _manager(labels: list[int], **fields: dict[int, int | float | str]) -> ClusterManager:
    return ClusterManager(np.array(labels), fields)


def test_labels_five_apart_give_ids_five_apart() -> None:
    split = _manager([5, 5, 5, 5]).plan_split([0, 2], [0, 5])
    assert isinstance(split, Split)
    assert (split.part_ids, split.rest) == ((6, 11), ((5, 12),))


def test_left_over_spikes_get_further_ids_by_increasing_old_id() -> None:
    m = _manager([9, 9, 2, 2, 4])
    delta = m.do(m.plan_split([0, 2, 4]))
    assert (delta.added, delta.removed) == ((10, 11, 12), (2, 4, 9))
    assert m.assignment.labels().tolist() == [10, 12, 10, 11, 10]
    assert delta.descendants == ((2, 10), (2, 11), (4, 10), (9, 10), (9, 12))


def test_a_split_of_one_whole_cluster_is_refused() -> None:
    with pytest.raises(ActionError, match="all of cluster 1"):
        _manager([0, 1, 1]).plan_split([1, 2])


def test_a_split_within_clusters_leaves_out_the_spikes_of_others() -> None:
    split = _manager([0, 0, 1, 1]).plan_split([0, 2], within=[1])
    assert isinstance(split, Split)
    assert split.spike_ids.tolist() == [2]


def test_repeated_spikes_count_once_but_not_with_two_labels() -> None:
    m = _manager([0, 0, 0])
    assert m.plan_split([1, 1, 0]).spike_ids.tolist() == [0, 1]  # type: ignore[union-attr]
    with pytest.raises(ActionError, match="two different labels"):
        m.plan_split([1, 1], [0, 1])


@pytest.mark.parametrize(
    ("spikes", "labels", "text"),
    [
        ([], None, "No spikes selected, cannot split."),
        ([7], None, "between 0 and 3"),
        ([0], [0, 1], "2 labels for 1 spikes"),
        ([0.5], None, "whole numbers"),
        ([0, 1], [0, 2**40], "too far apart"),
    ],
)
def test_a_split_that_makes_no_sense_says_why(spikes: list[int], labels: list[int] | None, text: str) -> None:
    with pytest.raises(ActionError, match=text):
        _manager([0, 0, 0, 1]).plan_split(spikes, labels)


def test_split_init_cuts_clusters_back_to_their_templates() -> None:
    m = _manager([7, 7, 7, 3])
    m.do(m.plan_split_init([7], np.array([2, 4, 2, 4])))
    assert m.assignment.labels().tolist() == [8, 10, 8, 3]


def test_split_init_of_a_cluster_of_one_template_is_refused() -> None:
    with pytest.raises(ActionError, match="have template 2"):
        _manager([7, 7, 3]).plan_split_init([7], np.array([2, 2, 4]))


def test_one_cluster_cannot_be_merged_nor_can_an_unknown_one() -> None:
    m = _manager([0, 1])
    with pytest.raises(ActionError, match="at least two"):
        m.plan_merge([1, 1])
    with pytest.raises(ActionError, match="no cluster 5"):
        m.plan_merge([0, 5])


def test_planning_changes_nothing() -> None:
    m = _manager([0, 0, 1, 1])
    m.plan_merge([0, 1])
    m.plan_split([0])
    m.plan_group([0], "good")
    assert (m.assignment.labels().tolist(), m.assignment.next_id, m.dirty) == ([0, 0, 1, 1], 2, False)


def test_an_action_planned_before_another_is_refused() -> None:
    m = _manager([0, 0, 1, 1])
    merge, split = m.plan_merge([0, 1]), m.plan_split([0])
    m.do(merge)
    for action in (merge, split, Merge((2,), 2), SetGroup((0,), "good")):
        with pytest.raises(ActionError):
            m.do(action)
    assert m.assignment.labels().tolist() == [2, 2, 2, 2]


def test_one_value_among_merged_clusters_is_inherited() -> None:
    m = _manager([0, 1, 1], group={0: "good"})
    m.do(m.plan_merge([0, 1]))
    assert m.group(2) == "good"


def test_of_several_values_that_of_the_largest_cluster_is_inherited() -> None:
    m = _manager([0, 1, 1, 2], group={0: "good", 1: "mua"})
    m.do(m.plan_merge([0, 1, 2]))
    assert m.group(3) == "mua"


def test_the_largest_cluster_hands_down_its_empty_group() -> None:
    m = _manager([0, 1, 1, 1, 2], group={0: "good", 2: "mua"})
    m.do(m.plan_merge([0, 1, 2]))
    assert m.group(3) is None


def test_the_text_unsorted_counts_as_a_value() -> None:
    m = _manager([0, 1, 1], group={0: "good", 1: "unsorted"})
    m.do(m.plan_merge([0, 1]))
    assert m.group(2) == "unsorted"


def test_measured_labels_stay_on_unchanged_clusters_and_are_not_inherited() -> None:
    m = _manager([0, 1, 2], ContamPct={0: 1.5, 1: 1.5, 2: 4.0}, KSLabel={0: "good", 1: "good"}, note={0: "x"})
    m.do(m.plan_merge([0, 1]))
    cells = {field: m.labels.get(field, 3) for field in ("ContamPct", "KSLabel", "note")}
    assert cells == {"ContamPct": None, "KSLabel": None, "note": "x"}
    assert m.labels.get("ContamPct", 2) == 4.0


def test_undo_of_another_move_keeps_what_a_merged_cluster_inherited() -> None:
    fields: dict[str, dict[int, int | float | str]] = {"group": {0: "good", 1: "good"}, "ContamPct": {0: 1.5, 1: 1.5}}
    m = ClusterManager(np.array([0, 1, 2]), fields, measured=())
    m.do(m.plan_merge([0, 1]))
    m.do(m.plan_group([2], "noise"))
    m.undo()
    assert (m.group(3), m.labels.get("ContamPct", 3), m.group(2)) == ("good", 1.5, None)


def test_undo_of_a_merge_brings_every_label_back() -> None:
    m = _manager([0, 1], group={0: "good", 1: "mua"}, ContamPct={1: 3.0})
    before = m.labels.to_dict()
    m.do(m.plan_merge([0, 1]))
    m.undo()
    assert m.labels.to_dict() == before


def test_values_for_clusters_that_do_not_exist_are_dropped() -> None:
    m = _manager([0, 1], note={9: "old"})
    assert m.labels.to_dict()["note"] == {}


def test_undo_selects_what_was_selected_before_and_redo_what_was_selected_before_the_undo() -> None:
    m = _manager([0, 1, 2])
    m.do(m.plan_merge([0, 1]), Selection((0,), (1,)))
    assert m.undo(Selection((3,), (2,))).selection == Selection((0,), (1,))
    assert m.redo().selection == Selection((3,), (2,))


def test_a_delta_says_what_came_went_and_changed() -> None:
    m = _manager([3, 7, 8], group={3: "good"})
    seen: list[Delta] = []
    m.changed.connect(seen.append)
    m.do(m.plan_merge([7, 3]))
    m.undo()
    do, undo = seen
    assert (do.kind, do.added, do.removed, do.descendants) == ("merge", (9,), (3, 7), ((3, 9), (7, 9)))
    assert (do.before, do.after) == ({"group": {3: "good", 9: None}}, {"group": {3: None, 9: "good"}})
    assert (undo.direction, undo.added, undo.removed, undo.before) == ("undo", (3, 7), (9,), do.after)


def test_messages_are_those_of_phy() -> None:
    m = _manager([3, 7, 7, 8])
    texts = [m.do(m.plan_merge([3, 7])).message, m.undo().message, m.redo().message]
    texts += [m.do(m.plan_split([0])).message, m.do(m.plan_group([8], "good")).message, m.undo().message]
    assert texts == [
        "Merge clusters 3, 7 to 9.",
        "Undo cluster assign.",
        "Redo cluster assign.",
        "Assigned 3 spikes.",
        "Change metadata_group for clusters 8 to good.",
        "Undo move.",
    ]


def test_the_state_is_dirty_only_when_it_differs_from_the_saved_one() -> None:
    m = _manager([0, 1])
    m.do(m.plan_group([0], "good"))
    m.mark_saved()
    assert not m.dirty
    m.undo()
    assert m.dirty
    m.redo()
    assert not m.dirty
    m.undo()
    m.do(m.plan_group([0], "good"))
    assert m.dirty


def test_nothing_to_undo_or_redo_is_said() -> None:
    m = _manager([0, 1])
    with pytest.raises(ActionError, match="Nothing to undo"):
        m.undo()
    with pytest.raises(ActionError, match="Nothing to redo"):
        m.redo()


def test_a_new_action_after_undo_drops_what_could_be_redone() -> None:
    m = _manager([0, 1])
    m.do(m.plan_group([0], "good"))
    m.undo()
    m.do(m.plan_group([1], "mua"))
    assert [item.text for item in m.history.items] == ["Change metadata_group for clusters 1 to mua."]


def test_next_id_of_an_earlier_session_is_kept() -> None:
    m = ClusterManager(np.array([0, 1]), next_id=40)
    assert m.plan_merge([0, 1]).new_id == 40


def test_noise_and_mua_are_masked_and_a_new_group_is_not() -> None:
    m = _manager([0, 1, 2, 3], group={0: "noise", 1: "mua", 2: "maybe"})
    assert [m.is_masked(c) for c in range(4)] == [True, True, False, False]
    assert (m.groups.get("maybe").key, m.groups.get("maybe").letter) == ("a", "M")


def test_label_values_are_read_as_the_file_will_be() -> None:
    m = _manager([0])
    for text, value in (("3", 3), ("0.5", 0.5), ("nan", "nan"), ("two words", "two words"), ("", None)):
        assert m.plan_label("q", [0], text).value == value


@pytest.mark.parametrize("field", ["", "n_spikes", "a/b", "a\tb", " x"])
def test_a_field_that_cannot_be_a_file_is_refused(field: str) -> None:
    with pytest.raises(ActionError):
        _manager([0]).plan_label(field, [0], 1)


@pytest.mark.parametrize("value", ["a\tb", float("nan"), [1]])
def test_a_value_that_a_table_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ActionError):
        _manager([0]).plan_label("note", [0], value)  # type: ignore[arg-type]
