"""Correlograms of clusters, counted once; those of a merged cluster are added up without looking at a spike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, combinations

import numpy as np

from phy_medicine.base.types import IntArray, frozen
from phy_medicine.compute.correlogram import correlogram, merged_acg
from phy_medicine.compute.log_correlogram import LogLagBins, log_correlogram
from phy_medicine.session.cache import ArrayCache

_Bins = tuple[float, float]
_MOST_SHARED = 100
"""Pairs of supposed clusters of which it is remembered what they share; at most a few are looked at."""


class CorrelogramSource:
    """Counts correlograms for `DataService`; safe to call from any thread.

    Parameters
    ----------
    samples : cluster -> (n,) int64, samples of its spikes, ascending
    sample_rate : Hz
    """

    def __init__(self, samples: Callable[[int], IntArray], sample_rate: float, cache: ArrayCache) -> None:
        self._samples = samples
        self._sample_rate = sample_rate
        self._cache = cache
        self._parents: dict[int, tuple[int, ...]] = {}
        self._shared: dict[tuple[int, int], IntArray] = {}

    def of_part(self, samples: Callable[[int], IntArray], cache: ArrayCache) -> CorrelogramSource:
        """Return a source over some spikes of the same clusters, which knows as well what was merged."""
        part = CorrelogramSource(samples, self._sample_rate, cache)
        part._parents, part._shared = self._parents, self._shared
        return part

    def note_merge(self, new_id: int, old_ids: Sequence[int]) -> None:
        """Remember what a new cluster was merged from."""
        self._parents[new_id] = tuple(old_ids)

    def note_shared(self, cluster_a: int, cluster_b: int, samples: IntArray) -> None:
        """Remember the spikes that two supposed clusters have in common: none is counted beside itself.

        samples : (n,) int, of the spikes
        """
        while len(self._shared) >= _MOST_SHARED:
            del self._shared[next(iter(self._shared))]
        self._shared[min(cluster_a, cluster_b), max(cluster_a, cluster_b)] = samples

    def get(self, cluster_a: int, cluster_b: int, bin_s: float, window_s: float) -> IntArray:
        """Return spike pairs by time lag; (n_bins,) int64, positive where b comes after a."""
        if cluster_b < cluster_a:
            return self.get(cluster_b, cluster_a, bin_s, window_s)[::-1]
        bins = (bin_s, window_s)
        return self._cache.get(_key(cluster_a, cluster_b, bins), lambda: self._count(cluster_a, cluster_b, bins))

    def has(self, cluster_a: int, cluster_b: int, bin_s: float, window_s: float) -> bool:
        """Tell whether `get` needs no counting."""
        return _key(min(cluster_a, cluster_b), max(cluster_a, cluster_b), (bin_s, window_s)) in self._cache

    def get_log(self, cluster_a: int, cluster_b: int, bins: LogLagBins) -> IntArray:
        """Return how many spikes of b follow those of a by each lag; (n_bins,) int64."""
        key = ("log correlogram", cluster_a, cluster_b, bins)
        return self._cache.get(key, lambda: self._count_log(cluster_a, cluster_b, bins))

    def has_log(self, cluster_a: int, cluster_b: int, bins: LogLagBins) -> bool:
        """Tell whether `get_log` needs no counting."""
        return ("log correlogram", cluster_a, cluster_b, bins) in self._cache

    def _count_log(self, cluster_a: int, cluster_b: int, bins: LogLagBins) -> IntArray:
        parts_a, parts_b = (self._parents.get(c, (c,)) for c in (cluster_a, cluster_b))
        pairs = [(a, b) for a in parts_a for b in parts_b]
        if len(pairs) > 1 and all(self.has_log(a, b, bins) for a, b in pairs):
            return frozen(np.sum([self.get_log(a, b, bins) for a, b in pairs], axis=0))
        b = None if cluster_a == cluster_b else self._samples(cluster_b)
        return frozen(log_correlogram(self._samples(cluster_a), b, bins))

    def _count(self, cluster_a: int, cluster_b: int, bins: _Bins) -> IntArray:
        added = self._added(cluster_a, cluster_b, bins)
        if added is not None:
            return frozen(added)
        a = self._samples(cluster_a)
        b = None if cluster_a == cluster_b else self._samples(cluster_b)
        counts = correlogram(a, b, sample_rate=self._sample_rate, bin_s=bins[0], window_s=bins[1])
        shared = self._shared.get((cluster_a, cluster_b))  # a is not the larger one
        if shared is not None and len(a):
            counts[len(counts) // 2] -= np.count_nonzero((shared >= a[0]) & (shared <= a[-1]))
        return frozen(counts)

    def _added(self, cluster_a: int, cluster_b: int, bins: _Bins) -> IntArray | None:
        """The sum of the parents' correlograms, None unless all of them are at hand."""
        for merged, other in ((cluster_a, cluster_b), (cluster_b, cluster_a)):
            if merged not in self._parents:
                continue
            parents = self._parents[merged]
            if merged == other:
                pairs = [(p, p) for p in parents], list(combinations(parents, 2))
                if all(self.has(i, j, *bins) for i, j in chain(*pairs)):
                    acgs, ccgs = ([self.get(i, j, *bins) for i, j in some] for some in pairs)
                    return merged_acg(acgs, ccgs)
            elif all(self.has(p, other, *bins) for p in parents):
                total: IntArray = np.sum([self.get(p, other, *bins) for p in parents], axis=0)
                return total if merged == cluster_a else total[::-1]
        return None


def _key(cluster_a: int, cluster_b: int, bins: _Bins) -> tuple[str, int, int, float, float]:
    return ("correlogram", cluster_a, cluster_b, *bins)
