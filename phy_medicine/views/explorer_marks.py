"""Marks of the methods that tell where a spike comes from: star, cross, square, x and circle, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.localize.settings import CENTRE, MONOPOLAR
from phy_medicine.views.contrast import LINE, legible
from phy_medicine.views.ink import Ink
from phy_medicine.views.layout import Box
from phy_medicine.views.scene import Scene
from phy_medicine.views.theme import RGBA, Theme, hex_rgba

PEAK = "peak channel"
ANCHOR, RAW, DENOISED = "anchor", "raw", "denoised"
_COLORS = {RAW: "#3b82f6", DENOISED: "#e5484d", MONOPOLAR: "#00b8d4", PEAK: "#2e9e3f", CENTRE: "#ff8c1a"}
_ESTIMATE = "#ff4fa3"
_NAMES = {CENTRE: "centre of mass"}
SIZE = 13.0
"""Of a mark, logical px."""
_N_CIRCLE = 28


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the legend: of a method, the anchor or a curve."""

    key: str
    text: str


def color_of(key: str, theme: Theme) -> RGBA:
    """Return the colour of a method, the anchor or a curve, as it is seen on the ground of a view."""
    if key == ANCHOR:
        return theme.rgba("text")
    red, green, blue, alpha = legible(np.array([hex_rgba(_COLORS.get(key, _ESTIMATE))]), theme.rgba("view"), LINE)[0]
    return float(red), float(green), float(blue), float(alpha)


def name_of(key: str) -> str:
    """Return what people call a method."""
    return _NAMES.get(key, key)


def draw_mark(ink: Ink, key: str, at: tuple[float, float], size: float, theme: Theme) -> None:
    """Add the mark of a method or of the anchor, with a seam that keeps it apart from what is behind; size : px."""
    color, seam = color_of(key, theme), theme.rgba("view", 0.8)
    for grown, shade in ((size + 3 * size / SIZE, seam), (size, color)):
        _draw(ink, key, at, grown, shade, thick=(0.36 if shade is seam else 0.2) * size)


def _draw(ink: Ink, key: str, at: tuple[float, float], size: float, color: RGBA, thick: float) -> None:
    x, y, half = *at, size / 2
    if key == PEAK:
        ink.rects([(x - 0.8 * half, y - 0.8 * half, x + 0.8 * half, y + 0.8 * half)], color)
    elif key == MONOPOLAR:
        ink.segments([(x - half, y, x + half, y), (x, y - half, x, y + half)], color, width=thick)
    elif key == CENTRE:
        reach = 0.75 * half
        ends = [(x - reach, y - reach, x + reach, y + reach), (x - reach, y + reach, x + reach, y - reach)]
        ink.segments(ends, color, width=thick)
    elif key == ANCHOR:
        draw_ring(ink, at, size, color, width=0.6 * thick)
    else:
        corners = star(at, 1.15 * size)
        middle = np.broadcast_to(np.array(at), corners.shape)
        ink.fans(np.stack([middle, corners, np.roll(corners, -1, axis=0)], 1), np.tile(color, (len(corners), 1)))


def draw_ring(ink: Ink, at: tuple[float, float], size: float, color: RGBA, *, width: float) -> None:
    """Add a circle; size : its diameter, px."""
    angles = np.linspace(0, 2 * np.pi, _N_CIRCLE + 1)
    points = np.array(at) + size / 2 * np.stack([np.cos(angles), np.sin(angles)], 1)
    ink.segments(np.hstack([points[:-1], points[1:]]), color, width=width)


def draw_diamond(ink: Ink, at: tuple[float, float], size: float, color: RGBA, rim: RGBA) -> None:
    """Add a diamond with a rim."""
    for half, shade in ((size / 2, rim), (size / 2 - 0.18 * size, color)):
        ink.polygon(np.array(at) + half * np.array([(0, -1), (1, 0), (0, 1), (-1, 0)]), shade)


def star(at: tuple[float, float], size: float) -> FloatArray:
    """Return the ten corners of a star with five points, (10, 2)."""
    angles = -np.pi / 2 + np.arange(10) * np.pi / 5
    reach = np.where(np.arange(10) % 2 == 0, size / 2, 0.42 * size / 2)[:, None]
    corners: FloatArray = np.array(at) + reach * np.stack([np.cos(angles), np.sin(angles)], 1)
    return corners


def legend_rows(scene: Scene, entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    """Return the entries in rows that fit a width, px."""
    rows: list[list[Entry]] = []
    left = 0.0
    for entry in entries:
        needed = entry_width(scene, entry)
        if not rows or left + needed > width:
            rows.append([])
            left = 0.0
        rows[-1].append(entry)
        left += needed
    return rows


def entry_width(scene: Scene, entry: Entry) -> float:
    """Return the width of an entry with the room after it, px."""
    return scene.over.text_width(entry.text) + (SIZE + 5 + 12) * scene.ratio


def row_height(scene: Scene) -> float:
    """Return the height of a row of the legend, px."""
    return max(scene.over.cap_height + 8 * scene.ratio, (SIZE + 4) * scene.ratio)


def draw_legend(scene: Scene, rows: list[list[Entry]], box: Box) -> None:
    """Add the rows of a legend from the top of a box."""
    ratio, ink, theme = scene.ratio, scene.over, scene.theme
    for k, row in enumerate(rows):
        x, y = box[0], box[1] + (k + 0.5) * row_height(scene)
        for entry in row:
            middle = (x + SIZE * ratio / 2, y)
            if entry.key in (RAW, DENOISED):
                end = (x, y, x + SIZE * ratio, y)
                ink.segments([end], color_of(entry.key, theme), width=2 * ratio)
            else:
                draw_mark(ink, entry.key, middle, 0.8 * SIZE * ratio, theme)
            ink.text(entry.text, x + (SIZE + 5) * ratio, y, anchor="lm", color=theme.rgba("text"))
            x += entry_width(scene, entry)
