"""Clusters of features, without knowing how many: too many first, then those without a gap between them are joined.

Two clusters are one if along the line that separates them best the points are spread around one mode. The test is the
largest distance between the distribution of the points and the nearest one with a single mode (isocut, Magland and
Barnett 2015, on a histogram), where the larger cluster counts near the border only: its bulk would hide a small one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray

_RIDGE = 1e-3
"""Added to covariances, of the mean variance."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """How clusters are looked for.

    dimensions : principal components of the features that are looked at, anew within each cluster found
    points_per_start : of the clusters to begin with, within fewest and most starts
    least : points of a cluster
    apart : distance to a single mode, times the root of the number of points, from which there are two
    most_levels : how often clusters are looked into again
    """

    dimensions: int = 10
    points_per_start: int = 100
    fewest_starts: int = 4
    most_starts: int = 40
    least: int = 30
    apart: float = 1.0
    most_levels: int = 6


def cluster(features: FloatArray, rng: np.random.Generator, how: Clustering | None = None) -> IntArray:
    """Return the cluster of each point, (n,) int64 from 0, -1 where there are too few of a kind.

    Parameters
    ----------
    features : (n, F), in which noise is about the same in all directions
    """
    how = how or Clustering()
    labels = np.full(len(features), -1, np.int64)
    n = 0
    waiting = [(np.arange(len(features)), 0)]
    while waiting:
        rows, level = waiting.pop()
        parts = _parts(features[rows], rng, how) if level < how.most_levels else [np.arange(len(rows))]
        if len(parts) > 1:
            waiting += [(rows[part], level + 1) for part in parts]
        elif len(rows) >= how.least:
            labels[rows] = n
            n += 1
    return labels


def _parts(features: FloatArray, rng: np.random.Generator, how: Clustering) -> list[IntArray]:
    """Rows of each cluster at this level."""
    everything = [np.arange(len(features))]
    if len(features) < 2 * how.least:
        return everything
    points = principal(features, how.dimensions)
    k = int(np.clip(len(points) // how.points_per_start, how.fewest_starts, how.most_starts))
    labels = _starts(points, min(k, len(points)), rng)
    labels = _joined(points, labels, how)
    return [np.flatnonzero(labels == value) for value in np.unique(labels)]


def principal(features: FloatArray, dimensions: int) -> FloatArray:
    """Return the leading principal components, (n, dimensions) at most."""
    centred = features - features.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ vectors[:, np.argsort(values)[::-1][:dimensions]])


def _starts(points: FloatArray, k: int, rng: np.random.Generator) -> IntArray:
    from sklearn.cluster import KMeans

    seed = int(rng.integers(2**31))
    found = KMeans(k, n_init=1, random_state=seed, max_iter=50).fit_predict(points)
    return np.asarray(found, np.int64)


def _joined(points: FloatArray, labels: IntArray, how: Clustering) -> IntArray:
    """Join the nearest clusters first until all pairs that are left have a gap between them."""
    labels = labels.copy()
    groups = {int(value): points[labels == value] for value in np.unique(labels)}
    apart: set[tuple[int, int]] = set()
    while len(groups) > 1:
        pair = _nearest(groups, apart)
        if pair is None:
            break
        a, b = pair
        small = min(len(groups[a]), len(groups[b])) < 5
        if not small and gap(groups[a], groups[b]) > how.apart:
            apart.add(pair)
            continue
        labels[labels == b] = a
        groups[a] = np.concatenate([groups[a], groups.pop(b)])
        apart = {p for p in apart if a not in p and b not in p}
    return labels


def _nearest(groups: dict[int, FloatArray], apart: set[tuple[int, int]]) -> tuple[int, int] | None:
    """The pair of clusters with the nearest means of those that may be one."""
    names = sorted(groups)
    means = np.stack([groups[name].mean(axis=0) for name in names])
    away = np.linalg.norm(means[:, None] - means, axis=2)
    best, pair = np.inf, None
    for i, a in enumerate(names):
        for j in range(i + 1, len(names)):
            if away[i, j] < best and (a, names[j]) not in apart:
                best, pair = away[i, j], (a, names[j])
    return pair


def gap(one: FloatArray, other: FloatArray) -> float:
    """Return how far two clusters, (n, F) and (m, F), are from having one mode, in units of chance."""
    return separation(*projected(one, other))


def projected(one: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the points along the line that separates two clusters best, `one` below `other`."""
    within = _scatter(one) + _scatter(other)
    within /= len(one) + len(other)
    within[np.diag_indices_from(within)] += _RIDGE * np.trace(within) / len(within) + 1e-12
    line = np.linalg.solve(within, other.mean(axis=0) - one.mean(axis=0))
    return one @ line, other @ line


def separation(low: FloatArray, high: FloatArray) -> float:
    """Return the distance to a single mode of two groups of numbers, times the root of how many there are."""
    from phy_medicine.compute.sorting import _kernels_modes as kernels

    if len(low) > len(high):
        low, high = -high, -low
    room = 2 * len(low)  # of the larger: what is near the border
    if len(high) > room:
        high = np.partition(high, room)[:room]
    both = np.concatenate([low, high])
    n_bins = int(np.clip(2 * np.sqrt(len(both)), 8, 200))
    counts, _ = np.histogram(both, bins=n_bins)
    fit = kernels.unimodal(counts.astype(np.float64))
    return float(np.abs(np.cumsum(counts - fit)).max() / np.sqrt(len(both)))


def _scatter(points: FloatArray) -> FloatArray:
    centred = points - points.mean(axis=0)
    return np.asarray(centred.T @ centred)
