"""Every reader that is fed, by name."""

from __future__ import annotations

from functools import cache

from tests.fuzz.target import Target


@cache
def table() -> dict[str, Target]:
    """Return all targets in the order of the table in the docs."""
    from tests.fuzz import arrays, hdf5, journals, notes, texts, windows

    parts = (texts, arrays, hdf5, journals, notes, windows)
    return {target.name: target for part in parts for target in part.targets()}
