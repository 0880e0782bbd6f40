"""Single-spike waveforms stored beside the dataset (`_phy_spikes_subset.*`)."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray, frozen
from phy_medicine.io.array_files import DatasetFolder, as_integers, column, load_array, map_array, row_file
from phy_medicine.io.checks import CheckList
from phy_medicine.io.row_file import RowFile

STEM = "_phy_spikes_subset"
NAMES = tuple(f"{STEM}.{part}.npy" for part in ("waveforms", "channels", "spikes"))
"""The files; all three, or none is used."""


class WaveformSubset:
    """Waveforms of some spikes, each on its own channels.

    spike_ids : (n_subset,) int64, ascending
    n_samples : samples of a waveform
    """

    is_raw = True  # phy stores them so, and filters what it shows

    def __init__(self, data: AnyArray, channels: IntArray, spike_ids: IntArray, file: RowFile | None = None) -> None:
        order = np.argsort(spike_ids, kind="stable")
        self._data = data
        self._file = file
        self._channels = channels
        self._rows = order
        self.spike_ids = frozen(spike_ids[order])
        self.n_samples = int(data.shape[1])

    @property
    def stored(self) -> tuple[AnyArray, IntArray, IntArray]:
        """What the files hold: (n, n_samples, n_loc) waveforms, (n, n_loc) channels with -1 unused, (n,) spikes."""
        spike_ids = np.empty_like(self.spike_ids)
        spike_ids[self._rows] = self.spike_ids
        return self._data, self._channels, spike_ids

    def as_stored(self, n: int) -> AnyArray:
        """Return the first waveforms as the file holds them."""
        return np.asarray(self._data[:n])

    def part(self, start: int, stop: int) -> tuple[FloatArray, IntArray, IntArray]:
        """Return waveforms, channels and spikes of some in the order of the file; see `StoredWaveforms`."""
        data, channels, spike_ids = self.stored
        waveforms = np.nan_to_num(np.asarray(data[start:stop], dtype=np.float32), posinf=0.0, neginf=0.0)
        return waveforms, channels[start:stop], spike_ids[start:stop]

    def has(self, spike_ids: IntArray) -> BoolArray:
        """Return which of the spikes are stored, (n,) bool."""
        found: BoolArray = np.isin(spike_ids, self.spike_ids)
        return found

    def channels_of(self, spike_id: int) -> IntArray:
        """Return the channels stored for one spike, (n,) int64, best first; empty when it is not stored."""
        i = int(np.searchsorted(self.spike_ids, spike_id))
        if i >= len(self.spike_ids) or self.spike_ids[i] != spike_id:
            return np.zeros(0, dtype=np.int64)
        row: IntArray = self._channels[self._rows[i]]
        return row[row >= 0]

    def get(self, spike_ids: IntArray, channel_ids: IntArray) -> FloatArray:
        """Return the stored waveforms of some spikes on some channels.

        Returns
        -------
        (n, n_samples, n_channels) float32, 0 on channels that are not stored for a spike

        Raises
        ------
        DatasetError : one of the spikes is not stored
        """
        spike_ids, channel_ids = np.asarray(spike_ids, np.int64), np.asarray(channel_ids, np.int64)
        if not self.has(spike_ids).all():
            raise DatasetError(f"{NAMES[0]} does not hold all of these spikes; choose among its spike_ids.")
        rows = self._rows[np.searchsorted(self.spike_ids, spike_ids)]
        if self._file is not None:
            self._file.ask(rows)
        matches = self._channels[rows][:, :, np.newaxis] == channel_ids[np.newaxis, np.newaxis]
        columns, missing = matches.argmax(axis=1), ~matches.any(axis=1)
        out = np.take_along_axis(self._data[rows], columns[:, np.newaxis, :], axis=2).astype(np.float32)
        return np.where(missing[:, np.newaxis, :] | ~np.isfinite(out), np.float32(0), out)


def read_subset(folder: DatasetFolder, n_spikes: int, n_channels: int, checks: CheckList) -> WaveformSubset | None:
    """Map the waveform subset; None without it, with a remark when it is incomplete or wrong."""
    paths = [folder.find(name) for name in NAMES]
    if not any(paths):
        return None
    if not all(paths):
        missing = next(name for name, path in zip(NAMES, paths, strict=True) if path is None)
        checks.warn(missing, "is missing, so the stored waveforms are not used.")
        return None
    waveforms, channels, spikes = (path for path in paths if path is not None)
    try:
        data = map_array(waveforms)
        if data.ndim != 3 or data.dtype.kind not in "iuf":
            raise DatasetError(f"has the shape {data.shape}, expected (n_subset, n_samples, n_channels).")
        spike_ids = as_integers(column(load_array(spikes), len(data), spikes, "stored waveform"), spikes, np.int64)
        index = as_integers(load_array(channels), channels, np.int64)
        if index.shape != (data.shape[0], data.shape[2]):
            raise DatasetError(f"has the shape {data.shape} where {channels.name} has {index.shape}.")
        if len(spike_ids) and not 0 <= spike_ids.min() <= spike_ids.max() < n_spikes:
            raise DatasetError(f"belongs to another sorting: {spikes.name} names spikes beyond {n_spikes:,}.")
    except DatasetError as error:
        checks.warn(waveforms.name, f"{error} The stored waveforms are not used.")
        return None
    return WaveformSubset(
        data, np.where((index < 0) | (index >= n_channels), -1, index), spike_ids, row_file(waveforms)
    )
