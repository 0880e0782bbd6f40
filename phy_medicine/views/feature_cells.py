"""Cells of a feature grid: places, frames, zero lines, and names of the axes in the margins between the panels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from phy_medicine.views.axes import format_number
from phy_medicine.views.feature_grid import Dimension, FeatureGrid
from phy_medicine.views.layout import Box, grid
from phy_medicine.views.scene import Scene

Names = Mapping[Dimension, str]
_ZERO_ALPHA = 0.35


def range_ends(low: float, high: float) -> tuple[str, str]:
    """Return the ends of an axis with two or three digits of its length."""
    whole = low == round(low) and high == round(high)
    decimals = 0 if whole else max(0, 1 - math.floor(math.log10(max(high - low, 1e-9))))
    return format_number(low, decimals), format_number(high, decimals)


def value_in_words(name: str, value: float, span: tuple[float, float]) -> str:
    """Return `12A −34.2`, or `Time 12.31 s`, with three digits of the span."""
    quantity, _, unit = name.rstrip(")").partition(" (")
    decimals = max(0, 2 - math.floor(math.log10(max(span[1] - span[0], 1e-9))))
    return f"{quantity} {format_number(value, decimals)}" + (f" {unit}" if unit and unit != "a.u." else "")


def place_cells(scene: Scene, pairs: FeatureGrid, names: Names, box: Box, *, caption: bool = False) -> None:
    """Place the panels, with room left of each row for its name, below each panel and perhaps above all for text."""
    left, top, right, bottom = box
    r, ink = scene.ratio, scene.over
    top += ink.cap_height + 7 * r if caption else 0
    ranges = scene.panels.ranges()
    upright = [names[d] for k in pairs.left_ends() if (d := pairs.panels[k][1]).place is not None]
    texts = upright + [text for k in pairs.left_ends() for text in range_ends(*ranges[k, 2:])]
    widest = max(ink.text_width(text) for text in texts)
    # In steps of 8 px, so that the picture does not move with every new number.
    margin = math.ceil((widest + 14 * r) / (8 * r)) * 8 * r
    named_inside = any(k % pairs.n_columns for k in pairs.left_ends())
    strip = ink.cap_height + 9 * r
    cells = (left + margin, top + 7 * r, right - 9 * r, bottom - strip - 2 * r)
    scene.panels.set_rects(grid(pairs.n_rows, pairs.n_columns, cells, gap=(margin if named_inside else 7 * r, strip)))


def draw_caption(scene: Scene, wordings: Sequence[str]) -> None:
    """Add a line above the panels: the first wording there is room for, longest first."""
    left, top = (float(edge) for edge in scene.panels.rects[0, :2])
    ink, edge = scene.over, 4 * scene.ratio
    room = scene.size[0] - 2 * edge
    text = next((words for words in wordings if ink.text_width(words) <= room), wordings[-1])
    x = max(min(left, edge + room - ink.text_width(text)), edge)
    ink.text(text, x, top - 7 * scene.ratio, anchor="lb", color=scene.theme.rgba("text"))


def draw_cells(scene: Scene, pairs: FeatureGrid) -> None:
    """Add frames and, under the data, lines at zero."""
    line = max(1.0, round(scene.ratio))
    frames = scene.panels.rects + np.array([-line, -line, line, line])
    scene.over.frames(frames, scene.theme.rgba("dim", 0.45), width=line)
    zero = scene.theme.rgba("dim", _ZERO_ALPHA)
    for k, (x, y) in enumerate(pairs.panels):
        left, top, right, bottom = (float(edge) for edge in scene.panels.rects[k])
        x0, y0 = (float(round(float(place))) for place in scene.panels.to_pixels(k, 0.0, 0.0))
        if x.signed and left <= x0 <= right - line:
            scene.under.rects([(x0, top, x0 + line, bottom)], zero)
        if y.signed and top <= y0 <= bottom - line:
            scene.under.rects([(left, y0, right, y0 + line)], zero)


def draw_names(scene: Scene, pairs: FeatureGrid, names: Names) -> None:
    """Add the name of an axis where it differs from that of the next panel, and its range where there is room."""
    ranges = scene.panels.ranges()
    for k in pairs.lower_ends():
        _draw_below(scene, k, names[pairs.panels[k][0]], range_ends(*ranges[k, :2]))
    for k in pairs.left_ends():
        dimension = pairs.panels[k][1]
        ends = range_ends(*ranges[k, 2:])
        _draw_beside(scene, k, names[dimension], ends, rotated=dimension.place is None)


def _draw_below(scene: Scene, panel: int, name: str, ends: tuple[str, str]) -> None:
    left, _, right, bottom = (float(edge) for edge in scene.panels.rects[panel])
    ink, r, y = scene.over, scene.ratio, bottom + 5 * scene.ratio
    room = right - left
    if ink.text_width(name) > room + 6 * r:
        name = name.split(" ")[0]
    ink.text(name, (left + right) / 2, y, anchor="ct", color=scene.theme.rgba("text"))
    half = (room - ink.text_width(name)) / 2 - 8 * r
    if max(ink.text_width(end) for end in ends) <= half:
        ink.text(ends[0], left, y, anchor="lt", color=scene.theme.rgba("dim"))
        ink.text(ends[1], right, y, anchor="rt", color=scene.theme.rgba("dim"))


def _draw_beside(scene: Scene, panel: int, name: str, ends: tuple[str, str], *, rotated: bool) -> None:
    left, top, _, bottom = (float(edge) for edge in scene.panels.rects[panel])
    ink, r = scene.over, scene.ratio
    x, middle, room = left - 6 * r, (top + bottom) / 2, bottom - top
    if rotated:
        if ink.text_width(name) > room:
            name = name.split(" ")[0]
        length = ink.text_width(name)
        ink.text(name, x, middle, anchor="cb", rotated=True, color=scene.theme.rgba("text"))
    else:
        length = ink.cap_height
        ink.text(name, x, middle, anchor="rm", color=scene.theme.rgba("text"))
    if room >= length + 2 * ink.cap_height + 12 * r:
        ink.text(ends[1], x, top, anchor="rt", color=scene.theme.rgba("dim"))
        ink.text(ends[0], x, bottom, anchor="rb", color=scene.theme.rgba("dim"))
