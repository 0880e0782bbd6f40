"""What doctor found: sections of lines, and problems; written for a terminal or as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

WIDTH = 80
_VALUE_AT = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to do something about; fatal : the program cannot be used as it is."""

    sentence: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A fact; source : where a setting comes from; data : for JSON, when the text is not the value."""

    name: str
    text: str
    source: str = ""
    data: Any = None


@dataclass(slots=True)
class Section:
    """Facts under one title; note : a sentence below them."""

    title: str
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    note: str = ""

    def add(self, name: str, text: str, source: str = "", data: Any = None) -> None:
        """Add a fact."""
        self.lines.append(Line(name, text, source, data))

    def warn(self, sentence: str, *, fatal: bool = False) -> None:
        """Add a problem."""
        self.problems.append(Problem(sentence, fatal))


@dataclass(frozen=True, slots=True)
class Report:
    """All sections."""

    sections: tuple[Section, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, those first that make the program unusable."""
        found = [problem for section in self.sections for problem in section.problems]
        return tuple(sorted(found, key=lambda problem: not problem.fatal))

    @property
    def usable(self) -> bool:
        """Whether the program can be used."""
        return not any(problem.fatal for problem in self.problems)

    def to_dict(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        sections = {s.title.lower(): [_line_dict(line) for line in s.lines] for s in self.sections}
        problems = [{"sentence": p.sentence, "fatal": p.fatal} for p in self.problems]
        return {"usable": self.usable, "problems": problems, "sections": sections}

    def to_text(self) -> str:
        """Return lines of at most 80 columns."""
        return "\n".join(line.rstrip() for line in self._text_lines())

    def _text_lines(self) -> Iterator[str]:
        for section in self.sections:
            yield section.title
            width = max([_VALUE_AT, *(len(line.name) + 2 for line in section.lines if line.source)])
            for line in section.lines:
                yield from _wrapped(line, width)
            if section.note:
                yield from textwrap.wrap(section.note, WIDTH - 2, initial_indent="  ", subsequent_indent="  ")
            yield ""
        if not self.problems:
            yield "No problems found."
            return
        n = len(self.problems)
        yield f"{n} problem{'s' * (n != 1)}"
        for problem in self.problems:
            mark = "\N{MULTIPLICATION SIGN}" if problem.fatal else "!"
            yield from textwrap.wrap(
                problem.sentence, WIDTH, initial_indent=f"  {mark} ", subsequent_indent="    ", break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip


def _wrapped(line: Line, width: int) -> Iterator[str]:
    """Give name, value and source in columns; a source without room stands below."""
    head, indent = f"  {line.name:<{width - 1}} ", " " * (width + 2)
    text = line.text
    if line.source:
        one = f"{text:<{_VALUE_AT}}  {line.source}"
        text = one if len(indent) + len(one) <= WIDTH else f"{text}\n{line.source}"
    parts = [
        part
        for row in text.split("\n")
        for part in textwrap.wrap(row, WIDTH - len(indent), break_on_hyphens=False, drop_whitespace=True) or [""]
    ]
    if line.source and len(parts) == 1:
        parts = [text]
    if len(head.rstrip()) >= len(indent):
        yield head.rstrip()
        head = indent
    yield head + parts[0]
    for part in parts[1:]:
        yield indent + part


def _line_dict(line: Line) -> dict[str, Any]:
    source = {"source": line.source} if line.source else {}
    return {"name": line.name, "value": line.text if line.data is None else line.data, **source}
