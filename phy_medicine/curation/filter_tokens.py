"""Cut a filter expression into words; both Python's and JavaScript's operators are understood."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from phy_medicine.base.errors import FilterError
from phy_medicine.base.words import shortened

Kind = Literal["number", "text", "name", "sign", "end"]


class FilterMistake(FilterError):
    """What is wrong with a filter, where, and what may have been meant.

    position : place in the expression, the first character is 0; suggestion : a name, or ""
    """

    def __init__(self, sentence: str, position: int, suggestion: str = "") -> None:
        hint = f" Did you mean {shortened(suggestion)}?" if suggestion else ""
        super().__init__(f"{sentence}, at character {position + 1}.{hint}")
        self.position = position
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True)
class Token:
    """One word of an expression."""

    kind: Kind
    text: str
    position: int
    value: float | int | str | None = None


_MOST_DIGITS = 300
"""Of a whole number; a longer one is more than any float can be."""
_WORD = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<name>[^\W\d]\w*|`(?:[^`]|``)+`)
      | (?P<sign>===|!==|<=|>=|==|!=|!~|<>|&&|\|\||[-+*/%<>=!&|~()\[\],])
    """,
    re.VERBOSE,
)

_SAME = {
    "===": "==", "=": "==", "!==": "!=", "<>": "!=", "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not",
    "AND": "and", "OR": "or", "NOT": "not", "IN": "in",
    "none": "None", "null": "None", "undefined": "None", "true": "True", "false": "False",
}  # fmt: skip
WORDS = frozenset({"and", "or", "not", "in", "is", "None", "True", "False"})


def is_word(name: str) -> bool:
    """Whether a name is one word of the language: letters, digits and underscores, not beginning with a digit."""
    return re.fullmatch(r"[^\W\d]\w*", name) is not None


def tokens(expression: str) -> list[Token]:
    """Return the words of an expression, the last one of kind "end".

    A column whose name is not one word is written between backquotes; a backquote in the name is doubled.

    Raises
    ------
    FilterMistake : a character that has no meaning, or a text without its closing quote
    """
    found: list[Token] = []
    place = 0
    while place < len(expression):
        match = _WORD.match(expression, place)
        if match is None:
            character = expression[place]
            what = f"The text that starts with {character} never ends" if character in "'\"`" else ""
            raise FilterMistake(what or f"{character!r} has no meaning here", place)
        if match.lastgroup != "space":
            found.append(_token(str(match.lastgroup), match.group(), place))
        place = match.end()
    return [*found, Token("end", "", len(expression))]


def _token(kind: str, text: str, position: int) -> Token:
    """One word with its value."""
    if kind == "number":
        whole = text.isdigit() and len(text) <= _MOST_DIGITS
        return Token("number", text, position, int(text) if whole else float(text))
    if kind == "text":
        return Token("text", text, position, re.sub(r"\\(.)", r"\1", text[1:-1]))
    if text.startswith("`"):
        return Token("name", text[1:-1].replace("``", "`"), position)
    text = _SAME.get(text, text)
    return Token("sign" if kind == "sign" or text in WORDS else "name", text, position)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the name that is most like a mistyped one, "" if none is."""
    import difflib

    plain = {other.casefold().replace("_", ""): other for other in names}
    found = difflib.get_close_matches(name.casefold().replace("_", ""), plain, n=1, cutoff=0.5)
    return plain[found[0]] if found else ""
