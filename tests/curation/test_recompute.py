"""The second way to the labels: the same as the atoms for any actions, and as plain lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import to_record
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.recompute import recomputed_labels, standing

STEPS = st.lists(
    st.tuples(st.sampled_from(["merge", "split", "parts", "group", "undo", "redo", "back"]), st.integers(0, 10_000)),
    max_size=25,
)


def _record(manager: ClusterManager, kind: str, seed: int) -> dict[str, Any] | None:
    """Do a step if it makes sense, and return its record."""
    rng = np.random.default_rng(seed)
    ids = rng.choice(manager.cluster_ids, size=min(2, len(manager.cluster_ids)), replace=False).tolist()
    spikes = np.concatenate([manager.assignment.spikes(c) for c in ids])
    some = rng.choice(spikes, size=max(1, len(spikes) // 3), replace=False)
    history = manager.history
    try:
        match kind:
            case "merge":
                action = manager.plan_merge(ids)
            case "split":
                action = manager.plan_split(some)
            case "parts":
                action = manager.plan_split(some, rng.integers(0, 3, len(some)))
            case "group":
                action = manager.plan_group(ids, "good")
            case "undo":
                steps = 1 + seed % max(1, history.position)
                manager.jump_to(history.position - steps)
                return {"kind": "undo", "steps": steps}
            case "redo":
                manager.redo()
                return {"kind": "redo"}
            case "back":
                if not history.position:
                    return None
                action = manager.plan_travel(history.position - 1)
    except ActionError:
        return None
    manager.do(action)
    return to_record(action)


@given(labels=st.lists(st.sampled_from([-3, 0, 1, 2, 7, 2**30]), min_size=2, max_size=40), steps=STEPS)
def test_the_labels_are_those_of_the_atoms_after_any_actions(labels, steps):
    start = np.array(labels, dtype=np.int32)
    manager = ClusterManager(start)
    records = [record for kind, seed in steps if (record := _record(manager, kind, seed)) is not None]
    assert recomputed_labels(start, records).tolist() == manager.assignment.labels().tolist()
    assert start.tolist() == labels


def test_merge_and_split_by_hand():
    records = [
        {"kind": "merge", "cluster_ids": [0, 1], "new_id": 5},
        {"kind": "split", "spike_ids": np.array([0, 3]), "parts": np.array([1, 0]), "part_ids": [6, 7],
         "old_ids": [2, 5], "rest": [[5, 8]]},
    ]  # fmt: skip
    assert recomputed_labels(np.array([0, 1, 0, 2]), records).tolist() == [7, 8, 8, 6]


def test_what_was_undone_does_not_stand():
    a, b, c = ({"kind": "merge", "new_id": i} for i in range(3))
    assert standing([a, b, {"kind": "undo", "steps": 2}, {"kind": "redo"}, c]) == [a, c]


def test_more_undone_than_done_is_an_error():
    with pytest.raises(ValueError, match="nothing to undo"):
        standing([{"kind": "undo"}])
