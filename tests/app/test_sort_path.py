"""The whole path: a recording is simulated, sorted from the command line, and curated in the window."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.io.simulate import SimulationSettings, simulate

pytest.importorskip("PyQt5")
QUICK = ("--drift", "none", "--rounds", "1", "--no-common-reference")


def sort(*words: object) -> str:
    """Run `phy-med sort` and return what it says."""
    result = CliRunner().invoke(cli, ["sort", *(str(word) for word in words)])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.timeout(600)  # three sorts in processes of their own, and a window
@pytest.mark.usefixtures("qapp")
def test_a_simulated_recording_is_sorted_and_curated(tmp_path: Path):
    settings = SimulationSettings(
        channels=16, units=5, duration_s=8.0, oversplit=0.0, overmerge=0.0, hash=0.0, seed=1
    )  # fmt: skip
    source = simulate(tmp_path / "simulated", settings).parent
    said = sort(
        source / "recording.dat", "--sample-rate", 30_000, "--channels", 16, "--gain", settings.gain_uv,
        "--probe", source / "probe.json", "--out", tmp_path / "sorted", "--stages", tmp_path / "stages", *QUICK,
    )  # fmt: skip
    params = tmp_path / "sorted" / "params.py"
    assert said.splitlines()[-1] == f"Open it: phy-med template-gui {params}"
    _is_the_truth(source, tmp_path / "sorted")

    again = sort("--from", "spikes", "--stages", tmp_path / "stages", "--out", tmp_path / "again", "--json")
    assert json.loads(again)["facts"]["params"] == str(tmp_path / "again" / "params.py")
    for name in ("spike_times", "spike_clusters", "amplitudes", "templates", "pc_features"):
        first, second = (np.load(tmp_path / folder / f"{name}.npy") for folder in ("sorted", "again"))
        assert np.array_equal(first, second), name

    # What a graphics card would do finds the same spikes.
    on_card = sort(
        "--from", "spikes", "--stages", tmp_path / "stages", "--out", tmp_path / "card", "--device", "torch:cpu"
    )  # fmt: skip
    assert on_card.splitlines()[-1].startswith("Open it: phy-med template-gui")
    assert "computed by torch on cpu" in (tmp_path / "card" / "sorter_log.txt").read_text()
    for name in ("spike_times", "spike_clusters", "amplitudes", "pc_features"):
        first, second = (np.load(tmp_path / folder / f"{name}.npy") for folder in ("sorted", "card"))
        np.testing.assert_allclose(first, second, rtol=1e-3, atol=0.02, err_msg=name)

    picture = tmp_path / "window.png"
    words = ("--do", "c 0 1", "--do", "merge", "--do", "save", "--screenshot", str(picture), "--quit")
    command = [sys.executable, "-m", "phy_medicine", "template-gui", str(params), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr.count("Error")) == (0, 0), done.stderr
    assert picture.stat().st_size > 10_000
    before, after = (np.load(tmp_path / "sorted" / f"spike_{what}.npy") for what in ("templates", "clusters"))
    assert set(after[before < 2]) == {before.max() + 1}


def _is_the_truth(source: Path, out: Path) -> None:
    """Four of the five neurons are found, most of their spikes at the right samples and few others."""
    truth = np.load(source / "spike_times.npy"), np.load(source / "ground_truth.npz")["spike_units"]
    found = np.load(out / "spike_times.npy"), np.load(out / "spike_clusters.npy")
    best = [max(_agreement(a, b) for b in _trains(*found)) for a in _trains(*truth)]
    assert sum(agreement > 0.85 for agreement in best) >= 4, best


def _trains(times: np.ndarray, units: np.ndarray) -> list[np.ndarray]:
    return [times[units == unit] for unit in np.unique(units)]


def _agreement(a: np.ndarray, b: np.ndarray) -> float:
    n_common = int((np.abs(a[:, None] - b).min(axis=1) <= 12).sum())
    return n_common / (len(a) + len(b) - n_common)
