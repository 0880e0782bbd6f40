"""Decisions on merges of all datasets of a user, from which an order of their own is learned.

`merge_decisions.jsonl` in the user's folder only grows, a line for each decision: its key (a hash of which spikes the
clusters have, so that a dataset that is opened twice, or copied, counts once), the verdict ("" for one that was taken
back), and the numbers that were known of the pair. It is never sent anywhere, and may be deleted at any time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.log import logger
from phy_medicine.base.paths import user_dir
from phy_medicine.io.durable import reason, replace_file
from phy_medicine.io.line_file import append_line
from phy_medicine.io.plain_file import read_plain
from phy_medicine.io.suggestion_files import Decision, decision_of

MOST = 2000
"""Decisions that are kept, the latest ones: 1 MB."""
_MOST_BYTES = 64 << 20


def pool_path() -> Path:
    """Return where the decisions of the user lie, whether or not there are any."""
    return user_dir() / "merge_decisions.jsonl"


class DecisionPool:
    """The decisions in that file, read when first needed; what cannot be read or written is only noted in the log."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = pool_path() if path is None else path
        self._known: dict[str, Decision] | None = None

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """One for each key, the latest last."""
        return tuple(self._all.values())[-MOST:]

    def keep(self, decision: Decision) -> None:
        """Add a decision, which takes the place of an earlier one on the same pair; one that is there is left."""
        if self._all.get(decision.key) != decision:
            self._all.pop(decision.key, None)
            self._all[decision.key] = decision
            self._append(_row(decision))

    def drop(self, key: str) -> None:
        """Forget what was decided about a pair."""
        if self._all.pop(key, None) is not None:
            self._append({"key": key, "verdict": ""})

    def forget(self) -> int:
        """Delete the file; return how many decisions were in it.

        Raises
        ------
        DatasetError : it cannot be deleted
        """
        n = len(self.decisions)
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise DatasetError(f"{self._path} cannot be deleted: {reason(error)}.") from None
        self._known = {}
        return n

    # Inside

    @property
    def _all(self) -> dict[str, Decision]:
        if self._known is None:
            self._known = self._read()
        return self._known

    def _read(self) -> dict[str, Decision]:
        try:
            lines = read_plain(self._path, _MOST_BYTES).split(b"\n")
        except FileNotFoundError:
            return {}
        except OSError as error:
            logger.warning("Could not read the decisions on merges in %s: %s.", self._path, reason(error))
            return {}
        known: dict[str, Decision] = {}
        for row in map(_content, lines):
            if not isinstance(row, dict) or not isinstance(row.get("key"), str):
                continue
            known.pop(row["key"], None)
            decision = decision_of(row)
            if decision is not None:
                known[decision.key] = decision
        if len(lines) > 2 * MOST:
            known = dict(list(known.items())[-MOST:])
            self._write(known)
        return known

    def _write(self, known: dict[str, Decision]) -> None:
        """Write the file anew, without what was taken back or replaced."""
        try:
            replace_file(self._path, "".join(json.dumps(_row(d)) + "\n" for d in known.values()).encode())
        except OSError as error:
            logger.warning("Could not shorten %s: %s.", self._path, reason(error))

    def _append(self, row: dict[str, Any]) -> None:
        try:
            append_line(self._path, row)
        except OSError as error:
            logger.warning("Could not keep a decision on a merge in %s: %s.", self._path, reason(error))


def _row(decision: Decision) -> dict[str, Any]:
    return {"key": decision.key, "verdict": decision.verdict, "values": decision.values}


def _content(line: bytes) -> Any:
    try:
        return parse_json(line.decode("utf-8"))
    except WRONG_CONTENT:
        return None
