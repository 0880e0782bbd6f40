"""The labels of a save worked out a second time, from what was written to the journal, before a file is touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from phy_medicine.base.errors import SaveError
from phy_medicine.base.types import IntArray
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.recompute import recomputed_labels


class Audit:
    """Keeps the labels that are on disk and the records written since.

    start : (n_spikes,) int, kept
    """

    def __init__(self, start: IntArray) -> None:
        self._start = start
        self._records: list[Mapping[str, Any]] = []

    def note(self, *records: Mapping[str, Any]) -> None:
        """Keep records that were written to the journal; arrays are kept as they are."""
        self._records += records

    def check(self, labels: IntArray, manager: ClusterManager) -> None:
        """Compare the labels that are about to be written with the records, and with the counts the tables show.

        Raises
        ------
        SaveError : they disagree
        """
        if not self._leads_to(labels):
            raise SaveError(
                "The labels are not those that the actions in the journal lead to, so nothing was written; close "
                "without saving, open the dataset again and recover the journal, and please report this."
            )
        ids, counts = np.unique(labels, return_counts=True) if labels.min() < 0 else _count(labels)
        expected = manager.assignment.counts(manager.cluster_ids)
        if tuple(ids.tolist()) != manager.cluster_ids or not np.array_equal(counts, expected):
            raise SaveError(
                "The labels disagree with the cluster table, so nothing was written; close without saving, open the "
                "dataset again and recover the journal, and please report this."
            )

    def _leads_to(self, labels: IntArray) -> bool:
        try:
            return np.array_equal(labels, recomputed_labels(self._start, self._records))
        except (ValueError, IndexError):
            return False  # the records do not even fit


def _count(labels: IntArray) -> tuple[IntArray, IntArray]:
    counts = np.bincount(labels)
    ids = np.flatnonzero(counts)
    return ids, counts[ids]
