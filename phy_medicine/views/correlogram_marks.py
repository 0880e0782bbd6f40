"""Marks on correlograms: what chance would give, the refractory period, and how many intervals are below it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.correlogram_block import CorrelogramBlock
from phy_medicine.views.scene import Scene

_LINE_ALPHA, _SHADOW_ALPHA = 0.75, 0.5
# In smaller cells lines would hide the bars, logical px.
_LINED_CELL = (56, 28)
# Part of the height of a cell that its bars leave free for a note when there are few cells.
NOTE_HEADROOM = 1.3
MOST_NOTED = 5


def has_room(scene: Scene) -> bool:
    """Whether the cells are large enough for lines."""
    rects = scene.panels.rects
    return not ((rects[:, 2:] - rects[:, :2]).min(axis=0) < np.array(_LINED_CELL) * scene.ratio).any()


def draw_chance(scene: Scene, block: CorrelogramBlock, lines: FloatArray) -> None:
    """Draw what independent clusters would give; lines : (n_cells, n_bins) heights."""
    left, top, right, bottom = (edge[:, None] for edge in scene.panels.rects.astype(np.float64).T)
    a, b, c, d = (value[:, None] for value in scene.panels.transforms().T)
    edges = block.edges
    if not lines.size:
        return
    if np.allclose(lines, lines[:, :1]):
        edges, lines = edges[[0, -1]], lines[:, :1]
    x = np.clip(edges * a + c, left, right)
    y = np.round(lines * b + d)
    shown = (top <= y) & (y < bottom - scene.ratio) & (x[:, 1:] > x[:, :-1])
    _shaded_lines(scene, np.stack([x[:, :-1], y, x[:, 1:], y], axis=-1)[shown], (0, 1))


def draw_refractory(scene: Scene, block: CorrelogramBlock, refractory_ms: float) -> None:
    """Draw the refractory period on both sides of lag 0, on a logarithmic axis once."""
    left, top, right, bottom = scene.panels.rects.astype(np.float64).T
    a, _, c, _ = scene.panels.transforms().T
    places = (math.log10(refractory_ms),) if block.logarithmic else (-refractory_ms, refractory_ms)
    for place in places:
        x = np.round(place * a + c)
        shown = (left <= x) & (x < right)
        _shaded_lines(scene, np.stack([x, top, x, bottom], axis=1)[shown], (1, 0))


def draw_notes(scene: Scene, notes: Sequence[str]) -> None:
    """Write a note at the top right of each cell of the diagonal, above its bars, where all of them fit."""
    n, r, ink = len(notes), scene.ratio, scene.over
    rects = scene.panels.rects[:: n + 1].astype(np.float64)
    free = (rects[:, 3] - rects[:, 1]).min() * (1 - 1 / NOTE_HEADROOM)
    widest = max((ink.text_width(note) for note in notes), default=0.0)
    if free < ink.cap_height + 8 * r or (rects[:, 2] - rects[:, 0]).min() < widest + 12 * r:
        return
    for note, (_, top, right, _) in zip(notes, rects, strict=True):
        if note:
            box = (right - widest - 9 * r, top, right, top + ink.cap_height + 8 * r)
            ink.rects([box], scene.theme.rgba("view", 0.8))
            ink.text(note, right - 5 * r, top + 4 * r + ink.cap_height / 2, anchor="rm", color=scene.theme.rgba("dim"))


def draw_empty(scene: Scene, block: CorrelogramBlock) -> None:
    """Say in each cell without a pair that there is none, where all of them have room for it."""
    text, ink, r = "no pairs", scene.over, scene.ratio
    rects = scene.panels.rects[~block.counts.reshape(len(scene.panels), -1).any(axis=1)].astype(np.float64)
    if not len(rects) or (rects[:, 2] - rects[:, 0]).min() < ink.text_width(text) + 12 * r:
        return
    for left, top, right, bottom in rects:
        x, y, half = (left + right) / 2, (top + bottom) / 2, ink.text_width(text) / 2 + 4 * r
        ink.rects([(x - half, y - ink.cap_height, x + half, y + ink.cap_height)], scene.theme.rgba("view", 0.8))
        ink.text(text, x, y, anchor="cm", color=scene.theme.rgba("dim"))


def _shaded_lines(scene: Scene, lines: FloatArray, across: tuple[int, int]) -> None:
    """Draw light lines with a shadow, which are seen on bars of any colour and beside them."""
    width = max(1.0, round(scene.ratio))
    step = width * np.array(across * 2, dtype=np.float64)
    rects = lines + np.array([0.0, 0.0, 1.0, 1.0]) * step
    scene.over.rects(rects + step, scene.theme.rgba("view", _SHADOW_ALPHA))
    scene.over.rects(rects, scene.theme.rgba("text", _LINE_ALPHA))
