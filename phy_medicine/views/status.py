"""What a view says of its picture, made to fit the title bar: whole parts go before a word is cut."""

from __future__ import annotations

from collections.abc import Callable

SEPARATOR = " · "


def shortened(text: str, fits: Callable[[str], bool]) -> str:
    """Return as many of the parts between dots as fit, or the most telling one, cut at its end.

    The first part says what is drawn, and one with " of " that it is not all: the others go first, the last before.
    """
    parts = text.split(SEPARATOR)
    by_weight = sorted(range(len(parts)), key=lambda i: (" of " not in parts[i], i))
    kept = list(range(len(parts)))
    for i in reversed(by_weight):
        joined = SEPARATOR.join(parts[k] for k in kept)
        if fits(joined) or len(kept) == 1:
            return cut(joined, fits)
        kept.remove(i)
    return ""


def cut(text: str, fits: Callable[[str], bool]) -> str:
    """Return the text, or as much of its beginning as fits with an ellipsis."""
    if fits(text):
        return text
    n = len(text)
    while n and not fits(f"{text[:n].rstrip()}…"):
        n -= 1
    return f"{text[:n].rstrip()}…"
