"""TOML that anybody may have written."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises
    ------
    OSError : it cannot be read
    ValueError : it is no TOML, or its brackets are too deep
    """
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except RecursionError:
        raise ValueError("its brackets are too deep") from None
