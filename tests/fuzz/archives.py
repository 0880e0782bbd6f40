"""Readers of what is packed: `.npz` files, compressed recordings, MATLAB files, caches."""

from __future__ import annotations

import io
import json
import pickle
import zlib
from pathlib import Path

import mtscomp  # noqa: F401 - the reader imports it when it is needed
import numpy as np
from hypothesis import strategies as st

from phy_medicine.app.phy_compat.context import Context
from phy_medicine.app.sln_files import read_motion
from phy_medicine.base.code_files import read_code
from phy_medicine.base.errors import DatasetError
from phy_medicine.io.checks import CheckList
from phy_medicine.io.kwik_backup import read_backup
from phy_medicine.io.params_py import DatasetParams
from phy_medicine.io.probe_file import read_probe
from phy_medicine.io.simulate.truth import open_simulation
from phy_medicine.io.traces import open_traces
from tests.fuzz import shapes
from tests.fuzz.arrays import npy, npz
from tests.fuzz.target import Target, in_file, texts

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


def targets() -> tuple[Target, ...]:
    """Return the readers of what is packed."""
    return (
        Target(
            "motion_npz",
            "motion in an `.npz` file",
            lambda data, folder: read_motion(folder / "motion.npz"),
            in_file("motion.npz"),
            seeds=(_MOTION, npy(3)),
            words=_zip_words,
        ),
        Target(
            "backup",
            "backups of labels",
            lambda data, folder: read_backup(folder / "b.npz"),
            in_file("b.npz"),
            seeds=(_BACKUP, npy(3), npz(labels=1)),
            words=_zip_words,
        ),
        Target(
            "truth",
            "truth of a simulation",
            lambda data, folder: open_simulation(folder),
            in_file("ground_truth.npz"),
            lay=_lay_truth,
            seeds=(_TRUTH, npy(3), npz(a=1)),
            words=_zip_words,
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
        ),
        Target(
            "machine_code",
            "compiled kernels",
            lambda data, folder: read_code(folder / "x.code"),
            in_file("x.code"),
            seeds=(_CODE_LINE,),
            words=texts("kernels", "sha256", "[", "-1"),
        ),
    )
