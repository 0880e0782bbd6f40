"""Whether two clusters are one: the log evidence of one Gaussian against two, and what must agree with it.

One Gaussian is seldom the shape of a neuron, so its evidence alone decides nothing. What the clusters look like along
the line that separates them best, how many spikes a discriminant gets wrong, and their refractory time must say the
same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.mixture.cavi import Ascent
from phy_medicine.compute.mixture.components import SoftSums, Wishart
from phy_medicine.compute.mixture.features import rotation
from phy_medicine.compute.mixture.points import Points, as_points
from phy_medicine.compute.mixture.prior import DATA, Prior
from phy_medicine.compute.mixture.sticks import Concentration
from phy_medicine.compute.pairs.bimodality import separation
from phy_medicine.compute.pairs.overlap import lda_error

FEWEST = 20
"""Spikes of each cluster, below which nothing is said."""
MOST = 1000
"""Spikes of each cluster that are compared."""
DIMENSIONS = 10


@dataclass(frozen=True, slots=True)
class OneOrTwo:
    """What the features of two clusters say.

    log_evidence : log p(x | one) - log p(x | two), nats, of as many spikes of either; above 0 one is more probable
    n : spikes of each that it is of
    depth : of the valley between the two along the line that separates them best, 0 to 1
    lda_error : part of the spikes on the wrong side of that line, cross-validated, 0 to 0.5
    """

    log_evidence: float
    n: int
    depth: float
    lda_error: float

    @property
    def per_spike(self) -> float:
        """The log evidence by spike."""
        return self.log_evidence / (2 * self.n)


def one_or_two(first: AnyArray, second: AnyArray) -> OneOrTwo:
    """Compare two clusters; 1,000 spikes of each take some 40 ms.

    Parameters
    ----------
    first, second : (n, ...), (m, ...) float, features on the same channels in the order of time; one that is not a
        number counts as 0. Of more than 1,000 spikes, evenly chosen ones are compared

    Raises
    ------
    PhyMedError : fewer than 20 spikes of either
    """
    a, b = (_table(features) for features in (first, second))
    n = min(len(a), len(b), MOST)
    if n < FEWEST:
        raise PhyMedError(f"{n} spikes are too few to be compared by a model; {FEWEST} of each cluster are needed.")
    x = np.concatenate([_some(a, n), _some(b, n)])
    points = as_points(rotation(x, DIMENSIONS).apply(x))
    delta = log_evidence(points[:n], points[n:])
    return OneOrTwo(delta, n, separation(a, b).depth, lda_error(_some(a, MOST), _some(b, MOST)))


def log_evidence(first: FloatArray, second: FloatArray) -> float:
    """Return log p(x | one) - log p(x | two) of points (n, d), (m, d); the prior is of both together.

    One is a Gaussian with a normal inverse Wishart prior, of which the evidence is known in closed form. Two are a
    mixture whose components are those of the two clusters as they are, with the points shared out as is best for them:
    a bound of the evidence from below. The components are not moved on from there, since a mixture that is free to do
    so finds any other two parts that there are, such as those before and after the probe moved.
    """
    x = np.concatenate([first, second])
    prior = Prior.of(DATA, x)
    labels = np.repeat(np.arange(2, dtype=np.int32), [len(first), len(second)])
    two = Ascent.start(Points(x), prior, labels, 2, Concentration(1.0, 1.0), full=True, known=False)
    two.share()
    return log_evidence_of_one(x, prior) - two.elbo


def log_evidence_of_one(x: FloatArray, prior: Prior) -> float:
    """Return log p(x | one Gaussian) of points (n, d), mean and covariance summed out.

    Source: Murphy 2007, Conjugate Bayesian analysis of the Gaussian distribution, equation 266.
    """
    sums = SoftSums.of(x, np.ones((len(x), 1)), full=True)
    return float(Wishart.start(prior, sums).bounds(prior, sums)[0])


def _table(features: AnyArray) -> FloatArray:
    table = np.nan_to_num(np.asarray(features, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    return table.reshape(len(table), int(np.prod(table.shape[1:])))


def _some(table: FloatArray, n: int) -> FloatArray:
    """At most n rows, evenly chosen."""
    return table if len(table) <= n else table[np.linspace(0, len(table) - 1, n).round().astype(int)]
