"""Cluster ids along an axis with one cell for each cluster, those of the selected clusters first and in colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from phy_medicine.views.axes import LINE_ALPHA
from phy_medicine.views.contrast import TEXT, legible
from phy_medicine.views.scene import Scene
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
    widest = max((scene.over.text_width(str(c)) for c in ids), default=1)
    y = bottom + 9 * ratio
    taken: list[tuple[float, float]] = []
    for column in _in_order(middles, colors, widest + 6 * ratio):
        x, text = float(middles[column]), str(ids[column])
        half = scene.over.text_width(text) / 2
        low, high = x - half - 3 * ratio, x + half + 3 * ratio
        if not left <= x <= right or high > scene.size[0] or any(low < b and high > a for a, b in taken):
            continue
        taken.append((low, high))
        color = _legible(scene, colors[column]) if column in colors else scene.theme.rgba("dim")
        scene.over.rects([(round(x), bottom, round(x) + line, bottom + 4 * ratio)], scene.theme.rgba("dim", LINE_ALPHA))
        scene.over.text(text, x, y, anchor="ct", color=color)
    title_y = y + scene.over.cap_height + 7 * ratio
    scene.over.text(X_TITLE, (left + right) / 2, title_y, anchor="ct", color=scene.theme.rgba("dim"))


def draw_along_y(scene: Scene, ids: Sequence[int], colors: Mapping[int, RGBA], panel: int = 0) -> None:
    """Name the rows at the left of a panel; colors : row -> colour of its id, for the selected ones in their order."""
    left, top, _, bottom = (float(edge) for edge in scene.panels.rects[panel])
    ratio, line = scene.ratio, max(1.0, round(scene.ratio))
    scene.over.rects([(left - line, top, left, bottom + line)], scene.theme.rgba("dim", LINE_ALPHA))
    middles = scene.panels.to_pixels(panel, 0.0, np.arange(len(ids)) + 0.5)[1]
    distance = scene.over.cap_height + 5 * ratio
    taken: list[float] = []
    for row in _in_order(middles, colors, distance):
        y = float(middles[row])
        if not top <= y <= bottom or any(abs(y - other) < distance for other in taken):
            continue
        taken.append(y)
        color = _legible(scene, colors[row]) if row in colors else scene.theme.rgba("dim")
        scene.over.rects([(left - 4 * ratio, round(y), left, round(y) + line)], scene.theme.rgba("dim", LINE_ALPHA))
        scene.over.text(str(ids[row]), left - 8 * ratio, y, anchor="rm", color=color)
    if bottom - top >= scene.over.text_width(X_TITLE):
        x = scene.over.cap_height + 5 * ratio
        scene.over.text(X_TITLE, x, (top + bottom) / 2, anchor="cb", color=scene.theme.rgba("dim"), rotated=True)


def _in_order(middles: np.ndarray, colors: Mapping[int, RGBA], room: float) -> list[int]:
    """Return places to be named: the coloured ones, then every k-th."""
    slot = abs(float(middles[1] - middles[0])) if len(middles) > 1 else room
    least = room / max(slot, 1e-9)
    step = next((s for s in _STEPS if s >= least), max(1, len(middles)))
    return [*colors, *(i for i in range(0, len(middles), step) if i not in colors)]


def _legible(scene: Scene, color: RGBA) -> RGBA:
    red, green, blue, alpha = legible(np.array([color]), scene.theme.rgba("view"), TEXT)[0].tolist()
    return red, green, blue, alpha
