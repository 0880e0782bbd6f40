"""HDF5 files: values and attributes come back, and everything wrong is one sentence."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.h5 import number_of, open_h5, plain, text_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with open_h5(tmp_path / "a.h5", "x") as file:
        file.write("/g/ten/values", np.arange(5, dtype=np.int32))
        file.make_group("/g/9")
        file.make_group("/g/10")
    return tmp_path / "a.h5"


def test_values_and_children_come_back(path: Path):
    with open_h5(path) as file:
        assert file.read("g/ten/values").tolist() == [0, 1, 2, 3, 4]
        assert file.read("/g/ten/values", slice(1, 3)).tolist() == [1, 2]
        assert file.read_rows("g/ten/values", np.array([4, 0, 1, 4])).tolist() == [4, 0, 1, 4]
        assert file.children("/g") == ("9", "10", "ten")
        assert file.exists("g/9") and not file.exists("g/8") and not file.is_dataset("g/9")


def test_a_dataset_of_the_same_shape_is_written_in_place(path: Path):
    with open_h5(path, "r+") as file:
        before = file.layout("g/ten/values").offset
        file.write("g/ten/values", np.arange(5, dtype=np.int32)[::-1])
        assert file.layout("g/ten/values").offset == before is not None
        file.write("g/ten/values", np.arange(7.0))
        assert file.read("g/ten/values").dtype == np.float64


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Good", "Good"),
        ("µm", "µm"),
        ("", ""),
        (["a", "bc"], ("a", "bc")),
        (True, 1),
        (3, 3),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
    ],
)
def test_attributes_come_back_as_written(path: Path, value: object, expected: object):
    with open_h5(path, "r+") as file:
        file.write_attr("/g/new", "x", value)
        assert file.read_attr("/g/new", "x") == expected


def test_text_is_stored_as_bytes_of_shape_1(path: Path):
    with open_h5(path, "r+") as file:
        file.write_attr("/", "name", "Unsorted")
    with h5py.File(path) as file:
        assert file.attrs["name"].shape == (1,) and file.attrs["name"].dtype == "S8"


@pytest.mark.parametrize(
    "raw",
    [
        "good",
        np.bytes_(b"good\0\0"),
        np.array([b"good\0"]),
        np.array(["good"], dtype=h5py.string_dtype()),
        np.array(b"good"),
    ],
)
def test_text_is_read_however_it_is_stored(path: Path, raw: object):
    with h5py.File(path, "r+") as file:
        file.attrs["x"] = raw
    with open_h5(path) as file:
        assert file.read_attr("/", "x") == "good"


def test_numbers_and_texts_are_taken_from_odd_values():
    assert number_of(np.array([3])) == 3
    assert number_of("2") == 2
    assert number_of("good") is None
    assert number_of(np.array([1, 2])) is None
    assert text_of(("a", "b")) == "a"
    assert plain(np.array([1, 2])).tolist() == [1, 2]


def test_an_absent_attribute_gives_the_default_or_a_sentence(path: Path):
    with open_h5(path) as file:
        assert file.read_attr("/g", "x", None) is None
        assert file.read_attr("/no/where", "x", 1) == 1
        with pytest.raises(DatasetError, match="no readable attribute x at /g"):
            file.read_attr("/g", "x")


def test_what_cannot_be_opened_is_one_sentence(path: Path, tmp_path: Path):
    whole = path.read_bytes()
    for n_bytes in (1, 7, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.h5").write_bytes(whole[:n_bytes])
        with pytest.raises(DatasetError, match=r"cut\.h5 (is|cannot)"):
            open_h5(tmp_path / "cut.h5")
    (tmp_path / "text.h5").write_text("cluster_id\tgroup\n" * 100)
    with pytest.raises(DatasetError, match="is no HDF5 file"):
        open_h5(tmp_path / "text.h5")
    with pytest.raises(DatasetError, match="does not exist"):
        open_h5(tmp_path / "none.h5", "r+")
    with pytest.raises(DatasetError, match="cannot be created"):
        open_h5(path, "x")


def test_damage_inside_is_one_sentence(path: Path):
    with open_h5(path, "r+") as file:
        file.write("/noise", np.zeros(1000), chunks=True)
    content = bytearray(path.read_bytes())
    with open_h5(path) as file, pytest.raises(DatasetError, match=r"could not be written"):
        file.write("/more", np.ones(2))
    for at in range(96, len(content), 61):
        broken = bytearray(content)
        broken[at : at + 40] = b"\xff" * len(broken[at : at + 40])
        path.write_bytes(broken)
        try:
            with open_h5(path) as file:
                for name in file.children("/g"):
                    file.attrs(f"/g/{name}")
                file.read("/g/ten/values")
                file.read("/noise")
        except DatasetError as error:
            assert str(error).endswith(".")
