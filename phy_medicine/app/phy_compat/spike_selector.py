"""`SpikeSelector`: some spikes of each of some clusters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.arrays import _flatten_per_cluster
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.curation.selector import spread


class SpikeSelector:
    """Picks spikes of clusters, evenly over each and the same every time; phy picks them at random.

    get_spikes_per_cluster : cluster -> its spikes, ascending
    spike_times : in the unit of the chunk bounds
    chunk_bounds : ends of pieces of the recording, of which some are kept
    n_chunks_kept : at most some so many, at a regular step
    """

    def __init__(
        self,
        get_spikes_per_cluster: Callable[[int], IntArray],
        spike_times: AnyArray | None = None,
        chunk_bounds: Sequence[float] = (),
        n_chunks_kept: int = 1,
        **options: Any,
    ) -> None:
        self.get_spikes_per_cluster = get_spikes_per_cluster
        self.spike_times = spike_times
        n = len(chunk_bounds) - 1
        kept: list[float] = []
        for i in range(0, n, max(1, ceil(n / n_chunks_kept))):
            kept.extend(chunk_bounds[i : i + 2])
        self.chunks_kept = np.array(kept)

    def __call__(
        self,
        n_spk_clu: int | None,
        cluster_ids: Iterable[int],
        subset_chunks: bool | None = False,
        subset_spikes: AnyArray | None = None,
        **options: Any,
    ) -> IntArray:
        """Return at most so many spikes of each cluster, ascending int64; None or 0: all.

        subset_chunks : only of the pieces kept; subset_spikes : only among these
        """
        chosen = {int(c): self._of(int(c), n_spk_clu, subset_chunks, subset_spikes) for c in cluster_ids}
        return _flatten_per_cluster(chosen) if chosen else np.zeros(0, dtype=np.int64)

    def _of(
        self, cluster_id: int, n: int | None, subset_chunks: bool | None, subset_spikes: AnyArray | None
    ) -> IntArray:
        spikes = np.asarray(self.get_spikes_per_cluster(cluster_id), dtype=np.int64)
        if subset_chunks and self.spike_times is not None and len(self.chunks_kept):
            places = np.searchsorted(self.chunks_kept, self.spike_times[spikes], side="right")
            spikes = spikes[places % 2 == 1]
        if subset_spikes is not None:
            spikes = np.intersect1d(spikes, subset_spikes)
        return spikes[spread(len(spikes), n)] if n and len(spikes) > n else spikes
