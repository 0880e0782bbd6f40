"""Jobs of a session: inputs from the dataset, results as runs in the store, nothing left of what was cancelled."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError, ReadOnlyError
from phy_medicine.compute import job_kinds
from phy_medicine.io import store_file
from phy_medicine.io.h5 import open_h5
from phy_medicine.session.depths import _Depths
from phy_medicine.session.job_inputs import write_inputs
from phy_medicine.session.session import Session

LIMIT_S = 60
TOYS = Path(__file__).resolve().parents[1] / "compute"


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Registers the toy jobs."""
    monkeypatch.syspath_prepend(str(TOYS))
    import toy_jobs

    kinds = [
        toy_jobs.toy("double", inputs=("times_s", "amplitudes")),
        toy_jobs.toy("forever"),
        toy_jobs.toy("wrong"),
        toy_jobs.toy("deep", "double", inputs=("times_s", "depths_um", "amplitudes")),
        toy_jobs.toy("needy", "double", inputs=("colours",)),
        toy_jobs.toy("patient", resumable=True, stored_as="calm", parts=(("motion", ("displacement",)),)),
    ]
    for kind in kinds:
        job_kinds.register(kind)
    yield
    for kind in kinds:
        job_kinds.unregister(kind.name)


@pytest.fixture
def session(dataset: Path, toys) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not fact():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def own_files(session: Session) -> list[str]:
    """What is beside the dataset, but for what is computed again when it is gone, which comes at any time."""
    root = session.model.dir_path / ".phy_medicine"
    files = (p.relative_to(root) for p in root.rglob("*") if p.is_file() and p.name != "lock")
    return sorted(str(p) for p in files if p.parts[0] != "cache")


def test_a_session_that_starts_no_job_has_no_queue_and_no_store(session):
    assert session.jobs.jobs == ()
    assert not session.jobs.busy
    assert session.store.runs() == ()
    assert not session.store.path.exists()


def test_a_result_becomes_a_run_with_settings_inputs_and_units(session):
    imported: list[object] = []
    states: list[str] = []
    session.jobs.imported.connect(imported.append)
    session.jobs.finished.connect(lambda job: states.append(job.state))
    job = session.jobs.start("double", factor=3.0, seed=7)
    assert session.jobs.wait(job, LIMIT_S)
    assert job.error == ""
    (run,) = session.store.runs("double")
    assert imported == [run] and job.delivered == run
    assert states == ["done"]
    assert np.allclose(session.store.read(run.id)["doubled"], session.model.spike_times * 3)
    assert (run.params["factor"], run.params["seed"], run.params["device"]) == (3.0, 7, "auto")
    assert (run.facts["steps"], run.facts["device"]) == (3, "cpu")
    assert set(run.inputs) == {"times_s", "amplitudes"}
    assert all(len(digest) == 64 for digest in run.inputs.values())
    assert run.units["doubled"] == "s"


def test_only_spikes_whose_own_depth_is_known_are_given_with_depths(session, tmp_path):
    assert session.depths.measured.all()
    n = session.model.n_spikes
    own = np.arange(n) % 3 > 0
    raw = session.depths.raw
    session.depths._observed = _Depths(raw, own, "centre of mass of features")
    paths = write_inputs(session, ("depths_um", "times_s", "amplitudes"), tmp_path / "some")
    for name, values in {
        "depths_um": raw, "times_s": session.model.spike_times, "amplitudes": session.model.spike_strengths()
    }.items():  # fmt: skip
        assert np.array_equal(np.load(paths[name]), values[own])
    (times,) = write_inputs(session, ("times_s",), tmp_path / "all").values()
    assert len(np.load(times)) == n


@pytest.mark.parametrize("gone", [("spike_positions.npy", "pc_features.npy"), ()])
def test_depths_of_templates_are_refused_with_what_to_do(dataset, toys, gone):
    for name in gone:
        (dataset.parent / name).unlink()
    session = Session.open(dataset)
    if not gone:  # features of no spike
        raw = session.depths.raw
        session.depths._observed = _Depths(raw, np.zeros(len(raw), bool), "centre of mass of features")
    job = session.jobs.start("deep")
    assert session.jobs.wait(job, LIMIT_S)
    assert job.state == "failed"
    assert "no depths of single spikes" in job.error and "phy-med motion RECORDING" in job.error
    assert session.store.runs() == ()
    session.close()


def test_the_same_data_have_the_same_hashes(session):
    for _ in range(2):
        assert session.jobs.wait(session.jobs.start("double"), LIMIT_S)
    first, second = session.store.runs()
    assert first.inputs == second.inputs
    assert session.store.compare(first.id, second.id).same_inputs


def test_nothing_is_left_of_a_job_that_is_done_but_its_log(session):
    job = session.jobs.start("double")
    assert session.jobs.wait(job, LIMIT_S)
    assert own_files(session) == [f"jobs/{job.id}/job.json", f"jobs/{job.id}/log.txt", "store.kwik"]
    session.jobs.forget(job.id)
    assert session.jobs.jobs == ()
    assert own_files(session) == ["store.kwik"]


def test_a_cancelled_job_leaves_no_partial_run_and_no_files(session):
    job = session.jobs.start("forever")
    waiting = session.jobs.start("double")
    until(lambda: job.fraction > 0)
    session.jobs.cancel(waiting.id)
    session.jobs.cancel(job.id)
    assert session.jobs.wait(job, LIMIT_S)
    assert (job.state, waiting.state) == ("cancelled", "cancelled")
    assert session.store.runs() == ()
    assert own_files(session) == []


def test_an_interrupted_job_goes_on_with_its_own_settings_and_keeps_its_parts_apart(session):
    job = session.jobs.start("patient", factor=5.0, seed=3)
    until(lambda: job.fraction > 0)
    assert session.jobs.unfinished() == () and session.jobs.resumable(job) is None
    session.jobs.cancel(job.id)
    assert session.jobs.wait(job, LIMIT_S)
    (found,) = session.jobs.unfinished()
    assert (found.kind, found.settings["factor"], found.settings["seed"]) == ("patient", 5.0, 3)
    resumed = session.jobs.resume(found.id)
    assert session.jobs.wait(resumed, LIMIT_S) and resumed.error == ""
    run, motion = session.store.runs("calm")[0], session.store.runs("motion")[0]
    assert session.store.read(run.id)["doubled"].tolist() == [0.0, 10.0, 20.0]
    assert list(session.store.read(motion.id)) == ["displacement"]
    assert (run.facts["motion"], run.facts["job"], motion.facts["calm"]) == (motion.id, "patient", run.id)
    assert run.params["seed"] == 3 and session.jobs.unfinished() == ()
    assert not (session.model.dir_path / ".phy_medicine" / "unfinished" / found.id).exists()


def test_of_many_interrupted_jobs_the_newest_three_can_go_on(session):
    for number in range(5):
        job = session.jobs.start("patient", factor=float(number))
        until(lambda job=job: job.fraction > 0)
        session.jobs.cancel(job.id)
        assert session.jobs.wait(job, LIMIT_S)
    assert [u.settings["factor"] for u in session.jobs.unfinished()] == [1.0, 2.0, 3.0, 4.0]
    assert session.jobs.wait(session.jobs.start("double"), LIMIT_S)
    assert [u.settings["factor"] for u in session.jobs.unfinished()] == [2.0, 3.0, 4.0]


@pytest.mark.parametrize("how", ["kill", "memory", "sentence"])
def test_a_failed_job_leaves_its_log_and_no_run(session, how):
    job = session.jobs.start("wrong", how=how)
    assert session.jobs.wait(job, LIMIT_S)
    assert job.state == "failed"
    assert session.store.runs() == ()
    assert job.error in job.log_path.read_text()
    session.select([session.cluster_ids[0]])
    session.label("note", "still here")
    assert session.can_undo


def test_a_store_that_cannot_be_written_fails_the_job_and_nothing_else(session, monkeypatch):
    assert session.jobs.wait(session.jobs.start("double"), LIMIT_S)
    before = session.store.path.read_bytes()
    usage = type("usage", (), {"free": 10})
    monkeypatch.setattr(store_file.shutil, "disk_usage", lambda _path: usage)
    job = session.jobs.start("double")
    assert session.jobs.wait(job, LIMIT_S)
    assert job.state == "failed"
    assert "What it held is unchanged" in job.error
    assert session.store.path.read_bytes() == before


def test_an_input_that_changes_on_the_way_is_noticed(session, monkeypatch):
    from phy_medicine.compute import job_files

    folder = session.model.dir_path / ".phy_medicine" / "jobs"
    real = job_files.Manifest.read

    def read(place: Path):
        np.save(next(folder.glob("*/inputs/times_s.npy")), np.zeros(3))
        return real(place)

    monkeypatch.setattr(job_files.Manifest, "read", read)
    job = session.jobs.start("double")
    assert session.jobs.wait(job, LIMIT_S)
    assert job.error.startswith("The input times_s changed while the job ran")
    assert session.store.runs() == ()


def test_a_read_only_dataset_says_why_no_job_starts(dataset, toys):
    session = Session.open(dataset, read_only=True)
    with pytest.raises(ReadOnlyError, match=r"opened read-only.*could not keep its result"):
        session.jobs.start("double")
    assert session.jobs.jobs == ()
    session.close()


def test_a_job_without_the_store_runs_on_a_read_only_dataset(dataset, toys, tmp_path):
    session = Session.open(dataset, read_only=True)
    job = session.jobs.start("double", to_store=False, folder=tmp_path / "job", factor=2.0)
    assert session.jobs.wait(job, LIMIT_S)
    arrays = job.result.load(job.folder / "result")
    assert np.allclose(arrays["doubled"], session.model.spike_times * 2)
    assert session.store.runs() == ()
    session.close()
    assert not (dataset.parent / ".phy_medicine").exists()


def test_of_two_sessions_on_one_dataset_the_first_to_change_something_writes(dataset, toys):
    first, second = Session.open(dataset), Session.open(dataset)
    first.jobs.wait(first.jobs.start("double"), LIMIT_S)
    (run,) = first.store.runs()
    # Both live in one process here, so the lock of the first is seen as one's own; a third opens on another machine.
    lock = dataset.parent / ".phy_medicine" / "lock"
    lock.write_text(lock.read_text().replace('"host": "', '"host": "other-'))
    third = Session.open(dataset)
    assert third.read_only
    for reader in (second, third):
        with pytest.raises(ReadOnlyError, match="curated by"):
            reader.jobs.start("double")
        with pytest.raises(ReadOnlyError, match="curated by"):
            reader.store.delete(run.id)
        assert reader.store.runs() == (run,)
        assert reader.store.read(run.id).keys() == {"doubled", "threads"}
    for session in (first, second, third):
        session.close()


def test_a_damaged_store_is_set_aside_and_the_dataset_opens(dataset, toys):
    folder = dataset.parent / ".phy_medicine"
    folder.mkdir(exist_ok=True)
    (folder / "store.kwik").write_bytes(b"\x89HDF\r\n\x1a\n and then nothing")
    session = Session.open(dataset)
    assert session.store.runs() == ()
    assert "set aside" in session.store.problem
    assert len(list(folder.glob("store.set-aside-*.kwik"))) == 1
    assert session.jobs.wait(session.jobs.start("double"), LIMIT_S)
    assert len(session.store.runs()) == 1
    session.close()


def test_the_store_holds_the_clusters_as_they_are_curated(session):
    ids = session.cluster_ids
    new = session.merge([ids[0], ids[1]]).added[0]
    session.move("good", cluster_ids=[new])
    assert session.jobs.wait(session.jobs.start("double"), LIMIT_S)
    with open_h5(session.store.path) as file:
        labels = file.read("/channel_groups/0/spikes/clusters/main")
        assert file.read_attr(f"/channel_groups/0/clusters/main/{new}", "cluster_group") == 2
    assert np.array_equal(labels, session.spike_clusters())


def test_unknown_kinds_settings_and_devices_are_sentences(session):
    for start, words in [
        (lambda: session.jobs.start("levitate"), "There is no job 'levitate'"),
        (lambda: session.jobs.start("double", colour=3), "Unknown setting colour"),
        (lambda: session.jobs.start("double", steps=0), "steps must lie between"),
        (lambda: session.jobs.start("double", device="toaster"), "no device"),
    ]:
        with pytest.raises(PhyMedError, match=words):
            start()
    job = session.jobs.start("needy")
    assert session.jobs.wait(job, LIMIT_S)
    assert "'colours'" in job.error


def test_folders_of_earlier_sessions_keep_their_logs_only(session):
    old = session.model.dir_path / ".phy_medicine" / "jobs" / "double-20200101T000000_000000Z"
    (old / "result").mkdir(parents=True)
    (old / "result" / "x.npy").write_bytes(b"1")
    (old / "log.txt").write_text("what happened")
    assert session.jobs.wait(session.jobs.start("double"), LIMIT_S)
    assert [p.name for p in old.iterdir()] == ["log.txt"]


def test_closing_a_session_ends_its_jobs(dataset, toys):
    session = Session.open(dataset)
    job = session.jobs.start("forever")
    until(lambda: job.fraction > 0)
    session.close()
    assert job.state == "cancelled"
    assert not [t for t in threading.enumerate() if t.name.startswith("job ")]


def test_curation_goes_on_while_a_job_runs(session):
    job = session.jobs.start("forever")
    until(lambda: job.fraction > 0)
    first, second = session.cluster_ids[:2]
    new = session.merge([first, second]).added[0]
    session.undo()
    session.redo()
    session.save()
    assert new in session.cluster_ids
    assert job.state == "running"


def test_settings_of_the_queue_are_checked(session):
    session.jobs.configure(n_cpu=2)
    assert session.jobs.settings.n_cpu == 2
    with pytest.raises(PhyMedError):
        session.jobs.configure(n_cpu=0)


def test_a_dataset_that_was_copied_keeps_its_runs(session, dataset, tmp_path):
    assert session.jobs.wait(session.jobs.start("double"), LIMIT_S)
    shutil.copytree(dataset.parent, tmp_path / "copy")
    (tmp_path / "copy" / ".phy_medicine" / "lock").unlink(missing_ok=True)
    other = Session.open(tmp_path / "copy" / dataset.name)
    assert len(other.store.runs()) == 1
    other.close()
