"""`phy-med cluster sweep`: a table, a plot, and fits in the registry."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.base.paths import OwnFiles
from phy_medicine.compute.mixture.experiments import list_experiments
from phy_medicine.compute.mixture.settings import SweepSettings
from phy_medicine.session import unfinished


def run(*words: object):
    return CliRunner().invoke(cli, ["cluster", "sweep", *(str(word) for word in words)])


def test_points_of_a_file_are_swept_and_the_best_is_marked_and_drawn(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", np.concatenate([rng.normal(size=(150, 2)), 9 + rng.normal(size=(90, 2))]))
    result = run(tmp_path / "x.npy", "--root", tmp_path / "fits", "--components", "1-3", "--executor", "local:1",
                 "--plot", tmp_path / "plot.svg")  # fmt: skip
    assert result.exit_code == 0, result.output
    head, *rows, _, verdict = result.stdout.splitlines()
    assert head.split() == ["components", "log", "evidence", "BIC", "ICL", "held", "out", "seconds", "fit"]
    assert [(row.split()[0], row.count("*")) for row in rows] == [("1", 0), ("2", 4), ("3", 0)]
    assert verdict.startswith("Best (*): 2 by log evidence, 2 by BIC, 2 by ICL, 2 by held-out spikes. 240 spikes, ")
    assert {row.split()[-1] for row in rows} == set(list_experiments(tmp_path / "fits"))
    assert "<svg" in (tmp_path / "plot.svg").read_text()


def test_an_interrupted_sweep_of_a_dataset_is_gone_on_with(dataset):
    asked = asdict(SweepSettings(clusters="3, 5", components="1, 2", folds=0)) | {"device": "auto"}
    kept = unfinished.begin(OwnFiles(dataset.parent).unfinished, "mixture_sweep", asked)
    (kept / "7-of-other-settings.json").write_text("{}")
    result = run(dataset, "--resume", "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert [row["k"] for row in said["table"]] == [1, 2] and said["run"]["name"] == "mixture_sweep 1"
    assert said["table"][0]["held_out"] is None and not kept.exists()
    assert len(list_experiments(dataset.parent / ".phy_medicine" / "mixture")) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["x.npy"], 2, "--root"), (["x.npy", "--root", "r"], 1, "neither a dataset"),
        (["params.py", "--no-store"], 2, "--root"), (["params.py", "--resume", "--folds", "2"], 2, "leave out"),
        (["x.npy", "--root", "r", "--resume"], 2, "--root"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == code and said in result.output, result.output
