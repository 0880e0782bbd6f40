"""The command line: `:c 3 5`, `:f n_spikes > 10`, `:sns`; one parser for the window and for `--do`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from phy_medicine.base.errors import SnippetError
from phy_medicine.base.words import shown
from phy_medicine.session.actions import Action, ActionTable, Arg

MAX_RANGE = 100_000
"""Longest id range that may be typed; more is a slip of the finger."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_IDS = re.compile(r"(\d{1,19})(?:-(\d{1,19}))?")
_WORD = re.compile(r"""\s*((?:[^\s"']|"[^"]*"|'[^']*')+)""")
_START = re.compile(r"[\s:]*")
_SORT_PREFIX = re.compile(r"s([a-zA-Z]{2,})\Z")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line; start, stop : its place in the line, quotes included."""

    text: str
    quoted: bool
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Call:
    """A parsed line: what to do, and with what."""

    action: Action
    args: tuple[Any, ...] = ()

    def run(self) -> Any:
        """Do it and return what the handler returns."""
        return self.action.handler(*self.args)


def words_of(line: str) -> tuple[Word, ...]:
    """Cut a line into words as a shell does; no escape sign, so that any path can be typed.

    Raises
    ------
    SnippetError : a quote is not closed
    """
    words: list[Word] = []
    position = 0
    while line[position:].strip():
        words.append(_next_word(line, position))
        position = words[-1].stop
    return tuple(words)


def _next_word(line: str, position: int) -> Word:
    """Return the word that begins here or after spaces; what follows it may be anything."""
    match = _WORD.match(line, position)
    stop = match.end() if match else position
    if match is None or line[stop : stop + 1] in ("'", '"'):
        mark = line[stop:].lstrip()[0]
        raise SnippetError(f"The quote {mark} is not closed in {shown(line.strip())}.")
    raw = match.group(1)
    text = re.sub(r"\"([^\"]*)\"|'([^']*)'", lambda m: m.group(1) or m.group(2) or "", raw)
    return Word(text, raw[0] in "\"'", match.start(1), stop)


def bare(line: str) -> str:
    """Return a line without the colon that it begins with; without two, when it was pasted after one."""
    return _START.sub("", line, count=1)


def parse(line: str, table: ActionTable) -> Call:
    """Understand a line, with or without its leading colon.

    Raises
    ------
    SnippetError : unknown action, wrong arguments, or a quote that is not closed
    """
    words = bare(line).rstrip().split(maxsplit=1)
    if not words:
        raise SnippetError("Type the name of an action; press H for the list.")
    name, tail = words[0], "".join(words[1:])
    action, tail = _action_of(name, tail, table)
    return Call(action, tuple(_arguments(action, tail)))


def _action_of(name: str, tail: str, table: ActionTable) -> tuple[Action, str]:
    """Return the action, and the arguments as typed; `:sde` becomes the sort by the column starting with `de`."""
    if (action := table.find(name)) is not None:
        return action, tail
    prefix = _SORT_PREFIX.match(name)
    if prefix and (sort := table.find("sort_prefix")) is not None:
        return sort, f"{prefix.group(1)} {tail}"
    return table.resolve(name), tail


def _arguments(action: Action, tail: str) -> Iterator[Any]:
    """Give the values of the arguments in order.

    Raises
    ------
    SnippetError : one is missing, cannot be read, or there are too many
    """
    position = 0
    for arg in action.args:
        rest = tail[position:].strip()
        if not rest:
            if arg.optional:
                return
            raise SnippetError(f"{action.text.rstrip('.')} needs {arg.name}: {action.usage}")
        if arg.kind == "rest":
            yield _unquoted(rest)
            return
        if arg.kind == "ids":
            yield tuple(_ids(words_of(rest)))
            return
        word = _next_word(tail, position)
        yield _value(word) if arg.kind == "value" else word.text
        position = word.stop
    extra = tail[position:].strip()
    if extra:
        raise SnippetError(f"{action.text.rstrip('.')} does not take {shown(extra)}: {action.usage}")


def _unquoted(rest: str) -> str:
    """Drop quotes that hold the whole text; keep all others."""
    if len(rest) > 1 and rest[0] == rest[-1] and rest[0] in "\"'" and rest[0] not in rest[1:-1]:
        return rest[1:-1]
    return rest


def _value(word: Word) -> int | float | str:
    """A number where the word is one, except in quotes."""
    if word.quoted or not _NUMBER.match(word.text):
        return word.text
    return int(word.text) if re.fullmatch(r"[+-]?\d{1,300}", word.text) else float(word.text)


def _ids(words: tuple[Word, ...]) -> Iterator[int | range]:
    """Ids and id ranges, separated by spaces or commas."""
    for piece in (p for w in words for p in w.text.split(",") if p):
        match = _IDS.fullmatch(piece)
        if match is None:
            raise SnippetError(f"{shown(piece)} is not a cluster id, nor a range such as 4-7.")
        if match[2] is None:
            yield int(match[1])
            continue
        first, last = int(match[1]), int(match[2])
        if last < first or last - first >= MAX_RANGE:
            raise SnippetError(f"The range {piece} must go up, over fewer than {MAX_RANGE:,} ids.")
        yield range(first, last + 1)


def quote(text: str) -> str:
    """Return the text as one word of a line."""
    plain = text and not any(sign.isspace() or sign in "\"'" for sign in text)
    return text if plain else f'"{text}"'


def complete(line: str, table: ActionTable) -> tuple[str, ...]:
    """Return whole lines that go on from this one, best first."""
    name, space, tail = bare(line).partition(" ")
    if not space:
        return tuple(n for n in table.names() if n.startswith(name) and n != "sort_prefix")
    action = table.find(name)
    if action is None or not action.args:
        return ()
    try:
        words = words_of(tail)
    except SnippetError:
        return ()
    fresh = not tail or tail[-1].isspace()
    typed = "" if fresh else words[-1].text
    arg = _arg_at(action.args, len(words) - (0 if fresh else 1))
    if arg is None:
        return ()
    head = line if fresh else line[: len(line) - (words[-1].stop - words[-1].start)]
    return tuple(head + quote(c) for c in arg.candidates() if c.lower().startswith(typed.lower()) and c != typed)


def _arg_at(args: tuple[Arg, ...], index: int) -> Arg | None:
    """The argument that the index-th word belongs to; the last may take many words."""
    if index < len(args):
        return args[index]
    return args[-1] if args[-1].kind in ("ids", "rest") else None


class SnippetHistory:
    """Lines that were run, newest last, each once; walked with the arrow keys."""

    def __init__(self, lines: tuple[str, ...] = (), *, limit: int = 200) -> None:
        self._lines = list(lines)[-limit:]
        self._limit = limit
        self._position = len(self._lines)
        self._draft = ""

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self._lines)

    def add(self, line: str) -> None:
        """Remember a line and stand after it."""
        if line in self._lines:
            self._lines.remove(line)
        self._lines = [*self._lines, line][-self._limit :]
        self._position = len(self._lines)

    def older(self, current: str) -> str:
        """Return the line before; `current` is kept for coming back."""
        if self._position == len(self._lines):
            self._draft = current
        self._position = max(0, self._position - 1)
        return self._lines[self._position] if self._lines else current

    def newer(self) -> str:
        """Return the line after, at the end what was being typed."""
        self._position = min(len(self._lines), self._position + 1)
        return self._draft if self._position == len(self._lines) else self._lines[self._position]
