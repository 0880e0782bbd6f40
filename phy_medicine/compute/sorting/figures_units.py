"""Pictures of what was found: all spikes over time and depth with the motion of the probe, and one unit at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.correlogram import correlogram
from phy_medicine.compute.localize.figure_parts import ACCENT, MUTED, SECOND, clean, colored, dots, new_figure, span
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting.figures import unit_color

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

N_CURVES = 7
MOST_SPIKES = 100_000
"""Drawn in a raster: of more every n-th."""
ACG_BIN_S, ACG_WINDOW_S, REFRACTORY_S = 0.001, 0.1, 0.0015
_SHOWN = 0.15
"""Of the largest channel of a template: channels that have as much are drawn."""


def raster(
    times_s: FloatArray,
    units: IntArray,
    depths_um: FloatArray,
    sizes: FloatArray,
    *,
    motion: Motion | None = None,
    axes: Sequence[Axes] | None = None,
) -> Figure:
    """Draw the drift map, every spike at its time and depth with the motion over it, and a row of spikes for each unit.

    Parameters
    ----------
    times_s, units, depths_um, sizes : (n,), of every spike; sizes above 0 colour the drift map
    axes : two, for the map and the rows
    """
    if axes is None:
        axes = new_figure(11, 8).subplots(2, 1, sharex=True, height_ratios=(3, 2))
    above, below = axes
    figure: Any = above.figure
    strength = np.log10(np.maximum(sizes, np.finfo(np.float32).tiny))
    drawn = colored(above, times_s, depths_um, strength, limits=span(strength))
    figure.colorbar(drawn, ax=above, label="log₁₀ amplitude", pad=0.01, fraction=0.03)
    if motion is not None:
        _curves(above, motion, span(depths_um))
    above.set(ylabel="Depth (µm)", title="Drift map")
    known, row_of = np.unique(units, return_inverse=True)
    depth = [float(np.median(depths_um[row_of == row])) for row in range(len(known))]
    order = np.argsort(depth, kind="stable")
    place = np.argsort(order)
    part = slice(None, None, max(1, -(-len(units) // MOST_SPIKES)))
    height = float(np.clip(150 / max(1, len(known)), 1, 12))  # points: a row of the panel
    ticks = {"marker": "|", "s": height**2, "linewidths": 0.5, "rasterized": True}
    below.scatter(times_s[part], place[row_of[part]], color=[unit_color(k) for k in place[row_of[part]]], **ticks)
    shown = np.arange(0, len(known), -(-len(known) // 16) or 1)
    below.set_yticks(shown, known[order[shown]])
    below.set(xlabel="Time (s)", ylabel="Unit, by depth", title="Spikes", ylim=(-0.7, len(known) - 0.3))
    for axis in (above, below):
        axis.margins(x=0)
    clean(above, below)
    return figure


def _curves(axis: Axes, motion: Motion, limits: tuple[float, float]) -> None:
    """How tissue at several depths moves past the probe."""
    for depth in np.linspace(*limits, N_CURVES + 2)[1:-1]:
        x = motion.temporal_bins_s
        axis.plot(x, depth + motion.at(x, np.full(x.size, depth)), color=ACCENT, linewidth=1.2)


def unit_summary(
    samples: IntArray,
    amplitudes: FloatArray,
    template: FloatArray,
    positions_um: FloatArray,
    *,
    sample_rate: float,
    n_samples: int,
    title: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw a unit: its template where the channels are, its autocorrelogram, and its amplitudes over time.

    Parameters
    ----------
    samples, amplitudes : (n,), of its spikes, in order of time
    template, positions_um : (N, D), (N, 2)
    n_samples : of the recording
    """
    figure = figure or new_figure(10, 5)
    grid = figure.add_gridspec(2, 3, width_ratios=(2, 2.4, 0.6))
    shape, acg = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1:])
    over_time = figure.add_subplot(grid[1, 1])
    spread = figure.add_subplot(grid[1, 2], sharey=over_time)
    _waveforms(shape, template, positions_um, sample_rate)
    _autocorrelogram(acg, np.asarray(samples), sample_rate)
    over_time.scatter(samples / sample_rate, amplitudes, color=ACCENT, **dots(len(samples)))
    over_time.set(xlabel="Time (s)", ylabel="Amplitude", xlim=(0, n_samples / sample_rate), ylim=(0, None))
    spread.hist(amplitudes, bins=40, orientation="horizontal", color=MUTED)
    spread.tick_params(labelleft=False)
    spread.set_xlabel("Spikes")
    rate = len(samples) * sample_rate / max(1, n_samples)
    figure.suptitle(f"{title}{': ' if title else ''}{len(samples):,} spikes, {rate:.3g} Hz", fontsize=10)
    clean(shape, acg, over_time, spread)
    return figure


def _waveforms(axis: Axes, template: FloatArray, positions_um: FloatArray, sample_rate: float) -> None:
    """Each channel's waveform at its place; one that has little is left out."""
    size = np.abs(template).max(axis=1)
    shown = np.flatnonzero(size >= _SHOWN * size.max())
    columns = np.unique(positions_um[:, 0])
    across = 0.8 * float(np.diff(columns).min(initial=np.inf)) if len(columns) > 1 else 20.0
    apart = np.abs(positions_um[:, None, 1] - positions_um[None, :, 1])
    up = 1.5 * float(apart[apart > 0].min(initial=np.inf)) if (apart > 0).any() else 20.0
    x = np.linspace(-0.5, 0.5, template.shape[1]) * across
    main = int(size.argmax())
    for channel in shown.tolist():
        left, depth = positions_um[channel]
        color = SECOND if channel == main else "black"
        axis.plot(left + x, depth + template[channel] / size.max() * up, color=color, linewidth=1.0)
        axis.annotate(f"{channel}", (left + x[0], depth), fontsize=6, color=MUTED, ha="right", va="center")
    axis.set(xlabel="x (µm)", ylabel="Depth (µm)")
    axis.set_title(f"Template, {1e3 * template.shape[1] / sample_rate:.3g} ms", fontsize=9)


def _autocorrelogram(axis: Axes, samples: IntArray, sample_rate: float) -> None:
    counts = correlogram(samples, sample_rate=sample_rate, bin_s=ACG_BIN_S, window_s=ACG_WINDOW_S)
    lags = (np.arange(counts.size) - counts.size // 2) * 1e3 * ACG_BIN_S
    axis.bar(lags, counts, width=1e3 * ACG_BIN_S, color=ACCENT)
    for lag in (-1e3 * REFRACTORY_S, 1e3 * REFRACTORY_S):
        axis.axvline(lag, color=SECOND, linewidth=0.8, linestyle="--")
    axis.set(xlabel="Lag (ms)", ylabel="Pairs", xlim=(lags[0] - 0.5, lags[-1] + 0.5))
    axis.set_title("Autocorrelogram", fontsize=9)
