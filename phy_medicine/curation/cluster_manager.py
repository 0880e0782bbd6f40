"""The state of a curation: assignment, labels, groups and history, changed in one place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import numpy as np
from psygnal import Signal

from phy_medicine.base.types import IntArray, LabelValue
from phy_medicine.curation import planning, travel
from phy_medicine.curation.actions import GROUP, Action, Delta, Merge, Restore, SetGroup, SetLabel, Split
from phy_medicine.curation.assignment import Assignment
from phy_medicine.curation.groups import Groups
from phy_medicine.curation.history import Draft, History, HistoryItem, cells
from phy_medicine.curation.labels import Fields, LabelChange, LabelTable, check_field, check_value, with_cells
from phy_medicine.curation.selection import Selection


class ClusterManager:
    """Plan actions, do them, undo them; `changed` says what happened, once, when all is in place.

    Parameters
    ----------
    spike_clusters : (n_spikes,) int, starting labels
    fields : label field -> cluster -> value
    next_id : smallest id a new cluster may get; None: the largest label plus 1
    measured : fields that new clusters do not inherit; None: guessed from names and values
    """

    changed = Signal(Delta)

    def __init__(
        self,
        spike_clusters: IntArray,
        fields: Fields | None = None,
        *,
        next_id: int | None = None,
        measured: Iterable[str] | None = None,
    ) -> None:
        self.assignment = Assignment(spike_clusters, next_id or 0)
        self.labels = LabelTable(fields or {}, self.assignment.cluster_ids, measured)
        self.groups = Groups()
        self.history = History(self.assignment, self.labels)

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """Clusters that exist, ascending."""
        return self.assignment.cluster_ids

    @property
    def dirty(self) -> bool:
        """Whether there is something to save."""
        return self.history.dirty

    def group(self, cluster_id: int) -> str | None:
        """Return the group of a cluster, None if it has none."""
        group = self.labels.get(GROUP, cluster_id)
        return None if group is None else str(group)

    def is_masked(self, cluster_id: int) -> bool:
        """Say whether navigation skips a cluster because of its group."""
        return self.groups.is_masked(self.group(cluster_id))

    def plan_merge(self, cluster_ids: Sequence[int]) -> Merge:
        """Return the merge of clusters; see `planning.plan_merge`."""
        return planning.plan_merge(self.assignment, cluster_ids)

    def plan_split(
        self,
        spike_ids: IntArray | Sequence[int],
        labels: IntArray | Sequence[int] | None = None,
        within: Collection[int] | None = None,
        note: str = "",
    ) -> Split | Merge:
        """Return the split of chosen spikes; see `planning.plan_split`."""
        return planning.plan_split(self.assignment, spike_ids, labels, within, note)

    def plan_split_init(self, cluster_ids: Sequence[int], spike_templates: IntArray) -> Split | Merge:
        """Return the split of clusters back to their templates; see `planning.plan_split_init`."""
        return planning.plan_split_init(self.assignment, cluster_ids, spike_templates)

    def plan_group(self, cluster_ids: Sequence[int], group: str | None) -> SetGroup:
        """Return the move of clusters to a group; None clears it.

        Raises
        ------
        ActionError : no or unknown clusters, or a name that cannot be a group's
        """
        ids = planning.existing(self.assignment, cluster_ids)
        return SetGroup(ids, self._group_name(group))

    def plan_label(self, field: str, cluster_ids: Sequence[int], value: LabelValue | None) -> SetLabel:
        """Return the labelling of clusters; None or "" empties the cells. The field "group" takes text only.

        Raises
        ------
        ActionError : no or unknown clusters, or a field or value that a table file cannot hold
        """
        ids = planning.existing(self.assignment, cluster_ids)
        field, checked = check_field(field), check_value(value)
        if field == GROUP and checked is not None:
            checked = self._group_name(value)
        return SetLabel(field, ids, checked)

    def _group_name(self, wanted: object) -> str | None:
        """Return the name of the group that is meant, a new one among them; None for none."""
        name = wanted.strip() if isinstance(wanted, str) else wanted
        if name is None or name == "":
            return None
        if isinstance(name, str) and name in self.labels.values(GROUP).values():
            return self.groups.get(name).name  # of the dataset, whatever is thought of it
        return self.groups.choose(name).name

    def do(self, action: Action, selection_before: Selection | None = None) -> Delta:
        """Do an action and emit what it changed.

        Parameters
        ----------
        selection_before : what an undo will select again

        Raises
        ------
        ActionError : the action does not fit the clusters of now; nothing is changed
        """
        return self.apply(self.draft(action), selection_before)

    def apply(self, draft: Draft, selection_before: Selection | None = None, at: float | None = None) -> Delta:
        """Do what was worked out by `draft` just before, and emit what it changed; this cannot fail.

        at : when it was done first, s since 1970, by default now
        """
        item = self.history.apply(draft, selection_before, at)
        return self._emit(item, "do", None, item.text)

    def undo(self, selection: Selection | None = None) -> Delta:
        """Take the last action back; `selection` (the one now) is what a redo will select again.

        Raises
        ------
        ActionError : nothing to undo
        """
        item = self.history.undo(selection)
        return self._emit(item, "undo", item.selection_before, f"Undo {_undo_name(item)}.")

    def redo(self) -> Delta:
        """Do the last undone action again.

        Raises
        ------
        ActionError : nothing to redo
        """
        item = self.history.redo()
        return self._emit(item, "redo", item.selection_after, f"Redo {_undo_name(item)}.")

    def plan_travel(self, position: int) -> Restore:
        """Return the way to another place of the history as one action.

        Raises
        ------
        ActionError : there are not that many actions
        """
        return travel.plan(self.history, self.assignment, position).restore(self.assignment)

    def jump_to(self, position: int, selection: Selection | None = None) -> Delta | None:
        """Undo or redo until this many actions are done, as one change; None when nothing is to be done.

        selection : the one of now

        Raises
        ------
        ActionError : there are not that many actions
        """
        way = travel.plan(self.history, self.assignment, position)
        if way.n_steps < 2:
            if not way.n_steps:
                return None
            return self.undo(selection) if way.back else self.redo()
        there = self.history.go(position, selection)
        delta = way.delta(self.assignment, there)
        self.assignment.apply(way.patch)
        self.labels.apply(way.changes)
        self.changed.emit(delta)
        return delta

    def mark_saved(self) -> None:
        """Remember that the state of now is on disk."""
        self.history.mark_saved()

    def draft(self, action: Action) -> Draft:
        """Work out what an action moves and changes, so that it can be written down before it is done.

        Raises
        ------
        ActionError : the action does not fit the clusters of now; nothing is changed
        """
        match action:
            case Merge():
                return self._merge_draft(action)
            case Split():
                return self._split_draft(action)
            case SetGroup(cluster_ids, value):
                return self._label_draft(action, GROUP, cluster_ids, value)
            case SetLabel(field, cluster_ids, value):
                return self._label_draft(action, field, cluster_ids, value)
            case Restore():
                return self._restore_draft(action)

    def _merge_draft(self, action: Merge) -> Draft:
        planning.check(self.assignment, action)
        old, new = action.cluster_ids, action.new_id
        counts = {c: self.assignment.count(c) for c in old}
        return Draft(
            action,
            text=f"Merge clusters {', '.join(map(str, old))} to {new}.",
            counts=tuple(counts.values()),
            added=(new,),
            removed=old,
            descendants=tuple((c, new) for c in old),
            changes=self.labels.heir_changes(counts, (new,)),
            patch=self.assignment.merge_patch(old, new),
        )

    def _split_draft(self, action: Split) -> Draft:
        planning.check(self.assignment, action)
        counts = {c: self.assignment.count(c) for c in action.old_ids}
        parts = np.zeros(len(action.spike_ids), dtype=np.int32) if action.parts is None else action.parts
        chosen = self.assignment.labels_of(action.spike_ids)
        pairs = np.unique(chosen.astype(np.int64) * len(action.part_ids) + parts)
        shares = [(int(p // len(action.part_ids)), action.part_ids[p % len(action.part_ids)]) for p in pairs.tolist()]
        left = (counts[old] - int(np.count_nonzero(chosen == old)) for old, _ in action.rest)
        return Draft(
            action,
            text=f"Assigned {sum(counts.values())} spikes.",
            counts=(*np.bincount(parts, minlength=len(action.part_ids)).tolist(), *left),
            added=action.new_ids,
            removed=action.old_ids,
            descendants=tuple(sorted([*shares, *action.rest])),
            changes=with_cells(self.labels.heir_changes(counts, action.new_ids), action.cells),
            patch=self.assignment.split_patch(action.spike_ids, parts, action.part_ids, dict(action.rest)),
        )

    def _restore_draft(self, action: Restore) -> Draft:
        ids = tuple(cluster for cluster, _ in action.clusters)
        changes = tuple(LabelChange(f, c, self.labels.get(f, c), value) for f, c, value in action.cells)
        if not ids:
            return Draft(action, "Restore labels.", (), changes=changes)
        spikes = np.concatenate([found for _, found in action.clusters])
        order = np.argsort(spikes, kind="stable")
        parts = np.repeat(np.arange(len(ids)), [len(found) for _, found in action.clusters])[order]
        old = planning.check_restore(self.assignment, ids, spikes[order])
        owners = self.assignment.labels_of(spikes[order]).astype(np.int64)
        shares = np.unique(owners * len(ids) + parts)
        return Draft(
            action,
            text=f"Restore clusters {', '.join(map(str, ids))}.",
            counts=tuple(len(found) for _, found in action.clusters),
            added=ids,
            removed=old,
            descendants=tuple((int(s // len(ids)), ids[int(s % len(ids))]) for s in shares),
            changes=changes,
            patch=self.assignment.split_patch(spikes[order], parts, ids, {}),
        )

    def _label_draft(self, action: Action, field: str, cluster_ids: tuple[int, ...], value: LabelValue | None) -> Draft:
        planning.existing(self.assignment, cluster_ids)
        names = ", ".join(map(str, cluster_ids))
        text = f"Change metadata_{field} for clusters {names} to {value}."
        counts = tuple(self.assignment.count(c) for c in cluster_ids)
        return Draft(action, text, counts, changes=self.labels.set_changes(field, cluster_ids, value))

    def _emit(
        self,
        item: HistoryItem,
        direction: Literal["do", "undo", "redo"],
        selection: Selection | None,
        message: str,
    ) -> Delta:
        """Make the delta of an item, turned round for an undo, and emit it."""
        back = direction == "undo"
        action = item.action
        before, after = cells(item.changes, after=False), cells(item.changes, after=True)
        delta = Delta(
            kind=item.kind,
            added=item.removed if back else item.added,
            removed=item.added if back else item.removed,
            changed=action.cluster_ids if isinstance(action, SetGroup | SetLabel) else (),
            descendants=tuple((new, old) for old, new in item.descendants) if back else item.descendants,
            field=action.field if isinstance(action, SetLabel) else GROUP if isinstance(action, SetGroup) else "",
            before=after if back else before,
            after=before if back else after,
            direction=direction,
            selection=selection,
            message=message,
        )
        self.changed.emit(delta)
        return delta


def _undo_name(item: HistoryItem) -> str:
    """What phy calls the kind of action in its undo messages."""
    return "cluster assign" if item.kind in ("merge", "split") else "move"
