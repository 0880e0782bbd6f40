"""The style sheets of phy's cluster view: rules for rows of the old web table become looks of our rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_LONGEST = 300  # letters of a selector; looking into one takes time that grows with its square
_ROW = re.compile(r"(?:^|[\s>])tr\b((?:\[[^\]]*\])*)\s*(?:>?\s*td\b.*)?\Z")
_CONDITION = re.compile(r"\[\s*(?:data-)?([\w-]+)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\]\s]*)))?\s*\]")
_QT = re.compile(r"\bQ[A-Z]\w+|\*")

Values = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Style:
    """How a row looks; None: as without a rule. color, ground : as written in the style sheet."""

    color: str | None = None
    ground: str | None = None
    bold: bool | None = None

    def over(self, other: Style) -> Style:
        """Return this laid over another one."""
        pairs = ((self.color, other.color), (self.ground, other.ground))
        color, ground = (other_ if mine is None else mine for mine, other_ in pairs)
        return Style(color, ground, other.bold if self.bold is None else self.bold)


@dataclass(frozen=True, slots=True)
class RowRule:
    """conditions : column and value, None for any; all must hold."""

    conditions: tuple[tuple[str, str | None], ...]
    style: Style

    def holds(self, value_of: Values) -> bool:
        """Say whether it is for a row."""
        return all(_is(value_of(column), wanted) for column, wanted in self.conditions)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet taken apart: rules for rows, later ones count more, and what is left for Qt."""

    rules: tuple[RowRule, ...]
    for_qt: str

    def style(self, value_of: Values) -> Style:
        """Return the look of a row; value_of : gives its value in a column."""
        style = Style()
        for rule in self.rules:
            if rule.holds(value_of):
                style = rule.style.over(style)
        return style


def _is(value: Any, wanted: str | None) -> bool:
    """Compare as the attribute of a web page, where truth values are `true` and `false`."""
    if wanted is None:
        return value is not None and value is not False
    text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
    return text == wanted


def read_sheet(text: str) -> Sheet:
    """Take a style sheet apart; rules of the web table that are not about rows mean nothing here."""
    rules: list[RowRule] = []
    for_qt: list[str] = []
    for rule in _COMMENT.sub("", text).split("}")[:-1]:
        selectors, _, body = rule.rpartition("{")
        for selector in (s.strip() for s in selectors.rpartition("{")[2].split(",")):
            row = _ROW.search(selector) if len(selector) <= _LONGEST else None
            if row is not None:
                rules.append(RowRule(_conditions(row[1]), _style(body)))
            elif _QT.search(selector):
                for_qt.append(f"{selector} {{{body}}}")
    return Sheet(tuple(rules), "\n".join(for_qt))


def _conditions(text: str) -> tuple[tuple[str, str | None], ...]:
    found = []
    for name, *values in _CONDITION.findall(text):
        given = next((v for v in values if v), None)
        found.append((name, given))
    return tuple(found)


def _style(body: str) -> Style:
    """Read colour, background and weight; everything else is passed over."""
    pairs = (line.partition(":") for line in body.split(";"))
    given = {name.strip().lower(): value.replace("!important", "").strip() for name, _, value in pairs}
    weight = given.get("font-weight")
    bold = None if weight is None else weight in ("bold", "bolder") or (weight.isdecimal() and int(weight) >= 600)
    return Style(given.get("color"), given.get("background-color") or given.get("background"), bold)
