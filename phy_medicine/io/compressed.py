"""Raw data that mtscomp compressed: a `.cbin` file, and a `.ch` file that says what is in it and is not believed."""

from __future__ import annotations

import threading
import zlib
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray
from phy_medicine.io.checks import CheckList
from phy_medicine.io.durable import reason
from phy_medicine.io.memory import check_memory
from phy_medicine.io.plain_file import is_plain, read_json

_LARGEST_RATIO = 1100  # deflate gives at most 1,032 bytes for one
_SWITCHES = ("chunk_order", "do_spatial_diff", "do_time_diff", "sample_rate")
_COPY_AGAIN = "copy or compress the recording again"


class CompressedPart:
    """A `.cbin` file; decompression goes through one lock, since its reader is not safe among threads.

    Raises
    ------
    DatasetError : the companion is missing or claims what cannot be; and, while rows are read, a damaged chunk
    """

    def __init__(self, path: Path, checks: CheckList | None = None) -> None:
        facts, n_cut = _read_companion(path)
        if n_cut and checks is not None:
            checks.warn(path.name, f"{path.name} is cut short: {n_cut:,} samples at the end are lost; {_COPY_AGAIN}.")
        try:
            self._reader = _reader_class()(n_threads=1)
        except ImportError:
            raise DatasetError(f"{path.name} is compressed; install the package mtscomp to read it.") from None
        self._reader.open(path, facts)
        self._name, self._checks = path.name, CheckList() if checks is None else checks
        self._lock = threading.Lock()
        self.shape = (int(self._reader.n_samples), int(self._reader.n_channels))
        self.dtype = np.dtype(self._reader.dtype)

    def __getitem__(self, rows: slice, /) -> AnyArray:
        try:
            with self._lock:
                return np.asarray(self._reader[rows.start : rows.stop])
        except DatasetError as error:
            self._checks.warn(self._name, str(error))
            raise


def _read_companion(path: Path) -> tuple[dict[str, Any], int]:
    """What the `.ch` file says, cut to the chunks that are whole, and how many samples are lost by that."""
    companion = path.with_suffix(".ch")
    if not is_plain(companion):
        raise DatasetError(f"{path.name} needs its companion {companion.name} beside it.")
    try:
        facts = dict(read_json(companion))
        bounds, offsets = ([int(value) for value in facts[key]] for key in ("chunk_bounds", "chunk_offsets"))
        n_channels, dtype = int(facts["n_channels"]), np.dtype(str(facts["dtype"]))
        (order, *_), size = [facts[key] for key in _SWITCHES], path.stat().st_size
    except OSError as error:
        raise DatasetError(f"{companion.name} cannot be read ({reason(error)}).") from None
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise DatasetError(
            f"{companion.name} does not describe {path.name} ({_short(error)}); {_COPY_AGAIN}."
        ) from None
    row = n_channels * dtype.itemsize
    if n_channels < 1 or dtype.kind not in "iuf" or order not in ("C", "F") or not _fit(bounds, offsets, row):
        raise DatasetError(f"{companion.name} claims what {path.name} cannot hold; {_COPY_AGAIN}.")
    n_whole = sum(offset <= size for offset in offsets) - 1
    if n_whole < 1:
        raise DatasetError(f"{path.name} is cut short: it holds no complete chunk; {_COPY_AGAIN}.")
    bounds, offsets, n_cut = bounds[: n_whole + 1], offsets[: n_whole + 1], bounds[-1] - bounds[n_whole]
    check_memory(f"a chunk of {path.name}", max(b - a for a, b in pairwise(bounds)) * row)
    return {**facts, "chunk_bounds": bounds, "chunk_offsets": offsets, "n_channels": n_channels}, n_cut


def _fit(bounds: list[int], offsets: list[int], row: int) -> bool:
    """Whether chunks follow one another and no chunk claims more than its bytes can give."""
    if len(bounds) != len(offsets) or len(bounds) < 2 or bounds[0] != 0 or offsets[0] < 0:
        return False
    steps = [(b - a, d - c) for (a, b), (c, d) in zip(pairwise(bounds), pairwise(offsets), strict=True)]
    return all(n > 0 and packed > 0 and n * row <= packed * _LARGEST_RATIO for n, packed in steps)


@cache
def _reader_class() -> Any:
    """The reader of mtscomp, whose chunks are unpacked no further than they may be."""
    import mtscomp  # 0.1 s, and few datasets are compressed

    class Reader(mtscomp.Reader):  # type: ignore[misc]
        def read_chunk(self, chunk_idx: int, chunk_start: int, chunk_length: int) -> AnyArray:
            begin, end = self.chunk_bounds[chunk_idx : chunk_idx + 2]
            n_bytes = (end - begin) * self.n_channels * self.dtype.itemsize
            self.cdata.seek(chunk_start)
            try:
                data = zlib.decompressobj().decompress(self.cdata.read(chunk_length), n_bytes + 1)
            except zlib.error:
                data = b""
            if len(data) != n_bytes:
                raise DatasetError(
                    f"{Path(self.cdata.name).name} is damaged from sample {begin:,} to {end:,}; {_COPY_AGAIN}."
                )
            chunk = np.frombuffer(data, self.dtype).reshape((-1, self.n_channels), order=self.chunk_order)
            chunk = mtscomp.cumsum_along_axis(chunk, 1 if self.cmeta.do_spatial_diff else None)
            chunk = mtscomp.cumsum_along_axis(chunk, 0 if self.cmeta.do_time_diff else None)
            return np.ascontiguousarray(chunk)

    return Reader


def _short(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)
