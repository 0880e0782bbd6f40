"""A Dirichlet process mixture of Gaussians, truncated, fitted by variational inference: it finds how many there are."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture.cavi import Ascent
from phy_medicine.compute.mixture.fit import DPMM, Fit, Progress
from phy_medicine.compute.mixture.points import Points
from phy_medicine.compute.mixture.prior import COVARIANCES, DATA, DIAG, FULL, Prior
from phy_medicine.compute.mixture.start import kmeans_labels
from phy_medicine.compute.mixture.sticks import Concentration
from phy_medicine.compute.mixture.trace import Trace
from phy_medicine.compute.mixture.variational import Variational

NATIVE, SKLEARN = "native", "sklearn"
ENGINES = (NATIVE, SKLEARN)
MANY = 100_000
"""Points from which on the parameters are updated from minibatches."""
_BATCH, _PASSES, _LAST_TURNS = 10_000, 3, 24
_LEAST = 1.0


def fit(
    x: AnyArray,
    truncation_level: int,
    alpha: float = 1.0,
    *,
    n_iter: int = 500,
    n_init: int = 3,
    covariance: str = DIAG,
    fixed_variance: bool = False,
    alpha_prior: tuple[float, float] | None = None,
    prior: Prior | str = DATA,
    engine: str = NATIVE,
    batch: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Fit:
    """Fit a mixture of at most `truncation_level` Gaussians, of which as few are used as explain the points.

    Parameters
    ----------
    x : (n, d) numbers
    alpha : concentration of the process; larger ones expect more components
    n_iter : most iterations; n_init : starts by k-means, of which the one with the highest bound is kept
    covariance : "diag", independent dimensions, or "full"
    fixed_variance : every variance is 1
    alpha_prior : shape and rate of a Gamma hyperprior of the concentration, which is then learned from `alpha` on
    prior : as in `gmm.fit`; its own `alpha` is not used
    engine : "native", coordinate ascent with merges, or "sklearn", `BayesianGaussianMixture`, which takes longer and
        leaves components divided that the merges join
    batch : points of a minibatch; 0 takes all points, or 10,000 where there are more than 100,000
    seed : of every random number

    Returns
    -------
    Fit with one component for each that has at least one expected point, largest first; the bound of each iteration
    is `trace.log_joint`, and the components of the trace that come first are those of the fit

    Raises
    ------
    PhyMedError : an argument that makes no sense
    """
    points = Points(x)
    plan = _Plan(truncation_level, alpha, alpha_prior, n_iter, n_init, covariance, fixed_variance, engine, batch)
    plan.check(points.n)
    begin = time.perf_counter()
    believed = Prior.of(prior, points.rows, alpha)
    told: Progress = progress or (lambda _fraction, _message: None)
    if engine == SKLEARN:
        from phy_medicine.compute.mixture import sklearn_engine

        found, facts = sklearn_engine.dpmm(points, plan, believed, seed, told), {}
    else:
        found, facts = _climbed(points, plan, believed, seed, told)
    settings = {
        "truncation_level": truncation_level, "alpha": alpha, "n_iter": n_iter, "n_init": n_init,
        "covariance": covariance, "fixed_variance": fixed_variance, "alpha_prior": alpha_prior, "batch": batch,
    }  # fmt: skip
    return Fit(
        DPMM, found.engine, believed, settings, found.posterior, (found.trace,), 0.0, None, points.n, seed,
        time.perf_counter() - begin,
        {"elbo": found.elbo, "converged": found.converged, "iterations": len(found.trace)} | facts,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plan:
    k: int
    alpha: float
    alpha_prior: tuple[float, float] | None
    n_iter: int
    n_init: int
    covariance: str
    fixed: bool
    engine: str
    batch: int

    @property
    def full(self) -> bool:
        return self.covariance == FULL

    def batch_of(self, n: int) -> int:
        """Points of a minibatch, 0 for none."""
        size = self.batch or (_BATCH if n > MANY else 0)
        return size if size < n else 0

    def check(self, n: int) -> None:
        """Raise a sentence where something makes no sense."""
        if not 1 <= self.k <= n:
            raise PhyMedError(f"The truncation level must lie between 1 and the {n} points, not be {self.k}.")
        if self.n_iter < 1 or self.n_init < 1 or self.batch < 0:
            raise PhyMedError("There must be at least one iteration, one start, and no negative minibatch.")
        if self.covariance not in COVARIANCES:
            raise PhyMedError(f"The covariance must be one of {', '.join(COVARIANCES)}, not {self.covariance!r}.")
        if self.engine not in ENGINES:
            raise PhyMedError(f"The engine must be one of {', '.join(ENGINES)}, not {self.engine!r}.")
        if self.alpha <= 0 or (self.alpha_prior is not None and min(self.alpha_prior) <= 0):
            raise PhyMedError("The concentration alpha, and both numbers of its hyperprior, must be above 0.")
        if self.fixed and self.full:
            raise PhyMedError("A fixed variance leaves no covariance to learn; choose one of the two.")
        if self.engine == SKLEARN and (self.fixed or self.alpha_prior or self.batch):
            raise PhyMedError(
                "scikit-learn has no fixed variance, no hyperprior and no minibatches; choose the native engine."
            )


@dataclass(frozen=True, slots=True)
class Found:
    """What an engine found."""

    engine: str
    posterior: Variational
    trace: Trace
    elbo: float
    converged: bool


@dataclass(slots=True)
class _Recorder:
    """The iterations of one start, components named as at its begin."""

    told: Progress
    n_iter: int
    shift: FloatArray
    rows: list[tuple[Any, float, FloatArray]] = field(default_factory=list)

    def __call__(self, ascent: Ascent, names: IntArray) -> None:
        places = np.argsort(names)
        point = ascent.components.moved(self.shift).means_of(ascent.sticks.means)
        self.rows.append((replace(
            point, pi=point.pi[places], mu=point.mu[places], sigma2=point.sigma2[places]
        ), ascent.elbo, ascent.shares.sum(axis=0)[places]))  # fmt: skip
        self.told(min(len(self.rows) / self.n_iter, 1.0), f"Iteration {len(self.rows)}, bound {ascent.elbo:,.1f}")

    def trace(self, order: IntArray) -> Trace:
        """All iterations, components in an order of their names."""
        first = self.rows[0][0]
        trace = Trace.empty(len(self.rows), *first.mu.shape, full=first.full)
        for place, (point, elbo, sizes) in enumerate(self.rows):
            moved = replace(point, pi=point.pi[order], mu=point.mu[order], sigma2=point.sigma2[order])
            trace.put(place, moved, elbo, sizes[order])
        return trace


def _climbed(points: Points, plan: _Plan, prior: Prior, seed: int, told: Progress) -> tuple[Found, dict[str, Any]]:
    """Climb from each start and keep the highest."""
    shift = points.rows.mean(axis=0)
    about = Points(points.rows - shift)
    there = np.broadcast_to(np.asarray(prior.m0), shift.shape) - shift
    inner = replace(prior, m0=tuple(there.tolist()))
    best: tuple[Ascent, _Recorder, bool] | None = None
    for start, sequence in enumerate(np.random.SeedSequence(seed).spawn(plan.n_init)):
        recorder = _Recorder(_share(told, start, plan.n_init), plan.n_iter, shift)
        ascent, converged = _one_climb(about, plan, inner, np.random.default_rng(sequence), recorder)
        if best is None or ascent.elbo > best[0].elbo:
            best = ascent, recorder, converged
    assert best is not None
    ascent, recorder, converged = best
    order = np.argsort(-ascent.sums.sizes, kind="stable")
    kept = order[ascent.sums.sizes[order] >= min(_LEAST, points.n)]
    posterior = Variational(ascent.sticks, ascent.components.moved(shift), kept)
    found = Found(NATIVE, posterior, recorder.trace(ascent.names[order]), ascent.elbo, converged)
    return found, {"alpha": ascent.alpha.mean, "merges": ascent.merges}


def _one_climb(
    points: Points, plan: _Plan, prior: Prior, rng: np.random.Generator, record: _Recorder
) -> tuple[Ascent, bool]:
    labels = kmeans_labels(points.rows, plan.k, int(rng.integers(2**31)), n_init=1)
    alpha = Concentration(plan.alpha, 1.0, None)
    if plan.alpha_prior is not None:
        alpha = Concentration(plan.alpha * plan.alpha_prior[1], plan.alpha_prior[1], plan.alpha_prior)
    ascent = Ascent.start(points, prior, labels, plan.k, alpha, full=plan.full, known=plan.fixed)
    turns = plan.n_iter
    if size := plan.batch_of(points.n):
        ascent.climb_in_batches(size, _PASSES, rng, record)
        turns = min(ascent.iterations + _LAST_TURNS, max(plan.n_iter, ascent.iterations + 1))
    return ascent, ascent.climb(turns, record)


def _share(told: Progress, start: int, n: int) -> Progress:
    name = f"Start {start + 1} of {n}: " if n > 1 else ""
    return lambda fraction, message: told((start + fraction) / n, name + message)
