"""Which channels a trace view shows, and in which order. Pure numpy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray

N_USUAL, N_MOST, N_EACH = 24, 32, 8
"""Channels around one cluster; most around several that lie apart; enough of each of these, while there is room."""


SHANK, DEPTH, ID = "shank", "depth", "id"
ORDERS = (SHANK, DEPTH, ID)
"""Shank by shank and by depth in each; by depth, whatever the shank; by number."""


def ordered(channel_ids: Sequence[int], positions: FloatArray, shanks: IntArray, order: str) -> tuple[int, ...]:
    """Return channels in one of `ORDERS`, from the lowest row up."""
    if order == ID:
        return tuple(sorted(int(c) for c in channel_ids))
    return depth_order(channel_ids, positions, np.zeros_like(shanks) if order == DEPTH else shanks)


def shank_runs(channel_ids: Sequence[int], shanks: IntArray) -> tuple[tuple[int, int, int], ...]:
    """Return shank, first row and the one after the last, of each shank; none for one shank, or if they mix."""
    mine = shanks[np.asarray(channel_ids, dtype=np.int64)]
    edges = [0, *(np.flatnonzero(np.diff(mine)) + 1).tolist(), len(mine)]
    if not 1 < len(edges) - 1 == len(np.unique(mine)):
        return ()
    return tuple((int(mine[a]), a, b) for a, b in pairwise(edges))


def depth_order(channel_ids: Sequence[int], positions: FloatArray, shanks: IntArray) -> tuple[int, ...]:
    """Return channels shank by shank, from the smallest y up, those of one height from left to right."""
    ids = np.asarray(channel_ids, dtype=np.int64)
    order = np.lexsort((positions[ids, 0], positions[ids, 1], shanks[ids]))
    return tuple(ids[order].tolist())


def neighbourhood(peaks: Sequence[int], positions: FloatArray, shanks: IntArray) -> tuple[int, ...]:
    """Return the channels around the peak channels of some clusters, in depth order.

    The channels around the first cluster serve for all when they hold the other peaks: so the picture stays where
    it is while candidates for a merge are looked at. Otherwise clusters take turns.
    """
    if not peaks:
        return ()
    near = [_nearest(peak, positions, shanks) for peak in dict.fromkeys(peaks)]
    chosen = dict.fromkeys(near[0][:N_USUAL])
    if not chosen.keys() >= set(peaks):
        chosen = _in_turns(near)
    return depth_order(tuple(chosen), positions, shanks)


def _nearest(peak: int, positions: FloatArray, shanks: IntArray) -> list[int]:
    """All channels of the peak's shank, nearest first."""
    mine = np.flatnonzero(shanks == shanks[peak])
    distance = np.hypot(*(positions[mine] - positions[peak]).T)
    nearest: list[int] = mine[np.argsort(distance, kind="stable")].tolist()
    return nearest


def _in_turns(near: list[list[int]]) -> dict[int, None]:
    chosen: dict[int, None] = {}
    for turn in range(max(len(channels) for channels in near)):
        if len(chosen) >= N_USUAL and turn >= N_EACH:
            break
        for channels in near:
            if turn < len(channels) and len(chosen) < N_MOST:
                chosen[channels[turn]] = None
    return chosen
