"""`phy-med cluster criticize`: a page beside a fit, what stands out in words, and numbers as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.compute.mixture import gmm
from phy_medicine.compute.mixture.experiments import save_experiment


def run(*words: object):
    return CliRunner().invoke(cli, ["cluster", "criticize", *(str(word) for word in words)])


@pytest.fixture
def fits(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("phy_medicine.compute.localize.figure_parts.DPI", 30)
    x = np.random.default_rng(0).standard_t(2.5, size=(200, 2))
    save_experiment(tmp_path, gmm.fit(x, 1, samples=60), x, name="a cluster")
    return tmp_path


def test_the_page_lies_beside_the_fit_and_what_stands_out_is_said(fits):
    result = run(fits, "--samples", 100)
    assert result.exit_code == 0, result.output
    (page,) = (fits / "sessions").glob("*/criticism.html")
    assert "tails are too light" in result.stdout and result.stdout.endswith(f"The page is {page}.\n")
    assert "Criticism of a cluster" in page.read_text("utf-8")


def test_json_has_the_figures_and_the_page_goes_where_it_is_told(fits):
    result = run(fits, "--samples", 100, "--folds", 2, "--compare", "1,2-3", "--out", fits / "page.html", "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["page"] == str(fits / "page.html") and (fits / "page.html").is_file()
    assert list(facts["compared"]) == ["1", "2", "3"] and facts["compared"]["2"]["bic"] < facts["compared"]["1"]["bic"]
    assert facts["p_values"]["max"][0] < 0.05 and facts["held_out"] < 0
    assert not list((fits / "sessions").glob("*/criticism.html"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["none"], 1, "There are no fits in none"), ([".", "other"], 1, "There is no fit 'other'"),
        ([".", "--compare", "two"], 2, "not of the form 2-8"), ([".", "--compare", "0-2"], 2, "from 1 on"),
        ([".", "--out", "missing/page.html", "--samples", "100"], 1, "The page could not be written to"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(fits, monkeypatch, words, code, said):
    monkeypatch.chdir(fits)
    result = run(*words)
    assert result.exit_code == code and said in result.output
