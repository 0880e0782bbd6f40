"""Every pair of stretches of a recording compared, for figures; `pictures` has the scores alone, in less memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray
from phy_medicine.compute.localize.located import Located
from phy_medicine.compute.localize.pictures import Grid, stretches, within

MOST_BINS = 300
"""Of a long recording stretches are longer: 300 pictures of a probe of 4 mm are 90 MB."""
WINDOW_S = 30.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """Stretches of time compared, from the first with spikes to the last.

    times_s : (n_bins,) float64, middle of each stretch; bin_s : its length
    matrix : (n_bins, n_bins) float64, correlation of the pictures over x and depth, NaN of stretches with few spikes
    entropy : (n_bins,) float64, of each picture, natural logarithm, NaN likewise
    """

    times_s: FloatArray
    bin_s: float
    matrix: FloatArray
    entropy: FloatArray

    @property
    def edges_s(self) -> FloatArray:
        """(n_bins + 1,) where stretches begin and end."""
        return np.append(self.times_s - self.bin_s / 2, self.times_s[-1] + self.bin_s / 2)

    def rho(self, window_s: float = WINDOW_S) -> float:
        """Mean correlation of pairs at most a window apart, NaN without a pair.

        Where stretches are longer than the window it is that of neighbours.
        """
        pairs = self.matrix[self._pairs(window_s)]
        return float(pairs.mean()) if pairs.size else float("nan")

    def around(self, window_s: float = WINDOW_S) -> FloatArray:
        """Mean correlation of each stretch with those at most a window apart, (n_bins,), NaN without one."""
        pairs = self._pairs(window_s)
        sums, counts = np.where(pairs, self.matrix, 0).sum(axis=1), pairs.sum(axis=1)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    @property
    def mean_entropy(self) -> float:
        """Over the stretches that have one."""
        known = self.entropy[np.isfinite(self.entropy)]
        return float(known.mean()) if known.size else float("nan")

    def _pairs(self, window_s: float) -> BoolArray:
        numbers = np.arange(len(self.times_s))
        apart = np.abs(numbers[:, None] - numbers)
        return (apart > 0) & within(apart, self.bin_s, max(window_s, self.bin_s)) & np.isfinite(self.matrix)


def likeness(located: Located, *, bin_s: float = 1.0) -> Likeness:
    """Compare the stretches of a recording, motion taken out."""
    bin_s = max(bin_s, float(np.ptp(located.times_s)) / MOST_BINS)
    grid, (x, y, _) = Grid.around(located.contacts_um), located.steady_um.T
    numbers, spread, units = [], [], []
    for stretch in stretches(grid, located.times_s, x, y, bin_s=bin_s):
        numbers.append(stretch.number)
        spread.append(stretch.entropy)
        units.append(stretch.unit.astype(np.float32))
    first, last = (int(np.floor(t / bin_s)) for t in (located.times_s.min(), located.times_s.max()))
    n_bins, rows = last - first + 1, np.array(numbers, np.int64) - first
    entropy, matrix = np.full(n_bins, np.nan), np.full((n_bins, n_bins), np.nan)
    entropy[rows] = spread
    if units:
        pictures = np.array(units)
        matrix[np.ix_(rows, rows)] = pictures @ pictures.T
    return Likeness((first + np.arange(n_bins) + 0.5) * bin_s, bin_s, matrix, entropy)
