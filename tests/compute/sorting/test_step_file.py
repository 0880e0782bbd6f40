"""Data that are kept in a file, in steps."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from phy_medicine.compute.sorting import step_file
from phy_medicine.compute.sorting.step_file import STEP, StepFile


def data(seed=0, shape=(5, 300)):
    return np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)


def rounded(values):
    return (np.rint(values.astype(np.float64) / STEP) * STEP).astype(np.float32)


@pytest.mark.parametrize("block", [1, 700, 1 << 19])
def test_what_is_put_is_rounded_and_comes_again(block, monkeypatch, tmp_path):
    monkeypatch.setattr(step_file, "_BLOCK", block)
    kept = StepFile(1 << 20, tmp_path)
    arrays = {key: data(key, (5, 300 + key)) for key in range(3)}
    for key, array in arrays.items():
        given = array.copy()
        kept.put(key, given)
        np.testing.assert_array_equal(given, rounded(array))
    for key, array in arrays.items():
        again = kept.get(key)
        np.testing.assert_array_equal(again, rounded(array))
        again[:] = 0
        np.testing.assert_array_equal(kept.get(key), rounded(array))
    assert kept.get(7) is None
    assert not list(tmp_path.iterdir())  # nothing that an interrupted sort would leave


def test_values_too_large_for_16_bits_are_the_largest_there_are():
    kept, given = StepFile(1 << 20), np.array([[1e6, -1e6]], np.float32)
    kept.put("a", given)
    assert kept.get("a").tolist() == [[32767 * STEP, -32768 * STEP]]


def test_what_does_not_fit_is_rounded_and_not_kept():
    kept = StepFile(2 * 5 * 300)
    for key in range(2):
        given = data(key)
        kept.put(key, given)
        np.testing.assert_array_equal(given, rounded(data(key)))
    assert kept.get(0) is not None and kept.get(1) is None


def test_half_of_a_nearly_full_disk_stays_free(monkeypatch):
    usage = type("Usage", (), {"free": 2 * 2 * 5 * 300 + 100})
    monkeypatch.setattr(step_file.shutil, "disk_usage", lambda folder: usage)
    kept = StepFile(1 << 30)
    for key in range(2):
        kept.put(key, data(key))
    assert kept.get(0) is not None and kept.get(1) is None


class Full:
    """A file on a disk that is full after some bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, values):
        self.room -= values.nbytes
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(values)

    def __getattr__(self, name):
        return getattr(self.file, name)


def test_a_disk_that_is_full_is_no_error(monkeypatch):
    make = step_file.tempfile.TemporaryFile
    monkeypatch.setattr(step_file.tempfile, "TemporaryFile", lambda **how: Full(make(**how), 2 * 5 * 300 + 10))
    kept = StepFile(1 << 20)
    for key in range(3):
        given = data(key)
        kept.put(key, given)
        np.testing.assert_array_equal(given, rounded(data(key)))
    np.testing.assert_array_equal(kept.get(0), rounded(data(0)))
    assert kept.get(1) is None and kept.get(2) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    kept = StepFile(1 << 20, tmp_path / "file" / "folder")
    given = data()
    kept.put("a", given)
    np.testing.assert_array_equal(given, rounded(data()))
    assert kept.get("a") is None
