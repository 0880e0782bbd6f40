"""Finding an action by a few letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.session.action_search import match, search
from phy_medicine.session.actions import Action


def action(id_: str, text: str, **more) -> Action:
    return Action(id_, text, lambda: None, **more)


ACTIONS = (
    action("save", "Save", menu="File"),
    action("merge", "Merge", alias="g", menu="Edit"),
    action("move_best_to_good", "Move best to good", menu="Edit"),
    action("move_best_to_noise", "Move best to noise", menu="Edit"),
    action("next_best", "Next best"),
    action("unselect_similar", "Unselect similar"),
    action("screenshot", "Screenshot"),
    action("go_to", "Go to...", alias="tg", owner="TraceView"),
    action("image_go_to", "Go to...", alias="tig", owner="TraceImageView"),
)


def ids(query: str, **more) -> list[str]:
    return [found.action.id for found in search(query, ACTIONS, **more)]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("sa", "save"),
        ("good", "move_best_to_good"),
        ("mbg", "move_best_to_good"),
        ("nb", "next_best"),
        ("best next", "next_best"),
        ("g", "merge"),
        ("tg", "go_to"),
        ("shot", "screenshot"),
        ("unsim", "unselect_similar"),
        ("image go", "image_go_to"),
        ("next_best", "next_best"),
        ("MERGE", "merge"),
    ],
)
def test_the_action_that_is_meant_comes_first(query, first):
    assert ids(query)[0] == first


def test_beginnings_come_before_the_middle_and_scattered_letters():
    words = [action("a", "Best channel"), action("b", "Next best"), action("c", "Unbest"), action("d", "Big east")]
    assert [f.action.id for f in search("best", words)] == ["a", "b", "c", "d"]


def test_without_a_query_what_was_used_lately_comes_first_then_the_order_of_the_menus():
    assert ids("", recent=["next_best", "merge"])[:3] == ["next_best", "merge", "save"]


def test_among_equals_what_was_used_lately_comes_first_but_not_before_a_better_match():
    assert ids("move best")[0] == "move_best_to_good"
    assert ids("move best", recent=["move_best_to_noise"])[0] == "move_best_to_noise"
    assert ids("sa", recent=["unselect_similar"])[0] == "save"


def test_what_cannot_be_used_now_comes_last_with_the_reason():
    found = search("e", ACTIONS, reason_of=lambda a: "Nothing to merge" if a.id == "merge" else "")
    assert (found[-1].action.id, found[-1].reason) == ("merge", "Nothing to merge")


def test_what_fits_nothing_finds_nothing():
    assert ids("xyzzy") == []


def test_the_places_are_those_of_the_letters():
    found = search("mbg", ACTIONS)[0]
    assert "".join(found.action.text[i] for i in found.places) == "Mbg"


def is_scattered(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


@given(st.text("ab c", max_size=4), st.text("abc ", max_size=12))
def test_places_spell_the_letters_in_order(letters, text):
    found = match(letters, text)
    if found is not None:
        assert "".join(text[i] for i in found.places) == letters
        assert list(found.places) == sorted(set(found.places))
    else:
        assert letters not in text
    assert found is None or is_scattered(letters, text)
