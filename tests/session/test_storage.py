"""Journal, lock and files agree when a save or a disk fails, and when somebody else writes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import JournalError, ReadOnlyError
from phy_medicine.io.journal import Journal
from phy_medicine.io.journal_reader import SAVED, journals, read_journal
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return kilosort4(tmp_path / "data")


def without_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the line that closes a journal as saved fail, as on a disk that is full at that moment."""
    real = Journal.append

    def append(journal: Journal, record):
        if record["kind"] == SAVED:
            raise JournalError("no space")
        return real(journal, record)

    monkeypatch.setattr(Journal, "append", append)


def test_a_save_counts_also_when_its_journal_cannot_be_closed(path: Path, monkeypatch: pytest.MonkeyPatch):
    session = Session.open(path)
    session.merge([0, 1])
    without_mark(monkeypatch)
    session.save()
    assert not session.dirty
    session.merge([2, 3])
    done = session.spike_clusters().tolist()
    session.close()
    again = Session.open(path, recover=True)
    assert again.spike_clusters().tolist() == done
    assert len(again.history.items) == 1
    again.close()


def test_older_groups_do_not_come_back_over_newer_ones(path: Path, monkeypatch: pytest.MonkeyPatch):
    session = Session.open(path)
    session.move("good", cluster_ids=[0])
    with monkeypatch.context() as patch:
        without_mark(patch)
        session.save()
    session.move("noise", cluster_ids=[0])
    session.save()
    session.close()
    again = Session.open(path, recover=True)
    assert again.manager.group(0) == "noise"
    assert again.storage.stale
    again.close()


def test_a_save_back_to_older_labels_that_was_killed_is_not_taken_for_done(path: Path, monkeypatch: pytest.MonkeyPatch):
    session = Session.open(path)
    before = session.spike_clusters().tolist()
    session.merge([0, 1])
    session.save()
    session.undo()

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session.storage._saver, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        session.save()
    session.close()
    again = Session.open(path, recover=True)
    assert again.spike_clusters().tolist() == before
    again.close()


def test_a_journal_that_was_removed_under_the_session_is_told_and_a_save_goes_on(path: Path):
    session = Session.open(path)
    session.merge([0, 1])
    (journal,) = journals(path.parent)
    journal.unlink()
    for _ in range(2):
        with pytest.raises(JournalError, match=r"was removed or cut short by another program.*; save"):
            session.merge([2, 3])
    session.save()
    session.merge([2, 3])
    done = session.spike_clusters().tolist()
    session.close()
    again = Session.open(path, recover=True)
    assert again.spike_clusters().tolist() == done
    again.close()


def test_what_somebody_wrote_behind_the_last_line_is_cut_off_before_the_next(path: Path):
    session = Session.open(path)
    session.merge([0, 1])
    (journal,) = journals(path.parent)
    with journal.open("ab") as file:
        file.write(b"half a li")
    session.merge([2, 3])
    assert len(read_journal(journal).records) == 2
    session.close()


def test_no_action_is_accepted_on_labels_that_another_program_replaced(path: Path):
    session = Session.open(path)
    labels = path.parent / "spike_clusters.npy"
    np.save(labels, np.load(labels)[::-1])
    with pytest.raises(ReadOnlyError, match=r"spike_clusters\.npy changed on disk .* open it again"):
        session.merge([0, 1])
    assert not session.dirty and not journals(path.parent)
    session.close()
    again = Session.open(path)
    again.merge([0, 1])
    again.close()


def test_a_backup_is_restored_by_copying_its_files(path: Path):
    session = Session.open(path)
    before = session.spike_clusters().tolist()
    session.merge([0, 1])
    backup = session.save().backup
    session.close()
    for file in backup.iterdir():
        shutil.copy2(file, path.parent / file.name)
    again = Session.open(path)
    assert again.spike_clusters().tolist() == before and again.storage.pending is None
    again.merge([0, 1])
    again.save()
    again.close()


def test_two_sessions_opened_before_either_acted(path: Path):
    first, second = Session.open(path), Session.open(path)
    first.merge([0, 1])
    with pytest.raises(ReadOnlyError, match="is being curated by"):
        second.merge([2, 3])
    first.save()
    first.close()
    with pytest.raises(ReadOnlyError, match="open it again"):
        second.merge([2, 3])
    second.close()


def test_unsaved_work_left_by_another_meanwhile_is_told_before_anything_is_done(path: Path):
    second = Session.open(path)
    first = Session.open(path)
    first.merge([0, 1])
    first.close()
    with pytest.raises(ReadOnlyError, match=r"left unsaved work .* open it again to recover"):
        second.merge([2, 3])
    second.close()


def test_unsaved_work_that_was_known_and_left_for_later_is_no_obstacle(path: Path):
    first = Session.open(path)
    first.merge([0, 1])
    first.close()
    second = Session.open(path)
    second.merge([2, 3])
    second.close()


def test_a_save_interrupted_by_a_crash_is_completed_when_the_next_session_begins_to_write(path: Path, tmp_path: Path):
    session = Session.open(path)
    session.merge([0, 1])
    session.save()
    session.close()
    folder = path.parent
    new = {name: (folder / name).read_bytes() for name in ("spike_clusters.npy", "cluster_group.tsv")}
    _undo_the_last_moves(folder)
    reader = Session.open(path, read_only=True)
    assert reader.spike_clusters().tolist() == session.spike_clusters().tolist()
    reader.close()
    assert (folder / "spike_clusters.npy").read_bytes() != new["spike_clusters.npy"]
    writer = Session.open(path)
    writer.move("good", cluster_ids=[2])
    assert {name: (folder / name).read_bytes() for name in new} == new
    writer.close()


def _undo_the_last_moves(folder: Path) -> None:
    """Bring a folder into the state of just after the decision of its last save."""
    import json

    own = folder / ".phy_medicine"
    manifest = json.loads((own / "saved.json").read_text())
    (backup,) = (own / "backups").iterdir()
    staging = own / "staging" / manifest["stamp"]
    staging.mkdir(parents=True)
    files = []
    for name, facts in manifest["files"].items():
        (folder / name).rename(staging / name)
        old = None
        if (backup / name).exists():
            shutil.copy2(backup / name, folder / name)
            old = [(folder / name).stat().st_size, (folder / name).stat().st_mtime_ns]
        files.append({"name": name, **facts, "old": old})
    (own / "pending.json").write_text(json.dumps({"version": 1, "stamp": manifest["stamp"], "files": files}))
