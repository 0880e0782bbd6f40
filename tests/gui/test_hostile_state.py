"""A window opens whatever its state says: that lies beside the dataset, and may be anybody's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phy_medicine.base.paths import OwnFiles, user_dir
from phy_medicine.gui.state import StateFile
from phy_medicine.gui.state_shapes import SHAPES

WRONG = [None, -1e300, "\ud800", [[1]], [["a", 1]], {"a": 1}, {"a": {"kind": [], "settings": 3}}, [None, {"name": 3}]]


def write(path: Path, values: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 1, "values": values}))
    return path


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_a_window_opens_with_one_wrong_value_everywhere(session, open_window, few_views, value):
    write(OwnFiles(session.model.dir_path).state, dict.fromkeys(SHAPES, value))
    window = open_window(session, size=None, scripted=False)
    assert window.isVisible()


def test_what_fits_is_kept_beside_what_does_not(tmp_path):
    values = {"snippets": [":c 3"], "selection": [[1], ["x"]], "views": {"A": {"kind": 3}}, "of a plugin": {"x": [1]}}
    path = write(tmp_path / "state.json", values)
    assert StateFile(path).values == {"snippets": [":c 3"], "of a plugin": {"x": [1]}}


def test_what_a_window_writes_fits(session, open_window, usual_views):
    window = open_window(session, scripted=False)
    window.session.next()
    window.close()
    for path in (user_dir() / "state.json", OwnFiles(session.model.dir_path).state):
        assert StateFile(path).values == json.loads(path.read_text())["values"] != {}
