"""The whole path: simulated, run from raw to sorted here and on a cluster, and curated in the window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.io.simulate import SimulationSettings, simulate
from tests.compute.clusters import dask_cluster

pytest.importorskip("PyQt5")
CONFIG = """
[detect]
detect_threshold = 4.0
[localize]
method = "com"
[motion]
num_depth_bins = 1
[sort]
drift = "none"
rounds = 1
common_reference = false
"""


@pytest.fixture(autouse=True)
def kept_machine_code(own_home, monkeypatch, tmp_path_factory):
    """Workers take some ten seconds to compile kernels in a home of their own."""
    monkeypatch.setenv("PHY_MEDICINE_HOME", str(tmp_path_factory.getbasetemp() / "kernels"))


def run(*words: object) -> str:
    """Run `phy-med run` and return what it says."""
    result = CliRunner().invoke(cli, ["run", *(str(word) for word in words)])
    assert result.exit_code == 0, result.output
    return result.stdout


def dataset(folder: Path) -> dict[str, bytes]:
    """The arrays and tables of a sorting."""
    files = [p for p in (folder / "sorting").rglob("*") if p.suffix in (".npy", ".tsv")]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("qapp")
def test_a_recording_is_sorted_here_and_on_a_cluster_and_curated(tmp_path: Path):
    settings = SimulationSettings(
        channels=16, units=5, duration_s=8.0, oversplit=0.0, overmerge=0.0, hash=0.0, seed=1
    )  # fmt: skip
    source = simulate(tmp_path / "simulated", settings).parent
    (tmp_path / "lab.toml").write_text(CONFIG)
    words = (
        source / "recording.dat", "--sample-rate", 30_000, "--channels", 16, "--gain", settings.gain_uv,
        "--probe", source / "probe.json", "--config", tmp_path / "lab.toml", "--chunk", 2,
    )  # fmt: skip
    said = run(*words, "--out", tmp_path / "here", "--executor", "local:1")
    assert said.strip() == str(tmp_path / "here/report.html")
    with dask_cluster() as address:
        run(*words, "--out", tmp_path / "there", "--executor", f"dask:{address}")
    here = dataset(tmp_path / "here")
    assert len(here) > 20
    assert dataset(tmp_path / "there") == here

    params, picture = tmp_path / "here/sorting/params.py", tmp_path / "window.png"
    actions = ("--do", "c 0 1", "--do", "merge", "--do", "save", "--screenshot", str(picture), "--quit")
    command = [sys.executable, "-m", "phy_medicine", "template-gui", str(params), *actions]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr.count("Error")) == (0, 0), done.stderr
    assert picture.stat().st_size > 10_000
    before, after = (np.load(tmp_path / f"here/sorting/spike_{what}.npy") for what in ("templates", "clusters"))
    assert set(after[before < 2]) == {before.max() + 1}

    refused = CliRunner().invoke(cli, ["run", *map(str, words), "--out", str(tmp_path / "here"), "--from", "sort"])
    assert refused.exit_code == 1
    assert "holds a curation" in refused.stderr
