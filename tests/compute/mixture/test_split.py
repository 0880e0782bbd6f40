"""Split by a model: several neurons are taken apart, one stays whole whatever its shape."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture.split import split_by_model


def neurons(rng, sizes, apart, d=24):
    """Spikes of neurons with the same noise, in a row along one direction and off it."""
    z = np.repeat(np.arange(len(sizes)), sizes)
    centers = rng.normal(size=(len(sizes), d))
    centers *= apart / np.linalg.norm(centers, axis=1, keepdims=True) / np.sqrt(2)
    order = rng.permutation(len(z))
    return (centers[z] + rng.normal(size=(len(z), d)))[order], z[order]


def right(truth, labels):
    from scipy.optimize import linear_sum_assignment

    table = np.zeros((truth.max() + 1, labels.max() + 1))
    np.add.at(table, (truth, labels), 1)
    rows, columns = linear_sum_assignment(-table)
    return table[rows, columns].sum() / len(truth)


@pytest.mark.parametrize("sizes", [(600, 400), (900, 100), (500, 300, 200)], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_neurons_far_enough_apart_are_the_parts(sizes, seed):
    x, truth = neurons(np.random.default_rng(seed), sizes, 7)
    found = split_by_model(x)
    assert found.supported and len(found.sizes) == len(sizes) and right(truth, found.labels) > 0.98
    assert found.sizes == tuple(sorted(np.bincount(found.labels), reverse=True)) and found.log_evidence > 0
    assert f"{len(sizes)} parts of" in found.reason and found.depth >= 0.1


@pytest.mark.parametrize("seed", range(3))
def test_collisions_do_not_join_two_neurons(seed):
    rng = np.random.default_rng(seed)
    x, truth = neurons(rng, (900, 600), 7, d=12)
    hit = rng.random(1500) < 0.06
    x[hit] += 5 * rng.normal(size=(hit.sum(), 12))
    found = split_by_model(x)
    assert len(found.sizes) == 2 and right(truth, found.labels) > 0.95


def test_labels_are_those_of_the_best_model_that_is_told_the_number():
    from sklearn.mixture import GaussianMixture

    x, truth = neurons(np.random.default_rng(1), (2000, 1200), 4.5, d=8)
    told = GaussianMixture(2, random_state=0).fit_predict(x)
    assert right(truth, split_by_model(x).labels) > right(truth, told) - 0.02 > 0.9


def one(rng, kind, n=1500, d=12):
    """One neuron of a shape that is not a Gaussian."""
    x = rng.normal(size=(n, d))
    match kind:
        case "drift":  # along a line, from one end to the other
            x[:, 0] += np.linspace(0, 12, n)
        case "curve":
            angle = rng.uniform(0, 1.0, n)
            x[:, 0] += 9 * np.cos(angle)
            x[:, 1] += 9 * np.sin(angle)
        case "bursts":  # smaller spikes, ever fewer of them
            x[:, 0] -= 3 * rng.exponential(size=n)
        case "tails":
            x *= np.sqrt(4 / rng.chisquare(4, size=(n, 1)))
        case "collisions":
            hit = rng.random(n) < 0.04
            x[hit] += rng.normal(size=(hit.sum(), d)) * 7 + 9 * np.eye(d)[0]
    return x


@pytest.mark.parametrize("kind", ["gaussian", "drift", "curve", "bursts", "tails", "collisions"])
@pytest.mark.parametrize("seed", range(3))
def test_one_neuron_stays_whole(kind, seed):
    found = split_by_model(one(np.random.default_rng(seed), kind))
    assert not found.supported and found.sizes == (1500,) and found.depth == 0.0
    assert set(found.labels.tolist()) == {0} and found.certainty.min() == pytest.approx(1)
    assert found.reason.startswith("No split supported (log evidence difference ")


@pytest.mark.parametrize(("apart", "n_parts"), [(7, 2), (0, 1)])
def test_gaussians_of_the_least_bic_part_neurons_too(apart, n_parts):
    x, truth = neurons(np.random.default_rng(2), (500, 300), apart, d=6)
    found = split_by_model(x, model="GMM", truncation_level=3)
    assert len(found.sizes) == n_parts and found.fit.model == "GMM" and (found.log_evidence > 0) == (n_parts > 1)
    assert right(truth, found.labels) > 0.98 or n_parts == 1


def test_a_model_of_another_name_is_refused():
    with pytest.raises(PhyMedError, match="DPMM or GMM, not 'HMM'"):
        split_by_model(np.zeros((50, 2)), model="HMM")


def test_one_gaussian_is_more_probable_than_two():
    assert split_by_model(one(np.random.default_rng(0), "gaussian")).log_evidence < -10


def test_spikes_that_were_not_fitted_get_labels_too():
    x, truth = neurons(np.random.default_rng(0), (600, 400), 8)
    found = split_by_model(x, most_fitted=300)
    assert len(found.fitted) == 300 and found.fit.n == 300 and len(found.labels) == 1000
    assert right(truth, found.labels) > 0.98


def test_shares_are_probabilities_and_the_label_is_the_largest():
    x, _ = neurons(np.random.default_rng(0), (600, 400), 6)
    found = split_by_model(x)
    np.testing.assert_allclose(found.shares.sum(axis=1), 1)
    assert found.labels.tolist() == found.shares.argmax(axis=1).tolist()
    assert found.certainty.tolist() == found.shares.max(axis=1).tolist()


def test_a_handful_of_far_spikes_is_no_part():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(1500, 6)), 30 + rng.normal(size=(14, 6))])
    assert split_by_model(x).sizes == (1514,)


def test_the_same_seed_gives_the_same_parts():
    x, _ = neurons(np.random.default_rng(0), (500, 300), 5)
    assert split_by_model(x).labels.tobytes() == split_by_model(x).labels.tobytes()


def test_features_by_channel_and_missing_ones_are_taken():
    x, truth = neurons(np.random.default_rng(0), (500, 300), 8)
    x = x.reshape(800, 8, 3)
    x[0, 0] = np.nan
    assert right(truth, split_by_model(x).labels) > 0.98


def test_too_few_spikes_are_refused():
    with pytest.raises(PhyMedError, match="39 spikes are too few"):
        split_by_model(np.zeros((39, 3)))


def test_spikes_that_are_all_the_same_stay_whole():
    assert split_by_model(np.ones((100, 3))).sizes == (100,)


def test_progress_ends_the_work():
    class End(Exception):
        pass

    def stop(_fraction, _message):
        raise End

    with pytest.raises(End):
        split_by_model(np.zeros((99, 3)), progress=stop)
