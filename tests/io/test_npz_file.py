"""Files of several arrays, whatever is in them."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.npz_file import read_npz
from phy_medicine.io.toml_file import read_toml


def test_arrays_are_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(3), y=np.float64(2))
    assert {name: array.tolist() for name, array in read_npz(tmp_path / "a.npz").items()} == {"x": [0, 1, 2], "y": 2.0}
    assert list(read_npz(tmp_path / "a.npz", ["x"])) == ["x"]


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def damage(path):
    content = bytearray(path.read_bytes())
    content[60:80] = bytes(20)
    path.write_bytes(content)


def one_array(path):
    with path.open("wb") as file:
        np.save(file, np.arange(3))


def of_objects(path):
    np.savez(path, x=np.array([{}], dtype=object))


def of_text(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.npy", b"hello")


@pytest.mark.parametrize(
    "spoil", [cut, damage, one_array, of_objects, lambda path: path.write_bytes(b""), lambda path: path.unlink()]
)
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path, spoil):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.arange(1000))
    spoil(path)
    with pytest.raises(DatasetError, match=r"a\.npz.*\.$"):
        read_npz(path)


def test_a_member_that_is_no_array_is_given_as_none(tmp_path):
    of_text(tmp_path / "a.npz")
    with pytest.raises(DatasetError, match=r"a\.npz.*\.$"):
        read_npz(tmp_path / "a.npz", ["y"])


def test_brackets_without_end_are_no_toml(tmp_path):
    (tmp_path / "a.toml").write_text("x = " + "[" * 5000)
    with pytest.raises(ValueError, match="too deep"):
        read_toml(tmp_path / "a.toml")
