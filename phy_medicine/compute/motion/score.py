"""How good a motion estimate is: its error where the truth is known, the sharpness of corrected depths where not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks

GRID_UM, SMOOTHING_UM = 4.0, 4.0
FEWEST_PEAKS = 20
"""Time bins with fewer are left out."""
NEAR_S = 30
REST_DEPTHS = 19
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class MotionError:
    """Absolute error over times and rest depths, µm."""

    median_um: float
    p95_um: float
    mean_um: float


@dataclass(frozen=True, slots=True)
class Sharpness:
    """Mean correlation of depth histograms of different times; larger when motion is taken out."""

    rho_w30: float  # bins of 1 s, pairs 1 to 30 s apart
    rho_all: float  # bins of 10 s, all pairs


def error_against(motion: Motion, truth: Motion, *, duration_s: float, span_um: tuple[float, float]) -> MotionError:
    """Compare an estimate with the true displacement.

    Parameters
    ----------
    truth : displacement by time and *rest* depth
    span_um : 19 rest depths at 5 to 95 % of it are compared, at 0.5, 1.5, ... s; an offset that is constant over time
        is not observable, so the median over time of each depth's error does not count
    """
    times = np.arange(0.5, duration_s, 1.0)[:, None]
    rest = span_um[0] + (span_um[1] - span_um[0]) * np.linspace(0.05, 0.95, REST_DEPTHS)[None, :]
    true = truth.at(times, rest)
    error = motion.at(times, rest + true) - true
    error = np.abs(error - np.median(error, axis=0, keepdims=True))
    return MotionError(float(np.median(error)), float(np.percentile(error, 95)), float(error.mean()))


def sharpness(peaks: Peaks, motion: Motion | None = None, *, span_um: tuple[float, float] | None = None) -> Sharpness:
    """Measure how alike the depth histograms of different times are, after correction with a motion.

    Score peaks that the motion was not fitted to, so that overfitting cannot raise the figure: see `halves`.

    Parameters
    ----------
    span_um : depths of the histograms, those of the uncorrected peaks by default

    Returns
    -------
    nan where fewer than two time bins have 20 peaks
    """
    low, high = span_um or (float(peaks.depths_um.min()), float(peaks.depths_um.max()))
    near = _histograms(peaks, motion, 1.0, low, high)
    far = _histograms(peaks, motion, 10.0, low, high)
    return Sharpness(_mean_near(*near), _mean_all(far[0]))


def halves(peaks: Peaks, seed: int = 0) -> tuple[Peaks, Peaks]:
    """Part peaks at random: one half to fit, the other to score."""
    first = np.random.default_rng(seed).random(peaks.n_peaks, np.float32) < 0.5
    return peaks.where(first), peaks.where(~first)


def _histograms(
    peaks: Peaks, motion: Motion | None, bin_s: float, low: float, high: float
) -> tuple[FloatArray, AnyArray]:
    """Depth histograms of time bins with enough peaks, smoothed, mean 0, norm 1; and the numbers of these bins."""
    from scipy.ndimage import gaussian_filter1d

    first_bin = int(np.floor(float(peaks.times_s.min()) / bin_s))
    n_time = int(np.floor(float(peaks.times_s.max()) / bin_s)) - first_bin + 1
    n_depth = max(1, int(np.ceil((high - low) / GRID_UM)))
    counts = np.zeros(n_time * n_depth, np.float32)
    for start in range(0, peaks.n_peaks, _CHUNK):
        piece = slice(start, start + _CHUNK)
        times, depths = np.asarray(peaks.times_s[piece], np.float64), np.asarray(peaks.depths_um[piece], np.float64)
        place = np.floor(((depths if motion is None else motion.corrected(times, depths)) - low) / GRID_UM)
        inside = (place >= 0) & (place < n_depth)
        rows = np.floor(times[inside] / bin_s).astype(np.int64) - first_bin
        np.add.at(counts, rows * n_depth + place[inside].astype(np.int64), 1)
    table = counts.reshape(n_time, n_depth)
    kept = np.flatnonzero(table.sum(axis=1) >= FEWEST_PEAKS)
    smooth = gaussian_filter1d(table[kept], SMOOTHING_UM / GRID_UM, axis=1, mode="constant")
    smooth -= smooth.mean(axis=1, keepdims=True)
    smooth /= np.linalg.norm(smooth, axis=1, keepdims=True) + 1e-12
    return smooth, kept


def _mean_near(histograms: FloatArray, bins: AnyArray) -> float:
    """Mean correlation of bins at most 30 apart."""
    total, n_pairs = 0.0, 0
    for lag in range(1, NEAR_S + 1):
        partner = np.searchsorted(bins, bins + lag)
        paired = np.flatnonzero(np.append(bins, -1)[partner] == bins + lag)
        total += float(np.einsum("ij,ij->", histograms[paired], histograms[partner[paired]], dtype=np.float64))
        n_pairs += paired.size
    return total / n_pairs if n_pairs else float("nan")


def _mean_all(histograms: FloatArray) -> float:
    """Mean correlation of all pairs; the sum of all products is the square of the sum."""
    n = histograms.shape[0]
    if n < 2:
        return float("nan")
    total = histograms.sum(axis=0, dtype=np.float64)
    own = float(np.square(histograms, dtype=np.float64).sum())
    return (float(total @ total) - own) / (n * (n - 1))
