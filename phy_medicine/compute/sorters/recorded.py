"""Recordings and probes, of whatever kind they are given, as sorters take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.compute.filtered_recording import Recorded
from phy_medicine.compute.motion.recordings import Readable
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.source import SortSource


@dataclass(frozen=True, slots=True)
class SomeColumns:
    """Some columns of a recording as a recording.

    columns : (n_channels,) int, of the recording
    """

    recording: Recorded
    columns: IntArray

    @property
    def n_samples(self) -> int:
        """Length of the recording."""
        return self.recording.n_samples

    @property
    def n_channels(self) -> int:
        """Number of chosen columns."""
        return len(self.columns)

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return self.recording.sample_rate

    def read(self, start: int, stop: int) -> AnyArray:
        """Return (stop - start, n_channels)."""
        return self.recording.read(start, stop)[:, self.columns]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a recording as a recording; its first sample is 0.

    start, stop : samples of the recording
    """

    recording: Recorded
    start: int
    stop: int

    @property
    def n_samples(self) -> int:
        """Length of the stretch."""
        return self.stop - self.start

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.recording.n_channels

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return self.recording.sample_rate

    def read(self, start: int, stop: int) -> AnyArray:
        """Return (stop - start, n_channels)."""
        return self.recording.read(self.start + start, self.start + stop)


def is_spikeinterface(recording: Any) -> bool:
    """Whether a recording is one of SpikeInterface."""
    return hasattr(recording, "get_traces") and hasattr(recording, "get_num_segments")


def as_recorded(recording: Any) -> Recorded:
    """Return a recording as ours: one of SpikeInterface, one that `open_source` opened, or one like `Recorded`.

    Raises
    ------
    PhyMedError : it has several segments, or is no recording
    """
    if isinstance(recording, SortSource):
        return recording.recorded
    if is_spikeinterface(recording):
        if recording.get_num_segments() != 1:
            raise PhyMedError(
                f"The recording has {recording.get_num_segments()} segments, and one is sorted at a time; join them "
                "with spikeinterface.concatenate_recordings."
            )
        return Readable(recording)
    if not all(hasattr(recording, name) for name in ("n_samples", "n_channels", "sample_rate", "read")):
        raise PhyMedError(f"A {type(recording).__name__} is no recording; use one of SpikeInterface.")
    found: Recorded = recording
    return found


def gain_of(recording: Any) -> float:
    """Return the µV of one unit of what `as_recorded` reads; 1 where nobody knows, or where channels differ."""
    if isinstance(recording, SortSource):
        return recording.gain_uv
    gains = recording.get_channel_gains() if is_spikeinterface(recording) else None
    known = gains is not None and len(gains) and bool(np.all(np.asarray(gains) == gains[0]))
    return float(gains[0]) if known else 1.0


def channels_of(recording: Any, probe: Any = None) -> SortedChannels:
    """Return the channels of a recording and where they are.

    Parameters
    ----------
    recording : see `as_recorded`
    probe : `SortedChannels`, or a probe or group of probes of probeinterface; None asks the recording

    Raises
    ------
    PhyMedError : nobody knows where the channels are, or the probe is for another recording
    """
    n_columns = as_recorded(recording).n_channels
    if probe is None and isinstance(recording, SortSource):
        found = recording.channels
    elif probe is None and is_spikeinterface(recording) and recording.has_probe():
        found = _of_recording(recording)
    elif probe is None:
        raise PhyMedError("The recording comes without a probe; give one.")
    else:
        found = probe if isinstance(probe, SortedChannels) else _of_probe(probe)
    outside = found.map[(found.map < 0) | (found.map >= n_columns)]
    if len(outside):
        raise PhyMedError(f"The probe names channel {outside[0]} of a recording of {n_columns}.")
    if len(np.unique(found.map)) < len(found.map):
        raise PhyMedError("The probe names a channel of the recording twice.")
    return found


def _of_recording(recording: Any) -> SortedChannels:
    positions = np.asarray(recording.get_channel_locations(), np.float64)[:, :2]
    shanks = np.unique(recording.get_channel_groups(), return_inverse=True)[1]
    return SortedChannels(np.arange(len(positions)), positions, shanks.astype(np.int32))


def _of_probe(probe: Any) -> SortedChannels:
    """The contacts of a probe that are wired to the recording."""
    probes = getattr(probe, "probes", None) or [probe]
    if not all(hasattr(p, "contact_positions") for p in probes):
        raise PhyMedError(f"A {type(probe).__name__} is no probe; use one of probeinterface.")
    columns, positions, shanks = [], [], []
    for number, one in enumerate(probes):
        wired = one.device_channel_indices
        n = len(one.contact_positions)
        columns.append(np.arange(n) + sum(map(len, columns)) if wired is None else np.asarray(wired, np.int64))
        positions.append(np.asarray(one.contact_positions, np.float64)[:, :2])
        shanks.append([f"{number} {shank}" for shank in (one.shank_ids if one.shank_ids is not None else [""] * n)])
    column = np.concatenate(columns)
    used = column >= 0
    shank = np.unique(np.concatenate(shanks)[used], return_inverse=True)[1]
    order = np.argsort(column[used], kind="stable")
    return SortedChannels(
        column[used][order], np.concatenate(positions)[used][order], shank[order].astype(np.int32)
    )  # fmt: skip
