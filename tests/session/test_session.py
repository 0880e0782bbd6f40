"""The session as a script uses it: no window, no display."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import ActionError, ReadOnlyError
from phy_medicine.session.session import Session


@pytest.fixture
def session(dataset: Path):
    session = Session.open(dataset)
    yield session
    session.close()


def _files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_opening_selecting_and_closing_writes_nothing(dataset):
    before = _files(dataset.parent)
    session = Session.open(dataset)
    session.next()
    session.next()
    session.close()
    assert _files(dataset.parent) == before


def test_a_merge_selects_the_new_cluster_and_undo_brings_the_old_selection_back(session):
    a, b = session.cluster_ids[:2]
    session.select([a], [b])
    delta = session.merge()
    assert session.selection.best_ids == delta.added
    assert session.selection.similar_ids == ()
    session.undo()
    assert (session.selection.best_ids, session.selection.similar_ids) == ((a,), (b,))
    session.redo()
    assert session.selection.best_ids == delta.added


def test_a_split_covers_exactly_the_given_spikes(session):
    cluster = session.cluster_table.visible_ids()[0]
    spikes = session.manager.assignment.spikes(cluster)
    session.select([cluster])
    delta = session.split(spikes[::3])
    first, rest = delta.added
    assert session.manager.assignment.spikes(first).tolist() == spikes[::3].tolist()
    assert sorted([*spikes[::3], *session.manager.assignment.spikes(rest)]) == spikes.tolist()
    assert session.selection.best_ids == delta.added


def test_moving_the_best_cluster_goes_on_to_the_next_one(session):
    first, second = session.cluster_table.visible_ids()[:2]
    session.select([first])
    session.move("good")
    assert session.manager.group(first) == "good"
    assert session.selection.best_ids == (second,)


def test_a_label_does_not_advance(session):
    first = session.cluster_table.visible_ids()[0]
    session.select([first])
    session.label("quality", "so so")
    assert session.clusters.value(first, "quality") == "so so"
    assert session.selection.best_ids == (first,)


def test_a_filter_counts_rows_and_drops_hidden_ones_from_the_selection(session):
    a, b = session.cluster_table.visible_ids()[:2]
    session.select([a, b])
    session.filter(f"id == {a}")
    assert (session.cluster_table.n_shown, session.cluster_table.n_total) == (1, len(session.cluster_ids))
    assert session.selection.best_ids == (a,)


def test_the_similarity_table_never_shows_the_reference(session):
    session.next()
    assert session.selection.best_ids[0] not in session.similarity_table.visible_ids()
    values = [session.similarity_table.value(c, "similarity") for c in session.similarity_table.visible_ids()]
    assert values == sorted(values, reverse=True)


def test_unknown_clusters_cannot_be_selected(session):
    with pytest.raises(ActionError, match="no cluster 99999"):
        session.select([99999])


def test_a_read_only_session_refuses_changes_and_changes_nothing(dataset):
    before = _files(dataset.parent)
    session = Session.open(dataset, read_only=True)
    session.select(session.cluster_ids[:2])
    with pytest.raises(ReadOnlyError):
        session.merge()
    with pytest.raises(ReadOnlyError):
        session.save()
    session.close()
    assert _files(dataset.parent) == before


def test_a_save_writes_only_the_documented_files(dataset):
    before = _files(dataset.parent)
    session = Session.open(dataset)
    session.merge(session.cluster_ids[:2])
    session.save()
    labels = session.spike_clusters()
    session.close()
    after = _files(dataset.parent)
    changed = {n for n in after if after[n] != before.get(n) and not n.startswith(".phy_medicine")}
    assert all(n == "spike_clusters.npy" or n.startswith("cluster_") for n in changed)
    assert set(before) <= set(after)
    np.testing.assert_array_equal(np.load(dataset.parent / "spike_clusters.npy"), labels)


def test_a_second_opener_is_read_only_while_the_first_has_changes(dataset):
    first = Session.open(dataset)
    first.merge(first.cluster_ids[:2])
    second = Session.open(dataset)
    assert second.read_only
    with pytest.raises(ReadOnlyError, match="being curated by"):
        second.merge(second.cluster_ids[:2])
    second.close()
    first.close()


def test_candidates_are_what_the_next_key_will_select(session):
    session.next()
    wanted = session.candidate_requests(1)[0].cluster_ids
    session.next()
    assert session.selection.cluster_ids == wanted


def test_rows_hold_the_columns_that_people_know(session):
    row = session.clusters.to_dicts()[0]
    assert {"id", "group", "ch", "sh", "depth", "fr", "amp", "n_spikes"} <= set(row)
    cluster = row["id"]
    spikes = np.flatnonzero(session.spike_clusters() == cluster)
    assert row["n_spikes"] == len(spikes)
    assert row["fr"] == pytest.approx(len(spikes) / session.model.duration_s)
    assert row["amp_median"] == pytest.approx(float(np.median(session.model.amplitudes[spikes])), rel=1e-5)
