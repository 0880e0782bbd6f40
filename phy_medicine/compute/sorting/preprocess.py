"""What the sorter reads: chosen channels, filtered, moved back where the probe moved, their noise white.

The filter and the common median work on each sample of the recording alone or with its neighbours in time; everything
after them is one matrix of channels by channels for each stretch of time in which the motion is taken as constant. What
is read at a sample does not depend on where reading begins or ends: to 1 part in 60,000 of what lies at the cut.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.filtered_recording import Recorded
from phy_medicine.compute.filtering import channel_means
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.signal_filters import SignalFilter, common_median
from phy_medicine.compute.sorting.artifacts import ArtifactGate
from phy_medicine.compute.sorting.interpolation import Moves
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.settings import DRIFT_DATA, SortingSettings
from phy_medicine.compute.sorting.tiles import Tiles
from phy_medicine.compute.sorting.whitening import Noise, Whitening

FEW_CHANNELS = 16
"""Of so few the median holds much of a spike itself, and is too often the very channel it is taken from."""
SLOWEST_HZ = 10_000.0
_PIECE = 1024
"""Samples at once."""
_FIRST = 10
"""Samples of which the offset of what is read is taken."""


@dataclass(frozen=True, slots=True)
class FilteredChannels:
    """The channels to sort, filtered, in µV; their common median is removed after the filter. Safe in any thread.

    recording : all channels of the file
    columns : (N,) of the recording, in the order of the channels; None for all as they are
    gain_uv : µV of one unit of the recording
    filter : NONE leaves all as it is, offsets too
    shanks : channels of each shank of which the median is removed; empty for none
    gate : of artifacts; None for none
    """

    recording: Recorded
    columns: IntArray | None
    gain_uv: float
    filter: SignalFilter
    shanks: tuple[IntArray, ...]
    gate: ArtifactGate | None = None

    @classmethod
    def of(
        cls, recording: Recorded, channels: SortedChannels, settings: SortingSettings, *, gain_uv: float = 1.0
    ) -> FilteredChannels:
        """Choose channels of a recording, and what is done to them.

        Raises
        ------
        PhyMedError : a channel that the recording does not have, or a recording that is too slow
        """
        if recording.sample_rate < SLOWEST_HZ:
            raise PhyMedError(
                f"A recording of {recording.sample_rate:,.0f} Hz is too slow to tell spikes apart: it takes "
                f"{SLOWEST_HZ:,.0f} Hz at least."
            )
        columns = np.asarray(channels.map, np.int64)
        if columns.size == 0 or columns.min() < 0 or columns.max() >= recording.n_channels:
            raise PhyMedError(f"The recording has channels 0 to {recording.n_channels - 1}; the probe names others.")
        same = np.array_equal(columns, np.arange(recording.n_channels))
        cuts = (settings.low_hz, settings.high_hz) if settings.band_pass else (0.0, 0.0)
        groups = [np.flatnonzero(channels.shanks == shank) for shank in np.unique(channels.shanks)]
        shanks = tuple(g for g in groups if settings.common_reference and g.size > FEW_CHANNELS)
        return cls(recording, None if same else columns, gain_uv, SignalFilter("sorting", "", "", *cuts), shanks)

    @property
    def n_channels(self) -> int:
        """N."""
        return self.recording.n_channels if self.columns is None else len(self.columns)

    @property
    def n_samples(self) -> int:
        """Of the recording."""
        return self.recording.n_samples

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return self.recording.sample_rate

    def read(self, start: int, stop: int) -> FloatArray:
        """Return samples start to stop, which must lie in the recording, (stop - start, N) float32, µV.

        Raises
        ------
        PhyMedError : values that are not finite
        """
        if self.gate is None:
            return self._filtered(start, stop)
        begin = max(start - self.gate.reach, 0)
        signal = self._filtered(begin, min(stop + self.gate.reach, self.n_samples))
        self.gate.apply(signal, begin)
        return signal[start - begin : stop - begin]

    def raw(self, start: int, stop: int) -> tuple[AnyArray, int]:
        """Return the channels as they were recorded from samples start to stop, and around these what the filter needs.

        Returns
        -------
        (n, N), in the type of the recording, and the sample of its first row

        Raises
        ------
        PhyMedError : values that are not finite
        """
        margin = self.filter.margin(self.sample_rate)
        begin, end = max(start - margin, 0), min(stop + margin, self.n_samples)
        raw = self.recording.read(begin, end)
        raw = raw if self.columns is None else np.ascontiguousarray(raw[:, self.columns])
        self._refuse_infinite(raw, begin)
        return raw, begin

    def offsets(self, raw: AnyArray) -> FloatArray | None:
        """Return what is removed from each channel before the filter, (N,) float32; None for nothing.

        Without it the filter, which starts at rest, would ring at the first sample, and the mean would be that of what
        happens to be read.
        """
        return channel_means(raw[:_FIRST]) if self.filter.high_pass_hz else None

    def _filtered(self, start: int, stop: int) -> FloatArray:
        raw, begin = self.raw(start, stop)
        signal = self.filter.apply(raw, self.sample_rate, offsets=self.offsets(raw))[start - begin : stop - begin]
        if np.may_share_memory(signal, raw):
            signal = signal.copy()  # what is read may be somebody else's array
        del raw
        # In pieces: the median makes copies.
        for piece in (signal[first : first + _PIECE] for first in range(0, len(signal), _PIECE)):
            piece *= np.float32(self.gain_uv)
            for shank in self.shanks:
                some = slice(None) if shank.size == self.n_channels else shank
                piece[:, some] -= common_median(piece[:, some])
        return signal

    def _refuse_infinite(self, raw: AnyArray, begin: int) -> None:
        if raw.dtype.kind != "f":
            return
        bad = np.flatnonzero(~np.isfinite(channel_means(raw)))
        if bad.size:
            channel = bad[0] if self.columns is None else self.columns[bad[0]]
            raise PhyMedError(
                f"Channel {channel} has values that are not finite at about {begin / self.sample_rate:.1f} s; "
                "leave it out, or repair the recording."
            )


@dataclass(frozen=True, slots=True)
class SortingRecording:
    """A recording as the sorter takes it; safe in any thread.

    motion : of the tissue; None where it did not move
    moves : what moves the data back; None where they are left as they are
    """

    signal: FilteredChannels
    channels: SortedChannels
    whitening: Whitening
    motion: Motion | None = None
    moves: Moves | None = None
    still: Tiles = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "still", Tiles.of(self.whitening.matrix))

    @classmethod
    def of(
        cls,
        recording: Recorded,
        channels: SortedChannels,
        settings: SortingSettings,
        *,
        gain_uv: float = 1.0,
        motion: Motion | None = None,
    ) -> SortingRecording:
        """Choose channels of a recording, and make their noise white; see `of_signal`."""
        signal = FilteredChannels.of(recording, channels, settings, gain_uv=gain_uv)
        return cls.of_signal(signal, channels, settings, motion=motion)

    @classmethod
    def of_signal(
        cls,
        signal: FilteredChannels,
        channels: SortedChannels,
        settings: SortingSettings,
        *,
        motion: Motion | None = None,
    ) -> SortingRecording:
        """Learn the noise of a signal, and make it white.

        motion : which the data are moved back by if `settings.drift` says so; None for none

        Raises
        ------
        PhyMedError : a channel without noise or with values that are not finite
        """
        back = motion if settings.drift == DRIFT_DATA else None
        moves = None if back is None else Moves.of(back, channels, signal.n_samples, signal.sample_rate)
        noise = Noise.of(signal)
        signal = replace(signal, gate=ArtifactGate.of(noise.levels, settings.artifact_noise, signal.sample_rate))
        whitening = Whitening.of(
            signal, channels.positions, shanks=channels.shanks, moved=moves.some() if moves else (), noise=noise
        )
        return cls(signal, channels, whitening, motion, moves)

    @property
    def n_channels(self) -> int:
        """N."""
        return self.signal.n_channels

    @property
    def n_samples(self) -> int:
        """Of the recording."""
        return self.signal.n_samples

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return self.signal.sample_rate

    @property
    def artifacts(self) -> tuple[tuple[int, int], ...]:
        """What was set to 0 in all that was read so far: first sample and the one after the last, in order."""
        return self.signal.gate.found() if self.signal.gate else ()

    def read(self, start: int, stop: int) -> FloatArray:
        """Return samples start to stop, which must lie in the recording, (N, stop - start) float32."""
        signal = self.signal.read(start, stop)
        out = np.empty((self.n_channels, stop - start), np.float32)
        if self.moves is None:
            self.still.apply(signal, out)
            return out
        for number, first, last in self.moves.bins(start, stop):
            self.moves.product(self.whitening.matrix, number).apply(signal[first:last], out[:, first:last])
        return out
