"""Figures of positions over time: depth rasters, likeness of stretches, entropy, motions, training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.compute.localize.figure_parts import (
    ACCENT,
    AWAY,
    EITHER_WAY,
    LABELS,
    MUTED,
    SECOND,
    STRENGTH,
    Range,
    clean,
    colored,
    new_figure,
    span,
)
from phy_medicine.compute.localize.likeness import Likeness
from phy_medicine.compute.localize.located import Located
from phy_medicine.compute.localize.scoreboard import correlation
from phy_medicine.compute.motion.motion import Motion

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def depth_raster(located: Located, *, by: str = "a", limits: Range | None = None) -> Figure:
    """Draw time against depth of all spikes, as observed and, where a motion is known, with it taken out.

    by : "a" colours by the logarithm of the strength, "z" by the distance from the probe
    limits : of the colours, to compare methods
    """
    panels = [("as observed", located.um[:, 1])]
    if located.motion is not None:
        panels.append(("motion taken out", located.steady_um[:, 1]))
    figure = new_figure(10, 1 + 4 * len(panels))
    axes = figure.subplots(len(panels), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    values, cmap = (located.log_alpha, STRENGTH) if by == "a" else (located.um[:, 2], AWAY)
    limits = limits or span(values)
    for axis, (title, depths) in zip(axes, panels, strict=True):
        drawn = colored(axis, located.times_s, depths, values, limits=limits, cmap=cmap)
        axis.set(title=f"{located.name}, {title}", ylabel=LABELS["y"])
        axis.margins(x=0, y=0.02)
    axes[-1].set_xlabel("Time (s)")
    figure.colorbar(drawn, ax=axes.tolist(), label=LABELS[by], pad=0.01, fraction=0.03, aspect=50)
    clean(*axes)
    return figure


def likeness_matrix(likeness: Likeness, name: str) -> Figure:
    """Draw the correlation of the pictures of every pair of stretches, with its mean in the title."""
    figure = new_figure(6.6, 5.8)
    axis = figure.subplots()
    first, last = likeness.edges_s[[0, -1]].tolist()
    others = likeness.matrix[~np.eye(len(likeness.times_s), dtype=bool)]
    low, high = span(others)
    image = axis.imshow(
        likeness.matrix, origin="lower", extent=(first, last, first, last), vmin=min(low, 0.0), vmax=high, cmap=STRENGTH
    )
    axis.set(
        title=f"{name}: mean correlation within 30 s {likeness.rho():.3f}\n{likeness.bin_s:.3g} s a stretch",
        xlabel="Time (s)",
        ylabel="Time (s)",
    )
    figure.colorbar(image, label="Correlation of pictures over x and depth", pad=0.02)
    clean(axis)
    return figure


def entropy_trace(likeness: Likeness, name: str) -> Figure:
    """Draw how spread the picture of each stretch is, and the mean."""
    figure = new_figure(9, 3.4)
    axis = figure.subplots()
    axis.plot(likeness.times_s, likeness.entropy, color=ACCENT, linewidth=1)
    mean = likeness.mean_entropy
    axis.axhline(mean, color=SECOND, linewidth=1, linestyle="--", label=f"mean {mean:.3f}")
    axis.set(title=f"{name}: spatial entropy", xlabel="Time (s)", ylabel="Entropy (nats)")
    axis.margins(x=0)
    axis.legend(frameon=False, fontsize=8)
    clean(axis)
    return figure


def strength_in_time(located: Located, n_bins: int = 200) -> tuple[AnyArray, AnyArray]:
    """Return the times and the quartiles of the logarithm of the strength, (n_bins, 3), NaN without spikes."""
    edges = np.linspace(float(located.times_s.min()), float(located.times_s.max()) + 1e-9, n_bins + 1)
    order = np.argsort(located.times_s, kind="stable")
    parts = np.split(located.log_alpha[order], np.searchsorted(located.times_s[order], edges[1:-1]))
    quartiles = [np.quantile(part, (0.25, 0.5, 0.75)) if len(part) else np.full(3, np.nan) for part in parts]
    return (edges[:-1] + edges[1:]) / 2, np.array(quartiles)


def motion_comparison(motions: Mapping[str, Motion]) -> Figure:
    """Draw motions as images and as traces, with the correlation and rms difference of each to the first."""
    names, first = list(motions), next(iter(motions.values()))
    figure = new_figure(10, 2.6 * (len(names) + 1))
    axes = figure.subplots(len(names) + 1, 1, sharex=True)
    times, depths = first.temporal_bins_s, first.spatial_bins_um
    fields = [motions[name].on_grid(times, depths).displacement for name in names]
    most = max(float(np.abs(field).max()) for field in fields) or 1.0
    low, high = (float(depths[0]), float(depths[-1])) if depths.size > 1 else (0.0, 1.0)
    for k, (axis, name, field) in enumerate(zip(axes, names, fields, strict=False)):
        extent = (float(times[0]), float(times[-1]), low, high)
        image = axis.imshow(
            field.T, origin="lower", extent=extent, aspect="auto", cmap=EITHER_WAY, vmin=-most, vmax=most
        )
        beside = "" if not k else (
            f": correlation {correlation(field, fields[0]):.3f}, rms difference "
            f"{np.sqrt(((field - fields[0]) ** 2).mean()):.2f} µm from {names[0]}"
        )  # fmt: skip
        axis.set(title=f"{name}{beside}", ylabel=LABELS["y"] if depths.size > 1 else "All depths")
        if depths.size == 1:
            axis.set_yticks([])
        axes[-1].plot(times, field.mean(axis=1), label=name, linewidth=1)
    axes[-1].set(title="Mean over depth", xlabel="Time (s)", ylabel="Displacement (µm)")
    axes[-1].legend(frameon=False, fontsize=8)
    figure.colorbar(image, ax=axes[:-1].tolist(), label="Displacement (µm)", pad=0.01, aspect=30)
    clean(*axes)
    return figure


def convergence(terms: Mapping[str, AnyArray], rounds: Sequence[int] = ()) -> Figure:
    """Draw the loss and its terms by iteration, each in a panel.

    terms : name -> (n_iterations,); rounds : iterations at which a new motion was taken
    """
    figure = new_figure(9, 1 + 1.7 * len(terms))
    axes = figure.subplots(len(terms), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, values) in zip(axes, terms.items(), strict=True):
        values = np.asarray(values, np.float64)
        axis.plot(values, color=ACCENT, alpha=0.35, linewidth=0.6)
        width = max(1, values.size // 50)
        smooth = np.convolve(values, np.ones(width) / width, mode="valid")
        axis.plot(np.arange(smooth.size) + (width - 1) / 2, smooth, color=SECOND, linewidth=1.2)
        axis.set_ylabel(name)
        for start in rounds:
            axis.axvline(start, color=MUTED, linewidth=0.6, linestyle=":")
    axes[0].set_title("Training" + (", a new motion at each dotted line" if len(rounds) else ""))
    axes[-1].set_xlabel("Iteration")
    axes[-1].margins(x=0)
    clean(*axes)
    return figure
