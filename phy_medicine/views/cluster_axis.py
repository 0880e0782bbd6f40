"""Cluster ids along an axis with one cell for each cluster, those of the selected clusters first and in colour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.axes import LINE_ALPHA
from phy_medicine.views.contrast import TEXT, legible
from phy_medicine.views.scene import Scene
from phy_medicine.views.spread import placed
from phy_medicine.views.theme import RGBA

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
X_TITLE = "Cluster"


def bottom_margin(scene: Scene) -> float:
    """Return the room that ids and their title need below a panel, px."""
    return 2 * scene.over.cap_height + 24 * scene.ratio


def left_margin(scene: Scene, ids: Sequence[int]) -> float:
    """Return the room that ids and their title need at the left, px."""
    widest = max((scene.over.text_width(str(c)) for c in ids), default=0)
    return widest + scene.over.cap_height + 24 * scene.ratio


def draw_along_x(scene: Scene, ids: Sequence[int], colors: Mapping[int, RGBA], panel: int = 0) -> None:
    """Name the columns below a panel; colors : column -> colour of its id, for the selected ones in their order."""
    left, _, right, bottom = (float(edge) for edge in scene.panels.rects[panel])
    ratio, line = scene.ratio, max(1.0, round(scene.ratio))
    scene.over.rects([(left - line, bottom, right, bottom + line)], scene.theme.rgba("dim", LINE_ALPHA))
    middles = scene.panels.to_pixels(panel, np.arange(len(ids)) + 0.5, 0.0)[0]
    lengths = np.array([scene.over.text_width(str(c)) for c in ids]) + 6 * ratio
    y = bottom + 9 * ratio
    for column, x in _labels(middles, lengths, colors, (left, right), float(scene.size[0])).items():
        tick, color = round(float(middles[column])), _color(scene, colors.get(column))
        scene.over.rects([(tick, bottom, tick + line, bottom + 4 * ratio)], scene.theme.rgba("dim", LINE_ALPHA))
        scene.over.text(str(ids[column]), x, y, anchor="ct", color=color)
    title_y = y + scene.over.cap_height + 7 * ratio
    scene.over.text(X_TITLE, (left + right) / 2, title_y, anchor="ct", color=scene.theme.rgba("dim"))


def draw_along_y(scene: Scene, ids: Sequence[int], colors: Mapping[int, RGBA], panel: int = 0) -> None:
    """Name the rows at the left of a panel; colors : row -> colour of its id, for the selected ones in their order."""
    left, top, _, bottom = (float(edge) for edge in scene.panels.rects[panel])
    ratio, line = scene.ratio, max(1.0, round(scene.ratio))
    scene.over.rects([(left - line, top, left, bottom + line)], scene.theme.rgba("dim", LINE_ALPHA))
    middles = scene.panels.to_pixels(panel, 0.0, np.arange(len(ids)) + 0.5)[1]
    lengths = np.full(len(ids), scene.over.cap_height + 5 * ratio)
    for row, y in _labels(middles, lengths, colors, (top, bottom), bottom + 4 * ratio).items():
        tick, color = round(float(middles[row])), _color(scene, colors.get(row))
        scene.over.rects([(left - 4 * ratio, tick, left, tick + line)], scene.theme.rgba("dim", LINE_ALPHA))
        scene.over.text(str(ids[row]), left - 8 * ratio, y, anchor="rm", color=color)
    if bottom - top >= scene.over.text_width(X_TITLE):
        x = scene.over.cap_height + 5 * ratio
        scene.over.text(X_TITLE, x, (top + bottom) / 2, anchor="cb", color=scene.theme.rgba("dim"), rotated=True)


def _labels(
    middles: FloatArray, lengths: FloatArray, colors: Mapping[int, RGBA], seen: tuple[float, float], end: float
) -> dict[int, float]:
    """Return the cells to be named and where: the coloured ones, moved apart if need be, then every k-th.

    middles : (n,) px; lengths : (n,) px along the axis, gaps included; seen : ends of the axis, px; end : which no
    label passes, px
    """
    mine = [i for i in colors if seen[0] <= middles[i] <= seen[1]]
    around = float(lengths.max(initial=0)) / 2
    found = placed([float(middles[i]) for i in mine], [float(lengths[i]) for i in mine],
                   (seen[0] - around, min(seen[1] + around, end)))  # fmt: skip
    shown = {mine[k]: place for k, place in found.items()}
    slot = abs(float(middles[1] - middles[0])) if len(middles) > 1 else math.inf
    least = 2 * around / max(slot, 1e-9)
    step = next((s for s in _STEPS if s >= least), max(1, len(middles)))
    for i in range(0, len(middles), step):
        place, half = float(middles[i]), lengths[i] / 2
        free = all(abs(place - at) >= half + lengths[k] / 2 for k, at in shown.items())
        if i not in colors and free and seen[0] <= place <= seen[1] and place + half <= end:
            shown[i] = place
    return shown


def _color(scene: Scene, color: RGBA | None) -> RGBA:
    """Return the colour of an id, legible; None : not selected."""
    if color is None:
        return scene.theme.rgba("dim")
    red, green, blue, alpha = legible(np.array([color]), scene.theme.rgba("view"), TEXT)[0].tolist()
    return red, green, blue, alpha
