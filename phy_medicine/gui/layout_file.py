"""Layouts as readable JSON: which panels, where they are as a tree of splits and tabs, what the views are set to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.layout import Node, kinds_of
from phy_medicine.io.plain_file import read_json
from phy_medicine.session.time_ranges import A, B

FORMAT, VERSION = "phy-medicine layout", 1
_DEEPEST = 20

Rect = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """One arrangement of a window.

    arrangement : tree of splits, whose leaves name panels, see `PanelName`
    floating : panel -> x, y, width, height on the screen; views : panel -> what the view remembers
    """

    name: str
    arrangement: Node
    floating: Mapping[str, Rect] = field(default_factory=dict)
    views: Mapping[str, Any] = field(default_factory=dict)

    @property
    def panels(self) -> tuple[str, ...]:
        """Names of all panels."""
        return (*kinds_of(self.arrangement), *self.floating)

    def to_json(self) -> dict[str, Any]:
        """Return the content of a file."""
        return {
            "format": FORMAT, "version": VERSION, "name": self.name, "arrangement": self.arrangement,
            "floating": {panel: list(rect) for panel, rect in self.floating.items()}, "views": dict(self.views),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class PanelName:
    """What a layout calls a panel: `ProbeView`, the second one `ProbeView (1)`, of the second range `ProbeView B`.

    kind : of view, or name of a table; number : the how manieth of kind and range it is, from 0
    """

    kind: str
    which: str = A
    number: int = 0

    @classmethod
    def read(cls, text: str) -> PanelName:
        """Return the parts of a name; one that has none is a kind."""
        name, _, rest = text.partition(" (")
        numbered = rest.endswith(")") and rest[:-1].isdecimal()
        name, number = (name, int(rest[:-1])) if numbered else (text, 0)
        kind = name.removesuffix(f" {B.upper()}")
        return cls(kind, A if kind == name else B, number)

    def __str__(self) -> str:
        of_range = "" if self.which == A else f" {self.which.upper()}"
        return f"{self.kind}{of_range} ({self.number})" if self.number else f"{self.kind}{of_range}"


def from_json(content: Any) -> Layout:
    """Read the content of a file.

    Raises
    ------
    ActionError : it is no layout; the sentence says what is wrong
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT or content.get("version") != VERSION:
        raise ActionError(f"It is no layout of phy-medicine (version {VERSION}).")
    _check(content.get("arrangement"))
    floating, views = content.get("floating", {}), content.get("views", {})
    if not isinstance(views, dict) or not all(isinstance(state, dict) for state in views.values()):
        raise ActionError("The settings of the views are not a table by panel.")
    layout = Layout(str(content.get("name", "")), content["arrangement"], _floating(floating), views)
    twice = [panel for i, panel in enumerate(layout.panels) if panel in layout.panels[:i]]
    if twice:
        raise ActionError(f"{twice[0]} is named twice.")
    return layout


def _check(node: Any, depth: int = 0) -> None:
    """Raise ActionError unless this is a tree of splits and tabs."""
    ways = [way for way in ("tabs", "row", "column") if isinstance(node, dict) and way in node]
    if len(ways) != 1 or not isinstance(node[ways[0]], list) or not node[ways[0]] or depth > _DEEPEST:
        raise ActionError("A part of the arrangement is neither tabs, nor a row, nor a column.")
    children = node[ways[0]]
    if ways == ["tabs"]:
        if not all(isinstance(panel, str) and panel for panel in children):
            raise ActionError("Tabs must be names of panels.")
        return
    sizes = node.get("sizes")
    if not isinstance(sizes, list) or len(sizes) != len(children) or not all(map(_is_size, sizes)):
        raise ActionError("A row or column needs one positive size for each of its parts.")
    for child in children:
        _check(child, depth + 1)


def _is_size(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6


def _floating(content: Any) -> dict[str, Rect]:
    if not isinstance(content, dict):
        raise ActionError("The floating panels are not a table.")
    rects: dict[str, Rect] = {}
    for panel, rect in content.items():
        if not isinstance(rect, list) or len(rect) != 4 or not all(isinstance(v, int) and abs(v) < 1e5 for v in rect):
            raise ActionError(f"The place of {panel} is not x, y, width, height.")
        rects[str(panel)] = (rect[0], rect[1], rect[2], rect[3])
    return rects


def read(path: Path) -> Layout:
    """Read a layout from a file.

    Raises
    ------
    ActionError : the file cannot be read, or is no layout
    """
    try:
        layout = from_json(read_json(path))
    except OSError as error:
        raise ActionError(f"Could not read {path}: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise ActionError(f"{path.name} is not a JSON file; nothing was changed.") from None
    except ActionError as error:
        raise ActionError(f"{path.name} cannot be used: {error} Nothing was changed.") from None
    return layout if layout.name else Layout(path.stem, layout.arrangement, layout.floating, layout.views)


def write(layout: Layout, path: Path) -> None:
    """Write a layout to a file.

    Raises
    ------
    ActionError : it cannot be written
    """
    try:
        path.write_text(json.dumps(layout.to_json(), indent=1) + "\n", "utf-8")
    except OSError as error:
        raise ActionError(f"Could not write the layout to {path}: {error.strerror}.") from None


@dataclass(frozen=True, slots=True)
class Cell:
    """Panels in one place; front : the one that is in sight, rect : x, y, width, height."""

    tabs: tuple[str, ...]
    front: str
    rect: Rect


def tree_of(cells: list[Cell]) -> Node:
    """Return the splits that put cells where they are; cells must be what cuts from edge to edge leave."""
    if len(cells) == 1:
        front = {"front": cells[0].front} if cells[0].front != cells[0].tabs[0] else {}
        return {"tabs": list(cells[0].tabs), **front}
    for way, axis in (("row", 0), ("column", 1)):
        parts = list(_cut(cells, axis))
        if len(parts) > 1:
            sizes = [_extent(part, axis) for part in parts]
            return {way: [tree_of(part) for part in parts], "sizes": sizes}
    # No cut goes through, which a window of docks cannot be; nothing is lost if they stand in a row.
    return {"row": [tree_of([cell]) for cell in cells], "sizes": [1] * len(cells)}


def _cut(cells: list[Cell], axis: int) -> Iterator[list[Cell]]:
    """Give the cells in groups that a straight line keeps apart."""
    part: list[Cell] = []
    end = 0
    for cell in sorted(cells, key=lambda c: c.rect[axis]):
        start, stop = cell.rect[axis], cell.rect[axis] + cell.rect[axis + 2]
        if part and start >= end:
            yield part
            part = []
        end = max(end, stop) if part else stop
        part.append(cell)
    yield part


def _extent(cells: list[Cell], axis: int) -> int:
    return max(c.rect[axis] + c.rect[axis + 2] for c in cells) - min(c.rect[axis] for c in cells)
