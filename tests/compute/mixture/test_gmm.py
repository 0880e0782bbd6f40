"""Gibbs sampling of a Gaussian mixture: the truth is found, every conditional is exact, a fit comes back from disk."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, multivariate_normal, norm

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture import gibbs, gmm
from phy_medicine.compute.mixture.fit import relabel, restore
from phy_medicine.compute.mixture.parameters import Parameters
from phy_medicine.compute.mixture.points import Points
from phy_medicine.compute.mixture.prior import Prior
from phy_medicine.compute.mixture.trace import Trace, matched

N_DRAWS, N_LINKED, MOST_ERRORS = 1200, 400, 4.5


def two_gaussians(n=2000, d=1, seed=0):
    rng = np.random.default_rng(seed)
    z = (rng.random(n) < 0.6).astype(int)
    return (np.where(z == 1, 5.0, -5.0)[:, None] + rng.normal(size=(n, d))), z


@pytest.fixture(scope="module")
def two():
    x, z = two_gaussians()
    return x, z, gmm.fit(x, 2, samples=400, seed=3)


def test_two_gaussians_are_found_with_their_weights(two):
    x, z, fit = two
    order = fit.point.mu[:, 0].argsort()
    np.testing.assert_allclose(fit.point.mu[order, 0], [-5, 5], atol=0.1)
    np.testing.assert_allclose(fit.point.pi[order], [0.4, 0.6], atol=0.03)
    assert (order[z] == fit.predict(x)).mean() > 0.999


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_two_gaussians_are_found_in_three_dimensions_from_the_prior_too(covariance):
    x, z = two_gaussians(600, 3)
    fit = gmm.fit(x, 2, samples=200, covariance=covariance, init="prior", prior="data", seed=1, chains=2)
    order = fit.point.mu[:, 0].argsort()
    np.testing.assert_allclose(fit.point.mu[order], [[-5] * 3, [5] * 3], atol=0.2)
    assert (order[z] == fit.predict(x)).mean() > 0.999 and len(fit.chains) == 2


def test_correlated_components_are_told_apart_by_full_covariances():
    rng = np.random.default_rng(2)
    line = rng.normal(size=(900, 1)) * 3
    x = np.hstack([line, line]) + 0.2 * rng.normal(size=(900, 2))
    x[450:, 1] *= -1
    z = np.repeat([0, 1], 450)
    labels = gmm.fit(x, 2, samples=300, covariance="full", seed=0).predict(x)
    assert max((labels == z).mean(), (labels == 1 - z).mean()) > 0.95


def test_the_same_seed_gives_the_same_fit_and_another_one_not(two):
    x, _, fit = two
    again, other = gmm.fit(x, 2, samples=400, seed=3), gmm.fit(x, 2, samples=400, seed=4)
    assert again.predict(x).tobytes() == fit.predict(x).tobytes()
    assert again.trace.mu.tobytes() == fit.trace.mu.tobytes() != other.trace.mu.tobytes()


def test_the_number_of_processors_changes_no_bit(monkeypatch):
    x, _ = two_gaussians(9000, 2)
    fit = gmm.fit(x, 2, samples=5)
    monkeypatch.setattr("phy_medicine.compute.mixture.points.n_processors", lambda: 1)
    assert gmm.fit(x, 2, samples=5).trace.sigma2.tobytes() == fit.trace.sigma2.tobytes()


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_a_restored_fit_predicts_the_same_to_the_bit(tmp_path, covariance):
    x, _ = two_gaussians(300, 2)
    fit = gmm.fit(x, 3, samples=40, thin=2, covariance=covariance, chains=2, prior=Prior(m0=(0.0, 1.0), s0=4.0))
    fit.save(tmp_path)
    back = restore(tmp_path)
    for name in ("predict", "responsibilities", "log_density"):
        assert getattr(back, name)(x).tobytes() == getattr(fit, name)(x).tobytes()
    draws = [f.sample(50, np.random.default_rng(0)).tobytes() for f in (fit, back)]
    assert draws[0] == draws[1] and back.counts.tolist() == fit.counts.tolist()
    assert (back.settings, back.prior, back.seconds) == (fit.settings, fit.prior, fit.seconds)
    assert len(back.trace) == 20 and back.chains[1].sizes.tolist() == fit.chains[1].sizes.tolist()


def test_a_fit_of_a_later_version_says_why_it_is_not_read(tmp_path):
    x, _ = two_gaussians(50)
    gmm.fit(x, 2, samples=4).save(tmp_path)
    with np.load(tmp_path / "fit.npz") as file:
        arrays = dict(file)
    later = json.loads(str(arrays["described"])) | {"format": 99, "version": "9.9"}
    np.savez(tmp_path / "fit.npz", **arrays | {"described": np.array(json.dumps(later))})
    with pytest.raises(PhyMedError, match=r"written by phy-medicine 9\.9"):
        restore(tmp_path)


def test_a_folder_without_a_fit_is_named(tmp_path):
    with pytest.raises(PhyMedError, match=r"fit\.npz cannot be read"):
        restore(tmp_path)


def test_counts_agree_with_probabilities(two):
    x, _, fit = two
    assert fit.counts.sum(axis=1).tolist() == [240] * len(x)
    np.testing.assert_allclose(fit.counts / 240, fit.responsibilities(x), atol=0.15)


def test_the_trace_has_what_was_drawn(two):
    x, _, fit = two
    assert fit.trace.mu.shape == (400, 2, 1) and fit.trace.sizes.sum(axis=1).tolist() == [len(x)] * 400
    np.testing.assert_allclose(fit.trace.pi.sum(axis=1), 1)
    assert fit.trace.log_joint[-50:].std() < 10 < abs(fit.trace.log_joint[-1])


def test_new_points_are_like_the_old_ones(two):
    x, _, fit = two
    new = fit.sample(4000, np.random.default_rng(0))
    assert new.shape == (4000, 1) and ks_2samp(new[:, 0], x[:, 0]).pvalue > 1e-3


def test_densities_are_averages_over_the_kept_samples():
    x, _ = two_gaussians(30)
    fit = gmm.fit(x, 2, samples=10, burn_in=0.5)
    kept = fit.trace.from_on(5)
    densities = [
        sum(kept.pi[t, k] * norm.pdf(x[:, 0], kept.mu[t, k, 0], kept.sigma2[t, k, 0] ** 0.5) for k in range(2))
        for t in range(5)
    ]
    np.testing.assert_allclose(np.exp(fit.log_density(x)), np.mean(densities, axis=0))


@pytest.mark.parametrize("full", [False, True])
def test_logs_of_components_are_those_of_the_normal_distribution(full):
    rng = np.random.default_rng(0)
    x, roots = rng.normal(size=(600, 3)), rng.normal(size=(2, 3, 3))
    covariances = roots @ roots.transpose(0, 2, 1) + np.eye(3)
    spread = covariances if full else np.diagonal(covariances, axis1=1, axis2=2).copy()
    parameters = Parameters(np.array([0.3, 0.7]), rng.normal(size=(2, 3)), spread)
    wanted = [
        np.log(w) + multivariate_normal.logpdf(x, m, c if full else np.diag(c))
        for w, m, c in zip(parameters.pi, parameters.mu, spread, strict=True)
    ]
    np.testing.assert_allclose(parameters.log_components(x), np.transpose(wanted))


@pytest.mark.parametrize("full", [False, True])
def test_sums_are_those_of_each_components_points(full):
    rng = np.random.default_rng(0)
    x, labels, centres = (
        rng.normal(size=(9000, 2)),
        rng.integers(3, size=9000).astype(np.int32),
        rng.normal(size=(3, 2)),
    )
    found = Points(x).sums(labels, centres, full=full)
    for k in range(3):
        away = x[labels == k] - centres[k]
        assert found.sizes[k] == len(away)
        np.testing.assert_allclose(found.sums[k], away.sum(axis=0))
        np.testing.assert_allclose(found.squares[k], away.T @ away if full else (away**2).sum(axis=0))


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_matching_gives_the_least_sum_of_squared_distances(seed, k, d):
    rng = np.random.default_rng(seed)
    mu, reference = rng.normal(size=(3, k, d)), rng.normal(size=(k, d))
    for means, places in zip(mu, matched(mu, reference), strict=True):
        costs = [((means[list(p)] - reference) ** 2).sum() for p in itertools.permutations(range(k))]
        assert ((means[places] - reference) ** 2).sum() <= min(costs) + 1e-9


def test_relabelling_undoes_a_switch_of_labels_in_every_array():
    pi, mu = np.array([[0.2, 0.8], [0.8, 0.2]]), np.array([[[0.0], [9.0]], [[9.1], [0.1]]])
    moved = relabel(Trace(pi, mu, mu + 1, np.zeros(2), 10 * pi), mu[0])
    assert moved.pi.tolist() == [[0.2, 0.8], [0.2, 0.8]] and moved.mu[1].tolist() == [[0.1], [9.1]]
    assert moved.sigma2[1].tolist() == [[1.1], [10.1]] and moved.sizes[1].tolist() == [2, 8]


# Geweke 2004, J. Am. Stat. Assoc. 99:799. Parameters, labels and points are drawn from the joint distribution; one
# conditional then draws a part of it anew, which must leave the joint distribution as it was.


PRIOR = Prior(alpha=1.5, m0=(0.5, -1.0), s0=0.8, a=3.0, b=2.0, kappa=2.0, nu=6.0)


def joint(rng, n=16, *, full=False):
    """Parameters of two components in two dimensions, labels and points; written out, not drawn as the fit does."""
    pi = rng.dirichlet([1.5, 1.5])
    if full:
        roots = rng.normal(size=(2, 8, 2)) / np.sqrt(10)  # a Wishart matrix of 8 degrees of freedom and scale 1/10
        sigma2 = np.linalg.inv(roots.transpose(0, 2, 1) @ roots)
        noise = np.einsum("kij,kj->ki", np.linalg.cholesky(sigma2 / 2.0), rng.normal(size=(2, 2)))
    else:
        sigma2 = 2.0 / rng.gamma(3.0, size=(2, 2))
        noise = 0.8 * rng.normal(size=(2, 2))
    parameters = Parameters(pi, np.array([0.5, -1.0]) + noise, sigma2)
    labels = (rng.random(n) > pi[0]).astype(np.int32)
    return parameters, labels, points_of(rng, parameters, labels)


def points_of(rng, parameters, labels):
    spread = parameters.sigma2
    roots = np.linalg.cholesky(spread) if parameters.full else np.sqrt(spread)[:, :, None] * np.eye(2)
    return parameters.mu[labels] + np.einsum("nij,nj->ni", roots[labels], rng.normal(size=(len(labels), 2)))


def facts(parameters, labels, x):
    """What is compared: each part alone, and parts together, so that a wrong dependence is seen too."""
    pi, mu, spread = parameters.pi, parameters.mu, parameters.sigma2.reshape(2, -1)
    own = labels == 0
    volumes = np.linalg.slogdet(parameters.sigma2)[1].sum() if parameters.full else np.log(spread).sum()
    mean = x[own].mean(axis=0) if own.any() else np.zeros(2)
    return [
        volumes,         np.log(pi).sum(), pi[0], (mu[1, 1] + 1) ** 2, mu[0, 0], mu[0, 1],
        np.log(spread[0, 0]), np.log(spread[1, -1]),
        spread[0, 1], own.sum(),
        pi[0] * own.sum(), mu[0, 0] * mean[0], (mu[0, 0] - mean[0]) ** 2 / spread[0, 0],
        mu[0, 0] * mu[0, 1], np.abs(mu[0]).sum() / np.sqrt(spread[0, 0]),
        (x[:, 0] ** 2).sum() / spread[0, 0], (x[0, 0] - mu[labels[0], 0]) / np.sqrt(spread[labels[0], 0]),
    ]  # fmt: skip


def draw_again(what, rng, parameters, labels, x):
    pi, mu, spread = parameters.pi, parameters.mu, parameters.sigma2
    points = Points(x)
    full = parameters.full
    if what == "labels":
        points.draw_labels(parameters.form(), int(rng.integers(2**62)), labels)
        return parameters, labels, x
    sums = points.sums(labels, rng.normal(size=mu.shape), full=full)
    if what == "all":
        return gibbs.draw_parameters(rng, PRIOR, sums, spread), labels, x
    if what == "weights":
        return Parameters(gibbs.draw_weights(rng, PRIOR, sums.sizes), mu, spread), labels, x
    if what == "means":
        return Parameters(pi, gibbs.draw_means(rng, PRIOR, sums, spread), spread), labels, x
    squares = gibbs.squares_about(sums, mu)
    return Parameters(pi, mu, gibbs.draw_variances(rng, PRIOR, sums.sizes, squares)), labels, x


@pytest.mark.parametrize(
    ("what", "full"),
    [("labels", False), ("weights", False), ("means", False), ("variances", False), ("all", False), ("labels", True),
     ("all", True)],
)  # fmt: skip
def test_a_conditional_leaves_the_joint_distribution_as_it_was(what, full):
    rng = np.random.default_rng(7)
    changes = []
    for _ in range(N_DRAWS):
        parameters, labels, x = joint(rng, 4 if what in ("weights", "means") else 16, full=full)
        before = facts(parameters, labels, x)
        changes.append(np.subtract(facts(*draw_again(what, rng, parameters, labels, x)), before))
    errors = np.std(changes, axis=0) / np.sqrt(N_DRAWS)
    assert (np.abs(np.mean(changes, axis=0)) <= MOST_ERRORS * errors).all()
    assert (errors > 0).sum() >= 2  # something was drawn anew


@pytest.mark.parametrize("full", [False, True])
def test_a_chain_that_draws_its_own_points_samples_the_prior(full):
    rng = np.random.default_rng(8)
    wanted = [facts(*joint(rng, full=full)) for _ in range(N_DRAWS)]
    parameters, labels, x = joint(rng, full=full)
    found = []
    for step in range(6 * N_LINKED):
        parameters, labels, x = draw_again("labels", rng, parameters, labels, x)
        parameters, labels, x = draw_again("all", rng, parameters, labels, x)
        x = points_of(rng, parameters, labels)
        if step % 6 == 0:
            found.append(facts(parameters, labels, x))
    for one, other in zip(np.transpose(wanted), np.transpose(found), strict=True):
        assert ks_2samp(one, other).pvalue > 1e-6  # samples of a chain depend on each other


def test_the_log_joint_density_is_that_of_scipy():
    from scipy.stats import dirichlet, invgamma, invwishart

    rng = np.random.default_rng(0)
    for full in (False, True):
        parameters, labels, x = joint(rng, n=9, full=full)
        sums = Points(x).sums(labels, rng.normal(size=(2, 2)), full=full)
        found = gibbs.log_likelihood(parameters, sums) + PRIOR.log_density(parameters)
        wanted = dirichlet.logpdf(parameters.pi, [1.5, 1.5]) + np.log(parameters.pi[labels]).sum()
        for k in range(2):
            spread = parameters.sigma2[k]
            wanted += multivariate_normal.logpdf(
                x[labels == k], parameters.mu[k], spread if full else np.diag(spread)
            ).sum()
            if full:
                wanted += invwishart.logpdf(spread, 8, np.eye(2) * 10)
                wanted += multivariate_normal.logpdf(parameters.mu[k], PRIOR.m0, spread / 2)
            else:
                wanted += invgamma.logpdf(spread, 3, scale=2).sum()
                wanted += norm.logpdf(parameters.mu[k], PRIOR.m0, 0.8).sum()
        assert found == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"k": 0}, "choose k between"), ({"k": 9}, "4 points cannot be shared out to 9"), ({"burn_in": 1.0}, "burn-in"),
        ({"thin": 50}, "recorded sample"), ({"covariance": "tied"}, "one of diag, full"),
        ({"init": "x"}, "kmeans, prior"),
        ({"prior": "x"}, "no prior 'x'"), ({"samples": 10**9}, "with thin ="), ({"prior": Prior(m0=(1.0,))}, "1 means"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(values, said):
    with pytest.raises(PhyMedError, match=said):
        gmm.fit(np.zeros((4, 2)), **{"k": 2, "samples": 10} | values)


@pytest.mark.parametrize("x", [[[0.0, np.nan]], [1.0, 2.0], [["a"]], np.zeros((3, 0))])
def test_points_that_are_no_finite_numbers_are_refused(x):
    with pytest.raises(PhyMedError, match="oints"):
        gmm.fit(np.array(x), 1)


def test_points_of_another_dimension_are_refused(two):
    with pytest.raises(PhyMedError, match="have 2 dimensions, the model has 1"):
        two[2].predict(np.zeros((3, 2)))


def test_a_prior_must_be_a_distribution():
    for wrong in ({"s0": 0.0}, {"a": -1.0}, {"nu": 0.5}, {"m0": np.nan}):
        with pytest.raises(PhyMedError, match="prior's"):
            Prior(**wrong)


def test_identical_points_and_empty_components_are_no_trouble():
    fit = gmm.fit(np.ones((20, 2)), 3, samples=20)
    assert np.isfinite(fit.log_density(np.ones((1, 2)))).all() and fit.trace.sizes.sum() == 400


def test_progress_ends_a_fit():
    class End(Exception):
        pass

    def stop(fraction, message):
        raise End

    with pytest.raises(End):
        gmm.fit(np.zeros((9, 1)), 2, progress=stop)
