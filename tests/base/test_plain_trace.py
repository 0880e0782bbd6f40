"""Tracebacks that can be given away: the place in the code stays, the data goes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.params import changed
from phy_medicine.base.plain_trace import place_of, plain_traceback, without_data
from phy_medicine.curation.filters import compile_filter
from phy_medicine.io.params_py import read_params


def _error(call, *args) -> BaseException:
    try:
        call(*args)
    except Exception as error:
        return error
    raise AssertionError("no error")


def test_words_of_a_message_that_are_not_of_code_are_left_out():
    known = {"cluster", "has", "group_name"}
    text = "The cluster 412 of mouse 'SECRET' has group_name in /data/anna/params.py: 3.25"
    assert without_data(text, known) == "The cluster # of … has group_name in … #.#"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("'NoneType' object has no attribute 'x_um'", "… object has no attribute 'x_um'"),
        ("index 5 is out of bounds for axis 0 with size 3", "index # is out of bounds for axis # with size #"),
        ("could not convert string to float: 'SECRET'", "could not convert string to float: …"),
        ("C:\\Users\\anna\\data", "…"),
        ("[Errno 28] No space left on device: '/data/a b/x.npy'", "[… #] No space left on device: …"),
        ("it's SECRET's", "…"),
        ("", ""),
    ],
)
def test_messages_of_python_and_numpy_stay_readable(text: str, plain: str):
    assert without_data(text, {"x_um"}) == plain


def test_code_is_named_by_package_and_other_files_are_not_named():
    assert place_of(str(Path(json.__file__))) == "python/json/__init__.py"
    assert place_of(read_params.__code__.co_filename) == "phy_medicine/io/params_py.py"
    assert place_of(np.linspace.__wrapped__.__code__.co_filename).startswith("numpy/")
    assert place_of("/home/anna/.phy/plugins/mine.py") == place_of("<ipython-input-1>") == ""


def test_a_fault_in_the_program_keeps_its_places_and_its_line_of_code():
    lines = plain_traceback(_error(changed, 3))
    assert lines[0].strip().startswith("code of a plugin or the console, line")
    assert any("phy_medicine/base/params.py" in line for line in lines)


@pytest.mark.parametrize("content", ["n_channels_dat = open('SECRETFILE')\n", "dat_path = [SECRETNAME\n"])
def test_nothing_of_a_broken_params_py_comes_through(tmp_path: Path, content: str):
    folder = tmp_path / "SECRETFOLDER"
    folder.mkdir()
    (folder / "params.py").write_text(content)
    error = _error(read_params, folder / "params.py")
    assert "SECRET" in f"{error}"
    text = "\n".join(plain_traceback(error))
    assert "SECRET" not in text
    assert "phy_medicine/io/params_py.py" in text


@pytest.mark.parametrize(
    "call",
    [
        lambda: int("SECRETVALUE"),
        lambda: {}["SECRET KEY"],
        lambda: np.dtype("SECRETTYPE"),
        lambda: Path("/SECRET/FOLDER").read_text(),
        lambda: json.loads('{"SECRET": SECRETVALUE}'),
        lambda: compile_filter("SECRETFIELD == 'SECRET VALUE' &&& 3", []),
    ],
)
def test_nothing_of_a_value_comes_through(call):
    text = "\n".join(plain_traceback(_error(call)))
    assert "SECRET" not in text
    assert text.startswith("  code of a plugin or the console, line")


def test_causes_come_first_and_deep_recursion_is_cut():
    def deep(n: int) -> None:
        if n == 0:
            raise KeyError("SECRET")
        deep(n - 1)

    try:
        try:
            deep(100)
        except KeyError as error:
            raise ValueError("SECRET") from error
    except ValueError as error:
        lines = plain_traceback(error)
    assert lines.index("KeyError: …") < lines.index("ValueError: …")
    assert lines[0].strip() == "(42 calls left out)"
