"""Long random curations agree with a plain label vector and label table at every step."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import Delta, Merge, from_record, to_record
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.regrouping import plan_reassign, plan_split_to
from tests.curation.plain_curation import PlainCuration

FIELDS: dict[str, dict[int, Any]] = {
    "group": {0: "good", 1: "mua", 2: "unsorted"},
    "ContamPct": {0: 1.5, 1: 2.5, 2: 2.5, 3: 99.0},
    "note": {1: "drifts", 3: "nice cell"},
}


def agree(manager: ClusterManager, plain: PlainCuration) -> None:
    """Assert that labels, clusters, counts, spikes, cells and history place are the same."""
    labels = np.array(plain.labels)
    a = manager.assignment
    assert a.labels().tolist() == plain.labels
    clusters, counts = np.unique(labels, return_counts=True)
    assert manager.cluster_ids == tuple(clusters.tolist())
    assert a.counts(manager.cluster_ids).tolist() == counts.tolist()
    assert a.next_id == plain.next_id
    assert a.labels_of(np.arange(len(labels))).tolist() == plain.labels
    order = np.argsort(labels, kind="stable")
    for cluster, spikes in zip(clusters.tolist(), np.split(order, np.cumsum(counts)[:-1]), strict=True):
        assert np.array_equal(a.spikes(cluster), spikes)
    assert {f: v for f, v in manager.labels.to_dict().items() if v} == {f: v for f, v in plain.table.items() if v}
    history = manager.history
    assert (history.position, len(history.items)) == (plain.position, len(plain.states) - 1)


def _pair(labels: list[int]) -> tuple[ClusterManager, PlainCuration]:
    return ClusterManager(np.array(labels), FIELDS), PlainCuration(labels, FIELDS, {"ContamPct"})


class Curation(RuleBasedStateMachine):
    @initialize(labels=st.lists(st.integers(0, 5), min_size=2, max_size=30))
    def open(self, labels: list[int]) -> None:
        self.manager, self.plain = _pair(labels)
        self.deltas: list[Delta] = []
        self.manager.changed.connect(self.deltas.append)

    @precondition(lambda self: len(self.manager.cluster_ids) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        ids = data.draw(st.sets(st.sampled_from(self.manager.cluster_ids), min_size=2))
        self.manager.do(from_record(to_record(self.manager.plan_merge(sorted(ids)))))
        self.plain.merge(sorted(ids))

    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        n = len(self.plain.labels)
        spikes = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
        relative = data.draw(st.lists(st.integers(-1, 4), min_size=len(spikes), max_size=len(spikes)))
        try:
            action = self.manager.plan_split(spikes, relative)
        except ActionError:
            whole = {self.plain.labels[s] for s in spikes}
            assert len(whole) == 1 and len(set(relative)) == 1 and self.plain.labels.count(whole.pop()) == len(spikes)
            return
        self.manager.do(from_record(to_record(action)))
        self.plain.split(spikes, relative)

    @rule(data=st.data(), group=st.sampled_from(["noise", "good"]))
    def split_to(self, data: st.DataObject, group: str) -> None:
        n = len(self.plain.labels)
        spikes = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
        try:
            action = plan_split_to(self.manager, spikes, group)
        except ActionError:
            whole = {self.plain.labels[s] for s in spikes}
            assert sum(self.plain.labels.count(c) for c in whole) == len(spikes)
            return
        self.manager.do(from_record(to_record(action)))
        self.plain.split_to(spikes, group)

    @rule(data=st.data())
    def reassign(self, data: st.DataObject) -> None:
        n, ids = len(self.plain.labels), st.sampled_from(self.manager.cluster_ids)
        moves = data.draw(st.dictionaries(st.integers(0, n - 1), ids, min_size=1))
        after = {moves.get(i, c) for i, c in enumerate(self.plain.labels)}
        here = {self.plain.labels[s] for s, c in moves.items() if self.plain.labels[s] != c}
        try:
            action = plan_reassign(self.manager, list(moves), list(moves.values()))
        except ActionError:
            assert not here or here - after
            return
        assert here and not here - after
        self.manager.do(from_record(to_record(action)))
        self.plain.reassign(moves)

    @rule(data=st.data(), group=st.sampled_from(["good", "mua", "noise", "unsorted", "maybe", None]))
    def move(self, data: st.DataObject, group: str | None) -> None:
        ids = data.draw(st.lists(st.sampled_from(self.manager.cluster_ids), min_size=1, unique=True))
        self.manager.do(self.manager.plan_group(ids, group))
        self.plain.set("group", ids, group)

    @rule(
        data=st.data(),
        field=st.sampled_from(["note", "quality", "ContamPct"]),
        value=st.sampled_from(["a b", 3, 0.5, None]),
    )
    def label(self, data: st.DataObject, field: str, value: int | float | str | None) -> None:
        ids = data.draw(st.lists(st.sampled_from(self.manager.cluster_ids), min_size=1, unique=True))
        self.manager.do(self.manager.plan_label(field, ids, value))
        self.plain.set(field, ids, value)

    @precondition(lambda self: self.manager.history.can_undo)
    @rule()
    def undo(self) -> None:
        self.manager.undo()
        self.plain.undo()

    @precondition(lambda self: self.manager.history.can_redo)
    @rule()
    def redo(self) -> None:
        self.manager.redo()
        self.plain.redo()

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, len(self.manager.history.items)))
        self.manager.do(from_record(to_record(self.manager.plan_travel(position))))
        self.plain.restore(position)

    @rule(data=st.data())
    def jump(self, data: st.DataObject) -> None:
        position = data.draw(st.integers(0, len(self.manager.history.items)))
        self.manager.jump_to(position)
        self.plain._go(position)

    @invariant()
    def both_say_the_same(self) -> None:
        if hasattr(self, "manager"):
            agree(self.manager, self.plain)

    @invariant()
    def deltas_tell_which_clusters_exist(self) -> None:
        if hasattr(self, "manager"):
            live = set(self.manager.cluster_ids)
            for delta in reversed(self.deltas):
                assert set(delta.added) <= live and not set(delta.removed) & live
                live = live - set(delta.added) | set(delta.removed)


Curation.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestCuration = Curation.TestCase


def _step(rng: random.Random, manager: ClusterManager, plain: PlainCuration) -> None:
    """Do one random thing in both."""
    kind = rng.choices(["merge", "split", "group", "label", "undo", "redo"], [3, 3, 2, 2, 3, 2])[0]
    ids = rng.sample(manager.cluster_ids, min(len(manager.cluster_ids), rng.randint(1, 4)))
    if kind == "merge" and len(ids) > 1:
        manager.do(manager.plan_merge(ids))
        plain.merge(ids)
    elif kind == "split":
        pool = np.concatenate([manager.assignment.spikes(c) for c in ids]).tolist()
        spikes = rng.sample(pool, rng.randint(1, len(pool)))
        relative = [rng.choice((0, 0, 0, 2, 5)) for _ in spikes] if rng.random() < 0.4 else [0] * len(spikes)
        try:
            action = manager.plan_split(spikes, relative)
        except ActionError:
            return
        manager.do(action)
        plain.split(spikes, relative)
    elif kind in ("group", "label"):
        field, value = ("group", "good") if kind == "group" else ("note", rng.choice(["x", "y", None]))
        manager.do(manager.plan_group(ids, value) if kind == "group" else manager.plan_label(field, ids, value))
        plain.set(field, ids, value)
    elif kind == "undo" and manager.history.can_undo:
        for _ in range(rng.randint(1, min(5, manager.history.position))):
            manager.undo()
            plain.undo()
    elif kind == "redo" and manager.history.can_redo:
        manager.redo()
        plain.redo()


def test_ten_thousand_random_steps_agree_with_the_plain_version() -> None:
    rng = random.Random(20240)
    labels = [rng.randrange(25) for _ in range(150)]
    manager, plain = _pair(labels)
    for _ in range(10_000):
        _step(rng, manager, plain)
        agree(manager, plain)
    assert plain.next_id > 5_000


def test_a_split_of_whole_clusters_into_one_is_a_merge() -> None:
    manager, _ = _pair([0, 0, 1, 2])
    assert manager.plan_split([0, 1, 2]) == Merge((0, 1), 3)
