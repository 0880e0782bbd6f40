"""A scene as plain shapes in the order in which they are drawn, for whatever writes pictures without GL.

    for shape in shapes(scene):
        ...     # Polygons, Strokes, Dots, Bitmap or Words, in px of the scene

Everything is cut to its panel, also where a format cannot do it; `clip` says the box once more, for the width of
strokes and discs on its edge. Densities and images are bitmaps; so is what has more parts than a drawing program bears.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views.ink import Ink, Line
from phy_medicine.views.layout import Box
from phy_medicine.views.scene import Scene
from phy_medicine.views.vector_items import CORNER_BUDGET, POINT_BUDGET, heat_bitmaps, item_bitmap, item_shapes
from phy_medicine.views.vector_shapes import Bitmap, Dots, Polygons, Strokes

__all__ = ["Bitmap", "Dots", "Polygons", "Shape", "Strokes", "Words", "shapes"]


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text of a size in px."""

    line: Line
    font_px: int


Shape = Polygons | Strokes | Dots | Bitmap | Words


def shapes(scene: Scene) -> Iterator[Shape]:
    """Give what a scene shows: its ground, ink, data, and the ink over them."""
    width, height = scene.size
    yield rectangle((0.0, 0.0, float(width), float(height)), scene.theme.rgba("view"))
    yield from ink_shapes(scene.under)
    if not scene.message:
        yield from heat_bitmaps(scene)
        yield from _data_shapes(scene)
    for ink in scene.inks_over:
        yield from ink_shapes(ink)


def _data_shapes(scene: Scene) -> Iterator[Shape]:
    """Give the shapes of all items; the largest are images where there are too many points or corners in all."""
    parts = scene.picture.parts
    drawn = [tuple(item_shapes(item, scene)) for item in parts]
    for kind, budget in ((Dots, POINT_BUDGET), (Strokes, CORNER_BUDGET)):
        sizes = [sum(len(s.points) for s in item if isinstance(s, kind)) for item in drawn]
        total = sum(sizes)
        for i in sorted(range(len(sizes)), key=sizes.__getitem__, reverse=True):
            if total > budget:
                total -= sizes[i]
                drawn[i] = item_bitmap(parts[i], scene)
    for item in drawn:
        yield from item


def rectangle(box: Box, color: tuple[float, float, float, float]) -> Polygons:
    """Return one filled box."""
    left, top, right, bottom = box
    points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)
    return Polygons(points, np.array([0, 4]), _whole(np.array([color])))


def ink_shapes(ink: Ink) -> Iterator[Shape]:
    """Give shapes and text; triangles that share a corner are one polygon, narrow slanting boxes are strokes."""
    corners, colors = ink.triangles()
    whole = _whole(colors)
    fans = _fans(corners, whole)
    slanting = _slanting(corners, fans)
    # Runs of boxes, and of strokes, in the order of the ink.
    edges = np.flatnonzero(np.diff(slanting.astype(np.int8))) + 1
    for first, last in zip([0, *edges.tolist()], [*edges.tolist(), len(slanting)], strict=True):
        if last > first:
            bounds = fans[first : last + 1]
            yield from (_strokes if slanting[first] else _polygons)(corners, bounds, whole[bounds[:-1]])
    for line in ink.lines:
        yield Words(line, ink.font_px)


def _fans(corners: FloatArray, colors: IntArray) -> IntArray:
    """Return where each polygon begins among the triangles, and their number."""
    if not len(corners):
        return np.zeros(1, dtype=np.int64)
    follows = (corners[1:, 0] == corners[:-1, 0]).all(axis=1) & (corners[1:, 1] == corners[:-1, 2]).all(axis=1)
    follows &= (colors[1:] == colors[:-1]).all(axis=1)
    return np.concatenate([[0], np.flatnonzero(~follows) + 1, [len(corners)]])


def _slanting(corners: FloatArray, fans: IntArray) -> FloatArray:
    """Tell which polygons are boxes that stand on no side of the canvas; (n,) bool."""
    first = fans[:-1]
    boxes = np.diff(fans) == 2
    along = corners[first, 2] - corners[first, 1]
    across = corners[first, 1] - corners[first, 0]
    square = np.abs((along * across).sum(axis=1)) <= 1e-3 * np.hypot(*along.T) * np.hypot(*across.T)
    upright = (np.abs(along) < 1e-3).any(axis=1)
    slanting: FloatArray = boxes & square & ~upright
    return slanting


def _polygons(corners: FloatArray, bounds: IntArray, colors: IntArray) -> Iterator[Shape]:
    sizes = np.diff(bounds) + 2
    starts = np.concatenate([[0], np.cumsum(sizes)])
    points = np.empty((starts[-1], 2))
    points[starts[:-1]], points[starts[:-1] + 1] = corners[bounds[:-1], 0], corners[bounds[:-1], 1]
    last = np.ones(starts[-1], dtype=bool)
    last[starts[:-1]] = last[starts[:-1] + 1] = False
    points[last] = corners[bounds[0] : bounds[-1], 2]
    yield Polygons(points, starts, colors)


def _strokes(corners: FloatArray, bounds: IntArray, colors: IntArray) -> Iterator[Shape]:
    """Give strokes for boxes, which `Ink.segments` makes of them, those of one width together."""
    first = bounds[:-1]
    start = (corners[first, 0] + corners[first, 1]) / 2
    stop = (corners[first, 2] + corners[first + 1, 2]) / 2
    widths = np.round(np.hypot(*(corners[first, 1] - corners[first, 0]).T), 3)
    edges = np.flatnonzero(np.diff(widths)) + 1
    for a, b in zip([0, *edges.tolist()], [*edges.tolist(), len(widths)], strict=True):
        points = np.stack([start[a:b], stop[a:b]], axis=1).reshape(-1, 2)
        yield Strokes(points, 2 * np.arange(b - a + 1), colors[a:b], float(widths[a]), None)


def _whole(colors: AnyArray) -> IntArray:
    whole: IntArray = np.round(np.clip(colors, 0, 1) * 255).astype(np.int64).reshape(-1, 4)
    return whole
