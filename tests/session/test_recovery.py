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
from phy_medicine.io.journal import rest_of
from phy_medicine.io.journal_lines import decode_line, encode_line
from phy_medicine.io.journal_reader import journals, read_journal
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "split", "move", "label", "undo", "undo", "redo", "jump", "save"]),
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
            case "jump":
                session.jump_to(seed % (len(session.history.items) + 1))
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
    assert later.recover().n_done == 1
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

    monkeypatch.setattr("phy_medicine.io.journal.Journal.append_all", full)
    with pytest.raises(JournalError):
        session.merge(session.cluster_ids[:2])
    np.testing.assert_array_equal(session.spike_clusters(), before)
    assert not session.can_undo


def unsaved_merge(dataset: Path) -> tuple[int, int]:
    """Leave two actions in a journal, as a session that ended without saving; return the clusters of the first."""
    session = Session.open(dataset)
    a, b, c = session.cluster_ids[:3]
    session.merge([a, b])
    session.move("good", cluster_ids=[c])
    session.close()
    return a, b


def change_record(dataset: Path, n: int, **values: object) -> Path:
    """Write the only journal again with other values in one record, all lines valid."""
    (path,) = journals(dataset.parent)
    lines = path.read_bytes().splitlines()
    record = decode_line(lines[n])
    assert record is not None
    lines[n] = encode_line({**record, **values})[:-1]
    path.write_bytes(b"\n".join([*lines, b""]))
    return path


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"cluster_ids": [999]}, "There is no cluster 999"),
        ({"counts": [1]}, "other numbers of spikes"),
        ({"kind": "dance"}, "unknown kind 'dance'"),
        ({"kind": "undo", "steps": 7}, "no place -6"),
    ],
)
def test_when_only_a_part_fits_that_part_is_done_and_the_journal_kept(dataset, values, why):
    unsaved_merge(dataset)
    path = change_record(dataset, 2, **values)
    before = path.read_bytes()
    session = Session.open(dataset, recover=True)
    assert len(session.history.items) == 1
    session.label("note", "goes on", session.cluster_ids[:1])
    expected = _state(session)
    session.close()
    assert rest_of(path).read_bytes() == before
    again = Session.open(dataset)
    report = again.recover()
    assert (report.n_done, report.why) == (2, "")
    assert _state(again) == expected
    again.close()
    third = Session.open(dataset, read_only=True)
    path.write_bytes(before)
    third.storage.why_read_only = ""
    text = third.recover().text
    assert text.startswith("Recovered 1 of 2 unsaved actions. Action 2 does not fit and ends it: ")
    assert why in text
    third.close()


def test_labels_that_changed_outside_are_told_and_nothing_is_applied(dataset):
    a, b = unsaved_merge(dataset)
    file = dataset.parent / "spike_clusters.npy"
    labels = np.load(file)
    labels[np.flatnonzero(labels == b)[0]] = a
    np.save(file, labels)
    session = Session.open(dataset, recover=True)
    assert not session.history.items
    assert session.storage.pending is None
    assert [len(journal.records) for journal in session.storage.stale] == [2]
    session.close()
    Session.open(dataset, recover=False).close()
    assert Session.open(dataset).storage.stale == ()
    (path,) = journals(dataset.parent)
    assert len(read_journal(path).records) == 2


def test_unsaved_work_is_recovered_first_or_not_at_all(dataset):
    unsaved_merge(dataset)
    session = Session.open(dataset)
    session.move("mua", cluster_ids=session.cluster_ids[:1])
    with pytest.raises(JournalError, match="before any other action"):
        session.recover()
    assert len(session.history.items) == 1
    session.close()


def test_a_journal_that_cannot_be_continued_leaves_the_clusters_as_they_were(dataset, monkeypatch):
    unsaved_merge(dataset)
    session = Session.open(dataset)
    before = _state(session)

    def no(*_: object) -> None:
        raise JournalError("It cannot be continued.")

    with monkeypatch.context() as patch:
        patch.setattr("phy_medicine.io.journal.Journal.resume", no)
        with pytest.raises(JournalError):
            session.recover()
    assert _state(session) == before
    session.redo()  # what was done for a moment can be done again, and is then in a journal of its own
    expected = _state(session)
    session.storage.close()
    again = Session.open(dataset, recover=True)
    assert _state(again) == expected
    again.close()


def test_a_process_that_ends_between_the_files_and_the_journal_has_saved(dataset, monkeypatch):
    session = Session.open(dataset)
    session.merge(session.cluster_ids[:2])
    monkeypatch.setattr("phy_medicine.io.journal.Journal.mark_saved", lambda self, labels_hash: None)
    session.save()
    labels = session.spike_clusters()
    session.close()
    later = Session.open(dataset)
    np.testing.assert_array_equal(later.spike_clusters(), labels)
    assert (later.storage.pending, later.storage.stale) == (None, ())
    later.close()


def test_a_jump_is_one_line_of_the_journal(dataset):
    session = Session.open(dataset)
    for group in ("good", "mua", "noise", "good"):
        session.move(group, cluster_ids=session.cluster_ids[:1])
    session.jump_to(1)
    assert session.jump_to(1) is None
    session.jump_to(3)
    path = session.storage.journal_path
    assert [(r["kind"], r.get("steps")) for r in read_journal(path).records[4:]] == [("undo", 3), ("redo", 2)]
    session.close()


def test_a_jump_over_a_save_is_one_line_too(dataset):
    session = Session.open(dataset)
    a, b, c = session.cluster_ids[:3]
    new = session.merge([a, b]).added[0]
    session.move("good", cluster_ids=[new])
    session.save()
    session.merge([new, c])
    session.jump_to(0)
    (record,) = read_journal(session.storage.journal_path).records[1:]
    assert record["kind"] == "restore"
    assert [cluster["id"] for cluster in record["clusters"]] == sorted([a, b, c])
    assert record["counts"] == [session.manager.assignment.count(i) for i in sorted([a, b, c])]
    expected = _state(session)
    session.storage.close()
    again = Session.open(dataset, recover=True)
    assert _state(again) == expected
    again.close()
