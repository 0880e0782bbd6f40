"""Where the signal around spikes is taken from, in blocks that fit into memory whatever the length of the recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.compute.filtered_recording import PIECE_BYTES, FilteredRecording, Recorded
from phy_medicine.compute.localize.spikes import RecordedSpikes, Spikes, StoredSpikes
from phy_medicine.compute.signal_filters import SignalFilter
from phy_medicine.io.model import StoredWaveforms

STORED_SPIKES = 2048
_WORTH = 30_000  # numbers that are filtered in the time that another stretch takes, 0.1 ms


@dataclass(frozen=True, slots=True)
class Block:
    """Some spikes: their rows in the results, and what makes their features known; `load` may run in any thread."""

    spike_ids: IntArray
    load: Callable[[], Spikes]


class Source(Protocol):
    """Gives all spikes whose signal is known, block by block."""

    def blocks(self) -> Iterator[Block]:
        """Return the blocks in the order in which they are best read."""


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
        bounds = self._filtered.bounds(4 * self.reach, self.piece_bytes)
        places = np.searchsorted(samples, bounds)
        for a, b in zip(places[:-1].tolist(), places[1:].tolist(), strict=True):
            if b > a:
                yield self._block(np.arange(a, b) if order is None else order[a:b], samples[a:b])

    def _block(self, spike_ids: IntArray, samples: IntArray) -> Block:
        def load() -> Spikes:
            signals, rows, n_rows = [], np.empty_like(samples), 0
            for some in self._stretches(samples):
                near = samples[some]
                signal, begin = self._filtered.read(int(near[0]), int(near[-1]) + 1, self.reach, near=near)
                rows[some] = near - begin + n_rows
                signals.append(signal)
                n_rows += len(signal)
            signal = signals[0] if len(signals) == 1 else np.concatenate(signals)
            channel_ids = np.ascontiguousarray(self.channel_ids[spike_ids], dtype=np.int64)
            # Only the first stretch can begin, and only the last can end, with the recording.
            return RecordedSpikes(signal, rows, channel_ids, self.recording.sample_rate, 0, n_rows)

        return Block(spike_ids, load)

    def _stretches(self, samples: IntArray) -> list[slice]:
        """Return which spikes are read together: where they are rare, what lies between them is not filtered."""
        margin = self.filter.margin(self.recording.sample_rate)
        if not margin:
            return [slice(0, len(samples))]
        margin += self.reach
        longest = 2 * margin + _WORTH // max(1, self.recording.n_channels)
        ends = np.append(np.flatnonzero(np.diff(samples) > longest) + 1, len(samples)).tolist()
        return [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]

    @property
    def _filtered(self) -> FilteredRecording:
        return FilteredRecording(self.recording, self.filter)


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
