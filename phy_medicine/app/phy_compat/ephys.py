"""Raw data as `phylib.io.traces` gives them: an array read piece by piece, and waveforms cut out of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.io.compressed import CompressedPart
from phy_medicine.io.traces import Part, Traces

_BINARY = (".dat", ".bin", ".raw", ".mda", ".i16")


class EphysTraces:
    """A recording as an array (n_samples, n_channels), of which only what is asked for is read."""

    ndim = 2

    def __init__(self, traces: Traces, columns: IntArray | None = None) -> None:
        self._traces = traces
        self._columns = np.arange(traces.n_channels) if columns is None else columns
        self.sample_rate = traces.sample_rate
        self.dtype = traces.dtype
        self.name = Path(traces.name).stem
        self.part_bounds = np.concatenate([[0], np.cumsum(traces.part_lengths)]).tolist()
        self.chunk_bounds = traces.piece_bounds()

    @property
    def n_samples(self) -> int:
        """Rows."""
        return self._traces.n_samples

    @property
    def n_channels(self) -> int:
        """Columns."""
        return len(self._columns)

    @property
    def shape(self) -> tuple[int, int]:
        """(n_samples, n_channels)."""
        return self.n_samples, self.n_channels

    @property
    def duration(self) -> float:
        """Length, s."""
        return self._traces.duration_s

    @property
    def n_chunks(self) -> int:
        """Number of chunks."""
        return len(self.chunk_bounds) - 1

    @property
    def n_parts(self) -> int:
        """Number of files."""
        return len(self.part_bounds) - 1

    def __len__(self) -> int:
        return self.n_samples

    def __getitem__(self, item: Any) -> Any:
        rows, columns = item if isinstance(item, tuple) and len(item) == 2 else (item, None)
        if columns is not None:
            chosen = copy.copy(self)
            chosen._columns = np.atleast_1d(self._columns[columns])
            return chosen if isinstance(rows, slice) and rows == slice(None) else chosen[rows]
        if isinstance(rows, slice):
            start, stop, step = rows.indices(self.n_samples)
            if step > 0:
                return self._traces.read(start, max(start, stop), self._columns)[::step]
        places = np.atleast_1d(np.arange(self.n_samples)[rows])
        return self._traces.read_many(places, 1, self._columns)[:, 0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        return np.asarray(self[:], dtype=dtype)

    def subset_time_range(self, interval: tuple[float, float]) -> AnyArray:
        """Return a stretch of time, s."""
        start, stop = (round(t * self.sample_rate) for t in interval)
        found: AnyArray = self[max(0, start) : max(0, stop)]
        return found

    def iter_chunks(self, cache: bool = True) -> Iterator[tuple[int, int]]:
        """Yield the ends of each chunk, samples."""
        yield from zip(self.chunk_bounds[:-1], self.chunk_bounds[1:], strict=True)

    def windows(self, samples: AnyArray, channel_ids: Any, n_samples: int) -> AnyArray:
        """Return stretches around samples, (n, n_samples, n_channels), zeros outside and on channel -1."""
        channels = np.arange(self.n_channels) if channel_ids is None else np.asarray(channel_ids, dtype=np.int64)
        columns = np.where(channels < 0, -1, self._columns[channels])
        starts = np.asarray(samples).astype(np.int64) - n_samples // 2
        return self._traces.read_many(starts, n_samples, columns)


def get_ephys_reader(obj: Any, **kwargs: Any) -> EphysTraces | None:
    """Return a recording from an array or from the path or paths of files; None when there is no such file.

    sample_rate : Hz; n_channels_dat, dtype, offset : of plain binary files
    """
    if isinstance(obj, EphysTraces):
        return obj
    paths = [obj] if isinstance(obj, str | Path) else obj
    if isinstance(paths, list | tuple) and paths and isinstance(paths[0], str | Path):
        parts = [_part(Path(path), **kwargs) for path in paths]
        name = str(paths[0])
    else:
        parts, name = [np.atleast_2d(obj)], ""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None
    columns = np.arange(known[0].shape[1])
    return EphysTraces(Traces(known, columns, float(kwargs.get("sample_rate") or 1.0), name))


def _part(path: Path, **kwargs: Any) -> Part | None:
    if not path.exists():
        logger.warning("File %s does not exist.", path)
        return None
    if path.suffix == ".cbin":
        return CompressedPart(path)
    if path.suffix == ".npy":
        mapped: AnyArray = np.load(path, mmap_mode="r", allow_pickle=False)
        return mapped
    if path.suffix not in _BINARY:
        logger.warning("%s is no recording of a known format.", path)
        return None
    n_channels = int(kwargs.get("n_channels_dat") or kwargs.get("n_channels") or 1)
    flat = np.memmap(path, dtype=kwargs.get("dtype") or np.int16, mode="r", offset=int(kwargs.get("offset") or 0))
    return flat[: len(flat) // n_channels * n_channels].reshape(-1, n_channels)


# Waveforms


def extract_waveforms(
    traces: Any, spike_samples: AnyArray, channel_ids: Any, n_samples_waveforms: int | None = None
) -> AnyArray:
    """Return waveforms around samples, unfiltered, (n, n_samples, n_channels); zeros outside and on channel -1.

    Raises
    ------
    ValueError : the length is not given
    """
    if not n_samples_waveforms:
        raise ValueError("Please specify n_samples_waveforms > 0.")
    reader = traces if isinstance(traces, EphysTraces) else get_ephys_reader(traces, sample_rate=1.0)
    if reader is None:
        raise ValueError("There is no recording to cut waveforms out of.")
    return reader.windows(spike_samples, channel_ids, n_samples_waveforms)


def get_spike_waveforms(
    spike_ids: AnyArray, channel_ids: Any, spike_waveforms: Bunch, n_samples_waveforms: int | None = None
) -> AnyArray:
    """Return stored waveforms, (n, n_samples, n_channels), zeros on channels that are not stored for a spike.

    spike_waveforms : Bunch of spike_ids (n,), spike_channels (n, n_loc) and waveforms (n, n_samples, n_loc)

    Raises
    ------
    AssertionError : the waveform of a spike is not stored
    """
    stored, wanted = np.asarray(spike_waveforms.spike_ids), np.asarray(spike_ids)
    if not np.isin(wanted, stored).all():
        raise AssertionError("Not all of these spikes have a stored waveform.")
    order = np.argsort(stored, kind="stable")
    rows = order[np.searchsorted(stored, wanted, sorter=order)]
    data, own = np.asarray(spike_waveforms.waveforms[rows]), np.asarray(spike_waveforms.spike_channels)[rows]
    matches = own[:, :, np.newaxis] == np.asarray(channel_ids)[np.newaxis, np.newaxis]
    out = np.take_along_axis(data, matches.argmax(axis=1)[:, np.newaxis], axis=2)
    return np.where(matches.any(axis=1)[:, np.newaxis], out, out.dtype.type(0))


def iter_waveforms(
    traces: Any, spike_samples: AnyArray, spike_channels: AnyArray, n_samples_waveforms: int, cache: bool = False
) -> Iterator[AnyArray]:
    """Yield waveforms chunk by chunk, each spike on channels of its own; spike_channels : (n, n_loc), -1 unused."""
    reader = traces if isinstance(traces, EphysTraces) else get_ephys_reader(traces, sample_rate=1.0)
    if reader is None:
        return
    samples, channels = np.asarray(spike_samples).astype(np.int64), np.asarray(spike_channels)
    for start, stop in reader.iter_chunks():
        inside = (samples >= start) & (samples < stop)
        if inside.any():
            windows = reader.windows(samples[inside], None, n_samples_waveforms)
            own = channels[inside][:, np.newaxis]
            taken = np.take_along_axis(windows, np.maximum(own, 0), axis=2)
            yield np.where(own < 0, taken.dtype.type(0), taken)


def export_waveforms(
    path: str | Path,
    traces: Any,
    spike_samples: AnyArray,
    spike_channels: AnyArray,
    n_samples_waveforms: int,
    cache: bool = False,
    sample2unit: float = 1.0,
) -> None:
    """Write the waveforms of spikes in time order to a `.npy` file; spike_channels : (n, n_loc), -1 unused."""
    shape = (len(spike_samples), n_samples_waveforms, np.shape(spike_channels)[1])
    file = np.lib.format.open_memmap(path, "w+", dtype=np.float64, shape=shape)
    done = 0
    for waveforms in iter_waveforms(traces, spike_samples, spike_channels, n_samples_waveforms):
        file[done : done + len(waveforms)] = waveforms * sample2unit
        done += len(waveforms)
    file.flush()
