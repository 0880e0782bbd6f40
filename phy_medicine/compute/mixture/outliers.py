"""Spikes that do not look like the others of their cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.compute.mixture.features import rotation
from phy_medicine.compute.mixture.fit import Fit, Progress
from phy_medicine.compute.mixture.neuron import neuron_model
from phy_medicine.compute.mixture.points import as_points

QUANTILE = 0.005
"""Part of the spikes of the model itself that would be called outliers."""
DIMENSIONS = 10
_N_DRAWN = 20_000


@dataclass(frozen=True, slots=True)
class Outliers:
    """Spikes that the model of their cluster hardly explains.

    rows : (n_outliers,) int64, ascending; log_density : (n,) float64, of all spikes
    limit : log density below which a spike is an outlier; quantile : of new spikes of the model that lie below it
    """

    rows: IntArray
    log_density: FloatArray
    limit: float
    quantile: float

    @property
    def expected(self) -> float:
        """Outliers of as many spikes if all of them were of the model."""
        return self.quantile * len(self.log_density)

    @property
    def reason(self) -> str:
        """What was found, in a sentence."""
        n, total = len(self.rows), len(self.log_density)
        return (
            f"{n:,} of {total:,} spikes ({n / total:.1%}) lie below the {self.quantile:.1%} quantile of the model; "
            f"{self.expected:,.0f} are expected by chance."
        )


def find_outliers(
    features: AnyArray, *, quantile: float = QUANTILE, seed: int = 0, progress: Progress | None = None
) -> Outliers:
    """Say which spikes of a cluster its model does not explain; 20,000 spikes take about a second.

    Parameters
    ----------
    features : (n, ...) float, of its spikes; one that is not a number counts as 0
    quantile : part of the spikes of the model itself that would be called outliers
    progress : what it raises ends the work

    Raises
    ------
    PhyMedError : fewer than 40 spikes
    """
    table = np.nan_to_num(np.asarray(features, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    table = table.reshape(len(table), -1)
    x = as_points(rotation(table, DIMENSIONS).apply(table))
    return of_model(neuron_model(x, seed=seed, progress=progress), x, quantile, np.random.default_rng(seed))


def of_model(fit: Fit, x: FloatArray, quantile: float, rng: np.random.Generator) -> Outliers:
    """Return the points (n, d) whose log density lies below the quantile of new points of a fit."""
    limit = float(np.quantile(fit.log_density(fit.sample(_N_DRAWN, rng)), quantile))
    density = fit.log_density(x)
    return Outliers(frozen(np.flatnonzero(density < limit)), frozen(density), limit, quantile)
