"""Splits that plugins work out: the function is called, and what it gives is checked before anything changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray, frozen
from phy_medicine.session.extensions import Splitter

if TYPE_CHECKING:
    from phy_medicine.session.session import Session


def work_out(
    session: Session, splitter: Splitter, owner: str, cluster_ids: Sequence[int], arguments: Sequence[Any] = ()
) -> tuple[IntArray, IntArray]:
    """Call a splitter for clusters, in any thread; clusters must stay as they are meanwhile.

    Returns
    -------
    (spike_ids, labels) : (n,) int64 each, spikes of these clusters, each once

    Raises
    ------
    ActionError : it failed, or gave what is no split
    """
    what = f"splitter {splitter.name}"
    found = session.extensions.attempt(owner, what, splitter.function, tuple(cluster_ids), *arguments, slow_s=math.inf)
    try:
        return checked(session, found, cluster_ids)
    except ActionError as error:
        whose = f"Plugin {owner}: {what}" if owner else what.capitalize()
        raise ActionError(f"{whose} gave no split: {error} Nothing has changed.") from None


def checked(session: Session, found: Any, cluster_ids: Sequence[int]) -> tuple[IntArray, IntArray]:
    """Return what a splitter gave as arrays.

    Raises
    ------
    ActionError : it is no pair of spikes of these clusters and their labels
    """
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise ActionError("it must return spike ids and labels.")
    spike_ids, labels = np.asarray(found[0]), np.asarray(found[1])
    if spike_ids.ndim != 1 or labels.ndim != 1 or len(spike_ids) != len(labels):
        raise ActionError(
            f"spike ids have the shape {spike_ids.shape}, labels {labels.shape}; both must be of one length."
        )
    if not len(spike_ids):
        raise ActionError("it found no spikes to split.")
    if spike_ids.dtype.kind not in "iu" or labels.dtype.kind not in "iub":
        raise ActionError(f"spike ids are {spike_ids.dtype}, labels {labels.dtype}; both must be whole numbers.")
    spike_ids, labels = spike_ids.astype(np.int64), labels.astype(np.int64)
    n_spikes = session.model.n_spikes
    if int(spike_ids.min()) < 0 or int(spike_ids.max()) >= n_spikes:
        raise ActionError(f"spike ids go from {spike_ids.min()} to {spike_ids.max()}; there are {n_spikes:,} spikes.")
    if len(np.unique(spike_ids)) < len(spike_ids):
        raise ActionError("a spike is in it twice.")
    others = np.setdiff1d(session.data.labels_of(spike_ids), np.array(cluster_ids, dtype=np.int64))
    if len(others):
        raise ActionError(f"it has spikes of cluster {others[0]}, which was not to be split.")
    return frozen(spike_ids), frozen(labels)
