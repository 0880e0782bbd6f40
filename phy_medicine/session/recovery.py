"""Doing recorded actions again: all of them, or as many as fit, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import from_record
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.entries import REDO, UNDO, LogEntry, log_entries, recorded_counts, remaining, steps_of
from phy_medicine.io.journal_reader import JournalFile


@dataclass(frozen=True, slots=True)
class Offer:
    """Unsaved work that can be done again.

    entries : the actions that will be in the history
    """

    journal: JournalFile
    entries: tuple[LogEntry, ...]

    @classmethod
    def of(cls, journal: JournalFile) -> Offer:
        """Return what a journal offers."""
        return cls(journal, remaining(log_entries(journal.records)))

    @property
    def n_undone(self) -> int:
        """Actions that were undone, and can be redone."""
        return sum(entry.fate == "undone" for entry in self.entries)

    @property
    def n_lost(self) -> int:
        """Later records that cannot be done again: a damaged one, and those behind it."""
        return self.journal.n_lost


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery did; true if it did anything.

    n_done : records that were done again; n_left : those that were not
    why : the reason, "" without; rest : the journal as it was, kept when something is left
    """

    n_done: int
    n_left: int = 0
    why: str = ""
    rest: Path | None = None

    def __bool__(self) -> bool:
        return self.n_done > 0

    @property
    def text(self) -> str:
        """One or two sentences."""
        if not self.why:
            return f"Recovered {self.n_done:,} unsaved {actions(self.n_done)}."
        if not self.n_done:
            return f"Of {self.n_left:,} unsaved {actions(self.n_left)} nothing was recovered. {self.why}"
        kept = f" The journal as it was is kept in {self.rest}." if self.rest is not None else ""
        return f"Recovered {self.n_done:,} of {self.n_done + self.n_left:,} unsaved actions. {self.why}{kept}"


def actions(n: int) -> str:
    """Return "action" or "actions"."""
    return "action" if n == 1 else "actions"


def do_again(manager: ClusterManager, record: Mapping[str, Any]) -> None:
    """Do one recorded action, undo or redo.

    Raises
    ------
    ActionError : it does not fit the clusters of now; nothing is changed
    """
    kind, here = record.get("kind"), manager.history.position
    if kind in (UNDO, REDO):
        manager.jump_to(here + (-1 if kind == UNDO else 1) * steps_of(record))
        return
    draft = manager.draft(from_record(record))
    counts = recorded_counts(record)
    if counts and counts != draft.counts:
        raise ActionError("The clusters have other numbers of spikes than when it was recorded.")
    manager.apply(draft, at=_seconds(record))


def _seconds(record: Mapping[str, Any]) -> float | None:
    """When a record was written, s since 1970; None where it does not tell."""
    try:
        return datetime.fromisoformat(str(record.get("time"))).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def replay(manager: ClusterManager, records: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """Do recorded actions in order, up to the first that does not fit.

    Returns
    -------
    How many were done, and why the next was not, "" when all were
    """
    for n, record in enumerate(records):
        try:
            do_again(manager, record)
        except Exception as error:  # whatever a file says, an action of it is done or it is not
            return n, f"Action {record.get('seq')} does not fit and ends it: {error}"
    return len(records), ""
