"""Whose spikes are the nearest ones of a spike in feature space."""

from __future__ import annotations

from math import nan

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.metrics import _kernels_neighbours

N_NEIGHBOURS = 4
_BLOCK = 128


def nearest_neighbours(
    own: FloatArray, others: FloatArray, *, asked: tuple[IntArray, IntArray] | None = None, k: int = N_NEIGHBOURS
) -> tuple[float, float]:
    """Return the hit rate and the miss rate of a cluster.

    Parameters
    ----------
    own, others : (n, D) float, in the proportion in which spikes are there; both are the neighbours that can be found
    asked : rows of `own` and of `others` whose neighbours are looked at, all by default
    k : neighbours of each

    Returns
    -------
    Hit rate: of the k nearest of a spike of the cluster, the part that is of the cluster too; 1 without others. Miss
    rate: of the nearest of another spike, the part that is of the cluster; 0 without others. NaN where there are fewer
    spikes than neighbours

    Source: Chung, Magland et al. 2017, Neuron 95:1381, as SpikeInterface has it.
    """
    if len(own) <= k:
        return nan, nan
    if not len(others):
        return 1.0, 0.0
    rows = asked or (np.arange(len(own)), np.arange(len(others)))
    points = np.ascontiguousarray(np.concatenate([own, others]), dtype=np.float32)
    hits = _own_among(points, len(own), rows[0], k)
    return hits, _own_among(points, len(own), len(own) + rows[1], k)


def _own_among(points: FloatArray, n_own: int, rows: IntArray, k: int) -> float:
    """Mean part of the first `n_own` points among the k nearest of some points, themselves left out."""
    # Along the axis on which they vary most, so that few blocks have to be looked at.
    axis = int(points.var(axis=0, dtype=np.float64).argmax())
    order = np.argsort(points[:, axis], kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    n_found = np.zeros(len(rows), np.int64)
    _kernels_neighbours.own_among_nearest(
        np.ascontiguousarray(points[order].T), axis, (order < n_own).astype(np.uint8), place[rows],
        np.empty(k, np.float32), np.empty(k, np.uint8), np.empty(_BLOCK, np.float32), n_found,
    )  # fmt: skip
    return float(n_found.mean() / k) if len(rows) else nan


def silhouette(own: FloatArray, others: FloatArray, labels: IntArray) -> float:
    """Return how much nearer spikes are to the centre of their cluster than to that of the next one, -1 to 1.

    Parameters
    ----------
    own, others : (n, D) float; labels : of the others, (n_others,) int, the cluster of each

    Returns
    -------
    Mean of (b - a) / max(a, b); a, b : distance to the centre of the own cluster, and of the one to which that distance
    is the least on average; NaN without others

    Source: Hruschka, de Castro & Campello 2004, ICDM, the simplified silhouette, as SpikeInterface has it.
    """
    from scipy.spatial.distance import cdist

    if not len(own) or not len(others):
        return nan
    spikes = np.asarray(own, np.float64)
    inside = cdist(spikes, spikes.mean(axis=0, keepdims=True))[:, 0]
    ids, rows = np.unique(labels, return_inverse=True)
    # np.add.at takes ten times as long.
    sums = [np.bincount(rows, weights=column, minlength=len(ids)) for column in np.asarray(others).T]
    centers = np.stack(sums, axis=1) / np.bincount(rows)[:, None]
    away = cdist(spikes, centers)
    outside = away[:, away.mean(axis=0).argmin()]
    larger = np.maximum(inside, outside)
    return float(((outside - inside) / np.where(larger > 0, larger, 1)).mean())
