"""Regular expressions that always end: `(a+)+$` on forty letters takes Python's own search longer than a life.

Python's search tries one way after the other; with repeats inside or beside repeats there are too many. Here all ways
are followed at once, letter by letter, so that time grows as the length of the text times that of the expression.

Source: Thompson 1968, Commun. ACM 11:419.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

LONGEST_TEXT = 500
"""Letters of a text that are looked at; 0.05 s for the largest expression."""
_LARGEST = 300
"""Most states; `(a{99}){99}` would have ten thousand."""
_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s", op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)
_NO_OTHER = "only letters, classes, groups, repeats, | and ^ $ \\b are understood here"


@dataclass(slots=True)
class _State:
    """Takes a letter that `test` accepts, or none where `holds` is true, and goes on to `after`."""

    test: Callable[[str], bool] | None = None
    holds: Callable[[str, int], bool] | None = None
    after: list[_State] = field(default_factory=list)


class Pattern:
    """An expression that can be looked for in the first 500 letters of any text, whatever their case.

    Raises
    ------
    ValueError : it is none, is too large, or needs to remember what it found, as `(a)\\1` does
    """

    def __init__(self, text: str) -> None:
        self._n_states = 0
        self._end = _State()
        try:
            self._python = re.compile(text, re.IGNORECASE)
            parsed = _parser.parse(text, re.IGNORECASE)
            self._quick = _is_quick(parsed)
            self._start = self._end if self._quick else self._all(parsed, parsed.state.flags, self._end)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        except (re.error, OverflowError) as error:
            raise ValueError(str(error)) from None

    def is_in(self, text: str) -> bool:
        """Whether the expression is found anywhere in a text."""
        text = text[:LONGEST_TEXT]
        if self._quick:
            return self._python.search(text) is not None
        found: dict[int, _State] = {}
        for place in range(len(text) + 1):
            there = self._reached([self._start, *found.values()], text, place)
            if id(self._end) in there:
                return True
            letter = text[place : place + 1]
            taken = [s for s in there.values() if letter and s.test is not None and s.test(letter)]
            found = {id(after): after for state in taken for after in state.after}
        return False

    @staticmethod
    def _reached(states: Iterable[_State], text: str, place: int) -> dict[int, _State]:
        """Return the states that can be reached at a place without taking a letter."""
        there: dict[int, _State] = {}
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if id(state) in there:
                continue
            there[id(state)] = state
            if state.test is None and (state.holds is None or state.holds(text, place)):
                waiting += state.after
        return there

    # Making the states, each before what comes after it

    def _new(self, *after: _State, **what: Any) -> _State:
        self._n_states += 1
        if self._n_states > _LARGEST:
            raise ValueError("its repeats are too many")
        return _State(after=list(after), **what)

    def _all(self, parts: Any, flags: int, after: _State) -> _State:
        for kind, value in reversed(list(parts)):
            after = self._one(kind, value, flags, after)
        return after

    def _one(self, kind: Any, value: Any, flags: int, after: _State) -> _State:
        if kind in _REPEATS:
            low, high, inner = value
            return self._repeat(low, high, inner, flags=flags, after=after)
        if kind is op.BRANCH:
            return self._new(*[self._all(way, flags, after) for way in value[1]])
        if kind is op.SUBPATTERN:
            _, added, removed, inner = value
            return self._all(inner, (flags | added) & ~removed, after)
        if kind is op.AT:
            return self._new(after, holds=_place(value, flags))
        return self._new(after, test=_letter(kind, value, flags))

    def _repeat(self, low: int, high: int, inner: Any, *, flags: int, after: _State) -> _State:
        if high == op.MAXREPEAT:
            again = self._new(after)
            again.after.insert(0, self._all(inner, flags, again))
            after = again
        else:
            end = after
            for _ in range(high - low):
                after = self._new(self._all(inner, flags, after), end)
        for _ in range(low):
            after = self._all(inner, flags, after)
        return after


def _is_quick(parsed: Any) -> bool:
    """Whether Python finds it in time that grows with the square of a text at most: one repeat of one letter."""
    repeats = [value for kind, value in _parts(parsed) if kind in _REPEATS]
    others = {kind for kind, _ in _parts(parsed)} - {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN, op.AT, *_REPEATS}
    return not others and (not repeats or (len(repeats) == 1 and len(repeats[0][2]) == 1))


def _parts(parsed: Any) -> Iterable[tuple[Any, Any]]:
    """Give the parts of an expression, and those that are repeated."""
    for kind, value in parsed:
        yield kind, value
        if kind in _REPEATS:
            yield from _parts(value[2])


def _letter(kind: Any, value: Any, flags: int) -> Callable[[str], bool]:
    """Return the test of one letter, with Python's own rules for classes and case."""
    if kind is op.ANY:
        source = "."
    elif kind in (op.LITERAL, op.NOT_LITERAL):
        source = f"[{'^' if kind is op.NOT_LITERAL else ''}{_escaped(value)}]"
    elif kind is op.IN:
        source = f"[{''.join(_in_class(*item) for item in value)}]"
    else:
        raise ValueError(_NO_OTHER)
    match, known = re.compile(source, flags & ~re.VERBOSE & ~re.DEBUG).fullmatch, dict[str, bool]()

    def test(letter: str) -> bool:
        if letter not in known:
            known[letter] = match(letter) is not None
        return known[letter]

    return test


def _in_class(kind: Any, value: Any) -> str:
    if kind is op.NEGATE:
        return "^"
    if kind is op.LITERAL:
        return _escaped(value)
    return f"{_escaped(value[0])}-{_escaped(value[1])}" if kind is op.RANGE else _CATEGORIES[value]


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


def _place(kind: Any, flags: int) -> Callable[[str, int], bool]:
    """Return the test of a place in a text."""
    lines = bool(flags & re.MULTILINE)
    is_word = re.compile(r"\w", flags & (re.ASCII | re.UNICODE)).match

    def at_word(text: str, place: int) -> bool:
        before, after = (is_word(text[i : i + 1]) is not None and i >= 0 for i in (place - 1, place))
        return before != after

    if kind in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
        lines = lines and kind is op.AT_BEGINNING
        return lambda text, place: place == 0 or (lines and text[place - 1] == "\n")
    if kind is op.AT_END_STRING:
        return lambda text, place: place == len(text)
    if kind is op.AT_END:
        return lambda text, place: text[place:] in ("", "\n") or (lines and text[place] == "\n")
    if kind is op.AT_BOUNDARY:
        return at_word
    return lambda text, place: bool(text) and not at_word(text, place)
