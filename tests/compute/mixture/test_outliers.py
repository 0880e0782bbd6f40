"""Outliers and uncertain spikes: as the slow, obvious way has them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture import dpmm
from phy_medicine.compute.mixture.neuron import neuron_model
from phy_medicine.compute.mixture.outliers import find_outliers, of_model
from phy_medicine.compute.mixture.uncertain import by_shares, find_uncertain, shares_of


def density(fit, x):
    point = fit.point
    each = [
        np.log(w) + multivariate_normal.logpdf(x, m, c)
        for w, m, c in zip(point.pi, point.mu, point.sigma2, strict=True)
    ]
    return logsumexp(each, axis=0)


def two_kinds(n=800, apart=7.0, d=5, seed=0):
    rng = np.random.default_rng(seed)
    z = (np.arange(n) % 4 == 0).astype(int)
    return rng.normal(size=(n, d)) + apart * z[:, None] * np.eye(d)[0], z


def test_outliers_lie_below_the_quantile_of_new_spikes():
    x, _ = two_kinds()
    fit = dpmm.fit(x, 4, covariance="full", n_init=1)
    found = of_model(fit, x, 0.05, np.random.default_rng(3))
    drawn = np.sort(density(fit, fit.sample(20_000, np.random.default_rng(3))))
    limit = np.interp(0.05 * (len(drawn) - 1), np.arange(len(drawn)), drawn)
    assert found.limit == pytest.approx(limit, rel=1e-9)
    assert found.rows.tolist() == [i for i, value in enumerate(density(fit, x)) if value < limit]
    assert found.log_density == pytest.approx(density(fit, x), rel=1e-9)


def test_collisions_are_found_and_do_not_become_a_part_of_the_model():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 6, 3))
    clean = find_outliers(x)
    assert len(clean.rows) < 3 * clean.expected == 45
    hit = np.sort(rng.choice(3000, 90, replace=False))
    x[hit] += 4 * rng.normal(size=(90, 6, 3))
    found = find_outliers(x)
    assert np.isin(hit, found.rows).mean() > 0.97 and len(found.rows) < 130
    assert "expected by chance" in found.reason and f"{len(found.rows)} of 3,000" in found.reason


def test_groups_share_out_the_spikes_by_bayes():
    x, z = two_kinds(apart=3.0)
    fits, sizes = [neuron_model(x[z == k]) for k in (0, 1)], np.array([600, 200])
    shares = shares_of(fits, sizes, x)
    for row in range(0, 800, 37):
        weights = [n * np.exp(density(fit, x[row : row + 1])) for n, fit in zip(sizes, fits, strict=True)]
        assert shares[row] == pytest.approx(np.ravel(weights) / np.sum(weights), rel=1e-6)


def test_uncertain_spikes_are_those_of_the_plain_rule():
    rng = np.random.default_rng(5)
    shares, groups = rng.dirichlet([0.3] * 3, 300), rng.integers(0, 3, 300)
    found = by_shares(shares, groups, 0.6)
    expected = [
        (i, g, max((k for k in range(3) if k != g), key=lambda k: s[k]))
        for i, (s, g) in enumerate(zip(shares, groups.tolist(), strict=True))
        if s[g] < 0.6
    ]
    assert list(zip(found.rows.tolist(), found.groups.tolist(), found.seconds.tolist(), strict=True)) == expected
    assert found.certainty.tolist() == [shares[i, g] for i, g, _ in expected]
    assert found.better.tolist() == [bool(shares[i, k] > shares[i, g]) for i, g, k in expected]


def test_spikes_in_the_wrong_group_go_back():
    x, z = two_kinds(n=2000, apart=6.0)
    wrong = np.random.default_rng(2).choice(2000, 60, replace=False)
    labels = z.copy()
    labels[wrong] = 1 - z[wrong]
    found = find_uncertain(x, labels)
    labels[found.rows[found.better]] = found.seconds[found.better]
    assert (labels == z).mean() > 0.995


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(PhyMedError, match="39 spikes are too few"):
        find_outliers(np.random.default_rng(0).normal(size=(39, 4)))
    with pytest.raises(PhyMedError, match="two at least"):
        find_uncertain(np.zeros((100, 3)), np.zeros(100, int))
