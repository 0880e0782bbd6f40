"""Finding and opening the `.npy` files of a dataset, read-only and checked by their headers."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.io.durable import reason
from phy_medicine.io.memory import check_memory
from phy_medicine.io.plain_file import open_plain
from phy_medicine.io.row_file import RowFile


@dataclass(frozen=True, slots=True)
class NpyHeader:
    """What the first bytes of an `.npy` file say."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    offset: int


class DatasetFolder:
    """The files of one dataset folder, listed once; `overlay` says which are read from elsewhere."""

    def __init__(self, path: Path, overlay: Mapping[str, Path] | None = None) -> None:
        self.path = path
        self._overlay = dict(overlay or {})
        try:
            names = {entry.name for entry in os.scandir(path) if not entry.name.startswith(".")}
        except OSError as error:
            raise DatasetError(f"{path} cannot be listed ({error.strerror}); check the path and the rights.") from None
        self._names = sorted(names | set(self._overlay))

    def find(self, *patterns: str) -> Path | None:
        """Return the first file that matches, in the order of the patterns, then of the names."""
        for pattern in patterns:
            names = self.matching(pattern)
            if names:
                return self.where(names[0])
        return None

    def matching(self, pattern: str) -> list[str]:
        """Return all file names that match a shell pattern, sorted, the plain name before labelled ones."""
        if pattern in self._names:
            return [pattern]
        return [name for name in self._names if fnmatchcase(name, pattern)]

    def where(self, name: str) -> Path:
        """Return the path a name is read from."""
        staged = self._overlay.get(name)
        return staged if staged is not None and staged.exists() else self.path / name


def read_header(path: Path) -> NpyHeader:
    """Read and check the header of an `.npy` file.

    Raises
    ------
    DatasetError : no npy file, holds Python objects, or shorter than its header says
    """
    try:
        with open_plain(path) as file:
            version = npy_format.read_magic(file)
            read = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
            shape, fortran_order, dtype = read(file)
            offset = file.tell()
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise DatasetError(f"{path.name} cannot be read ({reason(error)}); check the file and its rights.") from None
    except Exception:  # a header that is made to harm has errors of the tokenizer, the parser and the memory
        raise DatasetError(f"{path.name} is not a valid .npy file; export it again.") from None
    if min(shape, default=0) < 0:
        raise DatasetError(f"{path.name} has the impossible shape {shape}; export it again.")
    if dtype.hasobject:
        raise DatasetError(
            f"{path.name} holds Python objects instead of numbers, which is never loaded; export it again."
        )
    expected = offset + math.prod(shape) * dtype.itemsize
    if size < expected:
        raise DatasetError(
            f"{path.name} is cut short: {size:,} bytes instead of {expected:,}; copy or export the file again."
        )
    return NpyHeader(shape, dtype, fortran_order, offset)


def map_array(path: Path) -> AnyArray:
    """Map an `.npy` file into memory, read-only, without reading it.

    Raises
    ------
    DatasetError : see `read_header`
    """
    header = read_header(path)
    order: Any = "F" if header.fortran_order else "C"
    try:
        if math.prod(header.shape) == 0:
            return frozen(np.zeros(header.shape, dtype=header.dtype))
        mapped = np.memmap(path, header.dtype, "r", header.offset, header.shape, order)
    except OSError as error:
        raise DatasetError(f"{path.name} cannot be opened ({reason(error)}); check the file and its rights.") from None
    except ValueError:  # more than 64 axes, or nothing times more than there is
        raise DatasetError(f"{path.name} has a shape that no array can have; export it again.") from None
    return np.asarray(mapped)  # a plain array: indexing a memmap object costs microseconds each time


def row_file(path: Path) -> RowFile | None:
    """Return the reader of scattered rows of an `.npy` file; None when its rows are not contiguous."""
    header = read_header(path)
    if header.fortran_order or len(header.shape) < 2:
        return None
    return RowFile(path, header.offset, math.prod(header.shape[1:]) * header.dtype.itemsize)


def load_array(path: Path) -> AnyArray:
    """Read a small `.npy` file into memory; the array is writable and our own.

    Raises
    ------
    DatasetError : see `read_header`, or it does not fit into the memory
    """
    mapped = map_array(path)
    check_memory(path.name, mapped.nbytes)
    return np.array(mapped)


def column(array: AnyArray, n: int | None, path: Path, what: str) -> AnyArray:
    """Return a vector: `(n,)` as is, `(n, 1)` and `(1, n)` flattened without a copy.

    Raises
    ------
    DatasetError : any other shape, or another length than `n`
    """
    if array.ndim > 1 and array.size != max(array.shape, default=0):
        raise DatasetError(
            f"{path.name} has the shape {array.shape}, expected one value for each {what}, ({_number(n)},); export it "
            "again."
        )
    vector = array.reshape(-1)
    if n is not None and len(vector) != n:
        raise DatasetError(
            f"{path.name} has {len(vector):,} values, expected {n:,}: one for each {what}; export it again."
        )
    return vector


def as_integers(array: AnyArray, path: Path, dtype: Any) -> IntArray:
    """Return an index array in the wanted integer dtype, without a copy where the bytes already fit.

    Any integer dtype is accepted, and floats that hold whole numbers. Values must fit into `dtype`.

    Raises
    ------
    DatasetError : text, fractions, NaN, or numbers beyond `dtype`
    """
    wanted = np.dtype(dtype)
    if array.dtype == wanted:
        return array
    if array.dtype.kind not in "iufb":
        raise DatasetError(f"{path.name} holds {array.dtype} values, expected whole numbers; export it again.")
    if array.dtype.kind == "f" and not (np.isfinite(array).all() and (array == np.floor(array)).all()):
        raise DatasetError(f"{path.name} holds fractions or NaN, expected whole numbers; export it again.")
    if array.size and not np.can_cast(array.dtype, wanted):
        limits = np.iinfo(wanted)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            raise DatasetError(
                f"{path.name} holds numbers beyond {limits.max:,}, which cannot be right; export it again."
            )
    same_bytes = array.dtype.kind == "u" and array.dtype.itemsize == wanted.itemsize and array.dtype.isnative
    return array.view(wanted) if same_bytes else array.astype(wanted)


def as_floats(array: AnyArray, path: Path, dtype: Any) -> FloatArray:
    """Return a number array in the wanted float dtype, without a copy where possible.

    Raises
    ------
    DatasetError : the file holds no numbers
    """
    if array.dtype.kind not in "iufb":
        raise DatasetError(f"{path.name} holds {array.dtype} values, expected numbers; export it again.")
    with np.errstate(over="ignore"):  # what the wanted type cannot hold becomes infinite
        return array.astype(dtype, copy=False)


def without_nan(array: FloatArray) -> tuple[FloatArray, int]:
    """Return the array with NaN and infinite values replaced by 0, and how many there were; no copy when none."""
    finite = np.isfinite(array)
    n_bad = array.size - int(np.count_nonzero(finite))
    return (array, 0) if n_bad == 0 else (np.where(finite, array, array.dtype.type(0)), n_bad)


def _number(n: int | None) -> str:
    return "n" if n is None else str(n)
