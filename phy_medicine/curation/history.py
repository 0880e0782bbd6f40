"""Undo and redo: each item keeps the patches and the label cells of its action, before and after."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import frozen
from phy_medicine.curation.actions import Action, Kind, Split, kind_of
from phy_medicine.curation.assignment import Assignment, Patch
from phy_medicine.curation.labels import LabelChange, LabelTable
from phy_medicine.curation.selection import Selection


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One action that was done.

    index : number of actions before it; serial : never given twice in a session
    time : s since 1970; text : one sentence
    counts : spikes of each cluster that the action names, see `Draft`
    selection_before : selection when it was done; selection_after : selection when it was last undone
    """

    index: int
    serial: int
    time: float
    action: Action
    text: str
    added: tuple[int, ...]
    removed: tuple[int, ...]
    descendants: tuple[tuple[int, int], ...]
    counts: tuple[int, ...]
    changes: tuple[LabelChange, ...]
    forward: Patch | None
    backward: Patch | None
    selection_before: Selection | None = None
    selection_after: Selection | None = None

    @property
    def kind(self) -> Kind:
        """Short name of the action's kind."""
        return kind_of(self.action)


@dataclass(frozen=True, slots=True)
class Draft:
    """An action worked out: which atoms move, which cells change.

    counts : spikes of each cluster, as `actions.counted_ids` names them
    """

    action: Action
    text: str
    counts: tuple[int, ...]
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    descendants: tuple[tuple[int, int], ...] = ()
    changes: tuple[LabelChange, ...] = ()
    patch: Patch | None = None


class History:
    """The actions of a session and the place reached in them."""

    def __init__(self, assignment: Assignment, labels: LabelTable) -> None:
        self._assignment, self._labels = assignment, labels
        self._items: list[HistoryItem] = []
        self._position = 0
        self._next_serial = 1
        self._saved_serial = 0
        self._saved: dict[int, float] = {}

    @property
    def items(self) -> tuple[HistoryItem, ...]:
        """All actions that are done or can be redone."""
        return tuple(self._items)

    @property
    def position(self) -> int:
        """Number of actions that are done now."""
        return self._position

    @property
    def can_undo(self) -> bool:
        """Whether there is an action to undo."""
        return self._position > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an action to redo."""
        return self._position < len(self._items)

    @property
    def dirty(self) -> bool:
        """Whether the state differs from the one last saved."""
        return self._serial != self._saved_serial

    @property
    def _serial(self) -> int:
        """Serial of the last action that is done, 0 at the start."""
        return self._items[self._position - 1].serial if self._position else 0

    @property
    def last_serial(self) -> int:
        """Largest serial given so far, 0 before the first action."""
        return self._next_serial - 1

    @property
    def saved(self) -> Mapping[int, float]:
        """Serial of the last action that was done at a save, 0 for none -> time of the last such save, s since 1970."""
        return MappingProxyType(self._saved)

    def mark_saved(self) -> None:
        """Remember that this state is the one on disk."""
        self._saved_serial = self._serial
        self._saved[self._serial] = time.time()

    def apply(self, draft: Draft, selection: Selection | None = None, at: float | None = None) -> HistoryItem:
        """Do an action, first done `at` (s since 1970, by default now); what could be redone is forgotten."""
        backward = self._assignment.apply(draft.patch) if draft.patch else None
        self._labels.apply(draft.changes)
        item = HistoryItem(
            index=self._position,
            serial=self._next_serial,
            time=time.time() if at is None else at,
            action=_kept(draft.action),
            text=draft.text,
            added=draft.added,
            removed=draft.removed,
            descendants=draft.descendants,
            counts=draft.counts,
            changes=draft.changes,
            forward=draft.patch,
            backward=backward,
            selection_before=selection,
        )
        self._items[self._position :] = [item]
        self._position += 1
        self._next_serial += 1
        return item

    def undo(self, selection: Selection | None = None) -> HistoryItem:
        """Take the last action back; `selection` is what a redo will select again.

        Raises
        ------
        ActionError : nothing to undo
        """
        if not self.can_undo:
            raise ActionError("Nothing to undo.")
        self._position -= 1
        item = replace(self._items[self._position], selection_after=selection)
        self._items[self._position] = item
        if item.backward:
            self._assignment.apply(item.backward)
        self._labels.revert(item.changes)
        return item

    def redo(self) -> HistoryItem:
        """Do the action that was undone last again.

        Raises
        ------
        ActionError : nothing to redo
        """
        if not self.can_redo:
            raise ActionError("Nothing to redo.")
        item = self._items[self._position]
        self._position += 1
        if item.forward:
            self._assignment.apply(item.forward)
        self._labels.apply(item.changes)
        return item

    def check_place(self, position: int) -> None:
        """Refuse a place that there is not.

        Raises
        ------
        ActionError : there are not that many actions
        """
        if not 0 <= position <= len(self._items):
            raise ActionError(f"The history has {len(self._items)} actions, there is no place {position}.")

    def go(self, position: int, selection: Selection | None = None) -> Selection | None:
        """Note that another place was reached, by what `travel.plan` tells; return what was selected there.

        selection : the one of now, for the way forward again
        """
        here = self._position
        self._position = position
        if position > here:
            return self._items[position - 1].selection_after
        for i in reversed(range(position, here)):
            self._items[i] = replace(self._items[i], selection_after=selection)
            selection = self._items[i].selection_before
        return selection


def _kept(action: Action) -> Action:
    """Return an action as it is remembered: with spikes in half the bytes, for there may be thousands of splits."""
    if isinstance(action, Split):
        return replace(action, spike_ids=frozen(action.spike_ids.astype(np.int32)))
    return action


def cells(changes: Sequence[LabelChange], *, after: bool) -> dict[str, dict[int, int | float | str | None]]:
    """Return field -> cluster -> value of the changed cells, before or after."""
    table: dict[str, dict[int, int | float | str | None]] = {}
    for change in changes:
        table.setdefault(change.field, {})[change.cluster_id] = change.after if after else change.before
    return table
