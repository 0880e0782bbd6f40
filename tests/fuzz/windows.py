"""What a window reads: its state, layouts, shortcuts, and the line that is typed into."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from phy_medicine.base.configuration import Configuration
from tests.fuzz import shapes
from tests.fuzz.language import ACTIONS, LINE_WORDS, LINES
from tests.fuzz.notes import WORDS
from tests.fuzz.target import Target, in_file, texts

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_LAYOUT = {
    "format": "phy-medicine layout",
    "version": 1,
    "name": "mine",
    "arrangement": {
        "row": [
            {"tabs": ["ClusterView", "ProbeView (1)"], "front": "ProbeView (1)"},
            {"column": [{"tabs": ["WaveformView"]}, {"tabs": ["TraceView B"]}], "sizes": [1, 2.5]},
        ],
        "sizes": [300, 500],
    },
    "floating": {"RasterView": [0, 0, 300, 200]},
    "views": {"WaveformView": {"kind": "WaveformView", "settings": {"n_spikes": 100}}},
}
_SHORTCUTS = {
    "format": "phy-medicine shortcuts",
    "version": 1,
    "shortcuts": {"merge": ["Ctrl+M"], "TraceView.widen": ["Alt+W", "F5"], "x": []},
}
_STATE = {
    "version": 1,
    "values": {
        "theme": "light",
        "snippets": [":c 3"],
        "views": {"WaveformView": {"kind": "WaveformView", "settings": {"n_spikes": 5}}},
        "layouts": {"mine": _LAYOUT},
        "configured": {"theme": "light"},
        "tables": {"cluster": {"widths": {"id": 40}}},
    },
}


@cache
def _app() -> Any:
    from phy_medicine.gui.qt import QtWidgets

    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


def _layout(data: bytes, folder: Path) -> None:
    from phy_medicine.gui import layout, layout_file

    found = layout_file.read(folder / "layout.json")
    panels = [layout_file.PanelName.read(panel) for panel in found.panels]
    assert len({str(panel) for panel in panels}) <= len(panels)
    layout.without(found.arrangement, lambda panel: panel != "WaveformView")
    json.dumps(found.to_json())


def _shortcuts(data: bytes, folder: Path) -> None:
    from phy_medicine.gui.shortcuts import Shortcuts
    from phy_medicine.session.actions import ActionTable

    table = ActionTable(ACTIONS)
    shortcuts = Shortcuts(table)
    for action in list(table):
        table.add([shortcuts.worn(action)])
    shortcuts.take_over(folder / "shortcuts.json")
    json.dumps(shortcuts.to_state())


def _state(data: bytes, folder: Path) -> None:
    from phy_medicine.gui.state import WindowState

    state = WindowState(folder / "none.json", folder / "state.json", Configuration())
    for name in ("theme", "views", "layouts", "tables", "x"):
        state.get(name)
        assert isinstance(state.merged(name), dict) and isinstance(state.section("motion", state.get(name)), dict)
    state.set("x", 1)


@cache
def _line() -> Any:
    _app()
    from phy_medicine.gui.snippet_line import SnippetLine
    from phy_medicine.session.snippets import SnippetHistory

    return SnippetLine(ACTIONS, lambda line: False, SnippetHistory())


def _typed(data: bytes, folder: Path) -> None:
    line = _line()
    line.open(data.decode("utf-8", "replace"))
    line._edited(line.text())
    for step in (1, 1, -1):
        line._complete(step)
    line._enter()
    line.leave()


def targets() -> tuple[Target, ...]:
    """Return what a window reads."""
    return (
        Target(
            "layout",
            "layouts",
            _layout,
            in_file("layout.json"),
            seeds=(json.dumps(_LAYOUT).encode(), b"[" * 3000, b'{"row":' * 900),
            words=(*WORDS, *texts('"tabs"', '"row"', '"sizes"', '"floating"')),
            shapes=shapes.json_like([_LAYOUT]),
        ),
        Target(
            "shortcuts",
            "shortcuts",
            _shortcuts,
            in_file("shortcuts.json"),
            seeds=(json.dumps(_SHORTCUTS).encode(), b"[" * 3000),
            words=(*WORDS, *texts("Ctrl+", "Alt+F", "F5", "Shift+Tab")),
            shapes=shapes.json_like([_SHORTCUTS]),
        ),
        Target(
            "state",
            "`state.json`",
            _state,
            in_file("state.json"),
            seeds=(json.dumps(_STATE).encode(), b"[" * 3000),
            words=WORDS,
            shapes=shapes.json_like([_STATE]),
        ),
        Target(
            "typed",
            "command line, as typed",
            _typed,
            seeds=LINES,
            words=LINE_WORDS,
            shapes=shapes.lines_of([w.decode() for w in LINE_WORDS], glue=("", " ")),
            coverage=False,
        ),
    )
