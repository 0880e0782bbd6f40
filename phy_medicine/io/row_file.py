"""Scattered rows of a large file, read without mapping them into the memory of this process."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.io import _kernels_rows
from phy_medicine.io.memory import available_bytes

_JOIN = 16_384  # bytes; the disk reads a gap this small faster than it answers a second request
_BLOCK = 4 << 20
_SHARE_OF_MEMORY = 4


class RowFile:
    """Rows of one size in a file, beside the map of the same file.

    A map costs a fault for each page that is touched, one after the other, each with 128 KB around it from the disk
    and 64 KB around it counted as memory of this process: 2,500 rows of 10 M spikes took 1.6 s, and 0.03 s when asked
    for together (cold file); an hour of curation counts whole files as memory (3.1 GB against 0.9 GB on 2 M spikes).
    """

    def __init__(self, path: Path, offset: int, row_bytes: int) -> None:
        self._path = path
        self._offset = offset
        self._row_bytes = row_bytes
        self._descriptor: int | None = None

    def ask(self, starts: IntArray, n: int = 1) -> None:
        """Have the system read `n` rows from each start in the background; rows outside of the file are no error."""
        if not hasattr(os, "posix_fadvise") or len(starts) == 0:
            return
        begins = self._offset + np.sort(np.maximum(starts, 0)).astype(np.int64) * self._row_bytes
        ends = begins + n * self._row_bytes
        first = np.flatnonzero(np.r_[True, begins[1:] > ends[:-1] + _JOIN])
        last = np.r_[first[1:], len(begins)] - 1
        try:
            descriptor = self._open()
            if _kernels_rows.kernels.ready:
                _kernels_rows.ask(descriptor, np.ascontiguousarray(begins[first]), np.ascontiguousarray(ends[last]))
                return
            for begin, end in zip(begins[first].tolist(), ends[last].tolist(), strict=True):
                os.posix_fadvise(descriptor, begin, end - begin, os.POSIX_FADV_WILLNEED)
        except OSError:
            return  # only a hint: the rows are read all the same, more slowly

    def read_ahead(self, stop: Callable[[], bool]) -> None:
        """Have the system keep the whole file in its cache, where there is plenty of room; returns when done.

        A disk gives scattered rows one by one at some 20 MB a second, and the file as a whole at twenty times that.
        """
        try:
            with self._path.open("rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_size > (available_bytes() or 0) // _SHARE_OF_MEMORY:
                    return
                block = bytearray(_BLOCK)
                while not stop() and file.readinto(block):
                    continue
        except OSError as error:
            logger.debug("%s was not read ahead: %s", self._path.name, error)

    def gather(self, rows: IntArray, like: AnyArray) -> AnyArray:
        """Return rows one after the other; `like` is the map of the file, used where the system cannot read at a place.

        rows : (n,) int, inside the file

        Returns
        -------
        (n, ...) in shape and dtype of the rows of `like`
        """
        if not hasattr(os, "pread"):
            return like[rows]
        descriptor, size = self._open(), self._row_bytes
        if _kernels_rows.kernels.ready:
            read, n_read = np.empty((len(rows), size), dtype=np.uint8), np.zeros(1, dtype=np.int64)
            ids = np.ascontiguousarray(rows, dtype=np.int64)
            _kernels_rows.read_rows(descriptor, ids, self._offset, read, read.ctypes.data, n_read)
            if n_read[0] < len(rows):
                raise self._shorter()
            return read.view(like.dtype).reshape(len(rows), *like.shape[1:])
        places = (self._offset + rows.astype(np.int64) * size).tolist()
        joined = b"".join([os.pread(descriptor, size, place) for place in places])
        if len(joined) < size * len(rows):
            raise self._shorter()
        return np.frombuffer(joined, dtype=like.dtype).reshape(len(rows), *like.shape[1:])

    def windows(self, starts: IntArray, columns: IntArray, out: AnyArray) -> bool:
        """Fill `out` (n, n_rows, n_columns) with consecutive rows from each start; False when it has to be done slowly.

        starts : (n,) int, windows inside the file; columns : (n_columns,) int of the file
        """
        size = out.dtype.itemsize
        if not _kernels_rows.kernels.ready or size not in _kernels_rows.READ_WINDOWS:
            return False
        raw = out.view(f"u{size}")
        places = self._offset + np.asarray(starts, dtype=np.int64) * self._row_bytes
        wanted = np.ascontiguousarray(columns, dtype=np.int64)

        def read(begin: int, end: int) -> bool:
            scratch = np.empty((out.shape[1], self._row_bytes // size), dtype=raw.dtype)
            n_read = np.zeros(1, dtype=np.int64)
            kernel = _kernels_rows.READ_WINDOWS[size]
            kernel(self._open(), places[begin:end], wanted, scratch, scratch.ctypes.data, raw[begin:end], n_read)
            return bool(n_read[0] == end - begin)

        # A second thread: for pages that the system has not in its cache it takes 16 ms instead of 27 ms.
        middle = len(places) // 2
        other = _second_thread().submit(read, 0, middle)
        if not (read(middle, len(places)) & other.result()):
            raise self._shorter()
        return True

    def stretch(self, start: int, out: AnyArray) -> bool:
        """Fill `out` with consecutive rows from `start`; False where the system cannot read at a place."""
        if not hasattr(os, "preadv"):
            return False
        read = os.preadv(self._open(), [out.reshape(-1).view(np.uint8).data], self._offset + start * self._row_bytes)
        if read < out.nbytes:
            raise self._shorter()
        return True

    def _shorter(self) -> DatasetError:
        return DatasetError(f"{self._path.name} became shorter while it was open; open the dataset again.")

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDONLY)
            weakref.finalize(self, os.close, self._descriptor)
        return self._descriptor


@cache
def _second_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="phy-medicine-reader")
