"""Spikes as points, and which of them are nearest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray


class SpikeCloud:
    """Spikes by some values of each, scaled to a mean of 0 and a standard deviation of 1.

    Parameters
    ----------
    columns : (n_spikes,) float each; a spike without one of them is left out
    n_neighbours : how many are near a spike, with itself
    most : spikes that are looked at; of more as many at most, evenly
    """

    def __init__(self, columns: Sequence[FloatArray], n_neighbours: int, most: int) -> None:
        from scipy.spatial import cKDTree

        every = np.stack([np.asarray(c, np.float64) for c in columns], axis=1)
        known = np.flatnonzero(np.isfinite(every).all(axis=1))
        self._spikes: IntArray = known[:: max(-(-len(known) // most), 1)]
        table = every[self._spikes]
        if len(table):
            spread = table.std(axis=0)
            table = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1)
        self._table, self._tree, self._n = table, cKDTree(table), min(n_neighbours, len(table))

    def nearest(self, spike_ids: IntArray) -> IntArray:
        """Return the spikes, ascending, that are among the nearest of any of some; these are their own nearest."""
        rows = np.flatnonzero(np.isin(self._spikes, spike_ids, assume_unique=True))
        if not rows.size:
            return np.zeros(0, np.int64)
        near: IntArray = self._spikes[np.unique(self._tree.query(self._table[rows], k=self._n)[1])]
        return near
