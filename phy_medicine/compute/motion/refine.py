"""Refinement: density, scores and prior in turn, until the motion stands still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.motion.binned import BinnedPeaks
from phy_medicine.compute.motion.curve import within_bound
from phy_medicine.compute.motion.density import Density, Grid, estimate_density, scores
from phy_medicine.compute.motion.walk import Walk

LONGEST_STEP_UM = 10.0
STILL_UM = 0.01
"""A root mean square step below this ends the passes at one smoothing."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A motion on the fine time bins and what it was found with."""

    motion: FloatArray  # (n_bins, n_levels) float64, µm, mean zero over time
    walk: Walk
    density: Density | None = None  # of the peaks corrected with the motion

    @property
    def n_levels(self) -> int:
        """Depth levels of the motion."""
        return self.motion.shape[1]


def begin(peaks: BinnedPeaks, motion: FloatArray) -> Fit:
    """Start from a first guess."""
    return Fit(motion, Walk.begin(peaks.levels_um(motion.shape[1]), peaks.n_bins, peaks.width_s))


def refine(
    peaks: BinnedPeaks,
    fit: Fit,
    *,
    smoothing_um: float,
    passes: int,
    bound_um: float,
    learn: bool = True,
    check: Callable[[], None] = lambda: None,
    seen: Callable[[Fit], object] = lambda fit: None,
) -> Fit:
    """Improve a fit at one smoothing of the density; each pass is one step of penalised Fisher scoring.

    Parameters
    ----------
    learn : whether the prior is learned too
    check : called before every pass; may raise to end the work
    seen : called with the fit after every pass, without its density
    """
    motion, walk = fit.motion, fit.walk
    grid = Grid.over(peaks, 0.5 * bound_um, float(np.clip(smoothing_um / 3, 0.5, 2.0)))
    for _ in range(passes):
        check()
        density = estimate_density(peaks, motion, grid, smoothing_um)
        mean, walk = walk.smooth(motion, *scores(peaks, motion, density), learn=learn)
        step = np.clip(mean - motion, -LONGEST_STEP_UM, LONGEST_STEP_UM)
        moved = within_bound(motion + step, bound_um)
        moved -= moved.mean(axis=0)
        change = np.sqrt(np.mean((moved - motion) ** 2))
        motion = moved
        seen(Fit(motion, walk))
        if change < STILL_UM:
            break
    return Fit(motion, walk, estimate_density(peaks, motion, grid, smoothing_um))
