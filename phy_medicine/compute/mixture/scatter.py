"""The scatter of groups of spikes in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.compute.mixture.canvas import axes_for, group_color, group_colors
from phy_medicine.compute.mixture.planes import Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def sampled(n: int, sample: float | None, seed: int = 0) -> IntArray:
    """Return which of n rows to take, in order: all for None, a part below or at 1.0, a number of them above or an int.

    Raises
    ------
    PhyMedError : nothing or less is to be taken
    """
    if sample is None:
        return np.arange(n)
    if not sample > 0:
        raise PhyMedError(f"A sample is a number of spikes, or a part of them up to 1.0, not {sample}.")
    wanted = round(sample * n) if isinstance(sample, float) and sample <= 1 else int(sample)
    if wanted >= n:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, max(wanted, min(n, 1)), replace=False))


def draw_plane(
    shown: Plane, groups: AnyArray, *, first: Sequence[int] = (), seed: int = 0, ax: Axes | None = None
) -> Axes:
    """Draw spikes in a plane, a colour for each group; the order is drawn by lot, so that no group hides another.

    first : groups that the legend begins with
    """
    axis = axes_for(ax, 4.6, 4.0)
    labels = np.asarray(groups)
    order = np.random.default_rng(seed).permutation(len(labels))
    size = float(np.clip(9000 / max(len(labels), 1), 2.0, 14.0))
    axis.scatter(
        *shown.places[order].T, s=size, c=group_colors(labels[order]), alpha=0.7, linewidths=0, rasterized=True
    )
    axis.set_xlabel(shown.names[0], fontsize=8)
    axis.set_ylabel(shown.names[1], fontsize=8)
    there = np.unique(labels).tolist()
    named = [group for group in first if group in there]
    for group in named + [group for group in there if group not in named]:
        axis.scatter([], [], s=22, color=group_color(group), label=str(group))
    axis.legend(frameon=False, fontsize=8, handletextpad=0.1, loc="best")
    return axis
