"""One cluster or two: the evidence is that of the slow way, and it is right about what it is asked."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp
from scipy.stats import multivariate_t

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture.one_or_two import log_evidence, log_evidence_of_one, one_or_two
from phy_medicine.compute.mixture.prior import Prior


def one_by_one(x, prior):
    """Log evidence of a Gaussian: each point by its distribution given those before it, a t distribution."""
    d, total = x.shape[1], 0.0
    mean, kappa, nu = np.broadcast_to(prior.m0, (d,)).astype(float), prior.kappa, prior.freedom(d)
    scale = prior.scale(d)
    for row in x:
        df = nu - d + 1
        total += multivariate_t.logpdf(row, mean, scale * (kappa + 1) / (kappa * df), df)
        scale = scale + kappa / (kappa + 1) * np.outer(row - mean, row - mean)
        mean = (kappa * mean + row) / (kappa + 1)
        kappa, nu = kappa + 1, nu + 1
    return total


def of_two(x, labels, prior):
    """Log evidence of two Gaussians with the labels given, and of the labels with a weight that is uniform."""
    n1 = int(labels.sum())
    of_labels = gammaln(n1 + 1) + gammaln(len(x) - n1 + 1) - gammaln(len(x) + 2)
    return of_labels + log_evidence_of_one(x[labels], prior) + log_evidence_of_one(x[~labels], prior)


@pytest.mark.parametrize("d", [1, 3])
def test_the_evidence_of_one_is_that_of_point_after_point(d):
    x = 3 + 2 * np.random.default_rng(d).normal(size=(30, d))
    prior = Prior.of("data", x)
    assert log_evidence_of_one(x, prior) == pytest.approx(one_by_one(x, prior), rel=1e-9)


def test_two_are_bounded_by_all_ways_to_share_out_the_points():
    rng = np.random.default_rng(0)
    for apart in (0.0, 1.5, 12.0):
        x = rng.normal(size=(8, 2))
        x[4:, 0] += apart
        prior = Prior.of("data", x)
        ways = [np.array(way, bool) for way in product((False, True), repeat=len(x))]
        exact = logsumexp([of_two(x, way, prior) for way in ways])
        bound = log_evidence_of_one(x, prior) - log_evidence(x[:4], x[4:])
        assert bound < exact
        if apart == 12:
            assert bound == pytest.approx(of_two(x, np.arange(8) < 4, prior), abs=0.1)


def test_one_cluster_cut_at_random_is_one_and_two_neurons_are_two():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1200, 6, 3))
    found = one_or_two(x[::2], x[1::2])
    assert found.log_evidence > 0 and found.depth == 0 and found.lda_error > 0.45 and found.n == 600
    x[600:] += 2
    found = one_or_two(x[:600], x[600:])
    assert found.log_evidence < 0 and found.depth > 0.9 and found.lda_error < 0.01


def test_a_neuron_that_the_probe_jumped_away_from_is_one_where_both_clusters_saw_it_jump():
    x = np.random.default_rng(2).normal(size=(1600, 8))
    x[800:, 0] += 9
    found = one_or_two(x[::2], x[1::2])
    assert found.log_evidence > 0 and found.depth == 0


def test_a_neuron_cut_by_its_amplitude_is_one():
    x = np.random.default_rng(3).normal(size=(2000, 8))
    x[:, 0] += np.random.default_rng(4).normal(size=2000)
    found = one_or_two(x[x[:, 0] < 0.5], x[x[:, 0] >= 0.5])
    assert found.log_evidence > 0 and found.depth < 0.1


def test_few_spikes_say_nothing():
    with pytest.raises(PhyMedError, match="19 spikes are too few"):
        one_or_two(np.zeros((19, 4)), np.zeros((500, 4)))
