"""What is believed of a mixture's parameters before points are seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln, multigammaln

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray
from phy_medicine.compute.mixture.parameters import LOG_2_PI, Parameters

DATA, UNIT = "data", "unit"
PRIORS = (DATA, UNIT)
DIAG, FULL = "diag", "full"
COVARIANCES = (DIAG, FULL)


@dataclass(frozen=True, slots=True)
class Prior:
    """Dirichlet weights, and normal means with inverse gamma variances, or a normal inverse Wishart pair.

    alpha : of every weight
    m0 : mean of the means, one number or one for each dimension; s0 : their standard deviation
    a, b : shape and scale of the variances
    kappa, nu : with covariances, how many points the prior mean and the prior covariance count as; nu is in excess of
        the number of dimensions. Their scale is that of which the mean is b
    """

    alpha: float = 1.0
    m0: float | tuple[float, ...] = 0.0
    s0: float = 1.0
    a: float = 1.0
    b: float = 1.0
    kappa: float = 0.01
    nu: float = 2.0

    def __post_init__(self) -> None:
        for name in ("alpha", "s0", "a", "b", "kappa", "nu"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise PhyMedError(f"The prior's {name} must be above 0, not {value}.")
        if self.nu <= 1:
            raise PhyMedError(f"The prior's nu must be above 1, so that covariances have a mean, not {self.nu}.")
        if not np.isfinite(self.m0).all():
            raise PhyMedError(f"The prior's m0 must be finite, not {self.m0}.")

    @classmethod
    def of(cls, wanted: Prior | str | None, x: FloatArray, alpha: float = 1.0) -> Prior:
        """Return the prior that is wanted for points (n, d).

        "data" : what "unit" is for the same points moved and scaled to mean 0 and an overall variance of 1
        "unit" : means about 0 with a standard deviation of 1, variances about 1

        Raises
        ------
        PhyMedError : no such prior, or `m0` of another length than d
        """
        if isinstance(wanted, Prior):
            if np.ndim(wanted.m0) and np.shape(wanted.m0) != x.shape[1:]:
                raise PhyMedError(f"The prior has {np.size(wanted.m0)} means, the points have {x.shape[1]} dimensions.")
            return wanted
        if wanted == UNIT:
            return cls(alpha)
        if wanted not in (DATA, None):
            raise PhyMedError(f"There is no prior {wanted!r}; there are {', '.join(PRIORS)}.")
        variance = float(x.var(axis=0).mean()) or 1.0
        return cls(alpha, tuple(x.mean(axis=0).tolist()), float(np.sqrt(variance)), 1.0, variance)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Prior:
        """Return what `to_dict` gave."""
        m0 = values["m0"]
        return cls(**values | {"m0": tuple(m0) if isinstance(m0, list | tuple) else m0})

    def freedom(self, d: int) -> float:
        """Degrees of freedom of the inverse Wishart distribution."""
        return d + self.nu

    def scale(self, d: int) -> FloatArray:
        """Return (d, d), the scale matrix of the inverse Wishart distribution."""
        return np.eye(d) * self.b * (self.nu - 1.0)

    def log_density(self, parameters: Parameters) -> float:
        """Return the log of the prior density of parameters."""
        k = len(parameters.pi)
        log_pi = np.log(np.maximum(parameters.pi, np.finfo(float).tiny))
        weights = float(gammaln(k * self.alpha) - k * gammaln(self.alpha) + (self.alpha - 1) * log_pi.sum())
        away = parameters.mu - self.m0
        if parameters.full:
            return weights + self._log_normal_wishart(away, parameters.sigma2)
        means = -0.5 * ((away / self.s0) ** 2 + LOG_2_PI + 2 * np.log(self.s0))
        spread = self.a * np.log(self.b) - gammaln(self.a) - (self.a + 1) * np.log(parameters.sigma2)
        return weights + float(means.sum() + (spread - self.b / parameters.sigma2).sum())

    def _log_normal_wishart(self, away: FloatArray, covariances: FloatArray) -> float:
        d = away.shape[1]
        freedom, scale = self.freedom(d), self.scale(d)
        log_dets = np.linalg.slogdet(covariances)[1]
        inverses = np.linalg.inv(covariances)
        squared = np.einsum("ki,kij,kj->k", away, inverses, away)
        means = -0.5 * (self.kappa * squared + log_dets + d * LOG_2_PI - d * np.log(self.kappa))
        spread = (
            0.5 * freedom * np.linalg.slogdet(scale)[1]
            - 0.5 * freedom * d * np.log(2)
            - multigammaln(0.5 * freedom, d)
            - 0.5 * (freedom + d + 1) * log_dets
            - 0.5 * np.einsum("ij,kji->k", scale, inverses)
        )
        return float(means.sum() + spread.sum())
