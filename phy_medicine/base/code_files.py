"""Machine code on disk: a line of JSON, then the object files of the kernels one after the other.

The line holds the sha256 of the rest and, for each kernel, its name, symbol and length.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.log import logger

_N_KEPT = 4  # versions of one module: other processors on a shared disk, other branches


@dataclass(frozen=True, slots=True)
class Code:
    """Machine code of one kernel: the kernel's name, its symbol in the object file, and the file."""

    name: str
    symbol: str
    data: bytes


def read_code(path: Path) -> list[Code] | None:
    """The code in a file, None when there is none or it is not as it was written."""
    try:
        head, _, rest = path.read_bytes().partition(b"\n")
        facts = parse_json(head)
        if facts["sha256"] != hashlib.sha256(rest).hexdigest():
            return None
        found, begin = [], 0
        for name, symbol, length in facts["kernels"]:
            found.append(Code(name, symbol, rest[begin : begin + length]))
            begin += length
        return found
    except (OSError, *WRONG_CONTENT):
        return None


def write_code(path: Path, code: Sequence[Code]) -> bool:
    """Keep code in a file, whole or not at all, and forget what was kept for older sources of the same module."""
    rest = b"".join(c.data for c in code)
    facts = {"sha256": hashlib.sha256(rest).hexdigest(), "kernels": [(c.name, c.symbol, len(c.data)) for c in code]}
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(json.dumps(facts).encode() + b"\n" + rest)
        part.replace(path)
        for old in sorted(path.parent.glob(f"{path.name.rsplit('-', 1)[0]}-*.code"), key=_age)[_N_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        logger.debug("Machine code is not kept in %s: %s", path.parent, error)
        return False
    return True


def _age(path: Path) -> float:
    return -path.stat().st_mtime
