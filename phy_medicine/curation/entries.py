"""Actions in words: what was done, to which clusters, with how many spikes; of one action or of a whole journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import (
    GROUP,
    Action,
    Merge,
    Restore,
    SetGroup,
    SetLabel,
    Split,
    counted_ids,
    from_record,
)

UNDO, REDO = "undo", "redo"
_FEW = 4
_MORE = "\N{HORIZONTAL ELLIPSIS}"
_ARROW = "\N{RIGHTWARDS ARROW}"

Fate = Literal["done", "undone", "forgotten"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One action in words.

    what : "Merge", "Move to good", "Split by a model"
    before, after : clusters that went and came, or were labelled (`before` alone)
    counted, counts : clusters and their spikes; counts are empty where they are not known
    note : what was noted with it, "" for nothing
    """

    what: str
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    counted: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()
    note: str = ""

    @property
    def ids_text(self) -> str:
        """The clusters, as "3, 5 → 12"; of many only the first."""
        return f" {_ARROW} ".join(filter(None, (some(self.before), some(self.after))))

    @property
    def counts_text(self) -> str:
        """The spikes of each cluster, as "1,234 + 567"; of many their sum."""
        if len(self.counts) > _FEW:
            return f"{sum(self.counts):,}"
        return " + ".join(f"{n:,}" for n in self.counts)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One record of a journal in words.

    seq, time : as recorded; kind : of the action, or "undo" or "redo"
    fate : whether it is done at the end, was undone, or was undone and can no longer be redone; of undo and redo "done"
    steps : actions that an undo or redo is about
    """

    seq: int
    time: str
    kind: str
    entry: Entry
    fate: Fate = "done"
    steps: int = 1


def entry_of(action: Action, counts: Sequence[int] = ()) -> Entry:
    """Return an action in words; counts : spikes of its `counted_ids`."""
    counted = counted_ids(action)
    counts = tuple(counts) if len(counts) == len(counted) else ()
    match action:
        case Merge():
            return Entry("Merge", action.cluster_ids, (action.new_id,), counted, counts)
        case Split():
            return Entry(_split_name(action), action.old_ids, action.new_ids, counted, counts, action.note)
        case SetGroup():
            what = f"Move to {action.group}" if action.group else "Clear group"
        case SetLabel():
            field = "Group" if action.field == GROUP else f"Label {action.field}"
            what = f"Clear {field[:1].lower()}{field[1:]}" if action.value is None else f"{field}: {action.value}"
        case Restore():
            return Entry("Go back", (), counted, counted, counts)
    return Entry(what, action.cluster_ids, (), counted, counts)


def _split_name(split: Split) -> str:
    """Split, by what it was found, and the group that its spikes were put into; Reassign where no spikes are left."""
    if split.cells and not split.rest:
        return "Reassign"
    groups = {value for field, cluster, value in split.cells if field == GROUP and cluster in split.part_ids}
    to = f"off to {groups.pop()}" if len(groups) == 1 else split.note.partition(":")[0]
    return f"Split {to}".strip()


def log_entries(records: Sequence[Mapping[str, Any]]) -> tuple[LogEntry, ...]:
    """Return the records of a journal in words, in order, each with what became of it."""
    found: list[LogEntry] = []
    stack: list[int] = []  # places in `found` of what is done or can be redone
    position = 0
    for i, record in enumerate(records):
        kind = str(record.get("kind"))
        if kind in (UNDO, REDO):
            steps = steps_of(record)
            back = kind == UNDO
            stop = max(0, position - steps) if back else min(len(stack), position + steps)
            touched = stack[stop:position] if back else stack[position:stop]
            for place in touched:
                found[place] = replace(found[place], fate="undone" if back else "done")
            entry, position = _travel_entry(kind, [found[place].entry for place in touched]), stop
        else:
            for place in stack[position:]:
                found[place] = replace(found[place], fate="forgotten")
            stack[position:] = [i]
            entry, steps, position = _recorded(record), 1, position + 1
        found.append(LogEntry(_whole(record.get("seq")), str(record.get("time", "")), kind, entry, steps=steps))
    return tuple(found)


def remaining(entries: Sequence[LogEntry]) -> tuple[LogEntry, ...]:
    """Return the actions that a session has in its history once a journal is done again: done, or to be redone."""
    return tuple(e for e in entries if e.kind not in (UNDO, REDO) and e.fate != "forgotten")


def steps_of(record: Mapping[str, Any]) -> int:
    """Return how many actions an undo or redo is about."""
    return max(1, _whole(record.get("steps", 1)))


def recorded_counts(record: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the spikes of each cluster that were noted with an action, none where they were not."""
    counts = record.get("counts", ())
    return tuple(map(_whole, counts)) if isinstance(counts, list | tuple) else ()


def _recorded(record: Mapping[str, Any]) -> Entry:
    try:
        return entry_of(from_record(record), recorded_counts(record))
    except ActionError:
        return Entry("Unknown action")


def _travel_entry(kind: str, touched: Sequence[Entry]) -> Entry:
    """An undo or redo, by what it undoes."""
    title = kind.capitalize()
    if len(touched) != 1:
        return Entry(f"{title} {len(touched):,} actions")
    (one,) = touched
    turned = (one.after, one.before) if kind == UNDO and one.after else (one.before, one.after)
    return Entry(f"{title}: {one.what[:1].lower()}{one.what[1:]}", *turned, one.counted, one.counts)


def some(ids: Sequence[int]) -> str:
    """Return ids for a sentence, of many only the first and how many there are."""
    shown = ", ".join(map(str, ids[:_FEW]))
    return shown if len(ids) <= _FEW else f"{shown}, {_MORE} ({len(ids):,})"


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
