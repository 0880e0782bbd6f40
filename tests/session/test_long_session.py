"""A long session grows by its history and by nothing else."""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.curation.assignment import Patch
from phy_medicine.curation.vector_similarity import VectorSimilarity
from phy_medicine.curation.wizard import MAX_VISITED
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4

N_ACTIONS, N_SELECTIONS = 300, 2000
HISTORY = {
    "HistoryItem", "LabelChange", "Patch", "Selection", "Merge", "Split", "SetGroup", "SetLabel", "ClusterStats",
}  # fmt: skip
"""What an action leaves for good: itself, how it is undone, what was selected, and the facts of its new clusters."""


def _own_objects() -> Counter[str]:
    gc.collect()
    kinds = map(type, gc.get_objects())
    return Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).startswith("phy_medicine."))


def _act(session: Session, rng: np.random.Generator, n_start: int) -> None:
    ids = session.cluster_ids
    some = [int(c) for c in rng.choice(ids, size=2, replace=False)]
    spikes = session.manager.assignment.spikes(some[0])
    choice = rng.random()
    if choice < 0.1 and session.can_undo:
        session.undo()
    elif choice < 0.3:
        session.label("note", int(choice * 100), some)
    elif len(ids) > n_start or len(spikes) < 4:
        session.merge(some)
    else:
        session.split(rng.choice(spikes, size=len(spikes) // 2, replace=False))


def _curate(session: Session, rng: np.random.Generator, n_actions: int, n_selections: int, n_start: int) -> None:
    for i in range(n_selections):
        if i % (n_selections // n_actions) == 0:
            _act(session, rng, n_start)
        if i % 3:
            session.next()
        else:
            session.select([int(c) for c in rng.choice(session.cluster_ids, size=2, replace=False)])
    session.pool.sync(60)


@pytest.fixture
def session(tmp_path: Path):
    session = Session.open(kilosort4(tmp_path / "dataset"))
    yield session
    session.close()


def test_three_hundred_actions_leave_their_history_and_no_other_object(session: Session):
    rng, n_start = np.random.default_rng(0), len(session.cluster_ids)
    _curate(session, rng, N_ACTIONS // 3, N_SELECTIONS // 3, n_start)
    before, n_before = _own_objects(), len(session.history.items)
    _curate(session, rng, 2 * N_ACTIONS // 3, 2 * N_SELECTIONS // 3, n_start)
    more = _own_objects() - before
    n_actions = len(session.history.items) - n_before

    assert n_actions > 50
    assert {kind for kind, n in more.items() if n > 5} <= HISTORY, more
    assert more["HistoryItem"] <= n_actions + 5
    assert more["Patch"] <= 2 * n_actions + 5


def test_selections_alone_leave_nothing(session: Session):
    rng = np.random.default_rng(0)
    session.merge(session.cluster_ids[:2])
    for n in (MAX_VISITED, N_SELECTIONS):
        before = _own_objects()
        for _ in range(n):
            session.select([int(c) for c in rng.choice(session.cluster_ids, size=2, replace=False)])
            session.next()
        session.pool.sync(60)
    more = _own_objects() - before
    assert max(more.values(), default=0) <= 5, more


def test_the_spikes_of_atoms_are_kept_once_however_often_they_are_cut(session: Session):
    rng, n_start = np.random.default_rng(0), len(session.cluster_ids)
    _curate(session, rng, 100, 100, n_start)
    tree = session.manager.assignment._tree
    kept = [spikes for spikes in tree._spikes if spikes is not None]
    assert len(kept) < len(tree)
    assert sum(map(len, kept)) == session.model.n_spikes
    for cluster in session.cluster_ids:
        expected = np.flatnonzero(session.spike_clusters() == cluster)
        np.testing.assert_array_equal(session.manager.assignment.spikes(cluster), expected)


def test_a_cut_atom_still_has_its_spikes(session: Session):
    assignment = session.manager.assignment
    cluster = max(session.cluster_ids, key=assignment.count)
    before = assignment.spikes(cluster).copy()
    (atom,) = assignment._atoms_of[cluster]
    for part in (before[::2], before[1::3]):
        session.split(part)
    np.testing.assert_array_equal(assignment._tree.spikes(atom), before)


def test_vectors_of_clusters_that_are_gone_are_not_kept_for_ever():
    asked: list[int] = []

    def vector_of(cluster: int) -> np.ndarray:
        asked.append(cluster)
        return np.array([cluster + 1.0, 1.0])

    ids = tuple(range(10))
    similarity = VectorSimilarity(vector_of, lambda: ids)
    for new in range(10, 1000):
        ids = (*ids[1:], new)
        assert similarity.rows(new)[0][0] == new
        assert len(similarity._known) <= 2 * len(ids) + 101
    before = len(asked)
    ids = (989, *ids[:-1])  # undone: what came last is still known
    similarity.rows(989)
    assert len(asked) == before


def test_a_patch_is_eight_bytes_an_atom():
    patch = Patch(range(1000), [7] * 1000)
    assert patch.atoms == tuple(range(1000)) and patch.cluster_ids == (7,) * 1000
    assert patch._atoms.itemsize + patch._cluster_ids.itemsize == 8
    assert patch == Patch(tuple(range(1000)), (7,) * 1000) != Patch((1,), (7,))


def test_what_is_remembered_of_a_split_is_what_was_done(session: Session):
    spikes = session.manager.assignment.spikes(session.cluster_ids[0])[::2]
    session.split(spikes)
    (item,) = session.history.items
    assert item.action.spike_ids.dtype == np.int32
    np.testing.assert_array_equal(item.action.spike_ids, spikes)
