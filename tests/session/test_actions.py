"""The action table: every default key of phy is there, once."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from phy_medicine.base.errors import ActionError, SnippetError
from phy_medicine.curation.groups import Groups
from phy_medicine.session.action_list import column_by_prefix, known_ids, session_actions
from phy_medicine.session.actions import Action, ActionTable

KEYS = {
    "merge": ("G",),
    "undo": ("Ctrl+Z",),
    "redo": ("Ctrl+Shift+Z", "Ctrl+Y"),
    "label": ("L",),
    "split_init": ("Shift+Ctrl+K",),
    "clear_filter": ("Esc",),
    "move_best_to_noise": ("Alt+N",),
    "move_best_to_mua": ("Alt+M",),
    "move_best_to_good": ("Alt+G",),
    "move_best_to_unsorted": ("Alt+U",),
    "move_similar_to_noise": ("Ctrl+N",),
    "move_similar_to_mua": ("Ctrl+M",),
    "move_similar_to_good": ("Ctrl+G",),
    "move_similar_to_unsorted": ("Ctrl+U",),
    "move_all_to_noise": ("Ctrl+Alt+N",),
    "move_all_to_mua": ("Ctrl+Alt+M",),
    "move_all_to_good": ("Ctrl+Alt+G",),
    "move_all_to_unsorted": ("Ctrl+Alt+U",),
    "next": ("Space",),
    "previous": ("Shift+Space",),
    "next_best": ("Down",),
    "previous_best": ("Up",),
    "first": ("Home",),
    "last": ("End",),
    "unselect_similar": ("Backspace",),
    "reset_wizard": ("Ctrl+Alt+Space",),
    "select_first_similar": ("Ctrl+Space",),
}


@pytest.fixture
def session():
    fake = MagicMock()
    fake.groups = tuple(Groups())
    fake.cluster_ids = (1, 4, 6, 9)
    fake.cluster_table.column_names = ("id", "group", "depth", "n_spikes")
    return fake


def test_the_keys_are_those_of_phy_and_reset_wizard_works(session):
    table = ActionTable(session_actions(session))
    assert {i: table[i].shortcuts for i in KEYS} == KEYS
    assert table.conflicts() == {}


def test_every_action_says_what_it_does(session):
    assert [a.id for a in session_actions(session) if not a.help.endswith(".")] == []


def test_a_group_of_the_user_gets_three_keys(session):
    groups = Groups()
    groups.add("axon")
    session.groups = tuple(groups)
    table = ActionTable(session_actions(session))
    keys = [table[f"move_{which}_to_axon"].shortcuts for which in ("best", "similar", "all")]
    assert keys == [("Alt+A",), ("Ctrl+A",), ("Ctrl+Alt+A",)]


def test_move_actions_pass_group_and_which(session):
    ActionTable(session_actions(session))["move_similar_to_mua"].handler()
    session.move.assert_called_once_with("mua", "similar")


def test_a_range_means_the_clusters_that_exist():
    assert known_ids([range(3, 8), 1, 4], (1, 4, 6, 9)) == [4, 6, 1]
    with pytest.raises(ActionError, match="None of these"):
        known_ids([range(10, 12)], (1, 4))


def test_an_unknown_single_id_is_left_for_the_session_to_refuse():
    assert known_ids([5], (1, 4)) == [5]


@pytest.mark.parametrize(("letters", "column"), [("ns", "n_spikes"), ("de", "depth"), ("NS", "n_spikes")])
def test_sort_letters_name_a_column(letters, column):
    assert column_by_prefix(letters, ("id", "depth", "n_spikes")) == column


def test_no_column_starts_with_the_letters():
    with pytest.raises(ActionError, match="No column starts with zz; there are depth"):
        column_by_prefix("zz", ("id", "depth"))


def test_an_action_is_found_by_id_alias_and_with_hyphens():
    table = ActionTable([Action("next_best", "Next", print, alias="nb")])
    assert [table.find(w).id for w in ("next_best", "nb", "next-best")] == ["next_best"] * 3
    with pytest.raises(SnippetError, match="did you mean next_best"):
        table.resolve("next_bst")


def test_two_actions_with_one_key_are_reported():
    table = ActionTable([Action("a", "A", print, shortcuts=("G",)), Action("b", "B", print, shortcuts=("g",))])
    assert table.conflicts() == {"g": ("a", "b")}
