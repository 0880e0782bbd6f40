"""Decisions on suggestions that follow undo and redo, and the order of merges that is learned of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.configuration import Configuration, Configured
from phy_medicine.base.errors import ActionError
from phy_medicine.compute.suggesting.merging import PRIOR, TERMS
from phy_medicine.compute.suggesting.own_ranking import log_odds
from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.io.decision_pool import DecisionPool, pool_path
from phy_medicine.io.suggestion_files import Decision, read_decisions
from phy_medicine.session import decisions as decisions_module
from phy_medicine.session.session import Session

from .any_steps import take, unwritten

VALUES = {f"term_{name}": 0.0 for name in TERMS}


# What was decided


def _merge(a: int, b: int) -> Suggestion:
    return Suggestion("merge", (min(a, b), max(a, b)), 1e9, 0.9)


def _step(session: Session, kind: str, i: int, j: int) -> None:
    """One step of `any_steps`, or: y, x accept and reject a merge; t take back; b far back; n far on."""
    ids, suggestions, history = session.cluster_ids, session.suggestions, session.manager.history
    a, b = ids[i % len(ids)], ids[j % len(ids)]
    if kind in "yx" and a != b:
        suggestions.offer([_merge(a, b)])
        if any(s.about == _merge(a, b).about for s in suggestions.queue.waiting):
            suggestions.queue.go_to(_merge(a, b))
            suggestions.accept() if kind == "y" else suggestions.reject()
    elif kind == "t":
        with suppress(ActionError):
            suggestions.take_back()
    elif kind in "bn":
        here, n = history.position, len(history.items)
        session.jump_to(max(here - 1 - i % 4, 0) if kind == "b" else min(here + 1 + i % 4, n))
    else:
        take(session, kind, i, j)


@settings(max_examples=25)
@given(steps=st.lists(st.tuples(st.sampled_from("mmyyxxxtsubnur"), st.integers(0, 3), st.integers(0, 3)), max_size=18))
def test_what_counts_as_decided_is_what_is_in_effect_and_what_was_rejected(
    steps: list[tuple[str, int, int]], simulated_dataset: Path
) -> None:
    written: list[tuple[Decision, ...]] = []
    keys: dict[int, str] = {}  # by serial, of the merges of two
    with pytest.MonkeyPatch.context() as patch, unwritten(simulated_dataset) as session:
        patch.setattr(decisions_module, "write_decisions", lambda _dir, rows: written.append(tuple(rows)))
        decisions, queue = session.suggestions.decisions, session.suggestions.queue
        patch.setattr(decisions, "_values_of", lambda _about: VALUES)
        for kind, i, j in steps:
            ids = session.cluster_ids
            pair = _merge(ids[i % len(ids)], ids[j % len(ids)])
            key = queue.key(pair) if len(set(pair.cluster_ids)) == 2 else ""
            before = session.manager.history.last_serial
            _step(session, kind, i, j)
            history = session.manager.history
            if history.last_serial > before and kind in "my":
                keys[history.last_serial] = key
            done = {keys[item.serial] for item in history.items[: history.position] if item.serial in keys}
            assert {k for k, d in decisions.all.items() if d.accepted} == done
            assert {k for k, d in decisions.all.items() if not d.accepted} == queue.rejected - done
        decisions.write_rest()
        assert {d.key for d in (written[-1] if written else ())} == decisions.all.keys()


def test_the_undo_of_an_accepted_one_takes_its_decision_back_on_the_disk(dataset: Path) -> None:
    session = Session.open(dataset)
    a, b = session.cluster_ids[:2]
    session.suggestions.offer([_merge(a, b)])
    session.suggestions.accept()
    assert [d.verdict for d in read_decisions(dataset.parent)] == ["accepted"]
    session.undo()
    session.close()
    assert read_decisions(dataset.parent) == ()


def test_the_undo_of_noise_that_was_recovered_takes_its_decision_back_too(dataset: Path) -> None:
    session = Session.open(dataset)
    a = session.cluster_ids[0]
    session.suggestions.offer([Suggestion("noise", (a,), 1.0, 0.9)])
    session.suggestions.accept()
    session.close()
    again = Session.open(dataset, recover=True)
    assert len(again.suggestions.decisions.all) == 1
    again.undo()
    again.close()
    assert read_decisions(dataset.parent) == ()


def test_a_merge_by_hand_is_a_decision_where_the_pair_is_known(dataset: Path) -> None:
    session = Session.open(dataset)
    a, b, c, d = session.cluster_ids[:4]
    session.pairs.compute([(a, b)])
    session.merge([a, b])
    session.merge([c, d])
    session.save()
    session.close()
    (decision,) = read_decisions(dataset.parent)
    assert decision.accepted
    assert {f"term_{name}" for name in TERMS} <= decision.values.keys()


# The order that is learned


def _by_distance(n: int) -> list[Decision]:
    """Decisions of a curator who accepts what is near, whatever the default says."""
    rng = np.random.default_rng(1)
    rows = []
    for i in range(n):
        values = {f"term_{name}": float(rng.uniform(-1, 1)) for name in TERMS} | {"distance_um": float(i % 2 * 80 + i)}
        rows.append(Decision(f"merge-1.{i}-1.{i + n}", "rejected" if i % 2 else "accepted", values))
    return rows


@pytest.fixture
def far(dataset: Path) -> Iterator[Session]:
    """A session with suggested merges, all of them told apart by the default."""
    session = Session.open(dataset)
    ids = session.cluster_ids
    pairs = [(a, b) for a in ids[:6] for b in ids[:6] if a < b]
    session.pairs.compute(pairs)
    finder = session.suggestions._merges
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("phy_medicine.session.merge_finder.LEAST", 0.0)
        finder._open |= set(pairs)
        finder._settle()
        yield session
    session.close()


def _listed(session: Session) -> list[tuple[object, float]]:
    return [(s.about, s.confidence) for s in session.suggestions.queue.waiting]


def test_it_is_off_by_default_and_keeps_nothing_outside_the_dataset(far: Session) -> None:
    assert not far.suggestions.own_order.on
    far.suggestions.compute()
    far.suggestions.reject()
    assert not far.suggestions.own_order.in_use
    assert not pool_path().exists()
    assert not any(r.name == "own_decisions" for s in far.suggestions.queue.open for r in s.reasons)


def test_it_changes_the_order_alone_and_says_what_it_goes_by(far: Session) -> None:
    pool = DecisionPool()
    for decision in _by_distance(60):
        pool.keep(decision)
    before, own = _listed(far), far.suggestions.own_order
    said = own.switch(True)
    assert own.in_use
    assert said.startswith("Learned from 60 decisions: orders 99%")
    after = _listed(far)
    assert sorted(before) == sorted(after)
    assert before != after
    assert far.manager.history.items == ()
    for s in far.suggestions.queue.waiting:
        wanted = own.probability(far.suggestions._merges.values(s))
        assert wanted is not None
        assert [(r.text, r.value) for r in s.reasons if r.name == "own_decisions"] == [
            (f"your own decisions: {wanted:.2f}", wanted)
        ]
        assert s.gain == pytest.approx(wanted * min(far.facts.stats(c).n_spikes for c in s.cluster_ids))
    own.switch(False)
    assert _listed(far) == before


def test_too_few_decisions_are_said_to_be_too_few_until_there_are_enough(far: Session) -> None:
    pool = DecisionPool()
    for decision in _by_distance(60)[:19]:
        pool.keep(decision)
    own = far.suggestions.own_order
    assert own.switch(True).startswith("10 accepted and 9 rejected merges are not enough")
    assert not own.in_use
    far.suggestions.reject()
    assert own.text.startswith("Learned from 20 decisions")


def test_it_is_not_used_where_it_is_no_better_than_the_default(far: Session) -> None:
    pool = DecisionPool()
    for decision in _by_distance(60):
        verdict = "accepted" if log_odds(decision.values) > PRIOR else "rejected"
        pool.keep(Decision(decision.key, verdict, decision.values))
    before = _listed(far)
    assert "not surely better" in far.suggestions.own_order.switch(True)
    assert not far.suggestions.own_order.in_use
    assert _listed(far) == before


def test_decisions_of_a_dataset_are_learned_from_in_another_and_count_once(dataset: Path) -> None:
    wanted = Configuration({"own_order": Configured("own_order", True, "a file")})
    for _ in range(2):
        session = Session.open(dataset, configuration=wanted)
        session.suggestions.own_order.begin()
        a, b = session.cluster_ids[:2]
        session.pairs.compute([(a, b)])
        if not session.suggestions.decisions.all:
            session.suggestions.offer([_merge(a, b)])
            session.suggestions.reject()
        session.close()
    (decision,) = DecisionPool().decisions
    assert decision.verdict == "rejected"
    assert len(pool_path().read_text().splitlines()) == 1


def test_an_undo_takes_the_decision_out_of_what_is_learned_from(far: Session) -> None:
    own = far.suggestions.own_order
    own.switch(True)
    far.suggestions.accept()
    assert len(DecisionPool().decisions) == 1
    far.undo()
    assert DecisionPool().decisions == ()


def test_forgetting_deletes_the_file_and_switches_it_off(far: Session) -> None:
    far.suggestions.own_order.switch(True)
    far.suggestions.reject()
    assert pool_path().exists()
    assert far.suggestions.own_order.forget().startswith("Forgot 1 decision")
    assert not pool_path().exists()
    assert not far.suggestions.own_order.on
