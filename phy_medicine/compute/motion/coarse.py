"""First guess of the motion: the best path over shifts on a coarse grid, while the density gets sharper.

Every coarse time bin is scored at all shifts within the bound, so that a large motion or a jump is found however far
it goes; a path over time then weighs the scores against the cost of moving.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.motion.binned import BinnedPeaks
from phy_medicine.compute.motion.density import Grid, estimate_density

BIN_S = 4.0
STEP_UM = 8.0
SMOOTHINGS_UM = (60.0, 40.0, 25.0, 16.0)
PASSES = 3
COST_PER_UM = 1.0
JUMP_COST = 60.0
"""Nats; a move costs at most this."""
LEVEL_BLUR = 0.7
"""Levels lend each other their scores with a Gaussian of so many levels."""
MAX_PEAKS_PER_BIN = 4000


def first_guess(
    peaks: BinnedPeaks, n_levels: int, bound_um: float, check: Callable[[], None] = lambda: None
) -> FloatArray:
    """Motion (n_bins, n_levels) on the fine time bins, µm, to within about a step of the coarse grid.

    Parameters
    ----------
    bound_um : full spread that the motion may have
    check : called now and then; may raise to end the work
    """
    per_bin = max(1, round(BIN_S / peaks.width_s))
    n_coarse = -(-peaks.n_bins // per_bin)
    centres = peaks.start_s + np.minimum((np.arange(n_coarse) + 0.5) * per_bin, peaks.n_bins - 0.5) * peaks.width_s
    half = max(1, int(0.5 * bound_um / STEP_UM))
    grid = Grid.over(peaks, half * STEP_UM, STEP_UM)
    half = min(half, (grid.n_cells - 1) // 2)
    motion = np.zeros((peaks.n_bins, n_levels))
    for smoothing in SMOOTHINGS_UM:
        for i in range(PASSES):
            check()
            rigid = smoothing == SMOOTHINGS_UM[0] and i == 0
            density = estimate_density(peaks, motion, grid, smoothing)
            log = density.log()
            shift_scores = _shift_scores(peaks, log, grid, 1 if rigid else n_levels, per_bin, half)
            shifts = _paths(shift_scores, grid.step_um) - half
            coarse = shifts * grid.step_um
            coarse = coarse - np.median(coarse, axis=0)
            coarse = np.broadcast_to(coarse, (n_coarse, n_levels))
            motion = np.stack([np.interp(peaks.centres_s, centres, u) for u in coarse.T], axis=1)
    return motion


def _shift_scores(
    peaks: BinnedPeaks, log: FloatArray, grid: Grid, n_levels: int, per_bin: int, half: int
) -> FloatArray:
    """Log likelihood (n_coarse, n_levels, n_shifts) of each coarse bin and level for every shift."""
    from phy_medicine.compute.motion import _kernels_peaks as kernels

    n_coarse = -(-peaks.n_bins // per_bin)
    scores = np.zeros((n_coarse, n_levels, 2 * half + 1), np.float32)
    backwards = np.ascontiguousarray(log[:, ::-1], np.float32)
    kernels.add_shift_scores(
        peaks.first,
        peaks.codes,
        peaks.rows,
        peaks.place(n_levels),
        n_levels,
        per_bin,
        MAX_PEAKS_PER_BIN,
        grid.axis,
        backwards,
        scores,
    )
    return scores


def _paths(scores: FloatArray, step_um: float) -> FloatArray:
    """Best shift (n_coarse, n_levels) of every coarse bin and level."""
    from phy_medicine.compute.motion import _kernels_paths as kernels

    n_levels = scores.shape[1]
    apart = np.arange(n_levels)[:, None] - np.arange(n_levels)
    blur = np.exp(-0.5 * (apart / LEVEL_BLUR) ** 2)
    paths = []
    for weights in blur:
        level = np.einsum("l,tls->ts", weights, scores)
        paths.append(kernels.best_path(np.ascontiguousarray(level, np.float64), COST_PER_UM * step_um, JUMP_COST))
    return np.stack(paths, axis=1)
