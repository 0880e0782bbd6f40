"""Which clusters have the templates nearest to that of a given one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.session.blocks import DataMissing, TemplateShape

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A cluster beside another one.

    distance : of the templates, in parts of the size of the other's; 0 : the same; NaN without templates
    """

    cluster_id: int
    distance: float


def nearest_templates(
    data: DataService, cluster_id: int, k: int, *, without: Collection[int] = ()
) -> tuple[Neighbour, ...]:
    """Return the k clusters whose main templates are nearest by summed squared difference; fewer where there are none.

    Those seen on the peak channel of the cluster come first: by the difference alone a small template far away would
    be nearer than a large one at the same place. Without templates they are the most similar ones there.

    Parameters
    ----------
    without : clusters that are left out
    """
    try:
        return _by_templates(data, cluster_id, k, without)
    except DataMissing:
        return _by_similarity(data, cluster_id, k, without)


def distance(data: DataService, first: int, second: int) -> float:
    """Return the distance of two clusters' main templates, in parts of the size of the first one's."""
    own = data.template_shapes.shape(first)
    return float(np.sqrt(_squared(own, data.template_shapes.shape(second)) / (_size(own) or 1.0)))


def _by_templates(data: DataService, cluster_id: int, k: int, without: Collection[int]) -> tuple[Neighbour, ...]:
    near = _by_distance(data, cluster_id, [c for c in data.neighbours(cluster_id) if c not in without])
    if len(near) >= k:
        return tuple(near[:k])
    left_out = {cluster_id, *without, *(found.cluster_id for found in near)}
    far = _by_distance(data, cluster_id, [c for c in data.cluster_ids() if c not in left_out])
    return tuple([*near, *far][: max(k, 0)])


def _by_similarity(data: DataService, cluster_id: int, k: int, without: Collection[int]) -> tuple[Neighbour, ...]:
    near = [c for c in data.neighbours(cluster_id) if c not in without]
    ids = near or [c for c in data.cluster_ids() if c != cluster_id and c not in without]
    values = np.nan_to_num(data.table.similarity([cluster_id, *ids])[1][0, 1:], nan=-1.0)
    return tuple(Neighbour(ids[i], nan) for i in np.argsort(-values, kind="stable")[: max(k, 0)].tolist())


def _by_distance(data: DataService, cluster_id: int, others: list[int]) -> list[Neighbour]:
    """The nearest first, of those that have a template."""
    ids = sorted(others)
    known = data.template_shapes.amplitudes([cluster_id, *ids]).max(axis=1, initial=0.0) > 0
    there = [c for c, has_one in zip(ids, known[1:], strict=True) if has_one and known[0]]
    return sorted((Neighbour(c, distance(data, cluster_id, c)) for c in there), key=lambda found: found.distance)


def _squared(one: TemplateShape, other: TemplateShape) -> float:
    """Summed squared difference of two templates, which are 0 outside of their channels."""
    _, mine, theirs = np.intersect1d(one.channel_ids, other.channel_ids, assume_unique=True, return_indices=True)
    product = np.nan_to_num(one.data[:, mine]).astype(np.float64) * np.nan_to_num(other.data[:, theirs])
    return max(_size(one) + _size(other) - 2 * float(product.sum()), 0.0)


def _size(shape: TemplateShape) -> float:
    """Summed squares."""
    return float((np.nan_to_num(shape.data).astype(np.float64) ** 2).sum())
