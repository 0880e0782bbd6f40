"""What the figures of positions have in common: panels, colours, points or densities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.localize.located import Located

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

DPI = 200
MOST_POINTS = 100_000
"""Of more spikes a picture shows the mean of each pixel: points would only cover each other."""
STRENGTH, AWAY, DENSITY, EITHER_WAY = "inferno", "viridis", "magma", "RdBu_r"
ACCENT, SECOND, MUTED = "#1f77b4", "#d62728", "#7f7f7f"
LABELS = {"x": "x (µm)", "y": "Depth (µm)", "z": "z (µm)", "a": "log₁₀ α"}
PIXELS = (500, 300)
Range = tuple[float, float]


def new_figure(width: float, height: float) -> Figure:
    """Return a figure without a window; pyplot would keep it for ever."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def clean(*axes: Axes) -> None:
    """Take away what says nothing."""
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)


def span(values: AnyArray, tail: float = 0.01) -> Range:
    """Return the limits that all values but the tails have, never empty."""
    known = np.asarray(values)[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.quantile(known, (tail, 1 - tail)))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def wider(limits: Range, share: float = 0.08) -> Range:
    """Return limits with a margin."""
    margin = share * (limits[1] - limits[0])
    return limits[0] - margin, limits[1] + margin


def strength_limits(methods: Sequence[Located]) -> Range:
    """Return limits of colour that all methods of a comparison share."""
    return span(np.concatenate([method.log_alpha for method in methods]))


def dots(n_points: int) -> dict[str, Any]:
    """Return how points are drawn: larger where they are few."""
    return {"s": float(np.clip(40_000 / max(1, n_points), 0.8, 6)), "linewidths": 0, "rasterized": True}


def colored(
    axis: Axes, x: AnyArray, y: AnyArray, values: AnyArray, *, limits: Range, cmap: str = STRENGTH
) -> PathCollection | AxesImage:
    """Draw spikes coloured by a value: points, or of many spikes the mean of each pixel; keeps the axis limits."""
    if len(x) <= MOST_POINTS:
        return axis.scatter(x, y, c=values, cmap=cmap, vmin=limits[0], vmax=limits[1], **dots(len(x)))
    (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
    if axis.get_autoscale_on():
        (left, right), (low, high) = wider(span(x, 0), 0), wider(span(y, 0.0005), 0.02)
    mean = binned_mean(x, y, values, (left, right), (low, high))
    extent = (left, right, low, high)
    return axis.imshow(
        mean, origin="lower", extent=extent, aspect="auto", cmap=cmap, vmin=limits[0], vmax=limits[1],
        interpolation="nearest",
    )  # fmt: skip


def binned_mean(x: AnyArray, y: AnyArray, values: AnyArray, across: Range, along: Range) -> FloatArray:
    """Return the mean of the values in each pixel, (n_y, n_x), NaN where there is none."""
    n_x, n_y = PIXELS
    i = np.floor((np.asarray(x, np.float64) - across[0]) / (across[1] - across[0]) * n_x)
    j = np.floor((np.asarray(y, np.float64) - along[0]) / (along[1] - along[0]) * n_y)
    i, j = np.where(i == n_x, n_x - 1, i), np.where(j == n_y, n_y - 1, j)  # the last edge belongs to the last pixel
    inside = (i >= 0) & (i < n_x) & (j >= 0) & (j < n_y)
    place = (j[inside] * n_x + i[inside]).astype(np.int64)
    counts = np.bincount(place, minlength=n_x * n_y)
    sums = np.bincount(place, np.asarray(values, np.float64)[inside], minlength=n_x * n_y)
    mean = np.full(n_x * n_y, np.nan)
    np.divide(sums, counts, out=mean, where=counts > 0)
    return mean.reshape(n_y, n_x)


def density(axis: Axes, x: AnyArray, y: AnyArray, *, across: Range, along: Range, most: float = 0.0) -> AxesImage:
    """Draw how many spikes each pixel has, on a logarithmic scale.

    most : upper end of the colours, 0 for the largest count
    """
    from matplotlib import colormaps
    from matplotlib.colors import LogNorm

    counts = pixel_counts(x, y, across, along)
    cmap = colormaps[DENSITY]
    norm = LogNorm(1, max(2.0, most or float(counts.max())))
    shown = np.ma.masked_equal(counts.T, 0)
    axis.set_facecolor(cmap(0.0))
    return axis.imshow(shown, origin="lower", extent=(*across, *along), aspect="auto", cmap=cmap, norm=norm)


def pixel_counts(x: AnyArray, y: AnyArray, across: Range, along: Range, n: int = 160) -> FloatArray:
    """Return the number of spikes in each pixel, (n, n) by x and y."""
    counts, *_ = np.histogram2d(x, y, bins=n, range=(across, along))
    return np.asarray(counts)
