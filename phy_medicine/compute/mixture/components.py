"""Variational distributions of the components' means and variances, updated from soft sums of the points.

Source: Bishop 2006, Pattern Recognition and Machine Learning, chapter 10; Blei & Jordan 2006, Bayesian Anal. 1:121.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from scipy.special import digamma, multigammaln

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture.parameters import LOG_2_PI, Parameters
from phy_medicine.compute.mixture.points import Form, Points
from phy_medicine.compute.mixture.prior import Prior
from phy_medicine.compute.mixture.sticks import gamma_kl
from phy_medicine.compute.mixture.wishart import normal_inverse_wishart


@dataclass(frozen=True, slots=True)
class SoftSums:
    """Sums over points by how much they belong to each component.

    sizes : (k,); sums : (k, d), of the points; squares : (k, d), of their squares, or (k, d, d), of their products
    """

    sizes: FloatArray
    sums: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, x: FloatArray, shares: FloatArray, *, full: bool) -> SoftSums:
        """Sum points (n, d) by their shares (n, k)."""
        sums = shares.T @ x
        if not full:
            return cls(shares.sum(axis=0), sums, shares.T @ x**2)
        return cls(shares.sum(axis=0), sums, np.stack([(x * share[:, None]).T @ x for share in shares.T]))

    @classmethod
    def of_points(cls, points: Points, shares: FloatArray, *, full: bool) -> SoftSums:
        """Sum points by their shares (n, k), fast where the same points are summed again and again."""
        products = points.products if full else None
        if products is None:
            return cls.of(points.rows, shares, full=full)
        squares = np.empty((shares.shape[1], points.d, points.d))
        first, second = np.tril_indices(points.d)
        squares[:, first, second] = squares[:, second, first] = points.weighted(products, shares).T
        return cls(shares.sum(axis=0), points.weighted(points.columns, shares).T, squares)

    def mixed(self, other: SoftSums, part: float, scale: float) -> SoftSums:
        """Return these sums moved by a part towards other ones, which are scaled."""
        pairs = ((self.sizes, other.sizes), (self.sums, other.sums), (self.squares, other.squares))
        return SoftSums(*((1 - part) * own + part * scale * new for own, new in pairs))

    def take(self, places: IntArray) -> SoftSums:
        """Return those of chosen components in the order given."""
        return SoftSums(self.sizes[places], self.sums[places], self.squares[places])

    def joined(self, a: int, b: int) -> SoftSums:
        """Return those of two components as one."""
        return SoftSums(*((arr[a] + arr[b])[None] for arr in (self.sizes, self.sums, self.squares)))


class Components(Protocol):
    """Distributions of the means and variances of k components."""

    def updated(self, prior: Prior, sums: SoftSums) -> Self:
        """Return better distributions, given the sums of the points."""

    def form(self, weights: FloatArray) -> Form:
        """Return the expected log densities, with expected logs of the weights (k,)."""

    def bounds(self, prior: Prior, sums: SoftSums) -> FloatArray:
        """(k,), expected log density of the points in the sums less the divergence from the prior."""

    def divergence(self, prior: Prior, sums: SoftSums) -> float:
        """The divergence from the prior of all components; sums : that they were updated with."""

    def means_of(self, weights: FloatArray) -> Parameters:
        """The parameters on average."""

    def draw(self, rng: np.random.Generator, weights: FloatArray) -> Parameters:
        """Draw parameters."""

    def take(self, places: IntArray) -> Self:
        """Those of chosen components in the order given."""

    def moved(self, by: FloatArray) -> Self:
        """The same for points moved by (d,)."""

    def arrays(self) -> Mapping[str, AnyArray]:
        """What it takes to make it anew."""


@dataclass(frozen=True, slots=True)
class Independent:
    """Normal means and inverse gamma variances, all independent.

    mean, spread : (k, d), of the means and their variances
    shape, scale : (k, d) of the variances; with `known` variances are 1 and these are not used
    """

    mean: FloatArray
    spread: FloatArray
    shape: FloatArray
    scale: FloatArray
    known: bool = False

    @classmethod
    def start(cls, prior: Prior, sums: SoftSums, *, known: bool) -> Independent:
        """Return a first guess, from the variance of each component's points."""
        sizes = np.maximum(sums.sizes, 1e-9)[:, None]
        mean = sums.sums / sizes
        variance = np.maximum(sums.squares / sizes - mean**2, 0) + prior.b / (prior.a + 0.5 * sizes)
        first = cls(mean, variance / sizes, np.ones_like(mean), variance, known)
        return first.updated(prior, sums)

    @property
    def precision(self) -> FloatArray:
        """(k, d), the expected inverse of the variances."""
        return np.ones_like(self.mean) if self.known else self.shape / self.scale

    @property
    def log_precision(self) -> FloatArray:
        """(k, d), the expected log of it."""
        return np.zeros_like(self.mean) if self.known else digamma(self.shape) - np.log(self.scale)

    def updated(self, prior: Prior, sums: SoftSums) -> Independent:
        sizes = sums.sizes[:, None]
        precision = self.precision
        spread = 1.0 / (1.0 / prior.s0**2 + sizes * precision)
        mean = spread * (np.asarray(prior.m0) / prior.s0**2 + precision * sums.sums)
        moved = replace(self, mean=mean, spread=spread)
        if self.known:
            return moved
        shape = np.broadcast_to(prior.a + 0.5 * sizes, mean.shape)
        return replace(moved, shape=shape, scale=prior.b + 0.5 * moved._squares(sums))

    def _squares(self, sums: SoftSums) -> FloatArray:
        sizes = sums.sizes[:, None]
        about = sums.squares - 2 * self.mean * sums.sums + sizes * self.mean**2
        return np.maximum(about, 0.0) + sizes * self.spread

    def form(self, weights: FloatArray) -> Form:
        precision = self.precision
        each = self.log_precision - LOG_2_PI - precision * self.spread
        return Form(weights + 0.5 * each.sum(axis=1), self.mean, 0.5 * precision)

    def bounds(self, prior: Prior, sums: SoftSums) -> FloatArray:
        each = sums.sizes[:, None] * (self.log_precision - LOG_2_PI) - self.precision * self._squares(sums)
        return 0.5 * each.sum(axis=1) - self._divergences(prior)

    def divergence(self, prior: Prior, sums: SoftSums) -> float:
        return float(self._divergences(prior).sum())

    def _divergences(self, prior: Prior) -> FloatArray:
        ratio = self.spread / prior.s0**2
        each = 0.5 * (ratio + ((self.mean - prior.m0) / prior.s0) ** 2 - 1 - np.log(ratio))
        if not self.known:
            each = each + gamma_kl(self.shape, self.scale, prior.a, prior.b)
        found: FloatArray = each.sum(axis=1)
        return found

    def means_of(self, weights: FloatArray) -> Parameters:
        return Parameters(weights, self.mean, 1.0 / self.precision)

    def draw(self, rng: np.random.Generator, weights: FloatArray) -> Parameters:
        mean = self.mean + np.sqrt(self.spread) * rng.standard_normal(self.mean.shape)
        variance = np.ones_like(mean) if self.known else self.scale / rng.standard_gamma(self.shape)
        return Parameters(weights, mean, variance)

    def take(self, places: IntArray) -> Independent:
        return Independent(*(a[places] for a in (self.mean, self.spread, self.shape, self.scale)), self.known)

    def moved(self, by: FloatArray) -> Independent:
        return replace(self, mean=self.mean + by)

    def arrays(self) -> Mapping[str, AnyArray]:
        return {
            "mean": self.mean, "spread": self.spread, "shape": np.ascontiguousarray(self.shape), "scale": self.scale,
            "known": np.array(self.known),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wishart:
    """Normal means and inverse Wishart covariances, together.

    mean : (k, d); kappa, nu : (k,); scale : (k, d, d)
    """

    mean: FloatArray
    kappa: FloatArray
    nu: FloatArray
    scale: FloatArray

    @classmethod
    def start(cls, prior: Prior, sums: SoftSums) -> Wishart:
        """Return the best ones given the sums; they do not depend on what was before."""
        d = sums.sums.shape[1]
        m0 = np.broadcast_to(np.asarray(prior.m0, dtype=np.float64), (d,))
        kappa = prior.kappa + sums.sizes
        mean = (prior.kappa * m0 + sums.sums) / kappa[:, None]
        outer = kappa[:, None, None] * mean[:, :, None] * mean[:, None, :]
        scale = prior.scale(d) + prior.kappa * np.outer(m0, m0) + sums.squares - outer
        return cls(mean, kappa, prior.freedom(d) + sums.sizes, 0.5 * (scale + scale.transpose(0, 2, 1)))

    def updated(self, prior: Prior, sums: SoftSums) -> Wishart:
        return Wishart.start(prior, sums)

    @property
    def _log_precision(self) -> FloatArray:
        """(k,), the expected log determinant of the inverse covariances."""
        d = self.mean.shape[1]
        each = digamma(0.5 * (self.nu[:, None] - np.arange(d))).sum(axis=1)
        found: FloatArray = each + d * np.log(2) - np.linalg.slogdet(self.scale)[1]
        return found

    def form(self, weights: FloatArray) -> Form:
        d = self.mean.shape[1]
        factors = np.sqrt(self.nu)[:, None, None] * np.tril(np.linalg.inv(np.linalg.cholesky(self.scale)))
        offsets = weights + 0.5 * (self._log_precision - d * LOG_2_PI - d / self.kappa)
        return Form(offsets, self.mean, np.zeros((0, d)), factors)

    def bounds(self, prior: Prior, sums: SoftSums) -> FloatArray:
        d = self.mean.shape[1]
        nu0, scale0 = prior.freedom(d), prior.scale(d)
        found: FloatArray = (
            -0.5 * sums.sizes * d * np.log(np.pi)
            + multigammaln(0.5 * self.nu, d)
            - multigammaln(0.5 * nu0, d)
            + 0.5 * nu0 * np.linalg.slogdet(scale0)[1]
            - 0.5 * self.nu * np.linalg.slogdet(self.scale)[1]
            + 0.5 * d * np.log(prior.kappa / self.kappa)
        )
        return found

    def divergence(self, prior: Prior, sums: SoftSums) -> float:
        d = self.mean.shape[1]
        cross = self.mean[:, :, None] * sums.sums[:, None, :]
        products = sums.squares - cross - cross.transpose(0, 2, 1)
        products = products + sums.sizes[:, None, None] * self.mean[:, :, None] * self.mean[:, None, :]
        squared = self.nu * np.einsum("kij,kji->k", np.linalg.inv(self.scale), products) + sums.sizes * d / self.kappa
        expected = 0.5 * (sums.sizes * (self._log_precision - d * LOG_2_PI) - squared)
        return float((expected - self.bounds(prior, sums)).sum())

    def means_of(self, weights: FloatArray) -> Parameters:
        return Parameters(weights, self.mean, self.scale / self.nu[:, None, None])

    def draw(self, rng: np.random.Generator, weights: FloatArray) -> Parameters:
        return Parameters(weights, *normal_inverse_wishart(rng, self.mean, self.kappa, self.nu, self.scale))

    def take(self, places: IntArray) -> Wishart:
        return Wishart(self.mean[places], self.kappa[places], self.nu[places], self.scale[places])

    def moved(self, by: FloatArray) -> Wishart:
        return replace(self, mean=self.mean + by)

    def arrays(self) -> Mapping[str, AnyArray]:
        return {"mean": self.mean, "kappa": self.kappa, "nu": self.nu, "scale": self.scale}
