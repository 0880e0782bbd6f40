"""Readers of what a person types: filters, and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from phy_medicine.curation.filters import columns_in, compile_filter, in_filter
from phy_medicine.session.actions import Action, ActionTable, Arg
from phy_medicine.session.snippets import complete, parse, quote, words_of
from tests.fuzz import shapes
from tests.fuzz.target import Target, texts

_COLUMNS = {
    "id": int,
    "n_spikes": int,
    "group": str,
    "depth": float,
    "fr": float,
    "note": str,
    "a b": str,
    "x`y": object,
}
_ROWS: tuple[dict[str, Any], ...] = (
    {"id": 3, "n_spikes": 1000, "group": "good", "depth": 1.5, "fr": 0.1, "note": "abc", "a b": "1", "x`y": True},
    {
        "id": 0,
        "n_spikes": 0,
        "group": None,
        "depth": float("nan"),
        "fr": float("inf"),
        "note": "a" * 40 + "!",
        "a b": None,
    },
    {
        "id": 2**40,
        "n_spikes": 10**400,
        "group": "0",
        "depth": -1e308,
        "fr": 5e-324,
        "note": "9" * 5000,
        "a b": "٣",
        "x`y": 2,
    },
)
_FILTER = texts(
    "n_spikes > 100 and group != 'noise'",
    "id in [1, 2, 3] or not (depth < 5 && fr >= 0.5)",
    "note ~ 'a.*b' and `a b` == None",
    "group === 'good' || group !== null",
    "'x' in note",
    "1 < depth <= 2",
    "-n_spikes * 3 / 0 % 2 + 1 > (2)",
    "note ~ '(a+)+$'",
    "note ~ '(a|a)*b'",
    "note ~ '(?:a?){30}a{30}x'",
    "note !~ '^\\\\w+\\\\s*[^x-z]'",
    "note is not none",
)
_FILTER_WORDS = texts(
    "id",
    "n_spikes",
    "group",
    "depth",
    "fr",
    "note",
    "`a b`",
    "`x``y`",
    " and ",
    " or ",
    "not ",
    "&&",
    "||",
    "!",
    "==",
    "===",
    "!=",
    "<=",
    "<",
    " in ",
    "not in",
    " is ",
    "~",
    "!~",
    "None",
    "True",
    "(",
    ")",
    "[",
    "]",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "'a'",
    "'(a+)+$'",
    "'(?P<x>a)(?P=x)'",
    "'(?<=a)b'",
    "'[a-z]{2,}'",
    "'a{99999}'",
    "'((a*)*)*b'",
    "1e999",
    "9" * 5000,
    "0",
    "1.5",
    "'",
    '"',
    "\\",
)
_PATTERNS = shapes.lines_of(
    [
        "a",
        "b",
        "!",
        ".",
        "\\w",
        "\\d",
        "\\s",
        "\\b",
        "[a-c]",
        "[^a]",
        "(",
        ")",
        "(?:",
        "(?i)",
        "(?=",
        "|",
        "*",
        "+",
        "?",
        "{2}",
        "{1,}",
        "{30}",
        "{999999999}",
        "^",
        "$",
        "\\1",
        "\\Z",
        "*?",
        "++",
        "\\x61",
        "\\N{BULLET}",
        "(?P<n>",
    ],
    glue=("",),
).map(lambda data: b"note ~ '" + data.replace(b"'", b"").replace(b"\\", b"\\\\") + b"'")


def _filter(data: bytes, folder: Path) -> None:
    text = data.decode("utf-8", "surrogateescape")
    test = compile_filter(text, _COLUMNS)
    assert all(isinstance(test(row), bool) for row in _ROWS)
    assert columns_in(text) is not None
    for name in columns_in(text):
        assert columns_in(in_filter(name)) == (name,)


def _table() -> ActionTable:
    def take(*args: Any) -> tuple[Any, ...]:
        return args

    choices = ("wide", "two words", "it's", 'a "b"', "")
    return ActionTable(
        [
            Action("select", "Select", take, alias="c", args=(Arg("ids", "ids"),)),
            Action("filter", "Filter", take, alias="f", args=(Arg("text", "rest", optional=True),)),
            Action("sort_prefix", "Sort", take, args=(Arg("name"), Arg("way", optional=True))),
            Action(
                "label",
                "Label...",
                take,
                alias="l",
                args=(Arg("field", choices=choices), Arg("value", "value", optional=True)),
            ),
            Action("set_shortcut", "Key", take, args=(Arg("action", choices=lambda: choices), Arg("key", "rest"))),
            Action("merge", "Merge", take, shortcuts=("G",), alias="g"),
        ]
    )


ACTIONS = _table()
LINES = texts(
    ":c 3 5-9,11",
    ":f n_spikes > 10",
    "label note 'two words'",
    ":sde asc",
    "set-shortcut merge Ctrl+M",
    ":l x -1.5e3",
    "::g",
    ':l "a b" "it\'s"',
    ":c 0-99999999999999999999",
    "c ٣ ²-³",
    ":label 'open",
    ":c " + "9" * 5000,
)
LINE_WORDS = texts(
    ":",
    "c ",
    "f ",
    "l ",
    "g",
    "sns",
    "label ",
    "set-shortcut ",
    "3-7",
    "0-99999",
    "1,2",
    "-",
    "'",
    '"',
    " ",
    "\t",
    "1e5",
    ".5",
    "1e999",
    "+",
    "²",
    "٣",
    "\x1c",
    "\x85",
    "9" * 5000,
)


def _snippet(data: bytes, folder: Path) -> None:
    line = data.decode("utf-8", "surrogateescape")
    for longer in complete(line, ACTIONS):
        assert isinstance(longer, str)
    parse(line, ACTIONS).run()
    for word in words_of(line):
        if not set(word.text) & set("\"'"):
            assert [w.text for w in words_of(quote(word.text))] == [word.text]


def targets() -> tuple[Target, ...]:
    """Return the readers of what is typed."""
    return (
        Target(
            "filter",
            "filters",
            _filter,
            seeds=_FILTER,
            words=_FILTER_WORDS,
            shapes=st.one_of(shapes.lines_of([w.decode() for w in _FILTER_WORDS], glue=("", " ")), _PATTERNS),
        ),
        Target(
            "snippet",
            "command line",
            _snippet,
            seeds=LINES,
            words=LINE_WORDS,
            shapes=shapes.lines_of([w.decode() for w in LINE_WORDS], glue=("", " ")),
        ),
    )
