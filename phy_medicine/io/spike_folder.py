"""A folder of plain `.npy` files with the waveforms of spikes, as scripts for localization exchange them.

spike_times.npy (n,) samples      spike_channels.npy (n,)     waveforms_all.npy (n, 10, n_samples)
channel_locations.npy (c, 2) µm   fs.npy, sampling frequency
and where they are there: spike_anchors.npy (n, 2), spike_locs_x.npy, _y, _z, _alpha (n,), the monopolar positions
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.io.array_files import map_array

WAVEFORMS = "waveforms_all.npy"
N_CONTACTS, PEAK = 10, 30


@dataclass(frozen=True, slots=True)
class SpikeFolder:
    """The files of one recording.

    samples : (n_spikes,) int64; channels : (n_spikes,) int64, peak channel of each
    waveforms : (n_spikes, 10, n_samples), mapped into memory; peak : sample of the spike
    contacts_um : (n_channels, 2) float64; sample_rate : Hz
    anchors_um : (n_spikes, 2); monopolar : (n_spikes, 4) x, y, z, alpha; or None
    """

    folder: Path
    samples: IntArray
    channels: IntArray
    waveforms: AnyArray
    contacts_um: FloatArray
    sample_rate: float
    peak: int
    anchors_um: FloatArray | None = None
    monopolar: FloatArray | None = None

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return len(self.samples)


def is_spike_folder(path: Path) -> bool:
    """Whether this is such a folder."""
    return (path / WAVEFORMS).is_file()


def read_folder(folder: Path, *, peak: int = PEAK) -> SpikeFolder:
    """Read a folder; waveforms stay in their file.

    Raises
    ------
    DatasetError : a file is missing or does not fit the others
    """
    samples = _array(folder, "spike_times.npy", None, 1).astype(np.int64)
    n = len(samples)
    channels = _array(folder, "spike_channels.npy", n, 1).astype(np.int64)
    contacts = _array(folder, "channel_locations.npy", None, 2).astype(np.float64)
    waveforms = _array(folder, WAVEFORMS, n, 3)
    rate = float(_array(folder, "fs.npy", None, None).reshape(-1)[0])
    if waveforms.shape[1] != N_CONTACTS or not 0 <= peak < waveforms.shape[2]:
        raise DatasetError(f"{folder / WAVEFORMS} is of shape {waveforms.shape}, not (n, 10, more than {peak}).")
    if n and not 0 <= channels.min() <= channels.max() < len(contacts):
        raise DatasetError(f"{folder / 'spike_channels.npy'} names channels that have no location.")
    if not rate > 0:
        raise DatasetError(f"{folder / 'fs.npy'} holds no sampling frequency.")
    anchors = folder / "spike_anchors.npy"
    fits = [folder / f"spike_locs_{axis}.npy" for axis in ("x", "y", "z", "alpha")]
    known = all(path.exists() for path in fits)
    return SpikeFolder(
        folder, samples, channels, waveforms, contacts, rate, peak,
        _array(folder, anchors.name, n, 2).astype(np.float64) if anchors.exists() else None,
        np.stack([_array(folder, p.name, n, 1).astype(np.float64) for p in fits], axis=1) if known else None,
    )  # fmt: skip


def _array(folder: Path, name: str, n: int | None, n_axes: int | None) -> AnyArray:
    """One file, mapped into memory."""
    path = folder / name
    if not path.exists():
        raise DatasetError(f"{folder} has no {name}; it is no folder of spikes with their waveforms.")
    array = map_array(path)
    if array.ndim == 2 and n_axes == 1 and 1 in array.shape:
        array = array.reshape(-1)  # as MATLAB writes it
    if array.dtype.kind not in "biuf" or (n_axes is not None and array.ndim != n_axes):
        raise DatasetError(f"{path} holds {array.dtype} of shape {array.shape}, which is not what belongs there.")
    if n is not None and len(array) != n:
        raise DatasetError(f"{path} has {len(array):,} rows, spike_times.npy {n:,}.")
    return array
