from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.executors import executor_of
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.pipeline.recording_run import RecordingRun
from phy_medicine.compute.pipeline.settings import PipelineSettings
from phy_medicine.compute.pipeline.stages import forget_from
from phy_medicine.io.simulate import SimulationSettings, simulate

from ..clusters import dask_cluster, ipyparallel_cluster

STAGES = ("detect", "localize", "motion")
SETTINGS = PipelineSettings.of({"run": {"chunk_s": 1.0, "device": "cpu"}, "localize": {"method": "com"}})


class Counting(ThreadPoolExecutor):
    """Counts what it is given."""

    n_pieces = 0

    def submit(self, *args, **kwargs):
        self.n_pieces += 1
        return super().submit(*args, **kwargs)


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> RecordingFile:
    """Twelve seconds on 16 channels that drift."""
    folder = tmp_path_factory.mktemp("recording")
    simulate(folder, SimulationSettings(channels=16, units=8, duration_s=12.0, drift="zigzag", seed=1), overwrite=True)
    return RecordingFile(str(folder / "recording.dat"), "", 30_000.0, 16, probe=str(folder / "probe.json"))


@pytest.fixture(scope="module")
def done(recording, tmp_path_factory) -> Path:
    """The output of a run in threads; look, but change nothing."""
    out = tmp_path_factory.mktemp("done")
    with ThreadPoolExecutor(2) as threads:
        list(RecordingRun(recording, out, SETTINGS, threads).go(STAGES))
    return out


@pytest.fixture
def threads() -> Iterator[Counting]:
    with Counting(2) as pool:
        yield pool


def contents(out: Path) -> dict[str, bytes]:
    """Every file of a run but how long it took."""
    files = sorted(p for p in (out / "run").rglob("*") if p.is_file() and p.name != "timings.json")
    return {str(p.relative_to(out)): p.read_bytes() for p in files}


def test_peaks_have_places_near_their_channels_and_follow_the_drift(done, recording):
    peaks, places = (np.load(done / "run" / name) for name in ("detect/peaks.npy", "localize/positions.npy"))
    truth = np.load(Path(recording.probe).parent / "channel_positions.npy")
    assert len(peaks) == len(places) > 200
    assert (np.diff(peaks["sample"]) >= 0).all() and peaks["sample"][-1] > 11 * 30_000
    assert np.median(np.abs(places["depth_um"] - truth[peaks["channel"], 1])) < 15
    assert np.load(done / "run/motion/motion.npy").shape[0] == 12


def test_a_second_run_computes_nothing(done, recording, threads):
    before = contents(done)
    ends = list(RecordingRun(recording, done, SETTINGS, threads).go(STAGES))
    assert [(end.stage, end.kept) for end in ends] == [(stage, True) for stage in STAGES]
    assert threads.n_pieces == 0
    assert contents(done) == before


def test_other_settings_of_a_stage_concern_it_and_later_ones(recording, threads, tmp_path):
    list(RecordingRun(recording, tmp_path, SETTINGS, threads).go(STAGES))
    other = replace(SETTINGS, motion=replace(SETTINGS.motion, num_depth_bins=1, choose_depth_bins=False))
    ends = list(RecordingRun(recording, tmp_path, other, threads).go(STAGES))
    assert [end.kept for end in ends] == [True, True, False]
    assert np.load(tmp_path / "run/motion/motion.npy").shape[1] == 1


def test_an_interrupted_run_goes_on_with_the_pieces_that_are_missing(done, recording, threads, tmp_path):
    told = []
    run = RecordingRun(
        recording, tmp_path, SETTINGS, threads, tell=lambda *facts: told.append(facts), cancelled=lambda: len(told) > 4
    )
    with pytest.raises(Cancelled):
        list(run.go(STAGES))
    n_there = len(list((tmp_path / "run/detect").glob("0*.npy")))
    assert 3 <= n_there < 12
    threads.n_pieces = 0
    list(RecordingRun(recording, tmp_path, SETTINGS, threads).go(STAGES[:1]))
    assert threads.n_pieces <= 1 + 12 - n_there  # the noise, and what was missing
    list(RecordingRun(recording, tmp_path, SETTINGS, threads).go(STAGES))
    assert contents(tmp_path) == contents(done)


def test_a_stage_whose_file_is_gone_is_computed_again(done, recording, threads, tmp_path):
    list(RecordingRun(recording, tmp_path, SETTINGS, threads).go(STAGES[:2]))
    (tmp_path / "run/localize/positions.npy").unlink()
    ends = list(RecordingRun(recording, tmp_path, SETTINGS, threads).go(STAGES))
    assert [end.kept for end in ends] == [True, False, False]
    assert contents(tmp_path) == contents(done)


def test_from_a_stage_forgets_it_and_later_ones(recording, threads, tmp_path):
    list(RecordingRun(recording, tmp_path, SETTINGS, threads).go(STAGES[:2]))
    with pytest.raises(PhyMedError, match="no result of motion"):
        forget_from(tmp_path / "run", (*STAGES, "sort"), "sort")
    forget_from(tmp_path / "run", STAGES, "localize")
    assert [p.name for p in (tmp_path / "run").iterdir() if p.is_dir() and p.name[0] != "."] == ["detect"]


def test_a_recording_with_values_that_are_not_finite_is_refused(tmp_path, threads):
    rng = np.random.default_rng(0)
    data = rng.normal(0, 10, (30_000, 4)).astype(np.float32)
    data[:, 2] = np.nan
    data.tofile(tmp_path / "raw.bin")
    np.save(tmp_path / "probe.npy", np.array([[0.0, 20.0 * k] for k in range(4)]))
    file = RecordingFile(str(tmp_path / "raw.bin"), "", 30_000.0, 4, "float32", probe=str(tmp_path / "probe.npy"))
    with pytest.raises(PhyMedError, match="Channel 2 has values that are not finite"):
        list(RecordingRun(file, tmp_path / "out", SETTINGS, threads).go(STAGES))


@contextmanager
def local_place(tmp_path):
    yield "local:2", lambda _workers: [child.pid for child in multiprocessing.active_children()]


@contextmanager
def dask_place(tmp_path):
    with dask_cluster() as address:
        yield f"dask:{address}", lambda workers: list(workers.submit(_dask_pids).result())


def _dask_pids() -> list[int]:
    from distributed import get_client

    return list(get_client().run(os.getpid).values())


@contextmanager
def ipyparallel_place(tmp_path):
    with ipyparallel_cluster() as profile:
        yield f"ipyparallel:{profile}", lambda workers: [f.result() for f in [workers.submit(os.getpid)]]


@pytest.mark.parametrize("place", [local_place, dask_place, ipyparallel_place])
def test_results_are_the_same_anywhere_also_when_a_worker_is_killed(place, done, recording, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    killed = []

    with place(tmp_path) as (where, pids_of), executor_of(where) as workers:
        pids = pids_of(workers)

        def tell(stage: str, fraction: float, message: str) -> None:
            if message == "3 of 12 pieces" and stage == "detect":
                killed.extend(pids[:1] or pids_of(workers)[:1])
                os.kill(killed[0], signal.SIGKILL)

        list(RecordingRun(recording, tmp_path / "out", SETTINGS, workers, tell=tell).go(STAGES))
    assert len(killed) == 1
    assert contents(tmp_path / "out") == contents(done)


def test_what_was_computed_is_said_beside_it(done):
    facts = json.loads((done / "run/detect/stage.json").read_text())["facts"]
    assert facts["n_chunks"] == 12
    assert set(json.loads((done / "run/timings.json").read_text())) == set(STAGES)
