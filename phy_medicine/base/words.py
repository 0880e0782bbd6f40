"""Values of files and command lines as they stand in a sentence: on one line, and no longer than can be read."""

from __future__ import annotations

LONGEST = 80


def shown(value: object) -> str:
    """Return a value as Python writes it; the middle is left out of what is long."""
    try:
        return shortened(repr(value))
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists in lists
        return f"a huge {type(value).__name__}"


def shortened(text: str) -> str:
    """Return a text on one line, without signs that nobody sees; the middle is left out of what is long."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST * 3 // 4]}...{text[-LONGEST // 8 :]}"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
