"""`phy-med sln` and `phy-med localize --method sln-...`: plain files, the store, tables, figures, pages."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.app.sln_data import Data
from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.localize.contacts import nearest
from phy_medicine.compute.localize.settings import LocalizeSettings
from phy_medicine.compute.localize.spike_source import open_spikes
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.io.dataset_file import write_dataset
from phy_medicine.io.open_model import open_model

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
def plain(simulated_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated dataset as a folder of plain files, with the truth as monopolar positions."""
    folder = tmp_path_factory.mktemp("plain")
    model, settings = open_model(simulated_dataset), LocalizeSettings(follow=False)
    spikes = open_spikes(
        {
            "dataset": write_dataset(folder / "dataset.json", model),
            "spike_samples": model.spike_samples,
            "peak_channels": model.template_peak_channels[model.spike_templates],
        },
        settings,
    )
    table, waveforms = nearest(spikes.contacts), np.zeros((spikes.n_spikes, 10, 90), np.float16)
    channels = model.template_peak_channels[model.spike_templates]
    for block in spikes.source.blocks():
        waveforms[block.spike_ids] = block.load().snippets(table, 30, 60)
    shutil.copy(simulated_dataset.parent / "ground_truth.npz", folder)
    truth = np.load(folder / "ground_truth.npz")
    um = truth["unit_positions_um"][truth["spike_units"]]
    arrays = {
        "spike_times": spikes.samples, "spike_channels": channels, "waveforms_all": waveforms,
        "channel_locations": spikes.contacts.positions_um, "fs": np.array(spikes.sample_rate),
        "spike_locs_x": um[:, 0], "spike_locs_y": um[:, 1] + truth["spike_displacement_um"], "spike_locs_z": um[:, 2],
        "spike_locs_alpha": np.full(len(um), 900.0),
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


@pytest.fixture(scope="module")
def pretrained(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a network that learned for one epoch, on plain files."""
    out = tmp_path_factory.mktemp("sln") / "pretrained"
    ran("sln", "pretrain", plain, out, *QUICK)
    return out


def test_a_pretrained_network_leaves_positions_motion_and_itself(pretrained, plain):
    assert {path.name for path in pretrained.iterdir()} == FILES | WITH_MOTION
    x, y, z = (np.load(pretrained / f"{axis}.npy") for axis in "xyz")
    both = np.load(pretrained / "GL_pre_dredge.npy")
    np.testing.assert_array_equal(both[:, 3:], np.stack([x, y, z], axis=1))
    np.testing.assert_array_equal(both[:, 2], z)
    assert np.abs(both[:, :2]).max() < 200
    with np.load(pretrained / "motion.npz") as file:
        motion = Motion(file["motion"], file["time_bins"], file["depth_bins"])
    times = np.load(plain / "spike_times.npy") / float(np.load(plain / "fs.npy"))
    np.testing.assert_allclose(np.load(pretrained / "y_corrected.npy"), y - motion.at(times, y), atol=1e-3)
    facts = json.loads((pretrained / "sln.json").read_text())
    assert (facts["settings"]["phases"], facts["settings"]["pretrain_epochs"]) == ("pretrain", 1)


def test_a_network_is_applied_to_a_dataset_whose_store_stays_as_it_is(pretrained, simulated_dataset, tmp_path):
    weights = ("--weights", pretrained / "network.pt", "--no-follow", "--no-motion", "--device", "cpu")
    ran("sln", "apply", simulated_dataset.parent, tmp_path / "applied", *weights)
    assert {path.name for path in (tmp_path / "applied").iterdir()} == FILES
    # The waveforms of the plain files are halves.
    np.testing.assert_allclose(np.load(tmp_path / "applied" / "y.npy"), np.load(pretrained / "y.npy"), atol=0.5)
    assert not (simulated_dataset.parent / ".phy_medicine" / "store.kwik").exists()


def test_every_network_is_scored_with_and_without_motion_beside_the_monopolar_positions(pretrained, plain, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(pretrained, out / "one")
    shutil.copytree(pretrained, out / "other")
    for name in ("motion.npz", "sln.json"):
        (out / "other" / name).unlink()
    said = ran("sln", "score", plain, out, "--bin", 2).stdout
    with (out / "scoreboard.csv").open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    names = ["monopolar", "monopolar + motion", "sln-cnn, pretrain", "sln-cnn, pretrain + motion", "other"]
    assert list(rows) == names and all(name in said for name in names)
    assert float(rows["monopolar + motion"]["gain"]) == 0
    assert float(rows["monopolar"]["error_3d_um"]) == pytest.approx(0, abs=1e-3)
    assert float(rows["other"]["rmse_um"]) > 1 and rows["other"]["error_depth_um"]
    again = run("sln", "score", plain, out)
    assert again.exit_code == 1 and "nothing is overwritten" in again.output


def test_figures_are_given_the_result_the_monopolar_positions_and_both_motions(
    pretrained, plain, tmp_path, monkeypatch
):
    given = {}

    def draw(folder, located, **more):
        given.update(more, located=located, folder=folder)
        return (folder / "one.png",)

    monkeypatch.setattr("phy_medicine.compute.localize.figures.draw_figures", draw)
    monkeypatch.setattr(
        Data, "motion_of", lambda data, columns, method, say=None: Motion(np.zeros((1, 1)), [0.0], [0.0])
    )
    shutil.copytree(pretrained, tmp_path / "one")
    np.save(tmp_path / "one" / "losses.npy", np.arange(8.0).reshape(2, 4))
    said = ran("sln", "figures", plain, tmp_path / "one").stdout
    assert f"1 figures in {tmp_path / 'one' / 'figures'}" in said
    assert given["located"].name == "sln-cnn, pretrain" and given["located"].motion is not None
    assert (given["baseline"].name, given["movie"]) == ("monopolar", False)
    assert list(given["motions"]) == ["sln-cnn, pretrain", "monopolar + motion"]
    assert given["terms"]["tether"].tolist() == [3.0, 7.0]


@pytest.mark.parametrize(
    ("name", "phases", "option"), [("train-joint", "joint", "--rounds"), ("finetune", "finetune", "--finetune-epochs")]
)
def test_later_phases_begin_with_a_network_and_have_their_own_settings(
    pretrained, plain, tmp_path, monkeypatch, name, phases, option
):
    asked = []

    def localize(data, given, kept, say):
        asked.append((dict(given), kept))
        raise PhyMedError("That is enough.")

    monkeypatch.setattr(Data, "localize", localize)
    out, weights = tmp_path / "out", pretrained / "network.pt"
    assert run("sln", name, plain, out, "--weights", weights, option, 3, "--seed", 5).exit_code == 1
    setting = option[2:].replace("-", "_")
    assert asked == [({"weights": str(weights), setting: 3, "seed": 5, "phases": phases}, out / "unfinished")]


def test_an_explorer_of_plain_files_or_of_a_dataset(pretrained, plain, simulated_dataset, tmp_path):
    pytest.importorskip("plotly")
    words = ("--gl-pre", pretrained / "GL_pre_dredge.npy", "--n-interactive", 20, "--label", "A network")
    for number, data in enumerate((plain, simulated_dataset)):
        page = tmp_path / f"{number}.html"
        ran("sln", "explore", "--global-dir", data, *words, "--out", page)
        assert "<title>A network" in page.read_text() and "sln-cnn" in page.read_text()
    assert run("sln", "explore", "--global-dir", plain, *words, "--out", page).exit_code == 1


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
    listed = ran("runs", dataset).stdout
    assert listed.count("sln-cnn, device=cpu, phases=apply") == 2 and "joint_rate" not in listed
    assert {"network.pt", "x_um.npy", "displacement.npy"} < {path.name for path in (tmp_path / "out").iterdir()}
    assert (tmp_path / "out" / "network.pt").read_bytes() == (pretrained / "network.pt").read_bytes()
    ran("runs", dataset, "export", "localization 1", tmp_path / "exported")
    from phy_medicine.compute.localize.checkpoints import read_network

    assert read_network(tmp_path / "exported" / "network.npy")[1].network == "cnn"


def test_ctrl_c_leaves_what_resume_goes_on_with(plain, tmp_path, interrupt):
    words = ("sln", "pretrain", plain, tmp_path / "out", "--pretrain-epochs", 5000, "--device", "cpu", "--log")
    command = [sys.executable, "-m", "phy_medicine", *map(str, words)]
    code, said = interrupt(command, "Epoch 1 of")
    assert code == 1 and "was cancelled; no result was kept. Go on with --resume." in said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["unfinished"]
    code, said = interrupt([*command, "--resume"], "Going on with the training")
    assert code == 1 and "Go on with --resume" in said


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
