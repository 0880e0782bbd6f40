"""Exports appear whole or not at all, and replace nothing but earlier exports."""

from __future__ import annotations

import builtins
from pathlib import Path

import pytest

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.export.handover import as_column
from phy_medicine.io.export.output import MANIFEST, needed, new_file, new_folder, written


def _fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name)


def test_a_file_is_not_there_before_it_is_whole(tmp_path: Path):
    with new_file(tmp_path / "new" / "a.csv") as temporary:
        temporary.write_text("all")
        assert not (tmp_path / "new" / "a.csv").exists()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["a.csv"]


def test_after_an_error_nothing_is_left_and_the_old_file_is_as_it_was(tmp_path: Path):
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(RuntimeError), new_file(tmp_path / "a.csv", force=True) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    with pytest.raises(RuntimeError), new_folder(tmp_path / "folder") as folder:
        _fill(folder, "a", "sub/b")
        raise RuntimeError
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"] and (tmp_path / "a.csv").read_text() == "old"


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path):
    with pytest.raises(DatasetError, match="has no room for 1,000,000"), new_file(tmp_path / "a", n_bytes=10**15):
        raise AssertionError("never begun")
    with (
        pytest.raises(DatasetError, match=r"no space left on device\. Nothing was left"),
        new_folder(tmp_path / "b") as f,
    ):
        _fill(f, "a")
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", [new_file, new_folder])
def test_what_is_there_is_not_replaced_without_force(tmp_path: Path, writer):
    path = tmp_path / "a"
    if writer is new_file:
        path.write_text("mine")
    else:
        path.mkdir()
        _fill(path, "mine")
    with pytest.raises(DatasetError, match="--force"), writer(path):
        raise AssertionError("never begun")


def test_force_replaces_the_files_of_an_earlier_export_and_no_others(tmp_path: Path):
    with new_folder(tmp_path / "out") as folder:
        _fill(folder, "old", "sub/both")
    _fill(tmp_path / "out", "mine", "sub/mine")
    with new_folder(tmp_path / "out", force=True) as folder:
        _fill(folder, "new", "sub/both")
    found = sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert found == ["mine", "new", MANIFEST, "sub/both", "sub/mine"]
    assert [p.name for p in written(tmp_path / "out")] == ["new", "both"]


def test_a_list_of_files_never_leads_out_of_its_folder(tmp_path: Path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MANIFEST).write_text('{"files": ["../mine", "/etc/hostname"]}')
    with new_folder(tmp_path / "out", force=True) as folder:
        _fill(folder, "new")
    assert (tmp_path / "mine").read_text() == "mine"


def test_an_existing_empty_folder_is_filled(tmp_path: Path):
    (tmp_path / "out").mkdir()
    with new_folder(tmp_path / "out") as folder:
        _fill(folder, "a")
    assert [p.name for p in tmp_path.iterdir()] == ["out"] and (tmp_path / "out" / "a").exists()


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name.startswith("pynwb"):
            raise ModuleNotFoundError("No module named 'pynwb'", name="pynwb")
        return real(name, *rest, **more)

    monkeypatch.setattr("importlib.import_module", without)
    with pytest.raises(DatasetError, match=r'pynwb is not installed: pip install "phy-medicine\[nwb\]"\.'):
        needed("pynwb", "nwb")


@pytest.mark.parametrize(
    ("cells", "dtype", "expected"),
    [
        ([1, 2], "int64", "[1, 2]"),
        ([1, None, 2.5], "float64", "[1.0, nan, 2.5]"),
        ([True, False], "bool", "[True, False]"),
        (["good", None], "<U4", "['good', '']"),
        ([1, "x"], "<U1", "['1', 'x']"),
        ([None, None], "<U1", "['', '']"),
    ],
)
def test_a_column_has_one_kind_of_value(cells: list[object], dtype: str, expected: str):
    column = as_column(cells)
    assert column.dtype == dtype and str(column.tolist()) == expected
