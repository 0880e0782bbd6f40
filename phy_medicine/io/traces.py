"""Raw recordings: several files as one, read by time and displayed channel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, IntArray, frozen
from phy_medicine.io.array_files import map_array, row_file
from phy_medicine.io.checks import CheckList
from phy_medicine.io.compressed import CompressedPart
from phy_medicine.io.params_py import DatasetParams
from phy_medicine.io.plain_file import is_plain, kind_of
from phy_medicine.io.row_file import RowFile

_LONGEST_NAME = 80
_PIECE_S = 600.0
_SCRATCH_ROWS = 300_000  # 10 s at 30 kHz; longer stretches are taken from the map, which needs no room of its own


class Part(Protocol):
    """One raw file, (n_samples, n_columns), that gives rows by slice."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def __getitem__(self, rows: slice, /) -> Any: ...


class Recorded(Protocol):
    """A raw recording, such as `Traces`."""

    @property
    def n_samples(self) -> int: ...
    @property
    def n_channels(self) -> int: ...
    @property
    def sample_rate(self) -> float: ...
    def read(self, start: int, stop: int) -> AnyArray:
        """Return (stop - start, n_channels), zeros outside of the recording."""


class Traces:
    """A recording in time order, its columns already those of the channel map.

    n_samples : rows of all files together
    n_channels : displayed channels
    dtype : of the file
    name : name of the first file
    """

    def __init__(
        self,
        parts: Sequence[Part],
        channel_map: IntArray,
        sample_rate: float,
        name: str = "",
        *,
        files: Sequence[RowFile | None] | None = None,
    ) -> None:
        self._parts = tuple(parts)
        self._files = tuple(files) if files is not None else (None,) * len(self._parts)
        self._bounds = np.concatenate([[0], np.cumsum([part.shape[0] for part in parts])]).astype(np.int64)
        self._map = frozen(np.asarray(channel_map, dtype=np.int64))
        self._map_is_identity = np.array_equal(self._map, np.arange(parts[0].shape[1]))
        self.n_samples = int(self._bounds[-1])
        self.n_channels = len(self._map)
        self.sample_rate = float(sample_rate)
        self.dtype = np.dtype(parts[0].dtype)
        self.name = name

    def on(self, channel_map: IntArray) -> Traces:
        """Return the same files with other columns displayed; channel_map : (n_channels,) int, of the files."""
        return Traces(self._parts, channel_map, self.sample_rate, self.name, files=self._files)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The files with all their columns, in time order."""
        return self._parts

    @property
    def part_lengths(self) -> tuple[int, ...]:
        """Samples of each file."""
        return tuple(part.shape[0] for part in self._parts)

    @property
    def duration_s(self) -> float:
        """Length of the recording, s."""
        return self.n_samples / self.sample_rate

    def piece_bounds(self) -> list[int]:
        """Return the ends of pieces of 10 min, none of which goes on in the next file, (n_pieces + 1,) samples."""
        size, bounds = max(1, round(_PIECE_S * self.sample_rate)), [0]
        for length in self.part_lengths:
            start = bounds[-1]
            bounds.extend([*range(start + size, start + length, size), start + length])
        return bounds

    def read(self, start: int, stop: int, channel_ids: IntArray | None = None) -> AnyArray:
        """Return a stretch of the recording.

        Parameters
        ----------
        start, stop : samples; may lie outside of the recording
        channel_ids : (n,) int displayed channels, all when None; -1 gives zeros

        Returns
        -------
        (stop - start, n) in the dtype of the file, 0 outside of the recording
        """
        start, stop = int(start), max(int(start), int(stop))
        columns, absent = self._columns(channel_ids)
        n_columns = self.n_channels if columns is None else len(columns)
        out = np.zeros((stop - start, n_columns), dtype=self.dtype)
        self._fill(out, start, stop, columns, self._scratch(stop - start))
        if absent is not None:
            out[:, absent] = 0
        return out

    def read_many(self, starts: IntArray, n: int, channel_ids: IntArray | None = None) -> AnyArray:
        """Return many windows of the same length.

        Parameters
        ----------
        starts : (n_windows,) int, first sample of each; may lie outside of the recording
        n : samples of each window
        channel_ids : (n_channels,) int displayed channels, all when None; -1 gives zeros

        Returns
        -------
        (n_windows, n, n_channels) in the dtype of the file, 0 outside of the recording
        """
        columns, absent = self._columns(channel_ids)
        n_columns = self.n_channels if columns is None else len(columns)
        starts = np.asarray(starts, dtype=np.int64)
        out = np.zeros((len(starts), n, n_columns), dtype=self.dtype)
        rest = self._fill_inside(out, starts, np.arange(self.n_channels) if columns is None else columns)
        self._ask_for(starts[rest], n)
        scratch = self._scratch(n)
        # In time order: sequential on a disk, and a compressed chunk is opened once.
        for i in rest[np.argsort(starts[rest], kind="stable")]:
            start = int(starts[i])
            self._fill(out[i], start, start + n, columns, scratch)
        if absent is not None:
            out[:, :, absent] = 0
        return out

    def _fill_inside(self, out: AnyArray, starts: IntArray, columns: IntArray) -> IntArray:
        """Fill the windows that lie inside one plain file, all at once; returns the positions of the others."""
        rest = np.ones(len(starts), dtype=bool)
        for file, begin, end in zip(self._files, self._bounds[:-1], self._bounds[1:], strict=True):
            inside = np.flatnonzero((starts >= begin) & (starts + out.shape[1] <= end))
            if file is None or len(inside) == 0 or out.size == 0 or out.shape[1] > _SCRATCH_ROWS:
                continue
            windows = out if len(inside) == len(out) else np.empty((len(inside), *out.shape[1:]), dtype=out.dtype)
            if file.windows(starts[inside] - begin, columns, windows):
                rest[inside] = False
                if windows is not out:
                    out[inside] = windows
        return np.flatnonzero(rest)

    def _scratch(self, n: int) -> AnyArray | None:
        """Room for whole rows of the file, made once for many windows; None where no file is read that way."""
        if not any(self._files) or n > _SCRATCH_ROWS:
            return None
        return np.empty((n, max(part.shape[1] for part in self._parts)), dtype=self.dtype)

    def _rows(self, k: int, start: int, stop: int, scratch: AnyArray | None) -> AnyArray:
        """Whole rows of one part: read into `scratch` if possible, else from the map."""
        part, file = self._parts[k], self._files[k]
        if file is not None and scratch is not None:
            rows = scratch[: stop - start]
            if file.stretch(start, rows):
                return rows
        mapped: AnyArray = part[start:stop]
        return mapped

    def _ask_for(self, starts: IntArray, n: int) -> None:
        for file, begin, end in zip(self._files, self._bounds[:-1], self._bounds[1:], strict=True):
            if file is not None:
                file.ask(starts[(starts + n > begin) & (starts < end)] - begin, n)

    def _columns(self, channel_ids: IntArray | None) -> tuple[IntArray | None, IntArray | None]:
        """Raw columns (None: all in file order) and the positions of absent channels among them."""
        if channel_ids is None:
            return (None if self._map_is_identity else self._map), None
        channel_ids = np.asarray(channel_ids, dtype=np.int64)
        if len(channel_ids) and not -1 <= channel_ids.min() <= channel_ids.max() < self.n_channels:
            raise DatasetError(f"{self.name} has {self.n_channels} channels; {channel_ids.max()} is none of them.")
        absent = np.flatnonzero(channel_ids < 0)
        return self._map[np.maximum(channel_ids, 0)], absent if len(absent) else None

    def _fill(self, out: AnyArray, start: int, stop: int, columns: IntArray | None, scratch: AnyArray | None) -> None:
        """Copy the samples [start, stop) that exist into `out`, whose first row is sample `start`."""
        low, high = max(start, 0), min(stop, self.n_samples)
        if low >= high:
            return
        first = int(np.searchsorted(self._bounds, low, side="right")) - 1
        for k in range(first, len(self._parts)):
            part_start, part_stop = int(self._bounds[k]), int(self._bounds[k + 1])
            a, b = max(low, part_start), min(high, part_stop)
            if a < b:
                rows = self._rows(k, a - part_start, b - part_start, scratch)
                out[a - start : b - start] = rows if columns is None else rows[:, columns]
            if part_stop >= high:
                return


def open_traces(params: DatasetParams, channel_map: IntArray, checks: CheckList) -> tuple[Traces | None, str]:
    """Open the raw files that `params.py` names.

    Returns
    -------
    The recording, or None and one sentence that says why there is none
    """
    if not params.dat_paths:
        return None, "No raw data: params.py names no recording."
    missing = [path for path in params.dat_paths if not is_plain(path)]
    if missing:
        kind = kind_of(missing[0])
        sentence = f"No raw data: {_short(missing[0].name)} {'not found' if kind == 'nothing' else f'is {kind}'}."
        checks.warn("params.py", f"{sentence} Put it beside params.py or correct dat_path to see traces and waveforms.")
        return None, sentence
    try:
        parts = [_open_part(path, params, checks) for path in params.dat_paths]
        _check_parts(parts, params, channel_map)
    except DatasetError as error:
        checks.warn(params.dat_paths[0].name, f"{error} Traces are not shown.")
        return None, f"No raw data: {error}"
    files = [_row_file(path, params) for path in params.dat_paths]
    return Traces(parts, channel_map, params.sample_rate, params.dat_paths[0].name, files=files), ""


def _short(name: str) -> str:
    """A name that fits into a sentence."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..."


def open_flat(path: Path, n_columns: int, dtype: np.dtype[Any], offset: int, checks: CheckList) -> AnyArray:
    """Map a flat binary file, (n_samples, n_columns), read-only; a last incomplete row is left out with a warning.

    Raises
    ------
    DatasetError : not one complete row, or unreadable
    """
    row = n_columns * dtype.itemsize
    try:
        size = path.stat().st_size - offset
        n_samples = max(0, size) // row
        if n_samples == 0:
            raise DatasetError(f"{path.name} holds no complete sample of {n_columns} channels.")
        if size % row:
            checks.warn(
                path.name,
                f"the size is no multiple of {n_columns} channels of {dtype}; the last {size % row} bytes are ignored "
                "and n_channels_dat, dtype or offset may be wrong.",
            )
        return np.asarray(np.memmap(path, dtype, "r", offset, (n_samples, n_columns)))
    except OSError as error:
        raise DatasetError(f"{path.name} cannot be opened ({error.strerror}).") from None


def _open_part(path: Path, params: DatasetParams, checks: CheckList) -> Part:
    if path.suffix == ".cbin":
        return CompressedPart(path, checks)
    if path.suffix == ".npy":
        array = map_array(path)
        if array.ndim != 2 or array.dtype.kind not in "iuf":
            raise DatasetError(f"{path.name} has the shape {array.shape}, expected (n_samples, n_channels).")
        return array
    if params.n_channels_dat is None:
        raise DatasetError(f"params.py gives no n_channels_dat, so {path.name} cannot be read.")
    return open_flat(path, params.n_channels_dat, params.dtype, params.offset, checks)


def _row_file(path: Path, params: DatasetParams) -> RowFile | None:
    if path.suffix == ".npy":
        return row_file(path)
    if path.suffix == ".cbin" or params.n_channels_dat is None:
        return None
    return RowFile(path, params.offset, params.n_channels_dat * params.dtype.itemsize)


def _check_parts(parts: Sequence[Part], params: DatasetParams, channel_map: IntArray) -> None:
    first = parts[0]
    for part, path in zip(parts, params.dat_paths, strict=True):
        if part.shape[1] != first.shape[1] or part.dtype != first.dtype:
            raise DatasetError(f"{path.name} differs from {params.dat_paths[0].name} in channels or sample type.")
    if int(channel_map.max()) >= first.shape[1]:
        raise DatasetError(
            f"the channel map names raw column {int(channel_map.max())} and the file has {first.shape[1]} columns."
        )
