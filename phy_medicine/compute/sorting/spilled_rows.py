"""Rows that are too many for memory, in a file without a name."""

from __future__ import annotations

import tempfile
import weakref
from pathlib import Path

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray


class SpilledRows:
    """Rows (n, ...) of float32 that are appended, and of which some are read again; the file is gone when this is.

    row_shape : of one of them; folder : on whose disk they are, None for that of temporary files

    Raises
    ------
    OSError : the folder cannot be written
    """

    def __init__(self, row_shape: tuple[int, ...], folder: Path | None = None) -> None:
        self._row_shape, self._n_rows = row_shape, 0
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  (it lives as long as this object)
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return self._n_rows

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, ...), of all of them."""
        return (self._n_rows, *self._row_shape)

    def append(self, rows: FloatArray) -> None:
        """Add rows, (m, ...).

        Raises
        ------
        OSError : disk full
        """
        assert rows.shape[1:] == self._row_shape, rows.shape
        self._file.write(np.ascontiguousarray(rows, np.float32).data)
        self._n_rows += len(rows)

    def __getitem__(self, rows: IntArray) -> FloatArray:
        """Return some of the rows, by their numbers; the file is part of the memory only as long as that takes."""
        if not self._n_rows:
            return np.zeros((0, *self._row_shape), np.float32)[rows]
        self._file.flush()
        mapped = np.memmap(self._file, np.float32, "r", shape=self.shape)
        return np.array(mapped[rows])
