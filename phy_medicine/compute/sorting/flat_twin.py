"""The file of plain numbers behind a recording of SpikeInterface, found by what is in it.

Formats such as those of SpikeGLX and Open Ephys keep the samples in such a file; phy's programs can read it, if they
are told its columns. Nothing is assumed of a format: a file is taken when stretches of it are those of the recording.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, IntArray

SUFFIXES = (".bin", ".dat", ".raw")
N_STRETCHES, STRETCH = 3, 2_000
_MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class FlatTwin:
    """A file with the samples of a recording.

    n_columns : of the file; columns : (n_channels,) int64, that of each channel of the recording
    offset : bytes before the samples
    """

    path: Path
    n_columns: int
    columns: IntArray
    offset: int = 0


def flat_twin(recording: Any, place: Path) -> FlatTwin | None:
    """Look for the file of a recording with one segment; None where there is none.

    Parameters
    ----------
    place : the folder or the file that the recording was opened from
    """
    facts = recording.get_binary_description() if recording.is_binary_compatible() else None
    if facts is not None and len(facts["file_paths"]) == 1 and facts["time_axis"] == 0:
        n_channels = int(facts["num_channels"])
        if n_channels == recording.get_num_channels():
            offset = int(facts["file_offset"] or 0)
            return FlatTwin(Path(facts["file_paths"][0]), n_channels, np.arange(n_channels), offset)
    dtype, n_samples = np.dtype(recording.get_dtype()), int(recording.get_num_samples())
    row = n_samples * dtype.itemsize
    if dtype.kind not in "iuf" or not row:
        return None
    length = min(STRETCH, n_samples)
    starts = np.linspace(0, n_samples - length, N_STRETCHES).astype(int).tolist()
    wanted: list[AnyArray] | None = None
    for path in _candidates(place):
        size = path.stat().st_size
        n_columns = size // row
        if size % row or n_columns < recording.get_num_channels():
            continue
        wanted = wanted or [recording.get_traces(start_frame=s, end_frame=s + length) for s in starts]
        mapped = np.memmap(path, dtype, "r", 0, (n_samples, n_columns))
        columns = _columns(np.concatenate(wanted), np.concatenate([mapped[s : s + length] for s in starts]))
        if columns is not None:
            return FlatTwin(path, n_columns, columns)
    return None


def _candidates(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield from (place,) if place.suffix in SUFFIXES else ()
        return
    n_seen = 0
    for folder, _, names in os.walk(place):
        for name in sorted(names):
            if Path(name).suffix in SUFFIXES:
                yield Path(folder) / name
                n_seen += 1
                if n_seen >= _MOST_FILES:
                    return


def _columns(wanted: AnyArray, found: AnyArray) -> IntArray | None:
    """The column of each channel, (n_channels,), of samples that are the same; None where one has none.

    Of channels that are the same, as dead ones are, each gets a column of its own, in their order.
    """
    columns_of: dict[bytes, list[int]] = {}
    for column in range(found.shape[1] - 1, -1, -1):
        columns_of.setdefault(np.ascontiguousarray(found[:, column]).tobytes(), []).append(column)
    columns = []
    for channel in range(wanted.shape[1]):
        same = columns_of.get(np.ascontiguousarray(wanted[:, channel]).tobytes())
        if not same:
            return None
        columns.append(same.pop())
    return np.array(columns, np.int64)
