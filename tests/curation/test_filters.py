"""Filter expressions: what they mean, what is wrong with them, and that nothing is executed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import FilterError
from phy_medicine.curation.filter_tokens import FilterMistake
from phy_medicine.curation.filters import columns_in, compile_filter, in_filter

COLUMNS = {"id": int, "n_spikes": int, "fr": float, "group": str, "note": str, "ch": str, "two words": float}
ROW: dict[str, Any] = {"id": 7, "n_spikes": 120, "fr": 2.5, "group": "good", "note": None, "ch": "12", "two words": 1}


def _holds(expression: str, **cells: Any) -> bool:
    return compile_filter(expression, COLUMNS)({**ROW, **cells})


@pytest.mark.parametrize(
    "expression",
    [
        "n_spikes > 100",
        "n_spikes>100 and group == 'good'",
        'n_spikes > 100 && group = "good"',
        "group === 'good' || fr > 9",
        "group != 'noise'",
        "group !== 'noise' & !(fr > 9)",
        "not fr > 9",
        "100 < n_spikes <= 120",
        "id in [1, 7]",
        "id in (1, 7,)",
        "id not in [1, 2]",
        "group in ('good', 'mua')",
        "'oo' in group",
        "'x' not in group",
        "ch > 9",
        "ch == 12",
        "id in ['7']",
        "n_spikes / 2 - 10 * 5 == 10",
        "-fr < 0 and +fr > 0",
        "n_spikes % 7 == 1",
        "note == None",
        "note is None",
        "note == null",
        "fr is not None",
        "n_spikes",
        "`two words` == 1",
        "fr > 1e0 and fr < .3e1",
        "n_spikes != 'abc'.".replace("'abc'.", "119"),
        "not note",
        "",
        "   ",
        "True",
    ],
)
def test_expressions_that_hold(expression: str) -> None:
    assert _holds(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "n_spikes > 120",
        "group == 'Good'",
        "note == 'x'",
        "note != 'x'",
        "'x' in note",
        "note < 3",
        "note == note",
        "fr > 'abc' + 1".replace("'abc'", "note"),
        "fr / 0 == 1",
        "group > 3",
        "false",
        "fr == None",
        "[1] < [2] < 3",
    ],
)
def test_expressions_that_do_not_hold(expression: str) -> None:
    assert not _holds(expression)


def test_a_cluster_without_a_group_is_unsorted() -> None:
    for expression in ("group == 'unsorted'", "group != 'noise'", "group == None", "None == group", "group is None"):
        assert _holds(expression, group=None)
    assert not _holds("group is not None", group=None)


def test_and_binds_more_than_or_and_not_more_than_and() -> None:
    assert _holds("id == 7 or id == 8 and id == 9")
    assert not _holds("not id == 7 and id == 8 or id == 9")


def test_rows_may_be_functions_that_compute_cells_when_asked() -> None:
    asked: list[str] = []

    def row(name: str) -> Any:
        asked.append(name)
        return ROW[name]

    assert not compile_filter("id == 8 and fr > 1", COLUMNS)(row)
    assert asked == ["id"]


def test_columns_may_be_names_alone() -> None:
    assert compile_filter("id == 7", ["id"])({"id": 7})


@pytest.mark.parametrize(
    ("expression", "position", "suggestion", "words"),
    [
        ("nspikes > 3", 0, "n_spikes", "no column nspikes"),
        ("id == 3 and grup == 'x'", 12, "group", "no column grup"),
        ("zzzzzz", 0, "", "text must be in quotes"),
        ("id >", 4, "", "missing"),
        ("id > > 3", 5, "", "cannot stand here"),
        ("(id > 3", 0, "", "never closed"),
        ("id in [3", 6, "", "never closed"),
        ("()", 0, "", "nothing between"),
        ("group == 'good", 9, "", "never ends"),
        ("id > 3 $", 7, "", "no meaning"),
        ("id > 3 4", 7, "", "not expected"),
        ("id not 3", 7, "", "needs 'in'"),
        ("n_spikes == 'many'", 12, "", "holds numbers"),
        ("'many' < fr", 0, "", "holds numbers"),
        ("id.__class__", 2, "", "no meaning"),
        ("exec('x')", 0, "", "no column exec"),
        ("(" * 80 + "id", 51, "", "nested too deeply"),
    ],
)
def test_a_mistake_is_shown_with_its_place_and_what_was_meant(
    expression: str, position: int, suggestion: str, words: str
) -> None:
    with pytest.raises(FilterMistake, match=words) as caught:
        compile_filter(expression, COLUMNS)
    assert (caught.value.position, caught.value.suggestion) == (position, suggestion)


def test_the_sentence_says_all() -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter("nspikes > 3", COLUMNS)
    assert str(caught.value) == (
        "There is no column nspikes, and text must be in quotes, at character 1. Did you mean n_spikes?"
    )


@given(st.text(max_size=30))
def test_any_text_is_a_filter_or_a_filter_error(text: str) -> None:
    try:
        keep = compile_filter(text, COLUMNS)
    except FilterError:
        return
    assert keep(ROW) in (True, False)


WORDS = ["id", "fr", "note", "group", "3", "2.5", "'good'", "None", "(", ")", "[", "]", ",", "and", "or", "not", "in"]


@given(st.lists(st.sampled_from([*WORDS, "==", "!=", "<", ">=", "+", "-", "*", "/", "%", "is"]), max_size=12))
def test_any_words_are_a_filter_or_a_filter_error(words: list[str]) -> None:
    test_any_text_is_a_filter_or_a_filter_error.hypothesis.inner_test(" ".join(words))  # type: ignore[attr-defined]


NUMBERS = st.sampled_from(["id", "fr", "n_spikes", "3", "2.5", "0"])
PLAIN = st.recursive(
    st.tuples(NUMBERS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), NUMBERS).map(" ".join),
    lambda part: st.one_of(
        part.map("not ({})".format), st.tuples(part, st.sampled_from([" and ", " or "]), part).map("".join)
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_numbers_compare_as_in_python(expression: str) -> None:
    assert _holds(expression) == bool(eval(expression, {"__builtins__": {}}, dict(ROW)))


@given(name=st.text(min_size=1, max_size=12).filter(str.strip), value=st.floats(-5, 5))
def test_a_column_of_any_name_is_found_and_compared(name: str, value: float) -> None:
    expression = f"{in_filter(name)} > 1.5"
    assert compile_filter(expression, [name])({name: value}) == (value > 1.5)
    assert columns_in(expression) == (name,)


@pytest.mark.parametrize("name", ["fr", "n_spikes", "Größe"])
def test_a_plain_name_needs_no_backquotes(name: str) -> None:
    assert in_filter(name) == name


@pytest.mark.parametrize("name", ["numRPV/numSpikes", "two words", "in", "NOT", "null", "3d", "a`b"])
def test_other_names_stand_between_backquotes(name: str) -> None:
    assert in_filter(name)[0] == "`"


def test_columns_are_named_once_and_text_is_none() -> None:
    assert columns_in("fr > 3 and (fr < `two words` or note == 'id') and group in ['good']") == (
        "fr", "two words", "note", "group",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("note ~ 'ST.*e$'", True), ("note ~ 'x'", False), ("note !~ 'x'", True), ("note !~ 'strange'", False),
        ("n_spikes ~ '^12'", True), ("note ~ 'range' and id == 7", True), ("not note ~ 'x'", True),
    ],
)  # fmt: skip
def test_text_matches_a_regular_expression_whatever_the_case(expression: str, shown: bool) -> None:
    assert _holds(expression, note="strange") == shown


def test_an_empty_cell_matches_nothing() -> None:
    assert not _holds("note ~ ''") and not _holds("note !~ 'x'")


@pytest.mark.parametrize("expression", ["note ~ '('", "note ~ 3", "note ~", "note ~ id"])
def test_after_the_tilde_comes_a_regular_expression_in_quotes(expression: str) -> None:
    with pytest.raises(FilterError):
        _holds(expression, note="x")
