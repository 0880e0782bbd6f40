"""The parameters of one mixture of Gaussians, and what they say of points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture.points import Form, Points

LOG_2_PI = float(np.log(2 * np.pi))
_LEAST = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True)
class Parameters:
    """Weights, means and variances of the components.

    pi : (k,) float64, sum 1
    mu : (k, d) float64, unit of the points
    sigma2 : (k, d) float64, the variances of components without correlations, or (k, d, d), their covariances
    """

    pi: FloatArray
    mu: FloatArray
    sigma2: FloatArray

    @property
    def full(self) -> bool:
        """Whether components have correlations."""
        return self.sigma2.ndim == 3

    def form(self) -> Form:
        """Return the parameters as the compiled loops take them."""
        d = self.mu.shape[1]
        weights = np.log(np.maximum(self.pi, _LEAST)) - 0.5 * d * LOG_2_PI
        if not self.full:
            return Form(weights - 0.5 * np.log(self.sigma2).sum(axis=1), self.mu, 0.5 / self.sigma2)
        lower = np.linalg.cholesky(self.sigma2)
        logs = np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
        return Form(weights - logs, self.mu, np.zeros((0, d)), np.tril(np.linalg.inv(lower)))

    def log_components(self, x: AnyArray) -> FloatArray:
        """Return (n, k) float64, the log of weight times density; x : (n, d)."""
        return Points(x).logs(self.form())

    def log_density(self, x: AnyArray) -> FloatArray:
        """Return (n,) float64, the log density of points; x : (n, d)."""
        logs = self.log_components(x)
        top = logs.max(axis=1)
        found: FloatArray = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))
        return found

    def responsibilities(self, x: AnyArray) -> FloatArray:
        """Return (n, k) float64, the probability of each component for each point."""
        logs = self.log_components(x)
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return shares

    def sample(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Return new points (n, d) float64, and the component of each (n,) int64."""
        labels = rng.choice(len(self.pi), size=n, p=self.pi / self.pi.sum())
        noise = rng.standard_normal((n, self.mu.shape[1]))
        if not self.full:
            return self.mu[labels] + np.sqrt(self.sigma2[labels]) * noise, labels
        lower = np.linalg.cholesky(self.sigma2)
        points = np.empty_like(noise)
        for k in range(len(self.pi)):
            own = labels == k
            points[own] = self.mu[k] + noise[own] @ lower[k].T
        return points, labels
