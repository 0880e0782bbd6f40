"""`phy-med train` and `template-gui --train` from the command line."""

from __future__ import annotations

import dataclasses

import pytest
from click.testing import CliRunner

from phy_medicine.app import train
from phy_medicine.app.cli import cli
from phy_medicine.io.simulate import training as trainings
from phy_medicine.io.simulate.training import LEVELS

SMALL = {
    name: dataclasses.replace(level, channels=8, units=6, duration_s=8.0, rate_hz=8.0, raw=False)
    for name, level in LEVELS.items()
}


@pytest.fixture(autouse=True)
def small_levels(monkeypatch):
    monkeypatch.setattr(trainings, "LEVELS", SMALL)


def run(*args):
    return CliRunner().invoke(cli, ["train", *map(str, args)])


def test_a_report_without_a_window(tmp_path):
    result = run(tmp_path / "t", "--level", "easy", "--seed", 3, "--report")
    assert result.exit_code == 0, result.output
    assert "Training easy, seed 3" in result.stdout
    out = tmp_path / "r.html"
    assert run(tmp_path / "t", "--level", "easy", "--seed", 3, "--out", out).exit_code == 0
    assert out.read_text().startswith("<!doctype html>")
    other = run(tmp_path / "t", "--level", "hard", "--report")
    assert other.exit_code == 1
    assert "--fresh" in other.output


def test_without_a_folder_it_lies_in_the_users_own(own_home, monkeypatch):
    opened = []
    monkeypatch.setattr(train, "run_window", lambda opening, options: opened.append(opening()) or 0)
    assert run("--level", "easy").exit_code == 0
    (session,) = opened
    assert session.model.dir_path == own_home / "training" / "easy-0"
    assert session.training is not None
    session.close()


def test_a_dataset_whose_truth_nobody_knows_is_refused(dataset, monkeypatch):
    (dataset.parent / "ground_truth.npz").unlink()
    monkeypatch.setattr("phy_medicine.app.template_gui.run_window", lambda opening, options: opening())
    result = CliRunner().invoke(cli, ["template-gui", str(dataset), "--train"])
    assert result.exit_code == 1
    assert "ground_truth.npz" in result.output
