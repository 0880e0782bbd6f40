"""What a histogram view counts: bins on a linear or logarithmic axis, and the values of each cluster in them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.density import histogram

NORMALIZATIONS = ("count", "density", "rate", "maximum")
# Quantiles of more values look the same, and cost a millisecond for 50,000.
_RANGE_VALUES = 20_000
_TAIL = 0.002


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal bins from `low` to `high`, on a logarithmic axis where `logarithmic`; then low is above 0.

    Places on the axis are values, or their powers of ten.
    """

    low: float
    high: float
    n: int
    logarithmic: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """First and last edge, on the axis."""
        return (math.log10(self.low), math.log10(self.high)) if self.logarithmic else (self.low, self.high)

    @property
    def width(self) -> float:
        """Width of a bin on the axis: in the unit of the values, or in powers of ten."""
        first, last = self.ends
        return (last - first) / self.n

    def place(self, value: float) -> float:
        """Return where a value is on the axis; minus infinity for one that a logarithmic axis cannot show."""
        if self.logarithmic:
            return math.log10(value) if value > 0 else -math.inf
        return value

    def at(self, place: float) -> int | None:
        """Return the bin at a place on the axis, or None."""
        first, last = self.ends
        inside = first <= place <= last
        return min(int((place - first) * (self.n / (last - first))), self.n - 1) if inside else None

    def edges(self, index: int) -> tuple[float, float]:
        """Return the first and last value of a bin."""
        first = self.ends[0]
        low, high = first + index * self.width, first + (index + 1) * self.width
        return (10.0**low, 10.0**high) if self.logarithmic else (low, high)

    def counts(self, values: FloatArray) -> IntArray:
        """Count the values in each bin, (n,) int64; a value on the last edge is in the last bin."""
        return histogram(self._places(values), self.ends, n_bins=self.n)

    def inside(self, values: FloatArray, index: int) -> IntArray:
        """Return which values are counted in a bin, ascending."""
        places = self._places(values).astype(np.float64)
        first, last = self.ends
        shown = (places >= first) & (places <= last)
        bins = np.full(len(places), -1, dtype=np.int64)
        bins[shown] = np.minimum(((places[shown] - first) * (self.n / (last - first))).astype(np.int64), self.n - 1)
        return np.flatnonzero(bins == index)

    def _places(self, values: FloatArray) -> FloatArray:
        if not self.logarithmic:
            return values
        with np.errstate(divide="ignore", invalid="ignore"):
            places: FloatArray = np.log10(np.asarray(values, dtype=np.float64))
        return places


@dataclass(frozen=True, slots=True)
class ClusterValues:
    """The values of one cluster.

    counts : (n_bins,) int64; n_values : numbers among the values, in the range or not; center : their mean or median,
    NaN when it was not asked for or there is none; notes : lines for the label of the cluster
    """

    counts: IntArray
    n_values: int
    center: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistogramBlock:
    """The values of a selection; rows : one for each cluster, in colour order."""

    bins: Bins
    rows: tuple[ClusterValues, ...]


def count_values(values: FloatArray, bins: Bins, center: str, notes: tuple[str, ...]) -> ClusterValues:
    """Count the values of a cluster; center : "mean", "median" or "none"."""
    finite = values[np.isfinite(values)]
    middle = math.nan
    if len(finite) and center != "none":
        middle = float(np.mean(finite, dtype=np.float64) if center == "mean" else np.median(finite))
    return ClusterValues(frozen(bins.counts(finite)), len(finite), middle, notes)


def heights(block: HistogramBlock, normalization: str, exposure_s: float) -> tuple[FloatArray, FloatArray]:
    """Return heights of bars, (n_clusters, n_bins) float64, and the height that one value has, (n_clusters,).

    exposure_s : during which the values of one bin were collected, for the normalisation "rate"
    """
    counts = np.array([row.counts for row in block.rows], dtype=np.float64).reshape(len(block.rows), block.bins.n)
    one = np.ones(len(counts))
    if normalization == "density":
        one /= np.maximum([row.n_values for row in block.rows], 1) * block.bins.width
    elif normalization == "rate":
        one /= max(exposure_s, 1e-9)
    elif normalization == "maximum":
        one /= np.maximum(counts.max(axis=1, initial=0), 1)
    return counts * one[:, None], one


def typical_range(values: FloatArray) -> tuple[float, float]:
    """Return the 0.2 and 99.8 % quantiles, NaN when there is no number."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return math.nan, math.nan
    low, high = np.quantile(finite[:: max(1, len(finite) // _RANGE_VALUES)], (_TAIL, 1 - _TAIL))
    return float(low), float(high)


def round_range(low: float, high: float, *, logarithmic: bool) -> tuple[float, float]:
    """Widen a range to round values, so that it stays the same for similar clusters."""
    if logarithmic:
        first, last = math.floor(2 * math.log10(low)) / 2, math.ceil(2 * math.log10(high)) / 2
        return 10.0**first, 10.0 ** max(last, first + 0.5)
    span = high - low if high > low else max(abs(low), 1.0)
    step = 10.0 ** math.floor(math.log10(span)) / 4
    first, last = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return first, max(last, first + step)
