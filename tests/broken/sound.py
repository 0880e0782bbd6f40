"""The sound datasets that are damaged, and the means to damage them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.lib import format as npy_format

from tests.io import kwik_miniatures, miniatures

N = miniatures.N_SPIKES
KWIK = "rec.kwik"
GROUPS = "cluster_id\tgroup\n0\tgood\n1\tmua\n2\tnoise\n"


def template(folder: Path) -> Path:
    """Write a dataset of phy's, 200 spikes of 5 clusters on 8 channels, and return its params.py."""
    path = miniatures.plain(folder)
    (folder / "cluster_group.tsv").write_text(GROUPS)
    return path


def kwik(folder: Path) -> Path:
    """Write a Kwik dataset, 90 spikes of 5 clusters on 4 channels, and return its .kwik file."""
    return kwik_miniatures.write(folder, kwik_miniatures.Form())


def params(folder: Path, lines: str) -> None:
    """Add lines to params.py; the last assignment of a name counts."""
    with (folder / "params.py").open("a") as file:
        file.write(lines + "\n")


def save(folder: Path, name: str, array: Any) -> None:
    """Write an array in the place of a file."""
    np.save(folder / name, np.asarray(array))


def load(folder: Path, name: str) -> Any:
    """Read an array of the sound dataset."""
    return np.load(folder / name)


def header(folder: Path, name: str, shape: tuple[int, ...], dtype: str = "<i8", n_bytes: int = 800) -> None:
    """Write an `.npy` file whose header claims a shape, with so many bytes after it; more of them take no space."""
    with (folder / name).open("wb") as file:
        npy_format.write_array_header_2_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
        file.truncate(file.tell() + n_bytes)


def cut(folder: Path, name: str, share: float) -> None:
    """Keep the beginning of a file."""
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(len(content) * share)])


def beside(folder: Path, name: str, content: str = "") -> Path:
    """Write a file of the outer folder, which nothing of the dataset may touch."""
    path = folder.parent / name
    path.write_text(content)
    return path


def in_place(folder: Path, name: str) -> Path:
    """Take a file away and return its path."""
    (folder / name).unlink(missing_ok=True)
    return folder / name


def fifo(folder: Path, name: str) -> None:
    """Put a pipe that nobody writes to in the place of a file: who opens it waits for ever."""
    os.mkfifo(in_place(folder, name))


def link_loop(folder: Path, name: str) -> None:
    """Put a link that leads to itself in the place of a file."""
    in_place(folder, name).symlink_to(folder / name)


@contextmanager
def h5(folder: Path, name: str = KWIK) -> Iterator[h5py.File]:
    """Open an HDF5 file of the dataset to change it."""
    with h5py.File(folder / name, "r+") as file:
        yield file


def replace_data(folder: Path, path: str, data: Any, name: str = KWIK) -> None:
    """Put other data in the place of a data set."""
    with h5(folder, name) as file:
        del file[path]
        file[path] = data


def set_attribute(folder: Path, path: str, key: str, value: Any, name: str = KWIK) -> None:
    """Put another value in the place of an attribute; None takes it away."""
    with h5(folder, name) as file:
        if key in file[path].attrs:
            del file[path].attrs[key]
        if value is not None:
            file[path].attrs[key] = value
