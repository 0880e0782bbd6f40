"""Whether values are of one kind or of two: how deep the deepest valley of their smoothed histogram is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.discriminant import discriminant

FEWEST = 20
"""Values of each kind, below which nothing is said."""
_LEAST_Z = 2.5
"""Standard deviations by which a valley must be lower than the lower peak: few values have valleys by chance."""
_MOST = 2000
_DIRECTIONS = 10
_BINS_PER_WIDTH = 5


@dataclass(frozen=True, slots=True)
class Bimodality:
    """How deep the valley between two kinds of values is, of the lower peak, 0 for none to 1; where its bottom is."""

    depth: float
    cut: float


def bimodality(values: FloatArray, *, between: tuple[float, float] | None = None, fewest: int = FEWEST) -> Bimodality:
    """Return the deepest valley of values whose kinds have a standard deviation of about 1.

    Parameters
    ----------
    values : (n,) float
    between : only valleys between these values; None: with `fewest` values or more on either side
    """
    values = np.sort(np.asarray(values, np.float64))
    n = len(values)
    if n < 2 * fewest or not values[-1] > values[0]:
        return Bimodality(0.0, float("nan"))
    width = max(n**-0.2, float(values[-1] - values[0]) / 2000)
    grid, density = _smoothed(values, width)
    low, high = between or (values[fewest - 1], values[-fewest])
    lower_peak = np.minimum(np.maximum.accumulate(density), np.maximum.accumulate(density[::-1])[::-1])
    inside = (grid >= low) & (grid <= high)
    # How many values a point of the smoothed histogram stands for.
    seen = 2 * sqrt(pi) * width
    z = (lower_peak - density) * seen / np.sqrt(np.maximum((lower_peak + density) * seen, 1e-12))
    depth = np.where(inside & (z >= _LEAST_Z), 1 - density / np.maximum(lower_peak, 1e-300), 0.0)
    best = int(depth.argmax())
    return Bimodality(float(depth[best]), float(grid[best]))


def _smoothed(values: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
    """Places and values by unit of length of a histogram, smoothed by a Gaussian of a standard deviation."""
    step = width / _BINS_PER_WIDTH
    margin = 4 * width
    n_bins = int(np.ceil((values[-1] - values[0] + 2 * margin) / step))
    counts, edges = np.histogram(values, n_bins, (values[0] - margin, values[0] - margin + n_bins * step))
    reach = np.arange(-4 * _BINS_PER_WIDTH, 4 * _BINS_PER_WIDTH + 1) / _BINS_PER_WIDTH
    kernel = np.exp(-0.5 * reach**2)
    return (edges[:-1] + edges[1:]) / 2, np.convolve(counts, kernel / kernel.sum(), "same") / step


def separation(first: FloatArray, second: FloatArray) -> Bimodality:
    """Return how bimodal two sets of features are, pooled, along the line that separates them best.

    Parameters
    ----------
    first, second : (n, ...) float. Half of the spikes makes the line for the other half, so that many features of few
        spikes do not look apart by chance; of many spikes 2,000 of each are looked at, evenly spaced
    """
    if min(len(first), len(second)) < FEWEST:
        return Bimodality(0.0, float("nan"))
    # In proportion, so that what is seen is the histogram of all spikes.
    step = -(-max(len(first), len(second)) // _MOST)
    step = max(1, min(step, min(len(first), len(second)) // FEWEST))
    tables = [np.asarray(f[::step], np.float64).reshape(len(f[::step]), -1) for f in (first, second)]
    reduced = _leading(tables)
    halves = [[t[k::2] for t in reduced] for k in (0, 1)]
    places: list[list[FloatArray]] = [[], []]
    for learned, seen in (halves, halves[::-1]):
        axis = discriminant(*learned)
        for unit in (0, 1):
            places[unit].append(axis.along(seen[unit]))
    a, b = (np.concatenate(p) for p in places)
    low, high = sorted((float(np.median(a)), float(np.median(b))))
    return bimodality(np.concatenate([a, b]), between=(low, high), fewest=1)


def _leading(tables: Sequence[FloatArray]) -> list[FloatArray]:
    """Scores of all rows in the directions in which they vary most together."""
    pooled = np.concatenate(tables)
    center = pooled.mean(axis=0)
    if pooled.shape[1] <= _DIRECTIONS:
        return [t - center for t in tables]
    _, vectors = np.linalg.eigh(np.cov(pooled, rowvar=False))
    return [(t - center) @ vectors[:, -_DIRECTIONS:] for t in tables]
