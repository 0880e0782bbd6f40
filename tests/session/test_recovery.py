"""Whatever was accepted is there again after a crash: the journal against a slow, obvious copy of the state."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError, JournalError
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "split", "move", "label", "undo", "undo", "redo", "save"]),
        st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=25,
)


def _step(session: Session, kind: str, seed: int) -> None:
    """Do one random action; one that makes no sense now is refused and changes nothing."""
    rng = np.random.default_rng(seed)
    ids = session.cluster_ids
    some = [int(c) for c in rng.choice(ids, size=min(len(ids), 2), replace=False)]
    try:
        match kind:
            case "merge":
                session.merge(some)
            case "split":
                spikes = np.concatenate([session.manager.assignment.spikes(c) for c in some])
                session.split(rng.choice(spikes, size=max(1, len(spikes) // 3), replace=False))
            case "move":
                session.move(["good", "mua", "noise", "weird one"][seed % 4], cluster_ids=some)
            case "label":
                session.label("note", ["a", "b c", 3, None][seed % 4], cluster_ids=some)
            case "undo":
                session.undo()
            case "redo":
                session.redo()
            case "save":
                session.save()
    except ActionError:
        return


def _state(session: Session) -> tuple[list[int], dict[str, dict[int, object]]]:
    table = {field: dict(values) for field, values in session.manager.labels.to_dict().items() if values}
    return session.spike_clusters().tolist(), table


@pytest.fixture(scope="module")
def template_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("miniature")
    kilosort4(folder)
    return folder


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_session_that_is_killed_is_recovered_as_it_was(template_folder, steps):
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp) / "d"
        shutil.copytree(template_folder, folder)
        session = Session.open(folder / "params.py")
        for kind, seed in steps:
            _step(session, kind, seed)
        expected = _state(session)
        session.storage.close()  # nothing else is told: this is a crash, but for the lock of a dead process
        recovered = Session.open(folder / "params.py", recover=True)
        assert _state(recovered) == expected
        _step(recovered, "merge", 1)
        again = _state(recovered)
        recovered.storage.close()
        third = Session.open(folder / "params.py", recover=True)
        assert _state(third) == again
        third.close()


def test_a_number_the_curator_gave_is_inherited_also_after_saving_and_reopening(dataset):
    session = Session.open(dataset)
    a, b = session.cluster_ids[:2]
    session.label("quality", 3, [a, b])
    session.save()
    session.close()
    later = Session.open(dataset)
    (merged,) = later.merge([a, b]).added
    assert later.clusters.value(merged, "quality") == 3
    assert later.clusters.value(merged, "ContamPct") is None
    later.close()


def test_a_journal_is_kept_and_offered_when_nobody_says_what_to_do(dataset):
    session = Session.open(dataset)
    session.merge(session.cluster_ids[:2])
    labels = session.spike_clusters()
    session.close()
    later = Session.open(dataset)
    assert later.storage.pending is not None
    assert later.spike_clusters().tolist() == later.model.spike_clusters.tolist()
    assert later.recover() == 1
    np.testing.assert_array_equal(later.spike_clusters(), labels)
    later.close()


def test_a_discarded_journal_is_not_offered_again(dataset):
    session = Session.open(dataset)
    session.merge(session.cluster_ids[:2])
    session.close()
    Session.open(dataset, recover=False).close()
    assert Session.open(dataset).storage.pending is None


def test_an_action_that_cannot_be_written_is_not_done(dataset, monkeypatch):
    session = Session.open(dataset)
    before = session.spike_clusters()

    def full(*_: object) -> None:
        raise JournalError("The journal could not be written (no space).")

    monkeypatch.setattr("phy_medicine.io.journal.Journal.append", full)
    with pytest.raises(JournalError):
        session.merge(session.cluster_ids[:2])
    np.testing.assert_array_equal(session.spike_clusters(), before)
    assert not session.can_undo
