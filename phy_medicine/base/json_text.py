"""JSON that anybody may have written: it is read whole, or refused in one way only."""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 100
"""Brackets inside brackets; what walks through the content afterwards must not run out of stack."""

WRONG_CONTENT = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)
"""What taking the content of a file apart raises where it is not what was agreed; `int(float("inf"))` is the last."""


def parse_json(text: str | bytes) -> Any:
    """Return what JSON text says.

    Raises
    ------
    ValueError : it is no JSON, or its brackets are too deep
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("its brackets are too deep") from None
    level = [content]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return content
    raise ValueError("its brackets are too deep")


def _inside(value: Any) -> list[Any]:
    """The lists and dictionaries in a list or dictionary."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in items if isinstance(item, dict | list)]
