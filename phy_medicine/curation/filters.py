"""Filter expressions of the tables, such as `n_spikes > 100 and group != 'noise'`; nothing of them is ever executed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from phy_medicine.base.types import LabelValue
from phy_medicine.base.words import shortened, shown
from phy_medicine.curation.actions import GROUP
from phy_medicine.curation.filter_tokens import WORDS, FilterMistake, Token, is_word, nearest, tokens
from phy_medicine.curation.groups import UNSORTED
from phy_medicine.curation.patterns import Pattern

Cell = LabelValue | None
Get = Callable[[str], Cell]
Row = Mapping[str, Cell] | Get
"""Cells by column name: a mapping, or a function for rows that are computed when asked."""

Node = Callable[[Get], Any]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ADD: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub}
_MULTIPLY: dict[str, Callable[[Any, Any], Any]] = {"*": operator.mul, "/": operator.truediv, "%": operator.mod}
_RESERVED = frozenset({"and", "or", "not", "in", "is", "none", "null", "undefined", "true", "false"})
MAX_DEPTH = 50
_LARGEST_WHOLE = 2**63


def compile_filter(expression: str, columns: Mapping[str, type] | Iterable[str]) -> Callable[[Row], bool]:
    """Return a function that says whether a row is shown.

    Understood: `== != < <= > >=` (chained too), `in`, `not in`, `and or not`, `+ - * / %`, parentheses, lists,
    numbers, text in quotes, `None True False`, and `= === && || ! null` as in phy. A comparison with an empty
    cell is false, except with `None`; an empty `group` reads 'unsorted'. `'x' in column` looks into text, and
    `column ~ 'x.*y'` for a regular expression in it, whatever the case. Text that reads as a number compares as one. A
    column whose name is not one word stands between backquotes.

    Parameters
    ----------
    expression : an empty one shows every row
    columns : names, with the type of their cells if known

    Raises
    ------
    FilterError : the expression cannot be understood; its `position` and `suggestion` say more
    """
    if not expression.strip():
        return lambda row: True
    kinds = dict(columns) if isinstance(columns, Mapping) else dict.fromkeys(columns)
    test = _Parser(tokens(expression), kinds).parse()
    return partial(_shown, test)


def columns_in(expression: str) -> tuple[str, ...]:
    """Return the columns that an expression asks for, in order.

    Raises
    ------
    FilterError : a character that has no meaning, or a text without its closing quote
    """
    return tuple(dict.fromkeys(word.text for word in tokens(expression) if word.kind == "name"))


def in_filter(column: str) -> str:
    """Return the name of a column as it is written in a filter: between backquotes unless it is one plain word."""
    plain = is_word(column) and column not in WORDS and column.lower() not in _RESERVED
    return column if plain else "`" + column.replace("`", "``") + "`"


def _shown(test: Node, row: Row) -> bool:
    """Whether the expression holds for a row."""
    return bool(test(row.get if isinstance(row, Mapping) else row))


class _Parser:
    """Recursive descent; each method reads one level of precedence."""

    def __init__(self, words: list[Token], columns: Mapping[str, type | None]) -> None:
        self._words, self._columns = words, columns
        self._place = self._depth = 0

    def parse(self) -> Node:
        node = self._either()
        if self._word.kind != "end":
            raise self._mistake(f"{shown(self._word.text)} was not expected here")
        return node

    @property
    def _word(self) -> Token:
        return self._words[self._place]

    def _take(self, *signs: str) -> Token | None:
        """Step over one of these signs if it comes next."""
        word = self._word
        if word.kind != "sign" or word.text not in signs:
            return None
        self._place += 1
        return word

    def _mistake(self, sentence: str, suggestion: str = "", at: Token | None = None) -> FilterMistake:
        return FilterMistake(sentence, (at or self._word).position, suggestion)

    def _either(self) -> Node:
        nodes = [self._both()]
        while self._take("or"):
            nodes.append(self._both())
        return nodes[0] if len(nodes) == 1 else lambda get: any(node(get) for node in nodes)

    def _both(self) -> Node:
        nodes = [self._negated()]
        while self._take("and"):
            nodes.append(self._negated())
        return nodes[0] if len(nodes) == 1 else lambda get: all(node(get) for node in nodes)

    def _negated(self) -> Node:
        if not self._take("not"):
            return self._compared()
        node = self._deeper(self._negated)
        return lambda get: not node(get)

    def _compared(self) -> Node:
        first = self._place
        left = self._sum()
        pairs: list[Node] = []
        while sign := self._sign():
            place = self._place
            right = self._sum()
            words = self._words[place : self._place]
            if sign in ("~", "!~"):
                pairs.append(partial(_matches, sign == "~", left, self._pattern(words)))
                left, first = right, place
                continue
            self._check_types(self._words[first:place], words)
            if sign in ("in", "not in"):
                pairs.append(partial(_contains, sign, left, right))
            else:
                pairs.append(partial(_compare, sign, *_group_or_none(left, right)))
            left, first = right, place
        return left if not pairs else lambda get: all(pair(get) for pair in pairs)

    def _pattern(self, right: list[Token]) -> Pattern:
        """Regular expression after `~`."""
        if len(right) != 1 or right[0].kind != "text":
            raise self._mistake("After '~' comes text in quotes", at=right[0])
        try:
            return Pattern(str(right[0].value))
        except ValueError as error:
            raise self._mistake(f"This is no regular expression ({error})", at=right[0]) from None

    def _sign(self) -> str:
        """Sign of comparison that comes next, "" if none does."""
        if self._take("is"):
            return "!=" if self._take("not") else "=="
        sign = self._take(*_COMPARE, "in", "not", "~", "!~")
        if sign is None or sign.text != "not":
            return sign.text if sign else ""
        if not self._take("in"):
            raise self._mistake("'not' between two values needs 'in' after it")
        return "not in"

    def _sum(self) -> Node:
        return self._chain(self._product, _ADD)

    def _product(self) -> Node:
        return self._chain(self._signed, _MULTIPLY)

    def _chain(self, part: Callable[[], Node], signs: Mapping[str, Callable[[Any, Any], Any]]) -> Node:
        first, others = part(), list[tuple[Callable[[Any, Any], Any], Node]]()
        while sign := self._take(*signs):
            others.append((signs[sign.text], part()))
        return partial(_arithmetic, first, others) if others else first

    def _signed(self) -> Node:
        if self._take("-"):
            return partial(_arithmetic, lambda get: 0, [(operator.sub, self._deeper(self._signed))])
        return self._deeper(self._signed) if self._take("+") else self._atom()

    def _deeper(self, part: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._mistake("This filter is nested too deeply")
        node = part()
        self._depth -= 1
        return node

    def _atom(self) -> Node:
        word = self._word
        if opened := self._take("(", "["):
            return self._list(opened)
        if constant := self._take("None", "True", "False"):
            return {"None": _nothing, "True": lambda get: True, "False": lambda get: False}[constant.text]
        if word.kind not in ("number", "text", "name"):
            raise self._mistake(
                "Something is missing here" if word.kind == "end" else f"{shown(word.text)} cannot stand here"
            )
        self._place += 1
        return self._column(word) if word.kind == "name" else lambda get: word.value

    def _list(self, opened: Token) -> Node:
        """Parenthesis or list, after its opening sign."""
        closing = ")" if opened.text == "(" else "]"
        items: list[Node] = []
        comma: Token | None = None
        while not (self._word.kind == "sign" and self._word.text == closing):
            items.append(self._deeper(self._either))
            comma = self._take(",")
            if comma is None:
                break
        if not self._take(closing):
            raise self._mistake(f"The {opened.text!r} is never closed", at=opened)
        if opened.text == "(" and len(items) == 1 and comma is None:
            return items[0]
        if not items and opened.text == "(":
            raise self._mistake("There is nothing between the parentheses", at=opened)
        return lambda get: [item(get) for item in items]

    def _column(self, word: Token) -> Node:
        name = word.text
        if name not in self._columns:
            sentence = f"There is no column {shortened(name)}, and text must be in quotes"
            raise self._mistake(sentence, nearest(name, self._columns), at=word)
        return _group if name == GROUP else lambda get: get(name)

    def _check_types(self, left: list[Token], right: list[Token]) -> None:
        """Refuse a number column compared with text that is no number."""
        left = [word for word in left if word.kind != "sign"]
        for one, other in ((left, right), (right, left)):
            if len(one) == len(other) == 1 and one[0].kind == "name" and other[0].kind == "text":
                kind = self._columns.get(one[0].text)
                if kind in (int, float) and not isinstance(_number(other[0].value), int | float):
                    raise self._mistake(f"Column {shown(one[0].text)} holds numbers, not text", at=other[0])


def _number(value: Any) -> Any:
    """The number that a text stands for, any other value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _nothing(get: Get) -> None:
    """The word None."""


def _group(get: Get) -> Cell:
    """Group of a row."""
    return get(GROUP) or UNSORTED


def _group_or_none(left: Node, right: Node) -> tuple[Node, Node]:
    """Both sides of a comparison; None compared with a group stands for unsorted."""
    if left is _group and right is _nothing:
        return left, lambda get: UNSORTED
    if left is _nothing and right is _group:
        return lambda get: UNSORTED, right
    return left, right


def _compare(sign: str, left: Node, right: Node, get: Get) -> bool:
    """Compare two values; numbers and text are unequal and have no order."""
    a, b = left(get), right(get)
    if a is None or b is None:
        with_none = left is _nothing or right is _nothing
        return with_none and sign in ("==", "!=") and (a is b) == (sign == "==")
    if isinstance(a, str) != isinstance(b, str):
        a, b = _number(a), _number(b)
        if isinstance(a, str) or isinstance(b, str):
            return sign == "!="
    try:
        return bool(_COMPARE[sign](a, b))
    except TypeError:  # a list has no order
        return False


def _contains(sign: str, left: Node, right: Node, get: Get) -> bool:
    """Look for a value in a list, or for text in text; false for empty cells."""
    a, b = left(get), right(get)
    if a is None or b is None:
        return False
    if isinstance(b, str):
        found = str(a) in b
    else:
        items = b if isinstance(b, list) else [b]
        found = any(a == item or (type(a) is not type(item) and _number(a) == _number(item)) for item in items)
    return found == (sign == "in")


def _matches(wanted: bool, left: Node, pattern: Pattern, get: Get) -> bool:
    """Look for a regular expression in a value as it is written; false for empty cells."""
    value = left(get)
    if value is None:
        return False
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return pattern.is_in(text) == wanted


def _arithmetic(first: Node, others: Iterable[tuple[Callable[[Any, Any], Any], Node]], get: Get) -> Any:
    """Calculate with numbers from left to right; empty, text or a division by zero gives an empty value."""
    value = _number(first(get))
    for sign, node in others:
        other = _number(node(get))
        if not isinstance(value, int | float) or not isinstance(other, int | float):
            return None
        try:
            value = sign(value, other)
            if isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
                value = float(value)  # whole numbers would grow without end
        except ArithmeticError:
            return None
    return value
