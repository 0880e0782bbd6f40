"""Weights by breaking a stick: the variational distribution of the parts, and of how freely it is broken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, digamma, gammaln

from phy_medicine.base.types import FloatArray


@dataclass(frozen=True, slots=True)
class Concentration:
    """The concentration of a Dirichlet process: Gamma(shape, rate), or known, then shape / rate with `known`.

    prior : (shape, rate) of the hyperprior
    """

    shape: float
    rate: float
    prior: tuple[float, float] | None = None

    @property
    def mean(self) -> float:
        """Its expectation."""
        return self.shape / self.rate

    @property
    def mean_log(self) -> float:
        """The expectation of its logarithm."""
        return float(np.log(self.mean) if self.prior is None else digamma(self.shape) - np.log(self.rate))

    @property
    def kl(self) -> float:
        """Divergence from the hyperprior."""
        if self.prior is None:
            return 0.0
        return float(gamma_kl(self.shape, self.rate, *self.prior))


@dataclass(frozen=True, slots=True)
class Sticks:
    """Beta(first, second) for each part but the last, which is what is left; or for all, as scikit-learn has it.

    first, second : (k - 1,) or (k,) float64; k : number of components
    """

    first: FloatArray
    second: FloatArray
    k: int

    @classmethod
    def of(cls, sizes: FloatArray, alpha: float) -> Sticks:
        """Return the best ones given the expected sizes (k,) of the components."""
        after = np.cumsum(sizes[::-1])[::-1]
        return cls(1.0 + sizes[:-1], alpha + after[1:], len(sizes))

    @property
    def mean_log_rest(self) -> FloatArray:
        """(k - 1,) or (k,), the expected log of what each break leaves."""
        found: FloatArray = digamma(self.second) - digamma(self.first + self.second)
        return found

    @property
    def mean_logs(self) -> FloatArray:
        """(k,), the expected log of each weight."""
        logs = np.zeros(self.k)
        n = len(self.first)
        logs[:n] = digamma(self.first) - digamma(self.first + self.second)
        logs[1:] += np.cumsum(self.mean_log_rest)[: self.k - 1]
        return logs

    @property
    def means(self) -> FloatArray:
        """(k,), the expected weights, sum 1."""
        return _broken(self.first / (self.first + self.second), self.k)

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """Draw weights (k,), sum 1."""
        return _broken(rng.beta(self.first, self.second), self.k)

    def kl(self, alpha: Concentration) -> float:
        """Divergence from Beta(1, alpha), in expectation over alpha."""
        rest = self.mean_log_rest
        logs = digamma(self.first) - digamma(self.first + self.second)
        own = (self.first - 1) * logs + (self.second - 1) * rest - betaln(self.first, self.second)
        return float((own - alpha.mean_log - (alpha.mean - 1) * rest).sum())

    def concentration(self, alpha: Concentration) -> Concentration:
        """Return the best distribution of the concentration given these sticks."""
        if alpha.prior is None:
            return alpha
        shape, rate = alpha.prior
        return Concentration(shape + len(self.first), rate - float(self.mean_log_rest.sum()), alpha.prior)


def evidence(sizes: FloatArray, alpha: float) -> float:
    """Return what the order of components of these sizes (k,) is worth, up to what all orders have in common."""
    sticks = Sticks.of(sizes, alpha)
    return float(betaln(sticks.first, sticks.second).sum())


def gamma_kl(a: FloatArray | float, b: FloatArray | float, a0: float, b0: float) -> FloatArray:
    """Return the divergence of Gamma(a, b) from Gamma(a0, b0), shapes and rates."""
    found: FloatArray = (
        (a - a0) * digamma(a) - gammaln(a) + gammaln(a0) + a0 * (np.log(b) - np.log(b0)) + a * (b0 - b) / b
    )
    return found


def _broken(parts: FloatArray, k: int) -> FloatArray:
    whole = np.ones(k)
    whole[: len(parts)] = parts
    whole[1:] *= np.cumprod(1 - parts)[: k - 1]
    return whole / whole.sum()
