"""Walking through suggestions: what each selects, what a decision leads to, what undo brings back."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.session.session import Session


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    session.walk.begun = True  # nothing but what a test offers
    yield session
    session.close()


def offer(session: Session, *suggestions: tuple[str, tuple[int, ...]]) -> list[Suggestion]:
    """Offer suggestions, the first one with the largest gain."""
    made = [
        Suggestion(kind, ids, 1e9 - i, 0.9, parts=parts_of(session, *ids) if kind == "split" else None)  # type: ignore[arg-type]
        for i, (kind, ids) in enumerate(suggestions)
    ]
    session.suggestions.offer(made)
    return made


def parts_of(session: Session, cluster_id: int) -> np.ndarray:
    return np.arange(len(session.facts.spikes(cluster_id)), dtype=np.int32) % 2


def test_a_merge_selects_the_largest_cluster_with_the_others_beside_it(session):
    a, b = sorted(session.cluster_ids[:2], key=lambda c: -session.facts.stats(c).n_spikes)
    offer(session, ("merge", tuple(sorted((a, b)))))
    session.walk.look()
    assert (session.selection.best_ids, session.selection.similar_ids) == ((a,), (b,))
    assert session.walk.looking
    session.select([b])
    assert not session.walk.looking


def test_an_accepted_one_is_one_action_and_selects_the_next(session):
    a, b, c = session.cluster_ids[:3]
    offer(session, ("merge", (a, b)), ("noise", (c,)))
    session.walk.look()
    selections = []
    session.selection.changed.connect(lambda selection: selections.append(selection.cluster_ids))
    session.walk.accept()
    assert len(session.history.items) == 1
    assert selections == [(c,)]
    session.walk.accept()
    assert session.manager.group(c) == "noise"
    assert session.walk.counts.accepted == 2


def test_undo_brings_the_suggestion_back_and_looks_at_it(session):
    a, b, c, d = session.cluster_ids[:4]
    offer(session, ("merge", (a, b)), ("noise", (c,)), ("mua", (d,)))
    session.walk.look()
    session.walk.accept()
    session.walk.accept()
    session.undo()
    assert session.suggestions.queue.current.about == ("noise", (c,))
    assert session.walk.looking
    session.undo()
    assert session.suggestions.queue.current.about == ("merge", (a, b))
    assert session.walk.looking
    assert session.walk.counts.accepted == 0


def test_a_split_shows_its_parts_as_if_it_were_done(session):
    (a, b) = session.cluster_ids[:2]
    offer(session, ("noise", (b,)), ("split", (a,)))
    session.walk.look()
    assert session.suppose.current is None
    session.walk.accept()
    supposed = session.suppose.current
    assert [len(s) for s in supposed.clusters.values()] == np.bincount(parts_of(session, a)).tolist()
    session.walk.accept()
    assert session.suppose.current is None
    assert not session.facts.contains(a)


def test_nothing_is_decided_that_is_not_on_the_screen(session):
    a, b, c = session.cluster_ids[:3]
    offer(session, ("merge", (a, b)))
    session.select([c])
    for decide in (session.walk.accept, session.walk.reject, session.walk.later):
        session.select([c])
        with pytest.raises(ActionError, match="once more"):
            decide()
        assert session.walk.looking
    assert not session.history.items
    assert session.walk.counts.rejected == 0


def test_a_rejected_one_can_be_offered_again(session):
    a, b, c = session.cluster_ids[:3]
    first, _second = offer(session, ("merge", (a, b)), ("noise", (c,)))
    session.walk.look()
    session.walk.reject()
    assert session.selection.cluster_ids == (c,)
    assert session.suggestions.queue.refused == (first,)
    assert session.walk.counts.rejected == 1
    session.walk.take_back(first)
    assert session.suggestions.queue.refused == ()
    assert session.suggestions.queue.current == first
    assert session.walk.looking


def test_one_that_is_put_off_comes_last(session):
    a, b, c = session.cluster_ids[:3]
    offer(session, ("merge", (a, b)), ("noise", (c,)))
    session.walk.look()
    session.walk.later()
    assert [s.kind for s in session.suggestions.queue.waiting] == ["noise", "merge"]
    assert session.walk.counts.later == 1


def test_only_the_chosen_kinds_are_walked_through(session):
    a, b, c, d = session.cluster_ids[:4]
    offer(session, ("merge", (a, b)), ("noise", (c,)), ("mua", (d,)))
    session.suggestions.queue.kinds = frozenset({"noise", "mua"})
    session.walk.look()
    assert session.selection.cluster_ids == (c,)
    session.walk.next()
    assert session.selection.cluster_ids == (d,)
    session.suggestions.queue.kinds = frozenset({"split"})
    with pytest.raises(ActionError, match="3 of other kinds"):
        session.walk.look()


def test_it_says_why_there_is_nothing(session, monkeypatch):
    with pytest.raises(ActionError, match="Nothing to suggest"):
        session.walk.look()
    monkeypatch.setattr(type(session.suggestions), "busy", True)
    with pytest.raises(ActionError, match="Still looking"):
        session.walk.look()
    monkeypatch.undo()
    offer(session, ("noise", session.cluster_ids[:1]))
    session.walk.look()
    session.walk.reject()
    with pytest.raises(ActionError, match="All suggestions are decided: 0 accepted, 1 rejected"):
        session.walk.look()


def test_what_comes_next_is_made_ready(session):
    a, b, c, d = session.cluster_ids[:4]
    offer(session, ("merge", (a, b)), ("noise", (c,)), ("split", (d,)))
    session.select([d])
    assert session.walk.ahead(2) == []
    session.walk.look()
    assert [s.cluster_ids for s in session.walk.ahead(2)] == [(c,), (d,)]
    assert [r.cluster_ids for r in session.candidate_requests(3)][:2] == [(c,), (d,)]
    session.suppose.merge()
    assert [r.cluster_ids for r in session.candidate_requests(3)] == [(c,), (d,)]


@given(
    keys=st.lists(
        st.sampled_from(["accept", "reject", "later", "next", "previous", "undo", "redo", "back"]), max_size=14
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_walk_and_back_ends_where_it_began(dataset, keys):
    """Whatever was decided, undoing all gives the labels back, and every suggestion is open or rejected."""
    shutil.rmtree(dataset.parent / ".phy_medicine", ignore_errors=True)  # of the example before
    session = Session.open(dataset)
    session.walk.begun = True
    labels, groups = session.spike_clusters().tolist(), {c: session.manager.group(c) for c in session.cluster_ids}
    a, b, c, d = session.cluster_ids[:4]
    made = offer(session, ("merge", (a, b)), ("split", (b,)), ("noise", (c,)), ("merge", (c, d)), ("mua", (d,)))
    try:
        for key in keys:
            call = {"undo": session.undo, "redo": session.redo, "back": session.walk.take_back}.get(key) or getattr(
                session.walk, key
            )
            with contextlib.suppress(ActionError):
                call()
            current = session.suggestions.queue.current
            assert current is None or all(map(session.facts.contains, current.cluster_ids))
        while session.can_undo:
            session.undo()
        assert session.spike_clusters().tolist() == labels
        assert {c: session.manager.group(c) for c in session.cluster_ids} == groups
        queue = session.suggestions.queue
        assert {s.about for s in (*queue.open, *queue.refused)} == {s.about for s in made}
    finally:
        session.close()


def test_a_more_useful_one_takes_the_place_of_what_is_seen_and_is_not_decided_on_before_it_can_be_seen(session):
    now = [100.0]
    session.walk.clock = lambda: now[0]
    a, b, c, d = session.cluster_ids[:4]
    session.suggestions.offer([Suggestion("merge", (a, b), 10.0, 0.9)])
    session.walk.look()
    assert not session.walk.look_at_first()
    session.suggestions.offer([Suggestion("merge", (c, d), 20.0, 0.9)])
    assert session.walk.look_at_first()
    assert {*session.selection.cluster_ids} == {c, d}
    for decide in (session.walk.accept, session.walk.reject, session.walk.later):
        with pytest.raises(ActionError, match="just now"):
            decide()
    assert not session.history.items
    now[0] += 0.6
    assert session.walk.accept().removed == (c, d)


def test_who_looks_at_something_else_is_left_there(session):
    a, b, c, d = session.cluster_ids[:4]
    session.suggestions.offer([Suggestion("merge", (a, b), 10.0, 0.9)])
    session.walk.look()
    session.select([d])
    session.suggestions.offer([Suggestion("merge", (c, d), 20.0, 0.9)])
    assert not session.walk.look_at_first()
    assert session.selection.cluster_ids == (d,)
