"""The queue of suggestions: what is shown, in which order, and what becomes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from phy_medicine.base.errors import ActionError
from phy_medicine.curation import suggestions as module
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.suggestions import Kind, Suggestion, SuggestionQueue

DELTA = Delta("merge")


class Table:
    """Clusters that a test can end and bring back."""

    def __init__(self, *alive: int) -> None:
        self.alive = set(alive)
        self.groups: dict[int, str] = {}

    def contains(self, cluster_id: int) -> bool:
        return cluster_id in self.alive

    def group(self, cluster_id: int) -> str | None:
        assert cluster_id in self.alive
        return self.groups.get(cluster_id)

    def spikes_key(self, cluster_id: int) -> str:
        assert cluster_id in self.alive
        return f"spikes of {cluster_id}"


def _some(kind: Kind, *ids: int, gain: float = 1.0) -> Suggestion:
    return Suggestion(kind, ids, gain, 0.5)


def _waiting(queue: SuggestionQueue) -> list[tuple[str, tuple[int, ...]]]:
    return [s.about for s in queue.waiting]


def test_the_largest_gain_comes_first_and_what_was_put_off_last() -> None:
    queue = SuggestionQueue(Table(1, 2, 3, 4))
    queue.offer([_some("merge", 1, 2, gain=5), _some("split", 3, gain=9), _some("noise", 4, gain=7)])
    assert _waiting(queue) == [("split", (3,)), ("noise", (4,)), ("merge", (1, 2))]
    queue.later()
    assert _waiting(queue) == [("noise", (4,)), ("merge", (1, 2)), ("split", (3,))]
    queue.offer([_some("split", 2, gain=1)])
    assert _waiting(queue)[-1] == ("split", (3,))


def test_a_merge_makes_suggestions_about_its_clusters_void_and_its_undo_brings_them_back() -> None:
    table = Table(1, 2, 3)
    queue = SuggestionQueue(table)
    queue.offer([_some("merge", 1, 2, gain=3), _some("merge", 2, 3, gain=2), _some("noise", 3)])
    assert queue.accept().about == ("merge", (1, 2))
    table.alive = {3, 4}
    queue.note(DELTA)
    assert _waiting(queue) == [("noise", (3,))]
    table.alive = {1, 2, 3}
    queue.note(DELTA)
    assert _waiting(queue) == [("merge", (1, 2)), ("merge", (2, 3)), ("noise", (3,))]


def test_what_was_rejected_does_not_come_back_in_another_session_under_other_ids() -> None:
    class Other(Table):
        def spikes_key(self, cluster_id: int) -> str:
            return f"spikes of {cluster_id - 10}"

    queue = SuggestionQueue(Table(1, 2, 3))
    queue.offer([_some("merge", 1, 2, gain=3), _some("split", 1)])
    queue.reject()
    later = SuggestionQueue(Other(11, 12, 13), queue.rejected)
    later.offer([_some("merge", 11, 12), _some("merge", 12, 13), _some("split", 11)])
    assert sorted(_waiting(later)) == [("merge", (12, 13)), ("split", (11,))]


def test_a_rejection_can_be_taken_back() -> None:
    queue = SuggestionQueue(Table(1, 2))
    queue.offer([_some("split", 1, gain=2), _some("split", 2)])
    queue.reject()
    assert _waiting(queue) == [("split", (2,))]
    assert queue.take_back().about == ("split", (1,))
    assert queue.current is not None and queue.current.about == ("split", (1,))
    assert queue.rejected == frozenset()
    with pytest.raises(ActionError, match="No suggestion"):
        queue.take_back()


def test_what_was_split_and_joined_again_is_not_proposed_once_more() -> None:
    class Same(Table):
        def spikes_key(self, cluster_id: int) -> str:
            return "the same"

    table = Same(1)
    queue = SuggestionQueue(table)
    queue.offer([_some("split", 1)])
    queue.accept()
    table.alive = {4}
    queue.note(DELTA)
    queue.offer([_some("split", 4)])
    assert _waiting(queue) == []
    queue.note(Delta("split", direction="undo"))
    assert _waiting(queue) == [("split", (4,))]


def test_the_parts_of_an_accepted_split_are_not_proposed_to_be_joined() -> None:
    table = Table(1, 3)
    queue = SuggestionQueue(table)
    queue.offer([_some("split", 1)])
    queue.accept()
    table.alive = {3, 4, 5}
    queue.settle(Delta("split", added=(4, 5), removed=(1,)))
    queue.offer([_some("merge", 4, 5), _some("merge", 3, 4)])
    assert _waiting(queue) == [("merge", (3, 4))]


def test_noise_is_not_proposed_of_a_cluster_that_was_given_another_group() -> None:
    table = Table(1)
    table.groups[1] = "mua"
    queue = SuggestionQueue(table)
    queue.offer([_some("noise", 1)])
    table.groups[1] = "good"
    queue.note(DELTA)
    queue.offer([_some("noise", 1)])
    assert _waiting(queue) == []
    table.groups[1] = "mua"  # undone
    queue.note(DELTA)
    assert _waiting(queue) == [("noise", (1,))]


def test_nothing_is_merged_with_noise_or_split_off_it() -> None:
    table = Table(1, 2)
    queue = SuggestionQueue(table)
    queue.offer([_some("merge", 1, 2), _some("split", 1), _some("split", 2)])
    table.groups[1] = "noise"
    queue.note(DELTA)
    assert _waiting(queue) == [("split", (2,))]


def test_the_current_one_stays_while_others_come_and_goes_on_to_the_first_not_passed() -> None:
    table = Table(1, 2, 3, 4)
    queue = SuggestionQueue(table)
    queue.offer([_some("split", 1, gain=4), _some("split", 2, gain=3), _some("split", 3, gain=2)])
    queue.next()
    queue.offer([_some("split", 4, gain=9)])
    assert queue.current is not None and queue.current.about == ("split", (2,))
    table.alive = {1, 3, 4}
    queue.note(DELTA)
    assert queue.current.about == ("split", (4,))


def test_next_and_previous_stop_at_the_ends() -> None:
    queue = SuggestionQueue(Table(1, 2))
    assert queue.next() is None and queue.current is None and queue.place is None
    queue.offer([_some("split", 1, gain=4), _some("split", 2, gain=3)])
    assert [s and s.about[1] for s in (queue.previous(), queue.next(), queue.next(), queue.previous())] == [
        (1,), (2,), (2,), (1,),
    ]  # fmt: skip


def test_nothing_can_be_decided_where_nothing_waits() -> None:
    queue = SuggestionQueue(Table())
    for decide in (queue.accept, queue.reject, queue.later):
        with pytest.raises(ActionError, match="No suggestion"):
            decide()


def test_parts_once_known_stay_when_the_same_is_offered_again() -> None:
    queue = SuggestionQueue(Table(1))
    queue.offer([Suggestion("split", (1,), 1.0, 0.5, parts=np.array([0, 1, 1]))])
    queue.offer([_some("split", 1, gain=8)])
    assert queue.current is not None and queue.current.gain == 8
    assert queue.current.parts is not None and queue.current.parts.tolist() == [0, 1, 1]


def test_only_the_best_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    queue = SuggestionQueue(Table(1, 2, 3))
    queue.offer([_some("split", 1, gain=1), _some("split", 2, gain=3)])
    queue.offer([_some("split", 3, gain=2)])
    assert _waiting(queue) == [("split", (2,)), ("split", (3,))]


KINDS: tuple[Kind, ...] = ("merge", "split", "noise", "mua")
some_suggestions = st.builds(
    lambda kind, ids, gain: Suggestion(kind, ids if kind == "merge" else ids[:1], gain, 0.5),
    st.sampled_from(KINDS),
    st.lists(st.integers(0, 4), min_size=2, max_size=2, unique=True).map(lambda ids: tuple(sorted(ids))),
    st.integers(0, 3).map(float),
)


class RandomWalk(RuleBasedStateMachine):
    """A queue beside a plain list that is filtered and sorted anew at every question."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(*range(5))
        self.queue = SuggestionQueue(self.table)
        self.plain: list[Suggestion] = []
        self.groups: dict[object, str | None] = {}
        self.rejected: list[object] = []
        self.late: list[object] = []
        self.decided: list[tuple[str, object]] = []

    def shown(self) -> list[Suggestion]:
        found = []
        for s in self.plain:
            groups = [self.table.groups.get(c) for c in s.cluster_ids]
            if not set(s.cluster_ids) <= self.table.alive or s.about in self.rejected:
                continue
            if s.kind in ("merge", "split") and "noise" in groups:
                continue
            if s.kind in ("noise", "mua") and (groups[0] == s.kind or groups[0] != self.groups[s.about]):
                continue
            found.append(s)
        last = lambda s: len(self.late) - self.late[::-1].index(s.about) if s.about in self.late else 0  # noqa: E731
        return sorted(found, key=lambda s: (last(s), -s.gain, s.kind, s.cluster_ids))

    @rule(new=some_suggestions)
    def offer(self, new: Suggestion) -> None:
        if not set(new.cluster_ids) <= self.table.alive:
            return
        self.plain = [s for s in self.plain if s.about != new.about] + [new]
        self.groups.setdefault(new.about, self.table.groups.get(new.cluster_ids[0]))
        self.queue.offer([new])

    @rule(cluster=st.integers(0, 4))
    def end_or_undo(self, cluster: int) -> None:
        self.table.alive ^= {cluster}
        self.queue.note(DELTA)

    @rule(cluster=st.integers(0, 4), group=st.sampled_from(["noise", "mua", "good"]))
    def move(self, cluster: int, group: str) -> None:
        self.table.groups[cluster] = group
        self.queue.note(DELTA)

    @rule(forward=st.booleans())
    def walk(self, forward: bool) -> None:
        before = self.queue.place
        step = self.queue.next if forward else self.queue.previous
        seen = step()
        if before is None:
            assert seen is None
        else:
            assert self.queue.place == min(max(before + (1 if forward else -1), 0), len(self.queue.waiting) - 1)

    @rule(reject=st.booleans())
    def decide(self, reject: bool) -> None:
        if self.queue.current is None:
            return
        done = (self.queue.reject if reject else self.queue.later)()
        (self.rejected if reject else self.late).append(done.about)
        self.decided.append(("reject" if reject else "later", done.about))

    @rule()
    def take_back(self) -> None:
        if not self.decided:
            return
        what, about = self.decided.pop()
        assert self.queue.take_back().about == about
        if what == "reject":
            self.rejected.remove(about)
        self.late = [other for other in self.late if other != about]

    @invariant()
    def the_same_as_the_plain_one(self) -> None:
        assert [s.about for s in self.queue.waiting] == [s.about for s in self.shown()]
        assert self.queue.current in (self.queue.waiting or (None,))
        assert not {s.about for s in self.queue.waiting} & set(self.rejected)


RandomWalk.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestRandomWalk = RandomWalk.TestCase


@given(st.lists(some_suggestions, max_size=8))
def test_the_order_of_offers_does_not_matter(offered: list[Suggestion]) -> None:
    unique = list({s.about: s for s in offered}.values())
    a, b = SuggestionQueue(Table(*range(5))), SuggestionQueue(Table(*range(5)))
    a.offer(unique)
    for suggestion in unique[::-1]:
        b.offer([suggestion])
    assert _waiting(a) == _waiting(b)


def test_what_is_less_certain_comes_after_all_that_is_recommended_and_before_what_was_put_off() -> None:
    queue = SuggestionQueue(Table(1, 2, 3, 4))
    queue.offer([Suggestion("split", (i,), gain, sure) for i, gain, sure in ((1, 5, 0.69), (2, 1, 0.7), (3, 3, 0.99))])
    assert [(s.cluster_ids[0], s.recommended) for s in queue.waiting] == [(3, True), (2, True), (1, False)]
    queue.later()
    assert [s.cluster_ids[0] for s in queue.waiting] == [2, 1, 3]
