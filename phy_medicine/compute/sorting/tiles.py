"""Products of channels by channels that leave out what is far apart on the probe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray

ROWS = 64
LEAST = 3e-4
"""Of the largest weight of a channel: what is smaller is left out; 0.2 % of the noise at most."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """A matrix (N, N) by rows of a few channels, each with the columns that it needs.

    parts : first row, first column and values, float32; half the time of the whole at 384 channels
    n_channels : N
    """

    parts: tuple[tuple[int, int, FloatArray], ...]
    n_channels: int

    @classmethod
    def of(cls, matrix: FloatArray) -> Tiles:
        """Cut a matrix up; neighbours on the probe are best neighbours in it, too."""
        values = matrix.astype(np.float32)
        size = np.abs(values)
        needed = size > LEAST * size.max(axis=1, keepdims=True)
        parts = []
        for first in range(0, len(values), ROWS):
            rows = slice(first, first + ROWS)
            columns = np.flatnonzero(needed[rows].any(axis=0))
            begin, end = (int(columns[0]), int(columns[-1]) + 1) if columns.size else (0, 1)
            parts.append((first, begin, np.ascontiguousarray(values[rows, begin:end])))
        return cls(tuple(parts), len(values))

    @property
    def nbytes(self) -> int:
        """Memory of the values."""
        return sum(values.nbytes for _, _, values in self.parts)

    def dense(self) -> FloatArray:
        """Return the matrix (N, N) without what is left out, float32."""
        out = np.zeros((self.n_channels, self.n_channels), np.float32)
        for row, column, values in self.parts:
            n_rows, n_columns = values.shape
            out[row : row + n_rows, column : column + n_columns] = values
        return out

    def apply(self, signal: FloatArray, out: FloatArray) -> None:
        """Write the matrix times the channels of a signal (T, N) to out, (N, T); all float32."""
        for row, column, values in self.parts:
            n_rows, n_columns = values.shape
            np.matmul(values, signal[:, column : column + n_columns].T, out=out[row : row + n_rows])
