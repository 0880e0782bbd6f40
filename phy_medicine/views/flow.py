"""Short texts with marks before them, one after the other in lines that fit a width: legends and lists of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.contrast import LINE, legible
from phy_medicine.views.scene import Scene
from phy_medicine.views.theme import RGBA

_DISC, _GAP, _APART, _LEADING = 9.0, 5.0, 12.0, 7.0
_RING = np.stack([np.cos(np.linspace(0, 2 * np.pi, 21)[:-1]), np.sin(np.linspace(0, 2 * np.pi, 21)[:-1])], axis=1)


@dataclass(frozen=True, slots=True)
class Item:
    """A text of a flow.

    colors : of the discs before it; hollow : each disc is a ring; strong : in the colour of text, not of labels
    """

    text: str
    colors: tuple[RGBA, ...] = ()
    hollow: tuple[bool, ...] = ()
    strong: bool = False


def rgba_of(color: FloatArray) -> RGBA:
    """Return a row of colours as a tuple."""
    red, green, blue, alpha = (float(value) for value in color)
    return red, green, blue, alpha


def lines_of(scene: Scene, items: Sequence[Item], width: float, most: int) -> list[list[Item]]:
    """Return the items in lines of at most some px; those that do not fit into so many lines are left out."""
    lines: list[list[Item]] = []
    left = 0.0
    for item in items:
        needed = _width(scene, item)
        if not lines or left + needed > width:
            if len(lines) == most or needed > width:
                break
            lines.append([])
            left = 0.0
        lines[-1].append(item)
        left += needed + _APART * scene.ratio
    return lines


def line_height(scene: Scene) -> float:
    """Return the distance of two lines, px."""
    return scene.over.cap_height + _LEADING * scene.ratio


def draw_flow(scene: Scene, lines: Sequence[Sequence[Item]], x: float, y: float) -> None:
    """Write lines from a corner, the left one at the top, px."""
    r, ink, theme = scene.ratio, scene.over, scene.theme
    for k, line in enumerate(lines):
        at, middle = x, y + k * line_height(scene) + ink.cap_height / 2
        for item in line:
            for color, hollow in zip(item.colors, item.hollow or [False] * len(item.colors), strict=True):
                draw_disc(scene, at + _DISC * r / 2, middle, color, hollow=hollow)
                at += (_DISC + _GAP) * r
            ink.text(item.text, at, middle, anchor="lm", color=theme.rgba("text" if item.strong else "dim"))
            at += ink.text_width(item.text) + _APART * r


def _width(scene: Scene, item: Item) -> float:
    return len(item.colors) * (_DISC + _GAP) * scene.ratio + scene.over.text_width(item.text)


def draw_disc(scene: Scene, x: float, y: float, color: RGBA, *, hollow: bool = False, size: float = _DISC) -> None:
    """Add a disc or a ring around a pixel; size : logical px."""
    ground = scene.theme.rgba("view")
    seen = rgba_of(legible(np.array([color]), ground, LINE)[0])
    radius = size * scene.ratio / 2
    scene.over.polygon(_RING * radius + (x, y), (*seen[:3], 1.0))
    if hollow:
        scene.over.polygon(_RING * (radius - 2 * scene.ratio) + (x, y), ground)
