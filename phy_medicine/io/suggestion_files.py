"""What was decided about suggestions, kept beside a dataset, and the table of merges that a sorter suggests."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import reason, replace_file
from phy_medicine.io.plain_file import read_json, read_plain

MOST = 5000
"""Decisions that are kept, the latest ones: 1 MB."""
SORTER_TABLE = "suggested_merges.tsv"
_VERDICTS = ("accepted", "rejected")
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Decision:
    """One suggestion that a person accepted or rejected.

    key : what it was about, by the spikes of its clusters; verdict : "accepted" or "rejected"
    values : numbers that were known of it, by name
    """

    key: str
    verdict: str
    values: dict[str, float] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether it was done."""
        return self.verdict == "accepted"


def read_decisions(dataset_dir: Path) -> tuple[Decision, ...]:
    """Return what was decided in earlier sessions, the oldest first; what cannot be read is left out."""
    path = OwnFiles(dataset_dir).suggestions
    try:
        content = read_json(path)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        logger.warning("Could not read what was decided about suggestions in %s: %s.", path, error)
        return ()
    rows = content.get("decisions") if isinstance(content, dict) else None
    found = [decision_of(row) for row in rows] if isinstance(rows, list) else []
    return tuple(decision for decision in found if decision is not None)


def write_decisions(dataset_dir: Path, decisions: Iterable[Decision]) -> bool:
    """Write what was decided, in one step; False where that is not possible, which is only noted in the log."""
    path = OwnFiles(dataset_dir).suggestions
    rows = [{"key": d.key, "verdict": d.verdict, "values": d.values} for d in decisions][-MOST:]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps({"format": _FORMAT, "decisions": rows}).encode())
    except OSError as error:
        logger.warning("Could not keep what was decided about suggestions in %s: %s.", path, reason(error))
        return False
    return True


def decision_of(row: Any) -> Decision | None:
    """Return what a row of a file says, values that are no finite numbers left out; None where it is no decision."""
    if not isinstance(row, dict) or row.get("verdict") not in _VERDICTS or not isinstance(row.get("key"), str):
        return None
    values = row.get("values")
    known = values.items() if isinstance(values, dict) else ()
    numbers = {
        str(name): float(value)
        for name, value in known
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
    return Decision(row["key"], row["verdict"], numbers)


@dataclass(frozen=True, slots=True)
class SuggestedMerge:
    """Two units of a sorting that may be one: how much speaks for it, 0 to 1, and what, in words."""

    first: int
    second: int
    score: float
    reason: str


def read_suggested_merges(dataset_dir: Path) -> tuple[SuggestedMerge, ...]:
    """Return the rows of the sorter's table that can be read; none without one."""
    path = dataset_dir / SORTER_TABLE
    try:
        lines = read_plain(path).decode("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        logger.warning("Could not read %s: %s.", path, error)
        return ()
    found = [_merge(line) for line in lines[1:]]
    n_bad = found.count(None) - sum(not line.strip() for line in lines[1:])
    if n_bad:
        logger.warning("%d rows of %s could not be read and are left out.", n_bad, path)
    return tuple(row for row in found if row is not None)


def _merge(line: str) -> SuggestedMerge | None:
    cells = line.split("\t")
    try:
        first, second, score = int(cells[0]), int(cells[1]), float(cells[2])
    except (ValueError, IndexError):
        return None
    if first == second or not 0 <= score <= 1:
        return None
    return SuggestedMerge(min(first, second), max(first, second), score, cells[3] if len(cells) > 3 else "")
