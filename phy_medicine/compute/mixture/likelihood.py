"""How well a fit tells points: likelihoods, squared error, and what decides on the number of components."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.mixture import dpmm, gmm, sklearn_engine
from phy_medicine.compute.mixture.fit import GMM, Fit
from phy_medicine.compute.mixture.parameters import Parameters
from phy_medicine.compute.mixture.points import Points, as_points

N_DRAWS = 200
"""Parameters drawn from a posterior for an average; an error of a tenth of what they scatter by."""
_N_HIGHEST = 50


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The log likelihood of points, labels summed out, over a posterior.

    total : mean over the draws; spread : their standard deviation; n : points
    """

    total: float
    spread: float
    n: int

    @property
    def per_point(self) -> float:
        """The mean log density of a point."""
        return self.total / self.n


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The log density of points that a fit has not seen; per_fold : (folds,) float64, mean over a fold's points."""

    per_fold: FloatArray

    @property
    def mean(self) -> float:
        """The mean over the folds."""
        return float(self.per_fold.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean over the folds."""
        return float(self.per_fold.std(ddof=1) / np.sqrt(len(self.per_fold)))


@dataclass(frozen=True, slots=True)
class Criteria:
    """Criteria for the number of components; lower is better.

    log_likelihood : the highest that was found; n_parameters : free ones
    bic : Bayesian information criterion; icl : the same with twice the entropy of the labels added, which prefers
        components that do not overlap
    """

    log_likelihood: float
    n_parameters: int
    bic: float
    icl: float


@dataclass(frozen=True, slots=True)
class Swept:
    """What one number of components came to; held_out : None if it was not asked for."""

    k: int
    criteria: Criteria
    held_out: HeldOut | None
    seconds: float


def log_likelihood(fit: Fit, x: AnyArray, *, n_draws: int = N_DRAWS) -> Likelihood:
    """Return the log likelihood of points, averaged over the posterior.

    Parameters
    ----------
    x : (n, d); n_draws : parameters averaged over, evenly chosen from the kept samples

    Raises
    ------
    PhyMedError : another number of dimensions, or a point that is not finite
    """
    points = Points(as_points(x, fit.d))
    totals = np.array([_total(points, parameters) for parameters in fit.draws(n_draws)])
    return Likelihood(float(totals.mean()), float(totals.std()), points.n)


def _total(points: Points, parameters: Parameters) -> float:
    return float(_densities(points, parameters)[1].sum())


def _densities(points: Points, parameters: Parameters) -> tuple[FloatArray, FloatArray]:
    """Return the shares (n, k) of the components and the log densities (n,) under one set of parameters."""
    shares = np.zeros((points.n, len(parameters.pi)))
    top, total = np.full(points.n, -np.inf), np.zeros(points.n)
    points.add_draw(parameters.form(), shares, top, total)
    return shares, top + np.log(total)


def held_out_log_likelihood(
    x: AnyArray, fit_to: Callable[[FloatArray], Fit], *, folds: int = 5, seed: int = 0
) -> HeldOut:
    """Return the log predictive density of each fold under a fit to the others.

    Parameters
    ----------
    x : (n, d); fit_to : fits to part of them, `fitted_again(fit)` for the model of a fit
    folds : at least 2; seed : of who is in which

    Raises
    ------
    PhyMedError : fewer points than folds, or a point that is not finite
    """
    points = as_points(x)
    if not 2 <= folds <= len(points):
        raise PhyMedError(f"{len(points)} points cannot be held out in {folds} folds; choose between 2 and that.")
    parts = np.array_split(np.random.default_rng(seed).permutation(len(points)), folds)
    found = []
    for part in parts:
        others = np.setdiff1d(np.arange(len(points)), part)
        found.append(float(fit_to(points[others]).log_density(points[np.sort(part)]).mean()))
    return HeldOut(np.array(found))


def fitted_again(fit: Fit) -> Callable[[FloatArray], Fit]:
    """Return what fits the model of a fit to other points, with the same settings, prior and seed.

    Raises
    ------
    PhyMedError : the model is a user's
    """
    settings = dict(fit.settings)
    if fit.model == dpmm.DPMM:
        engine = dpmm.SKLEARN if fit.engine == dpmm.SKLEARN else dpmm.NATIVE
        return lambda x: dpmm.fit(x, engine=engine, prior=fit.prior, seed=fit.seed, **settings)
    if fit.model == GMM and fit.engine == dpmm.SKLEARN:
        return lambda x: sklearn_engine.gmm(Points(x), seed=fit.seed, **settings)
    if fit.model == GMM:
        return lambda x: gmm.fit(x, prior=fit.prior, burn_in=fit.burn_in, seed=fit.seed, **settings)
    raise PhyMedError(f"Only {GMM} and {dpmm.DPMM} can be fitted again by their settings, not {fit.model}.")


def mean_squared_error(fit: Fit, x: AnyArray) -> float:
    """Return the mean over points and dimensions of the squared distance to the mean of each point's component."""
    points = as_points(x, fit.d)
    return float(((points - fit.point.mu[fit.predict(points)]) ** 2).mean())


def n_parameters(parameters: Parameters, *, fixed_variance: bool = False) -> int:
    """Return how many numbers a mixture is free to choose."""
    k, d = parameters.mu.shape
    spread = 0 if fixed_variance else d * (d + 1) // 2 if parameters.full else d
    return k - 1 + k * (d + spread)


def criteria(fit: Fit, x: AnyArray) -> Criteria:
    """Return the criteria of a fit at the most likely parameters among its average and 50 of its draws.

    Parameters
    ----------
    x : (n, d), the points it was fitted to

    Source: Schwarz 1978, Ann. Stat. 6:461; Biernacki, Celeux & Govaert 2000, IEEE Trans. PAMI 22:719.
    """
    points = Points(as_points(x, fit.d))
    candidates = [fit.point, *fit.draws(_N_HIGHEST)]
    best = max(candidates, key=lambda parameters: _total(points, parameters))
    shares, densities = _densities(points, best)
    highest = float(densities.sum())
    free = n_parameters(best, fixed_variance=bool(fit.settings.get("fixed_variance", False)))
    bic = free * np.log(points.n) - 2 * highest
    entropy = -float((shares * np.log(np.maximum(shares, np.finfo(float).tiny))).sum())
    return Criteria(highest, free, float(bic), float(bic + 2 * entropy))


def sweep(
    x: AnyArray,
    ks: Sequence[int],
    *,
    fit_with: Callable[[FloatArray, int], Fit] | None = None,
    folds: int = 0,
    seed: int = 0,
) -> tuple[Swept, ...]:
    """Fit with each number of components and return what each comes to.

    Parameters
    ----------
    x : (n, d); ks : numbers of components
    fit_with : what fits `k` components to points; without one expectation maximisation, whose parameters are the most
        likely ones, as the criteria suppose
    folds : held out in turn, 0 for none

    Raises
    ------
    PhyMedError : no numbers of components, or one that cannot be fitted
    """
    if not ks:
        raise PhyMedError("There must be at least one number of components to try.")
    points = as_points(x)
    fitting = fit_with or (lambda part, k: gmm.fit(part, k, engine=gmm.SKLEARN, seed=seed))
    return tuple(tried(points, k, fitting, folds=folds, seed=seed)[1] for k in ks)


def tried(
    points: FloatArray, k: int, fitting: Callable[[FloatArray, int], Fit], *, folds: int = 0, seed: int = 0
) -> tuple[Fit, Swept]:
    """Fit with one number of components, and return the fit and what it comes to; see `sweep`."""
    begin = time.perf_counter()
    fit = fitting(points, k)
    own, held = criteria(fit, points), None
    if folds:
        held = held_out_log_likelihood(points, lambda part: fitting(part, k), folds=folds, seed=seed)
    return fit, Swept(k, own, held, time.perf_counter() - begin)
