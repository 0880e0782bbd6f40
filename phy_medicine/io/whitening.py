"""The inverse whitening matrix, read or computed when it is first needed and never written."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.io.array_files import DatasetFolder, as_floats, load_array, read_header
from phy_medicine.io.checks import CheckList


class Whitening:
    """Gives the matrix that turns whitened templates back into raw units."""

    def __init__(self, folder: DatasetFolder, n_channels: int, checks: CheckList) -> None:
        self._n_channels = n_channels
        self._checks = checks
        self._lock = threading.Lock()
        self._read = False
        self._inverse: FloatArray | None = None
        self._inverse_file = self._usable(folder, "whitening_mat_inv.npy")
        self._matrix_file = None if self._inverse_file else self._usable(folder, "whitening_mat.npy")

    @property
    def inverse(self) -> FloatArray | None:
        """(n_channels, n_channels) float64, or None for the identity."""
        with self._lock:
            if not self._read:
                self._inverse, self._read = self._compute(), True
            return self._inverse

    def _usable(self, folder: DatasetFolder, name: str) -> Path | None:
        path = folder.find(name)
        if path is None:
            return None
        expected = (self._n_channels, self._n_channels)
        try:
            shape = read_header(path).shape
            if shape != expected and not (self._n_channels == 1 and int(np.prod(shape)) == 1):
                raise DatasetError(f"has the shape {shape}, expected {expected}.")
        except DatasetError as error:
            self._checks.warn(name, f"{error} Templates are shown as if this file were absent.")
            return None
        return path

    def _compute(self) -> FloatArray | None:
        path = self._inverse_file or self._matrix_file
        if path is None:
            return None
        try:
            matrix = as_floats(load_array(path), path, np.float64).reshape(self._n_channels, self._n_channels)
            if path is self._matrix_file:
                matrix = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            self._checks.warn(path.name, "has no inverse. Templates are shown in whitened units.")
            return None
        except DatasetError as error:
            self._checks.warn(path.name, f"{error} Templates are shown in whitened units.")
            return None
        if not np.isfinite(matrix).all():
            self._checks.warn(path.name, "holds NaN or infinite values. Templates are shown in whitened units.")
            return None
        return None if np.array_equal(matrix, np.eye(self._n_channels)) else frozen(matrix)
