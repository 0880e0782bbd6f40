from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import DatasetError
from phy_medicine.io import _kernels_rows
from phy_medicine.io.checks import CheckList
from phy_medicine.io.params_py import read_params
from phy_medicine.io.traces import Traces, open_traces

RAW = np.arange(60, dtype=np.int16).reshape(20, 3) + 1
MAP = np.array([2, 0])


def opened(folder: Path, text: str, channel_map: np.ndarray = MAP) -> tuple[Traces | None, str, CheckList]:
    (folder / "params.py").write_text(f"sample_rate = 10.0\nn_channels_dat = 3\ndtype = 'int16'\n{text}")
    checks = CheckList()
    traces, missing = open_traces(read_params(folder), channel_map, checks)
    return traces, missing, checks


def test_a_flat_file_is_read_through_the_channel_map(tmp_path: Path):
    RAW.tofile(tmp_path / "x.dat")
    traces, missing, checks = opened(tmp_path, "dat_path = 'x.dat'\n")
    assert (traces.n_samples, traces.n_channels, traces.duration_s, traces.dtype) == (20, 2, 2.0, np.int16)
    assert traces.read(4, 7).tolist() == RAW[4:7][:, MAP].tolist()
    assert traces.read(4, 7, np.array([1])).tolist() == RAW[4:7][:, [0]].tolist()
    assert (traces.name, missing, checks.all()) == ("x.dat", "", ())


@pytest.mark.parametrize("name", ["x.dat", "x.bin", "x.raw", "x.mda", "x.ap", "x"])
def test_any_suffix_is_flat(tmp_path: Path, name: str):
    RAW.tofile(tmp_path / name)
    traces, _, _ = opened(tmp_path, f"dat_path = '{name}'\n")
    assert traces.read(0, 20).tolist() == RAW[:, MAP].tolist()


def test_header_bytes_are_skipped_in_every_file(tmp_path: Path):
    for name, rows in (("a.dat", RAW[:7]), ("b.dat", RAW[7:])):
        (tmp_path / name).write_bytes(b"header" + rows.tobytes())
    traces, _, _ = opened(tmp_path, "dat_path = ['a.dat', 'b.dat']\noffset = 6\n")
    assert traces.read(0, 20).tolist() == RAW[:, MAP].tolist()


def test_an_incomplete_last_row_is_left_out_with_a_warning(tmp_path: Path):
    (tmp_path / "x.dat").write_bytes(RAW.tobytes() + b"12")
    traces, _, checks = opened(tmp_path, "dat_path = 'x.dat'\n")
    assert traces.n_samples == 20
    assert ["no multiple" in check.message for check in checks.all()] == [True]


def test_npy_files_know_their_shape(tmp_path: Path):
    np.save(tmp_path / "x.npy", RAW.astype(np.float32))
    traces, _, _ = opened(tmp_path, "dat_path = 'x.npy'\nn_channels_dat = None\n")
    assert traces.dtype == np.float32
    assert traces.read(3, 5).tolist() == RAW[3:5][:, MAP].tolist()


def test_compressed_files_are_read(tmp_path: Path):
    mtscomp = pytest.importorskip("mtscomp")
    data = np.random.default_rng(0).integers(-99, 99, (2500, 3)).astype(np.int16)
    data.tofile(tmp_path / "x.bin")
    mtscomp.compress(
        tmp_path / "x.bin", tmp_path / "x.cbin", tmp_path / "x.ch", sample_rate=1000.0, n_channels=3, dtype=np.int16
    )
    traces, _, _ = opened(tmp_path, "dat_path = 'x.cbin'\n")
    assert traces.n_samples == 2500
    assert traces.read(990, 1010).tolist() == data[990:1010][:, MAP].tolist()
    windows = traces.read_many(np.array([2490, -5, 995]), 20)
    assert windows[2].tolist() == data[995:1015][:, MAP].tolist()
    assert windows[0, :10].tolist() == data[2490:][:, MAP].tolist()


def test_a_compressed_file_without_its_companion_is_a_sentence(tmp_path: Path):
    (tmp_path / "x.cbin").write_bytes(b"x")
    traces, missing, _ = opened(tmp_path, "dat_path = 'x.cbin'\n")
    assert traces is None
    assert "x.ch" in missing


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("dat_path = 'x.dat'\nn_channels_dat = None\n", "n_channels_dat"),
        ("dat_path = 'x.dat'\noffset = 1000\n", "no complete sample"),
        ("dat_path = 'gone.dat'\n", "gone.dat not found"),
        ("dat_path = ['x.dat', 'y.npy']\n", "y.npy differs"),
        ("", "names no recording"),
    ],
)
def test_why_there_are_no_traces_is_one_sentence(tmp_path: Path, text: str, word: str):
    RAW.tofile(tmp_path / "x.dat")
    np.save(tmp_path / "y.npy", RAW.astype(float))
    traces, missing, _ = opened(tmp_path, text)
    assert traces is None
    assert word in missing
    assert missing.startswith("No raw data: ")


def test_channel_minus_1_is_zero_and_others_are_refused(tmp_path: Path):
    RAW.tofile(tmp_path / "x.dat")
    traces, _, _ = opened(tmp_path, "dat_path = 'x.dat'\n")
    assert traces.read(0, 2, np.array([-1, 1])).tolist() == [[0, 1], [0, 4]]
    assert traces.read_many(np.array([0]), 2, np.array([1, -1])).tolist() == [[[1, 0], [4, 0]]]
    with pytest.raises(DatasetError, match="2 channels"):
        traces.read(0, 2, np.array([2]))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(-8, 30), st.integers(0, 12))
def test_any_stretch_of_any_files_is_that_of_the_whole(lengths: list[int], start: int, n: int):
    parts = [np.random.default_rng(i).integers(1, 99, (k, 3)).astype(np.int16) for i, k in enumerate(lengths)]
    whole = np.concatenate(parts)
    padded = np.concatenate([np.zeros((10, 3), np.int16), whole, np.zeros((60, 3), np.int16)])
    expected = padded[10 + start : 10 + start + n][:, MAP].tolist()
    traces = Traces(parts, MAP, 10.0)
    assert traces.read(start, start + n).tolist() == expected
    assert traces.read_many(np.array([3, start]), n)[1].tolist() == expected


def test_read_many_asks_for_every_file(tmp_path: Path):
    RAW[:9].tofile(tmp_path / "a.dat")
    RAW[9:].tofile(tmp_path / "b.dat")
    traces, _, _ = opened(tmp_path, "dat_path = ['a.dat', 'b.dat']\n")
    got = traces.read_many(np.array([-2, 7, 18, 50]), 4, np.array([1]))
    assert got[..., 0].tolist() == [[0, 0, 1, 4], [22, 25, 28, 31], [55, 58, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<u1", "<f4", "<f8", "<i4"])
def test_many_windows_are_the_same_compiled_and_one_by_one(tmp_path: Path, dtype: str, monkeypatch):
    rng = np.random.default_rng(3)
    data = rng.integers(0, 200, (400, 5)).astype(dtype)
    for name, rows in (("a.dat", data[:150]), ("b.dat", data[150:])):
        (tmp_path / name).write_bytes(b"head" + rows.tobytes())
    text = f"sample_rate = 10.0\nn_channels_dat = 5\ndtype = '{dtype}'\ndat_path = ['a.dat', 'b.dat']\noffset = 4\n"
    (tmp_path / "params.py").write_text(text)
    traces, _ = open_traces(read_params(tmp_path), np.array([4, 0, 2]), CheckList())
    assert traces is not None
    starts = np.r_[rng.integers(-30, 420, 60), 149, 150, 380, 0, -500]
    _kernels_rows.kernels.load()
    for channels in (None, np.array([2, -1, 0]), np.array([1])):
        fast = traces.read_many(starts, 20, channels)
        with monkeypatch.context() as patch:
            patch.setattr(_kernels_rows, "READ_WINDOWS", {})
            slow = traces.read_many(starts, 20, channels)
        assert fast.dtype == slow.dtype
        np.testing.assert_array_equal(fast, slow)
        one = np.array([traces.read(int(s), int(s) + 20, channels) for s in starts])
        np.testing.assert_array_equal(fast, one)
