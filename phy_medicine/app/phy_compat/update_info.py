"""`UpdateInfo`: what an action changed, in phy's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.base.types import IntArray
from phy_medicine.curation.actions import GROUP, Delta
from phy_medicine.curation.assignment import Assignment
from phy_medicine.curation.groups import UNSORTED


class IdList(list[int]):
    """A list that is compared item by item with a number or an array, as plugins do, and as a list with a list."""

    def __eq__(self, other: object) -> Any:
        return super().__eq__(other) if isinstance(other, list | tuple) else np.equal(self, other)  # type: ignore[call-overload]

    def __ne__(self, other: object) -> Any:
        return super().__ne__(other) if isinstance(other, list | tuple) else np.not_equal(self, other)  # type: ignore[call-overload]


class UpdateInfo(Bunch):
    """What changed.

    description : "merge", "assign" or "metadata_<field>"; history : None, "undo" or "redo"
    spike_ids, spike_clusters : spikes that moved, and where to
    added, deleted : clusters that came and went; descendants : pairs of an old and a new cluster
    metadata_changed, metadata_value : clusters that were labelled, and their label
    undo_state : what callbacks of `request_undo_state` gave for the action that is undone
    """

    def __init__(self, values: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        defaults: dict[str, Any] = {
            "description": "", "history": None, "spike_ids": [], "added": [], "deleted": [], "descendants": [],
            "metadata_changed": [], "metadata_value": None, "undo_state": None,
        }  # fmt: skip
        super().__init__({**defaults, **(values or {}), **kwargs})

    def __repr__(self) -> str:
        history = f" ({self.history})" if self.history else ""
        if self.description in ("merge", "assign"):
            return f"<{self.description}{history} {_join(self.deleted)} => {_join(self.added)}>"
        if self.description.startswith("metadata"):
            return f"<{self.description}{history} {_join(self.metadata_changed)} => {self.metadata_value}>"
        return "<UpdateInfo>"

    def copy(self) -> UpdateInfo:
        """Return a copy."""
        return UpdateInfo(self)


def _join(clusters: list[int]) -> str:
    return f"[{', '.join(map(str, clusters))}]"


def update_of(delta: Delta, assignment: Assignment, n_spikes: Mapping[int, int]) -> UpdateInfo:
    """Return phy's account of a change that was just made.

    n_spikes : spikes of each cluster that there was before
    """
    history = None if delta.direction == "do" else delta.direction
    if delta.kind in ("group", "label"):
        return _update_of_labels(delta, history)
    spikes, clusters = _moved(delta, assignment)
    return UpdateInfo(
        description="merge" if len(delta.added) == 1 else "assign",
        history=history,
        spike_ids=IdList(spikes.tolist()),
        spike_clusters=IdList(clusters.tolist()),
        added=IdList(sorted(delta.added)),
        deleted=IdList(sorted(delta.removed)),
        descendants=[(int(old), int(new)) for old, new in delta.descendants],
        largest_old_cluster=max(delta.removed, key=lambda c: (n_spikes.get(c, 0), -c), default=None),
        all_cluster_ids=IdList(assignment.cluster_ids),
    )


def _moved(delta: Delta, assignment: Assignment) -> tuple[IntArray, IntArray]:
    """Spikes of the new clusters and the cluster of each: of a split first those that were split off, as in phy."""
    spikes = [np.asarray(assignment.spikes(c), dtype=np.int64) for c in delta.added]
    if not spikes:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    joined = np.concatenate(spikes)
    order = np.arange(len(joined)) if delta.kind == "split" else np.argsort(joined, kind="stable")
    return joined[order], np.repeat(delta.added, [len(s) for s in spikes])[order]


def _update_of_labels(delta: Delta, history: str | None) -> UpdateInfo:
    values = delta.after.get(delta.field, {})
    found = [values.get(c) for c in delta.changed]
    value = found[0] if found and all(v == found[0] for v in found) else None
    if delta.field == GROUP and found and value is None and not any(found):
        value = UNSORTED
    return UpdateInfo(
        description=f"metadata_{delta.field}",
        history=history,
        metadata_changed=IdList(delta.changed),
        metadata_value=value,
    )
