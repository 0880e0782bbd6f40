"""The Dirichlet process mixture: the bound never falls, the number of clusters is found, merges are worth it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, gamma

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture import dpmm, gmm
from phy_medicine.compute.mixture.cavi import Ascent
from phy_medicine.compute.mixture.components import Independent, SoftSums, Wishart
from phy_medicine.compute.mixture.fit import restore
from phy_medicine.compute.mixture.points import Points
from phy_medicine.compute.mixture.prior import Prior
from phy_medicine.compute.mixture.sticks import Concentration, Sticks, evidence

ALL = [
    {}, {"covariance": "full"}, {"fixed_variance": True}, {"alpha_prior": (1.0, 1.0)}, {"alpha": 5.0},
    {"prior": "unit"}, {"truncation_level": 1},
]  # fmt: skip


def three_clusters(n=600, d=2, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    return 8 * np.eye(3, d)[z] + rng.normal(size=(n, d)), z


@pytest.mark.parametrize("covariance", ["diag", "full"])
@pytest.mark.parametrize("seed", [0, 1])
def test_of_ten_components_three_are_kept_for_three_clusters(covariance, seed):
    x, z = three_clusters(seed=seed)
    fit = dpmm.fit(x, 10, covariance=covariance, seed=seed)
    assert (fit.point.pi > 0.01).sum() == 3
    assert (fit.predict(x) == z).mean() > 0.99  # largest first, as they are numbered here
    np.testing.assert_allclose(fit.point.pi[:3], [0.5, 0.3, 0.2], atol=0.06)


@pytest.mark.parametrize("values", ALL, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_never_falls(values, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(120, 3)) * rng.gamma(2, size=3) + rng.integers(3, size=(120, 1))
    bound = dpmm.fit(x, **{"truncation_level": 6, "n_init": 1, "seed": seed} | values).trace.log_joint
    assert (np.diff(bound) > -1e-9 * np.abs(bound[1:])).all() and len(bound) > 1


@given(st.integers(0, 10**6), st.booleans(), st.floats(0.2, 3.0))
@settings(max_examples=25, deadline=None)
def test_merges_raise_the_bound(seed, full, alpha):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 2)) + 3 * rng.integers(2, size=(60, 1))
    labels = rng.integers(5, size=60)
    ascent = Ascent.start(Points(x), Prior(), labels, 5, Concentration(alpha, 1.0), full=full, known=False)
    ascent.share()
    ascent.update(SoftSums.of(x, ascent.shares, full=full))
    before = ascent.elbo
    ascent._merge()
    ascent.share()
    assert ascent.elbo >= before - 1e-9 * abs(before)


@pytest.mark.parametrize("most", [10**6, 0])
@pytest.mark.parametrize("full", [True, False])
def test_sums_of_points_are_those_of_a_loop(monkeypatch, most, full):
    monkeypatch.setattr("phy_medicine.compute.mixture.points._MOST_PRODUCTS", most)
    rng = np.random.default_rng(0)
    x, shares = rng.normal(size=(40, 3)), rng.dirichlet(np.ones(2), size=40)
    sums = SoftSums.of_points(Points(x), shares, full=full)
    for k in range(2):
        squares = sum(
            share * (np.outer(point, point) if full else point**2) for share, point in zip(shares[:, k], x, strict=True)
        )
        np.testing.assert_allclose(sums.squares[k], squares, atol=1e-12)
        np.testing.assert_allclose(sums.sums[k], sum(s * p for s, p in zip(shares[:, k], x, strict=True)), atol=1e-12)
    np.testing.assert_allclose(sums.sizes, shares.sum(axis=0))


def test_the_bound_is_the_evidence_where_that_is_known():
    """One component with a conjugate pair: its distribution is exact, so the bound is the log evidence."""
    from scipy.stats import multivariate_t

    x = np.random.default_rng(0).normal(size=(9, 2))
    prior = Prior(m0=(0.3, -0.2), b=1.5, kappa=0.5, nu=4.0)
    fit = dpmm.fit(x, 1, covariance="full", prior=prior)
    wanted, kappa, nu, mean, scale = 0.0, 0.5, 6.0, np.array([0.3, -0.2]), np.eye(2) * 4.5
    for row in x:  # one after the other, each by the predictive distribution given those before
        shape = scale * (kappa + 1) / (kappa * (nu - 1))
        wanted += multivariate_t.logpdf(row, mean, shape, df=nu - 1)
        scale = scale + kappa / (kappa + 1) * np.outer(row - mean, row - mean)
        mean, kappa, nu = (kappa * mean + row) / (kappa + 1), kappa + 1, nu + 1
    assert fit.facts["elbo"] == pytest.approx(wanted)


@pytest.mark.parametrize("full", [False, True])
def test_the_bound_is_below_the_log_evidence_and_not_far(full):
    """The evidence of three points, by simulation from the prior."""
    x, rng = np.array([[0.4], [-0.2], [0.9]]), np.random.default_rng(0)
    prior = Prior(a=3.0, b=2.0, kappa=1.0, nu=3.0)
    bound = dpmm.fit(x, 2, prior=prior, covariance="full" if full else "diag", n_init=1).facts["elbo"]
    n = 40_000
    v = rng.beta(1, 1, n)
    if full:
        variance = 1 / rng.gamma(2.0, 1 / 2.0, size=(n, 2))  # inverse Wishart of 4 degrees of freedom and scale 4
        mean = rng.normal(size=(n, 2)) * np.sqrt(variance)
    else:
        variance, mean = 2.0 / rng.gamma(3.0, size=(n, 2)), rng.normal(size=(n, 2))
    density = np.exp(-0.5 * (x.T[:, :, None] - mean[:, None]) ** 2 / variance[:, None]) / np.sqrt(
        2 * np.pi * variance[:, None]
    )
    likelihood = (v[:, None] * density[:, :, 0] + (1 - v[:, None]) * density[:, :, 1]).prod(axis=1)
    evidence_ = np.log(likelihood.mean())
    assert evidence_ - 1.0 < bound < evidence_ + 0.02


def test_minibatches_find_the_same_clusters():
    x, _ = three_clusters(3000)
    fit = dpmm.fit(x, 10, batch=500, n_init=1)
    assert (fit.point.pi > 0.01).sum() == 3
    np.testing.assert_allclose(fit.point.mu[:3], dpmm.fit(x, 10, n_init=1).point.mu[:3], atol=0.05)


def test_many_points_go_in_minibatches(monkeypatch):
    monkeypatch.setattr(dpmm, "MANY", 1000)
    monkeypatch.setattr(dpmm, "_BATCH", 300)
    x, z = three_clusters(2000)
    fit = dpmm.fit(x, 6, n_init=1)
    assert (fit.predict(x) == z).mean() > 0.99
    assert np.diff(fit.trace.log_joint).min() < 0  # estimates of batches go up and down


@pytest.mark.parametrize(
    "values", [{}, {"covariance": "full"}, {"engine": "sklearn"}, {"fixed_variance": True}], ids=str
)
def test_a_restored_fit_predicts_the_same_to_the_bit(tmp_path, values):
    x, _ = three_clusters(150)
    fit = dpmm.fit(x, 5, n_init=1, n_iter=30, **values)
    fit.save(tmp_path)
    back = restore(tmp_path)
    for one, other in zip(fit.evaluate(x), back.evaluate(x), strict=True):
        assert one.tobytes() == other.tobytes()
    samples = [f.sample(20, np.random.default_rng(1)).tobytes() for f in (fit, back)]
    assert samples[0] == samples[1] and dict(back.facts) == dict(fit.facts)


def test_the_same_seed_gives_the_same_labels():
    x, _ = three_clusters()
    assert dpmm.fit(x, 8, seed=5).predict(x).tobytes() == dpmm.fit(x, 8, seed=5).predict(x).tobytes()


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_what_scikit_learn_finds_says_the_same_of_points_as_its_own_object(covariance):
    from sklearn.mixture import BayesianGaussianMixture

    x, _ = three_clusters(300)
    fit = dpmm.fit(x, 4, covariance=covariance, engine="sklearn", n_init=1, n_iter=60)
    theirs = BayesianGaussianMixture(n_components=4, covariance_type=covariance)
    sticks, components = fit.posterior.sticks, fit.posterior.components
    theirs.weight_concentration_ = (sticks.first, sticks.second)
    theirs.means_, theirs.converged_ = components.mean, True
    if covariance == "full":
        theirs.mean_precision_, theirs.degrees_of_freedom_ = components.kappa, components.nu
        theirs.covariances_ = components.scale / components.nu[:, None, None]
    else:
        theirs.degrees_of_freedom_ = 2 * components.shape[:, 0]
        theirs.covariances_ = components.scale / components.shape
        theirs.mean_precision_ = (theirs.covariances_ / components.spread)[:, 0]
    from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky

    theirs.precisions_cholesky_ = _compute_precision_cholesky(theirs.covariances_, covariance)
    theirs.weights_ = sticks.means
    theirs.n_features_in_ = x.shape[1]
    kept = fit.posterior.kept
    wanted = theirs.predict_proba(x)[:, kept]
    np.testing.assert_allclose(
        fit.responsibilities(x), wanted / wanted.sum(axis=1, keepdims=True), atol=1e-6
    )  # fmt: skip
    assert len(fit.trace) > 1


def test_the_most_likely_mixture_is_that_of_scikit_learn():
    x, _ = three_clusters(300)
    fit = gmm.fit(x, 3, engine="sklearn")
    assert len(list(fit.draws())) == 1
    assert fit.log_density(x).sum() / 300 == pytest.approx(fit.facts["log_likelihood"], abs=1e-3)
    assert len(np.unique(fit.predict(x))) == 3 and len(fit.trace) > 1


def test_sticks_have_the_moments_of_their_betas():
    sticks = Sticks(np.array([2.0, 3.0]), np.array([4.0, 1.5]), 3)
    rng = np.random.default_rng(0)
    draws = np.array([sticks.draw(rng) for _ in range(20_000)])
    np.testing.assert_allclose(draws.mean(axis=0), sticks.means, atol=0.01)
    np.testing.assert_allclose(np.log(draws).mean(axis=0), sticks.mean_logs, atol=0.03)
    alpha = Concentration(2.0, 3.0, (1.0, 1.0))
    own, a = (
        beta.rvs(sticks.first, sticks.second, size=(40_000, 2), random_state=1),
        gamma.rvs(2, scale=1 / 3, size=40_000, random_state=2),
    )
    logs = beta.logpdf(own, sticks.first, sticks.second) - np.log(a)[:, None] - (a - 1)[:, None] * np.log1p(-own)
    assert sticks.kl(alpha) == pytest.approx(logs.sum(axis=1).mean(), abs=0.05)
    assert alpha.kl == pytest.approx((gamma.logpdf(a, 2, scale=1 / 3) - gamma.logpdf(a, 1)).mean(), abs=0.02)


@given(st.lists(st.floats(0, 50), min_size=2, max_size=5), st.floats(0.1, 1.0))
@settings(max_examples=50, deadline=None)
def test_the_order_by_size_is_best_unless_the_concentration_is_large(sizes, alpha):
    from itertools import permutations

    best = max(evidence(np.array(p), alpha) for p in permutations(sizes))
    assert evidence(np.sort(sizes)[::-1], alpha) == pytest.approx(best)


@pytest.mark.parametrize("kind", ["independent", "wishart"])
def test_draws_of_components_have_their_means(kind):
    x, _ = three_clusters(100)
    sums = SoftSums.of(x, np.ones((100, 1)), full=kind == "wishart")
    prior, rng = Prior(m0=(1.0, 0.0)), np.random.default_rng(0)
    found = Wishart.start(prior, sums) if kind == "wishart" else Independent.start(prior, sums, known=False)
    draws = [found.draw(rng, np.ones(1)) for _ in range(2000)]
    np.testing.assert_allclose(np.mean([d.mu for d in draws], axis=0), found.mean, atol=0.06)
    precision = [np.linalg.inv(d.sigma2) if kind == "wishart" else 1 / d.sigma2 for d in draws]
    wanted = np.linalg.inv(found.means_of(np.ones(1)).sigma2) if kind == "wishart" else found.precision
    np.testing.assert_allclose(np.mean(precision, axis=0), wanted, atol=0.03)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"truncation_level": 0}, "between 1 and the 9 points"), ({"n_iter": 0}, "at least one iteration"),
        ({"covariance": "x"}, "one of diag, full"), ({"engine": "x"}, "native, sklearn"), ({"alpha": 0.0}, "above 0"),
        ({"fixed_variance": True, "covariance": "full"}, "no covariance"),
        ({"engine": "sklearn", "batch": 3}, "no minibatches"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said(values, said):
    with pytest.raises(PhyMedError, match=said):
        dpmm.fit(np.zeros((9, 2)), **{"truncation_level": 2} | values)


def test_identical_points_are_one_component():
    assert dpmm.fit(np.ones((30, 2)), 4).point.pi.tolist() == [1.0]
