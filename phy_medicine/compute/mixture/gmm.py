"""A Gaussian mixture with a known number of components, sampled by Gibbs sweeps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture import _kernels_mixture as compiled
from phy_medicine.compute.mixture.fit import GMM, Fit, Progress
from phy_medicine.compute.mixture.gibbs import draw_parameters, draw_prior, log_likelihood
from phy_medicine.compute.mixture.parameters import Parameters
from phy_medicine.compute.mixture.points import Points
from phy_medicine.compute.mixture.posterior import Sampled, first_kept
from phy_medicine.compute.mixture.prior import COVARIANCES, DATA, FULL, Prior
from phy_medicine.compute.mixture.start import INITS, PRIOR, kmeans_labels
from phy_medicine.compute.mixture.trace import Trace, matched

GIBBS, SKLEARN = "gibbs", "sklearn"
ENGINES = (GIBBS, SKLEARN)
_TRACE_BYTES = 4 << 30
_KEYS = 2**63 - 1


def fit(
    x: AnyArray,
    k: int,
    *,
    samples: int = 10_000,
    burn_in: float = 0.4,
    thin: int = 1,
    chains: int = 1,
    covariance: str = "diag",
    prior: Prior | str = DATA,
    init: str = "kmeans",
    engine: str = GIBBS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Fit:
    """Fit a mixture of `k` Gaussians by Gibbs sampling.

    Parameters
    ----------
    x : (n, d) numbers
    samples : sweeps of each chain, of which every `thin`-th is recorded
    burn_in : part of a chain at its begin that the posterior leaves out
    covariance : "diag", independent dimensions, or "full"
    prior : a `Prior`, "unit", or "data", the same on points moved and scaled to an overall variance of 1
    init : "kmeans", or "prior", parameters drawn from the prior
    engine : "gibbs", or "sklearn", only the most likely parameters (`GaussianMixture`), without a prior
    seed : of every random number; the same seed gives the same fit, whatever the number of processors

    Raises
    ------
    PhyMedError : an argument that makes no sense, or a trace that would not fit into memory

    Source: Diebolt & Robert 1994, J. R. Stat. Soc. B 56:363; labels are put in one order as in `trace.matched`.
    """
    if engine not in ENGINES:
        raise PhyMedError(f"The engine must be one of {', '.join(ENGINES)}, not {engine!r}.")
    points = Points(x)
    _check(points, k, samples, thin, covariance)
    _check_run(samples, burn_in, thin, chains, init)
    if engine == SKLEARN:
        from phy_medicine.compute.mixture import sklearn_engine

        return sklearn_engine.gmm(points, k, covariance=covariance, seed=seed, progress=progress)
    begin = time.perf_counter()
    believed = Prior.of(prior, points.rows)
    plan = _Plan(samples, thin, first_kept(samples // thin, burn_in), covariance == FULL, init)
    counts = np.zeros((points.n, k), dtype=np.int32)
    run = _Run(points, k, believed, plan, counts)
    traces: list[Trace] = []
    for chain, sequence in enumerate(np.random.SeedSequence(seed).spawn(chains)):
        told = None if progress is None else _share(progress, chain, chains)
        traces.append(run.chain(np.random.default_rng(sequence), told))
    assert run.reference is not None
    settings = {
        "k": k, "samples": samples, "thin": thin, "chains": chains, "covariance": covariance, "init": init,
    }  # fmt: skip
    return Fit(
        GMM, "gibbs", believed, settings, Sampled(traces, burn_in, run.reference), tuple(traces), burn_in, counts,
        points.n, seed, time.perf_counter() - begin,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a chain is run; first : recorded sample that is kept first."""

    samples: int
    thin: int
    first: int
    full: bool
    init: str


@dataclass(slots=True)
class _Run:
    """The chains of one fit, which share the counts and the order of the components."""

    points: Points
    k: int
    prior: Prior
    plan: _Plan
    counts: IntArray
    reference: FloatArray | None = None

    def chain(self, rng: np.random.Generator, progress: Progress | None) -> Trace:
        """Run a chain and return what was recorded."""
        plan = self.plan
        n_kept = plan.samples // plan.thin
        trace = Trace.empty(n_kept, self.k, self.points.d, full=plan.full)
        for sweep, (parameters, labels, log_joint, sizes) in enumerate(self._sweeps(rng)):
            place, rest = divmod(sweep, plan.thin)
            if rest == plan.thin - 1 and place < n_kept:
                trace.put(place, parameters, log_joint, sizes)
                if place >= plan.first:
                    self._count(labels, trace.mu[place])
            if progress is not None and sweep % 50 == 0:
                progress(sweep / plan.samples, f"Sweep {sweep:,} of {plan.samples:,}")
        return trace

    def _sweeps(self, rng: np.random.Generator) -> Iterator[tuple[Parameters, IntArray, float, FloatArray]]:
        """Yield parameters, the labels they were drawn with, the log joint density and the sizes of each sweep."""
        points, prior, full = self.points, self.prior, self.plan.full
        parameters, labels = self._start(rng)
        for _ in range(self.plan.samples):
            points.draw_labels(parameters.form(), int(rng.integers(_KEYS)), labels)
            sums = points.sums(labels, parameters.mu, full=full)
            parameters = draw_parameters(rng, prior, sums, parameters.sigma2)
            yield parameters, labels, log_likelihood(parameters, sums) + prior.log_density(parameters), sums.sizes

    def _start(self, rng: np.random.Generator) -> tuple[Parameters, IntArray]:
        d, full = self.points.d, self.plan.full
        parameters = draw_prior(rng, self.prior, self.k, d, full=full)
        labels = np.zeros(self.points.n, dtype=np.int32)
        if self.plan.init != PRIOR:
            labels = kmeans_labels(self.points.rows, self.k, int(rng.integers(2**31)))
            sums = self.points.sums(labels, np.tile(self.points.rows.mean(axis=0), (self.k, 1)), full=full)
            for _ in range(3):  # the means and variances settle before labels are drawn with them
                parameters = draw_parameters(rng, self.prior, sums, parameters.sigma2)
        return parameters, labels

    def _count(self, labels: IntArray, mu: FloatArray) -> None:
        """Count the labels of one kept sample, in the order of the first one."""
        if self.reference is None:
            self.reference = mu.copy()
        places = np.empty(self.k, dtype=np.int64)
        places[matched(mu[None], self.reference)[0]] = np.arange(self.k)
        compiled.count_labels(labels, places, self.counts)


def _share(progress: Progress, chain: int, chains: int) -> Progress:
    name = f"chain {chain + 1} of {chains}: " if chains > 1 else ""
    return lambda fraction, message: progress((chain + fraction) / chains, name + message)


def _check(points: Points, k: int, samples: int, thin: int, covariance: str) -> None:
    if covariance not in COVARIANCES:
        raise PhyMedError(f"The covariance must be one of {', '.join(COVARIANCES)}, not {covariance!r}.")
    if not 1 <= k <= points.n:
        raise PhyMedError(f"{points.n} points cannot be shared out to {k} components; choose k between 1 and that.")
    each = 2 * points.d if covariance != FULL else points.d * (points.d + 1)
    n_bytes = max(samples, 1) // max(thin, 1) * k * (each + 2) * 8
    if n_bytes > _TRACE_BYTES:
        raise PhyMedError(
            f"The samples of this fit take {n_bytes / 1e9:,.0f} GB; record fewer, with thin = "
            f"{thin * -(-n_bytes // _TRACE_BYTES)}."
        )


def _check_run(samples: int, burn_in: float, thin: int, chains: int, init: str) -> None:
    if not 1 <= thin <= samples or chains < 1:
        raise PhyMedError(f"There must be at least 1 chain and 1 recorded sample, not {chains} and {samples}/{thin}.")
    if not 0 <= burn_in < 1:
        raise PhyMedError(f"The burn-in is the part of the samples that is left out, 0 to below 1, not {burn_in}.")
    if init not in INITS:
        raise PhyMedError(f"init must be one of {', '.join(INITS)}, not {init!r}.")
