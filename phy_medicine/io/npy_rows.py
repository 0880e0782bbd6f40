"""An `.npy` file that grows row by row, for arrays whose length is known only at the end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from phy_medicine.base.types import AnyArray

_HEADER = 192
"""Bytes kept for the header: room for a number of rows of 20 digits."""


class NpyRows:
    """Rows of one shape, appended to a file; never more of them in memory than what is appended at once."""

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: Any) -> None:
        self.path, self.n_rows = path, 0
        self._shape, self._dtype = tuple(row_shape), np.dtype(dtype)
        self._file = path.open("wb")
        self._write_header()

    def __enter__(self) -> NpyRows:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def append(self, rows: AnyArray) -> None:
        """Add rows, (n, ...) of the shape that was named.

        Raises
        ------
        ValueError : another shape
        OSError : disk full
        """
        if rows.shape[1:] != self._shape:
            raise ValueError(f"rows of {rows.shape[1:]} in a file of rows of {self._shape}")
        self._file.write(np.ascontiguousarray(rows, self._dtype).data)
        self.n_rows += len(rows)

    def close(self) -> None:
        """Say in the header how many rows there are, and wait until all is on the disk."""
        if self._file.closed:
            return
        try:
            self._write_header()
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def array(self) -> AnyArray:
        """Close the file and return it mapped into memory, read-only."""
        self.close()
        mapped: AnyArray = np.load(self.path, mmap_mode="r", allow_pickle=False)
        return mapped

    def _write_header(self) -> None:
        facts = f"{{'descr': {npy_format.dtype_to_descr(self._dtype)!r}, 'fortran_order': False, 'shape': "
        facts += f"{(self.n_rows, *self._shape)!r}, }}"
        start = npy_format.magic(1, 0)
        length = _HEADER - len(start) - 2
        self._file.seek(0)
        self._file.write(start + length.to_bytes(2, "little") + facts.ljust(length - 1).encode("latin1") + b"\n")
        self._file.seek(0, os.SEEK_END)
