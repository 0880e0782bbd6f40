"""What surrounds the traces: labels of channels, a scale bar, and a mark at the spike that was gone to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray
from phy_medicine.views.axes import LINE_ALPHA, format_number
from phy_medicine.views.scene import Scene
from phy_medicine.views.theme import RGBA

Y_TITLE = "Channel"
# Height of the scale bar, logical px.
_BAR = (18.0, 60.0)
_LABEL_GAP = 4


def label_width(scene: Scene, names: Sequence[str]) -> float:
    """Return the room that channel labels and their title need at the left, px."""
    widest = max((scene.over.text_width(name) for name in names), default=0)
    return widest + scene.over.cap_height + 24 * scene.ratio


def draw_labels(scene: Scene, names: Sequence[str], heights: FloatArray, colors: Mapping[int, RGBA]) -> None:
    """Name channels beside the first panel, as many as fit; those with a colour come before the others.

    Parameters
    ----------
    names : of the channels, in any order; heights : (n,) their y in px; colors : row -> colour of its name
    """
    left, top, _, bottom = (float(edge) for edge in scene.panels.rects[0])
    r, line = scene.ratio, max(1.0, round(scene.ratio))
    scene.over.rects([(left - line, top, left, bottom + line)], scene.theme.rgba("dim", LINE_ALPHA))
    seen = (heights >= top) & (heights <= bottom)
    shown = _without_overlap(heights, seen, list(colors), scene.over.cap_height + _LABEL_GAP * r)
    for row in shown:
        y = round(float(heights[row]))
        color = colors.get(row, scene.theme.rgba("dim"))
        scene.over.rects([(left - 4 * r, y, left, y + line)], scene.theme.rgba("dim", LINE_ALPHA))
        scene.over.text(names[row], left - 8 * r, y, anchor="rm", color=color)
    if bottom - top >= scene.over.text_width(Y_TITLE):
        x = scene.over.cap_height + 5 * r
        scene.over.text(Y_TITLE, x, (top + bottom) / 2, anchor="cb", color=scene.theme.rgba("dim"), rotated=True)


def _without_overlap(heights: FloatArray, seen: BoolArray, first: list[int], distance: float) -> list[int]:
    """Return rows whose labels lie apart: of `first` what fits, then every k-th of the others that fits."""
    kept = _apart([row for row in first if seen[row]], heights, distance, [])
    rows = np.flatnonzero(seen)
    if len(rows) > 1:
        slot = float(np.abs(np.diff(np.sort(heights[rows]))).mean())
        step = _round_step(distance / max(slot, 1e-6))
        rows = rows[rows % step == 0]
    return _apart(rows.tolist(), heights, distance, kept)


def _apart(rows: list[int], heights: FloatArray, distance: float, kept: list[int]) -> list[int]:
    chosen = list(kept)
    for row in rows:
        if row not in chosen and all(abs(heights[row] - heights[other]) >= distance for other in chosen):
            chosen.append(row)
    return chosen


def _round_step(least: float) -> int:
    """Return a step of at least `least` that people count in."""
    return next((step for step in (1, 2, 4, 5, 8, 10, 20, 25, 50, 100) if step >= least), 200)


def draw_words(scene: Scene, *texts: str) -> None:
    """Write the first of some texts that fits beside the title of the time axis, below the first panel."""
    _, _, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    r, ink = scene.ratio, scene.over
    # The line of the title, as the axes draw it.
    y = bottom + 9 * r + ink.cap_height + 7 * r
    middle = (float(scene.panels.rects[0, 0]) + right) / 2
    room = right - middle - ink.text_width("Time (s)") / 2 - 12 * r
    for text in texts:
        if ink.text_width(text) <= room:
            ink.text(text, right, y, anchor="rt", color=scene.theme.rgba("dim"))
            return


def draw_shanks(scene: Scene, runs: Sequence[tuple[int, int, int]], *, upside_down: bool, reserved: float) -> None:
    """Part the channels of each shank from the next by a line, and name the shanks at the right.

    runs : shank, first row and the one after the last; reserved : room at the bottom that has other marks, px
    """
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    r, n = scene.ratio, runs[-1][2] if runs else 0
    line = max(1.0, round(r))
    for shank, first, last in runs:
        edges = (n - last - 0.5, n - first - 0.5) if upside_down else (first - 0.5, last - 0.5)
        low, high = (float(y) for y in scene.panels.to_pixels(0, 0.0, np.array(edges))[1])
        boundary = round(high)
        if edges[1] < n - 1 and top < boundary < bottom:
            scene.over.rects([(left, boundary, right, boundary + line)], scene.theme.rgba("dim", LINE_ALPHA))
        text = f"shank {shank}"
        ends = max(high, top), min(low, bottom - reserved)
        if ends[1] - ends[0] >= scene.over.text_width(text) + 6 * r:
            middle = (ends[0] + ends[1]) / 2
            scene.over.text(text, right + 7 * r, middle, anchor="ct", color=scene.theme.rgba("dim"), rotated=True)


def draw_scale_bar(scene: Scene, pixels_by_unit: float) -> float:
    """Draw a bar of a round amplitude at the right of the first panel; return the room that it takes, px."""
    _, top, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    r = scene.ratio
    value = bar_value(pixels_by_unit, min(_BAR[1] * r, 0.4 * (bottom - top)))
    height = round(value * pixels_by_unit)
    x, width = right + 7 * r, max(1.0, round(1.5 * r))
    text = f"{format_number(value) if value >= 1 else f'{value:g}'} a.u."
    color = scene.theme.rgba("dim")
    length = scene.over.text_width(text)
    end = bottom - max(4 * r, (length - height) / 2)
    scene.over.rects([(x, end - height, x + width, end)], color)
    scene.over.text(text, x + 7 * r, end - height / 2, anchor="ct", color=color, rotated=True)
    return bottom - min(end - height, end - (height + length) / 2)


def bar_value(pixels_by_unit: float, longest: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is no longer than some pixels."""
    largest = longest / max(pixels_by_unit, 1e-30)
    decade = 10.0 ** np.floor(np.log10(largest))
    return float(max(step * decade for step in (1.0, 2.0, 5.0) if step * decade <= largest * (1 + 1e-9)))


def draw_cursor(scene: Scene, x: float, color: RGBA) -> None:
    """Point from the top of the first panel at a moment."""
    left, top, right, _ = (float(edge) for edge in scene.panels.rects[0])
    if left <= x <= right:
        half = 4 * scene.ratio
        scene.over.polygon(np.array([(x - half, top - half), (x + half, top - half), (x, top + half)]), color)
