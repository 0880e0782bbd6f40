"""Some spikes of each template, at random, of some pieces of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray

N_PIECES = 20
_STEP = 1 << 22  # spikes looked at at once: some 100 MB


def kept_pieces(bounds: Sequence[int], n_kept: int = N_PIECES) -> IntArray:
    """Return the ends of at most `n_kept` pieces, evenly spaced, (2 n,) int64: start, stop, start, stop...

    bounds : (n_pieces + 1,) ends of all pieces, samples
    """
    n = len(bounds) - 1
    pairs = [bounds[i : i + 2] for i in range(0, n, max(1, ceil(n / n_kept)))]
    return np.array(pairs, dtype=np.int64).reshape(-1)


def choose_spikes(samples: IntArray, template_ids: IntArray, pieces: IntArray, n: int, seed: int) -> IntArray:
    """Choose at most n spikes of each template among those in the pieces, each with the same probability.

    Parameters
    ----------
    samples, template_ids : (n_spikes,) int, sample and template of each spike
    pieces : (2 n_pieces,) int64, ends of the pieces
    n : at least 1
    seed : the same gives the same spikes

    Returns
    -------
    (n_chosen,) int64, spike ids, ascending
    """
    rng, n = np.random.default_rng(seed), min(n, len(samples))
    chosen, keys = np.zeros(0, dtype=np.int64), np.zeros(0)
    for start in range(0, len(samples), _STEP):
        found = start + np.flatnonzero(_inside(samples[start : start + _STEP], pieces))
        chosen, keys = np.concatenate([chosen, found]), np.concatenate([keys, rng.random(len(found))])
        kept = _smallest(keys, template_ids[chosen], n)
        chosen, keys = chosen[kept], keys[kept]
    return np.sort(chosen)


def _inside(samples: AnyArray, pieces: IntArray) -> BoolArray:
    inside: BoolArray = np.searchsorted(pieces, samples, side="right") % 2 == 1
    return inside


def _smallest(keys: FloatArray, groups: IntArray, n: int) -> IntArray:
    """Positions of the n smallest keys of each group."""
    order = np.lexsort((keys, groups))
    ordered = groups[order]
    ranks = np.arange(len(order)) - np.searchsorted(ordered, ordered, side="left")
    smallest: IntArray = order[ranks < n]
    return smallest
