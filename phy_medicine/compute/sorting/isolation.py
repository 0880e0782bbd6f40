"""How far the spikes of a unit are from those of others, in the features of its largest channels."""

from __future__ import annotations

from math import nan

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.sorting.unit import Unit

N_CHANNELS, N_DIRECTIONS = 4, 8
_MOST_OWN, _MOST_OTHERS = 5000, 10_000
_RIDGE = 1e-3


def isolation(units: list[Unit], shapes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the L-ratio and the isolation distance of each unit, (K,); NaN where they cannot be had.

    shapes : (P, D), of the features. Of each unit its four largest channels are looked at, and the spikes of units that
    have half of them. Far units are counted by no one
    """
    out = np.full((2, len(units)), nan)
    channels = [_main(unit, shapes) for unit in units]
    has = _has(units)
    for k, unit in enumerate(units):
        if len(unit) <= 2 * N_DIRECTIONS or not channels[k].size:
            continue
        near = 2 * has[:, channels[k]].sum(axis=1) >= channels[k].size
        near[k] = False
        others = [units[j] for j in np.flatnonzero(near)]
        step = max(1, sum(map(len, others)) // _MOST_OTHERS)
        rest = [other.kept(np.arange(0, len(other), step)).on(channels[k], shapes) for other in others]
        own = unit.kept(np.arange(0, len(unit), max(1, len(unit) // _MOST_OWN))).on(channels[k], shapes)
        pooled = np.concatenate(rest) if rest else own[:0]
        out[:, k] = l_ratio_and_distance(own, pooled, n_own=len(unit), step=step)
    return out[0], out[1]


def l_ratio_and_distance(own: FloatArray, others: FloatArray, *, n_own: int, step: int = 1) -> tuple[float, float]:
    """Return the L-ratio and the isolation distance of a cluster.

    Parameters
    ----------
    own, others : (n, ...), features; n_own : spikes of the cluster, of which `own` may be a part
    step : each of the others stands for so many

    Returns
    -------
    L-ratio, 0 without others; distance, NaN where there are fewer other spikes than own

    Source: Schmitzer-Torbert et al. 2005, Neuroscience 131:1, of the squared Mahalanobis distance in the eight
    directions in which all vary most.
    """
    from scipy.special import gammaincc

    if not len(others):
        return 0.0, nan
    a, b = (np.asarray(f, np.float64).reshape(len(f), -1) for f in (own, others))
    pooled = np.concatenate([a, b])
    _, vectors = np.linalg.eigh(np.cov(pooled, rowvar=False))
    axes = vectors[:, -N_DIRECTIONS:]
    center = a.mean(axis=0)
    within = np.atleast_2d(np.cov((a - center) @ axes, rowvar=False))
    within += _RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    places = (b - center) @ axes
    squared = (places * np.linalg.solve(within, places.T).T).sum(axis=1)
    ratio = step * float(gammaincc(axes.shape[1] / 2, squared / 2).sum()) / n_own
    rank = max(1, round(n_own / step))
    return ratio, float(np.partition(squared, rank - 1)[rank - 1]) if len(squared) >= rank else nan


def _has(units: list[Unit]) -> BoolArray:
    """Which units have spikes with features of which channels, (K, N)."""
    out = np.zeros((len(units), len(units[0].template) if units else 0), bool)
    for row, unit in zip(out, units, strict=True):
        if unit.channels is not None and len(unit) and not unit.rejected:
            row[unit.channels[unit.channels >= 0]] = True
    return out


def _main(unit: Unit, shapes: FloatArray) -> IntArray:
    """The largest of the channels that a unit has features of."""
    if not unit.has_features or unit.channels is None:
        return np.zeros(0, np.int64)
    real = unit.channels[unit.channels >= 0]
    heights = np.linalg.norm(unit.template[real] @ shapes.T, axis=1)
    return np.asarray(real[np.argsort(-heights, kind="stable")[:N_CHANNELS]])
