"""Whether a fit has converged: split R-hat and effective sample size of chains; the course of a variational bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.mixture.fit import Fit
from phy_medicine.compute.mixture.posterior import first_kept
from phy_medicine.compute.mixture.trace import Trace

GIBBS = "gibbs"
LARGEST_R_HAT = 1.05
FEWEST_EFFECTIVE = 100
"""Samples worth as much as independent ones below which averages are not to be trusted."""
_FEWEST_DRAWS = 4
_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Mixing:
    """How well one quantity has been sampled; r_hat NaN: it never changed; effective : sample size."""

    name: str
    r_hat: float
    effective: float

    @property
    def good(self) -> bool:
        """Whether averages over its samples can be relied on."""
        return bool(self.r_hat <= LARGEST_R_HAT and self.effective >= FEWEST_EFFECTIVE)


@dataclass(frozen=True, slots=True)
class Convergence:
    """Whether a fit has converged.

    mixing : of the log joint density and of the weights in order of size; empty for fits without samples
    bound : (t,) float64, what an optimisation climbed, iteration by iteration; empty for sampled fits
    words : sentences for people
    """

    mixing: tuple[Mixing, ...]
    bound: FloatArray
    good: bool
    words: tuple[str, ...]


def split_r_hat(chains: AnyArray) -> float:
    """Return the factor by which the spread of draws may still shrink; 1 is converged.

    Parameters
    ----------
    chains : (n_chains, n_draws), each chain is cut in two halves

    Returns
    -------
    float, infinite where no half ever moves and they differ, NaN where nothing ever moves

    Raises
    ------
    PhyMedError : no table of finite numbers, or fewer than 4 draws

    Source: Gelman et al. 2013, Bayesian Data Analysis, 3rd ed., section 11.4.
    """
    halves = _split(chains)
    within, total = _variances(halves)
    if within == 0:
        return float("nan") if total == 0 else float("inf")
    return float(np.sqrt(total / within))


def effective_sample_size(chains: AnyArray) -> float:
    """Return how many independent draws tell as much about the mean as these.

    Parameters
    ----------
    chains : (n_chains, n_draws); NaN is returned where nothing ever moves

    Raises
    ------
    PhyMedError : as in `split_r_hat`

    Source: Geyer 1992, Stat. Sci. 7:473, initial monotone sequence; Vehtari et al. 2021, Bayesian Anal. 16:667.
    """
    halves = _split(chains)
    m, n = halves.shape
    _, total = _variances(halves)
    if total == 0:
        return float("nan")
    covariances = _autocovariances(halves)
    within = covariances[:, 0].mean() * n / (n - 1)
    correlations = 1.0 - (within - covariances.mean(axis=0)) / total
    correlations[0] = 1.0
    pairs = correlations[: n - n % 2].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs < 0)
    pairs = np.minimum.accumulate(pairs[: negative[0]] if negative.size else pairs)
    time = max(-1.0 + 2.0 * float(pairs.sum()), 1.0 / np.log10(max(m * n, 10)))
    return m * n / time


def _split(chains: AnyArray) -> FloatArray:
    """Return (2 n_chains, n_draws / 2), the halves of the chains; the middle draw of an odd number is left out."""
    table = np.atleast_2d(np.asarray(chains, dtype=np.float64))
    if table.ndim != 2 or table.shape[1] < _FEWEST_DRAWS or not np.isfinite(table).all():
        raise PhyMedError(f"Chains must be a table of at least {_FEWEST_DRAWS} finite draws each, not {table.shape}.")
    half = table.shape[1] // 2
    return np.concatenate([table[:, :half], table[:, -half:]])


def _variances(halves: FloatArray) -> tuple[float, float]:
    """Return the variance within the halves and that of all draws, 0 where only rounding is left."""
    n = halves.shape[1]
    within = float(halves.var(axis=1, ddof=1).mean())
    between = float(halves.mean(axis=1).var(ddof=1))
    least = (_SAME * float(np.abs(halves).max())) ** 2
    within, between = (value if value > least else 0.0 for value in (within, between))
    return within, within * (n - 1) / n + between


def _autocovariances(halves: FloatArray) -> FloatArray:
    """Return (m, n), the autocovariance of each half at each lag, divided by n."""
    n = halves.shape[1]
    centred = halves - halves.mean(axis=1, keepdims=True)
    size = 1 << (2 * n - 1).bit_length()
    spectra = np.fft.rfft(centred, size)
    found: FloatArray = np.fft.irfft(spectra * spectra.conj(), size)[:, :n] / n
    return found


def convergence(fit: Fit) -> Convergence:
    """Return whether a fit has converged.

    Raises
    ------
    PhyMedError : no iterations were recorded
    """
    if fit.engine != GIBBS:
        return _of_bound(fit)
    kept = [chain.from_on(first_kept(len(chain), fit.burn_in)) for chain in fit.chains]
    if not kept or min(map(len, kept)) < _FEWEST_DRAWS:
        raise PhyMedError(f"Fewer than {_FEWEST_DRAWS} samples were kept; fit with more samples.")
    found = _mixing(kept)
    poor = [row for row in found if not row.good]
    return Convergence(found, np.zeros(0), not poor, (_chain_words(found, poor, len(kept)),))


def _mixing(kept: Sequence[Trace]) -> tuple[Mixing, ...]:
    quantities = {"log joint": np.array([chain.log_joint for chain in kept])}
    # Labels may switch from one sample to the next; the weights in order of size do not care.
    weights = np.sort(np.array([chain.pi for chain in kept]), axis=2)[:, :, ::-1]
    k = weights.shape[2]
    quantities |= {f"weight {i + 1}": weights[:, :, i] for i in range(k if k > 1 else 0)}
    return tuple(Mixing(name, split_r_hat(draws), effective_sample_size(draws)) for name, draws in quantities.items())


def _chain_words(found: Sequence[Mixing], poor: Sequence[Mixing], n_chains: int) -> str:
    which = "The chain agrees with itself" if n_chains == 1 else f"The {n_chains} chains agree"
    if not poor:
        r_hat, effective = max(row.r_hat for row in found), min(row.effective for row in found)
        alone = " Run several chains to see whether others end elsewhere." if n_chains == 1 else ""
        return f"{which}: R-hat is at most {r_hat:.3f}, and there are {effective:,.0f} effective samples.{alone}"
    names = ", ".join(row.name for row in poor)
    if any(np.isnan(row.r_hat) or np.isinf(row.r_hat) for row in poor):
        return f"A chain did not move at all ({names}); nothing that is averaged over it means anything."
    worst, fewest = max(poor, key=lambda row: row.r_hat), min(poor, key=lambda row: row.effective)
    return (
        f"Not converged: {names}. R-hat is up to {worst.r_hat:.2f} ({worst.name}; at most {LARGEST_R_HAT} is good), "
        f"effective samples are down to {fewest.effective:,.0f} ({fewest.name}; at least {FEWEST_EFFECTIVE} are good). "
        "Take more samples, or fewer components: what is said of single components below may be one of several answers."
    )


def _of_bound(fit: Fit) -> Convergence:
    bound = fit.trace.log_joint
    converged = bool(fit.facts.get("converged", False))
    falls = float(np.diff(bound).min(initial=0.0))
    words = [
        f"The bound stopped rising after {len(bound)} iterations, at {bound[-1]:,.1f}."
        if converged
        else f"The bound was still rising after {len(bound)} iterations; allow more of them (n_iter)."
    ]
    if falls < -1e-6 * float(np.abs(bound).max()) and not fit.settings.get("batch"):
        words.append(f"It fell by {-falls:.3g} on the way, which it must not without minibatches.")
    return Convergence((), bound, converged, tuple(words))
