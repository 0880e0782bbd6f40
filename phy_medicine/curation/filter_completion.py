"""What may follow in a filter that is being typed: names of columns, then signs, then values of that column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from phy_medicine.curation.filter_tokens import FilterMistake, Token, is_word, tokens
from phy_medicine.curation.filters import in_filter

Values = Callable[[str], Sequence[str]]
"""Texts that occur in a column; none for a column of numbers."""

_SIGNS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "~")
_TEXT_SIGNS = ("==", "!=", "in", "~")
_JOINTS = ("and", "or")
_COMPARING = frozenset({"==", "!=", "<", "<=", ">", ">=", "~", "!~", "is", "in"})
_MOST = 12


@dataclass(frozen=True, slots=True)
class Completion:
    """Words that may stand where the cursor is.

    start : place of the character that they begin to replace
    words : likeliest first; empty when nothing is to be proposed
    """

    start: int
    words: tuple[str, ...] = ()

    def applied(self, text: str, cursor: int, word: str) -> tuple[str, int]:
        """Return the text with a word put in and a space after it, and the place of the cursor then."""
        head = text[: self.start] + word + " "
        return head + text[cursor:].lstrip(), len(head)


def complete_filter(text: str, cursor: int, columns: Sequence[str], values: Values) -> Completion:
    """Return what may follow in a filter.

    Parameters
    ----------
    cursor : place in the text; what stands after it is not looked at
    columns : names, in the order in which they are proposed
    """
    cut = _cut(text[:cursor])
    if cut is None:
        return Completion(cursor)
    words, start = cut
    part = text[start:cursor]
    if not part and words and words[-1].kind != "sign" and not text[start - 1].isspace():
        return Completion(cursor)
    return Completion(start, _begun(part, _possible(words, columns, values))[:_MOST])


def _cut(before: str) -> tuple[list[Token], int] | None:
    """Return the words that are complete, and where the one that is being typed begins.

    A name may go on, and so may a text or a name between quotes that is not closed yet. None where a character has no
    meaning.
    """
    try:
        words = tokens(before)[:-1]
    except FilterMistake as mistake:
        if before[mistake.position] not in "'\"`":
            return None
        return tokens(before[: mistake.position])[:-1], mistake.position
    last = words[-1] if words else None
    grows = last is not None and is_word(before[last.position :])
    return (words[:-1], last.position) if last is not None and grows else (words, len(before))


def _possible(words: Sequence[Token], columns: Sequence[str], values: Values) -> list[str]:
    """What can stand after these words."""
    last = words[-1] if words else None
    if last is None or last.text in (*_JOINTS, "not", "(") or (last.kind == "sign" and last.text in "+-*/%"):
        return [in_filter(c) for c in columns]
    compared = _compared_column(words, columns)
    if last.kind == "name" and len(words) > 1 and words[-2].text in _COMPARING:
        return list(_JOINTS)
    if last.kind == "name":
        signs = _TEXT_SIGNS if values(last.text) else _SIGNS
        return [*signs, *_JOINTS] if last.text in columns else []
    if compared is not None:
        return [_quoted(value) for value in values(compared)] or (
            [] if last.text == "in" else _names(columns, compared)
        )
    return list(_JOINTS) if last.kind in ("number", "text") or last.text in (")", "]", "None", "True", "False") else []


def _compared_column(words: Sequence[Token], columns: Sequence[str]) -> str | None:
    """The column whose value is awaited: after a sign of comparison, or within a list after `in [`."""
    place = len(words) - 1
    while place > 0 and (words[place].text in ("[", ",") or words[place].kind in ("text", "number")):
        if words[place].kind in ("text", "number") and place == len(words) - 1:
            return None
        place -= 1
    if place < 1 or words[place].text not in _COMPARING:
        return None
    place -= 1
    if place > 0 and words[place].text == "not":
        place -= 1
    return words[place].text if words[place].kind == "name" and words[place].text in columns else None


def _names(columns: Sequence[str], but: str) -> list[str]:
    return [in_filter(c) for c in columns if c != but]


def _begun(part: str, possible: Sequence[str]) -> tuple[str, ...]:
    """Those that go on from what is typed, whatever the case; a column also by a later part of its name."""
    if not part:
        return tuple(possible)
    typed = part.strip("`'\"").casefold()
    plain = [(word.strip("`'\"").casefold(), word) for word in possible]
    first = [word for name, word in plain if name.startswith(typed) and word != part]
    later = [word for name, word in plain if typed in name and not name.startswith(typed)] if len(typed) > 1 else []
    return (*first, *later)


def _quoted(value: str) -> str:
    """A text as a filter has it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
