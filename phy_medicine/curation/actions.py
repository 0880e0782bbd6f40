"""What a curator does, as frozen records, and what it changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray, LabelValue, frozen
from phy_medicine.base.words import shown
from phy_medicine.curation.selection import Selection

GROUP = "group"
"""The label field that holds the group of a cluster."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Join clusters into one new cluster."""

    cluster_ids: tuple[int, ...]
    new_id: int


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Move spikes to new clusters; the other spikes of their clusters move to further new ones.

    spike_ids : (n,) int64 (in the history int32), ascending, no duplicates
    parts : (n,) int32, position in `part_ids` of each spike, or None: all go to the first
    part_ids : new cluster of each part, ascending
    old_ids : clusters that hold the spikes, ascending; all of them disappear
    rest : (old cluster, new cluster) of the spikes left over, by increasing old id
    note : by what it was found, in a few words, "" for a person's own choice of spikes
    cells : (label field, new cluster, value) that new clusters get instead of what they inherit; None leaves it empty
    """

    spike_ids: IntArray
    parts: IntArray | None
    part_ids: tuple[int, ...]
    old_ids: tuple[int, ...]
    rest: tuple[tuple[int, int], ...]
    note: str = ""
    cells: tuple[tuple[str, int, LabelValue | None], ...] = ()

    @property
    def new_ids(self) -> tuple[int, ...]:
        """All new clusters, the chosen spikes first."""
        return self.part_ids + tuple(new for _, new in self.rest)


@dataclass(frozen=True, slots=True)
class SetGroup:
    """Put clusters into a group; None clears it."""

    cluster_ids: tuple[int, ...]
    group: str | None


@dataclass(frozen=True, slots=True)
class SetLabel:
    """Give clusters a value in a label field; None clears it."""

    field: str
    cluster_ids: tuple[int, ...]
    value: LabelValue | None


@dataclass(frozen=True, slots=True, eq=False)
class Restore:
    """Bring clusters and label cells back as they were: an undo or redo written out in full.

    clusters : (id, its spikes (n,) int64 ascending); together they are whole clusters of now, which disappear
    cells : (field, cluster, value), None empties the cell
    """

    clusters: tuple[tuple[int, IntArray], ...]
    cells: tuple[tuple[str, int, LabelValue | None], ...]


Action = Merge | Split | SetGroup | SetLabel | Restore

Kind = Literal["merge", "split", "group", "label", "restore"]

Values = Mapping[str, Mapping[int, LabelValue | None]]
"""Label field -> cluster -> value, None where the cell is empty."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What an action, its undo or its redo changed.

    added, removed : clusters that came and went; of a split, the chosen spikes' clusters come first
    changed : clusters that stay and were given a group or label
    descendants : (removed cluster, added cluster) for each pair that shares spikes
    field : the label field, "group" for a group, "" for merge and split
    before, after : values of all affected clusters in every field the action touched
    selection : what to select now, remembered from then; None after an action that is new
    message : one sentence for the status bar
    """

    kind: Kind
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    descendants: tuple[tuple[int, int], ...] = ()
    field: str = ""
    before: Values = dataclasses.field(default_factory=dict)
    after: Values = dataclasses.field(default_factory=dict)
    direction: Literal["do", "undo", "redo"] = "do"
    selection: Selection | None = None
    message: str = ""


def kind_of(action: Action) -> Kind:
    """Return the short name of an action's kind."""
    match action:
        case Merge():
            return "merge"
        case Split():
            return "split"
        case SetGroup():
            return "group"
        case SetLabel():
            return "label"
        case Restore():
            return "restore"


def counted_ids(action: Action) -> tuple[int, ...]:
    """Return the clusters whose spikes are counted for an action: those that it makes, of a merge those it joins."""
    match action:
        case Split():
            return action.new_ids
        case Restore():
            return tuple(cluster for cluster, _ in action.clusters)
    return action.cluster_ids


def to_record(action: Action) -> dict[str, Any]:
    """Return an action as plain values for the journal; spike ids and parts stay arrays."""
    match action:
        case Merge():
            values: dict[str, Any] = {"cluster_ids": list(action.cluster_ids), "new_id": action.new_id}
        case Split():
            values = {
                "spike_ids": action.spike_ids,
                "parts": action.parts,
                "part_ids": list(action.part_ids),
                "old_ids": list(action.old_ids),
                "rest": [list(pair) for pair in action.rest],
                **({"note": action.note} if action.note else {}),
            }
            if action.cells:
                values["cells"] = [list(cell) for cell in action.cells]
        case SetGroup():
            values = {"cluster_ids": list(action.cluster_ids), "group": action.group}
        case SetLabel():
            values = {"field": action.field, "cluster_ids": list(action.cluster_ids), "value": action.value}
        case Restore():
            clusters = [{"id": cluster, "spike_ids": spikes} for cluster, spikes in action.clusters]
            values = {"clusters": clusters, "cells": [list(cell) for cell in action.cells]}
    return {"kind": kind_of(action), **values}


def from_record(record: Mapping[str, Any]) -> Action:
    """Return the action that `to_record` wrote.

    Raises
    ------
    ActionError : the record is not one of an action
    """
    try:
        match record["kind"]:
            case "merge":
                return Merge(_ids(record["cluster_ids"]), int(record["new_id"]))
            case "split":
                parts = record["parts"]
                return Split(
                    frozen(np.array(record["spike_ids"], dtype=np.int64)),
                    None if parts is None else frozen(np.array(parts, dtype=np.int32)),
                    _ids(record["part_ids"]),
                    _ids(record["old_ids"]),
                    tuple((int(old), int(new)) for old, new in record["rest"]),
                    str(record.get("note", "")),
                    _cells(record.get("cells", ())),
                )
            case "group":
                return SetGroup(_ids(record["cluster_ids"]), record["group"])
            case "label":
                return SetLabel(str(record["field"]), _ids(record["cluster_ids"]), record["value"])
            case "restore":
                return Restore(
                    tuple((int(c["id"]), frozen(np.array(c["spike_ids"], dtype=np.int64))) for c in record["clusters"]),
                    _cells(record["cells"]),
                )
    except (KeyError, TypeError, ValueError) as error:
        raise ActionError(f"A recorded action cannot be read: {error!r}.") from error
    raise ActionError(f"A recorded action is of the unknown kind {shown(record['kind'])}.")


def _cells(values: Any) -> tuple[tuple[str, int, LabelValue | None], ...]:
    return tuple((str(field), int(cluster), value) for field, cluster, value in values)


def _ids(values: Any) -> tuple[int, ...]:
    return tuple(int(v) for v in values)
