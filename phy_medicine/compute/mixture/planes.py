"""Two dimensions in which groups of spikes are looked at: that tell them apart best, or in which they vary most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.mixture.points import as_points

PCA, LDA = "pca", "lda"
MODES = (PCA, LDA)
# Part of the mean variance added to every variance, so that numbers that never vary do no harm.
_RIDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Plane:
    """Where spikes lie in two dimensions.

    places : (n, 2), of the spikes that it was made of; names : of the two axes
    centre : (d,), their mean; axes : (d, 2), so that places are (x - centre) @ axes
    """

    places: FloatArray
    names: tuple[str, str]
    centre: FloatArray
    axes: FloatArray

    def of(self, x: AnyArray) -> FloatArray:
        """Return the places of any spikes, (n, 2) float64; x : (n, d)."""
        found: FloatArray = (np.asarray(x, dtype=np.float64) - self.centre) @ self.axes
        return found


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
    centre = points.mean(axis=0)
    centred = points - centre
    axes = _two(_principal(centred, 2))
    return Plane(centred @ axes, ("First component", "Second component"), centre, axes)


def lda_plane(x: AnyArray, groups: AnyArray) -> Plane:
    """Return the two directions that tell groups apart best; their unit is the deviation inside of the groups.

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
    points, labels = as_points(x), np.unique(np.asarray(groups), return_inverse=True)[1]
    n_groups = int(labels.max(initial=-1)) + 1
    if n_groups < 2 or len(points) <= n_groups:
        raise PhyMedError(
            f"{len(points)} spikes of {n_groups} groups cannot be told apart; choose at least two groups."
        )
    n_axes = min(n_groups - 1, points.shape[1], 2)
    axes = _signed(discriminants(points, labels)[:, :n_axes])
    centre = points.mean(axis=0)
    centred = points - centre
    if n_axes == 2:
        return Plane(centred @ axes, ("First discriminant", "Second discriminant"), centre, axes)
    along = axes / np.linalg.norm(axes)
    rest = _two(_principal(centred - centred @ along @ along.T, 1))[:, :1]
    axes = np.hstack([axes, rest - along @ along.T @ rest])
    return Plane(centred @ axes, ("Discriminant", "First component of the rest"), centre, axes)


def discriminants(points: FloatArray, labels: IntArray) -> FloatArray:
    """Return the directions (d, d) that tell groups apart, the best first, each of variance 1 inside of the groups.

    points : (n, d); labels : (n,) 0, 1, ... of each

    As `LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")` of scikit-learn, which takes a second to load.
    """
    members = [points[labels == k] for k in range(int(labels.max()) + 1)]
    within = sum(len(part) / len(points) * shrunk_covariance(part) for part in members)
    between = shrunk_covariance(points) - within
    within = within + (_RIDGE * np.trace(within) / len(within) or 1.0) * np.eye(len(within))
    inverse = np.linalg.inv(np.linalg.cholesky(within))
    vectors = np.linalg.eigh(inverse @ between @ inverse.T)[1]
    found: FloatArray = inverse.T @ vectors[:, ::-1]
    return found


def shrunk_covariance(points: FloatArray) -> FloatArray:
    """Return the covariance (d, d) of spikes (n, d), of which as much is replaced by independent noise as is uncertain.

    Source: Ledoit & Wolf 2004, J. Multivar. Anal. 88:365, of columns scaled to a deviation of 1.
    """
    n, d = points.shape
    centred = points - points.mean(axis=0)
    scale = centred.std(axis=0)
    scale[scale < 10 * np.finfo(float).eps * np.abs(points).max(axis=0, initial=1.0)] = 1.0
    z = centred / scale
    covariance = z.T @ z / n
    mean = np.trace(covariance) / d
    squared = float((covariance**2).sum())
    uncertain = float(((z**2).sum(axis=1) ** 2).sum()) / n - squared
    away = squared - d * mean**2
    part = min(uncertain / n, away) / away if away > 1e-12 * max(squared, 1e-12) and uncertain > 0 else 0.0
    shrunk: FloatArray = (1 - part) * covariance + part * mean * np.eye(d)
    return shrunk * scale * scale[:, None]


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
