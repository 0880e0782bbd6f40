"""Work out merges and splits from what the user chose; nothing is changed here."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray, frozen
from phy_medicine.curation.actions import GROUP, Merge, Split
from phy_medicine.curation.assignment import MAX_ID, Assignment
from phy_medicine.curation.labels import check_field, check_value


def existing(assignment: Assignment, cluster_ids: Sequence[int]) -> tuple[int, ...]:
    """Return cluster ids without duplicates, in the given order.

    Raises
    ------
    ActionError : there are none, or one does not exist
    """
    ids = tuple(dict.fromkeys(int(c) for c in cluster_ids))
    if not ids:
        raise ActionError("No cluster is selected.")
    missing = [c for c in ids if not assignment.contains(c)]
    if missing:
        raise ActionError(f"There is no cluster {missing[0]}.")
    return ids


def plan_merge(assignment: Assignment, cluster_ids: Sequence[int]) -> Merge:
    """Return the merge of clusters into the next new one.

    Raises
    ------
    ActionError : fewer than two clusters, or an unknown one
    """
    ids = tuple(sorted(existing(assignment, cluster_ids)))
    if len(ids) < 2:
        raise ActionError(f"Cluster {ids[0]} alone cannot be merged; select at least two clusters.")
    return Merge(ids, assignment.next_id)


def plan_split(
    assignment: Assignment,
    spike_ids: IntArray | Sequence[int],
    labels: IntArray | Sequence[int] | None = None,
    within: Collection[int] | None = None,
    note: str = "",
) -> Split | Merge:
    """Return the split that gives the chosen spikes new clusters; a merge if all end up in one.

    Parameters
    ----------
    spike_ids : (n,) int, any order, repeats allowed
    labels : (n,) int, relative: label r goes to the new id `next_id + r - min(labels)`; None: all to one
    within : only spikes of these clusters are taken
    note : kept with the split, by what it was found

    Raises
    ------
    ActionError : no spikes, unknown spikes, labels that do not fit, or a result that is the same single cluster
    """
    ids, relative = chosen(assignment, spike_ids, labels)
    clusters = assignment.labels_of(ids)
    if within is not None:
        inside = np.isin(clusters, np.array(list(within), dtype=np.int64))
        ids, relative, clusters = ids[inside], relative[inside], clusters[inside]
    if not len(ids):
        raise ActionError("No spikes selected, cannot split.")
    old, counts = np.unique(clusters, return_counts=True)
    old_ids = tuple(old.tolist())
    left = [c for c, n in zip(old_ids, counts.tolist(), strict=True) if n < assignment.count(c)]
    values, parts = np.unique(relative, return_inverse=True)
    new_id = assignment.next_id
    if len(values) == 1 and not left:
        return _whole(old_ids, new_id)
    if int(values[-1]) - int(values[0]) > MAX_ID - new_id - len(left) - 1:
        raise ActionError(f"Labels from {values[0]} to {values[-1]} are too far apart; renumber them from 0.")
    part_ids = tuple((values - values[0] + new_id).tolist())
    rest = tuple((c, part_ids[-1] + 1 + k) for k, c in enumerate(left))
    of_part = None if len(values) == 1 else frozen(parts.astype(np.int32))
    return Split(frozen(ids), of_part, part_ids, old_ids, rest, note)


def plan_split_init(assignment: Assignment, cluster_ids: Sequence[int], spike_templates: IntArray) -> Split | Merge:
    """Return the split of whole clusters back to the templates of their spikes.

    Parameters
    ----------
    spike_templates : (n_spikes,) int

    Raises
    ------
    ActionError : an unknown cluster, or one cluster of one template
    """
    ids = existing(assignment, cluster_ids)
    if len(spike_templates) != assignment.n_spikes:
        raise ActionError(f"There are {len(spike_templates)} spike templates for {assignment.n_spikes} spikes.")
    spike_ids = np.concatenate([assignment.spikes(c) for c in ids])
    labels = np.asarray(spike_templates)[spike_ids]
    if len(ids) == 1 and int(labels.min()) == int(labels.max()):
        raise ActionError(f"All spikes of cluster {ids[0]} have template {labels[0]}; there is nothing to split.")
    return plan_split(assignment, spike_ids, labels)


def check(assignment: Assignment, action: Merge | Split) -> None:
    """Check an action that may have been planned or recorded on another state.

    Raises
    ------
    ActionError : it does not fit the clusters of now
    """
    if isinstance(action, Merge):
        existing(assignment, action.cluster_ids)
        new_ids: tuple[int, ...] = (action.new_id,)
    else:
        existing(assignment, action.old_ids)
        if not (_is_well_formed(action, assignment.n_spikes) and _fits(action, assignment)):
            raise ActionError("This split does not fit the clusters as they are now.")
        new_ids = action.new_ids
        _check_cells(action)
    if min(new_ids) < assignment.next_id or max(new_ids) >= MAX_ID or len(set(new_ids)) < len(new_ids):
        raise ActionError(f"New clusters must have new ids from {assignment.next_id} on, not {min(new_ids)}.")


def check_restore(assignment: Assignment, ids: Sequence[int], spike_ids: IntArray) -> tuple[int, ...]:
    """Return the clusters that will disappear when these spikes make up the given clusters again.

    Raises
    ------
    ActionError : the spikes are not whole clusters of now, or a cluster of that id has other spikes
    """
    n = len(spike_ids)
    if not n or spike_ids[0] < 0 or spike_ids[-1] >= assignment.n_spikes or not np.all(np.diff(spike_ids) > 0):
        raise ActionError("The spikes to restore do not fit this dataset.")
    old = tuple(np.unique(assignment.labels_of(spike_ids)).tolist())
    taken = [c for c in ids if assignment.contains(c) and c not in old]
    if taken or sum(assignment.count(c) for c in old) != n or len(set(ids)) < len(ids):
        raise ActionError("The clusters to restore do not fit the clusters as they are now.")
    return old


def _check_cells(action: Split) -> None:
    """Refuse labels of other clusters than the new ones, or that a table file cannot hold."""
    for field, cluster, value in action.cells:
        if cluster not in action.new_ids:
            raise ActionError(f"This split labels cluster {cluster}, which it does not make.")
        if field != GROUP:
            check_field(field)
        check_value(value)


def _is_well_formed(split: Split, n_spikes: int) -> bool:
    """Whether spikes are ascending and in range, and each part of the split has some."""
    ids, parts = split.spike_ids, split.parts
    if not len(ids) or ids[0] < 0 or ids[-1] >= n_spikes or not np.all(np.diff(ids) > 0):
        return False
    if parts is None:
        return len(split.part_ids) == 1
    return len(parts) == len(ids) and np.unique(parts).tolist() == list(range(len(split.part_ids)))


def _fits(split: Split, assignment: Assignment) -> bool:
    """Whether the split names the clusters of its spikes, and those that keep others."""
    old, counts = np.unique(assignment.labels_of(split.spike_ids), return_counts=True)
    left = [c for c, n in zip(old.tolist(), counts.tolist(), strict=True) if n < assignment.count(c)]
    return tuple(old.tolist()) == split.old_ids and [c for c, _ in split.rest] == left


def _whole(old_ids: tuple[int, ...], new_id: int) -> Merge:
    """The merge that a split of nothing but whole clusters into one is."""
    if len(old_ids) == 1:
        raise ActionError(f"The selected spikes are all of cluster {old_ids[0]}; select a part of them to split.")
    return Merge(old_ids, new_id)


def chosen(
    assignment: Assignment, spike_ids: IntArray | Sequence[int], labels: IntArray | Sequence[int] | None
) -> tuple[IntArray, IntArray]:
    """Return distinct spike ids ascending (int64) with their labels.

    Raises
    ------
    ActionError : unknown spikes, or labels that do not fit them
    """
    ids = _integers(spike_ids, "Spike ids")
    if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < assignment.n_spikes:
        raise ActionError(f"Spike ids must lie between 0 and {assignment.n_spikes - 1}.")
    if labels is None:
        ids = np.unique(ids)
        return ids, np.zeros(len(ids), dtype=np.int64)
    relative = _integers(labels, "Split labels")
    if len(relative) != len(ids):
        raise ActionError(f"There are {len(relative)} labels for {len(ids)} spikes; each spike needs one.")
    distinct, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    if np.any(relative[first][inverse] != relative):
        raise ActionError("A spike was given two different labels.")
    return distinct, relative[first]


def _integers(values: IntArray | Sequence[int], what: str) -> IntArray:
    """One-dimensional int64 array."""
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ActionError(f"{what} must be a list of whole numbers.")
    return array.astype(np.int64)
