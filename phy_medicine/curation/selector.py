"""Choose some spikes of a cluster: even over the cluster, repeatable, and fewer always among more."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import IntArray, frozen
from phy_medicine.curation.assignment import Assignment


class Selector:
    """Picks spikes of clusters.

    Spikes are taken in van der Corput order of their rank in the cluster (bits of the rank reversed), so any
    number of them is spread evenly, the same each time, and `pick(c, 100)` is part of `pick(c, 2500)`.

    Source: van der Corput 1935, Proc. Akad. Wet. Amsterdam 38:813.
    """

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment

    def pick(self, cluster_id: int, n: int) -> IntArray:
        """Return at most n spike ids of a cluster, int32 ascending, read-only.

        Raises
        ------
        ActionError : no such cluster
        """
        spikes = self._assignment.spikes(cluster_id)
        return spikes if len(spikes) <= n else frozen(spikes[spread(len(spikes), n)])


def spread(n_total: int, n: int) -> IntArray:
    """Return n of the ranks 0 .. n_total - 1, spread evenly, int64 ascending; for fewer n a subset of these."""
    return np.arange(n_total) if n >= n_total else np.sort(spread_in_turn(n_total, n))


def spread_in_turn(n_total: int, n: int) -> IntArray:
    """Return n of the ranks 0 .. n_total - 1, int64, such that the first of them are spread evenly, however many."""
    if n <= 0 or n_total <= 0:
        return np.zeros(0, dtype=np.int64)
    n = min(n, n_total)
    n_bits = (n_total - 1).bit_length()
    n_tried = min(1 << n_bits, 2 * n + n_bits)  # more than half of the reversed ranks lie below n_total
    ranks = np.zeros(n_tried, dtype=np.int64)
    counter = np.arange(n_tried)
    for bit in range(n_bits):
        ranks |= ((counter >> bit) & 1) << (n_bits - 1 - bit)
    return ranks[ranks < n_total][:n]
