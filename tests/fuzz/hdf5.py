"""Readers of HDF5: Kwik files, their companions, the store, MATLAB files of version 7.3."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.h5 import open_h5
from phy_medicine.io.kwik_model import KwikModel
from phy_medicine.io.probe_file import read_probe
from phy_medicine.io.store_runs import ROOT, Run, list_runs, read_arrays, write_run
from tests.fuzz import shapes
from tests.fuzz.target import Target, in_file, texts
from tests.io.kwik_miniatures import Form, write

_FORM = Form(groups=(0,), kwx="chunked", traces="")


@cache
def _files() -> dict[str, bytes]:
    """Content of a Kwik file and its companion."""
    with TemporaryDirectory() as place:
        write(Path(place), _FORM)
        return {path.name: path.read_bytes() for path in Path(place).iterdir()}


@cache
def _store() -> bytes:
    with TemporaryDirectory() as place:
        path = Path(place) / "store.kwik"
        with open_h5(path, "x") as file:
            run = Run("run1", "motion", "a", "2026", {"a": 1}, {"n": [1, 2]}, {"x": "y"}, "1", {"d": "um"})
            write_run(file, run, {"d": np.arange(6.0).reshape(2, 3), "t": np.arange(2)})
        return path.read_bytes()


@cache
def _matlab() -> bytes:
    with TemporaryDirectory() as place:
        path = Path(place) / "x.mat"
        with h5py.File(path, "w", userblock_size=512) as file:
            for name, values in {
                "xcoords": [0.0, 16.0],
                "ycoords": [0.0, 20.0],
                "chanMap": [1.0, 2.0],
                "connected": [1, 1],
            }.items():
                file[name] = np.array([values])
        content = bytearray(path.read_bytes())
        content[:128] = b"MATLAB 7.3 MAT-file".ljust(116) + bytes(8) + b"\x00\x02IM"
        return bytes(content)


def _lay_kwik(folder: Path) -> None:
    for name, content in _files().items():
        (folder / name).write_bytes(content)


def _use(folder: Path) -> None:
    model = KwikModel.open(folder / "rec.kwik")
    assert len(model.spike_clusters) == model.n_spikes == len(model.spike_times) > 0
    for check in model.checks:
        assert str(check)
    model.template_channels(0)
    if model.features is not None:
        model.features.strengths(np.arange(min(5, model.n_spikes)))


def _kwik(data: bytes, folder: Path) -> None:
    _use(folder)


def _put_changes(data: bytes, folder: Path) -> None:
    """Write a good Kwik file with attributes and data sets changed as the input says: a list of path, name, value."""
    _lay_kwik(folder)
    try:
        changes = json.loads(data)
        with h5py.File(folder / "rec.kwik", "r+") as file:
            for path, name, value in changes:
                _change(file, str(path), name, value)
    except Exception:
        return  # it stays as far as it was changed


def _change(file: h5py.File, path: str, name: Any, value: Any) -> None:
    try:
        if name is None and value is None:
            del file[path]
        elif name is None:
            if path in file:
                del file[path]
            file[path] = np.array(value)
        elif value is None:
            del file[path].attrs[name]
        else:
            file[path].attrs[name] = value
    except (KeyError, ValueError, TypeError, OSError, RuntimeError):
        return


_PATHS = (
    "/",
    "/recordings",
    "/recordings/0",
    "/channel_groups",
    "/channel_groups/0",
    "/channel_groups/0/channels",
    "/channel_groups/0/channels/5",
    "/channel_groups/0/spikes/time_samples",
    "/channel_groups/0/spikes/recording",
    "/channel_groups/0/spikes/clusters/main",
    "/channel_groups/0/spikes/clusters/original",
    "/channel_groups/0/clusters/main/2",
    "/channel_groups/0/clusters/main/2/user_data",
    "/channel_groups/0/cluster_groups/main/1",
    "/application_data/spikedetekt",
    "/event_types/x/events/time_samples",
    "/event_types/x/events/recording",
)
_ATTRIBUTES = (
    None,
    None,
    "kwik_version",
    "channel_order",
    "sample_rate",
    "n_channels",
    "nchannels",
    "n_features_per_channel",
    "dtype",
    "filter_low",
    "filter_butter_order",
    "extract_s_before",
    "extract_s_after",
    "waveform_filter",
    "position",
    "cluster_group",
    "name",
    "start_sample",
    "shank",
    "hdf5_path",
    "dat_path",
)
_array_values = st.one_of(
    shapes.scalars,
    st.lists(shapes.numbers, max_size=90),
    st.lists(st.integers(-2, 90), min_size=90, max_size=90),
    st.lists(st.lists(shapes.numbers, min_size=2, max_size=2), max_size=4),
    st.lists(shapes.words, max_size=4),
)
_changes = st.lists(
    st.tuples(st.sampled_from(_PATHS), st.sampled_from(_ATTRIBUTES), _array_values), min_size=1, max_size=4
).map(lambda found: json.dumps(found).encode())


def _put_kwx(data: bytes, folder: Path) -> None:
    (folder / "rec.kwx").write_bytes(data)


def _read_store(data: bytes, folder: Path) -> None:
    with open_h5(folder / "store.kwik") as file:
        for run in list_runs(file):
            assert isinstance(run.params, dict) and ROOT in run.path
            try:
                read_arrays(file, run)
            except DatasetError:
                continue


_WORDS = texts(
    "\x89HDF\r\n\x1a\n",
    "TREE",
    "SNOD",
    "HEAP",
    "OHDR",
    "GCOL",
    "FRHP",
    "BTHD",
    "\xff" * 8,
    "\x00" * 8,
    "\x08",
    "\x01\x00\x00\x00",
    "\x7f",
)


def targets() -> tuple[Target, ...]:
    """Return the readers of HDF5."""
    kwik, kwx = _files()["rec.kwik"], _files()["rec.kwx"]
    more: dict[str, Any] = {"coverage": False, "words": _WORDS}
    return (
        Target(
            "kwik",
            "`.kwik`, bytes changed",
            _kwik,
            in_file("rec.kwik"),
            lay=_lay_kwik,
            seeds=(kwik,),
            **more,
        ),
        Target(
            "kwik_content",
            "`.kwik`, content changed",
            _kwik,
            _put_changes,
            lay=_lay_kwik,
            shapes=_changes,
            coverage=False,
            seeds=(b'[["/", "kwik_version", 3]]', b'[["/application_data/spikedetekt", "sample_rate", 1e999]]'),
        ),
        Target("kwx", "`.kwx`", _kwik, _put_kwx, lay=_lay_kwik, seeds=(kwx,), **more),
        Target("store", "store of results", _read_store, in_file("store.kwik"), seeds=(_store(),), **more),
        Target(
            "mat73",
            "probe files (MATLAB 7.3)",
            lambda data, folder: read_probe(str(folder / "x.mat"), 8),
            in_file("x.mat"),
            seeds=(_matlab(),),
            **more,
        ),
    )
