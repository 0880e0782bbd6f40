"""From the motion of fine time bins to the curve that is handed out: knots at the left edges of the time bins."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray

PULL = 0.02
"""Weight of a knot's own value against that of all fine bins of a segment; decides where a segment does not count."""


def n_time_bins(t_min: float, t_max: float, time_bin_size: float, epsilon: float) -> int:
    """Number of time bins over a session."""
    return max(1, int(np.ceil((t_max - t_min + 2 * epsilon) / time_bin_size)))


def at_knots(fine: FloatArray, weights: FloatArray, per_bin: int) -> FloatArray:
    """Knots (n_time, n_levels) between which a straight line comes nearest to the curve, in the mean square.

    Values at the left edges alone would cut the corners of a fast motion. A segment within which the motion jumps does
    not count, or the line would ring on both sides of the jump.

    Parameters
    ----------
    fine : (n_time * per_bin, n_levels) motion in the middle of each fine bin
    weights : (n_time * per_bin,) precision of the step to each fine bin, 1 or more unless the motion jumps there
    """
    from scipy.linalg import solveh_banded

    n_time = fine.shape[0] // per_bin
    at_edge = np.concatenate([fine[:1], 0.5 * (fine[per_bin - 1 : -1 : per_bin] + fine[per_bin::per_bin])])[:n_time]
    if n_time < 2 or per_bin < 2:
        return at_edge
    # The step to the first fine bin of a segment crosses its left edge: it belongs to the segment before.
    smooth = np.minimum(1.0, np.append(weights[1:], 1.0)).reshape(n_time, per_bin).min(axis=1) ** 2
    jump = smooth < 0.5
    after = np.concatenate([[False], jump[:-1]])
    at_edge = np.where(jump[:, None], fine[::per_bin][:n_time], at_edge)
    at_edge = np.where(after[:, None], fine[::per_bin][:n_time], at_edge)
    right = (np.arange(per_bin) + 0.5) / per_bin
    left = 1 - right
    values = fine.reshape(n_time, per_bin, -1)
    bands = np.zeros((2, n_time))
    bands[0] = PULL * per_bin
    target = PULL * per_bin * at_edge
    w = smooth[:-1]
    bands[0, :-1] += w * (left @ left)
    bands[0, 1:] += w * (right @ right)
    bands[1, :-1] = w * (left @ right)
    target[:-1] += w[:, None] * np.einsum("p,tpl->tl", left, values[:-1])
    target[1:] += w[:, None] * np.einsum("p,tpl->tl", right, values[:-1])
    return solveh_banded(bands, target, lower=True)


def triangular(curves: FloatArray, width_bins: float) -> FloatArray:
    """Curves (n_time, n_levels) smoothed over time with a triangle of so many bins, not pulled to 0 at the ends."""
    slope = 0.5 * max(width_bins, 1.0)
    half = 1 - np.arange(int(np.ceil(slope))) / slope
    kernel = np.concatenate([half[:0:-1], half])
    n_time = curves.shape[0]
    whole = np.convolve(np.ones(n_time), kernel)[half.size - 1 :][:n_time]
    smoothed = [np.convolve(curve, kernel)[half.size - 1 :][:n_time] / whole for curve in curves.T]
    return np.stack(smoothed, axis=1)


def within_bound(curves: FloatArray, bound_um: float) -> FloatArray:
    """Curves whose full spread at each level is at most the bound."""
    middle = 0.5 * (curves.max(axis=0) + curves.min(axis=0))
    return np.clip(curves, middle - 0.5 * bound_um, middle + 0.5 * bound_um)
