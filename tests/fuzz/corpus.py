"""Inputs that once were too much for a reader, kept in the repository and read again by every run."""

from __future__ import annotations

import hashlib
from pathlib import Path

FOLDER = Path(__file__).parent / "corpus"
LARGEST = 8192
"""Bytes of a kept input: what needs more is made by the seeds."""


def kept(target: str) -> tuple[bytes, ...]:
    """Return the inputs that are kept for a target."""
    folder = FOLDER / target
    return tuple(path.read_bytes() for path in sorted(folder.iterdir())) if folder.is_dir() else ()


def keep(target: str, data: bytes) -> Path | None:
    """Keep an input; None where it is too large."""
    if len(data) > LARGEST:
        return None
    path = FOLDER / target / hashlib.sha256(data).hexdigest()[:12]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
