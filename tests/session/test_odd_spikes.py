"""Outliers and uncertain spikes of a session: shown before anything is done, done in one step, undone, saved."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.compute.correlogram import correlogram as count
from phy_medicine.curation.regrouping import plan_reassign
from phy_medicine.session import odd_spikes
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4

from .any_steps import any_steps, take, unwritten


@pytest.fixture
def session(dataset: Path):
    session = Session.open(dataset)
    yield session
    session.close()


@pytest.fixture(scope="module")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    kilosort4(folder)
    return folder / "params.py"


def largest(session: Session) -> int:
    return max(session.cluster_ids, key=lambda c: len(session.facts.spikes(c)))


def groups_on_disk(folder: Path) -> dict[int, str]:
    lines = (folder / "cluster_group.tsv").read_text().splitlines()[1:]
    return {int(row.split("\t")[0]): row.split("\t")[1] for row in lines}


def test_outliers_are_shown_then_sent_to_noise_in_one_step(session: Session, dataset: Path, tmp_path: Path) -> None:
    cluster = largest(session)
    session.move("good", cluster_ids=[cluster])
    before = session.spike_clusters()
    found = odd_spikes.outliers_of(session, [cluster])
    assert (before[found.spike_ids] == cluster).all() and 0 < len(found.spike_ids) < 0.1 * (before == cluster).sum()
    shown = odd_spikes.suppose_outliers(session, found)
    assert [str(c) for c in shown.ids] == [f"{cluster} outliers", f"{cluster} rest"]
    assert shown.clusters[shown.ids[0]].tolist() == found.spike_ids.tolist()
    assert (session.spike_clusters() == before).all() and len(session.history.items) == 1
    noise, rest = session.split_to("noise", found.spike_ids).added
    expected = np.where(before == cluster, rest, before)
    expected[found.spike_ids] = noise
    assert (session.spike_clusters() == expected).all()
    assert (session.manager.group(noise), session.manager.group(rest)) == ("noise", "good")
    assert session.selection.best_ids == (rest,)
    session.undo()
    assert (session.spike_clusters() == before).all() and session.manager.group(cluster) == "good"
    assert noise not in session.cluster_ids
    session.redo()
    copy = tmp_path / "crashed"
    shutil.copytree(dataset.parent, copy)
    again = Session.open(copy / dataset.name, recover=True, take_over=True)
    assert (again.spike_clusters() == expected).all() and again.manager.group(noise) == "noise"
    again.close()
    session.save()
    assert (np.load(dataset.parent / "spike_clusters.npy") == expected).all()
    assert groups_on_disk(dataset.parent) == {noise: "noise", rest: "good"}


def test_spikes_in_the_wrong_cluster_are_given_back(session: Session, dataset: Path) -> None:
    a = largest(session)
    b = odd_spikes.neighbours_of(session, a)[1]
    session.move("good", cluster_ids=[a])
    session.move("mua", cluster_ids=[b])
    right = session.spike_clusters()
    wrong = session.facts.spikes(a)[::40]
    a, b = sorted(session.reassign(wrong, np.full(len(wrong), b)).added, key=session.manager.group)
    assert (session.manager.group(a), session.manager.group(b)) == ("good", "mua")
    mixed = session.spike_clusters()
    found = odd_spikes.uncertain_of(session, [a, b])
    better = found.found.better
    assert np.isin(wrong, found.spike_ids[better]).mean() > 0.7
    shown = odd_spikes.suppose_reassigned(session, found)
    assert [str(c) for c in shown.ids] == [*(f"{c}'" for c in sorted((a, b))), "moved"] and shown.moves
    assert (session.spike_clusters() == mixed).all()
    delta = session.suppose.accept()
    expected = mixed.copy()
    expected[found.spike_ids[better]] = found.seconds[better]
    for old, new in zip(sorted((a, b)), delta.added, strict=True):
        expected[expected == old] = new
    assert (session.spike_clusters() == expected).all()
    new_a, new_b = sorted(delta.added, key=session.manager.group)
    assert (np.isin(expected, new_a) == (right == right[wrong[0]])).mean() > 0.99
    assert (session.manager.group(new_a), session.manager.group(new_b)) == ("good", "mua")
    session.save()
    assert (np.load(dataset.parent / "spike_clusters.npy") == expected).all()
    assert groups_on_disk(dataset.parent) == {new_a: "good", new_b: "mua"}
    session.undo()
    assert (session.spike_clusters() == mixed).all()
    assert [session.manager.group(c) for c in (a, b)] == ["good", "mua"]


BINS = {"bin_s": 0.001, "window_s": 0.05}


def correlogram(session: Session, a: int, b: int) -> np.ndarray:
    return session.data.correlogram(a, b, **BINS)


def without_itself(session: Session, a: np.ndarray, marked: np.ndarray) -> list[int]:
    """Pairs by lag of spikes and marked ones, of which some are the same: each part by itself."""
    samples, rate = session.model.spike_samples, {"sample_rate": session.model.sample_rate, **BINS}
    both, alone, others = np.intersect1d(a, marked), np.setdiff1d(a, marked), np.setdiff1d(marked, a)
    total = count(samples[alone], samples[marked], **rate) + count(samples[both], samples[others], **rate)
    return (total + count(samples[both], **rate)).tolist()


GROUPS = st.sampled_from(["good", "mua", "noise", None])


@settings(max_examples=40, deadline=None)
@given(any_steps(), st.data())
def test_what_is_shown_is_what_is_done_and_as_the_slow_way_has_it(miniature, steps, data) -> None:
    with unwritten(miniature) as session:
        for step in steps:
            take(session, *step)
        for cluster in session.cluster_ids[::2]:
            session.move(data.draw(GROUPS), cluster_ids=[cluster])
        before = session.spike_clusters()
        groups = {c: session.manager.group(c) for c in session.cluster_ids}
        n_next, position = session.manager.assignment.next_id, session.history.position
        ids = data.draw(st.lists(st.integers(0, len(before) - 1), min_size=1, max_size=60, unique=True))
        targets = data.draw(st.lists(st.sampled_from(session.cluster_ids), min_size=len(ids), max_size=len(ids)))
        wanted = before.copy()
        wanted[ids] = targets
        touched = sorted({*before[before != wanted].tolist(), *wanted[before != wanted].tolist()})
        if not touched or not set(touched) <= set(wanted.tolist()):
            with pytest.raises(ActionError):
                plan_reassign(session.manager, ids, targets)
            return
        moved = np.flatnonzero(before != wanted)
        names, action = [f"{c}'" for c in touched], plan_reassign(session.manager, ids, targets)
        shown = session.suppose.action(action, names, marked={"moved": moved})
        assert (session.spike_clusters() == before).all() and session.history.position == position
        new = {c: n_next + place for place, c in enumerate(touched)}
        expected = np.array([new.get(c, c) for c in wanted.tolist()])
        *made, mark = shown.ids
        assert shown.clusters[mark].tolist() == moved.tolist() and "moved" not in shown.in_words
        for supposed, old in zip(made, touched, strict=True):
            spikes = shown.clusters[supposed]
            assert str(supposed) == f"{old}'" and spikes.tolist() == np.flatnonzero(wanted == old).tolist()
            assert supposed.parts == (old,)
            assert correlogram(session, supposed, mark).tolist() == without_itself(session, spikes, moved)
        session.suppose.accept()
        for _ in range(2):
            assert (session.spike_clusters() == expected).all() and session.history.position == position + 1
            assert {c: session.manager.group(c) for c in session.cluster_ids} == {
                new.get(c, c): group for c, group in groups.items()
            }
            session.undo()
            assert (session.spike_clusters() == before).all()
            assert {c: session.manager.group(c) for c in session.cluster_ids} == groups
            session.redo()


def test_of_one_cluster_only_spikes_from_it_or_to_it_are_listed(session: Session) -> None:
    cluster = largest(session)
    found = odd_spikes.uncertain_of(session, [cluster])
    assert ((found.clusters == cluster) | (found.seconds == cluster)).all()
    assert (session.spike_clusters()[found.spike_ids] == found.clusters).all()
    assert sum(n for *_, n in found.flows) == len(found.spike_ids)
    assert (found.found.certainty < 0.6).all()
    assert found.note.startswith(f"{len(found.spike_ids):,} spikes are less than 60% certain")


def test_noise_is_no_neighbour_and_nothing_to_do_is_said(session: Session) -> None:
    cluster = largest(session)
    others = odd_spikes.neighbours_of(session, cluster)[1:]
    session.move("noise", cluster_ids=[c for c in session.cluster_ids if c != cluster])
    assert others and odd_spikes.neighbours_of(session, cluster) == (cluster,)
    with pytest.raises(ActionError, match="No cluster is similar enough"):
        odd_spikes.uncertain_of(session, [cluster])
    with pytest.raises(ActionError, match="are all of cluster"):
        session.split_to("noise", session.facts.spikes(cluster))
    with pytest.raises(ActionError, match="No spike of cluster"):
        session.reassign(session.facts.spikes(cluster), np.full(len(session.facts.spikes(cluster)), others[0]))


def test_the_work_ends_when_it_is_not_wanted_any_more(session: Session) -> None:
    def stop(_fraction: float, _message: str) -> None:
        raise ActionError("Enough.")

    for work in (odd_spikes.outliers_of, odd_spikes.uncertain_of):
        with pytest.raises(ActionError, match="Enough"):
            work(session, [largest(session)], stop)
