"""The mixtures of scikit-learn, their iterations recorded and their results as the project's own records."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.compute.mixture.components import Components, Independent, Wishart
from phy_medicine.compute.mixture.fit import GMM, Fit, Progress
from phy_medicine.compute.mixture.parameters import Parameters
from phy_medicine.compute.mixture.points import Points
from phy_medicine.compute.mixture.posterior import Sampled
from phy_medicine.compute.mixture.prior import DATA, FULL, Prior
from phy_medicine.compute.mixture.sticks import Sticks
from phy_medicine.compute.mixture.trace import Trace
from phy_medicine.compute.mixture.variational import Variational

if TYPE_CHECKING:
    from phy_medicine.compute.mixture.dpmm import Found, _Plan

_SMALLEST_CHANGE = 1e-6


def gmm(
    points: Points, k: int, *, n_iter: int = 200, n_init: int = 3, covariance: str = "diag", seed: int = 0,
    progress: Progress | None = None,
) -> Fit:  # fmt: skip
    """Return the mixture of `k` Gaussians that makes points most likely, by expectation maximisation.

    The posterior is that one set of parameters.
    """
    from sklearn.mixture import GaussianMixture

    begin = time.perf_counter()
    rows, elbo, converged, _ = _best(
        points, n_init, n_iter, seed, progress or (lambda _f, _m: None),
        lambda state: GaussianMixture(k, covariance_type=covariance, random_state=state),
    )  # fmt: skip
    trace = _trace(rows)
    settings = {"k": k, "n_iter": n_iter, "n_init": n_init, "covariance": covariance}
    return Fit(
        GMM, "sklearn", Prior.of(DATA, points.rows), settings, Sampled([trace], 1.0, trace.mu[-1]), (trace,), 1.0,
        None, points.n, seed, time.perf_counter() - begin, {"log_likelihood": elbo, "converged": converged},
    )  # fmt: skip


def dpmm(points: Points, plan: _Plan, prior: Prior, seed: int, told: Progress) -> Found:
    """Return what `BayesianGaussianMixture` finds; see `dpmm.fit`."""
    from sklearn.mixture import BayesianGaussianMixture

    from phy_medicine.compute.mixture.dpmm import Found

    d = points.d
    # Normal-Wishart: for "diag" the variances have an inverse gamma prior of shape a and scale b.
    own = (
        {"degrees_of_freedom_prior": prior.freedom(d), "covariance_prior": prior.scale(d) / prior.freedom(d)}
        if plan.full
        else {"degrees_of_freedom_prior": max(2 * prior.a, d - 1 + 1e-6), "covariance_prior": np.full(d, prior.b)}
    )
    rows, elbo, converged, model = _best(
        points, plan.n_init, plan.n_iter, seed, told,
        lambda state: BayesianGaussianMixture(
            n_components=plan.k, covariance_type=plan.covariance, random_state=state,
            weight_concentration_prior_type="dirichlet_process", weight_concentration_prior=plan.alpha,
            mean_prior=np.broadcast_to(np.asarray(prior.m0, float), (d,)), mean_precision_prior=prior.kappa, **own,
        ),
    )  # fmt: skip
    sizes = rows[-1][2]
    order = np.argsort(-sizes, kind="stable")
    kept = order[sizes[order] >= min(1.0, points.n)]
    first, second = model.weight_concentration_
    trace = _trace(rows)
    arrays = (trace.pi, trace.mu, trace.sigma2, trace.sizes)
    pi, mu, sigma2, counts = (array[:, order] for array in arrays)
    return Found(
        "sklearn", Variational(Sticks(first, second, plan.k), _components(model, plan.covariance), kept),
        Trace(pi, mu, sigma2, trace.log_joint, counts), elbo, converged,
    )  # fmt: skip


def _components(model: Any, covariance: str) -> Components:
    kappa, nu = model.mean_precision_, model.degrees_of_freedom_
    if covariance == FULL:
        return Wishart(model.means_, kappa, nu, model.covariances_ * nu[:, None, None])
    half = np.broadcast_to(0.5 * nu[:, None], model.means_.shape)
    # Responsibilities are the same with means independent of variances that have this spread.
    return Independent(model.means_, model.covariances_ / kappa[:, None], half, half * model.covariances_)


def _best(
    points: Points, n_init: int, n_iter: int, seed: int, told: Progress, make: Any
) -> tuple[list[tuple[Parameters, float, AnyArray]], float, bool, Any]:
    """Run the starts, an iteration at a time, and return the iterations of the best one, its bound and its model."""
    runs = []
    states = np.random.SeedSequence(seed).generate_state(n_init)
    for start, state in enumerate(states):
        model = make(int(state)).set_params(warm_start=True, max_iter=1, tol=0.0)
        rows: list[tuple[Parameters, float, AnyArray]] = []
        converged = False
        while len(rows) < n_iter and not converged:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that one iteration is not enough to converge
                model.fit(points.rows)
            point = Parameters(model.weights_.copy(), model.means_.copy(), model.covariances_.copy())
            bound = float(model.lower_bound_)
            converged = bool(rows) and bound - rows[-1][1] < _SMALLEST_CHANGE * abs(bound)
            rows.append((point, bound, model.weights_ * points.n))
            told((start + len(rows) / n_iter) / n_init, f"Start {start + 1} of {n_init}, iteration {len(rows)}")
        runs.append((rows, rows[-1][1], converged, model))
    return max(runs, key=lambda run: run[1])


def _trace(rows: list[tuple[Parameters, float, AnyArray]]) -> Trace:
    first = rows[0][0]
    trace = Trace.empty(len(rows), *first.mu.shape, full=first.full)
    for place, (point, bound, sizes) in enumerate(rows):
        trace.put(place, point, bound, sizes)
    return trace
