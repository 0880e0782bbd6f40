from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import SaveError
from phy_medicine.io import generation, safe_write
from phy_medicine.io.generation import pending_files
from phy_medicine.io.safe_write import FileChangedError, SaveSet, recover_pending
from phy_medicine.io.template_model import TemplateModel
from tests.io import miniatures as mini

OLD = mini.spike_templates().astype(np.int32)
NEW = np.where(OLD == 1, 7, OLD).astype(np.int32)
TABLES = {"cluster_group.tsv": "cluster_id\tgroup\r\n7\tgood\r\n", "cluster_q.tsv": "cluster_id\tq\r\n7\t1\r\n"}


class Killed(BaseException):
    """A stop that no handler may tidy up after."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mini.plain(tmp_path / "data")
    (tmp_path / "data" / "cluster_group.tsv").write_text("cluster_id\tgroup\n1\tmua\n")
    return tmp_path / "data"


def save_set(folder: Path, on_step: Callable[[str], None] = generation.nothing, **options: object) -> SaveSet:
    files = SaveSet(folder, on_step=on_step, **options)
    files.add_labels("spike_clusters.npy", NEW)
    for name, text in TABLES.items():
        files.add(name, text)
    return files


def content(folder: Path) -> tuple[list[int], dict]:
    """What a reader of our own sees: labels and label columns."""
    model = TemplateModel.open(folder / "params.py")
    return model.spike_clusters.tolist(), {k: dict(v) for k, v in model.metadata.fields.items()}


BEFORE = (OLD.tolist(), {"group": {1: "mua"}})
AFTER = (NEW.tolist(), {"group": {7: "good"}, "q": {7: 1}})


def steps_of(folder: Path) -> list[str]:
    steps: list[str] = []
    save_set(folder, steps.append).commit()
    return steps


def test_a_save_writes_every_file_and_says_so(folder: Path):
    report = save_set(folder).commit()
    assert report.files == ("spike_clusters.npy", "cluster_group.tsv", "cluster_q.tsv")
    assert content(folder) == AFTER
    labels = np.load(folder / "spike_clusters.npy")
    assert (labels.dtype, labels.ndim) == (np.int32, 1)
    assert not (folder / ".phy_medicine" / "pending.json").exists()


def test_the_replaced_files_are_kept(folder: Path):
    report = save_set(folder).commit()
    assert sorted(path.name for path in report.backup.iterdir()) == ["cluster_group.tsv", "spike_clusters.npy"]
    assert np.load(report.backup / "spike_clusters.npy").tolist() == OLD.tolist()


def test_files_with_the_same_content_are_left_alone(folder: Path):
    save_set(folder).commit()
    before = (folder / "spike_clusters.npy").stat().st_mtime_ns
    report = save_set(folder).commit()
    assert (report.files, report.backup, len(report.unchanged)) == ((), None, 3)
    assert (folder / "spike_clusters.npy").stat().st_mtime_ns == before


def test_killed_before_any_step_the_folder_is_old_or_new_and_never_mixed(folder: Path, tmp_path: Path):
    import shutil

    pristine = tmp_path / "pristine"
    shutil.copytree(folder, pristine)
    steps = steps_of(folder)
    assert len(steps) >= 10
    seen = set()
    for k in range(len(steps)):
        shutil.rmtree(folder)
        shutil.copytree(pristine, folder)
        left = iter(range(k))

        def stop(step: str, left: object = left) -> None:
            if next(left, None) is None:
                raise Killed(step)

        with pytest.raises(Killed):
            save_set(folder, stop).commit()
        read = content(folder)
        assert read in (BEFORE, AFTER), steps[k]
        seen.add(read == AFTER)
        recover_pending(folder)
        assert content(folder) == read, steps[k]
        assert not (folder / ".phy_medicine" / "pending.json").exists()
        assert not list((folder / ".phy_medicine" / "staging").glob("*"))
        assert save_set(folder).commit().files in ((), ("spike_clusters.npy", "cluster_group.tsv", "cluster_q.tsv"))
        assert content(folder) == AFTER
    assert seen == {False, True}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("at", ["intent", "rename cluster_group.tsv", "finish"])
def test_a_process_that_dies_leaves_old_or_new(folder: Path, at: str):
    child = os.fork()
    if child == 0:
        save_set(folder, lambda step: os._exit(9) if step == at else None).commit()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert content(folder) == (BEFORE if at == "intent" else AFTER)


def test_an_interrupted_save_is_read_complete_without_writing(folder: Path):
    def stop(step: str) -> None:
        if step == "rename cluster_group.tsv":
            raise Killed

    with pytest.raises(Killed):
        save_set(folder, stop).commit()
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    model = TemplateModel.open(folder / "params.py")
    assert model.spike_clusters.tolist() == NEW.tolist()
    assert [check.severity for check in model.checks] == ["note"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == files
    report = save_set(folder, expected=model.fingerprints).commit()
    assert report.files == ()


def test_an_interruption_of_the_completion_can_be_completed_too(folder: Path):
    def stop_at(name: str) -> Callable[[str], None]:
        def stop(step: str) -> None:
            if step == name:
                raise Killed

        return stop

    with pytest.raises(Killed):
        save_set(folder, stop_at("rename spike_clusters.npy")).commit()
    for name in ("rename cluster_group.tsv", "manifest", "finish"):
        with pytest.raises(Killed):
            recover_pending(folder, stop_at(name))
        assert content(folder) == AFTER
    assert recover_pending(folder).completed
    assert recover_pending(folder) is None


def test_an_interrupted_save_never_overwrites_newer_work_of_another_program(folder: Path):
    def stop(step: str) -> None:
        if step == "rename spike_clusters.npy":
            raise Killed

    with pytest.raises(Killed):
        save_set(folder, stop).commit()
    np.save(folder / "spike_clusters.npy", np.zeros(200, np.int32))
    assert content(folder) == ([0] * 200, BEFORE[1])
    recovery = recover_pending(folder)
    assert not recovery.completed
    assert np.load(recovery.folder / "spike_clusters.npy").tolist() == NEW.tolist()
    assert content(folder) == ([0] * 200, BEFORE[1])
    assert pending_files(folder) == {}


def test_a_file_that_another_program_changed_after_its_move_stops_the_completion(folder: Path):
    def stop(step: str) -> None:
        if step == "rename cluster_group.tsv":
            raise Killed

    with pytest.raises(Killed):
        save_set(folder, stop).commit()
    np.save(folder / "spike_clusters.npy", np.zeros(200, np.int32))  # the same size as ours
    assert content(folder) == ([0] * 200, BEFORE[1])
    assert not recover_pending(folder).completed
    assert content(folder) == ([0] * 200, BEFORE[1])


def test_a_disk_that_is_full_leaves_everything_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def full(path: Path, chunks: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(safe_write, "write_new", full)
    with pytest.raises(SaveError, match=r"no space left on device.*left the files as they were.*journal"):
        save_set(folder).commit()
    monkeypatch.undo()
    assert content(folder) == BEFORE
    assert not list((folder / ".phy_medicine" / "staging").glob("*"))
    assert save_set(folder).commit().files != ()


def test_a_rename_that_fails_is_completed_at_the_next_save(folder: Path):
    def stop(step: str) -> None:
        if step == "rename cluster_q.tsv":
            raise OSError(errno.EACCES, "Permission denied")

    with pytest.raises(SaveError, match="completed at the next save"):
        save_set(folder, stop).commit()
    later = SaveSet(folder)
    later.add("cluster_z.tsv", "cluster_id\tz\r\n")
    later.commit()
    assert content(folder) == (AFTER[0], AFTER[1] | {"z": {}})


def test_a_file_changed_by_another_program_is_noticed(folder: Path):
    model = TemplateModel.open(folder / "params.py")
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n1\tnoise\n")
    with pytest.raises(FileChangedError, match=r"cluster_group\.tsv changed on disk") as caught:
        save_set(folder, expected=model.fingerprints).commit()
    assert caught.value.files == ("cluster_group.tsv",)
    assert content(folder)[0] == BEFORE[0]
    report = save_set(folder, expected=model.fingerprints).commit(force=True)
    assert content(folder) == AFTER
    assert (report.backup / "cluster_group.tsv").read_text() == "cluster_id\tgroup\n1\tnoise\n"


def test_a_file_that_appeared_or_vanished_is_noticed(folder: Path):
    model = TemplateModel.open(folder / "params.py")
    (folder / "cluster_q.tsv").write_text("cluster_id\tq\n")
    with pytest.raises(FileChangedError, match=r"cluster_q\.tsv"):
        save_set(folder, expected=model.fingerprints).commit()
    (folder / "cluster_q.tsv").unlink()
    (folder / "spike_clusters.npy").unlink()
    with pytest.raises(FileChangedError, match=r"spike_clusters\.npy"):
        save_set(folder, expected=model.fingerprints).commit()


def test_our_own_saves_and_a_touched_file_are_no_change(folder: Path):
    expected = dict(TemplateModel.open(folder / "params.py").fingerprints)
    expected |= save_set(folder, expected=expected).commit().fingerprints
    (folder / "cluster_group.tsv").touch()
    again = SaveSet(folder, expected)
    again.add_labels("spike_clusters.npy", OLD)
    again.add("cluster_info.tsv", "cluster_id\r\n")
    assert again.commit().files == ("spike_clusters.npy", "cluster_info.tsv")


@pytest.mark.parametrize(
    "name", ["params.py", "recording.dat", "../cluster_x.tsv", "cluster_a/b.tsv", "spike_times.npy", ""]
)
def test_no_other_file_can_be_written(folder: Path, name: str):
    with pytest.raises(SaveError, match="no file a save may write"):
        SaveSet(folder).add(name, "x")


def test_the_oldest_backup_and_the_newest_are_kept(folder: Path):
    stamps = []
    for i in range(14):
        files = SaveSet(folder)
        files.add_labels("spike_clusters.npy", NEW + i)
        stamps.append(files.commit().backup.name)
    kept = sorted(path.name for path in (folder / ".phy_medicine" / "backups").iterdir())
    assert kept == [stamps[0], *stamps[-9:]]
    assert np.load(folder / ".phy_medicine" / "backups" / stamps[0] / "spike_clusters.npy").tolist() == OLD.tolist()


def test_a_linked_file_is_replaced_and_its_original_kept(folder: Path, tmp_path: Path):
    original = tmp_path / "original.npy"
    (folder / "spike_clusters.npy").rename(original)
    (folder / "spike_clusters.npy").symlink_to(original)
    save_set(folder).commit()
    assert np.load(original).tolist() == OLD.tolist()
    assert np.load(folder / "spike_clusters.npy").tolist() == NEW.tolist()


def test_the_rights_of_a_replaced_file_are_kept(folder: Path):
    (folder / "spike_clusters.npy").chmod(0o664)
    save_set(folder).commit()
    assert (folder / "spike_clusters.npy").stat().st_mode & 0o777 == 0o664


def test_a_folder_that_cannot_be_written_is_a_sentence(folder: Path):
    (folder / ".phy_medicine").write_text("in the way")
    with pytest.raises(SaveError, match="your work is in the journal"):
        save_set(folder).commit()


def test_the_array_may_change_after_it_was_added(folder: Path):
    labels, files = NEW.copy(), SaveSet(folder)
    files.add_labels("spike_clusters.npy", labels)
    labels[:] = 0
    files.commit()
    assert np.load(folder / "spike_clusters.npy").tolist() == NEW.tolist()
