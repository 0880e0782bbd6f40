"""On which channels clusters are compared by the scores of their spikes."""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from phy_medicine.base.types import IntArray


def shared_channels(best: Sequence[IntArray], seen_on: Sequence[Set[int]], n: int) -> IntArray:
    """Return at most n channels on which the spikes of all clusters have scores, where they are large first.

    A score that a file lacks is no small score: where one cluster has none, any two would look apart.

    Parameters
    ----------
    best : channels of each cluster, peak first; seen_on : those on which the spikes of each have scores
    """
    ranks: dict[int, int] = {}
    for channels in best:
        for rank, channel in enumerate(channels.tolist()):
            ranks[channel] = ranks.get(channel, 0) + rank
    every = set.intersection(*map(set, seen_on)) & ranks.keys() if seen_on else set()
    order = sorted(every, key=lambda channel: (ranks[channel], channel))
    return np.array(order[:n], np.int64)
