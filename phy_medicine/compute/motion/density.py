"""The density of the corrected peaks over depth and log amplitude, in closed form: a smoothed histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.motion.binned import BinnedPeaks

FLOOR = 0.03
"""Part of the density that is uniform: false peaks, and depths where no peak was seen yet."""
ROW_SMOOTHING = 0.7
"""Standard deviation over the rows of amplitude, in rows."""
MAX_CELLS = 20_000
"""Grids become coarser where the depths span more than so many cells."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells of corrected depth: all depths of peaks, and as far beyond as they may be moved."""

    start_um: float
    step_um: float
    n_cells: int

    @classmethod
    def over(cls, peaks: BinnedPeaks, reach_um: float, step_um: float) -> Grid:
        """Grid over the peaks and `reach_um` to either side."""
        span = peaks.high_um - peaks.low_um + 2 * reach_um
        step = max(step_um, span / MAX_CELLS)
        return cls(peaks.low_um - reach_um, step, int(np.ceil(span / step)) + 2)

    @property
    def axis(self) -> tuple[float, float]:
        """Start and step, as the kernels want them."""
        return self.start_um, self.step_um


@dataclass(frozen=True, slots=True)
class Density:
    """Probability of each (row, cell), its sum 1."""

    grid: Grid
    values: FloatArray  # (n_rows, n_cells) float64
    smoothing_um: float

    def log(self) -> FloatArray:
        """Logarithm of the density."""
        return np.log(self.values)

    def slope(self) -> FloatArray:
        """Derivative of the logarithm by depth, 1/µm."""
        return np.gradient(self.log(), self.grid.step_um, axis=1)

    def curvature(self) -> FloatArray:
        """Expected information of a peak about its displacement, 1/µm²: the squared slope, averaged nearby.

        The squared slope at the peak itself would be wrong where the density is smoothed more than the peaks
        scatter: for peaks in the middle of a bump it is near 0, and steps along it would overshoot manyfold.
        """
        from scipy.ndimage import gaussian_filter1d

        width = max(self.smoothing_um, 4.0) / self.grid.step_um
        weight = gaussian_filter1d(self.values, width, axis=1, mode="nearest")
        return gaussian_filter1d(self.values * self.slope() ** 2, width, axis=1, mode="nearest") / weight


def estimate_density(peaks: BinnedPeaks, motion: FloatArray, grid: Grid, smoothing_um: float) -> Density:
    """Histogram of the corrected peaks, smoothed over depth and a little over amplitude, above a uniform floor.

    Parameters
    ----------
    motion : (n_bins, n_levels) float64, µm
    """
    from scipy.ndimage import gaussian_filter1d

    from phy_medicine.compute.motion import _kernels_peaks as kernels

    counts = np.zeros((peaks.n_rows, grid.n_cells))
    kernels.add_density(peaks.first, peaks.codes, peaks.rows, peaks.place(motion.shape[1]), motion, grid.axis, counts)
    counts = gaussian_filter1d(counts, smoothing_um / grid.step_um, axis=1, mode="constant", truncate=5.0)
    counts = gaussian_filter1d(counts, ROW_SMOOTHING, axis=0, mode="nearest")
    total = counts.sum()
    values = (1 - FLOOR) / total * counts + FLOOR / counts.size
    return Density(grid, values, smoothing_um)


def scores(peaks: BinnedPeaks, motion: FloatArray, density: Density) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Gradient of the log likelihood by the motion, and its information.

    Returns
    -------
    gradient, information (n_bins, n_levels), information between each level and the next (last column 0)
    """
    from phy_medicine.compute.motion import _kernels_peaks as kernels

    g, h, h1 = (np.zeros(motion.shape) for _ in range(3))
    slope, curvature = density.slope(), density.curvature()
    place, axis = peaks.place(motion.shape[1]), density.grid.axis
    kernels.add_scores(peaks.first, peaks.codes, peaks.rows, place, motion, axis, slope, curvature, g, h, h1)
    return g, h, h1


def log_likelihood(peaks: BinnedPeaks, motion: FloatArray, density: Density) -> FloatArray:
    """Log density of the peaks of each time bin at their observed depths, (n_bins,), nats.

    The density is one of corrected depths; where the motion differs between depths it is stretched accordingly, so
    that estimates with different motions can be compared.
    """
    from phy_medicine.compute.motion import _kernels_peaks as kernels

    out = np.zeros(peaks.n_bins)
    place, axis = peaks.place(motion.shape[1]), density.grid.axis
    kernels.add_likelihood(peaks.first, peaks.codes, peaks.rows, place, motion, axis, density.log(), out)
    return out
