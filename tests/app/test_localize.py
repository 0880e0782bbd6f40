"""`phy-med localize`: a run in the store, plain files; Ctrl+C leaves nothing."""

from __future__ import annotations

import json
import sys

import numpy as np
from click.testing import CliRunner

from phy_medicine.app.cli import cli


def run(*words: object):
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_a_dataset_gets_a_run_in_its_store_and_files(dataset, tmp_path):
    result = run("localize", dataset, "--method", "monopolar", "--radius", 60, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "Kept as 'localization 1'" in result.stdout and "depth_um" in result.stdout
    (found,) = json.loads(run("runs", dataset, "list", "--json").stdout)
    assert found["kind"] == "localization" and found["units"]["depth_um"] == "µm"
    assert (found["params"]["radius_um"], found["params"]["method"]) == (60, "monopolar")
    assert set(found["inputs"]) == {"dataset", "spike_samples", "peak_channels"}
    n = len(np.load(dataset.parent / "spike_times.npy"))
    for name in ("x_um", "depth_um", "z_um", "alpha"):
        column = np.load(tmp_path / "out" / f"{name}.npy")
        assert column.shape == (n,) and column.dtype == np.float32 and np.isfinite(column).mean() > 0.95


def test_a_method_that_does_not_exist_is_a_usage_error(dataset):
    result = run("localize", dataset, "--method", "psychic")
    assert result.exit_code == 2 and "monopolar" in result.output


def test_ctrl_c_leaves_no_run(dataset, interrupt):
    slow = ["--method", "grid", "--grid-step", "1", "--grid-radius", "200"]
    command = [sys.executable, "-m", "phy_medicine", "localize", str(dataset), *slow, "--log"]
    code, said = interrupt(command, "channels, grid")
    assert code == 1 and "was cancelled; nothing was kept" in said
    assert not (dataset.parent / ".phy_medicine" / "store.kwik").exists()


def test_figures_are_drawn_into_a_folder(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr("phy_medicine.compute.localize.figure_parts.DPI", 40)
    assert run("localize", dataset).exit_code == 0
    result = run("localize", dataset, "--method", "com", "--figures", tmp_path / "figures")
    assert result.exit_code == 0 and f"9 figures in {tmp_path / 'figures'}" in result.output, result.output
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"projections.png", "comparison.png", "pairwise_correlation.png"} < names
    assert "motion_comparison.png" not in names and len(names) == 9


def test_a_movie_needs_a_folder_before_anything_is_computed(dataset):
    result = run("localize", dataset, "--movie")
    assert result.exit_code == 2 and "--figures" in result.output
    assert json.loads(run("runs", dataset, "list", "--json").stdout) == []
