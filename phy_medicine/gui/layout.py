"""Arrangements of docks, read from a table of data and built: nested splits, tabs where room is short."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from phy_medicine.gui.qt import Qt, QtWidgets

Node = Mapping[str, Any]
_ORIENTATIONS = {"row": Qt.Horizontal, "column": Qt.Vertical}


DEFAULT = "curation"
RECORDING = "recording"
"""Of a raw recording alone."""


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(files("phy_medicine.data").joinpath("layouts.json").read_text("utf-8"))
    return table


def built_in_names() -> tuple[str, ...]:
    """Names of the layouts of the program, the default first."""
    return tuple(_table()["layouts"])


def built_in(name: str, width: int) -> Node:
    """Return an arrangement of the program for a window of this width.

    A node is `{"tabs": [panels]}`, with `"front"` where it is not the first, or `{"row": [nodes], "sizes": [...]}`, or
    the same with "column". A panel is a kind, `ProbeView`, a further one of it, `ProbeView (1)`, or one of the second
    time range, `ProbeView B`.
    """
    node: Node = _table()["layouts"][name]["wide" if width >= int(_table()["wide_from"]) else "narrow"]
    return node


def kinds_of(node: Node) -> Iterator[str]:
    """Give the panels of a layout, in order."""
    yield from node.get("tabs", ())
    for child in node.get("row", node.get("column", ())):
        yield from kinds_of(child)


def without(node: Node, known: Callable[[str], bool]) -> Node | None:
    """Return the layout without panels that do not exist; splits with one child collapse."""
    if "tabs" in node:
        tabs = [k for k in node["tabs"] if known(k)]
        front = {"front": node["front"]} if node.get("front") in tabs else {}
        return {"tabs": tabs, **front} if tabs else None
    way = "row" if "row" in node else "column"
    pairs = [(without(child, known), size) for child, size in zip(node[way], node["sizes"], strict=True)]
    kept = [(child, size) for child, size in pairs if child is not None]
    if len(kept) < 2:
        return kept[0][0] if kept else None
    return {way: [child for child, _ in kept], "sizes": [size for _, size in kept]}


def put_beside(window: QtWidgets.QMainWindow, dock: QtWidgets.QDockWidget, other: QtWidgets.QDockWidget) -> None:
    """Share the place of a dock, and of those behind its tabs, with another one, along its longer side."""
    way = Qt.Horizontal if dock.width() > dock.height() else Qt.Vertical
    # Qt would make one more tab of the other dock.
    behind = [(d, d.isHidden()) for d in window.tabifiedDockWidgets(dock)]
    for tab, _ in behind:
        window.removeDockWidget(tab)
    window.splitDockWidget(dock, other, way)
    for tab, hidden in behind:
        window.tabifyDockWidget(dock, tab)
        tab.setHidden(hidden)
    other.show()
    dock.show()
    dock.raise_()


class LayoutBuilder:
    """Puts docks into a main window that has no central widget."""

    def __init__(self, window: QtWidgets.QMainWindow, docks: Mapping[str, QtWidgets.QDockWidget]) -> None:
        self._window = window
        self._docks = docks

    def build(self, node: Node) -> None:
        """Place all docks of a layout."""
        self._window.addDockWidget(Qt.TopDockWidgetArea, self._first(node))
        self._split(node)

    def raise_fronts(self, node: Node) -> None:
        """Bring the tabs to the front that a layout names; call it once the docks are shown."""
        if "front" in node:
            self._docks[node["front"]].raise_()
        for child in node.get("row", node.get("column", ())):
            self.raise_fronts(child)

    def resize(self, node: Node, width: int, height: int) -> None:
        """Give the cells their shares of a size; call it once the window is shown."""
        way = next((w for w in _ORIENTATIONS if w in node), None)
        if way is None:
            return
        total = width if way == "row" else height
        shares = [int(total * s / sum(node["sizes"])) for s in node["sizes"]]
        self._window.resizeDocks([self._first(child) for child in node[way]], shares, _ORIENTATIONS[way])
        for child, share in zip(node[way], shares, strict=True):
            self.resize(child, *((share, height) if way == "row" else (width, share)))

    def _first(self, node: Node) -> QtWidgets.QDockWidget:
        return self._docks[next(kinds_of(node))]

    def _split(self, node: Node) -> None:
        """Cut the cell of the first dock: first into the children's cells, then each child by itself."""
        if "tabs" in node:
            first, *others = (self._docks[kind] for kind in node["tabs"])
            for dock in others:
                self._window.tabifyDockWidget(first, dock)
            first.raise_()
            return
        way = "row" if "row" in node else "column"
        children = node[way]
        for before, child in itertools.pairwise(children):
            self._window.splitDockWidget(self._first(before), self._first(child), _ORIENTATIONS[way])
        for child in children:
            self._split(child)
