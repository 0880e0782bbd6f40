"""The labels that recorded actions lead to, worked out anew: plainer than atoms and sharing nothing with them.

A save compares both, so that a fault in either is found before it reaches a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.curation.entries import REDO, UNDO, steps_of

Record = Mapping[str, Any]
_CHUNK = 1 << 18  # spikes at a time, so that they stay in the processor's cache


def recomputed_labels(start: IntArray, records: Sequence[Record]) -> IntArray:
    """Return the cluster of every spike after some actions.

    Parameters
    ----------
    start : (n_spikes,) int, labels before them
    records : of a journal, in order, as `to_record` makes them, with undo and redo

    Returns
    -------
    (n_spikes,) int32

    Raises
    ------
    ValueError : an undo or redo without anything to undo or redo
    """
    lots = _Lots(start)
    for record in standing(records):
        match record["kind"]:
            case "merge":
                lots.rename(record["cluster_ids"], record["new_id"])
            case "split":
                parts = record["parts"]
                lots.draw(record["spike_ids"], record["part_ids"], 0 if parts is None else np.asarray(parts))
                for old, new in record["rest"]:
                    lots.rename([old], new)
            case "restore":
                for cluster in record["clusters"]:
                    lots.draw(cluster["spike_ids"], [cluster["id"]], 0)
    return lots.labels()


def standing(records: Sequence[Record]) -> list[Record]:
    """Return the actions that are done after all undos and redos.

    Raises
    ------
    ValueError : an undo or redo without anything to undo or redo
    """
    done: list[Record] = []
    undone: list[Record] = []
    for record in records:
        if record["kind"] in (UNDO, REDO):
            source, target = (done, undone) if record["kind"] == UNDO else (undone, done)
            for _ in range(steps_of(record)):
                if not source:
                    raise ValueError(f"nothing to {record['kind']} at record {record.get('seq')}")
                target.append(source.pop())
        else:
            done.append(record)
            undone.clear()
    return done


class _Lots:
    """Each spike holds a lot, and each lot has the name of a cluster: 10 M spikes take 0.1 s."""

    def __init__(self, start: IntArray) -> None:
        low, high = (int(start.min()), int(start.max())) if len(start) else (0, 0)
        if high - low <= len(start) + (1 << 20):
            self._names, self._lots = np.arange(low, high + 1), start.astype(np.int32) - np.int32(low)
        else:
            self._names, inverse = np.unique(start, return_inverse=True)
            self._lots = inverse.astype(np.int32)

    def rename(self, old: Sequence[int], new: int) -> None:
        """Give the lots of some clusters another name."""
        self._names[np.isin(self._names, old)] = new

    def draw(self, spike_ids: IntArray, names: Sequence[int], parts: IntArray | int) -> None:
        """Give spikes new lots; parts : the place in `names` for each, or for all."""
        self._lots[np.asarray(spike_ids)] = len(self._names) + np.asarray(parts)
        self._names = np.concatenate([self._names, np.asarray(names, dtype=self._names.dtype)])

    def labels(self) -> IntArray:
        """Return the name of each spike's lot, int32."""
        names, labels = self._names.astype(np.int32), np.empty(len(self._lots), dtype=np.int32)
        for begin in range(0, len(labels), _CHUNK):
            here = slice(begin, begin + _CHUNK)
            labels[here] = names[self._lots[here]]
        return labels
