"""Which clusters resemble a given one, by the templates their spikes came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray

N_SIMILAR = 100
"""Rows of the similarity table at most."""


class TemplateSimilarity:
    """Cluster A resembles B as much as the most alike pair of their templates.

    Parameters
    ----------
    similar_templates : (n_templates, n_templates) float, larger is closer; NaN counts as 0
    templates_of : cluster -> (template ids, spikes of each)
    cluster_ids : clusters that exist; the same object until they change, as `Assignment.cluster_ids`
    """

    def __init__(
        self,
        similar_templates: FloatArray,
        templates_of: Callable[[int], tuple[IntArray, IntArray]],
        cluster_ids: Callable[[], tuple[int, ...]],
    ) -> None:
        n = len(similar_templates)
        self._matrix = np.zeros((n + 1, n + 1), dtype=np.float32)  # the last row is a template without a row
        self._matrix[:n, :n] = np.nan_to_num(similar_templates)
        self._templates_of = templates_of
        self._cluster_ids = cluster_ids
        self._ids: tuple[int, ...] = ()
        self._id_array: IntArray = np.zeros(0, dtype=np.int64)
        self._templates: IntArray = np.zeros(0, dtype=np.int64)
        self._starts: IntArray = np.zeros(0, dtype=np.int64)

    def rows(self, reference: int) -> tuple[IntArray, FloatArray]:
        """Return the most similar clusters, the reference among them, largest first, lowest id among equals.

        Returns
        -------
        ids : (k,) int64, k at most 100; values : (k,) float32
        """
        ids = self._cluster_ids()
        if ids is not self._ids:
            self._update(ids)
        if not ids:
            return self._id_array, np.zeros(0, dtype=np.float32)
        own = self._rows_of(self._templates_of(reference)[0])
        best = self._matrix[own].max(axis=0)
        values = np.maximum.reduceat(best[self._templates], self._starts)
        order = np.argsort(-values, kind="stable")[:N_SIMILAR]
        return self._id_array[order], values[order]

    def matrix(self, cluster_ids: Sequence[int]) -> FloatArray:
        """Return the similarity of every cluster (row) to every other, as `rows` has it; (n, n) float32."""
        members = [self._templates_of(c)[0] for c in cluster_ids]
        if not members:
            return np.zeros((0, 0), dtype=np.float32)
        starts = np.cumsum([0] + [len(m) for m in members[:-1]])
        rows = self._rows_of(np.concatenate(members))
        by_row = np.maximum.reduceat(self._matrix[rows][:, rows], starts, axis=0)
        pairs: FloatArray = np.maximum.reduceat(by_row, starts, axis=1)
        return pairs

    def _update(self, ids: tuple[int, ...]) -> None:
        """Line up the templates of all clusters."""
        members = [self._templates_of(c)[0] for c in ids]
        self._ids = ids
        self._id_array = np.array(ids, dtype=np.int64)
        self._templates = self._rows_of(np.concatenate(members)) if members else np.zeros(0, dtype=np.int64)
        self._starts = np.cumsum([0] + [len(m) for m in members[:-1]])

    def _rows_of(self, template_ids: IntArray) -> IntArray:
        """Row of each template, the empty last one for a template that the matrix lacks."""
        last = len(self._matrix) - 1
        return np.where(template_ids < last, template_ids, last)


def similarity_from_templates(templates: FloatArray, channel_ids: IntArray, *, max_lag: int = 5) -> FloatArray:
    """Correlate all pairs of templates, at the best of a few time shifts.

    Parameters
    ----------
    templates : (n_templates, n_samples, n_local) float
    channel_ids : (n_templates, n_local) int, channel of each column, -1 where unused
    max_lag : samples; shifts from -max_lag to max_lag are tried

    Returns
    -------
    (n_templates, n_templates) float32, symmetric, -1 to 1, 1 on the diagonal, 0 for pairs without a common channel

    Notes
    -----
    A template is 0 outside its own channels, so the sum runs over common channels and the norms over all.
    """
    n_templates, n_samples, _ = templates.shape
    max_lag = min(max_lag, n_samples - 1)
    used = channel_ids >= 0
    data = np.where(used[:, None, :], np.nan_to_num(templates), 0).astype(np.float32)
    norms = np.sqrt(np.einsum("tsc,tsc->t", data, data, dtype=np.float64)).astype(np.float32)
    data /= np.where(norms > 0, norms, 1)[:, None, None]
    sums = np.zeros((max_lag + 1, n_templates, n_templates), dtype=np.float32)
    for channel in np.unique(channel_ids[used]):
        here, columns = np.nonzero(channel_ids == channel)
        waves = np.ascontiguousarray(data[here, :, columns])
        where = np.ix_(here, here)
        for lag in range(max_lag + 1):
            sums[lag][where] += waves[:, : n_samples - lag] @ waves[:, lag:].T
    alike = np.maximum(sums, sums.transpose(0, 2, 1))
    shared = _share_a_channel(channel_ids, used)
    result = np.where(shared, alike.max(axis=0), np.float32(0))
    np.fill_diagonal(result, 1)
    return np.clip(result, -1, 1).astype(np.float32)


def _share_a_channel(channel_ids: IntArray, used: np.ndarray) -> np.ndarray:
    """(n_templates, n_templates) bool."""
    n_channels = int(channel_ids.max(initial=-1)) + 1
    members = np.zeros((len(channel_ids), n_channels), dtype=np.float32)
    rows, columns = np.nonzero(used)
    members[rows, channel_ids[rows, columns]] = 1
    shared: np.ndarray = members @ members.T > 0
    return shared
