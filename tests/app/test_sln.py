"""`phy-med sln` and `phy-med localize --method sln-...`: plain files, the store, tables, figures, pages."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli

pytest.importorskip("torch")

QUICK = ("--pretrain-epochs", 1, "--pretrain-batch", 256, "--device", "cpu")
FILES = {"x.npy", "y.npy", "z.npy", "alpha.npy", "peak_channels.npy", "GL_pre_dredge.npy", "network.pt", "sln.json"}
WITH_MOTION = {"motion.npz", "y_corrected.npy"}


def run(*words: object):
    return CliRunner().invoke(cli, [str(word) for word in words])


def ran(*words: object):
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def pretrained(simulated_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a network that learned for one epoch, on the simulated dataset."""
    out = tmp_path_factory.mktemp("sln") / "pretrained"
    ran("sln", "pretrain", simulated_dataset, out, *QUICK)
    return out


def test_a_pretrained_network_leaves_positions_motion_and_itself(pretrained, simulated_dataset):
    assert {path.name for path in pretrained.iterdir()} == FILES | WITH_MOTION
    x, y, z = (np.load(pretrained / f"{axis}.npy") for axis in "xyz")
    both = np.load(pretrained / "GL_pre_dredge.npy")
    np.testing.assert_array_equal(both[:, 3:], np.stack([x, y, z], axis=1))
    np.testing.assert_array_equal(both[:, 2], z)
    assert np.abs(both[:, :2]).max() < 200
    with np.load(pretrained / "motion.npz") as motion:
        assert motion["motion"].shape == (len(motion["time_bins"]), len(motion["depth_bins"]))
    assert len(np.load(pretrained / "y_corrected.npy")) == len(np.load(simulated_dataset.parent / "spike_times.npy"))
    facts = json.loads((pretrained / "sln.json").read_text())
    assert (facts["settings"]["phases"], facts["settings"]["pretrain_epochs"]) == ("pretrain", 1)
    assert not (simulated_dataset.parent / ".phy_medicine" / "store.kwik").exists()


def test_training_goes_on_from_a_network_and_is_scored_drawn_and_explored(pretrained, simulated_dataset, tmp_path):
    out = tmp_path / "out"
    ran("sln", "finetune", simulated_dataset, out / "fine", "--weights", pretrained / "network.pt",
        "--finetune-epochs", 1, "--bin", 2, "--device", "cpu")  # fmt: skip
    ran("sln", "apply", simulated_dataset, out / "applied", "--weights", pretrained / "network.pt", "--no-motion",
        "--device", "cpu")  # fmt: skip
    assert {path.name for path in (out / "applied").iterdir()} == FILES
    np.testing.assert_array_equal(np.load(out / "applied" / "y.npy"), np.load(pretrained / "y.npy"))
    assert {path.name for path in (out / "fine").iterdir()} == FILES | WITH_MOTION | {"losses.npy"}
    said = ran("sln", "score", simulated_dataset, out, "--bin", 2).stdout
    with (out / "scoreboard.csv").open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    names = ["monopolar", "monopolar + motion", "applied", "sln-cnn, finetune", "sln-cnn, finetune + motion"]
    assert list(rows) == names and all(name in said for name in names)
    assert float(rows["monopolar + motion"]["gain"]) == 0
    assert float(rows["monopolar"]["error_3d_um"]) > 0 and float(rows["monopolar"]["rmse_um"]) == 0
    assert run("sln", "score", simulated_dataset, out).exit_code == 1
    drawn = ran("sln", "figures", simulated_dataset, out / "fine").stdout
    names = {path.name for path in (out / "fine" / "figures").iterdir()}
    assert {"projections.png", "comparison.png", "convergence.png", "motion_comparison.png"} < names
    assert f"{len(names)} figures" in drawn


def test_an_explorer_of_plain_files_of_positions(pretrained, simulated_dataset, tmp_path):
    pytest.importorskip("plotly")
    words = ("--gl-pre", pretrained / "GL_pre_dredge.npy", "--out", tmp_path / "page.html", "--n-interactive", 20)
    ran("sln", "explore", "--global-dir", simulated_dataset.parent, "--label", "A network", *words)
    page = (tmp_path / "page.html").read_text()
    assert "<title>A network" in page and "sln-cnn" in page
    assert run("sln", "explore", "--global-dir", simulated_dataset, *words).exit_code == 1


def test_nothing_is_overwritten_and_what_is_missing_is_said(pretrained, simulated_dataset, tmp_path):
    again = run("sln", "pretrain", simulated_dataset, pretrained, *QUICK)
    assert again.exit_code == 1 and "holds a result already" in again.output
    nothing = run("sln", "pretrain", simulated_dataset, tmp_path / "new", "--resume", *QUICK)
    assert nothing.exit_code == 1 and "no interrupted training" in nothing.output
    assert run("sln", "apply", simulated_dataset, tmp_path / "new").exit_code == 2
    unknown = run("sln", "apply", simulated_dataset, tmp_path / "new", "--weights", tmp_path / "none.pt")
    assert unknown.exit_code == 1 and "There is no network" in unknown.output
    neither = run("sln", "score", tmp_path, tmp_path)
    assert neither.exit_code == 1 and "neither params.py nor waveforms_all.npy" in neither.output
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "checkpoint.pt").write_bytes(b"")
    begun = run("sln", "pretrain", simulated_dataset, tmp_path, *QUICK)
    assert begun.exit_code == 1 and "go on with --resume" in begun.output


def test_localize_keeps_the_run_of_a_network_and_its_motion(pretrained, dataset, tmp_path):
    words = ("--method", "sln-cnn", "--phases", "apply", "--weights", pretrained / "network.pt", "--device", "cpu")
    result = ran("localize", dataset, *words, "--out", tmp_path / "out")
    assert "Kept as 'localization 1'" in result.stdout
    runs = {run["kind"]: run for run in json.loads(ran("runs", dataset, "list", "--json").stdout)}
    assert set(runs) == {"localization", "motion"}
    assert runs["localization"]["facts"]["motion"] == runs["motion"]["id"]
    assert runs["localization"]["facts"]["method"] == "sln-cnn"
    assert {"network.pt", "x_um.npy", "displacement.npy"} < {path.name for path in (tmp_path / "out").iterdir()}
    assert (tmp_path / "out" / "network.pt").read_bytes() == (pretrained / "network.pt").read_bytes()
    ran("runs", dataset, "export", "localization 1", tmp_path / "exported")
    from phy_medicine.compute.localize.checkpoints import read_network

    assert read_network(tmp_path / "exported" / "network.npy")[1].network == "cnn"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rounds", "2"), "--rounds does not belong to --method monopolar"),
        (("--method", "sln-cnn", "--grid-step", "2"), "--grid-step does not belong to --method sln-cnn"),
        (("--resume", "--rounds", "2"), "leave out --rounds"),
        (("--resume", "--no-store"), "leave out --no-store"),
    ],
)
def test_settings_of_another_method_are_refused_before_anything_is_computed(dataset, words, said):
    result = run("localize", dataset, *words)
    assert result.exit_code == 2 and said in result.output


def test_resuming_nothing_is_said(dataset):
    result = run("localize", dataset, "--resume")
    assert result.exit_code == 1 and "no interrupted job" in result.output


def test_help_shows_what_most_need_and_all_when_asked():
    short, long = ran("localize", "--help").output, ran("localize", "--help-networks").output
    for text in (short, long):
        assert "Networks (--method sln-...)" in text and "--weights" in text and "--resume" in text
    assert "--huber-delta" not in short and "--huber-delta" in long and len(short.splitlines()) < 110
