"""Labels of points from a fit, and how certain they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture.fit import Fit
from phy_medicine.compute.mixture.points import as_points
from phy_medicine.compute.mixture.posterior import Posterior, Sampled
from phy_medicine.io.durable import reason, replace_file

POSTERIOR, LIKELIHOOD = "posterior", "likelihood"
RULES = (POSTERIOR, LIKELIHOOD)
CLUSTERS, CERTAINTY = "clusters.npy", "certainty.npy"


@dataclass(frozen=True, slots=True)
class Assignments:
    """Labels without gaps.

    labels : (n,) int32, 0 to g - 1
    certainty : (n,) float64, probability of the label, 0 to 1
    components : (g,) int64, which component of the fit each label stands for
    shares : (n, k) float64, probabilities of all components of the fit
    """

    labels: IntArray
    certainty: FloatArray
    components: IntArray
    shares: FloatArray


def find_cluster_assignments(fit: Fit, x: AnyArray, burn_in: float = 0.4, rule: str = POSTERIOR) -> Assignments:
    """Return the label of each point (n, d); of components that are equally probable the first.

    Parameters
    ----------
    burn_in : part of each chain that is left out; a variational fit has none
    rule : "posterior", the component of the largest probability, on average over the posterior; "likelihood", that
        whose means are nearest on average, without regard to weights and variances, as older programs had it

    Raises
    ------
    PhyMedError : no such rule, a burn-in that leaves nothing, points of another dimension or not finite
    """
    if rule not in RULES:
        raise PhyMedError(f"The rule must be one of {', '.join(RULES)}, not {rule!r}.")
    if not 0 <= burn_in < 1:
        raise PhyMedError(f"The burn-in is the part of the samples that is left out, 0 to below 1, not {burn_in}.")
    posterior = _with_burn_in(fit, burn_in)
    rows = as_points(x, fit.d)
    shares = posterior.evaluate(rows)[0] if rule == POSTERIOR else _by_means(posterior, rows)
    chosen = shares.argmax(axis=1)
    labels, components = relevelled(chosen)
    return Assignments(labels, shares[np.arange(len(rows)), chosen], components, shares)


def relevelled(labels: IntArray) -> tuple[IntArray, IntArray]:
    """Return labels (n,) int32 without gaps, in the order of the old ones, and the old one of each new one (g,)."""
    old, new = np.unique(labels, return_inverse=True)
    return np.asarray(new, dtype=np.int32).reshape(np.shape(labels)), np.asarray(old, dtype=np.int64)


def store_cluster_assignments(assignments: Assignments, folder: Path) -> Path:
    """Write `clusters.npy`, int32 in the order of the points, and `certainty.npy`, float32; returns the first.

    Raises
    ------
    PhyMedError : the folder cannot be written
    """
    from phy_medicine.compute.job_context import npy_bytes

    try:
        replace_file(folder / CERTAINTY, npy_bytes(assignments.certainty.astype(np.float32)))
        replace_file(folder / CLUSTERS, npy_bytes(assignments.labels.astype(np.int32)))
    except OSError as error:
        raise PhyMedError(f"The labels could not be written to {folder}: {reason(error)}.") from None
    return folder / CLUSTERS


def _with_burn_in(fit: Fit, burn_in: float) -> Posterior:
    if not isinstance(fit.posterior, Sampled) or fit.burn_in in (burn_in, 1.0):  # 1: only the last was ever meant
        return fit.posterior
    return Sampled(fit.chains, burn_in, fit.posterior.reference)


def _by_means(posterior: Posterior, x: FloatArray) -> FloatArray:
    """(n, k), probabilities from the average log density about the means, with variances 1 and equal weights."""
    n, total, squares = 0, np.zeros(()), np.zeros(())
    for parameters in posterior.draws():
        total, squares, n = total + parameters.mu, squares + (parameters.mu**2).sum(axis=1), n + 1
    logs = x @ (total / n).T - 0.5 * squares / n
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    found: FloatArray = shares
    return found
