"""The conditional distributions of a mixture's parameters, given the points of each component.

Source: Gelman et al. 2013, Bayesian Data Analysis, 3rd ed., chapters 3 and 22.
"""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.mixture.parameters import LOG_2_PI, Parameters
from phy_medicine.compute.mixture.points import Sums
from phy_medicine.compute.mixture.prior import Prior
from phy_medicine.compute.mixture.wishart import normal_inverse_wishart


def draw_weights(rng: np.random.Generator, prior: Prior, sizes: FloatArray) -> FloatArray:
    """Draw weights (k,) given the sizes (k,) of the components."""
    return rng.dirichlet(prior.alpha + sizes)


def draw_means(rng: np.random.Generator, prior: Prior, sums: Sums, sigma2: FloatArray) -> FloatArray:
    """Draw means (k, d) given the points and the variances (k, d)."""
    sizes = sums.sizes[:, None]
    variance = 1.0 / (1.0 / prior.s0**2 + sizes / sigma2)
    total = sums.sums + sizes * sums.centres
    mean = variance * (np.asarray(prior.m0) / prior.s0**2 + total / sigma2)
    drawn: FloatArray = mean + np.sqrt(variance) * rng.standard_normal(mean.shape)
    return drawn


def squares_about(sums: Sums, means: FloatArray) -> FloatArray:
    """Return (k, d), the sums of squared deviations from other means than the centres the sums were taken about."""
    moved = means - sums.centres
    return np.maximum(sums.squares - 2 * moved * sums.sums + sums.sizes[:, None] * moved**2, 0.0)


def draw_variances(rng: np.random.Generator, prior: Prior, sizes: FloatArray, squares: FloatArray) -> FloatArray:
    """Draw variances (k, d) given the sizes (k,) and the sums of squared deviations from the means (k, d)."""
    shapes = np.broadcast_to(prior.a + 0.5 * sizes[:, None], squares.shape)
    drawn: FloatArray = (prior.b + 0.5 * squares) / rng.standard_gamma(shapes)
    return drawn


def draw_normal_wishart(rng: np.random.Generator, prior: Prior, sums: Sums) -> tuple[FloatArray, FloatArray]:
    """Draw means (k, d) and covariances (k, d, d) together, given the points."""
    kappa, nu, means, scales = posterior_normal_wishart(prior, sums)
    return normal_inverse_wishart(rng, means, kappa, nu, scales)


def posterior_normal_wishart(prior: Prior, sums: Sums) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return kappa (k,), degrees of freedom (k,), means (k, d) and scales (k, d, d) given the points."""
    d = sums.centres.shape[1]
    sizes = sums.sizes[:, None]
    kappa, nu = prior.kappa + sums.sizes, prior.freedom(d) + sums.sizes
    shift = sums.centres - np.asarray(prior.m0)
    means = np.asarray(prior.m0) + (sizes * shift + sums.sums) / kappa[:, None]
    inside = sums.sums / np.maximum(sizes, 1.0)
    within = sums.squares - sizes[:, :, None] * inside[:, :, None] * inside[:, None, :]
    between = shift + inside
    weight = (prior.kappa * sums.sizes / kappa)[:, None, None]
    scales = prior.scale(d) + within + weight * between[:, :, None] * between[:, None, :]
    return kappa, nu, means, scales


def log_likelihood(parameters: Parameters, sums: Sums) -> float:
    """Return the log density of points and labels together, given the parameters."""
    d = parameters.mu.shape[1]
    log_pi = np.log(np.maximum(parameters.pi, np.finfo(float).tiny))
    labels = float(sums.sizes @ log_pi)
    if not parameters.full:
        squares = squares_about(sums, parameters.mu)
        each = sums.sizes[:, None] * (LOG_2_PI + np.log(parameters.sigma2)) + squares / parameters.sigma2
        return labels - 0.5 * float(each.sum())
    moved = parameters.mu - sums.centres
    cross = moved[:, :, None] * sums.sums[:, None, :]
    products = sums.squares - cross - cross.transpose(0, 2, 1)
    products += sums.sizes[:, None, None] * moved[:, :, None] * moved[:, None, :]
    squared = np.einsum("kij,kji->k", np.linalg.inv(parameters.sigma2), products)
    log_dets = np.linalg.slogdet(parameters.sigma2)[1]
    return labels - 0.5 * float((sums.sizes * (d * LOG_2_PI + log_dets) + squared).sum())


def draw_parameters(rng: np.random.Generator, prior: Prior, sums: Sums, sigma2: FloatArray) -> Parameters:
    """Draw all parameters in turn given the points of each component; sigma2 : the present ones."""
    pi = draw_weights(rng, prior, sums.sizes)
    if sigma2.ndim == 3:
        return Parameters(pi, *draw_normal_wishart(rng, prior, sums))
    mu = draw_means(rng, prior, sums, sigma2)
    return Parameters(pi, mu, draw_variances(rng, prior, sums.sizes, squares_about(sums, mu)))


def draw_prior(rng: np.random.Generator, prior: Prior, k: int, d: int, *, full: bool) -> Parameters:
    """Draw parameters of k components in d dimensions from the prior."""
    spread = np.zeros((k, d, d)) if full else np.zeros((k, d))
    nothing = Sums(np.zeros((k, d)), np.zeros(k), np.zeros((k, d)), spread)
    pi = draw_weights(rng, prior, nothing.sizes)
    if full:
        return Parameters(pi, *draw_normal_wishart(rng, prior, nothing))
    sigma2 = draw_variances(rng, prior, nothing.sizes, nothing.squares)
    return Parameters(pi, draw_means(rng, prior, nothing, np.full((k, d), np.inf)), sigma2)
