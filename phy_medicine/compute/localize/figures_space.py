"""Figures of positions in space: projections, strengths, offsets, and one method against another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.compute.localize.figure_parts import (
    ACCENT,
    LABELS,
    SECOND,
    STRENGTH,
    Range,
    clean,
    colored,
    density,
    new_figure,
    span,
    wider,
)
from phy_medicine.compute.localize.figures_time import strength_in_time
from phy_medicine.compute.localize.located import Located, both
from phy_medicine.compute.localize.scoreboard import correlation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOCAL = ("x from the anchor (µm)", "Depth from the anchor (µm)", LABELS["z"])
MOST_ARROWS = 1500


def view_limits(located: Located, um: AnyArray) -> tuple[Range, Range, Range]:
    """Return limits of x, depth and z that hold the contacts and all but few spikes."""
    x, y = (wider(_joined(span(um[:, k], 0.005), located.contacts_um[:, k])) for k in range(2))
    return x, y, wider((0.0, span(um[:, 2])[1]))


def _joined(limits: Range, values: AnyArray) -> Range:
    return min(limits[0], float(values.min())), max(limits[1], float(values.max()))


def corner_axes(figure: Figure) -> tuple[Axes, Axes, Axes]:
    """Return panels x-y, x-z and z-y in the shape of an L: x-z below x-y, z-y beside it."""
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1), height_ratios=(3, 1))
    xy = figure.add_subplot(grid[0, 0])
    xz, zy = figure.add_subplot(grid[1, 0], sharex=xy), figure.add_subplot(grid[0, 1], sharey=xy)
    xy.set_ylabel(LABELS["y"])
    xz.set(xlabel=LABELS["x"], ylabel=LABELS["z"])
    zy.set_xlabel(LABELS["z"])
    xy.tick_params(labelbottom=False)
    zy.tick_params(labelleft=False)
    return xy, xz, zy


def contacts_on(axis: Axes, located: Located) -> None:
    """Draw the contacts as white squares."""
    size = float(np.clip(2400 / len(located.contacts_um), 5, 30))
    axis.scatter(*located.contacts_um.T, marker="s", s=size, facecolors="none", edgecolors="white", linewidths=0.6)


def projections(located: Located) -> Figure:
    """Draw densities over x and depth, x and z, z and depth, motion taken out."""
    figure = new_figure(8, 9)
    um = located.steady_um
    x, y, z = view_limits(located, um)
    xy, xz, zy = corner_axes(figure)
    image = density(xy, um[:, 0], um[:, 1], across=x, along=y)
    for axis, (i, j), across, along in ((xz, (0, 2), x, z), (zy, (2, 1), z, y)):
        density(axis, um[:, i], um[:, j], across=across, along=along, most=image.norm.vmax)
    contacts_on(xy, located)
    how = "" if located.motion is None else ", motion taken out"
    figure.suptitle(f"{located.name}: {located.n_spikes:,} spikes{how}", fontsize=11)
    figure.colorbar(image, ax=zy, label="Spikes in a pixel", pad=0.02)
    clean(xy, xz, zy)
    return figure


def local_scatter(located: Located, *, limits: Range | None = None) -> Figure:
    """Draw the offsets from the anchors in three planes, coloured by strength."""
    figure = new_figure(13, 4.2)
    axes = figure.subplots(1, 3)
    local, limits = located.local_um, limits or span(located.log_alpha)
    spans = [wider(span(local[:, k], 0.002)) for k in range(3)]
    for axis, (i, j) in zip(axes, ((0, 1), (0, 2), (2, 1)), strict=True):
        axis.set(xlim=spans[i], ylim=spans[j], xlabel=LOCAL[i], ylabel=LOCAL[j])
        drawn = colored(axis, local[:, i], local[:, j], located.log_alpha, limits=limits)
    figure.suptitle(f"{located.name}: offsets from the mean of the ten contacts", fontsize=11)
    figure.colorbar(drawn, ax=axes.tolist(), label=LABELS["a"], pad=0.01)
    clean(*axes)
    return figure


def strength_plots(located: Located) -> Figure:
    """Draw the strength against x, depth and z, and its quartiles over time."""
    figure = new_figure(10, 7.5)
    axes = figure.subplots(2, 2)
    along = wider(span(located.log_alpha, 0.001))
    for axis, k, key in zip(axes.flat, range(3), "xyz", strict=False):
        image = density(
            axis, located.um[:, k], located.log_alpha, across=wider(span(located.um[:, k], 0.002)), along=along
        )
        axis.set(xlabel=LABELS[key], ylabel=LABELS["a"])
    figure.colorbar(image, ax=axes[:, 0].tolist(), label="Spikes in a pixel", location="left", pad=0.02, aspect=50)
    times, quartiles = strength_in_time(located)
    axis = axes[1, 1]
    axis.fill_between(times, quartiles[:, 0], quartiles[:, 2], color=ACCENT, alpha=0.25, linewidth=0, label="quartiles")
    axis.plot(times, quartiles[:, 1], color=ACCENT, linewidth=1, label="median")
    axis.set(xlabel="Time (s)", ylabel=LABELS["a"])
    axis.margins(x=0)
    axis.legend(frameon=False, fontsize=8)
    figure.suptitle(f"{located.name}: strength by place and time", fontsize=11)
    clean(*axes.flat)
    return figure


def displacement(located: Located, baseline: Located) -> Figure:
    """Draw where each spike moved from the baseline, coloured by how far, with arrows of some."""
    now, before = both(located, baseline)
    a, b = before.steady_um[:, :2], now.steady_um[:, :2]
    shift = np.linalg.norm(b - a, axis=1)
    figure = new_figure(7, 9)
    axis = figure.subplots()
    x, y, _ = view_limits(now, np.concatenate([before.steady_um, now.steady_um]))
    axis.set(xlim=x, ylim=y, xlabel=LABELS["x"], ylabel=LABELS["y"])
    limits = (0.0, span(shift)[1])
    drawn = colored(axis, b[:, 0], b[:, 1], shift, limits=limits, cmap=STRENGTH)
    some = slice(None, None, -(-len(shift) // MOST_ARROWS))
    axis.quiver(
        *a[some].T, *(b - a)[some].T, angles="xy", scale_units="xy", scale=1, width=0.0015, color=ACCENT, alpha=0.5
    )
    axis.scatter(*now.contacts_um.T, marker="s", s=8, facecolors="none", edgecolors="black", linewidths=0.5)
    axis.set_title(f"{located.name} against {baseline.name}\nmedian shift {np.median(shift):.1f} µm", fontsize=11)
    figure.colorbar(drawn, ax=axis, label="Shift in x and depth (µm)", pad=0.02)
    clean(axis)
    return figure


def comparison(located: Located, baseline: Located) -> Figure:
    """Draw each axis of one method against the other, in the frame of the probe and from the anchors."""
    now, before = both(located, baseline)
    figure = new_figure(11, 7.2)
    axes = figure.subplots(2, 3)
    frames = (("", before.steady_um, now.steady_um), ("from the anchor, ", before.local_um, now.local_um))
    for row, (frame, theirs, ours) in zip(axes, frames, strict=True):
        for axis, k, key in zip(row, range(3), "xyz", strict=True):
            limits = wider(_joined(span(theirs[:, k], 0.002), np.array(span(ours[:, k], 0.002))))
            image = density(axis, theirs[:, k], ours[:, k], across=limits, along=limits)
            axis.plot(limits, limits, color=SECOND, linewidth=0.8)
            r = correlation(theirs[:, k], ours[:, k])
            axis.set_title(
                f"{frame}{LABELS[key]}: {f'r = {r:.3f}' if np.isfinite(r) else 'the same everywhere'}", fontsize=9
            )
    figure.supxlabel(baseline.name, fontsize=10)
    figure.supylabel(located.name, fontsize=10)
    figure.colorbar(image, ax=axes.ravel().tolist(), label="Spikes in a pixel", pad=0.01)
    clean(*axes.flat)
    return figure
