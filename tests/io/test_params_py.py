from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.params_py import DatasetParams, read_params


def read(folder: Path, text: str) -> DatasetParams:
    (folder / "params.py").write_text(textwrap.dedent(text), encoding="utf-8")
    return read_params(folder / "params.py")


def test_kilosort_params_are_read(tmp_path: Path):
    p = read(tmp_path, "dat_path = ['a.dat', 'b.dat']\nn_channels_dat = 385\ndtype = 'int16'\nsample_rate = 30000.\n")
    assert p.dat_paths == (tmp_path / "a.dat", tmp_path / "b.dat")
    assert (p.n_channels_dat, p.dtype, p.sample_rate, p.offset) == (385, np.dtype("int16"), 30000.0, 0)
    assert (p.n_closest_channels, p.show_mapped_channels, p.hp_filtered, p.checks) == (12, True, None, ())


@pytest.mark.parametrize("value", ["''", "[]", "None", "'None'", "['']", "()"])
def test_blank_dat_path_means_no_raw_data(tmp_path: Path, value: str):
    assert read(tmp_path, f"dat_path = {value}\nsample_rate = 1e4\n").dat_paths == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r'C:\\new data\\x.dat'", "C:\\new data\\x.dat"),
        ("Path('data') / 'x.dat'", "data/x.dat"),
        ("os.path.join('data', 'x.dat')", "data/x.dat"),
        ("'da' + 'ta/x.dat'", "data/x.dat"),
        ("folder + '/x.dat'", "data/x.dat"),
        ("str(Path('data', 'x.dat'))", "data/x.dat"),
    ],
)
def test_paths_made_of_constants_are_understood(tmp_path: Path, text: str, expected: str):
    p = read(tmp_path, f"import os\nfrom pathlib import Path\nfolder = 'data'\ndat_path = {text}\nsample_rate = 3e4\n")
    assert p.dat_paths == (tmp_path / expected,)


def test_names_are_lower_cased_and_unknown_ones_kept(tmp_path: Path):
    p = read(tmp_path, '"""Made by hand."""\nDAT_PATH = None\nSample_Rate: float = 30 * 1000\nProbe = {"n": (1, -2)}\n')
    assert p.sample_rate == 30000.0
    assert p.extra == {"probe": {"n": (1, -2)}}


def test_numpy_dtype_attribute_is_a_name(tmp_path: Path):
    assert read(tmp_path, "import numpy as np\ndtype = np.float32\nsample_rate = 1.0\n").dtype == np.float32


@pytest.mark.parametrize(
    "line",
    [
        "x = open('/etc/passwd').read()",
        "__import__('os').system('true')",
        "for i in range(3): pass",
        "x = [i for i in (1, 2)]",
        "x = 'a' * 10**9",
        "x = 9**9**9",
        "x = unknown",
        "x = 1 / 0",
        "a, b = 1, 2",
        "def f(): pass",
    ],
)
def test_code_is_never_run_and_its_line_is_named(tmp_path: Path, line: str):
    with pytest.raises(DatasetError, match=r"params\.py, line 2"):
        read(tmp_path, f"sample_rate = 1.0\n{line}\n")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("sample_rate = 'fast'", "sample_rate"),
        ("sample_rate = -3", "sample_rate"),
        ("sample_rate = 1e4\nn_channels_dat = 3.5", "n_channels_dat"),
        ("sample_rate = 1e4\ndtype = 'in16'", "dtype"),
        ("sample_rate = 1e4\ndtype = 'U3'", "dtype"),
        ("sample_rate = 1e4\ndat_path = 3", "dat_path"),
        ("sample_rate = 1e4\noffset = -1", "offset"),
        ("sample_rate = 1e4\ndir_path = 'nowhere'", "dir_path"),
        ("sample_rate = (", "line 1"),
    ],
)
def test_a_value_without_sense_is_named(tmp_path: Path, text: str, word: str):
    with pytest.raises(DatasetError, match=word):
        read(tmp_path, text)


def test_a_windows_path_in_plain_quotes_gets_a_hint(tmp_path: Path):
    with pytest.raises(DatasetError, match="r'"):
        read(tmp_path, "dat_path = 'C:\\Users\\x.dat'\n")


def test_missing_sample_rate_is_one_hertz_with_a_warning(tmp_path: Path):
    p = read(tmp_path, "dat_path = None\n")
    assert p.sample_rate == 1.0
    assert [check.severity for check in p.checks] == ["warning"]


@pytest.mark.parametrize("entry", ["/old/place/x.dat", "sub/x.dat", r"D:\data\x.dat"])
def test_a_raw_file_that_moved_is_found_beside_params(tmp_path: Path, entry: str):
    (tmp_path / "x.dat").touch()
    p = read(tmp_path, f"dat_path = r'{entry}'\nsample_rate = 1e4\n")
    assert p.dat_paths == (tmp_path / "x.dat",)
    assert [check.severity for check in p.checks] == ["note"]


def test_the_folder_may_be_given_and_a_missing_file_is_named(tmp_path: Path):
    read(tmp_path, "sample_rate = 1e4\n")
    assert read_params(tmp_path).path == tmp_path / "params.py"
    with pytest.raises(DatasetError, match=r"other\.py does not exist"):
        read_params(tmp_path / "other.py")
