"""Amplitudes and gains against the log posterior on a grid of amplitudes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_ndtr
from scipy.stats import expon, truncnorm

from phy_medicine.compute.sorting.priors import Exponential, TruncatedNormal

GRID = np.linspace(0, 60, 600_001)
NOISE = 1.5


def log_posterior(score: float, log_prior: np.ndarray) -> np.ndarray:
    return (2 * GRID * score - GRID**2) / (2 * NOISE**2) + log_prior


def density(prior):
    if isinstance(prior, Exponential):
        return expon(scale=1 / prior.rate)
    return truncnorm(-prior.mean / prior.std, np.inf, prior.mean, prior.std)


PRIORS = [Exponential(2.0, 0.01), TruncatedNormal(12.0, 3.0, 0.01), TruncatedNormal(0.0, 5.0, 0.01)]


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("score", [-3.0, 4.0, 10.0, 25.0])
def test_the_amplitude_is_where_the_posterior_is_largest(prior, score):
    best = GRID[log_posterior(score, density(prior).logpdf(GRID)).argmax()]
    assert float(prior.amplitude(np.float64(score), NOISE)) == pytest.approx(best, abs=1e-3)


@pytest.mark.parametrize("score", [-20.0, 0.0, 4.0, 10.0, 25.0])
def test_the_evidence_is_the_integral_over_amplitudes(score):
    prior = TruncatedNormal(12.0, 3.0, 0.01)
    integral = np.trapezoid(np.exp(log_posterior(score, density(prior).logpdf(GRID))), GRID)
    assert float(prior.gain(np.float64(score), NOISE)) == pytest.approx(np.log(integral) - np.log(99), abs=1e-4)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_map_gain_is_the_largest_posterior_up_to_the_constant_of_the_prior(prior):
    if isinstance(prior, TruncatedNormal):
        prior = TruncatedNormal(prior.mean, prior.std, prior.probability, evidence=False)
        log_prior = -((GRID - prior.mean) ** 2) / (2 * prior.std**2)
    else:
        log_prior = -prior.rate * GRID
    best = log_posterior(10.0, log_prior).max() - np.log(99)
    assert float(prior.gain(np.float64(10.0), NOISE)) == pytest.approx(best, abs=1e-3)


@pytest.mark.parametrize(
    "prior",
    [*PRIORS, Exponential(2.0), TruncatedNormal(12.0, 3.0, 0.01, evidence=False), TruncatedNormal(20.0, 2.0, 1e-5)],
)
def test_spikes_are_worth_something_from_the_threshold_on(prior):
    threshold = prior.threshold(NOISE)
    gain = prior.gain(np.array([threshold - 1e-3, threshold + 1e-3]), NOISE)
    assert gain[0] <= 0 < gain[1]


def test_five_spikes_a_second_with_a_flat_prior_need_four_point_two_standard_deviations():
    flat = TruncatedNormal(0.0, 1e6, 5 / 30000, evidence=False)
    assert flat.threshold(1.0) == pytest.approx(4.17, abs=0.01)


def test_height_alone_is_the_threshold_of_the_exponential_prior_without_a_probability():
    assert Exponential(5.0).threshold(2.0) == 20.0


def test_the_gain_keeps_its_precision_far_below_the_mean():
    gain = TruncatedNormal(50.0, 5.0, 0.001).gain(np.array([-1e4, -1e3, 0.0]), 1.0)
    assert np.isfinite(gain).all() and (np.diff(gain) > 0).all()


def test_a_narrow_weight_fixes_the_amplitude_and_a_wide_one_leaves_the_score():
    assert float(TruncatedNormal(10.0, 1e-6, 0.01).amplitude(np.float64(20.0), 1.0)) == pytest.approx(10.0)
    assert float(TruncatedNormal(10.0, 1e6, 0.01).amplitude(np.float64(20.0), 1.0)) == pytest.approx(20.0)


def test_priors_learn_from_spikes():
    learned = TruncatedNormal(1.0, 1.0, 0.5).learned(np.array([9.0, 10.0, 11.0]), 300)
    assert (learned.mean, learned.std, learned.probability) == (10.0, 1.0, 0.01)
    assert TruncatedNormal(1.0, 1.0, 0.5).learned(np.array([9.0]), 300) == TruncatedNormal(1.0, 1.0, 0.5)
    assert Exponential(3.0, 0.5).learned(np.ones(3), 300) == Exponential(3.0, 0.01)


@pytest.mark.parametrize("prior", [*PRIORS, Exponential(2.0), TruncatedNormal(12.0, 3.0, 0.01, evidence=False)])
def test_coefficients_say_the_same(prior):
    h, a0, a1, g0, g1, g2, p0, p1 = prior.coefficients(NOISE)
    scores = np.linspace(h + 0.01, 60, 50)
    np.testing.assert_allclose(np.maximum(0, a0 + a1 * scores), prior.amplitude(scores, NOISE), rtol=1e-12)
    gain = g0 + g1 * scores + g2 * scores**2 + log_ndtr(p0 + p1 * scores)
    np.testing.assert_allclose(gain, prior.gain(scores, NOISE), rtol=1e-9, atol=1e-9)
    assert h == prior.threshold(NOISE)


def test_no_spike_is_smaller_than_the_least_score_whatever_it_explains():
    free = TruncatedNormal(40.0, 20.0, 1e-4)
    bound = TruncatedNormal(40.0, 20.0, 1e-4, least=20.0)
    assert free.threshold(1.0) < 20.0
    assert bound.threshold(1.0) == bound.coefficients(1.0)[0] == 20.0
    # A least score below what makes a spike anyway changes nothing, and it stays when the prior is learned.
    assert TruncatedNormal(40.0, 20.0, 1e-4, least=1.0).threshold(1.0) == free.threshold(1.0)
    assert bound.learned(np.full(5, 38.0), 1000).least == 20.0
