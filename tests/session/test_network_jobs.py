"""A network as a job of a session: killed and resumed it gives what it would have given, cancelled it leaves no run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.localize.network_job import KIND
from phy_medicine.session.session import Session

pytest.importorskip("torch")

LIMIT_S = 240
SMALL = {
    "pretrain_epochs": 6, "pretrain_batch": 128, "rounds": 1, "joint_epochs": 1, "bin_s": 2.0, "device": "cpu",
}  # fmt: skip


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    session.jobs.configure(nice=0, threads=1)
    yield session
    session.close()


def until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not fact():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def kept(session: Session) -> list[str]:
    root = session.model.dir_path / ".phy_medicine" / "unfinished"
    return sorted(p.name for p in root.glob("*/*"))


def kill_worker(folder: Path) -> None:
    """Kill the process that computes in a folder, as the system does when memory runs out."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if str(folder / "job.json") in command:
            os.kill(int(process.name), signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the worker in /proc")
def test_killed_and_resumed_it_gives_what_it_would_have_given(session):
    used: list[str] = []
    session.jobs.imported.connect(lambda run: used.append(run.kind))
    killed = session.jobs.start(KIND, **SMALL)
    until(lambda: "checkpoint.pt" in kept(session) or killed.ended)
    kill_worker(killed.folder)
    assert session.jobs.wait(killed, LIMIT_S)
    assert killed.state == "failed" and "SIGKILL" in killed.error
    assert session.store.runs() == () and session.jobs.resumable(killed) is not None
    (found,) = session.jobs.unfinished()
    assert (found.kind, found.settings["pretrain_epochs"], found.settings["device"]) == (KIND, 6, "cpu")
    resumed = session.jobs.resume()
    assert session.jobs.unfinished() == ()
    assert session.jobs.wait(resumed, LIMIT_S) and resumed.error == ""
    assert any(line.startswith("Going on with the training") for line in resumed.log)
    assert kept(session) == [] and used == ["motion", "localization"]
    whole = session.jobs.start(KIND, **SMALL)
    assert session.jobs.wait(whole, LIMIT_S) and whole.error == ""
    first, second = (session.store.read(job.delivered.id) for job in (resumed, whole))
    assert first.keys() == second.keys()
    for name, array in second.items():
        np.testing.assert_array_equal(first[name], array, err_msg=name)
    motions = [session.store.read(job.delivered.facts["motion"]) for job in (resumed, whole)]
    np.testing.assert_array_equal(motions[0]["displacement"], motions[1]["displacement"])
    for run in session.store.runs("motion"):
        assert session.store.run(run.facts["localization"]).facts["motion"] == run.id
    assert whole.delivered.name == "localization 2" and whole.delivered.facts["job"] == KIND


def test_cancelled_it_leaves_no_run_and_what_it_takes_to_go_on(session):
    job = session.jobs.start(KIND, **{**SMALL, "pretrain_epochs": 500})
    until(lambda: "checkpoint.pt" in kept(session) or job.ended)
    begin = time.monotonic()
    session.jobs.cancel(job.id)
    assert session.jobs.wait(job, LIMIT_S)
    assert job.state == "cancelled" and time.monotonic() - begin < 10
    assert session.store.runs() == () and not job.folder.exists()
    (found,) = session.jobs.unfinished()
    assert session.jobs.resumable(job) == found
    with pytest.raises(PhyMedError, match="no interrupted job"):
        session.jobs.resume("another")


def test_what_ended_before_it_kept_anything_leaves_nothing(session):
    (session.model.dir_path / "recording.dat").unlink()
    job = session.jobs.start(KIND, **SMALL, signal="stored")
    assert session.jobs.wait(job, LIMIT_S)
    assert job.state == "failed" and "No waveforms are stored" in job.error
    assert session.jobs.unfinished() == () and kept(session) == [] and session.jobs.resumable(job) is None
