"""What the values of a window's state are made of: a file that somebody else wrote must not keep a window shut."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

Shape = Callable[[Any], bool]
_WIDEST = 10_000


def text(value: Any) -> bool:
    """Whether it is text that can be shown and written."""
    return isinstance(value, str) and _is_unicode(value)


def packed(value: Any) -> bool:
    """Whether it is text that bytes can be made of."""
    try:
        return isinstance(value, str) and base64.b64decode(value) is not None
    except ValueError:
        return False


def number(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def whole(value: Any) -> bool:
    """Whether it is a whole number, such as the id of a cluster."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def width(value: Any) -> bool:
    """Whether it is a number of pixels."""
    return whole(value) and 0 <= value <= _WIDEST


def truth(value: Any) -> bool:
    """Whether it is true or false."""
    return isinstance(value, bool)


def anything(value: Any) -> bool:
    """Whether it is there; the reader of this value looks for itself."""
    return True


def maybe(shape: Shape) -> Shape:
    """None, or of a shape."""
    return lambda value: value is None or shape(value)


def list_of(shape: Shape) -> Shape:
    """A list of values of a shape."""
    return lambda value: isinstance(value, list) and all(map(shape, value))


def row(*parts: Shape) -> Shape:
    """A list of so many values, each of its shape."""

    def fits(value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) == len(parts)
            and all(s(v) for s, v in zip(parts, value, strict=True))
        )

    return fits


def table(shape: Shape = anything, **own: Shape) -> Shape:
    """Values of a shape by name; some names have a shape of their own."""
    return lambda value: isinstance(value, dict) and all(own.get(name, shape)(inner) for name, inner in value.items())


_COLUMNS = table(order=list_of(text), hidden=list_of(text), colored=list_of(text), widths=table(width))
_VIEW = table(kind=text, settings=table(), time_range=text, twin_of=text)
SHAPES: Mapping[str, Shape] = {
    "theme": text, "palette": text, "layout": text, "filter": text, "similarity": text, "figure_background": text,
    "font_size": whole, "docks": packed, "geometry": packed, "panels": list_of(row(text, text)), "tools": list_of(text),
    "snippets": list_of(text), "recent_actions": list_of(text), "layouts": table(), "groups": list_of(anything),
    "shortcuts": table(list_of(text)), "jobs": table(), "job_settings": table(table()), "view_changes": table(table()),
    "sort": table(fields=table(), settings=table()), "views": table(_VIEW),
    "tables": table(table(columns=_COLUMNS, sort=list_of(row(text, truth)), filters=list_of(text))),
    "selection": row(list_of(whole), list_of(whole)), "time_ranges": maybe(list_of(maybe(row(number, number)))),
    "configured": table(), "record": truth,
}  # fmt: skip
"""Name of a value -> its shape; of a name that is not here the reader looks for itself."""


def fitting(values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the values that have the shape they should have, and the names of the others."""
    kept = {name: value for name, value in values.items() if SHAPES.get(name, anything)(value)}
    return kept, tuple(name for name in values if name not in kept)


def _is_unicode(value: str) -> bool:
    """Whether a text can be written: half of a sign cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
