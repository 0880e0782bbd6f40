"""The snippet line: what a person types is what the action gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import SnippetError
from phy_medicine.session.actions import Action, ActionTable, Arg
from phy_medicine.session.snippets import SnippetHistory, complete, parse, quote, words_of

COLUMN, ORDER = Arg("column", choices=("depth", "fr")), Arg("order", "word", True)
GROUP, WHICH = Arg("group", choices=("good",)), Arg("which", "word", True, ("best",))


def make_table() -> ActionTable:
    nothing = lambda *args: args  # noqa: E731
    return ActionTable(
        (
            Action("select", "Select...", nothing, alias="c", args=(Arg("ids", "ids"),)),
            Action("merge", "Merge", nothing, alias="g"),
            Action(
                "label",
                "Label...",
                nothing,
                alias="l",
                args=(Arg("field", choices=("quality", "note")), Arg("value", "rest", True)),
            ),
            Action("filter", "Filter...", nothing, alias="f", args=(Arg("expression", "rest", True),)),
            Action(
                "sort",
                "Sort by...",
                nothing,
                alias="s",
                args=(COLUMN, ORDER),
            ),
            Action("sort_prefix", "Sort", nothing, args=(Arg("letters"), ORDER)),
            Action(
                "move",
                "Move...",
                nothing,
                args=(GROUP, WHICH),
            ),
            Action("ts", "Shift", nothing, args=(Arg("s", "value"),)),
        )
    )


@pytest.mark.parametrize(
    ("line", "action_id", "args"),
    [
        (":c 1 2 3", "select", ((1, 2, 3),)),
        ("c 1,2", "select", ((1, 2),)),
        (":c 4-7, 9", "select", ((range(4, 8), 9),)),
        ("::c\t1,2\n", "select", ((1, 2),)),
        ("c\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}2", "select", ((1, 2),)),
        (":g", "merge", ()),
        ("merge", "merge", ()),
        (":l quality a b-c", "label", ("quality", "a b-c")),
        (':l quality "very good"', "label", ("quality", "very good")),
        (":l quality it's", "label", ("quality", "it's")),
        (":l quality", "label", ("quality",)),
        (":f n_spikes > 10", "filter", ("n_spikes > 10",)),
        (":f group != 'a-b' and fr < -3", "filter", ("group != 'a-b' and fr < -3",)),
        (":f", "filter", ()),
        (":s depth asc", "sort", ("depth", "asc")),
        (":sde", "sort_prefix", ("de",)),
        (":sfr asc", "sort_prefix", ("fr", "asc")),
        (":move good all", "move", ("good", "all")),
        (":ts -3", "ts", (-3,)),
        (":ts 2.5e-1", "ts", (0.25,)),
        (':ts "5"', "ts", ("5",)),
    ],
)
def test_a_line_gives_the_action_and_its_arguments(line, action_id, args):
    call = parse(line, make_table())
    assert (call.action.id, call.args) == (action_id, args)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("", "Type the name"),
        (":", "Type the name"),
        (":mrge", "did you mean merge?"),
        (":c", "needs ids: :c ids"),
        (":c x", "'x' is not a cluster id"),
        (":c -3", "'-3' is not a cluster id"),
        (":c 7-4", "must go up"),
        (":c 1-999999999", "must go up"),
        (":g 3", "does not take '3'"),
        (':move "good', "quote"),
        (":move good all more", "does not take 'more'"),
    ],
)
def test_a_wrong_line_gives_a_sentence(line, part):
    with pytest.raises(SnippetError, match="(?i)" + part.replace("?", r"\?")):
        parse(line, make_table())


@given(st.lists(st.text(st.characters(exclude_characters="\"'\n\r", exclude_categories=["Z", "C"]), min_size=1)))
def test_words_without_quotes_come_back_as_they_are(words):
    assert [w.text for w in words_of(" ".join(words))] == words


@given(st.text(st.characters(exclude_characters='"')))
def test_a_quoted_text_is_one_word(text):
    line = f'a "{text}" b'
    assert [w.text for w in words_of(line)] == ["a", text, "b"]


@given(st.text(max_size=30))
def test_any_line_is_parsed_or_refused_with_a_sentence(line):
    try:
        parse(line, make_table())
    except SnippetError as error:
        assert str(error)


def test_completion_offers_names_then_values():
    table = make_table()
    assert complete(":m", table) == ("merge", "move")
    assert complete(":l q", table) == (":l quality",)
    assert complete(":s ", table) == (":s depth", ":s fr")
    assert complete(":move good b", table) == (":move good best",)
    assert complete(":nothing x", table) == ()


def test_quote_makes_one_word():
    assert [quote(t) for t in ("depth", "very good", "")] == ["depth", '"very good"', '""']


def test_history_goes_back_and_returns_to_what_was_typed():
    history = SnippetHistory()
    history.add(":c 1")
    history.add(":g")
    history.add(":c 1")
    assert history.lines == (":g", ":c 1")
    assert [history.older(":x"), history.older(":c 1"), history.older(":g")] == [":c 1", ":g", ":g"]
    assert [history.newer(), history.newer(), history.newer()] == [":c 1", ":x", ":x"]
