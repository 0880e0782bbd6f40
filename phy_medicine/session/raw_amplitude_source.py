"""Amplitudes of spikes measured on the filtered recording, some at a time and even in time, until all are known."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Protocol

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.blocks import Amplitudes
from phy_medicine.session.cache import ArrayCache

# Spikes measured at once: each costs one seek in the recording, 500 take 20 to 30 ms in memory (384 channels).
PART = 500
Part = tuple[IntArray, Callable[[], FloatArray]]
"""Spikes, ascending, and what gives their amplitudes, measured now if need be; NaN outside of the recording."""


class _Waveforms(Protocol):
    def known(self, spike_ids: IntArray) -> IntArray: ...
    def of_spikes(self, spike_ids: IntArray, channel_ids: Sequence[int]) -> FloatArray: ...


class RawAmplitudeSource:
    """Measures peak-to-peak amplitudes for `DataService`; safe to call from any thread.

    Parameters
    ----------
    spikes : cluster -> (n,) int, all its spikes, ascending
    times_s : gives the times at which spikes are shown, (n_spikes,) s
    """

    def __init__(
        self,
        waveforms: _Waveforms,
        spikes: Callable[[int], IntArray],
        cache: ArrayCache,
        times_s: Callable[[], FloatArray],
    ) -> None:
        self._waveforms = waveforms
        self._spikes = spikes
        self._cache = cache
        self._times_s = times_s

    def known(self, cluster_id: int) -> IntArray:
        """Return the spikes of a cluster that can be measured, ascending.

        Raises
        ------
        DataMissing : neither raw data nor stored waveforms exist
        """
        return self._waveforms.known(self._spikes(cluster_id))

    def parts(self, cluster_id: int, channel_id: int) -> list[Part]:
        """Return the spikes of a cluster that can be measured, in the parts that are measured at once.

        Raises
        ------
        DataMissing : neither raw data nor stored waveforms exist
        """
        known = self.known(cluster_id)

        def values(place: int) -> FloatArray:
            return self._part(cluster_id, channel_id, place, known)[1]

        return [(known[k :: _n_parts(known)], partial(values, k)) for k in range(_n_parts(known))]

    def n_measured(self, cluster_id: int, channel_id: int) -> int:
        """Return how many spikes of a cluster have been measured on a channel."""
        known = self.known(cluster_id)
        n_parts = _n_parts(known)
        return sum(
            len(known[k::n_parts]) for k in range(n_parts) if self._key(cluster_id, channel_id, k) in self._cache
        )

    def read(
        self, cluster_ids: Sequence[int], channel_id: int, *, seconds: float | None = 0.0, most: int | None = None
    ) -> tuple[Amplitudes, ...]:
        """Return what is known of each cluster, and measure more meanwhile.

        Parameters
        ----------
        channel_id : the amplitude is the height from the lowest to the highest sample on this channel
        seconds : to go on measuring for, None without end; the first part of each cluster is measured in any case, else
            at least one part
        most : spikes measured of all clusters together, None for all

        Returns
        -------
        for each cluster the measured spikes, ascending; a value is NaN where the waveform lies outside of the recording

        Raises
        ------
        DataMissing : neither raw data nor stored waveforms exist
        """
        until = None if seconds is None else time.perf_counter() + seconds
        known = [self.known(c) for c in cluster_ids]
        parts: list[list[tuple[IntArray, FloatArray]]] = [[] for _ in known]
        n = n_new = 0
        for turn in range(max((_n_parts(spikes) for spikes in known), default=0)):
            for row, (cluster_id, spikes) in enumerate(zip(cluster_ids, known, strict=True)):
                if turn >= _n_parts(spikes) or len(parts[row]) < turn:
                    continue
                place = _order(_n_parts(spikes))[turn]
                new = self._key(cluster_id, channel_id, place) not in self._cache
                late = until is not None and n_new > 0 and time.perf_counter() >= until
                if turn and new and (late or (most is not None and n >= most)):
                    continue
                parts[row].append(self._part(cluster_id, channel_id, place, spikes))
                n, n_new = n + len(parts[row][-1][0]), n_new + new
        return tuple(self._joined(mine) for mine in parts)

    def first(self, cluster_ids: Sequence[int], channel_id: int) -> FloatArray:
        """Return the values that are measured first of each cluster, in one array."""
        values = [np.zeros(0, np.float32)]
        for cluster_id in cluster_ids:
            spikes = self.known(cluster_id)
            if len(spikes):
                values.append(self._part(cluster_id, channel_id, 0, spikes)[1])
        joined: FloatArray = np.concatenate(values)
        return joined

    def _key(self, cluster_id: int, channel_id: int, place: int) -> tuple[str, int, int, int]:
        return "raw amplitudes", cluster_id, channel_id, place

    def _part(self, cluster_id: int, channel_id: int, place: int, spikes: IntArray) -> tuple[IntArray, FloatArray]:
        """Return every n-th spike from a place on, and their amplitudes."""
        mine = spikes[place :: _n_parts(spikes)]

        def measure() -> FloatArray:
            waveforms = self._waveforms.of_spikes(mine, (channel_id,))
            heights = np.ptp(waveforms[:, :, 0], axis=1).astype(np.float32)
            # A flat waveform lies outside of the recording: it says nothing of the spike.
            heights[heights == 0] = np.nan
            return frozen(heights)

        return mine, self._cache.get(self._key(cluster_id, channel_id, place), measure)

    def _joined(self, parts: list[tuple[IntArray, FloatArray]]) -> Amplitudes:
        ids = np.concatenate([np.zeros(0, np.int64), *(part[0] for part in parts)])
        values = np.concatenate([np.zeros(0, np.float32), *(part[1] for part in parts)])
        order = np.argsort(ids, kind="stable")
        ids = ids[order]
        return Amplitudes(frozen(ids), frozen(self._times_s()[ids]), frozen(values[order]))


def _n_parts(spikes: IntArray) -> int:
    return -(-len(spikes) // PART)


@lru_cache(maxsize=64)
def _order(n: int) -> tuple[int, ...]:
    """Return 0 to n - 1 with their binary digits turned round, so that each new part falls between those before."""
    n_digits = max(n - 1, 1).bit_length()
    turned = (int(format(k, f"0{n_digits}b")[::-1], 2) for k in range(1 << n_digits))
    return tuple(k for k in turned if k < n)
