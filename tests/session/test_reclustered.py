"""Splits that a model proposes: suggestions of clusters that have not changed, done as actions that can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.session.reclustered import KIND, reclustered, split_each
from phy_medicine.session.session import Session

from .any_steps import any_steps, take, unwritten


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def result(spikes_of: dict[int, Any], parts_of: dict[int, Any]) -> dict[str, Any]:
    """Arrays of the job: of clusters with the spikes, those with parts are to be split."""
    ids, n = list(spikes_of), len(spikes_of)
    several = [c for c in ids if c in parts_of]
    return {
        "cluster_ids": np.array(ids), "n_spikes": np.array([len(spikes_of[c]) for c in ids]),
        "depth": np.full(n, 0.5), "log_evidence": np.full(n, 100.0), "n_uncertain": np.zeros(n, int),
        "pair": np.tile([0, 1], (n, 1)), "pairs": np.zeros(n, int), "expected": np.zeros(n), "together": np.ones(n),
        "n_parts": np.array([len(set(parts_of[c])) if c in parts_of else 1 for c in ids]),
        "first_row": np.cumsum([0, *(len(spikes_of[c]) if c in parts_of else 0 for c in ids)]),
        "spike_ids": np.concatenate([*(spikes_of[c] for c in several), np.empty(0, np.int64)]).astype(np.int64),
        "parts": np.concatenate([*(parts_of[c] for c in several), np.empty(0, np.int32)]).astype(np.int32),
        "certainty": np.ones(sum(len(spikes_of[c]) for c in several), np.float32),
    }  # fmt: skip


def of_two(session: Session, *ids: int) -> dict[str, Any]:
    """A result in which each of some clusters is two, its first spike in three the smaller."""
    spikes = {c: session.facts.spikes(c) for c in session.cluster_ids}
    return result(spikes, {c: (np.arange(len(spikes[c])) % 3 == 0).astype(int) for c in ids})


def splits(session: Session) -> list[int]:
    return [s.cluster_ids[0] for s in session.suggestions.queue.open if s.source.startswith("mixture model")]


def test_a_run_becomes_suggestions_and_one_that_is_accepted_is_one_action(session: Session) -> None:
    a, b = session.cluster_ids[:2]
    run = session.store.add(KIND, of_two(session, a, b))
    session.suggestions.reclustered.take(run)
    assert sorted(splits(session)) == [a, b]
    spikes = session.facts.spikes(a)
    queue = session.suggestions.queue
    suggestion = next(s for s in queue.open if s.cluster_ids == (a,))
    assert suggestion.reasons[0].text.startswith("a mixture model finds 2 parts, of ")
    assert session.suggestions.reclustered.values(suggestion)["log_evidence"] == 100.0
    queue.go_to(suggestion)
    delta = session.suggestions.accept()
    assert sorted(session.facts.spikes(c).tolist() for c in delta.added) == sorted(
        [spikes[::3].tolist(), np.delete(spikes, np.s_[::3]).tolist()]
    )
    assert splits(session) == [b]
    session.undo()
    assert sorted(splits(session)) == [a, b] and not session.can_undo


def test_runs_are_there_when_the_dataset_is_opened_again_the_newest_of_each_cluster(
    session: Session, dataset: Path
) -> None:
    a, b, c = session.cluster_ids[:3]
    session.store.add(KIND, of_two(session, a, b))
    session.store.add(KIND, result({b: session.facts.spikes(b)}, {}))  # b is one after all
    other = result({c: session.facts.spikes(c)}, {c: np.arange(len(session.facts.spikes(c))) % 2})
    other["spike_ids"] += 1  # of spikes that are not those of the cluster
    session.store.add(KIND, other)
    session.close()
    again = Session.open(dataset, read_only=True)
    again.suggestions.reclustered.ask(again.cluster_ids)
    again.pool.sync()
    assert splits(again) == [a] and not again.suggestions.reclustered.busy
    again.close()


def test_two_kinds_do_not_take_the_place_of_the_parts_of_a_model(session: Session) -> None:
    a = session.cluster_ids[0]
    session.suggestions.reclustered.take(session.store.add(KIND, of_two(session, a)))
    own = session.suggestions.queue.open[0]
    session.suggestions._offer_two_kinds([own.__class__("split", (a,), 1e9, 0.9, source="default")])
    assert splits(session) == [a]


def test_a_split_that_was_rejected_is_not_done_from_the_command_line(session: Session) -> None:
    a, b = session.cluster_ids[:2]
    arrays = of_two(session, a, b)
    session.suggestions.reclustered.take(session.store.add(KIND, arrays))
    queue = session.suggestions.queue
    queue.go_to(next(s for s in queue.open if s.cluster_ids == (a,)))
    session.suggestions.reject()
    done = split_each(session, reclustered(arrays, {}))
    assert [cluster_id for cluster_id, _ in done] == [b] and session.facts.contains(a)


@settings(max_examples=25)
@given(steps=any_steps(), seed=st.integers(0, 1000), n_parts=st.integers(1, 4))
def test_splits_give_every_spike_the_label_that_a_slow_way_gives(
    simulated_dataset: Path, steps: list[tuple[str, int, int]], seed: int, n_parts: int
) -> None:
    rng = np.random.default_rng(seed)
    with unwritten(simulated_dataset) as session:
        spikes = {c: session.facts.spikes(c) for c in session.cluster_ids}
        parts = {c: rng.integers(0, n_parts, len(spikes[c])) for c in spikes if rng.random() < 0.6}
        parts = {c: np.unique(p, return_inverse=True)[1] for c, p in parts.items() if len(set(p.tolist())) > 1}
        found = reclustered(result(spikes, parts), {})
        for step in steps:
            take(session, *step)
        before = session.spike_clusters().tolist()
        done = dict(split_each(session, found))
        after = session.spike_clusters()
        assert set(done) == {c for c in parts if np.flatnonzero(np.array(before) == c).tolist() == spikes[c].tolist()}
        # Slowly: part by part; all other spikes stay where they are.
        expected = np.array(before)
        for cluster_id, new in done.items():
            assert len(new) == len(set(parts[cluster_id].tolist())) and not set(new) & set(before)
            for part in set(parts[cluster_id].tolist()):
                own = spikes[cluster_id][parts[cluster_id] == part]
                assert len(set(after[own].tolist())) == 1 and after[own[0]] in new
                expected[own] = after[own[0]]
        assert after.tolist() == expected.tolist()
        for _ in done:
            session.undo()
        assert session.spike_clusters().tolist() == before
