"""The sort of a run on engines of ipyparallel, one of which is killed while it sorts."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest

from phy_medicine.compute.executors import executor_of
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.pipeline.recording_run import RecordingRun
from phy_medicine.compute.pipeline.settings import PipelineSettings
from phy_medicine.io.lock import DatasetLock
from phy_medicine.io.simulate import SimulationSettings, simulate

from ..clusters import ipyparallel_cluster

STAGES = ("detect", "localize", "motion", "sort", "metrics")
SETTINGS = PipelineSettings.of(
    {
        "detect": {"detect_threshold": 4.0}, "localize": {"method": "com"}, "motion": {"num_depth_bins": 1},
        "sort": {"drift": "none", "rounds": 1, "common_reference": False}, "run": {"device": "cpu"},
    }
)  # fmt: skip


class Killer:
    """Kills the process that sorts, once, when it has begun to learn."""

    def __init__(self, out: Path) -> None:
        self.stages = out / "run/sort/stages"
        self.killed: list[int] = []

    def __call__(self, stage: str, fraction: float, message: str) -> None:
        if stage != "sort" or self.killed or not 0.15 < fraction < 0.9:
            return
        owner = DatasetLock(self.stages / "lock.part").owner()
        if owner is not None and owner.pid != os.getpid():
            os.kill(owner.pid, signal.SIGKILL)
            self.killed.append(owner.pid)


def contents(out: Path) -> dict[str, bytes]:
    """The dataset, and what the stages before and after found."""
    files = [p for p in out.rglob("*") if p.suffix in (".npy", ".tsv")]
    return {str(p.relative_to(out)): p.read_bytes() for p in files}


def go(recording: RecordingFile, out: Path, executor: Executor, killer: Killer | None = None) -> dict[str, bytes]:
    ends = list(RecordingRun(recording, out, SETTINGS, executor, tell=killer or (lambda *facts: None)).go(STAGES))
    assert ends[3].facts["n_units"] >= 3
    return contents(out)


@pytest.mark.timeout(600)
def test_a_sort_whose_engine_is_killed_finds_what_one_here_does(tmp_path, monkeypatch):
    settings = SimulationSettings(channels=16, units=5, duration_s=8.0, oversplit=0.0, overmerge=0.0, hash=0.0, seed=1)
    folder = simulate(tmp_path / "simulated", settings).parent
    probe = str(folder / "probe.json")
    recording = RecordingFile(str(folder / "recording.dat"), "", 30_000.0, 16, probe=probe, gain_uv=settings.gain_uv)
    with ThreadPoolExecutor(2) as threads:
        here = go(recording, tmp_path / "here", threads)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    killer = Killer(tmp_path / "there")
    with ipyparallel_cluster() as profile, executor_of(f"ipyparallel:{profile}") as workers:
        there = go(recording, tmp_path / "there", workers, killer)
    assert len(killer.killed) == 1
    assert {"sorting/spike_times.npy", "sorting/templates.npy", "sorting/pc_features.npy"} <= here.keys()
    assert there == here
