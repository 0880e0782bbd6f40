"""What criticises a fit, as figures: courses and distributions of parameters, sizes, bounds, checks, criteria."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.localize.figure_parts import ACCENT, MUTED, SECOND
from phy_medicine.compute.mixture.canvas import axes_for, grid_for, group_color, group_colors
from phy_medicine.compute.mixture.checks import Check
from phy_medicine.compute.mixture.likelihood import Swept
from phy_medicine.compute.mixture.posterior import first_kept
from phy_medicine.compute.mixture.trace import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure, SubFigure

PARAMETERS = ("pi", "mu", "sigma2", "sizes")
_NAMES = {"pi": "Weight", "mu": "Mean", "sigma2": "Variance", "sizes": "Points"}
_MOST_POINTS = 2000
_SHADE = "#00000014"


def params_over_iterations(
    trace: Trace | AnyArray,
    parameter: str = "mu",
    *,
    burn_in: float = 0.4,
    columns: int = 4,
    sharex: bool = True,
    sharey: bool = True,
    ax: Sequence[Axes] | AnyArray | None = None,
) -> Figure | SubFigure:
    """Draw the values of a parameter over the iterations, a panel for each component, the burn-in shaded.

    Parameters
    ----------
    trace : of a fit, or (t, k) or (t, k, d) numbers
    parameter : "pi" or "sizes", a line each, "mu" or "sigma2", a line for each dimension; of covariances the variances
    burn_in : part of the iterations that is left out, 0 to 1
    columns : panels beside each other at most
    ax : axes of the panels, None for a new figure

    Raises
    ------
    PhyMedError : no such parameter, or fewer axes than components
    """
    values = _values(trace, parameter)
    t, k, d = values.shape
    axes = grid_for(ax, k, columns=columns, sharex=sharex, sharey=sharey)
    every = max(1, t // _MOST_POINTS)
    iterations = np.arange(0, t, every)
    for component, axis in enumerate(axes):
        axis.axvspan(0, first_kept(t, burn_in), color=_SHADE, linewidth=0)
        lines = axis.plot(iterations, values[::every, component], linewidth=0.8)
        for dimension, line in enumerate(lines):
            line.set_color(group_color(component) if d == 1 else group_color(dimension))
        axis.set_title(f"Component {component}", fontsize=9)
        axis.margins(x=0)
    _label(axes, "Iteration", _name(parameter), columns)
    return axes[0].figure


def params_distribution(
    trace: Trace | AnyArray,
    parameter: str = "mu",
    *,
    burn_in: float = 0.4,
    columns: int = 4,
    bins: int = 40,
    sharex: bool = False,
    sharey: bool = False,
    ax: Sequence[Axes] | AnyArray | None = None,
) -> Figure | SubFigure:
    """Draw histograms of a parameter after the burn-in, a panel for each component; see `params_over_iterations`."""
    values = _values(trace, parameter)
    kept = values[first_kept(len(values), burn_in) :]
    _, k, d = kept.shape
    axes = grid_for(ax, k, columns=columns, sharex=sharex, sharey=sharey)
    for component, axis in enumerate(axes):
        own = kept[:, component]
        edges = _edges(own, bins)
        for dimension in range(d):
            color = group_color(component) if d == 1 else group_color(dimension)
            counts, _ = np.histogram(own[:, dimension], edges)
            axis.stairs(counts, edges, fill=True, color=color, alpha=0.55 if d < 4 else 0.35)
        axis.set_title(f"Component {component}", fontsize=9)
    _label(axes, _name(parameter), "Samples", columns)
    return axes[0].figure


def cluster_counts(labels: AnyArray, *, ax: Axes | None = None) -> BarContainer:
    """Draw how many points each group has, the number on its bar.

    Parameters
    ----------
    labels : (n,) integers
    """
    groups, counts = np.unique(np.asarray(labels), return_counts=True)
    axis = axes_for(ax, max(4.0, 0.5 * len(groups)), 3.0)
    bars = axis.bar(np.arange(len(groups)), counts, color=[tuple(color) for color in group_colors(groups)])
    axis.bar_label(bars, [f"{count:,}" for count in counts], fontsize=8, padding=2)
    axis.set_xticks(np.arange(len(groups)), [str(group) for group in groups])
    axis.set(xlabel="Group", ylabel="Points")
    axis.margins(y=0.12)
    return bars


def joint_plot(chains: Sequence[Trace], *, burn_in: float = 0.4, ax: Axes | None = None) -> Axes:
    """Draw the log joint density of each chain over its iterations, the burn-in shaded."""
    axis = axes_for(ax, 6.4, 3.0)
    for number, chain in enumerate(chains):
        every = max(1, len(chain) // _MOST_POINTS)
        iterations = np.arange(0, len(chain), every)
        axis.plot(iterations, chain.log_joint[::every], linewidth=0.8, color=group_color(number))
    axis.axvspan(0, first_kept(len(chains[0]), burn_in), color=_SHADE, linewidth=0)
    axis.set(xlabel="Iteration", ylabel="Log joint density", ylim=_after_start([c.log_joint for c in chains]))
    axis.margins(x=0)
    return axis


def _after_start(courses: Sequence[FloatArray]) -> tuple[float, float]:
    """Limits that the first steps from a bad start do not decide on."""
    tails = np.concatenate([course[len(course) // 20 :] for course in courses])
    low, high = float(tails.min()), float(tails.max())
    margin = 0.08 * (high - low) or 1.0
    return low - margin, high + margin


def bound_plot(bound: FloatArray, *, ax: Axes | None = None) -> Axes:
    """Draw what a variational fit climbed, (t,), over its iterations."""
    axis = axes_for(ax, 6.4, 3.0)
    axis.plot(np.arange(1, len(bound) + 1), bound, color=ACCENT, marker="o" if len(bound) < 40 else "", markersize=3)
    axis.set(xlabel="Iteration", ylabel="Evidence lower bound")
    return axis


def ppc_plot(check: Check, *, value: int | None = None, bins: int = 40, ax: Axes | None = None) -> Axes:
    """Draw the histogram of a statistic of drawn data sets, with a line at that of the points, and the p-value.

    Parameters
    ----------
    value : which one of a statistic that has several, None for the one with the most extreme p-value; where the
        statistic depends on drawn parameters, the difference to that of the points is drawn, with a line at 0

    Raises
    ------
    PhyMedError : there is no value of that number
    """
    m = check.replicated.shape[1]
    p_values = check.p_values
    if value is None:
        value = 0 if np.isnan(p_values).all() else int(np.nanargmax(np.abs(p_values - 0.5)))
    if not 0 <= value < m:
        raise PhyMedError(f"The check of {check.name} has the values 0 to {m - 1}, not {value}.")
    axis = axes_for(ax, 3.4, 2.6)
    replicated, observed = check.replicated[:, value], check.observed[..., value]
    differs = np.ndim(observed) > 0
    drawn = replicated - observed if differs else replicated
    line = 0.0 if differs else float(observed)
    drawn = drawn[np.isfinite(drawn)]
    wrong = bool(check.extreme[value])
    if drawn.size:
        counts, edges = np.histogram(drawn, _edges(drawn, bins))
        axis.stairs(counts, edges, fill=True, color=ACCENT, alpha=0.45)
    axis.axvline(line, color=SECOND if wrong else "#22303c", linewidth=1.6)
    of = "" if m == 1 else f", {'cluster' if check.by_cluster else 'dimension'} {value}"
    axis.set_title(f"{check.name}{of}: {check.p_text(value)}", fontsize=9, color=SECOND if wrong else "#22303c")
    axis.set(xlabel="Model minus data" if differs else "Value", ylabel="Data sets drawn")
    return axis


def p_values_plot(check: Check, *, ax: Axes | None = None) -> Axes:
    """Draw the p-values of a check with several values, those that are extreme in red."""
    axis = axes_for(ax, 3.4, 2.6)
    values, signs = check.p_values, check.extreme
    places = np.arange(len(values))
    axis.axhspan(0.025, 0.975, color=_SHADE, linewidth=0)
    axis.scatter(places, values, s=22, c=[SECOND if sign else ACCENT for sign in signs], zorder=3)
    axis.set(
        ylim=(-0.04, 1.04), ylabel="p-value", xlabel="Cluster" if check.by_cluster else "Dimension", title=check.name
    )
    axis.title.set_fontsize(9)
    axis.xaxis.get_major_locator().set_params(integer=True)
    return axis


def sweep_plot(found: Sequence[Swept], *, ax: Axes | None = None) -> Axes:
    """Draw the criteria over the number of components, the best of each marked; held-out densities on the right."""
    axis = axes_for(ax, 5.4, 3.4)
    ks = [row.k for row in found]
    for name, color in (("bic", ACCENT), ("icl", SECOND)):
        values = np.array([getattr(row.criteria, name) for row in found])
        axis.plot(ks, values, color=color, marker=".", label=name.upper())
        axis.plot(ks[values.argmin()], values.min(), color=color, marker="o", markersize=9, fillstyle="none")
    axis.set(xlabel="Components", ylabel="Criterion, lower is better")
    axis.xaxis.get_major_locator().set_params(integer=True)
    held = [row.held_out for row in found if row.held_out is not None]
    lines, labels = axis.get_legend_handles_labels()
    if len(held) == len(found):
        right = axis.twinx()
        right.spines["top"].set_visible(False)
        right.tick_params(labelsize=8)
        drawn = right.errorbar(
            ks, [one.mean for one in held], [one.standard_error for one in held], color=MUTED, marker=".", capsize=2
        )  # fmt: skip
        right.set_ylabel("Held-out log density of a point", color=MUTED)
        lines, labels = [*lines, drawn], [*labels, "held out"]
    # Above: where the lines leave room for it depends on both axes.
    axis.legend(lines, labels, frameon=False, fontsize=8, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(lines))
    return axis


def _values(trace: Trace | AnyArray, parameter: str) -> FloatArray:
    """(t, k, d) float64, with d = 1 for one number of each component."""
    if isinstance(trace, Trace):
        if parameter not in PARAMETERS:
            raise PhyMedError(f"There is no parameter {parameter!r}; there are {', '.join(PARAMETERS)}.")
        values = getattr(trace, parameter)
        if parameter == "sigma2" and values.ndim == 4:
            values = np.diagonal(values, axis1=2, axis2=3)
    else:
        values = np.asarray(trace, dtype=np.float64)
    if values.ndim not in (2, 3) or not values.size:
        raise PhyMedError(f"Values over iterations have the shape (t, k) or (t, k, d), not {np.shape(values)}.")
    return values[:, :, None] if values.ndim == 2 else values


def _edges(values: FloatArray, bins: int) -> FloatArray:
    """Edges of the bins, also of values that are the same but for rounding, as the weight of a single component."""
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, bins + 1)


def _name(parameter: str) -> str:
    return _NAMES.get(parameter, parameter)


def _label(axes: Sequence[Axes], across: str, along: str, columns: int) -> None:
    style: dict[str, Any] = {"fontsize": 8}
    for place, axis in enumerate(axes):
        if place % columns == 0:
            axis.set_ylabel(along, **style)
        if place + columns >= len(axes):
            axis.set_xlabel(across, **style)
            axis.tick_params(labelbottom=True)
