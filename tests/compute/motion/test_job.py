"""The job "motion", as the worker calls it and in a worker."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.compute.job_context import Cancelled, JobContext
from phy_medicine.compute.job_kinds import kind
from phy_medicine.compute.motion.job import run
from phy_medicine.compute.motion.settings import MotionSettings

FILES = {"motion.npy", "time_bins.npy", "depth_bins.npy", "medicine_parameters.json", "motion_summary.json"}


def spikes() -> dict[str, np.ndarray]:
    """Ten units that move by 30 µm in 40 s; one spike without a depth."""
    rng = np.random.default_rng(0)
    times, unit = rng.uniform(0, 40, 8000), rng.integers(0, 10, 8000)
    depths = (rng.uniform(0, 800, 10)[unit] + 30 * times / 40 + rng.normal(0, 3, 8000)).astype(np.float32)
    depths[5] = np.nan
    return {"times_s": times, "depths_um": depths, "amplitudes": rng.uniform(50, 200, 10)[unit].astype(np.float32)}


def test_the_kind_is_known_with_its_settings_inputs_and_units():
    found = kind("motion")
    assert found.settings_class is MotionSettings and found.uses_gpu
    assert found.inputs == ("times_s", "depths_um", "amplitudes") and dict(found.units)["displacement"] == "µm"


def test_spikes_without_a_depth_are_left_out_and_facts_are_told():
    events = []
    context = JobContext(
        replace(MotionSettings(), num_depth_bins=1), spikes(), send=lambda event, **facts: events.append((event, facts))
    )
    arrays = run(context)
    assert set(arrays) == {"displacement", "temporal_bins_s", "spatial_bins_um"}
    moved = arrays["displacement"][-3, 0] - arrays["displacement"][3, 0]
    assert moved == pytest.approx(30 * 34 / 40, abs=3)
    assert context.facts["n_peaks"] == 7999 and context.facts["method"] == "medicine"
    assert isinstance(context.facts["hints"], list) and context.units["displacement"] == "µm"
    assert events[-1][0] == "progress" and events[-1][1]["fraction"] == 1


def test_files_go_where_they_are_asked_for_and_a_cancelled_job_leaves_none(tmp_path):
    settings = replace(MotionSettings(), num_depth_bins=1, plot_figures=False, out=str(tmp_path / "out"))
    with pytest.raises(Cancelled):
        run(JobContext(settings, spikes(), cancelled=lambda: True))
    assert not list(tmp_path.iterdir())
    run(JobContext(settings, spikes()))
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def test_dredge_is_chosen_by_its_name():
    pytest.importorskip("spikeinterface")
    context = JobContext(replace(MotionSettings(), method="dredge", num_depth_bins=1), spikes())
    arrays = run(context)
    assert context.facts["solver"] == "dredge" and arrays["displacement"].shape[1] == 1


def test_a_worker_computes_it_from_files(tmp_path: Path):
    inputs = {}
    for name, array in spikes().items():
        np.save(tmp_path / f"{name}.npy", array)
        inputs[name] = {"path": str(tmp_path / f"{name}.npy")}
    job = {
        "id": "motion-1", "kind": "motion", "run": "phy_medicine.compute.motion.job:run",
        "settings_class": "phy_medicine.compute.motion.settings:MotionSettings", "settings": {"num_depth_bins": 1},
        "folder": str(tmp_path / "result"), "inputs": inputs, "device": "cpu", "version": 1,
    }  # fmt: skip
    (tmp_path / "job.json").write_text(json.dumps(job))
    done = subprocess.run(
        [sys.executable, "-m", "phy_medicine.compute.worker", str(tmp_path / "job.json")],
        capture_output=True, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert events[-1]["event"] == "result"
    manifest = json.loads((tmp_path / "result" / "manifest.json").read_text())
    assert manifest["facts"]["solver"] == "fast" and set(manifest["arrays"]) == {
        "displacement", "temporal_bins_s", "spatial_bins_um",
    }  # fmt: skip
