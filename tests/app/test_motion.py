"""`phy-med motion`: on a dataset, on arrays, on a raw recording; Ctrl+C leaves nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli

FILES = {"motion.npy", "time_bins.npy", "depth_bins.npy", "medicine_parameters.json", "motion_summary.json"}
FIGURES = 5


def run(*words: object):
    return CliRunner().invoke(cli, ["motion", *(str(word) for word in words)])


@pytest.fixture
def arrays(tmp_path: Path) -> list[object]:
    """Options that name files of peaks of ten units that move by 30 µm in 40 s."""
    rng = np.random.default_rng(0)
    times, unit = rng.uniform(0, 40, 8000), rng.integers(0, 10, 8000)
    depths = rng.uniform(0, 800, 10)[unit] + 30 * times / 40 + rng.normal(0, 3, 8000)
    values = {"times": times, "depths": depths, "amplitudes": -rng.uniform(50, 200, 10)[unit]}
    options: list[object] = []
    for name, array in values.items():
        np.save(tmp_path / f"{name}.npy", array)
        options += [f"--{name}", tmp_path / f"{name}.npy"]
    return options


def test_a_dataset_gets_a_run_in_its_store(dataset):
    result = run(dataset, "--num-depth-bins", 1, "--seed", 4)
    assert result.exit_code == 0, result.output
    assert "Kept as 'motion 1'" in result.stdout and "displacement" in result.stdout
    listed = CliRunner().invoke(cli, ["runs", str(dataset), "list", "--json"])
    (found,) = json.loads(listed.stdout)
    assert found["kind"] == "motion" and found["units"]["displacement"] == "µm"
    params = found["params"]
    assert (params["num_depth_bins"], params["choose_depth_bins"], params["seed"]) == (1, False, 4)
    assert found["facts"]["solver"] == "fast" and params["choose_smoothing"] is True


def test_out_gets_plain_files_and_figures_too(dataset, tmp_path):
    result = run(dataset, "--no-store", "--num-depth-bins", 1, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names >= FILES and len(names) == len(FILES) + FIGURES
    assert not (dataset.parent / ".phy_medicine" / "store.kwik").exists()


def test_arrays_from_files(arrays, tmp_path):
    result = run(*arrays, "--out", tmp_path / "out", "--no-plot-figures", "--num-depth-bins", 1, "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["run"] is None and facts["facts"]["n_peaks"] == 8000
    motion = np.load(tmp_path / "out" / "motion.npy")[:, 0]
    assert motion[-3] - motion[3] == pytest.approx(30 * 34 / 40, abs=3)
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def test_the_reference_model_by_its_option(arrays, tmp_path):
    small = ["--training-steps", 20, "--motion-noise-steps", 10, "--batch-size", 64, "--no-plot-figures",
             "--activity-network-hidden-features", "8,4", "--device", "cpu"]  # fmt: skip
    result = run(*arrays, "--exact", *small, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    parameters = json.loads((tmp_path / "out" / "medicine_parameters.json").read_text())
    assert parameters["exact"] and parameters["activity_network_hidden_features"] == [8, 4]
    assert "Hint: " in result.stdout  # 20 steps leave most of the motion


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ([], 2, "Name a dataset or a recording"),
        (["--times", "T"], 2, "all of --times, --depths and --amplitudes"),
        (["ALL"], 2, "name a folder for the result with --out"),
        (["ALL", "--out", "T"], 2, "is a file"),
        (["ALL", "--out", "out", "--amplitude-threshold-quantile", "1"], 1, "between -1 and 1 and be neither"),
        (["ALL", "--motion-bound", "-3"], 2, "motion_bound must be at least"),
        (["nothing.bin", "--out", "out"], 1, "nothing.bin does not exist"),
        (["nothing.py"], 1, "nothing.py"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_sentence(arrays, tmp_path, monkeypatch, words, code, text):
    monkeypatch.chdir(tmp_path)
    typed = [x for word in words for x in (arrays if word == "ALL" else [arrays[1] if word == "T" else word])]
    result = run(*typed)
    assert result.exit_code == code and text in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()


def test_peaks_that_are_of_no_use_fail_the_job_with_their_sentence(arrays, tmp_path):
    np.save(arrays[3], np.full(8000, 5.0))
    result = run(*arrays, "--out", tmp_path / "out")
    assert result.exit_code == 1 and "same depth" in result.output
    assert not (tmp_path / "out").exists()


def test_a_raw_recording_is_searched_for_peaks(dataset, tmp_path):
    pytest.importorskip("spikeinterface")
    from phy_medicine.io.params_py import read_params

    params = read_params(dataset)
    raw = params.dat_paths[0]
    result = run(
        raw, "--sample-rate", params.sample_rate, "--channels", params.n_channels_dat, "--dtype", params.dtype.name,
        "--probe", dataset.parent / "channel_positions.npy", "--out", tmp_path / "out", "--no-plot-figures",
        "--num-depth-bins", 1, "--localization", "mass", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["facts"]["n_peaks"] > 300


@pytest.mark.skipif(sys.platform == "win32", reason="no Ctrl+C for a child process")
def test_ctrl_c_leaves_nothing(arrays, tmp_path, interrupt):
    words = ["motion", *map(str, arrays), "--exact", "--training-steps", "1000000", "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "phy_medicine", *words, "--batch-size", "64", "--log"]
    code, said = interrupt(command, "peaks over", cwd=Path(__file__).parents[2])
    assert code == 1 and "was cancelled; nothing was kept" in said
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".out*"))
