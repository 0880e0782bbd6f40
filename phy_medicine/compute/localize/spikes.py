"""What a method is given of a block of spikes: their peak channels, and features on any table of contacts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize import _kernels_features as features
from phy_medicine.compute.localize.contacts import Decrease, Neighbours

CLEARLY = 1.2
"""A spike is followed to a channel where it is larger by this factor."""


class Spikes(Protocol):
    """Some spikes and the signal around them.

    channel_ids : (n,) int64, where each peaks: its row in tables of contacts
    sample_rate : Hz
    """

    @property
    def channel_ids(self) -> IntArray: ...
    @property
    def sample_rate(self) -> float: ...

    def at(self, channel_ids: IntArray) -> Self:
        """Return the same spikes with other peak channels."""

    def amplitudes(self, neighbours: Neighbours, before: int, after: int) -> FloatArray:
        """Return peak-to-peak amplitudes over so many samples before the spike and from it on.

        Returns
        -------
        (n, n_slots) float32, unit of the signal, NaN where there is no contact or nothing is known of it
        """

    def projections(self, neighbours: Neighbours, shape: FloatArray, before: int) -> FloatArray:
        """Return scalar products with a course in time, (n_samples,) float32, whose sample `before` is the spike's.

        Returns
        -------
        (n, n_slots) float32, NaN as in `amplitudes`
        """

    def snippets(self, neighbours: Neighbours, before: int, after: int) -> FloatArray:
        """Return the signal around each spike, (n, n_slots, before + after) float32, 0 where nothing is known."""


@dataclass(frozen=True, slots=True)
class RecordedSpikes:
    """Spikes in a filtered piece of a recording.

    signal : (n_samples, n_channels) float32
    samples : (n,) int64, row of each spike in `signal`
    first, stop : rows of `signal` that were recorded, the others lie outside of the recording
    """

    signal: FloatArray
    samples: IntArray
    channel_ids: IntArray
    sample_rate: float
    first: int
    stop: int

    def at(self, channel_ids: IntArray) -> Self:
        """See `Spikes`."""
        return replace(self, channel_ids=np.ascontiguousarray(channel_ids, dtype=np.int64))

    def amplitudes(self, neighbours: Neighbours, before: int, after: int) -> FloatArray:
        """See `Spikes`."""
        out = np.empty((len(self.samples), neighbours.n_slots), dtype=np.float32)
        scratch = np.empty(neighbours.n_slots, dtype=np.float32)
        table = neighbours.channel_ids
        features.peak_to_peak(
            self.signal, self.samples, self.channel_ids, table, before, after, self.first, self.stop, scratch, out
        )
        return out

    def projections(self, neighbours: Neighbours, shape: FloatArray, before: int) -> FloatArray:
        """See `Spikes`."""
        out = np.empty((len(self.samples), neighbours.n_slots), dtype=np.float32)
        table = neighbours.channel_ids
        features.project(self.signal, self.samples, self.channel_ids, table, shape, before, self.first, self.stop, out)
        return out

    def snippets(self, neighbours: Neighbours, before: int, after: int) -> FloatArray:
        """See `Spikes`."""
        out = np.empty((len(self.samples), neighbours.n_slots, before + after), dtype=np.float32)
        table = neighbours.channel_ids
        features.cut(self.signal, self.samples, self.channel_ids, table, before, self.first, self.stop, out)
        return out


@dataclass(frozen=True, slots=True)
class StoredSpikes:
    """Spikes whose waveforms were cut out before, each on channels of its own.

    waveforms : (n, n_samples, n_loc) float32
    stored : (n, n_loc) int, channel of each column, -1 unused
    peak : sample of the spike in its waveform
    """

    waveforms: FloatArray
    stored: IntArray
    channel_ids: IntArray
    sample_rate: float
    peak: int

    def at(self, channel_ids: IntArray) -> Self:
        """See `Spikes`."""
        return replace(self, channel_ids=np.ascontiguousarray(channel_ids, dtype=np.int64))

    def amplitudes(self, neighbours: Neighbours, before: int, after: int) -> FloatArray:
        """See `Spikes`."""
        window = self.waveforms[:, max(0, self.peak - before) : self.peak + after]
        return self._on(neighbours, window.max(axis=1) - window.min(axis=1))

    def projections(self, neighbours: Neighbours, shape: FloatArray, before: int) -> FloatArray:
        """See `Spikes`."""
        start = self.peak - before
        n = min(start + len(shape), self.waveforms.shape[1]) - max(start, 0)
        known = self.waveforms[:, max(start, 0) : max(start, 0) + n]
        return self._on(neighbours, np.einsum("nsc,s->nc", known, shape[max(-start, 0) :][:n]))

    def snippets(self, neighbours: Neighbours, before: int, after: int) -> FloatArray:
        """See `Spikes`."""
        out = np.zeros((len(self.stored), neighbours.n_slots, before + after), dtype=np.float32)
        start = self.peak - before
        for at in range(max(0, -start), min(before + after, self.waveforms.shape[1] - start)):
            out[:, :, at] = np.nan_to_num(self._on(neighbours, self.waveforms[:, start + at]))
        return out

    def _on(self, neighbours: Neighbours, values: AnyArray) -> FloatArray:
        """Take values of the stored columns, (n, n_loc), to the contacts of each spike, (n, n_slots)."""
        wanted = neighbours.channel_ids[self.channel_ids]
        matches = (self.stored[:, np.newaxis] == wanted[:, :, np.newaxis]) & (wanted >= 0)[:, :, np.newaxis]
        taken = np.take_along_axis(values, matches.argmax(axis=2), axis=1).astype(np.float32)
        return np.where(matches.any(axis=2), taken, np.float32(np.nan))


def fall_off(amplitudes: FloatArray, channel_ids: IntArray, decrease: Decrease) -> None:
    """Make amplitudes fall off outwards, in place: each is at most the largest of its parents."""
    features.fall_off(amplitudes, channel_ids, decrease.order, decrease.starts, decrease.parents)


def followed(spikes: Spikes, neighbours: Neighbours, before: int, after: int) -> Spikes:
    """Return spikes that peak where their amplitude is largest among the contacts of the given peak channel.

    One that is larger elsewhere by a little only stays: of weak spikes the noise would choose the channel.
    """
    amplitudes = np.nan_to_num(spikes.amplitudes(neighbours, before, after), nan=-np.inf)
    table = neighbours.channel_ids[spikes.channel_ids]
    amplitudes[table == spikes.channel_ids[:, np.newaxis]] *= CLEARLY
    best = amplitudes.argmax(axis=1)[:, np.newaxis]
    found = np.take_along_axis(table, best, axis=1)[:, 0]
    known = np.isfinite(np.take_along_axis(amplitudes, best, axis=1)[:, 0])
    return spikes.at(np.where(known, found, spikes.channel_ids))
