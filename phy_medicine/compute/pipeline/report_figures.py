"""The pictures of a report that show all peaks: where they are in time and depth, and how many."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.motion.motion import Motion

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from phy_medicine.compute.motion.peaks import Peaks

SHOWN_PEAKS = 150_000
"""More points would only cover each other."""
N_CURVES = 7
N_LOOKS = 400
"""Bins of time of the rate, at most."""
INK, FAINT, ACCENT, CURVE = "#22303c", "#8a97a3", "#2b6ca3", "#d1495b"
_DPI = 160


def _figure(width: float, height: float) -> Figure:
    """A figure without a window, in the colours of the page."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _clean(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(labelsize=8, color=FAINT, labelcolor=INK)
    axes.xaxis.label.set(size=9, color=INK)
    axes.yaxis.label.set(size=9, color=INK)
    axes.title.set(size=10, color=INK)


def picture(figure: Figure) -> str:
    """Return a figure as the source of an `img`."""
    content = io.BytesIO()
    figure.savefig(content, format="png")
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def drift_map(peaks: Peaks, motion: Motion) -> str:
    """Peaks by time and depth, the darker the larger, with the motion over them; below with the motion taken out."""
    figure = _figure(10.4, 6.2)
    above, below = figure.subplots(2, 1, sharex=True, sharey=True)
    some = peaks.sample(SHOWN_PEAKS)
    times, depths = np.asarray(some.times_s), np.asarray(some.depths_um)
    colors = _shades(some.amplitudes)
    size = float(np.clip(60_000 / times.size, 0.6, 3.0))
    dots: dict[str, Any] = {"s": size, "c": colors, "linewidths": 0, "rasterized": True}
    above.scatter(times, depths, **dots)
    below.scatter(times, motion.corrected(times, depths), **dots)
    _curves(above, motion, *_limits(depths))
    moved = float(np.ptp(motion.displacement, axis=0).max())
    above.set(title=f"Peaks as observed; the lines are the motion, up to {moved:.0f} µm", ylabel="Depth (µm)")
    below.set(title="Peaks with the motion taken out", ylabel="Depth (µm)", xlabel="Time (s)")
    above.margins(x=0.002)
    above.set_ylim(*_limits(depths))
    for axes in (above, below):
        _clean(axes)
    return picture(figure)


def _limits(depths: FloatArray) -> tuple[float, float]:
    """Between which depths nearly all peaks lie, and a little more; single ones may lie anywhere."""
    low, high = np.quantile(depths, (0.002, 0.998))
    margin = 0.04 * max(high - low, 20.0)
    return float(low - margin), float(high + margin)


def _shades(amplitudes: FloatArray) -> FloatArray:
    """Colours (n, 4): ink, the more of it the larger the amplitude is among all."""
    from matplotlib.colors import to_rgb

    sizes = np.abs(np.asarray(amplitudes, np.float64))
    low, high = np.quantile(sizes, (0.02, 0.98))
    part = np.clip((sizes - low) / max(high - low, 1e-12), 0, 1)
    colors = np.empty((sizes.size, 4))
    colors[:, :3] = to_rgb(INK)
    colors[:, 3] = 0.12 + 0.68 * part
    return colors


def _curves(axes: Axes, motion: Motion, low: float, high: float) -> None:
    depths = np.linspace(low, high, N_CURVES + 2)[1:-1]
    times = motion.temporal_bins_s
    curves = motion.at(times[:, None], depths[None, :]) + depths
    for curve in curves.T:
        axes.plot(times, curve, color=CURVE, linewidth=1.1)


def activity(peaks: Peaks, duration_s: float) -> str:
    """How many peaks a second there are over time, and at each depth."""
    figure = _figure(10.4, 2.5)
    left, right = figure.subplots(1, 2, width_ratios=(5, 2))
    n_bins = int(np.clip(duration_s, 1, N_LOOKS))
    counts, edges = np.histogram(peaks.times_s, n_bins, (0, duration_s))
    rate = counts / (duration_s / n_bins)
    left.fill_between(edges[:-1], rate, step="post", color=ACCENT, alpha=0.25, linewidth=0)
    left.step(edges[:-1], rate, where="post", color=ACCENT, linewidth=1.0)
    left.set(xlabel="Time (s)", ylabel="Peaks a second", ylim=(0, None), xlim=(0, duration_s))
    low, high = _limits(np.asarray(peaks.depths_um))
    levels, edges = np.histogram(peaks.depths_um, int(np.clip((high - low) / 20, 4, 100)), (low, high))
    right.stairs(levels / duration_s, edges, orientation="horizontal", color=ACCENT, fill=True, alpha=0.6)
    right.set(xlabel="Peaks a second", ylabel="Depth (µm)", xlim=(0, None))
    for axes in (left, right):
        _clean(axes)
    return picture(figure)


def probe_map(positions_um: FloatArray, places_um: FloatArray, sizes: FloatArray, labels: list[str]) -> str:
    """Where the units are on the probe: larger dots for larger amplitudes.

    Parameters
    ----------
    positions_um : (n_channels, 2); places_um : (n_units, 2), x and depth; sizes : (n_units,) µV
    """
    extent = np.ptp(positions_um, axis=0)
    figure = _figure(float(np.clip(3.2 * (extent[0] + 120) / 400, 2.4, 5.0)), 5.6)
    axes = figure.subplots()
    axes.scatter(positions_um[:, 0], positions_um[:, 1], s=14, marker="s", c="#d5dce2", linewidths=0)
    axes.scatter(
        places_um[:, 0], places_um[:, 1], s=12 + 110 * np.sqrt(sizes / max(float(np.max(sizes, initial=0)), 1e-12)),
        c=[COLORS[label] for label in labels], alpha=0.75, edgecolors="white", linewidths=0.6,
    )  # fmt: skip
    axes.set(xlabel="x (µm)", ylabel="Depth (µm)")
    axes.margins(x=0.25, y=0.04)
    _clean(axes)
    return picture(figure)


COLORS = {"good": "#2e8b57", "mua": "#d08a1d", "noise": "#9aa5ae", "": "#2b6ca3"}
"""Label of a unit -> its colour, that of the page too."""
