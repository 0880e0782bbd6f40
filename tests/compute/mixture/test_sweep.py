"""Several numbers of components tried: the best is found, the fits are kept, an interrupted sweep goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.job_context import Cancelled, JobContext
from phy_medicine.compute.mixture import criticism, gmm, restore, sweep
from phy_medicine.compute.mixture.experiments import list_experiments
from phy_medicine.compute.mixture.settings import SweepSettings, numbers_of


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(place, size=(n, 3)) for place, n in ((0, 150), (6, 100), ((0, 12, 0), 80))])


def run(x, folder: Path, *, cancelled=lambda: False, kept=None, **settings):
    folder.mkdir()
    said: list[str] = []
    values = {"components": "1-4", "folds": 2, "root": str(folder.parent / "fits")} | settings
    context = JobContext(
        SweepSettings(**values), {"points": x}, folder=folder, kept=kept, cancelled=cancelled, seed=3,
        send=lambda event, **facts: said.append(facts.get("text", "")),
    )  # fmt: skip
    return sweep.run(context), context, said


@pytest.fixture(scope="module")
def whole(x, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return (*run(x, folder / "result")[:2], folder / "fits")


def same(one, other):
    return all(one[name].tolist() == other[name].tolist() for name in one if name != "seconds")


def test_the_number_of_groups_is_the_best_by_each_criterion(whole):
    arrays, context, _ = whole
    assert sorted(arrays["k"].tolist()) == [1, 2, 3, 4]
    assert context.facts["best"] == {"log_evidence": 3, "bic": 3, "icl": 3, "held_out": 3}


def test_criteria_are_those_of_the_criticism(whole, x):
    arrays, _, _ = whole
    fit_with = lambda part, k: gmm.fit(part, k, engine="sklearn", covariance="full", seed=3)  # noqa: E731
    for swept in criticism.sweep(x, (2, 3), fit_with=fit_with, folds=2, seed=3):
        row = arrays["k"].tolist().index(swept.k)
        assert arrays["bic"][row] == pytest.approx(swept.criteria.bic, rel=1e-9)
        assert arrays["icl"][row] == pytest.approx(swept.criteria.icl, rel=1e-9)
        assert arrays["held_out"][row] == pytest.approx(swept.held_out.mean, rel=1e-9)


def test_each_fit_is_whole_in_the_registry(whole, x):
    arrays, context, root = whole
    assert sorted(context.facts["experiments"]) == sorted(list_experiments(root))
    for k, name in zip(arrays["k"].tolist(), context.facts["experiments"], strict=True):
        found = restore.experiment(root, name)
        assert found["fit"].k == k and found["x_train"].tolist() == x.tolist()
        assert found["params"]["name"].startswith("sweep, ")


def test_an_interrupted_sweep_goes_on_and_comes_to_the_same(whole, x, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    with pytest.raises(Cancelled):
        run(x, tmp_path / "first", kept=kept, cancelled=lambda: any(kept.glob("*.json")))
    before = list_experiments(tmp_path / "fits")
    assert 1 <= len(before) < 4
    arrays, context, said = run(x, tmp_path / "second", kept=kept)
    assert same(arrays, whole[0]) and any("before the interruption" in line for line in said)
    assert set(before) < set(context.facts["experiments"]) and len(list_experiments(tmp_path / "fits")) == 4


def test_processes_come_to_the_same(whole, x, tmp_path):
    assert same(run(x, tmp_path / "result", executor="local:2")[0], whole[0])


@pytest.mark.parametrize(("model", "samples"), [("dpmm", 0), ("gmm", 60)])
def test_other_models_are_tried_too(x, tmp_path, model, samples):
    arrays, context, _ = run(x, tmp_path / "r", model=model, samples=samples, components="2, 3", folds=0)
    assert context.facts["best"]["log_evidence"] == 3 and "held_out" not in context.facts["best"]
    assert np.isnan(arrays["held_out"]).all() and arrays["log_evidence"][0] > arrays["log_evidence"][1]


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"components": "9-2"}, "names no numbers"), ({"components": "400"}, "too few for 400 components"),
     ({"folds": 1}, "One fold"), ({"root": ""}, "name a folder")],
)  # fmt: skip
def test_what_cannot_be_fitted_is_said(x, tmp_path, settings, said):
    with pytest.raises(PhyMedError, match=said):
        run(x, tmp_path / "r", **settings)


def test_numbers_are_read_from_ranges_and_lists():
    assert numbers_of("2-4, 3 8") == (2, 3, 4, 8)
