"""Which clusters resemble a given one, by a vector that describes each: without templates, its mean features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.curation.similarity import N_SIMILAR

_KEPT_DEAD = 100
"""Vectors of clusters that are gone are kept for an undo, but not more than of those that there are and so many."""


class VectorSimilarity:
    """Two clusters resemble each other as much as their vectors agree: 2 a.b / (a.a + b.b).

    That is 1 for equal vectors and, other than a correlation, less for vectors of another length: two cells of one
    shape and different size on one channel are told apart.

    Parameters
    ----------
    vector_of : cluster -> (n,) float; asked once for each cluster, since an id never changes its spikes
    cluster_ids : clusters that exist; the same object until they change, as `Assignment.cluster_ids`
    """

    def __init__(self, vector_of: Callable[[int], FloatArray], cluster_ids: Callable[[], tuple[int, ...]]) -> None:
        self._vector_of = vector_of
        self._cluster_ids = cluster_ids
        self._known: dict[int, FloatArray] = {}
        self._ids: tuple[int, ...] | None = None
        self._matrix: FloatArray = np.zeros((0, 0), dtype=np.float32)
        self._norms: FloatArray = np.zeros(0, dtype=np.float32)

    def rows(self, reference: int) -> tuple[IntArray, FloatArray]:
        """Return the most similar clusters, the reference among them, largest first, lowest id among equals.

        Returns
        -------
        ids : (k,) int64, k at most 100; values : (k,) float32, -1 to 1
        """
        ids = self._cluster_ids()
        if ids is not self._ids:
            self._update(ids)
        if not ids:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        own = self._vector(reference)
        total = self._norms + np.float32(own @ own)
        values = np.divide(2 * (self._matrix @ own), total, out=np.zeros_like(total), where=total > 0)
        order = np.argsort(-values, kind="stable")[:N_SIMILAR]
        return np.array(ids, dtype=np.int64)[order], np.clip(values[order], -1, 1)

    def matrix(self, cluster_ids: Sequence[int]) -> FloatArray:
        """Return the similarity of every cluster to every other, (n, n) float32."""
        if not cluster_ids:
            return np.zeros((0, 0), dtype=np.float32)
        vectors = np.array([self._vector(c) for c in cluster_ids])
        norms = np.einsum("ck,ck->c", vectors, vectors)
        total = norms[:, None] + norms
        values = np.divide(2 * (vectors @ vectors.T), total, out=np.zeros_like(total), where=total > 0)
        pairs: FloatArray = np.clip(values, -1, 1).astype(np.float32)
        return pairs

    def _update(self, ids: tuple[int, ...]) -> None:
        vectors = [self._vector(cluster) for cluster in ids]
        if len(self._known) > 2 * len(ids) + _KEPT_DEAD:
            self._known = dict(zip(ids, vectors, strict=True))
        self._matrix = np.array(vectors, dtype=np.float32)
        self._norms = np.einsum("ck,ck->c", self._matrix, self._matrix) if vectors else np.zeros(0, dtype=np.float32)
        self._ids = ids

    def _vector(self, cluster_id: int) -> FloatArray:
        known = self._known.get(cluster_id)
        if known is None:
            vector = np.nan_to_num(np.asarray(self._vector_of(cluster_id), dtype=np.float32))
            known = self._known[cluster_id] = vector
        return known
