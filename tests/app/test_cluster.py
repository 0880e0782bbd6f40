"""`phy-med cluster`: fits are made in a worker, kept, listed, shown and applied."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.compute.mixture import dpmm, gmm
from phy_medicine.compute.mixture.experiments import list_experiments, save_experiment


def run(*words: object):
    return CliRunner().invoke(cli, ["cluster", *(str(word) for word in words)])


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(size=(60, 2)), 9 + rng.normal(size=(40, 2))])


@pytest.fixture
def fits(tmp_path: Path, x):
    save_experiment(tmp_path, gmm.fit(x, 2, samples=20), x)
    save_experiment(tmp_path, dpmm.fit(x, 4, n_init=1), x, name="second")
    return tmp_path


def test_points_of_a_file_are_fitted_in_a_worker(tmp_path, x):
    np.save(tmp_path / "x.npy", x)
    result = run(
        "fit", tmp_path / "x.npy", "--root", tmp_path / "fits", "--most-spikes", 80, "--title", "all", "--json"
    )
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)["facts"]
    assert sorted(facts["sizes"]) == [40, 60] and (facts["experiment"],) == list_experiments(tmp_path / "fits")
    shown = json.loads(run("show", tmp_path / "fits", "--json").stdout)
    assert (shown["model_type"], shown["truncation_level"], shown["n"], shown["name"]) == ("DPMM", 6, 80, "all")


def test_a_dataset_gets_a_fit_and_a_run_and_no_other_clusters(dataset):
    before = (dataset.parent / "spike_clusters.npy").read_bytes()
    result = run("fit", dataset, "--clusters", "3, 5", "--model", "gmm", "--components", 2, "--samples", 30)
    assert result.exit_code == 0, result.output
    assert "Labels kept as 'mixture 1'" in result.stdout
    (name,) = list_experiments(dataset.parent / ".phy_medicine" / "mixture")
    assert name in result.stdout and name in run("list", dataset).stdout
    spike_ids = np.load(dataset.parent / ".phy_medicine" / "mixture" / "sessions" / name / "spike_ids.npy")
    labels = np.load(dataset.parent / "spike_clusters.npy").ravel()
    assert set(labels[spike_ids].tolist()) <= {3, 5}
    assert (dataset.parent / "spike_clusters.npy").read_bytes() == before


def test_a_cluster_that_is_not_there_is_named_and_leaves_nothing(dataset):
    result = run("fit", dataset, "--clusters", "12345")
    assert result.exit_code == 1 and "There is no cluster 12345." in result.output
    assert list_experiments(dataset.parent / ".phy_medicine" / "mixture") == ()


def test_fits_are_listed_the_newest_first(fits):
    lines = run("list", fits).stdout.splitlines()
    assert len(lines) == 3 and lines[1].split()[0].endswith("DPMM") and lines[2].split()[0].endswith("GMM")
    assert [row["model_type"] for row in json.loads(run("list", fits, "--json").stdout)] == ["DPMM", "GMM"]
    assert run("list", fits, "--html", fits / "l.html").exit_code == 0 and "<td>" in (fits / "l.html").read_text()


def test_one_fit_is_shown(fits):
    text = run("show", fits).stdout
    assert "truncation_level" in text and "second" in text
    assert "GMM" in run("show", fits, list_experiments(fits)[1]).stdout


def test_points_are_given_the_labels_of_a_fit(fits, x, tmp_path):
    np.save(tmp_path / "more.npy", x[::-1])
    result = run("assign", fits, "--points", tmp_path / "more.npy", "--out", tmp_path / "labels")
    assert result.exit_code == 0 and "2 groups of 60, 40 points" in result.stdout
    assert np.load(tmp_path / "labels" / "clusters.npy").tolist() == [1] * 40 + [0] * 60
    result = run("assign", fits, list_experiments(fits)[1], "--rule", "likelihood", "--burn-in", 0.5)
    stored = fits / "sessions" / list_experiments(fits)[1] / "clusters.npy"
    assert result.exit_code == 0 and str(stored) in result.stdout and len(np.load(stored)) == 100


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["list", "none"], 0, "No fits in none yet."), (["show", "none"], 1, "There are no fits in none"),
        (["fit", "x.npy", "--root", "r"], 1, "neither a dataset"), (["fit", "x.npy"], 2, "--root"),
        (["fit", "params.py", "--no-store"], 2, "--root"), (["assign", "none"], 1, "There are no fits"),
        (["fit", "params.py", "--components", "0"], 2, "components must"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == code and said in result.output
