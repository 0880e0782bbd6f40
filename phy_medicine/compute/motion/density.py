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
    peaks: FloatArray  # (n_rows, n_cells), the corrected peaks before any smoothing

    def log(self) -> FloatArray:
        """Logarithm of the density."""
        return np.log(self.values)

    def slope(self) -> FloatArray:
        """Derivative of the logarithm by depth, 1/µm."""
        return np.gradient(self.log(), self.grid.step_um, axis=1)

    def curvature(self) -> FloatArray:
        """Information of a peak about its displacement, 1/µm²: what a step along the slope has to be divided by.

        Two estimates of the expected curvature of the log density, each averaged over the depths nearby; the larger
        is taken. The squared slope is averaged over the density, the bending over the peaks. Where the density is
        smoothed more than the peaks scatter, the peaks lie on top of its bumps, where it bends more than on average,
        and the slope at the peak itself says nothing: steps too long by a multiple would overshoot, and swing for ever.
        """
        from scipy.ndimage import gaussian_filter1d

        def nearby(values: FloatArray) -> FloatArray:
            return gaussian_filter1d(values, width, axis=1, mode="nearest")

        width = max(self.smoothing_um, 4.0) / self.grid.step_um
        slope = self.slope()
        bending = -np.gradient(slope, self.grid.step_um, axis=1)
        by_density = nearby(self.values * slope**2) / nearby(self.values)
        few = 0.5 * self.values * self.peaks.sum()
        by_peaks = nearby(self.peaks * bending + few * slope**2) / nearby(self.peaks + few)
        return np.maximum(by_density, by_peaks)


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
    smooth = gaussian_filter1d(counts, smoothing_um / grid.step_um, axis=1, mode="constant", truncate=5.0)
    smooth = gaussian_filter1d(smooth, ROW_SMOOTHING, axis=0, mode="nearest")
    values = (1 - FLOOR) / smooth.sum() * smooth + FLOOR / counts.size
    return Density(grid, values, smoothing_um, counts)


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


def log_likelihood(peaks: BinnedPeaks, motion: FloatArray, density: Density, n_blocks: int = 1) -> FloatArray:
    """Log density of the peaks at their observed depths per µm, summed over equal blocks of depth, (n_blocks,), nats.

    The density is one of corrected depths; where the motion differs between depths it is stretched accordingly, so
    that estimates with different motions can be compared.
    """
    from phy_medicine.compute.motion import _kernels_peaks as kernels

    out = np.zeros(n_blocks)
    place, axis = peaks.place(motion.shape[1]), density.grid.axis
    log = density.log() - np.log(density.grid.step_um)
    kernels.add_likelihood(peaks.first, peaks.codes, peaks.rows, place, motion, axis, log, out)
    return out


def corrected_depths(peaks: BinnedPeaks, motion: FloatArray) -> FloatArray:
    """Depth of every peak with the motion taken out, (n_peaks,) float32, µm."""
    from phy_medicine.compute.motion import _kernels_peaks as kernels

    out = np.empty(peaks.n_peaks, np.float32)
    kernels.correct_depths(peaks.first, peaks.codes, peaks.place(motion.shape[1]), motion, out)
    return out
