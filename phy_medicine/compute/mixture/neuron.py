"""The model of one cluster: a mixture of what its neuron looks like, without the part that is collisions and noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.mixture import dpmm
from phy_medicine.compute.mixture.fit import Fit, Progress
from phy_medicine.compute.mixture.prior import FULL
from phy_medicine.compute.mixture.split import MOST_SCATTER, SMALL
from phy_medicine.compute.mixture.variational import Variational

FEWEST = 40
"""Spikes, below which a cluster has no model."""
TRUNCATION, MOST_FITTED = 6, 20_000
_TURNS = 100


def neuron_model(
    x: FloatArray, *, most_fitted: int = MOST_FITTED, seed: int = 0, progress: Progress | None = None
) -> Fit:
    """Return the mixture that tells what spikes of a cluster look like.

    Components of less than a fifth of the spikes that are much wider than the largest are left out: a model that has
    them explains every collision, and finds no spike odd.

    Parameters
    ----------
    x : (n, d) float64, points of its spikes, finite
    most_fitted : spikes that it is fitted to, drawn at random
    progress : what it raises ends the work

    Raises
    ------
    PhyMedError : fewer than 40 spikes
    """
    n = len(x)
    if n < FEWEST:
        raise PhyMedError(f"{n} spikes are too few for a model of them; {FEWEST} are needed.")
    rng = np.random.default_rng(seed)
    fitted = x if n <= most_fitted else x[np.sort(rng.choice(n, most_fitted, replace=False))]
    mixture = dpmm.fit(
        fitted, TRUNCATION, covariance=FULL, n_init=1, n_iter=_TURNS, seed=seed, progress=progress
    )  # fmt: skip
    posterior = mixture.posterior
    assert isinstance(posterior, Variational)
    kept = posterior.kept[_of_the_neuron(mixture)]
    return replace(mixture, posterior=Variational(posterior.sticks, posterior.components, kept))


def _of_the_neuron(mixture: Fit) -> IntArray:
    """Places of the components that are not small and scattered."""
    point = mixture.point
    width = np.linalg.slogdet(point.sigma2)[1] / mixture.d
    scattered = (point.pi < SMALL) & (np.exp(width - width[point.pi.argmax()]) > MOST_SCATTER)
    return np.flatnonzero(~scattered)
