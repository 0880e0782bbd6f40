"""The similarity of clusters by templates as seen and by templates at rest, and who chooses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import ActionError
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.session.drift_similarity import local_templates
from phy_medicine.session.session import Session
from phy_medicine.session.similar import METRICS


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def true_motion(session: Session) -> Motion:
    truth = np.load(session.model.dir_path / "ground_truth.npz")
    return Motion(truth["displacement"], truth["temporal_bins_s"], truth["spatial_bins_um"]).centred()


def use(session: Session, motion: Motion | None) -> None:
    """Put a motion in use as if a run of the store had been chosen."""
    run = type("Run", (), {"id": "1", "name": "by hand", "facts": {}})()
    session.motion._current = None if motion is None else (run, motion)
    session.motion._asked = True
    session.motion.changed.emit("run")


def test_without_a_motion_templates_are_compared_as_they_are(session):
    rows = session.similar.rows(session.cluster_ids[0])
    assert (session.similar.metric, session.similar.title) == ("template", METRICS["template"])
    use(session, None)
    assert session.similar.rows(session.cluster_ids[0]) == rows
    with pytest.raises(ActionError, match="No motion is in use"):
        session.similar.metric = "drift"
    with pytest.raises(ActionError, match="no similarity 'depth'"):
        session.similar.metric = "depth"
    assert session.similar.metric == "template"


def test_a_motion_makes_it_drift_aware_once_computed(session, monkeypatch):
    may_go, compute = threading.Event(), session.similar._compute
    monkeypatch.setattr(session.similar, "_compute", lambda motion: may_go.wait(10) and compute(motion))
    reference = session.cluster_ids[0]
    session.select([reference])
    before = session.similar.rows(reference)
    use(session, true_motion(session))
    assert session.similar.metric == "drift"
    assert session.similar.shown_metric == "template"
    assert session.similar.title == "template similarity, drift-aware soon"
    assert session.similar.rows(reference) == before
    may_go.set()
    session.pool.sync(20)
    after = session.similar.rows(reference)
    assert session.similar.title == METRICS["drift"]
    assert after != before
    assert session.similarity_table.visible_ids() == tuple(after)


def test_every_over_split_unit_finds_its_partner(session):
    use(session, true_motion(session))
    session.pool.sync(20)
    pairs = np.load(session.model.dir_path / "ground_truth.npz")["oversplit_pairs"].tolist()
    assert len(pairs) == 3
    for a, b in pairs:
        assert next(iter(session.similar.rows(a))) == b
        assert next(iter(session.similar.rows(b))) == a


def test_the_choice_of_a_person_stays(session):
    use(session, true_motion(session))
    session.pool.sync(20)
    aware = session.similar.rows(0)
    assert session.similar.automatic
    session.similar.metric = "template"
    plain = session.similar.rows(0)
    use(session, true_motion(session))
    session.pool.sync(20)
    assert session.similar.metric == "template"
    assert session.similar.rows(0) == plain != aware
    session.similar.metric = "auto"
    session.pool.sync(20)
    assert session.similar.rows(0) == aware
    use(session, None)
    assert session.similar.rows(0) == plain


def test_a_still_tissue_changes_nothing(session):
    plain = [session.similar.rows(c) for c in session.cluster_ids]
    use(session, Motion(np.zeros((3, 2)), np.arange(3.0), np.array([0.0, 500.0])))
    session.pool.sync(20)
    assert session.similar.shown_metric == "drift"
    assert [session.similar.rows(c) for c in session.cluster_ids] == plain


def test_a_failure_leaves_the_template_similarity(session, monkeypatch, caplog):
    def fail(motion):
        raise MemoryError("no room")

    monkeypatch.setattr(session.similar, "_compute", fail)
    use(session, true_motion(session))
    session.pool.sync(20)
    assert session.similar.title == METRICS["template"]
    assert session.similar.rows(0)


def test_a_script_gets_drift_aware_rows_at_once_and_those_of_templates_after_a_failure(session, monkeypatch, caplog):
    session.similar.at_once = True
    plain = session.similar.rows(0)
    use(session, true_motion(session))
    assert session.similar.rows(0) != plain and session.similar.shown_metric == "drift"
    monkeypatch.setattr(session.similar, "_compute", lambda motion: 1 / 0)
    use(session, true_motion(session))
    assert session.similar.rows(0) == session.similar.rows(0) == plain
    assert caplog.text.count("Drift-aware similarity failed") == 1


@pytest.mark.parametrize("seed", range(4))
def test_clusters_keep_the_value_of_their_best_templates_through_any_curation(session, seed):
    rng = np.random.default_rng(seed)
    motion = true_motion(session)
    use(session, motion)
    session.pool.sync(20)
    matrix = session.similar._compare.matrix(motion, session.model.similar_templates)
    templates = session.model.spike_templates
    for _ in range(8):
        labels = session.spike_clusters()
        reference = int(rng.choice(session.cluster_ids))
        own = np.unique(templates[labels == reference])
        expected = {
            c: matrix[np.ix_(own, np.unique(templates[labels == c]))].max()
            for c in session.cluster_ids
            if c != reference
        }
        rows = session.similar.rows(reference)
        assert rows == expected
        assert list(rows) == sorted(expected, key=lambda c: (-expected[c], c))
        kind = rng.choice(["merge", "split", "undo", "redo"])
        if kind == "merge" and len(session.cluster_ids) > 2:
            session.merge(rng.choice(session.cluster_ids, 2, replace=False).tolist())
        elif kind == "split":
            session.split(np.sort(rng.choice(len(labels), 30, replace=False)))
        elif kind == "undo" and session.can_undo:
            session.undo()
        elif kind == "redo" and session.can_redo:
            session.redo()


def test_templates_of_unit_norm_get_the_size_of_their_spikes(session):
    compare = session.similar._compare
    local = local_templates(session.model)
    assert compare._sizes(local, None) is None
    waves = local.waveforms / np.linalg.norm(local.waveforms, axis=(1, 2), keepdims=True)
    sizes = compare._sizes(type(local)(waves, local.channel_ids, local.positions_um), None)
    of_first = session.model.amplitudes[session.model.spike_templates == 0]
    assert sizes[0] == pytest.approx(of_first.mean(), rel=1e-5)


def test_rows_are_asked_for_in_threads_while_actions_are_done(session):
    first, *ids = session.cluster_ids
    done, failed = threading.Event(), []

    def ask() -> None:
        while not done.is_set():
            try:
                session.similar.template_rows(first)
            except Exception as error:  # in another thread it would be lost
                failed.append(error)
                return

    # Slots of an action ask as well, in the midst of it.
    session.clusters.changed.connect(lambda _delta: session.similar.rows(first))
    asking = threading.Thread(target=ask, daemon=True)
    acting = threading.Thread(target=lambda: [(session.merge(ids[:2]), session.undo()) for _ in range(60)], daemon=True)
    asking.start()
    acting.start()
    acting.join(30)
    done.set()
    asking.join(30)
    assert not acting.is_alive() and not asking.is_alive() and not failed
