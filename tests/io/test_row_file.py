"""Scattered rows read from a file are those of its map."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import DatasetError
from phy_medicine.io import _kernels_rows
from phy_medicine.io.array_files import map_array, row_file


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, np.arange(1000 * 3 * 4, dtype=np.float32).reshape(1000, 3, 4))
    return path


def test_gathered_rows_are_those_of_the_map(path):
    rows = np.array([999, 0, 17, 17, 500])
    np.testing.assert_array_equal(row_file(path).gather(rows, map_array(path)), np.load(path)[rows])


def test_a_stretch_fills_the_given_array(path):
    out = np.empty((5, 3, 4), dtype=np.float32)
    assert row_file(path).stretch(100, out)
    np.testing.assert_array_equal(out, np.load(path)[100:105])


def test_a_file_that_became_shorter_is_said_in_a_sentence(path):
    mapped, file = map_array(path), row_file(path)
    with path.open("r+b") as opened:
        opened.truncate(1000)
    with pytest.raises(DatasetError, match="became shorter"):
        file.gather(np.array([900]), mapped)
    with pytest.raises(DatasetError, match="became shorter"):
        file.stretch(900, np.empty((5, 3, 4), dtype=np.float32))


def test_compiled_reading_gives_the_rows_of_the_map(path):
    _kernels_rows.kernels.load()
    mapped, data, file, rng = map_array(path), np.load(path), row_file(path), np.random.default_rng(5)
    for n in (0, 1, 300):
        rows = rng.integers(0, len(data), n)
        file.ask(rows)
        read = file.gather(rows, mapped)
        assert read.dtype == data.dtype
        np.testing.assert_array_equal(read, data[rows])
    with path.open("r+b") as opened:
        opened.truncate(10_000)
    with pytest.raises(DatasetError, match="became shorter"):
        file.gather(np.array([5, 900]), mapped)
