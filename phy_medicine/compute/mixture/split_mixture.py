"""The mixture that describes the shape of a cluster, and how much more probable it is than one Gaussian."""

from __future__ import annotations

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray
from phy_medicine.compute.mixture import dpmm, gmm
from phy_medicine.compute.mixture.cavi import Ascent
from phy_medicine.compute.mixture.components import SoftSums
from phy_medicine.compute.mixture.fit import DPMM, GMM, Fit, Progress
from phy_medicine.compute.mixture.likelihood import criteria
from phy_medicine.compute.mixture.points import Points
from phy_medicine.compute.mixture.prior import FULL, Prior
from phy_medicine.compute.mixture.start import kmeans_labels
from phy_medicine.compute.mixture.sticks import Concentration

_TURNS = 100
_STAYS = 1e-6
_RISING = 2
"""Numbers of components in a row without a smaller BIC, after which no more are tried."""


def mixture_of(x: FloatArray, model: str, most: int, seed: int, progress: Progress | None) -> tuple[Fit, float]:
    """Return a mixture of tilted Gaussians, and its log evidence less that of one, of two if it has one itself.

    Parameters
    ----------
    x : (n, d) points
    model : "DPMM", or "GMM", the number of Gaussians of the least BIC, whose log evidence is taken as -BIC / 2
    most : components
    progress : what it raises ends the work

    Raises
    ------
    PhyMedError : another model
    """
    most = min(most, len(x))
    if model == DPMM:
        mixture = dpmm.fit(x, most, covariance=FULL, n_init=1, n_iter=_TURNS, seed=seed, progress=progress)
        return mixture, _log_evidence(x, mixture, seed)
    if model == GMM:
        return _of_least_bic(x, most, seed, progress)
    raise PhyMedError(f"A cluster is split by {DPMM} or {GMM}, not {model!r}.")


def _of_least_bic(x: FloatArray, most: int, seed: int, progress: Progress | None) -> tuple[Fit, float]:
    fits, bics = [], []
    for k in range(1, max(most, 2) + 1):
        told = _part_of(progress, k - 1, max(most, 2))
        fits.append(gmm.fit(x, k, engine=gmm.SKLEARN, covariance=FULL, seed=seed, progress=told))
        bics.append(criteria(fits[-1], x).bic)
        if k > _RISING and min(bics[-_RISING:]) > min(bics):
            break  # more components only cost more
    best = min(range(min(most, len(fits))), key=lambda i: bics[i])
    return fits[best], (bics[0] - bics[max(best, 1)]) / 2


def _part_of(progress: Progress | None, done: int, n: int) -> Progress | None:
    return None if progress is None else lambda fraction, message: progress((done + fraction) / n, message)


def _log_evidence(x: FloatArray, mixture: Fit, seed: int) -> float:
    """Log evidence of the mixture, or of two components if it has one, less that of one; bounds of it both."""
    prior = mixture.prior
    one = dpmm.fit(x, 1, covariance=FULL, n_init=1, prior=prior).facts["elbo"]
    bound = mixture.facts["elbo"] if mixture.k > 1 else bound_of(x, 2, prior, seed=seed)
    return float(bound - one)


def bound_of(x: FloatArray, k: int, prior: Prior, *, full: bool = True, turns: int = 8, seed: int = 0) -> float:
    """Return a lower bound of the log evidence of k Gaussians that are not joined, begun at those of k-means.

    Parameters
    ----------
    x : (n, d) points; full : whether the Gaussians may be tilted
    turns : of the ascent, fewer where the bound stays
    """
    labels = kmeans_labels(x, k, seed, n_init=1)
    ascent = Ascent.start(Points(x), prior, labels, k, Concentration(1.0, 1.0), full=full, known=False)
    for _ in range(turns):
        before = ascent.elbo
        ascent.share()
        ascent.update(SoftSums.of_points(ascent.points, ascent.shares, full=full))
        if ascent.elbo - before < _STAYS * abs(ascent.elbo):
            break
    return ascent.elbo
