"""Waveforms of spikes from a flat recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray, frozen
from phy_medicine.io.durable import reason

ALL = "all"
PAD, RAISE = "pad", "raise"
HALF_WINDOW = 15
NEIGHBOR_RADIUS_UM = 70.0

Channels = str | IntArray | list[int]


class RecordingReader:
    """A flat binary recording, mapped into memory.

    Parameters
    ----------
    path : samples by channels, no header
    geometry : (n_channels, 2) positions in µm, a text file of pairs, an `.npy`, or a probe with `contact_positions`
    window : samples before the spike and after it, so that a waveform has 2 window + 1
    neighbor_radius : µm
    time_shift : samples added to every time, for a detector that is late or early by as much
    edges : "pad", what lies outside of the recording is 0, see `incomplete`; or "raise"
    offset : bytes before the first sample

    Raises
    ------
    PhyMedError : the file is missing, does not hold whole samples, or the geometry has other channels
    """

    def __init__(
        self,
        path: Path | str,
        n_channels: int,
        dtype: str,
        geometry: Any,
        window: int = HALF_WINDOW,
        *,
        neighbor_radius: float = NEIGHBOR_RADIUS_UM,
        time_shift: int = 0,
        edges: str = PAD,
        offset: int = 0,
    ) -> None:
        if edges not in (PAD, RAISE) or window < 0 or n_channels < 1:
            raise PhyMedError(f"A reader needs channels, a window of 0 or more, and edges {PAD} or {RAISE}.")
        self.path, self.window, self.edges, self.time_shift = Path(path), window, edges, time_shift
        self.neighbor_radius = neighbor_radius
        self._data = _mapped(self.path, n_channels, dtype, offset)
        self.n_recorded, self.n_channels = self._data.shape
        self.positions_um = frozen(_positions(geometry, n_channels))

    @property
    def n_samples(self) -> int:
        """Samples of a waveform."""
        return 2 * self.window + 1

    def read_waveform(self, time: int, channels: Channels = ALL) -> FloatArray:
        """Return (n_samples, n_channels) float32 about a time in samples; errors as `read_waveforms`."""
        found: FloatArray = self.read_waveforms(np.array([time]), channels)[0]
        return found

    def read_waveforms(self, times: AnyArray, channels: Channels = ALL, flatten: bool = False) -> FloatArray:
        """Return the waveforms about times in samples, in the order of these.

        Parameters
        ----------
        times : (n,) int; channels : columns of the file, or "all"
        flatten : as (n, n_channels * n_samples), channel by channel

        Returns
        -------
        (n, n_samples, n_channels) float32, unit of the recording

        Raises
        ------
        PhyMedError : no such channel; or, if edges are to be raised, a time too near to an edge
        """
        columns = self.channel_ids(channels)
        at = self._rows(times)
        outside = (at < 0) | (at >= self.n_recorded)
        if outside.any() and self.edges == RAISE:
            wrong = int(np.asarray(times)[outside.any(axis=1)][0])
            raise PhyMedError(
                f"The waveform at sample {wrong} reaches out of the {self.n_recorded} samples of {self.path.name}; "
                "leave such spikes out."
            )
        inside = np.clip(at, 0, self.n_recorded - 1)
        found = self._data[inside[:, :, None], columns].astype(np.float32)
        found[outside] = 0
        if not flatten:
            return found
        return np.ascontiguousarray(found.transpose(0, 2, 1)).reshape(len(found), -1)

    def read_waveform_around_channel(self, time: int, channel: int) -> FloatArray:
        """Return (n_samples, n_neighbors) float32 on a channel and those near it, in their order."""
        return self.read_waveform(time, self.neighbors_for_channel(channel))

    def read_series(self, from_time: int, to_time: int, channels: Channels = ALL) -> FloatArray:
        """Return (n, n_channels) float32 from one time in samples up to another, as far as the recording goes.

        Raises
        ------
        PhyMedError : no such channel, or no sample between the two
        """
        start, stop = max(from_time, 0), min(to_time, self.n_recorded)
        if start >= stop:
            raise PhyMedError(f"{self.path.name} has no sample from {from_time} to {to_time} of {self.n_recorded}.")
        return self._data[start:stop, self.channel_ids(channels)].astype(np.float32)

    def neighbors_for_channel(self, channel: int) -> IntArray:
        """Return the channels within `neighbor_radius` of one, itself among them, in their order."""
        here = self.positions_um[self.channel_ids(np.array([channel]))[0]]
        found: IntArray = np.flatnonzero(np.linalg.norm(self.positions_um - here, axis=1) <= self.neighbor_radius)
        return found

    def incomplete(self, times: AnyArray) -> BoolArray:
        """Return (n,) bool, whether a waveform reaches out of the recording, and is padded with zeros."""
        at = self._rows(times)
        found: BoolArray = (at[:, 0] < 0) | (at[:, -1] >= self.n_recorded)
        return found

    def noise_snippets(self, n: int, times: AnyArray, rng: np.random.Generator, channels: Channels = ALL) -> FloatArray:
        """Return (n, n_samples, n_channels) float32 at random times of which none is within a window of a spike.

        Raises
        ------
        PhyMedError : spikes leave no room
        """
        taken = np.zeros(self.n_recorded + 1, dtype=np.int64)
        reach = 2 * self.window + 1
        spikes = np.asarray(times, dtype=np.int64) + self.time_shift
        np.add.at(taken, np.clip(spikes - reach, 0, self.n_recorded), 1)
        np.add.at(taken, np.clip(spikes + reach + 1, 0, self.n_recorded), -1)
        free = np.flatnonzero(np.cumsum(taken[:-1]) == 0)
        free = free[(free >= self.window) & (free < self.n_recorded - self.window)]
        if not len(free):
            raise PhyMedError(f"{self.path.name} has no stretch without spikes to take noise from.")
        return self.read_waveforms(rng.choice(free, n) - self.time_shift, channels)

    def _rows(self, times: AnyArray) -> IntArray:
        middle = np.asarray(times, dtype=np.int64).reshape(-1, 1) + self.time_shift
        rows: IntArray = middle + np.arange(-self.window, self.window + 1)
        return rows

    def channel_ids(self, channels: Channels = ALL) -> IntArray:
        """Return which columns of the file channels are.

        Raises
        ------
        PhyMedError : no such channel
        """
        if isinstance(channels, str):
            if channels != ALL:
                raise PhyMedError(f"Channels are numbers, or {ALL!r}, not {channels!r}.")
            return np.arange(self.n_channels)
        columns = np.atleast_1d(np.asarray(channels, dtype=np.int64))
        wrong = columns[(columns < 0) | (columns >= self.n_channels)]
        if len(wrong):
            raise PhyMedError(f"{self.path.name} has no channel {wrong[0]}; there are 0 to {self.n_channels - 1}.")
        return columns


def clear_spikes(times: AnyArray, channels: AnyArray, window: int) -> BoolArray:
    """Return which spikes have no other one within a window on any of their channels.

    Parameters
    ----------
    times : (n,) int, samples, in any order
    channels : (n,) or (n, m) int, the channels of each spike; -1 for none
    window : samples, on either side

    Returns
    -------
    (n,) bool
    """
    order = np.argsort(np.asarray(times), kind="stable")
    sorted_times = np.asarray(times)[order]
    sites = np.atleast_2d(np.asarray(channels).T).T[order]
    clear = np.ones(len(order), dtype=bool)
    for step in range(1, len(order)):
        first = np.flatnonzero(sorted_times[step:] - sorted_times[:-step] <= window)
        if not len(first):
            break
        here, there = sites[first], sites[first + step]
        shared = ((here[:, :, None] == there[:, None, :]) & (here[:, :, None] >= 0)).any(axis=(1, 2))
        clear[first[shared]] = False
        clear[first[shared] + step] = False
    found = np.empty_like(clear)
    found[order] = clear
    return found


def _mapped(path: Path, n_channels: int, dtype: str, offset: int) -> AnyArray:
    kind = np.dtype(dtype)
    try:
        n_bytes = path.stat().st_size - offset
        if n_bytes <= 0 or n_bytes % (kind.itemsize * n_channels):
            raise PhyMedError(
                f"{path} holds {n_bytes:,} bytes, no whole number of samples of {n_channels} channels of {kind.name}; "
                "check the number of channels and the type."
            )
        return np.memmap(path, dtype=kind, mode="r", offset=offset).reshape(-1, n_channels)
    except OSError as error:
        raise PhyMedError(f"{path} cannot be read: {reason(error)}.") from None


def _positions(geometry: Any, n_channels: int) -> FloatArray:
    """(n_channels, 2) float64 from whatever says where channels are."""
    if isinstance(geometry, str | Path):
        path = Path(geometry)
        try:
            table = np.load(path, allow_pickle=False) if path.suffix == ".npy" else np.loadtxt(path, ndmin=2)
        except OSError as error:
            raise PhyMedError(f"{path} cannot be read: {reason(error)}.") from None
        except ValueError:
            raise PhyMedError(f"{path} must hold a pair of numbers, x and y in µm, for each channel.") from None
    elif hasattr(geometry, "contact_positions"):
        table = np.asarray(geometry.contact_positions)
        columns = getattr(geometry, "device_channel_indices", None)
        if columns is not None:
            table = table[np.argsort(columns)]
    else:
        table = np.asarray(geometry)
    if table.shape != (n_channels, 2):
        raise PhyMedError(f"The geometry has the shape {table.shape}; {n_channels} pairs of x and y are needed.")
    return np.asarray(table, dtype=np.float64)
