"""Files of plugins: which are found, which classes they define, and what they see when they are run."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path

import pytest

from phy_medicine.app.plugin_files import find_files, read_file, run_file

OWN = dict(vars(builtins))


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_files_are_found_as_phy_finds_them(tmp_path):
    write(tmp_path, dict.fromkeys((
        "b.py", "a.py", "sub/c.py", "tests/d.py", "test_folder/e.py", "__init__.py", ".git/f.py", "__pycache__/g.py",
        "phy_config.py", "phycontrib_loader.py", "sub/notes.txt",
    ), ""))  # fmt: skip
    names = [str(path.relative_to(tmp_path)) for path in find_files([tmp_path])]
    assert names == ["a.py", "b.py", "sub/c.py"]


def test_links_are_followed_and_a_circle_of_links_ends(tmp_path):
    elsewhere = write(tmp_path / "elsewhere", {"far.py": ""})
    folder = write(tmp_path / "plugins", {"near.py": ""})
    (folder / "link").symlink_to(elsewhere, target_is_directory=True)
    (folder / "circle").symlink_to(folder, target_is_directory=True)
    assert [path.name for path in find_files([folder])] == ["near.py", "far.py"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert list(find_files([tmp_path / "nowhere"])) == []


def test_classes_are_read_without_running_the_file(tmp_path):
    write(
        tmp_path,
        {
            "many.py": '''
from phy import IPlugin as Base, connect
import phy
raise SystemExit("must not run")

class First(Base):
    """Does this.

    And that.
    """

try:
    class Second(phy.IPlugin):
        pass
except ImportError:
    class Helper:
        pass

class Third(First):
    """Does more."""

class Other(dict):
    pass
'''
        },
    )
    read = read_file(tmp_path / "many.py")
    assert dict(read.classes) == {"First": "Does this.", "Second": "", "Third": "Does more."}


def test_a_file_that_is_no_python_says_where(tmp_path):
    write(tmp_path, {"bad.py": "x = 1\nclass Broken(:\n"})
    read = read_file(tmp_path / "bad.py")
    assert dict(read.classes) == {}
    assert read.problem == f"{tmp_path / 'bad.py'}, line 2: invalid syntax."


def test_a_module_is_called_as_its_file_and_can_be_imported_by_another(tmp_path):
    write(
        tmp_path,
        {"phy_helper_x.py": "value = 5", "phy_user_x.py": "from phy_helper_x import value\ndouble = 2 * value"},
    )
    files = list(find_files([tmp_path]))
    try:
        module = run_file(tmp_path / "phy_user_x.py", OWN, files)
        assert (module.__name__, module.double) == ("phy_user_x", 10)
        assert sys.modules["phy_user_x"] is module
    finally:
        sys.modules.pop("phy_user_x", None)
        sys.modules.pop("phy_helper_x", None)


def test_annotations_of_a_file_are_what_it_says_not_text(tmp_path):
    write(tmp_path, {"phy_typed_x.py": "def f(x: int): ...\nfound = f.__annotations__"})
    try:
        assert run_file(tmp_path / "phy_typed_x.py", OWN).found == {"x": int}
    finally:
        sys.modules.pop("phy_typed_x", None)


def test_a_plugin_called_as_a_library_does_not_hide_it(tmp_path):
    import json

    write(tmp_path, {"json.py": "mine = True"})
    assert run_file(tmp_path / "json.py", OWN).mine is True
    assert sys.modules["json"] is json


def test_a_file_that_raises_leaves_no_module_behind(tmp_path):
    write(tmp_path, {"phy_raises_x.py": "import os\nraise ValueError('no')"})
    with pytest.raises(ValueError, match="no"):
        run_file(tmp_path / "phy_raises_x.py", OWN)
    assert "phy_raises_x" not in sys.modules


def test_the_import_of_a_missing_module_fails_as_always(tmp_path):
    write(tmp_path, {"phy_missing_x.py": "import surely_not_there_x"})
    with pytest.raises(ModuleNotFoundError, match="surely_not_there_x"):
        run_file(tmp_path / "phy_missing_x.py", OWN, [tmp_path / "other.py"])
