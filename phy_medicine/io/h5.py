"""HDF5 files as paths, arrays and attributes; whatever is wrong with one is said in one sentence."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import h5py
import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray
from phy_medicine.io.durable import reason, reserve
from phy_medicine.io.memory import check_memory
from phy_medicine.io.plain_file import kind_of

Mode = Literal["r", "r+", "w", "x"]
_MISSING: Any = object()
# What h5py raises for damaged, foreign or missing content.
_DISK_SAID = re.compile(r"error message = '([^']+)'")
_FAILURES = (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeError, MemoryError, OverflowError)
_LARGEST_RATIO = 1100  # compression gives at most 1,032 bytes for one
_ALWAYS_READ = 64 << 20  # bytes; a data set that was never written is read as its fill value


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the values of a dataset lie; `offset` is its first byte in the file, None unless they are contiguous."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int | None


class H5File:
    """An open HDF5 file; paths are `/`-separated names from its root. Use it in a `with` statement.

    Every method raises DatasetError, naming the file and the path, when the file cannot give or take what is asked.
    """

    def __init__(self, path: Path, mode: Mode = "r") -> None:
        self.path = Path(path)
        self._mode = mode
        kind = kind_of(self.path) if mode in ("r", "r+") else "a file"
        if kind == "nothing":
            raise DatasetError(f"{self.path} does not exist; check the path.")
        if kind != "a file":
            raise DatasetError(f"{self.path} is {kind}, where a file must be; check the path.")
        try:
            # Network drives without locks must not keep a file from being read.
            self._file = h5py.File(self.path, mode, locking="best-effort")
        except (OSError, ValueError) as error:
            raise DatasetError(_cannot_open(self.path, mode, error)) from None
        try:
            self._refuse_links_out()
        except DatasetError:
            self._file.close()
            raise

    def __enter__(self) -> H5File:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            with contextlib.suppress(DatasetError):  # the first failure is the one to tell
                self.close()

    def close(self) -> None:
        """Write what is not on the disk yet, and close."""
        with self._said("", "closed"):
            self._file.close()

    def exists(self, path: str) -> bool:
        """Return whether there is a group or a dataset at a path; a damaged one does not count."""
        try:
            return path in ("", "/") or (path in self._file and self._file[path] is not None)
        except _FAILURES:
            return False

    def is_dataset(self, path: str) -> bool:
        """Return whether there is a dataset at a path."""
        return self.exists(path) and isinstance(self._file[path], h5py.Dataset)

    def children(self, path: str = "/") -> tuple[str, ...]:
        """Return the names in a group, whole numbers first by value, then the others by name; none without a group."""
        if not self.exists(path):
            return ()
        with self._said(path):
            node = self._file[path]
            names = list(node) if isinstance(node, h5py.Group) else []
        return tuple(sorted(names, key=lambda name: (0, int(name), "") if name.isdecimal() else (1, 0, name)))

    def _refuse_links_out(self) -> None:
        """A link to another file could be read, waited for, and written through."""
        with self._said(""):
            found = self._file.id.links.visit(_leads_out, info=True)
        if found is not None:
            raise DatasetError(
                f"{self.path} has a link to another file at /{found.decode('utf-8', 'replace')}, which is never "
                "followed; copy what it links to into the file."
            )

    def layout(self, path: str) -> Layout:
        """Return shape, dtype and place of a dataset."""
        with self._said(path):
            data = self._dataset(path)
            offset = data.id.get_offset() if data.chunks is None else None
            return Layout(tuple(data.shape), data.dtype, offset)

    def read(self, path: str, rows: slice | None = None) -> AnyArray:
        """Return a dataset, or some of its rows, as an array of its own."""
        with self._said(path):
            data = self._dataset(path)
            if rows is None:
                self._check_size(data, path, data.size * data.dtype.itemsize)
            return np.asarray(data[() if rows is None else rows])

    def mapped(self, path: str) -> AnyArray | None:
        """Return a dataset mapped into memory, read-only; None where its values are not contiguous in the file."""
        layout = self.layout(path)
        if layout.offset is None:
            return None
        with self._said(path):
            return np.asarray(np.memmap(self.path, layout.dtype, "r", layout.offset, layout.shape))

    def read_rows(self, path: str, rows: AnyArray) -> AnyArray:
        """Return scattered rows of a dataset in the order asked for; rows : (n,) int, inside the dataset."""
        with self._said(path):
            data = self._dataset(path)
            distinct, place = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)
            self._check_size(
                data, path, len(distinct) * int(np.prod(data.shape[1:], dtype=object)) * data.dtype.itemsize
            )
            out = np.empty((len(distinct), *data.shape[1:]), dtype=data.dtype)
            # Runs of neighbours: h5py takes a list of rows one by one, 30 times slower than a slice.
            breaks = np.flatnonzero(np.diff(distinct) > 1) + 1
            for run in np.split(np.arange(len(distinct)), breaks):
                if len(run):
                    out[run[0] : run[-1] + 1] = data[int(distinct[run[0]]) : int(distinct[run[-1]]) + 1]
            return out[place]

    def write(self, path: str, array: AnyArray, *, chunks: bool = False) -> None:
        """Write a dataset; one of the same shape and dtype is overwritten in place, any other is replaced.

        Groups on the way are made. `chunks` lets h5py choose chunks and compresses them; without, the values are
        contiguous, so that they can be mapped.
        """
        array = np.asarray(array)
        with self._said(path, "written"):
            if path in self._file:
                old = self._file[path]
                if isinstance(old, h5py.Dataset):
                    self._dataset(path)
                if isinstance(old, h5py.Dataset) and old.shape == array.shape and old.dtype == array.dtype:
                    old[...] = array
                    return
                del self._file[path]
            options = {"chunks": True, "compression": "gzip", "compression_opts": 1} if chunks and array.size else {}
            self._file.create_dataset(path, data=array, **options)

    def create(self, path: str, shape: tuple[int, ...], dtype: Any) -> None:
        """Make an empty contiguous dataset, to be filled with `write_rows`."""
        with self._said(path, "written"):
            self._file.create_dataset(path, shape=shape, dtype=dtype)

    def write_rows(self, path: str, start: int, rows: AnyArray) -> None:
        """Write consecutive rows of a dataset from `start` on."""
        with self._said(path, "written"):
            self._dataset(path)[start : start + len(rows)] = rows

    def make_group(self, path: str) -> None:
        """Make a group and those on the way to it; nothing happens when it is there."""
        with self._said(path, "written"):
            self._clear_way(path)
            self._file.require_group(path)

    def flush(self) -> None:
        """Hand everything to the system; `io.durable.sync_file` then waits for the disk."""
        with self._said("", "written"):
            self._file.flush()

    def delete(self, path: str) -> None:
        """Remove a group or dataset; the file keeps its size."""
        with self._said(path, "deleted"):
            del self._file[path]

    def move(self, path: str, new_path: str) -> None:
        """Give a group or dataset another path."""
        with self._said(path, "moved"):
            self._file.move(path, new_path)

    def copy(self, path: str, new_path: str, into: H5File | None = None) -> None:
        """Copy a group or dataset with everything in it, here or into another file."""
        with self._said(path, "copied"):
            self._file.copy(path, self._file if into is None else into._file, new_path)

    def attrs(self, path: str) -> dict[str, Any]:
        """Return all attributes of a group or dataset, as `read_attr` gives them; unreadable ones are left out."""
        out: dict[str, Any] = {}
        try:
            node = self._file[path or "/"]
        except _FAILURES:
            return out
        with self._said(path):
            for name in sorted(node.attrs):
                with contextlib.suppress(*_FAILURES):
                    out[name] = plain(node.attrs[name])
        return out

    def read_attr(self, path: str, name: str, default: Any = _MISSING) -> Any:
        """Return an attribute; `default`, where given, for one that is absent or damaged.

        Returns
        -------
        str for text however it is stored, tuple of str for a list of texts, a Python number for a scalar, else an array
        """
        try:
            return plain(self._file[path or "/"].attrs[name])
        except _FAILURES:
            if default is not _MISSING:
                return default
            raise DatasetError(f"{self.path.name} has no readable attribute {name} at {path or '/'}.") from None

    def write_attr(self, path: str, name: str, value: Any) -> None:
        """Write an attribute as Kwik files hold them; groups on the way are made.

        value : text (stored as bytes of shape (1,)), a list of texts, a bool (as integer), a number, or an array
        """
        with self._said(path, "written"):
            if not self.exists(path):
                self.make_group(path)
            node = self._file[path or "/"]
            node.attrs[name] = stored(value)

    def delete_attr(self, path: str, name: str) -> None:
        """Remove an attribute; nothing happens when there is none."""
        with self._said(path, "written"):
            node = self._file[path or "/"]
            if name in node.attrs:
                del node.attrs[name]

    def _clear_way(self, path: str) -> None:
        """Remove links on the way to a path that lead nowhere: nothing could be put there."""
        names = path.strip("/").split("/")
        for n in range(1, len(names) + 1):
            place = "/".join(names[:n])
            if isinstance(self._file.get(place, getlink=True), h5py.SoftLink) and place not in self._file:
                del self._file[place]

    def _dataset(self, path: str) -> Any:
        node = self._file[path]
        if not isinstance(node, h5py.Dataset):
            raise KeyError(path)
        if node.external is not None or node.is_virtual:
            raise DatasetError(
                f"{path} in {self.path.name} lies in another file, which is never followed; copy it into this one."
            )
        return node

    def _check_size(self, data: Any, path: str, n_bytes: int) -> None:
        """Refuse what a file of this size cannot hold, or the memory of this machine."""
        where = f"{path} in {self.path.name}"
        if n_bytes > _ALWAYS_READ + _LARGEST_RATIO * data.id.get_storage_size():
            raise DatasetError(f"{where} claims {n_bytes / 1e9:,.0f} GB, which it does not hold; the file is damaged.")
        check_memory(where, n_bytes)

    @contextlib.contextmanager
    def _said(self, path: str, doing: str = "read") -> Iterator[None]:
        """Turn what h5py raises into one sentence."""
        where = f"{path or '/'} in {self.path.name}"
        try:
            yield
        except DatasetError:
            raise
        except KeyError:
            raise DatasetError(f"There is no {where}; the file is damaged or of another kind.") from None
        except _FAILURES as error:
            if doing == "read":
                sentence = f"{where} cannot be read; the file is damaged ({_short(error)})."
            else:
                sentence = f"{where} could not be {doing} ({_short(error)}); check the space and the rights."
            raise DatasetError(sentence) from None


def open_h5(path: Path, mode: Mode = "r") -> H5File:
    """Open an HDF5 file: "r" reads, "r+" changes, "w" makes a new one over any old, "x" makes a new one.

    Raises
    ------
    DatasetError : missing, not HDF5, cut short, in use by another program, or not writable
    """
    return H5File(Path(path), mode)


def new_h5(path: Path, n_bytes: int) -> H5File:
    """Make an HDF5 file and open it for changes, once the disk has given the space it will need.

    Raises
    ------
    DatasetError : the file exists or cannot be written, or there is no space; then there is no file either
    """
    open_h5(path, "x").close()
    try:
        reserve(path, path.stat().st_size + n_bytes)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise DatasetError(f"{path} cannot be written: {reason(error)}; choose another place, or free space.") from None
    return open_h5(path, "r+")


def plain(value: Any) -> Any:
    """Return an attribute's value without HDF5's many ways of saying the same: see `H5File.read_attr`."""
    if isinstance(value, bytes | np.bytes_):
        return bytes(value).rstrip(b"\0").decode("utf-8", "replace")
    if isinstance(value, str):
        return str(value).rstrip("\0")
    if isinstance(value, np.ndarray) and value.dtype.kind in "SUO":
        texts = tuple(str(plain(item)) for item in value.reshape(-1))
        return texts[0] if len(texts) == 1 else texts
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    if isinstance(value, h5py.Empty):
        return "" if value.dtype.kind in "SUO" else np.zeros(0, value.dtype)
    return value


def stored(value: Any) -> Any:
    """Return what h5py is to store for a value; the inverse of `plain`."""
    if isinstance(value, bool | np.bool_):
        return np.int64(value)
    if isinstance(value, str):
        return np.array([value.encode()])
    if isinstance(value, Sequence) and value and all(isinstance(item, str) for item in value):
        return np.array([item.encode() for item in value])
    array = np.asarray(value)
    if array.dtype.kind == "U":
        return np.char.encode(array, "utf-8")
    return array.astype(np.int64) if array.dtype.kind == "b" else value


def text_of(value: Any) -> str:
    """Return a plain value as text; of a list its first item."""
    if isinstance(value, tuple):
        return str(value[0]) if value else ""
    return str(number_of(value)) if isinstance(value, np.ndarray) else str(value)


def number_of(value: Any) -> int | float | None:
    """Return a plain value as one number: a scalar, an array with one element, or text of a number; None if it is none.

    A whole float is returned as it is.
    """
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0].item() if value.size == 1 else None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) else None


def _leads_out(name: bytes, link: Any) -> bytes | None:
    """The name of a link that is no link inside of the file."""
    return None if link.type in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT) else name


def _cannot_open(path: Path, mode: Mode, error: Exception) -> str:
    text = str(error)
    if mode in ("w", "x"):
        return f"{path} cannot be created ({_short(error)}); check the folder, its rights and the space."
    if "truncated" in text:
        return f"{path} is cut short: it is a damaged or incompletely copied HDF5 file; copy it again."
    if "signature" in text or "superblock" in text:
        return f"{path} is no HDF5 file; check what it is, or copy it again."
    if "lock" in text:
        return f"{path} is open in another program; close that and try again."
    if not os.access(path, os.R_OK if mode == "r" else os.W_OK):
        return f"{path} cannot be {'read' if mode == 'r' else 'written'}; check its rights."
    return f"{path} cannot be opened as HDF5 ({_short(error)})."


def _short(error: Exception) -> str:
    """What went wrong in a few words; h5py's messages have the useful part in brackets, or what the disk said in it."""
    text = reason(error) if isinstance(error, OSError) and error.strerror else str(error)
    said = _DISK_SAID.search(text)
    if said:
        return said[1][:1].lower() + said[1][1:]
    return text.partition("(")[2].rpartition(")")[0] or text or type(error).__name__
