"""Readers of arrays: `.npy` and `.npz` files, compressed recordings, caches, and datasets made of them."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import strategies as st

from phy_medicine.app.phy_compat.context import Context
from phy_medicine.app.sln_files import read_motion
from phy_medicine.base.code_files import read_code
from phy_medicine.base.errors import DatasetError
from phy_medicine.compute.motion.outputs import load_motion
from phy_medicine.io.array_files import as_floats, as_integers, column, load_array, map_array, read_header, row_file
from phy_medicine.io.checks import CheckList
from phy_medicine.io.events import read_events
from phy_medicine.io.kwik_backup import read_backup
from phy_medicine.io.params_py import DatasetParams
from phy_medicine.io.probe_file import read_probe
from phy_medicine.io.simulate.truth import open_simulation
from phy_medicine.io.spike_folder import read_folder
from phy_medicine.io.template_model import TemplateModel
from phy_medicine.io.traces import open_traces
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


_CH = {
    "version": "1.0",
    "algorithm": "zlib",
    "comp_level": -1,
    "do_time_diff": True,
    "do_spatial_diff": False,
    "dtype": "int16",
    "n_channels": 4,
    "n_samples": 3,
    "sample_rate": 30000.0,
    "chunk_bounds": [0, 3],
    "chunk_offsets": [0, 20],
    "sha1_compressed": "",
    "sha1_uncompressed": "",
    "chunk_order": "F",
}
_CBIN = zlib.compress(np.zeros((4, 3), np.int16).tobytes())


def _put_compressed(data: bytes, folder: Path) -> None:
    """The `.ch` up to the first NUL, then the `.cbin`."""
    facts, _, content = data.partition(b"\0")
    (folder / "x.ch").write_bytes(facts)
    (folder / "x.cbin").write_bytes(content)


def _compressed(data: bytes, folder: Path) -> None:
    params = DatasetParams(folder / "params.py", folder, (folder / "x.cbin",), 4, sample_rate=30_000.0)
    traces, why = open_traces(params, np.arange(4), CheckList())
    if traces is None:
        raise DatasetError(f"{why}")
    traces.read(0, min(traces.n_samples, 1000))


def _mat(data: bytes, folder: Path) -> None:
    found = read_probe(str(folder / "x.mat"), 8)
    assert np.isfinite(found.positions_um).all()


def _mat_seed() -> bytes:
    from scipy.io import savemat

    file = io.BytesIO()
    savemat(
        file,
        {
            "xcoords": [0.0, 16.0],
            "ycoords": [0.0, 20.0],
            "kcoords": [1, 1],
            "chanMap": [1, 2],
            "connected": [True, True],
        },
    )
    packed = io.BytesIO()
    savemat(packed, {"xcoords": [0.0, 16.0], "ycoords": [0.0, 20.0]}, do_compression=True)
    return file.getvalue(), packed.getvalue()


_CACHE = (
    pickle.dumps({"labels": "", "values": {(1,): np.arange(3)}}),
    pickle.dumps([1, "a", {"b": {2, 3}}]),
    b"cos\nsystem\n(S'true'\ntR.",
    b"\x80\x04r\xff\xff\xff\x7f.",
    pickle.dumps(np.float64(3)),
)


def _lay_truth(folder: Path) -> None:
    (folder / "params.py").write_text("dat_path = 'recording.dat'\nn_channels_dat = 4\nsample_rate = 30000.0\n")
    (folder / "recording.dat").write_bytes(bytes(80))
    for name, array in (
        ("channel_map", np.arange(4)),
        ("channel_positions", np.ones((4, 2))),
        ("channel_shanks", np.zeros(4)),
        ("spike_times", np.arange(3)),
    ):
        np.save(folder / f"{name}.npy", array)


_TRUTH = npz(
    gain_uv=1.0,
    spike_units=np.zeros(3, int),
    spike_amplitudes_uv=np.ones(3),
    unit_positions_um=np.ones((1, 3)),
    displacement=np.zeros((2, 2)),
    temporal_bins_s=np.arange(2.0),
    spatial_bins_um=np.arange(2.0),
)
_BACKUP = npz(labels=np.arange(4), fields=json.dumps({"group": {"1": "good"}}))
_MOTION = npz(motion=np.zeros((2, 2)), time_bins=np.arange(2.0), depth_bins=np.arange(2.0))


def _lay_motion(folder: Path) -> None:
    from phy_medicine.compute.motion.outputs import ARRAYS

    for file, array in zip(ARRAYS.values(), (np.zeros((2, 2)), np.arange(2.0), np.arange(2.0)), strict=False):
        np.save(folder / file, array)


def _put_motion(data: bytes, folder: Path) -> None:
    from phy_medicine.compute.motion.outputs import ARRAYS

    _lay_motion(folder)
    (folder / tuple(ARRAYS.values())[(data[0] if data else 0) % len(ARRAYS)]).write_bytes(data[1:])


def _cached(data: bytes, folder: Path) -> None:
    context = Context(folder)
    context.load("x")
    context.load_memcache("m")


def _put_cache(data: bytes, folder: Path) -> None:
    (folder / "x.pkl").write_bytes(data)
    (folder / "memcache" / "m.pkl").write_bytes(data)


_CODE_LINE = (
    json.dumps(
        {"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "kernels": [["a", "b", 0]]}
    ).encode()
    + b"\n"
)
_zip_words = texts(
    "PK\x03\x04", "PK\x01\x02", "PK\x05\x06", ".npy", "\x08\x00", "\x00\x00", "\xff\xff\xff\xff", "\x93NUMPY"
)


def _with_first_byte(n: int, inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.tuples(st.integers(0, n - 1), inner).map(lambda pair: bytes([pair[0]]) + pair[1])


def targets() -> tuple[Target, ...]:
    """Return the readers of arrays."""
    files = shapes.npy_files(_SHAPES)
    numbered = tuple(bytes([i % 5]) + seed for i, seed in enumerate((*map(npy, _FOLDER.values()), *SEEDS)))
    return (
        Target("npy", "`.npy` files", _array, in_file("a.npy"), seeds=SEEDS, words=WORDS, shapes=files, share=2),
        Target(
            "probe_npy",
            "probe files (`.npy`)",
            lambda data, folder: read_probe(str(folder / "p.npy"), 6),
            in_file("p.npy"),
            seeds=SEEDS,
            words=WORDS,
            shapes=files,
            share=0.5,
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
            share=0.5,
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
            share=0.5,
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
            share=0.3,
        ),
        Target(
            "motion_npz",
            "motion in an `.npz` file",
            lambda data, folder: read_motion(folder / "motion.npz"),
            in_file("motion.npz"),
            seeds=(_MOTION, npy(3)),
            words=_zip_words,
            share=0.3,
        ),
        Target(
            "backup",
            "backups of labels",
            lambda data, folder: read_backup(folder / "b.npz"),
            in_file("b.npz"),
            seeds=(_BACKUP, npy(3), npz(labels=1)),
            words=_zip_words,
            share=0.5,
        ),
        Target(
            "truth",
            "truth of a simulation",
            lambda data, folder: open_simulation(folder),
            in_file("ground_truth.npz"),
            lay=_lay_truth,
            seeds=(_TRUTH, npy(3), npz(a=1)),
            words=_zip_words,
            share=0.3,
        ),
        Target(
            "cbin",
            "compressed recordings",
            _compressed,
            _put_compressed,
            seeds=(json.dumps(_CH).encode() + b"\0" + _CBIN,),
            words=texts(*_CH, "\x00", "1e9", "-1", "[]"),
            shapes=st.tuples(shapes.json_like([_CH]), st.sampled_from((_CBIN, b"", _CBIN[:5]))).map(
                lambda pair: pair[0] + b"\0" + pair[1]
            ),
        ),
        Target(
            "mat",
            "probe files (MATLAB)",
            _mat,
            in_file("x.mat"),
            seeds=_mat_seed(),
            words=texts("xcoords", "MATLAB 5.0", "IM", "\x0e\x00\x00\x00", "\xff\xff\xff\x7f"),
            coverage=False,
            share=0.3,
        ),
        Target(
            "plugin_cache",
            "caches of plugins",
            _cached,
            _put_cache,
            lay=lambda folder: (folder / "memcache").mkdir(),
            seeds=_CACHE,
            words=(
                b"cnumpy\n_reconstruct\n",
                b"cos\nsystem\n",
                b"R",
                b"b",
                b"\x80\x04",
                b"\x94",
                b"(",
                b"t",
                b"}",
                b"]",
                b"r\xff\xff\xff\x7f",
                b"\x8d",
            ),
            allowed=frozenset({"pickle.find_class"}),
            share=0.5,
        ),
        Target(
            "machine_code",
            "compiled kernels",
            lambda data, folder: read_code(folder / "x.code"),
            in_file("x.code"),
            seeds=(_CODE_LINE,),
            words=texts("kernels", "sha256", "[", "-1"),
            share=0.3,
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
            share=0.5,
        ),
    )


_ = shutil
