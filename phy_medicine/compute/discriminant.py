"""The direction in which two clusters are farthest apart for their width: Fisher's linear discriminant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, frozen

# Part of the mean variance that is added to every variance, so that few spikes on many channels give no wild axis.
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Discriminant:
    """An axis and how well it separates two clusters.

    weights : (n_scores,) float64; offset : subtracted, so that 0 lies half-way between the means, the first cluster
    above; along the axis the standard deviation inside of the clusters is 1
    d_prime : distance of the means by the root mean square of the two standard deviations; NaN when both are 0
    overlap : part of the spikes on the wrong side of 0, each cluster counting alike; 0 to 1
    """

    weights: FloatArray
    offset: float
    d_prime: float
    overlap: float

    def along(self, scores: FloatArray) -> FloatArray:
        """Return the places of spikes on the axis; scores : (n, ...) with n_scores in the rest, NaN counts as 0."""
        return np.asarray(_table(scores) @ self.weights - self.offset, dtype=np.float32)


def discriminant(first: FloatArray, second: FloatArray) -> Discriminant:
    """Return the axis that separates two clusters best, if both spread alike.

    Parameters
    ----------
    first, second : (n, ...) float, n >= 1, scores of the spikes; one that is not a number counts as 0

    Raises
    ------
    ValueError : a cluster has no spikes

    Source: Fisher 1936, Annals of Eugenics 7:179, with a ridge of a thousandth of the mean variance.
    """
    if len(first) == 0 or len(second) == 0:
        raise ValueError("Both clusters need at least one spike.")
    a, b = _table(first), _table(second)
    means = a.mean(axis=0), b.mean(axis=0)
    within = (_scatter(a, means[0]) + _scatter(b, means[1])) / max(len(a) + len(b) - 2, 1)
    ridge = _RIDGE * np.trace(within) / len(within)
    apart = means[0] - means[1]
    weights = np.linalg.solve(within + (ridge or 1.0) * np.eye(len(within)), apart)
    if not apart @ weights > 1e-12 * (np.abs(means).max() ** 2 + ridge):
        # No direction is better than another: the one in which the spikes vary most shows at least what there is.
        weights = np.linalg.eigh(within)[1][:, -1]
    weights = weights / (np.sqrt(weights @ within @ weights) or np.linalg.norm(weights))
    offset = float((means[0] + means[1]) @ weights / 2)
    places = a @ weights - offset, b @ weights - offset
    return Discriminant(frozen(weights), offset, _d_prime(*places), wrong_side(*places))


def wrong_side(first: FloatArray, second: FloatArray) -> float:
    """Return the part of the places on an axis that are on the wrong side of 0, each cluster counting alike, 0 to 1.

    first, second : (n,), (m,) float, places of the spikes of the cluster above 0 and of the one below
    """
    return (_wrong(-first) + _wrong(second)) / 2


def _table(scores: FloatArray) -> FloatArray:
    table = np.nan_to_num(np.asarray(scores, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    return table.reshape(len(table), int(np.prod(table.shape[1:])))


def _scatter(rows: FloatArray, mean: FloatArray) -> FloatArray:
    centered = rows - mean
    product: FloatArray = centered.T @ centered
    return product


def _d_prime(first: FloatArray, second: FloatArray) -> float:
    width = np.sqrt((first.var() + second.var()) / 2)
    distance = abs(first.mean() - second.mean())
    return float(distance / width) if width > 1e-9 * max(distance, 1e-9) else float("nan")


def _wrong(places: FloatArray) -> float:
    """Part of the places above 0; those on it count half."""
    return float(((places > 0).mean() + (places >= 0).mean()) / 2)
