"""Labels from fits, and the registry of fits: whole or absent, the same to the bit when it is read."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture import dpmm, experiments, gmm, restore
from phy_medicine.compute.mixture.assignments import (
    find_cluster_assignments,
    relevelled,
    store_cluster_assignments,
)
from phy_medicine.compute.mixture.experiments import (
    list_experiments,
    save_experiment,
    summarize_experiment,
    summarize_experiments,
)


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(size=(60, 2)), 9 + rng.normal(size=(40, 2))])


@pytest.fixture(scope="module")
def fit(x):
    return gmm.fit(x, 4, samples=60, seed=1)


@given(st.lists(st.integers(-3, 12), max_size=30))
def test_labels_are_levelled_without_gaps_in_their_order(labels):
    new, old = relevelled(np.array(labels, dtype=int))
    assert old[new].tolist() == labels and old.tolist() == sorted(set(labels))
    assert new.dtype == np.int32


def test_by_the_posterior_a_point_goes_to_its_most_probable_component(fit, x):
    found = find_cluster_assignments(fit, x, burn_in=fit.burn_in)
    shares = fit.responsibilities(x)
    assert found.components[found.labels].tolist() == shares.argmax(axis=1).tolist()
    assert found.certainty.tolist() == shares.max(axis=1).tolist()


def test_another_burn_in_averages_over_other_samples(fit, x):
    kept = fit.trace.from_on(54).relabel(fit.posterior.reference)
    wanted = np.mean([kept.at(t).responsibilities(x) for t in range(6)], axis=0)
    np.testing.assert_allclose(find_cluster_assignments(fit, x, burn_in=0.9).shares, wanted)


def test_by_the_likelihood_a_point_goes_to_the_means_nearest_on_average(fit, x):
    kept = fit.trace.from_on(24).relabel(fit.posterior.reference)
    logs = np.mean([-0.5 * ((x[:, None] - mu) ** 2).sum(axis=2) for mu in kept.mu], axis=0)
    found = find_cluster_assignments(fit, x, rule="likelihood")
    assert found.components[found.labels].tolist() == logs.argmax(axis=1).tolist()


def test_a_variational_fit_takes_the_largest_share(x):
    fit = dpmm.fit(x, 5, n_init=1)
    found = find_cluster_assignments(fit, x)
    assert found.labels.tolist() == [0] * 60 + [1] * 40 == fit.predict(x).tolist()


def test_of_equals_the_first_is_taken():
    fit = gmm.fit(np.zeros((8, 1)), 1, samples=4)
    twice = gmm.fit(np.zeros((8, 1)), 2, engine="sklearn")
    assert find_cluster_assignments(fit, np.zeros((3, 1))).labels.tolist() == [0, 0, 0]
    assert set(find_cluster_assignments(twice, np.zeros((3, 1))).labels.tolist()) == {0}


@pytest.mark.parametrize(("values", "said"), [({"rule": "x"}, "posterior, likelihood"), ({"burn_in": 1.0}, "burn-in")])
def test_what_makes_no_sense_is_said(fit, x, values, said):
    with pytest.raises(PhyMedError, match=said):
        find_cluster_assignments(fit, x, **values)


def test_labels_are_stored_in_the_order_of_the_points(fit, x, tmp_path):
    found = find_cluster_assignments(fit, x)
    labels = np.load(store_cluster_assignments(found, tmp_path))
    assert labels.dtype == np.int32 and labels.tolist() == found.labels.tolist()
    np.testing.assert_allclose(np.load(tmp_path / "certainty.npy"), found.certainty, rtol=1e-6)


@pytest.mark.parametrize("model", ["gmm", "full", "dpmm", "sklearn"])
def test_a_fit_comes_back_the_same_to_the_bit(tmp_path, x, model):
    made = {
        "gmm": lambda: gmm.fit(x, 2, samples=20), "full": lambda: gmm.fit(x, 2, samples=20, covariance="full"),
        "dpmm": lambda: dpmm.fit(x, 4, n_init=1), "sklearn": lambda: dpmm.fit(x, 3, engine="sklearn", n_iter=9),
    }[model]()  # fmt: skip
    name = save_experiment(tmp_path, made, x, spike_ids=np.arange(100) * 2)
    back = restore.experiment(tmp_path, name)
    for one, other in zip(made.evaluate(x), back["fit"].evaluate(back["x_train"]), strict=True):
        assert one.tobytes() == other.tobytes()
    assert back["trace"].mu.tobytes() == made.trace.mu.tobytes() and back["x_train"].tolist() == x.tolist()
    assert back["x_pred"](5, np.random.default_rng(0)).tolist() == made.sample(5, np.random.default_rng(0)).tolist()
    folder = tmp_path / "sessions" / name
    assert np.load(folder / "clusters.npy").tolist() == find_cluster_assignments(made, x).labels.tolist()
    assert np.load(folder / "spike_ids.npy")[:3].tolist() == [0, 2, 4]


def test_parameters_are_yaml_and_say_what_was_done(tmp_path, fit, x):
    yaml = pytest.importorskip("yaml")
    name = save_experiment(tmp_path, fit, x, name='a "first: try" µ')
    text = (tmp_path / "sessions" / name / "params.yaml").read_text("utf-8")
    found = yaml.safe_load(text)
    assert found == experiments.read_params(tmp_path, name)
    assert (found["model_type"], found["k"], found["samples"], found["seed"]) == ("GMM", 4, 60, 1)
    assert (found["n"], found["d"], found["name"]) == (100, 2, 'a "first: try" µ')
    assert found["inference_algorithm"] == "Gibbs sampling" and found["priors"]["a"] == 1.0
    assert len(found["data_hash"]) == 64 and datetime.fromisoformat(found["timestamp"]).tzinfo is not None


def test_the_summary_counts_the_groups(tmp_path, fit, x):
    name = save_experiment(tmp_path, fit, x)
    found = json.loads((tmp_path / "sessions" / name / "summary.json").read_text())
    assert sum(found["sizes"]) == 100 and found["groups"] == len(found["sizes"])
    assert found["log_likelihood"] == pytest.approx(fit.log_density(x).sum())
    z = find_cluster_assignments(fit, x)
    assert found["mse"] == pytest.approx(((x - fit.point.mu[z.components[z.labels]]) ** 2).mean())


class _Clock(datetime):
    moment = datetime(2026, 3, 5, 4, 3, 2)

    @classmethod
    def now(cls, tz=None):
        return cls.moment


def test_names_are_dates_and_fits_of_the_same_second_are_numbered(tmp_path, fit, x, monkeypatch):
    monkeypatch.setattr(experiments, "datetime", _Clock)
    names = [save_experiment(tmp_path, fit, x) for _ in range(3)]
    stem = "05-Mar-2026@04-03-02-GMM"
    assert names == [stem, f"{stem}-2", f"{stem}-3"]
    _Clock.moment = datetime(2026, 1, 6, 4, 3, 2)
    names.append(save_experiment(tmp_path, fit, x))
    assert list_experiments(tmp_path) == (f"{stem}-3", f"{stem}-2", stem, "06-Jan-2026@04-03-02-GMM")


@pytest.mark.parametrize("step", ["fit", "np.save", "store", "rename"])
def test_an_interrupted_save_leaves_nothing(tmp_path, fit, x, monkeypatch, step):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    target = {
        "fit": "numpy.savez", "np.save": "numpy.save", "store": "phy_medicine.compute.mixture.assignments.replace_file",
        "rename": "pathlib.Path.rename",
    }[step]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(target, full)
        with pytest.raises(PhyMedError, match="no space left"):
            save_experiment(tmp_path, fit, x)
    assert list((tmp_path / "sessions").iterdir()) == [] and list_experiments(tmp_path) == ()
    save_experiment(tmp_path, fit, x)
    assert len(list_experiments(tmp_path)) == 1


def test_a_draft_of_a_killed_process_is_no_fit(tmp_path, fit, x):
    name = save_experiment(tmp_path, fit, x)
    (tmp_path / "sessions" / ".draft-x").mkdir()
    assert list_experiments(tmp_path) == (name,)


def test_the_table_has_a_row_for_each_and_all_columns(tmp_path, fit, x):
    save_experiment(tmp_path, fit, x, name="one")
    save_experiment(tmp_path, dpmm.fit(x, 3, n_init=1), x)
    table = summarize_experiments(tmp_path)
    assert len(table.rows) == 2 and {"k", "truncation_level", "elbo", "groups"} <= set(table.columns)
    lines = table.to_text().splitlines()
    assert len(lines) == 3 and lines[0].startswith("name ")
    assert table.to_html().count("<tr>") == 3 == table._repr_html_().count("<tr>")
    frame = table.to_frame()
    assert frame.shape == (2, len(table.columns)) and frame["n"].tolist() == [100, 100]


def test_all_of_one_fit_is_told(tmp_path, fit, x):
    name = save_experiment(tmp_path, fit, x, name="<b>")
    table = summarize_experiment(tmp_path, name)
    facts = {row["fact"]: row["value"] for row in table.rows}
    assert facts["k"] == 4 and facts["groups"] >= 2 and "&lt;b&gt;" in table.to_html()


def test_a_damaged_fit_has_a_row_that_says_so_and_the_others_are_well(tmp_path, fit, x):
    name, other = save_experiment(tmp_path, fit, x), save_experiment(tmp_path, fit, x)
    (tmp_path / "sessions" / name / "params.yaml").write_text("k: {")
    rows = {row["name"]: row for row in summarize_experiments(tmp_path).rows}
    assert "damaged" in rows[name]["problem"] and rows[other]["k"] == 4
    with pytest.raises(PhyMedError, match="damaged"):
        restore.experiment(tmp_path, name)


def test_other_training_points_are_noticed(tmp_path, fit, x):
    name = save_experiment(tmp_path, fit, x)
    np.save(tmp_path / "sessions" / name / "training.npy", x + 1)
    with pytest.raises(PhyMedError, match="not what was fitted"):
        restore.experiment(tmp_path, name)


def test_what_is_not_there_is_said(tmp_path, fit, x):
    assert list_experiments(tmp_path) == () and summarize_experiments(tmp_path).rows == ()
    with pytest.raises(PhyMedError, match="There is no fit 'x'"):
        restore.experiment(tmp_path, "x")
    with pytest.raises(PhyMedError, match="of 100 points"):
        save_experiment(tmp_path, fit, x[:50])
    with pytest.raises(PhyMedError, match="of 100 points"):
        save_experiment(tmp_path, fit, x, spike_ids=np.arange(3))
