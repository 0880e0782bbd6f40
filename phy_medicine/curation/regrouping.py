"""Splits whose new clusters have labels of their own: spikes put into a group, spikes given to other clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray
from phy_medicine.curation import planning
from phy_medicine.curation.actions import GROUP, Merge, Split
from phy_medicine.curation.cluster_manager import ClusterManager


def plan_split_to(
    manager: ClusterManager,
    spike_ids: IntArray | Sequence[int],
    group: str,
    labels: IntArray | Sequence[int] | None = None,
) -> Split:
    """Return the split that takes chosen spikes out of their clusters and puts them into a group.

    What is left of their clusters keeps its labels as after any split.

    Parameters
    ----------
    spike_ids, labels : as of `planning.plan_split`

    Raises
    ------
    ActionError : no or unknown spikes, whole clusters, or a name that cannot be a group's
    """
    return put_into(manager, planning.plan_split(manager.assignment, spike_ids, labels), group)


def put_into(manager: ClusterManager, split: Split | Merge, group: str) -> Split:
    """Return a split whose chosen spikes are put into a group.

    Raises
    ------
    ActionError : the split leaves nothing of its clusters, or a name that cannot be a group's
    """
    if isinstance(split, Merge) or not split.rest:
        raise ActionError("These spikes are whole clusters; move the clusters to the group instead.")
    name = manager.groups.get(group).name
    return replace(split, cells=tuple((GROUP, c, name) for c in split.part_ids))


def plan_reassign(
    manager: ClusterManager, spike_ids: IntArray | Sequence[int], targets: IntArray | Sequence[int]
) -> Split:  # fmt: skip
    """Return the split after which spikes are with those of other clusters.

    Every cluster that gives or takes spikes goes on under a new id, in ascending order, with the labels that it had.

    Parameters
    ----------
    spike_ids : (n,) int, any order, repeats allowed
    targets : (n,) int, the cluster that each spike goes to; one that is in it already does not move

    Raises
    ------
    ActionError : unknown spikes or clusters, two targets of one spike, nothing to do, or a cluster that would be empty
    """
    assignment = manager.assignment
    ids, wanted = planning.chosen(assignment, spike_ids, targets)
    here = assignment.labels_of(ids)
    moved = here != wanted
    if not moved.any():
        raise ActionError("These spikes are in those clusters already; nothing would change.")
    ids, wanted, here = ids[moved], wanted[moved], here[moved]
    touched = planning.existing(assignment, np.union1d(here, wanted).tolist())
    every = np.concatenate([assignment.spikes(c) for c in touched]).astype(np.int64)
    labels = np.repeat(np.arange(len(touched)), assignment.counts(touched))
    order = np.argsort(every, kind="stable")
    every, labels = every[order], labels[order]
    labels[np.searchsorted(every, ids)] = np.searchsorted(touched, wanted)
    empty = np.flatnonzero(np.bincount(labels, minlength=len(touched)) == 0)
    if len(empty):
        raise ActionError(f"No spike of cluster {touched[empty[0]]} would be left; merge it instead.")
    split = planning.plan_split(assignment, every, labels)
    assert isinstance(split, Split)  # there are two parts at least
    cells = [cell for old, new in zip(touched, split.part_ids, strict=True) for cell in manager.labels.kept(old, new)]
    return replace(split, cells=tuple(cells))
