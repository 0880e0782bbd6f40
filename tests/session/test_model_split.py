"""Split by a model: exactly the parts, one action that can be undone, and its fit in the registry."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.compute.mixture import restore
from phy_medicine.compute.mixture.dataset_features import DatasetFeatures
from phy_medicine.compute.mixture.experiments import list_experiments
from phy_medicine.compute.mixture.split import ModelSplit
from phy_medicine.session import model_split
from phy_medicine.session.model_split import FoundParts, find_parts, split_parts, suppose_parts
from phy_medicine.session.session import Session
from tests.io.miniatures import circus

from .any_steps import any_steps, take, unwritten


@pytest.fixture(scope="module")
def circus_params(tmp_path_factory) -> Path:
    return circus(tmp_path_factory.mktemp("circus"))


@pytest.fixture
def session(dataset):
    """One with a cluster of two neurons that are far apart, the last one."""
    session = Session.open(dataset)
    session.merge(sorted(session.cluster_ids, key=lambda c: -len(session.facts.spikes(c)))[:2])
    yield session
    session.close()


def slowly_split(labels, spike_ids, parts):
    """Slow and obvious: each part gets the next id, then what is left of each touched cluster one more each."""
    new, expected = int(labels.max()) + 1, labels.copy()
    for spike, part in zip(spike_ids, parts, strict=True):
        expected[spike] = new + part
    new += max(parts) + 1
    for cluster in sorted(set(labels[spike_ids])):
        rest = [s for s in np.flatnonzero(labels == cluster) if s not in set(spike_ids)]
        if rest:
            expected[rest] = new
            new += 1
    return expected


def parts_of(session, cluster_ids, spike_ids, labels) -> FoundParts:
    """Parts as a model would have found them."""
    n, k = len(labels), max(labels) + 1
    shares = np.eye(k)[labels]
    sizes = tuple(np.bincount(labels, minlength=k).tolist())
    split = ModelSplit(np.array(labels, np.int32), np.ones(n), shares, sizes, 0.5, 9.0, None, np.arange(n), shares)
    features = DatasetFeatures(shares, np.array(spike_ids), np.arange(3), "")
    n_all = sum(len(session.facts.spikes(c)) for c in cluster_ids)
    return FoundParts(tuple(cluster_ids), features, split, n_all - n, None)


@settings(max_examples=40)
@given(any_steps(), st.booleans(), st.data())
def test_an_accepted_split_is_the_slow_one_and_undo_and_redo_are_exact(circus_params, steps, seen_before, data):
    with unwritten(circus_params) as session, pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_split, "_keep", lambda *_: None)
        for step in steps:
            take(session, *step)
        ids = data.draw(st.lists(st.sampled_from(session.cluster_ids), min_size=1, max_size=3, unique=True))
        spikes = np.sort(np.concatenate([session.facts.spikes(c) for c in ids])).tolist()
        # Spikes without features are in no part.
        chosen = [s for s in spikes if data.draw(st.booleans())] if data.draw(st.booleans()) else spikes
        if len(chosen) < 2:
            return
        labels = [0, 1, *(data.draw(st.integers(0, 2)) for _ in chosen[2:])]
        found = parts_of(session, ids, chosen, labels)
        before, position, n_next = (
            session.spike_clusters(),
            session.history.position,
            session.manager.assignment.next_id,
        )
        if seen_before:
            supposed = suppose_parts(session, found)
            assert (session.spike_clusters() == before).all() and session.history.position == position
            assert [s.tolist() for s in supposed.clusters.values()][: max(labels) + 1] == [
                [s for s, label in zip(chosen, labels, strict=True) if label == part] for part in range(max(labels) + 1)
            ]
            session.suppose.accept()
        else:
            split_parts(session, found)
        padded = np.append(before, n_next - 1)  # ids are never used again
        assert (session.spike_clusters() == slowly_split(padded, chosen, labels)[:-1]).all()
        assert session.history.position == position + 1
        after = session.spike_clusters()
        session.undo()
        assert (session.spike_clusters() == before).all()
        session.redo()
        assert (session.spike_clusters() == after).all()


def test_two_neurons_are_the_parts_and_the_fit_is_kept_with_its_spikes(session):
    cluster_id = session.cluster_ids[-1]
    spikes, before, said = session.facts.spikes(cluster_id), session.spike_clusters(), []
    found = find_parts(session, [cluster_id], lambda fraction, message: said.append(fraction))
    assert said == sorted(said) and said[0] == 0
    truth = session.model.spike_templates[spikes]
    right = truth == np.unique(truth)[:2][found.split.labels] if len(found.split.sizes) == 2 else np.zeros(1)
    assert max(right.mean(), 1 - right.mean()) > 0.95
    suppose_parts(session, found)
    delta = session.suppose.accept()
    session.pool.sync(20)
    expected = before.copy()
    expected[spikes] = before.max() + 1 + found.split.labels
    assert (session.spike_clusters() == expected).all() and delta.removed == (cluster_id,)
    root = session.model.dir_path / ".phy_medicine" / "mixture"
    (name,) = list_experiments(root)
    kept = restore.experiment(root, name)
    assert np.load(kept["folder"] / "spike_ids.npy").tolist() == spikes.tolist()
    assert np.load(kept["folder"] / "parts.npy").tolist() == found.split.labels.tolist()
    assert (kept["fit"].predict(kept["x_train"]) == found.split.fit.predict(found.split.points)).all()
    facts = kept["fit"].facts
    assert (facts["clusters"], facts["new_clusters"]) == ([cluster_id], list(delta.added))
    session.undo()
    assert (session.spike_clusters() == before).all()
    assert list_experiments(root) == (name,)


def test_the_note_is_in_history_and_journal(session):
    found = find_parts(session, session.cluster_ids[-1:])
    split_parts(session, found)
    labels = session.spike_clusters()
    with tempfile.TemporaryDirectory() as folder:
        session.pool.sync(20)
        shutil.copytree(session.model.dir_path, Path(folder) / "copy")
        again = Session.open(Path(folder) / "copy" / "params.py", recover=True, take_over=True)
        action = again.history.items[-1].action
        assert action.note == found.note and found.note.startswith("by a model: valley ")
        assert (again.spike_clusters() == labels).all()
        again.close()


def test_one_neuron_is_not_split(session):
    session.undo()
    largest = max(session.cluster_ids, key=lambda c: len(session.facts.spikes(c)))
    found = find_parts(session, [largest])
    assert not found.supported and found.axes is None
    assert found.words.startswith("No split supported") and "log evidence difference" in found.words
    for act in (suppose_parts, split_parts):
        with pytest.raises(ActionError, match="No split supported"):
            act(session, found)


def test_parts_that_their_trains_join_are_told_unless_shapes_alone_have_a_say(session, monkeypatch):
    monkeypatch.setattr("phy_medicine.compute.mixture.split_trains._probability", lambda _found: 0.0)
    found = find_parts(session, session.cluster_ids[-1:])
    assert not found.supported and len(found.joined) == 1
    assert found.words.startswith("No split supported (log evidence difference +")
    assert f": parts of {found.joined[0].sizes[0]:,} and " in found.words
    assert find_parts(session, session.cluster_ids[-1:], by_trains=False).supported


def test_spikes_without_features_are_told_and_stay(circus_params, monkeypatch):
    monkeypatch.setattr("phy_medicine.compute.mixture.split.FEWEST", 3)
    with unwritten(circus_params) as session:
        found = find_parts(session, session.cluster_ids)
        assert found.n_without == np.count_nonzero(~session.model.features.has_row(np.arange(session.model.n_spikes)))
        assert f"{found.n_without} spikes have no features and stay where they are." in found.words


def test_a_fit_that_cannot_be_kept_leaves_the_split(session, caplog):
    found = find_parts(session, session.cluster_ids[-1:])
    place = session.model.dir_path / ".phy_medicine"
    place.mkdir(exist_ok=True)
    (place / "mixture").write_text("no folder")
    delta = split_parts(session, found)
    session.pool.sync(20)
    assert set(delta.added) <= set(session.cluster_ids)
    assert "The split is done, but its fit was not kept in the registry" in caplog.text


def test_nothing_selected_and_too_few_spikes_are_sentences(session):
    with pytest.raises(ActionError, match="Select the clusters"):
        find_parts(session, [])
    with pytest.raises(ActionError, match="no cluster 999"):
        find_parts(session, [999])
    session.split(session.facts.spikes(session.cluster_ids[0])[:7])
    with pytest.raises(PhyMedError, match="7 spikes are too few"):
        find_parts(session, [next(c for c in session.cluster_ids if len(session.facts.spikes(c)) == 7)])


def test_parts_are_apart_on_the_axes(session):
    found = find_parts(session, session.cluster_ids[-1:])
    places, parts = found.axes.places[:, 0], found.axes.parts
    assert parts.tolist() == found.split.labels.tolist() and found.axes.places.shape[1] == len(found.split.sizes) - 1
    groups = [places[parts == k] for k in range(2)]
    assert groups[1].mean() - groups[0].mean() > 3
    assert np.mean(np.concatenate([(g - g.mean()) ** 2 for g in groups])) == pytest.approx(1)
