"""The prior of the motion: a random walk over time, common to all depths as far as the data say, with rare jumps.

The covariance of a step between the depth levels and the weight of every step are learned with the motion: levels
that move together get a covariance of low rank, and so cost no accuracy; a step much longer than the others gets a low
weight (Student's t distribution), and so is not smoothed away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray

FREEDOM = 3.0
"""Degrees of freedom of the steps; fewer: heavier tails."""
START_UM = 2.0
"""Standard deviation of a step of one second to begin with."""
REACH_UM = 1000.0
"""Depths so far apart have correlated steps to begin with."""
RIDGE = 1e-3
"""Least variance of any combination of levels, as a part of the mean variance."""
LEAST_UM2 = 1e-6
HASTE = 1.5
"""Exponent of the change of the covariance in one pass: above 1 it settles in fewer passes."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Steps from one fine time bin to the next."""

    covariance: FloatArray  # (n_levels, n_levels) µm² of one step
    weights: FloatArray  # (n_bins,) precision of the step to each bin, relative

    @classmethod
    def begin(cls, levels_um: FloatArray, n_bins: int, width_s: float) -> Walk:
        """Wide steps that are alike at neighbouring depths."""
        apart = np.abs(levels_um[:, None] - levels_um)
        covariance = START_UM**2 * width_s * np.exp(-apart / REACH_UM)
        return cls(_safe(covariance), np.ones(n_bins))

    def smooth(
        self, motion: FloatArray, gradient: FloatArray, information: FloatArray, between: FloatArray, *, learn: bool
    ) -> tuple[FloatArray, Walk]:
        """Motion that maximises a quadratic likelihood around `motion` and this prior; the prior learned from it.

        Parameters
        ----------
        motion : (n_bins, n_levels), where gradient and information were taken
        gradient, information, between : of `density.scores`
        learn : whether to return a new prior or this one
        """
        from phy_medicine.compute.motion import _kernels_paths as kernels

        vector = information * motion + gradient
        vector[:, :-1] += between[:, :-1] * motion[:, 1:]
        vector[:, 1:] += between[:, :-1] * motion[:, :-1]
        precision = np.linalg.inv(self.covariance)
        mean, moments, distance = kernels.smooth_walk(vector, information, between, precision, self.weights)
        if not learn or motion.shape[0] < 2:
            return mean, self
        n_levels = motion.shape[1]
        weights = (FREEDOM + n_levels) / (FREEDOM + distance)
        weights[0] = 1.0
        return mean, Walk(_faster(self.covariance, moments / (motion.shape[0] - 1)), weights)


def _faster(old: FloatArray, new: FloatArray) -> FloatArray:
    """Go further than from old to new covariance, in the same direction: EM alone creeps."""
    from scipy.linalg import eigh

    new = _safe(new)
    ratios, vectors = eigh(new, old)
    side = old @ vectors
    return _safe((side * np.clip(ratios, 0.02, 50.0) ** HASTE) @ side.T)


def _safe(covariance: FloatArray) -> FloatArray:
    """Symmetric, and not too near to singular."""
    n = covariance.shape[0]
    floor = RIDGE * float(np.trace(covariance)) / n + LEAST_UM2
    return 0.5 * (covariance + covariance.T) + floor * np.eye(n)
