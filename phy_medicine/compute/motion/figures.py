"""The five figures of an estimate; `corrected_motion_raster.png` is the one to look at first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.motion.estimate import Estimate
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

N_CURVES = 15
FEWEST_POINTS, MOST_POINTS = 10_000, 200_000
"""More points would only cover each other."""
COUNTED_PEAKS = 5_000_000
"""A random part of more peaks has the same density, in bounded memory."""
NEAREST = 30_000
"""Peaks of a moment, for its density."""
GRID = 100
COLORS = "viridis"
CURVE, ACCENT = "#d62728", "#1f77b4"


def draw_figures(
    folder: Path, estimate: Estimate, peaks: Peaks, check: Callable[[str], object] = lambda name: None
) -> tuple[Path, ...]:
    """Draw all figures into a folder.

    Parameters
    ----------
    peaks : after the cut by amplitude
    check : called with the name of each figure before it is drawn; may raise to end the work

    Returns
    -------
    Their files
    """
    drawn = {
        "raw_raster_and_amplitudes": lambda: raw_raster(peaks),
        "training_loss": lambda: training_loss(estimate),
        "depth_amplitude_distributions": lambda: distributions(estimate, peaks),
        "predicted_motion": lambda: predicted_motion(estimate.motion, peaks),
        "corrected_motion_raster": lambda: corrected_raster(estimate.motion, peaks),
    }
    files = []
    for name, draw in drawn.items():
        check(name)
        figure = draw()
        if figure is not None:
            files.append(folder / f"{name}.png")
            figure.savefig(files[-1])
    return tuple(files)


def _figure(width: float, height: float) -> Figure:
    """A figure without a window; pyplot would keep it for ever."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _clean(*axes: Axes) -> None:
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)


def _every(peaks: Peaks, n: int) -> slice:
    """Every n-th peak; fewer where that is too many to see, more where peaks are few."""
    return slice(None, None, max(min(n, peaks.n_peaks // FEWEST_POINTS), -(-peaks.n_peaks // MOST_POINTS), 1))


def _dots(n_points: int) -> dict[str, Any]:
    """How points are drawn: larger where they are few."""
    return {"s": float(np.clip(40_000 / max(1, n_points), 1.2, 2.5)), "linewidths": 0, "rasterized": True}


def _ranks(values: FloatArray) -> FloatArray:
    """Rank of each value, 0..1."""
    ranks = np.empty(values.size)
    ranks[np.argsort(values, kind="stable")] = np.linspace(0, 1, values.size)
    return ranks


def raw_raster(peaks: Peaks) -> Figure:
    """Peaks by time and depth, coloured by amplitude, and the amplitudes' histogram."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    figure = _figure(11, 5)
    left, right = figure.subplots(1, 2, width_ratios=(3, 1))
    some = _every(peaks, 10)
    amplitudes = np.asarray(peaks.amplitudes[some], np.float64)
    low, high = np.quantile(amplitudes, (0.01, 0.99))
    norm = Normalize(low, high if high > low else low + 1)
    left.scatter(
        peaks.times_s[some], peaks.depths_um[some], c=amplitudes, cmap=COLORS, norm=norm, **_dots(amplitudes.size)
    )
    left.set(title="Peaks as observed", xlabel="Time (s)", ylabel="Depth (µm)")
    left.margins(x=0, y=0.01)
    figure.colorbar(ScalarMappable(norm, COLORS), ax=left, label="Amplitude", pad=0.01)
    right.hist(peaks.amplitudes, bins=30, color=ACCENT, edgecolor="white", linewidth=0.4)
    right.set(title="Amplitudes", xlabel="Amplitude", ylabel="Peaks")
    right.ticklabel_format(axis="y", style="sci", scilimits=(0, 4))
    _clean(left, right)
    return figure


def training_loss(estimate: Estimate) -> Figure | None:
    """Loss by step; for the fast solver, which has none, how well each choice explained held-out peaks."""
    if not estimate.losses.size and not estimate.trials:
        return None
    figure = _figure(7, 4)
    axis = figure.subplots()
    if estimate.losses.size:
        width = max(1, estimate.losses.size // 100)
        axis.plot(estimate.losses, color=ACCENT, alpha=0.3, linewidth=0.6, label="each step")
        smooth = np.convolve(estimate.losses, np.ones(width) / width, mode="valid")
        axis.plot(np.arange(smooth.size) + (width - 1) / 2, smooth, color=CURVE, label=f"mean of {width} steps")
        axis.set(title="Training", xlabel="Step", ylabel="Loss (nats)")
    else:
        counts = sorted({trial.n_levels for trial in estimate.trials})
        scores = [max(t.score for t in estimate.trials if t.n_levels == n) for n in counts]
        axis.plot(counts, scores, "o-", color=ACCENT, label="held-out peaks")
        chosen = counts[int(np.argmax(scores))]
        axis.plot(chosen, max(scores), "o", markersize=11, fillstyle="none", color=CURVE, label=f"chosen: {chosen}")
        axis.set(title="Choice of the depth levels", xlabel="Depth levels", ylabel="Log likelihood (nats a peak)")
        axis.set_xticks(counts)
    axis.legend(frameon=False, fontsize=8)
    _clean(axis)
    return figure


def distributions(estimate: Estimate, peaks: Peaks) -> Figure:
    """At three times, the model's odds over depth and amplitude, and the density of the peaks around that time."""
    figure = _figure(11, 7)
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    peaks = peaks.sample(COUNTED_PEAKS)
    probability = estimate.probability or density_odds(peaks, estimate.motion)
    low, high = float(peaks.depths_um.min()), float(peaks.depths_um.max())
    amplitudes = np.linspace(*_amplitude_limits(peaks), GRID)
    depths = np.linspace(low, high, GRID)
    extent = (amplitudes[0], amplitudes[-1], low, high)
    first, last = float(peaks.times_s.min()), float(peaks.times_s.max())
    options: dict[str, Any] = {"origin": "lower", "extent": extent, "aspect": "auto"}
    for column, fraction in zip(axes.T, (0.25, 0.5, 0.75), strict=True):
        time = first + fraction * (last - first)
        corrected = estimate.motion.corrected(time, depths)
        odds = probability(np.repeat(corrected, GRID), np.tile(amplitudes, GRID)).reshape(GRID, GRID)
        model = column[0].imshow(odds, vmin=0, vmax=1, cmap="magma", **options)
        column[0].set_title(f"{time:,.0f} s", fontsize=10)
        data = column[1].imshow(_density_near(peaks, time, extent), vmin=0, cmap="magma", **options)
        column[1].set_xlabel("Amplitude")
    axes[0, 0].set_ylabel("Model\nDepth (µm)")
    axes[1, 0].set_ylabel("Nearest 30,000 peaks\nDepth (µm)")
    figure.colorbar(model, ax=axes[0].tolist(), label="p (real peak)", pad=0.01)
    figure.colorbar(data, ax=axes[1].tolist(), label="Density (relative)", pad=0.01)
    _clean(*axes.flat)
    return figure


def _amplitude_limits(peaks: Peaks) -> tuple[float, float]:
    low, high = float(peaks.amplitudes.min()), float(peaks.amplitudes.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _density_near(peaks: Peaks, time: float, extent: tuple[float, float, float, float]) -> FloatArray:
    """Kernel density of the peaks nearest to a time, (GRID, GRID) depth by amplitude, its maximum 1."""
    from scipy.ndimage import gaussian_filter

    distance = np.abs(np.asarray(peaks.times_s, np.float64) - time)
    rows = np.argpartition(distance, NEAREST)[:NEAREST] if peaks.n_peaks > NEAREST else slice(None)
    counts, *_ = np.histogram2d(
        peaks.depths_um[rows], peaks.amplitudes[rows], bins=GRID, range=(extent[2:], extent[:2])
    )
    smooth = gaussian_filter(counts, 1.5)
    return np.asarray(smooth / (smooth.max() or 1.0))


def density_odds(peaks: Peaks, motion: Motion) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """Return p(depth, amplitude) of the corrected peaks: density / (density + that of uniform points)."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    n = 4 * GRID
    low, high = float(peaks.depths_um.min()), float(peaks.depths_um.max())
    margin = float(np.abs(motion.displacement).max())
    weak, strong = _amplitude_limits(peaks)
    limits = ((low - margin, high + margin), (weak, strong))
    corrected = motion.corrected(peaks.times_s, peaks.depths_um)
    counts, *_ = np.histogram2d(corrected, peaks.amplitudes, bins=n, range=limits)
    density = gaussian_filter(counts, (3.0, 4.0))
    density *= (high - low + 2 * margin) / (high - low) / max(float(density.mean()), 1e-12)
    odds = density / (1 + density)

    def probability(depths_um: FloatArray, amplitudes: FloatArray) -> FloatArray:
        (start, stop), (first, last) = limits
        places = ((depths_um - start) / (stop - start) * n - 0.5, (amplitudes - first) / (last - first) * n - 0.5)
        return np.asarray(map_coordinates(odds, places, order=1, mode="nearest"))

    return probability


def predicted_motion(motion: Motion, peaks: Peaks) -> Figure:
    """Motion curves, each drawn at its depth."""
    figure = _figure(9, 6)
    axis = figure.subplots()
    _curves(axis, motion, peaks, color=None)
    moved = float(np.ptp(motion.displacement, axis=0).max())
    axis.set(title=f"Motion, up to {moved:.0f} µm", xlabel="Time (s)", ylabel="Depth (µm)")
    axis.margins(x=0)
    _clean(axis)
    return figure


def _curves(axis: Axes, motion: Motion, peaks: Peaks, *, color: str | None) -> None:
    """Fifteen curves from the least depth to the greatest."""
    from matplotlib import colormaps

    depths = np.linspace(float(peaks.depths_um.min()), float(peaks.depths_um.max()), N_CURVES)
    times = motion.temporal_bins_s
    table = motion.at(times[:, None], depths[None, :]) + depths
    for i, curve in enumerate(table.T):
        axis.plot(times, curve, color=color or colormaps[COLORS](0.9 * i / (N_CURVES - 1)), linewidth=1.0)


def corrected_raster(motion: Motion, peaks: Peaks) -> Figure:
    """Peaks, peaks with the motion over them, corrected peaks."""
    figure = _figure(9, 12)
    axes = figure.subplots(3, 1, sharex=True, sharey=True)
    some = _every(peaks, 30)
    times, depths = np.asarray(peaks.times_s[some]), np.asarray(peaks.depths_um[some])
    color = _ranks(np.asarray(peaks.amplitudes[some]))
    panels = (
        ("Peaks as observed", depths, 1.0),
        ("The motion over them", depths, 0.35),
        ("Peaks with the motion taken out", motion.corrected(times, depths), 1.0),
    )
    for axis, (title, shown, alpha) in zip(axes, panels, strict=True):
        points = axis.scatter(times, shown, c=color, cmap=COLORS, alpha=alpha, **_dots(times.size))
        axis.set(title=title, ylabel="Depth (µm)")
    _curves(axes[1], motion, peaks, color=CURVE)
    axes[0].margins(x=0, y=0.02)
    axes[-1].set_xlabel("Time (s)")
    points.set_alpha(1.0)
    figure.colorbar(points, ax=axes.tolist(), label="Amplitude (rank)", pad=0.01, fraction=0.03, aspect=60)
    _clean(*axes)
    return figure
