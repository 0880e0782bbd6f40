"""Data that are needed again and again, in a file instead of in memory: 16 bits a value, in steps of 1/64."""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray

STEP = 1 / 64
"""Of kept values, in standard deviations of the noise."""
_BLOCK = 1 << 19
"""Values at once: what is rounded, written and read stays in the processor's cache."""
_OF_FREE = 0.5
"""Share of what is free on the disk that may be taken."""


class StepFile:
    """Arrays (N, T) by key in a file without a name, which is gone when this is; safe in any thread.

    most_bytes : of the file; folder : on whose disk it is, None for that of temporary files

    A full disk is no error: what does not fit is not kept.
    """

    def __init__(self, most_bytes: int, folder: Path | None = None) -> None:
        self._room, self._folder = most_bytes, folder
        self._places: dict[Hashable, tuple[int, tuple[int, int]]] = {}
        self._end = 0
        self._open: Any = None
        self._lock = threading.Lock()

    def put(self, key: Hashable, data: FloatArray) -> None:
        """Round data (N, T) float32 in place, and keep them if there is room."""
        place = self._reserved(2 * data.size)
        offset = place
        for rows, steps in _blocks(data.shape):
            block = data[rows]
            steps = np.clip(np.rint(block / np.float32(STEP)), -32768, 32767).astype(np.int16)
            np.multiply(steps, np.float32(STEP), out=block)
            if offset >= 0:
                offset = self._written(offset, steps)
        if offset >= 0:
            self._places[key] = (place, data.shape)

    def get(self, key: Hashable) -> FloatArray | None:
        """Return kept data, rounded, the caller's own; None if they are not there.

        Raises
        ------
        OSError : the disk cannot be read
        """
        if key not in self._places:
            return None
        offset, shape = self._places[key]
        data = np.empty(shape, np.float32)
        for rows, steps in _blocks(shape):
            with self._lock:
                self._open.seek(offset)
                if self._open.readinto(steps) != steps.nbytes:
                    raise OSError("What was kept of the recording is cut off.")
            np.multiply(steps, np.float32(STEP), out=data[rows])
            offset += steps.nbytes
        return data

    def _reserved(self, n_bytes: int) -> int:
        """Where so many bytes may go, -1 for nowhere."""
        with self._lock:
            if self._open is None and self._room:
                self._begin()
            if n_bytes > self._room:
                return -1
            place, self._end, self._room = self._end, self._end + n_bytes, self._room - n_bytes
            return place

    def _begin(self) -> None:
        try:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder or tempfile.gettempdir()).free
            self._open = tempfile.TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115  (as long as this object)
        except OSError:
            self._room = 0
            return
        weakref.finalize(self, self._open.close)
        self._room = min(self._room, int(_OF_FREE * free))

    def _written(self, offset: int, steps: IntArray) -> int:
        """Where the next are to go, -1 if these could not be written."""
        try:
            with self._lock:
                self._open.seek(offset)
                whole = self._open.write(steps) == steps.nbytes
        except OSError:
            whole = False
        if not whole:
            self._room = 0
        return offset + steps.nbytes if whole else -1


def _blocks(shape: tuple[int, int]) -> Iterator[tuple[slice, IntArray]]:
    """Rows of a few at once, and room for them."""
    n_rows = max(1, _BLOCK // max(1, shape[1]))
    for first in range(0, shape[0], n_rows):
        n = min(n_rows, shape[0] - first)
        yield slice(first, first + n), np.empty((n, shape[1]), np.int16)
