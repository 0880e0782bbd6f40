"""What stands around the spikes of a grid of all clusters: frames, ids, errors, and where of all rows the view is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from phy_medicine.base.types import FloatArray
from phy_medicine.views.cluster_grid_block import Cell
from phy_medicine.views.cluster_grid_places import GridPlaces
from phy_medicine.views.flow import draw_disc, rgba_of
from phy_medicine.views.layout import Box
from phy_medicine.views.lda_marks import percent
from phy_medicine.views.scene import Scene
from phy_medicine.views.theme import RGBA

STRIP = 10.0
"""Width of the strip at the right, logical px."""
HEAD, EDGE = 0.17, 0.04
"""Parts of the height of a cell that its text has, and of its size that are left free."""
_NOTABLE = 0.05
_TICKS = 3.0, 6.0
_DISC, _APART = 7.0, 8.0


def draw_cell(
    scene: Scene, place: Box, cell: Cell | None, cluster_id: int, shades: Mapping[int, FloatArray], *, selected: bool
) -> None:
    """Add the frame and the text of a cell.

    place : left, top, right, bottom, px; shades : colours of the clusters, RGBA
    """
    r, theme, ink = scene.ratio, scene.theme, scene.over
    line = max(1.0, round(r))
    left, top, right, bottom = _clipped(scene, place)
    if right - left <= 2 * line or bottom - top <= 2 * line:
        return
    color = (*rgba_of(shades[cluster_id])[:3], 1.0) if selected else theme.rgba("dim", 0.35)
    ink.frames([(left, top, right, bottom)], color, width=2 * line if selected else line)
    room = HEAD * (place[3] - place[1])
    if room < ink.cap_height + 2 * r or (left, top, right) != place[:3] or top + room + ink.cap_height > bottom:
        return
    _draw_head(scene, (left + 6 * r, right - 5 * r), top + 2 * r + room / 2, cell, cluster_id, shades)
    if cell is not None and cell.missing and (bottom - top) > 3 * room:
        text = next((t for t in (cell.missing, "no features") if ink.text_width(t) <= right - left - 10 * r), "")
        ink.text(text, (left + right) / 2, (top + room + bottom) / 2, anchor="cm", color=theme.rgba("dim"))


def _draw_head(
    scene: Scene, span: tuple[float, float], y: float, cell: Cell | None, cluster_id: int,
    shades: Mapping[int, FloatArray],
) -> None:  # fmt: skip
    """The id at the left, the error at the right, and as many of the nearest between them as there is room for."""
    r, theme, ink = scene.ratio, scene.theme, scene.over
    left, right = span
    if cell is not None and isfinite(cell.error):
        error = percent(cell.error)
        role = "text" if cell.error >= _NOTABLE else "dim"
        if ink.text_width(error) + _name_width(scene, cluster_id) <= right - left:
            ink.text(error, right, y, anchor="rm", color=theme.rgba(role))
            right -= ink.text_width(error) + _APART * r
    for c in (cluster_id,) if cell is None else cell.cluster_ids:
        if left + _name_width(scene, c) - _APART * r > right:
            return
        if c in shades:
            draw_disc(scene, left + _DISC * r / 2, y, rgba_of(shades[c]), size=_DISC)
        ink.text(str(c), left + (_DISC + 4) * r, y, anchor="lm", color=theme.rgba("text" if c == cluster_id else "dim"))
        left += _name_width(scene, c)


def _name_width(scene: Scene, cluster_id: int) -> float:
    """Room of a disc and an id, px."""
    return scene.over.text_width(str(cluster_id)) + (_DISC + 4 + _APART) * scene.ratio


def _clipped(scene: Scene, place: Box) -> Box:
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    return max(place[0], left), max(place[1], top), min(place[2], right), min(place[3], bottom)


def strip_box(scene: Scene) -> Box:
    """Return the strip beside the panel that stands for all rows."""
    _, top, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    return right + 6 * scene.ratio, top, right + (6 + STRIP) * scene.ratio, bottom


def draw_strip(
    scene: Scene, places: GridPlaces, y: tuple[float, float], selected: Sequence[tuple[int, RGBA]]
) -> None:  # fmt: skip
    """Show which part of all rows is in sight, and in which rows selected clusters are."""
    left, top, right, bottom = strip_box(scene)
    theme, height, n = scene.theme, bottom - top, max(places.n_rows, 1)
    scene.over.rects([(left, top, right, bottom)], theme.rgba("panel"))
    low, high = (min(max((n - edge) / n, 0.0), 1.0) for edge in (y[1], y[0]))
    if high > low:
        scene.over.rects([(left, top + low * height, right, top + high * height)], theme.rgba("dim", 0.35))
    size = min(max(height / n, _TICKS[0] * scene.ratio), _TICKS[1] * scene.ratio)
    for place, color in reversed(selected):
        at = top + min(max((place // places.n_columns + 0.5) / n * height - size / 2, 0.0), height - size)
        scene.over.rects([(left, at, right, at + size)], (*color[:3], 1.0))
