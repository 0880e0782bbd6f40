"""Two dimensions in which groups of spikes are looked at, and the scatter of spikes in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture.canvas import axes_for, group_color, group_colors
from phy_medicine.compute.mixture.points import as_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PCA, LDA = "pca", "lda"
MODES = (PCA, LDA)


@dataclass(frozen=True, slots=True)
class Plane:
    """Where spikes lie in two dimensions; places : (n, 2), names : of the two axes."""

    places: FloatArray
    names: tuple[str, str]


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


def plane(x: AnyArray, groups: AnyArray, mode: str) -> Plane:
    """Return the plane of a mode, fitted to exactly these spikes.

    Parameters
    ----------
    x : (n, d); groups : (n,); mode : "pca", see `pca_plane`, or "lda", see `lda_plane`

    Raises
    ------
    PhyMedError : no such mode, or too few groups or spikes
    """
    if mode not in MODES:
        raise PhyMedError(f"The mode must be one of {', '.join(MODES)}, not {mode!r}.")
    return pca_plane(x) if mode == PCA else lda_plane(x, groups)


def pca_plane(x: AnyArray) -> Plane:
    """Return the two directions in which spikes (n, d) vary most; the second is 0 where there is only one."""
    points = as_points(x)
    if not len(points):
        raise PhyMedError("There are no spikes to look at.")
    centred = points - points.mean(axis=0)
    return Plane(centred @ _two(_principal(centred, 2)), ("First component", "Second component"))


def lda_plane(x: AnyArray, groups: AnyArray) -> Plane:
    """Return the two directions that tell groups apart best.

    With two groups there is one such direction; the second is then the principal one of what is left without it.

    Parameters
    ----------
    x : (n, d); groups : (n,), at least 2 different ones

    Raises
    ------
    PhyMedError : fewer than two groups, or no more spikes than groups

    Source: Fisher 1936, Annals of Eugenics 7:179; covariances are shrunk as in Ledoit & Wolf 2004, J. Multivar. Anal.
    88:365, so that few spikes on many channels do not seem to be apart.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    points, labels = as_points(x), np.asarray(groups)
    n_groups = len(np.unique(labels))
    if n_groups < 2 or len(points) <= n_groups:
        raise PhyMedError(
            f"{len(points)} spikes of {n_groups} groups cannot be told apart; choose at least two groups."
        )
    n_axes = min(n_groups - 1, points.shape[1], 2)
    fitted = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto", n_components=n_axes).fit(points, labels)
    axes = _signed(fitted.scalings_[:, :n_axes])
    centred = points - points.mean(axis=0)
    places = centred @ axes
    if n_axes == 2:
        return Plane(places, ("First discriminant", "Second discriminant"))
    along = axes / np.linalg.norm(axes)
    rest = centred - centred @ along @ along.T
    return Plane(
        np.hstack([places, rest @ _two(_principal(rest, 1))[:, :1]]), ("Discriminant", "First component of the rest")
    )


def _principal(centred: FloatArray, n: int) -> FloatArray:
    """Directions (d, n) or fewer, largest variance first."""
    vectors = np.linalg.eigh(centred.T @ centred)[1]
    return _signed(vectors[:, ::-1][:, :n])


def _signed(axes: FloatArray) -> FloatArray:
    """The axes with their largest entry positive."""
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    found: FloatArray = axes * np.where(largest < 0, -1.0, 1.0)
    return found


def _two(axes: FloatArray) -> FloatArray:
    return np.hstack([axes, np.zeros((len(axes), max(0, 2 - axes.shape[1])))])


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
