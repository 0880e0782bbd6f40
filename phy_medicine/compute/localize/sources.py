"""Where the signal around spikes is taken from, in blocks that fit into memory whatever the length of the recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.filtering import channel_means
from phy_medicine.compute.localize.spikes import RecordedSpikes, Spikes, StoredSpikes
from phy_medicine.compute.signal_filters import SignalFilter, common_median
from phy_medicine.io.model import StoredWaveforms

PIECE_BYTES = 8 << 20
"""Of the filtered signal of a piece, which then mostly stays in the cache; some four times as much is in use."""
STORED_SPIKES = 2048


@dataclass(frozen=True, slots=True)
class Block:
    """Some spikes: their rows in the results, and what makes their features known; `load` may run in any thread."""

    spike_ids: IntArray
    load: Callable[[], Spikes]


class Source(Protocol):
    """Gives all spikes whose signal is known, block by block."""

    def blocks(self) -> Iterator[Block]:
        """Return the blocks in the order in which they are best read."""


class Recorded(Protocol):
    """A raw recording, such as `io.traces.Traces`."""

    @property
    def n_samples(self) -> int: ...
    @property
    def n_channels(self) -> int: ...
    @property
    def sample_rate(self) -> float: ...
    def read(self, start: int, stop: int) -> AnyArray:
        """Return (stop - start, n_channels), zeros outside of the recording."""


@dataclass(frozen=True, slots=True)
class RecordingSource:
    """Spikes in a raw recording, which is read and filtered piece by piece.

    samples : (n_spikes,) int, in any order; spikes outside of the recording are in no block
    channel_ids : (n_spikes,) int, where each peaks
    filter : of the signal; its common median is removed after the filter
    reach : samples needed on either side of a spike
    """

    recording: Recorded
    samples: IntArray
    channel_ids: IntArray
    filter: SignalFilter
    reach: int
    piece_bytes: int = PIECE_BYTES

    def blocks(self) -> Iterator[Block]:
        """Return the pieces of the recording with the spikes in them, in the order of time."""
        samples = np.asarray(self.samples, dtype=np.int64)
        order = None if (samples[1:] >= samples[:-1]).all() else np.argsort(samples, kind="stable")
        if order is not None:
            samples = samples[order]
        n_samples = self.recording.n_samples
        length = max(self.piece_bytes // (4 * max(1, self.recording.n_channels)), 4 * self.reach, 1)
        bounds = np.append(np.arange(0, n_samples, length), n_samples)
        places = np.searchsorted(samples, bounds)
        for start, stop, a, b in zip(bounds[:-1], bounds[1:], places[:-1], places[1:], strict=True):
            if b > a:
                spike_ids = np.arange(a, b) if order is None else order[a:b]
                yield self._block(spike_ids, samples[a:b], int(start), int(stop))

    def _block(self, spike_ids: IntArray, samples: IntArray, start: int, stop: int) -> Block:
        def load() -> Spikes:
            signal, begin, first, end = self.piece(start, stop)
            channel_ids = np.ascontiguousarray(self.channel_ids[spike_ids], dtype=np.int64)
            rate = self.recording.sample_rate
            return RecordedSpikes(signal, samples - begin, channel_ids, rate, first, end)

        return Block(spike_ids, load)

    def piece(self, start: int, stop: int) -> tuple[FloatArray, int, int, int]:
        """Return a filtered stretch with what spikes at its ends need, its first sample, and the rows recorded."""
        margin = self.reach + self.filter.margin(self.recording.sample_rate)
        low, high = max(start - margin, 0), min(stop + margin, self.recording.n_samples)
        raw = self.recording.read(low, high)
        # The filter starts at rest; an offset would ring at the first sample.
        offsets = channel_means(raw) if self.filter.high_pass_hz else None
        signal = self.filter.apply(raw, self.recording.sample_rate, offsets=offsets)
        if self.filter.common:
            # What is read may be the caller's own array.
            signal = np.subtract(
                signal, common_median(signal), out=None if np.may_share_memory(signal, raw) else signal
            )
        return np.ascontiguousarray(signal), low, 0, high - low


@dataclass(frozen=True, slots=True)
class StoredSource:
    """Spikes whose waveforms were stored beside the dataset, with the spike in their middle.

    channel_ids : (n_spikes,) int, where each spike of the dataset peaks
    """

    waveforms: StoredWaveforms
    channel_ids: IntArray
    sample_rate: float

    def blocks(self) -> Iterator[Block]:
        """Return the stored spikes in the order of the file."""
        for start in range(0, len(self.waveforms.spike_ids), STORED_SPIKES):
            waveforms, stored, spike_ids = self.waveforms.part(start, start + STORED_SPIKES)
            channel_ids = np.ascontiguousarray(self.channel_ids[spike_ids], dtype=np.int64)
            spikes = StoredSpikes(waveforms, stored, channel_ids, self.sample_rate, waveforms.shape[1] // 2)
            yield Block(spike_ids, lambda spikes=spikes: spikes)  # type: ignore[misc]
