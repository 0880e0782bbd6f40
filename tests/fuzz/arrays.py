"""Readers of `.npy` files, and of datasets made of them."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import strategies as st

from phy_medicine.base.errors import DatasetError
from phy_medicine.compute.motion.outputs import load_motion
from phy_medicine.io.array_files import as_floats, as_integers, column, load_array, map_array, read_header, row_file
from phy_medicine.io.checks import CheckList
from phy_medicine.io.events import read_events
from phy_medicine.io.probe_file import read_probe
from phy_medicine.io.spike_folder import read_folder
from phy_medicine.io.template_model import TemplateModel
from tests.fuzz import shapes
from tests.fuzz.target import Target, in_file, texts
from tests.io import miniatures


def npy(array: object) -> bytes:
    """Return an array as the content of a file."""
    file = io.BytesIO()
    np.save(file, np.asarray(array), allow_pickle=True)
    return file.getvalue()


def npz(**arrays: object) -> bytes:
    """Return arrays as the content of a file."""
    file = io.BytesIO()
    np.savez_compressed(file, **{name: np.asarray(array) for name, array in arrays.items()})
    return file.getvalue()


WORDS = texts(
    "\x93NUMPY",
    "\x01\x00",
    "\x03\x00",
    "'descr'",
    "'<f8'",
    "'|O'",
    "'fortran_order'",
    "True",
    "'shape'",
    "(",
    ")",
    ",",
    "-1",
    str(10**15),
    str(2**63),
    "PK\x03\x04",
    "[('a', '<f4')]",
    "0",
    "\x00\x00",
)
SEEDS = (
    npy(np.arange(12.0).reshape(6, 2)),
    npy(np.arange(5, dtype=np.int32)),
    npy(np.asfortranarray(np.ones((3, 2), ">i2"))),
    npy(np.float32(3)),
    npy(np.array(["a", "b"])),
    npy(np.array([{}, None], dtype=object)),
    npz(a=np.arange(3)),
    npy(np.zeros((0, 3), np.uint8)),
    b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000, 384), }".ljust(128)
    + b"\n",
)
_SHAPES = ((), (0,), (1,), (5,), (6, 2), (2, 6), (3, 2, 4), (10**15,), (-1,), (2**63,), (0, 10**18), (1,) * 40)


def _array(data: bytes, folder: Path) -> None:
    path = folder / "a.npy"
    header = read_header(path)
    array = map_array(path)
    assert array.shape == header.shape and not array.flags.writeable
    if array.nbytes < 1 << 24:
        load_array(path)
    row_file(path)
    for use in (
        lambda: as_integers(array, path, np.int32),
        lambda: as_floats(array, path, np.float32),
        lambda: column(array, 5, path, "spike"),
    ):
        try:
            use()
        except DatasetError:
            continue


_FOLDER = {
    "spike_times.npy": np.arange(3),
    "spike_channels.npy": np.array([0, 1, 9]),
    "channel_locations.npy": np.ones((10, 2)),
    "waveforms_all.npy": np.zeros((3, 10, 61), np.float32),
    "fs.npy": np.array([30000.0]),
}


def _lay_spikes(folder: Path) -> None:
    for name, array in _FOLDER.items():
        np.save(folder / name, array)


_SPIKE_NAMES = tuple(_FOLDER)


def _put_spikes(data: bytes, folder: Path) -> None:
    """The first byte says which file the rest is; the others are good ones."""
    _lay_spikes(folder)
    (folder / _SPIKE_NAMES[(data[0] if data else 0) % len(_SPIKE_NAMES)]).write_bytes(data[1:])


def _event_arrays(data: bytes, folder: Path) -> None:
    for train in read_events(folder, 30_000.0, CheckList()).values():
        assert len(train.times_s) == len(train.ends_s)


def _put_events(data: bytes, folder: Path) -> None:
    names = ("events_x.npy", "TTL_1/sample_numbers.npy", "TTL_1/states.npy")
    np.save(folder / "TTL_1" / "sample_numbers.npy", np.arange(4))
    np.save(folder / "TTL_1" / "states.npy", np.array([1, -1, 1, -1]))
    (folder / names[(data[0] if data else 0) % 3]).write_bytes(data[1:])


@cache
def _dataset() -> dict[str, bytes]:
    """Content of each file of a small dataset."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        miniatures.plain(folder)
        (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tgood\n")
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.stat().st_size < 100_000}


def _lay_dataset(folder: Path) -> None:
    miniatures.plain(folder)
    (folder / "cluster_group.tsv").write_text("cluster_id\tgroup\n0\tgood\n")


def _put_dataset(data: bytes, folder: Path) -> None:
    """The first byte says which file of a good dataset the rest takes the place of; the one before is as it was."""
    names, contents = list(_dataset()), _dataset()
    mark = folder.parent / f"{folder.name}.replaced"
    before = mark.read_text() if mark.exists() else ""
    if before:
        (folder / before).write_bytes(contents[before])
    name = names[(data[0] if data else 0) % len(names)]
    (folder / name).write_bytes(data[1:])
    mark.write_text(name)


def _open_dataset(data: bytes, folder: Path) -> None:
    model = TemplateModel.open(folder / "params.py")
    assert len(model.spike_clusters) == model.n_spikes == len(model.spike_times) > 0
    for check in model.checks:
        assert str(check)
    model.template_peak_channels.max()
    model.template_amplitudes.max()
    if model.traces is not None:
        model.traces.read(0, 10)
    if model.features is not None:
        model.features.local_channels(0)


def _dataset_seeds() -> tuple[bytes, ...]:
    return tuple(bytes([i]) + content for i, content in enumerate(_dataset().values()))


def _lay_motion(folder: Path) -> None:
    from phy_medicine.compute.motion.outputs import ARRAYS

    for file, array in zip(ARRAYS.values(), (np.zeros((2, 2)), np.arange(2.0), np.arange(2.0)), strict=False):
        np.save(folder / file, array)


def _put_motion(data: bytes, folder: Path) -> None:
    from phy_medicine.compute.motion.outputs import ARRAYS

    _lay_motion(folder)
    (folder / tuple(ARRAYS.values())[(data[0] if data else 0) % len(ARRAYS)]).write_bytes(data[1:])


def _with_first_byte(n: int, inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.tuples(st.integers(0, n - 1), inner).map(lambda pair: bytes([pair[0]]) + pair[1])


def targets() -> tuple[Target, ...]:
    """Return the readers of arrays."""
    files = shapes.npy_files(_SHAPES)
    numbered = tuple(bytes([i % 5]) + seed for i, seed in enumerate((*map(npy, _FOLDER.values()), *SEEDS)))
    return (
        Target("npy", "`.npy` files", _array, in_file("a.npy"), seeds=SEEDS, words=WORDS, shapes=files),
        Target(
            "probe_npy",
            "probe files (`.npy`)",
            lambda data, folder: read_probe(str(folder / "p.npy"), 6),
            in_file("p.npy"),
            seeds=SEEDS,
            words=WORDS,
            shapes=files,
        ),
        Target(
            "probe_table",
            "probe files (CSV, TSV)",
            lambda data, folder: read_probe(str(folder / "p.csv"), 6),
            in_file("p.csv"),
            seeds=texts("x,y,shank,channel\n0,0,0,1\n16,0,0,0\n", "x,y\n1,2\n1,2\n"),
            words=texts("x", "y", "shank", "channel", ",", "\n", "1e999", "nan", '"'),
            shapes=shapes.tables(("x", "y", "shank", "channel"), ","),
        ),
        Target(
            "spike_folder",
            "folders of spikes",
            lambda data, folder: read_folder(folder),
            _put_spikes,
            seeds=numbered,
            words=WORDS,
            shapes=_with_first_byte(5, files),
        ),
        Target(
            "event_arrays",
            "event arrays",
            _event_arrays,
            _put_events,
            lay=lambda folder: (folder / "TTL_1").mkdir(),
            seeds=tuple(bytes([i % 3]) + seed for i, seed in enumerate(SEEDS * 3)),
            words=WORDS,
            shapes=_with_first_byte(3, files),
        ),
        Target(
            "motion",
            "motion in `.npy` files",
            lambda data, folder: load_motion(folder),
            _put_motion,
            lay=_lay_motion,
            seeds=tuple(bytes([i % 3]) + seed for i, seed in enumerate(SEEDS * 3)),
            words=WORDS,
            shapes=_with_first_byte(3, files),
        ),
        Target(
            "dataset",
            "one file of a whole dataset",
            _open_dataset,
            _put_dataset,
            lay=_lay_dataset,
            seeds=_dataset_seeds(),
            words=WORDS,
            shapes=_with_first_byte(len(_dataset()), files),
            coverage=False,
        ),
    )
