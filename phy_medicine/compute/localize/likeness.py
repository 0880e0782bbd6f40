"""How alike and how spread the spikes of stretches of time lie, for pictures: every pair, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.localize.located import Located

STEP_UM = 4.0
MOST_BINS = 300
"""Of a long recording stretches are longer: 300 pictures of a probe of 4 mm are 80 MB."""
LEAST_SPIKES = 20


@dataclass(frozen=True, slots=True)
class Likeness:
    """Stretches of time compared.

    times_s : (n_bins,) float64, middle of each stretch; bin_s : its length
    matrix : (n_bins, n_bins) float64, correlation of the pictures over x and depth, NaN of stretches with few spikes
    entropy : (n_bins,) float64, of each picture, natural logarithm, NaN likewise
    """

    times_s: FloatArray
    bin_s: float
    matrix: FloatArray
    entropy: FloatArray

    def rho(self, window_s: float = 30.0) -> float:
        """Mean correlation of pairs at most a window apart, NaN without a pair."""
        apart = np.abs(self.times_s[:, None] - self.times_s)
        pairs = self.matrix[(apart > 0) & (apart <= max(window_s, self.bin_s) + 1e-6)]
        pairs = pairs[np.isfinite(pairs)]
        return float(pairs.mean()) if pairs.size else float("nan")

    @property
    def mean_entropy(self) -> float:
        """Over the stretches that have one."""
        known = self.entropy[np.isfinite(self.entropy)]
        return float(known.mean()) if known.size else float("nan")


def likeness(located: Located, *, bin_s: float = 1.0, margin_um: float = 100.0) -> Likeness:
    """Compare the stretches of a recording, motion taken out.

    Each spike is a Gaussian of one pixel (4 µm) over the pixels within three; those beyond the margin do not count.
    """
    first, last = float(located.times_s.min()), float(located.times_s.max())
    bin_s = max(bin_s, (last - first) / MOST_BINS)
    numbers = np.floor((located.times_s - first) / bin_s).astype(np.int64)
    n_bins = int(numbers.max()) + 1
    place, shape = _pixels(located, margin_um)
    inside = place >= 0
    counts = np.bincount(numbers[inside], minlength=n_bins)
    order = np.argsort(np.where(inside, numbers, n_bins), kind="stable")
    ends = np.cumsum(counts)
    pictures = np.zeros((n_bins, shape[0] * shape[1]), np.float32)
    entropy = np.full(n_bins, np.nan)
    for k in np.flatnonzero(counts >= LEAST_SPIKES):
        blurred = _blurred(place[order[ends[k] - counts[k] : ends[k]]], shape)
        p = blurred[blurred > 0] / blurred.sum()
        entropy[k] = -(p * np.log(p)).sum()
        blurred -= blurred.mean()
        pictures[k] = blurred / (np.linalg.norm(blurred) or 1.0)
    matrix = np.asarray(pictures @ pictures.T, np.float64)
    few = counts < LEAST_SPIKES
    matrix[few] = matrix[:, few] = np.nan
    return Likeness(first + (np.arange(n_bins) + 0.5) * bin_s, bin_s, matrix, entropy)


def _pixels(located: Located, margin_um: float) -> tuple[FloatArray, tuple[int, int]]:
    """Pixel of each spike, -1 outside, and how many there are by x and depth."""
    low = located.contacts_um.min(axis=0) - margin_um
    n_x, n_y = np.ceil((located.contacts_um.max(axis=0) + margin_um - low) / STEP_UM).astype(int) + 1
    i, j = np.rint((located.steady_um[:, :2] - low) / STEP_UM).astype(np.int64).T
    inside = (i >= 0) & (i < n_x) & (j >= 0) & (j < n_y)
    return np.where(inside, i * n_y + j, -1), (int(n_x), int(n_y))


def _blurred(place: FloatArray, shape: tuple[int, int]) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    counts = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    return np.asarray(gaussian_filter(counts, 1.0, truncate=3.0, mode="constant")).ravel()
