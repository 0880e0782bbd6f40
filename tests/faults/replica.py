"""What a session must hold: the actions that were acknowledged, done again on plain lists."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from phy_medicine.session.session import Session
from tests.curation.plain_curation import PlainCuration, Table

State = tuple[list[int], Table]
Step = list[Any]
"""A kind and its arguments, as the driver tells them."""


class Replica:
    """A curation from the labels of the last save on; knows nothing of atoms, journals and files.

    base : labels and table that are on disk
    measured : label fields that are not inherited
    """

    def __init__(self, base: State, measured: set[str]) -> None:
        self.base = deepcopy(base)
        self.measured = measured
        self._written: list[tuple[int, Step]] = []  # with the id that the next new cluster had
        self._begin()

    @property
    def state(self) -> State:
        """Labels of all spikes, and the cells that are not empty."""
        return list(self._plain.labels), _filled(self._plain.table)

    @property
    def place(self) -> tuple[int, int]:
        """Number of actions that are done, and of those that are done or can be redone."""
        return self._plain.position, len(self._plain.states) - 1

    def can(self, step: Step) -> bool:
        """Say whether a step makes sense now."""
        kind, plain = step[0], self._plain
        if kind == "undo":
            return plain.position > 0
        return plain.position < len(plain.states) - 1 if kind == "redo" else True

    def take(self, step: Step) -> None:
        """Do a step that was acknowledged."""
        kind, *arguments = step
        if kind == "save":
            self.base, self._written = deepcopy(self.state), []
            self._old = self._n_given
            return
        if kind in ("undo", "redo"):
            self._travel(kind)
            return
        self._written.append((self._plain.next_id, step))
        self._do(kind, arguments)

    def reopen(self, base: State, *, recovered: bool) -> None:
        """Begin again with what is on disk, and do what the journal holds, if it was recovered."""
        steps = self._written if recovered else []
        self.base, self._written = deepcopy(base), []
        self._begin()
        for next_id, step in steps:
            if step[0] in ("merge", "split"):
                self._plain.next_id = next_id
            self.take(step)

    def _begin(self) -> None:
        labels, table = self.base
        self._plain = PlainCuration(labels, table, self.measured)
        self._serials: list[int] = []
        self._n_given = self._old = 0

    def _do(self, kind: str, arguments: list[Any]) -> None:
        plain = self._plain
        if kind == "restore":
            plain.labels, plain.table = deepcopy(arguments)
            plain.next_id = max(plain.next_id, max(plain.labels) + 1)
            plain._push()
        else:
            {"merge": plain.merge, "split": plain.split, "set": plain.set}[kind](*arguments)
        self._n_given += 1
        self._serials[plain.position - 1 :] = [self._n_given]

    def _travel(self, kind: str) -> None:
        """An action of before the last save is unknown to the journal, which gets what comes back instead."""
        plain = self._plain
        serial = self._serials[plain.position - (kind == "undo")]
        (plain.undo if kind == "undo" else plain.redo)()
        if serial > self._old:
            self._written.append((plain.next_id, [kind]))
            return
        self._written.append((plain.next_id, ["restore", list(plain.labels), deepcopy(plain.table)]))
        self._old = self._n_given


def _filled(table: Table) -> Table:
    return {name: dict(sorted(cells.items())) for name, cells in sorted(table.items()) if cells}


def state_of(session: Session) -> State:
    """Return the same of a session."""
    return session.spike_clusters().tolist(), _filled(session.manager.labels.to_dict())


def measured_of(path: Path) -> set[str]:
    """Return the fields of a dataset that are not inherited."""
    session = Session.open(path, read_only=True)
    session.close()
    return set(session.manager.labels.measured)
