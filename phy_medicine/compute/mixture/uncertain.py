"""Spikes of neighbouring clusters that may as well be of another one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.compute.mixture.features import rotation
from phy_medicine.compute.mixture.fit import Fit, Progress
from phy_medicine.compute.mixture.neuron import neuron_model
from phy_medicine.compute.mixture.points import as_points

LEAST = 0.6
"""Certainty below which a spike is listed."""
DIMENSIONS = 15
MOST_FITTED = 5000


@dataclass(frozen=True, slots=True)
class Uncertain:
    """Spikes whose group is not certain.

    rows : (m,) int64, ascending
    groups, seconds : (m,) int64, the group that each is in, and the most probable other one
    certainty, other : (m,) float64, probabilities of the two
    """

    rows: IntArray
    groups: IntArray
    seconds: IntArray
    certainty: FloatArray
    other: FloatArray

    def of(self, chosen: IntArray) -> Uncertain:
        """Return some of them; chosen : (m,) bool."""
        columns = (self.rows, self.groups, self.seconds, self.certainty, self.other)
        return Uncertain(*(frozen(column[chosen]) for column in columns))

    @property
    def better(self) -> IntArray:
        """(m,) bool, whether the other group is more probable than the one it is in."""
        found: IntArray = self.other > self.certainty
        return found


def find_uncertain(
    features: AnyArray, labels: AnyArray, *, least: float = LEAST, seed: int = 0, progress: Progress | None = None
) -> Uncertain:
    """Say which spikes of groups may be of another group; four groups of 5,000 spikes take about two seconds.

    Each group has a model of its own, and a spike is of a group with the probability that follows by the densities of
    the models and the sizes of the groups. Of a spike that no model explains the probabilities say only which group
    would be nearest.

    Parameters
    ----------
    features : (n, ...) float, on channels that all groups have; one that is not a number counts as 0
    labels : (n,) int, group of each spike, 0 to k - 1
    least : certainty from which on a spike is not listed
    progress : what it raises ends the work

    Raises
    ------
    PhyMedError : fewer than two groups, or one of fewer than 40 spikes
    """
    table = np.nan_to_num(np.asarray(features, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    groups = np.asarray(labels, np.int64)
    sizes = np.bincount(groups)
    if len(sizes) < 2:
        raise PhyMedError("Spikes can only be given to another cluster where there are two at least.")
    table = table.reshape(len(table), -1)
    x = as_points(rotation(table, DIMENSIONS).apply(table))
    told = progress or (lambda _fraction, _message: None)
    fits = []
    for k in range(len(sizes)):
        told(k / len(sizes), f"Model {k + 1} of {len(sizes)}")
        fits.append(neuron_model(x[groups == k], most_fitted=MOST_FITTED, seed=seed))
    return by_shares(shares_of(fits, sizes, x), groups, least)


def shares_of(fits: Sequence[Fit], sizes: IntArray, x: FloatArray) -> FloatArray:
    """Return (n, k) float64, the probability of each group for each point (n, d), by their models and sizes (k,)."""
    logs = np.stack([fit.log_density(x) for fit in fits], axis=1) + np.log(np.maximum(sizes, 1))
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    found: FloatArray = shares
    return found


def by_shares(shares: FloatArray, groups: IntArray, least: float) -> Uncertain:
    """Return the points whose own group (n,) has a probability below the least; shares : (n, k)."""
    every = np.arange(len(groups))
    own = shares[every, groups]
    others = shares.copy()
    others[every, groups] = -1.0
    seconds = others.argmax(axis=1)
    rows = np.flatnonzero(own < least)
    return Uncertain(
        frozen(rows),
        frozen(groups[rows]),
        frozen(seconds[rows]),
        frozen(own[rows]),
        frozen(others[rows, seconds[rows]]),
    )
