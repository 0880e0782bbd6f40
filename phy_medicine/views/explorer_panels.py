"""Axes, images, contacts and rings of the nine panels of the explorer, and the words beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.axes import Axes, format_number, tick_labels, tick_values
from phy_medicine.views.drift_image import HeatPicture, shaded
from phy_medicine.views.drift_marks import amplitude_palette
from phy_medicine.views.explorer_block import Everything
from phy_medicine.views.explorer_layout import CORNER, N_LOCAL, N_PAIRS, PAIRS
from phy_medicine.views.explorer_marks import draw_ring
from phy_medicine.views.layout import Box
from phy_medicine.views.scene import Scene

_STRENGTH = "log10 α"
_TITLES = {
    "lx": ("x from anchor (µm)", "Δx (µm)"), "ly": ("Depth from anchor (µm)", "Δdepth (µm)", "Δd (µm)", "Δd"),
    "z": ("z (µm)",), "a": (_STRENGTH,), "x": ("x (µm)",), "y": ("Depth (µm)",),
}  # fmt: skip
"""Titles of the quantities, the longest that fits is taken."""
CORRECTED = ("Corrected depth (µm)", "Depth (µm)")
_GAP_X, _GAP_Y = 26, 10
_LEAST_CORNER = (270, 200)
_MAP_SHARE = (0.6, 0.68)
_BAR = (110, 9)
_N_COLORS = 48
RING = 13.0
"""Diameter of the mark of the picked spike, logical px."""
_FAINTEST = 0.55
# Behind selected clusters the others stay back.
_BACK = 0.7


def local_rects(scene: Scene, box: Box, unit: float) -> list[Box | None]:
    """Return where the six panels of offsets stand, the first alone where there is not room for all."""
    left, top, right, bottom = box
    n = 3 if right - left >= _LEAST_CORNER[0] * unit and bottom - top >= _LEAST_CORNER[1] * unit else 1
    rows = [k for k in range(N_LOCAL) if CORNER[k][1] == 0][:n]
    m = _margins(scene, rows, (bottom - top) / n)
    gap_x, gap_y = _GAP_X * unit, _GAP_Y * unit
    width = (right - m[2] - left - m[0] - gap_x * (n - 1)) / n
    height = (bottom - m[3] - top - m[1] - gap_y * (n - 1)) / n
    rects: list[Box | None] = []
    for row, column in CORNER:
        x, y = left + m[0] + column * (width + gap_x), top + m[1] + row * (height + gap_y)
        rects.append((x, y, x + width, y + height) if row < n else None)
    return rects


def map_rects(scene: Scene, box: Box, unit: float) -> list[Box | None]:
    """Return where the three panels of the probe stand: x-depth, below it x-z, beside it z-depth."""
    left, top, right, bottom = box
    m = _margins(scene, [6, 7], (bottom - top) / 2)
    x0, y0, x1, y1 = left + m[0], top + m[1], right - m[2], bottom - m[3]
    x_split = x0 + _MAP_SHARE[0] * (x1 - x0 - _GAP_Y * unit)
    # Below z-depth there must be room for its own axis.
    y_split = y1 - max((1 - _MAP_SHARE[1]) * (y1 - y0), m[3] - _GAP_Y * unit)
    gap = _GAP_Y * unit
    return [(x0, y0, x_split, y_split - gap), (x0, y_split, x_split, y1), (x_split + gap, y0, x1, y_split - gap)]


def _margins(scene: Scene, panels: Sequence[int], height: float) -> tuple[int, int, int, int]:
    return Axes("x", "y").margins(scene.over, scene.panels.ranges()[list(panels), 2:], height, scene.ratio)


def draw_axes(scene: Scene, shown: Sequence[int], *, corrected: bool) -> None:
    """Add axes below the lowest panels and left of the first ones; frames around all."""
    line = max(1.0, round(scene.ratio))
    frames = scene.panels.rects[list(shown)] + np.array([-line, -line, line, line])
    scene.over.frames(frames, scene.theme.rgba("dim", 0.45), width=line)
    lowest = {k for k in shown if k + _below(k) not in shown}
    leftmost = {k for k in shown if k in (0, 1, 3, 6, 7)}
    for k in shown:
        left, top, right, bottom = (float(edge) for edge in scene.panels.rects[k])
        x_name, y_name = PAIRS[k]
        x = _title(scene, _TITLES[x_name], right - left + 8 * scene.ratio) if k in lowest else None
        titles = CORRECTED if y_name == "y" and corrected else _TITLES[y_name]
        y = _title(scene, titles, bottom - top + 4 * scene.ratio) if k in leftmost else None
        if x is not None or y is not None:
            scene.draw_axes(k, Axes(x, y))


def _below(panel: int) -> int:
    """Steps to the panel under another; one that is never shown for the lowest."""
    return {0: 1, 1: 2, 2: 2, 6: 1}.get(panel, 99)


def _title(scene: Scene, titles: Sequence[str], room: float) -> str:
    return next((title for title in titles if scene.over.text_width(title) <= room), "")


def draw_images(
    scene: Scene, picture: HeatPicture, everything: Everything, shown: Sequence[int], *, back: bool
) -> None:
    """Make the images of all spikes for what is in sight; back : selected spikes are drawn over them."""
    palette = amplitude_palette(scene.theme)
    cell = 3 if everything.n_spikes < 3000 else 2 if everything.n_spikes < 100_000 else 1
    for k in range(N_PAIRS):
        if k not in shown:
            picture.set_heat(None, (0.0, 1.0, 0.0, 1.0), k)
            continue
        left, top, right, bottom = (int(edge) for edge in scene.panels.rects[k])
        x0, x1, y0, y1 = (float(edge) for edge in scene.panels.ranges()[k])
        size = [max(1, math.ceil(length / (cell * scene.ratio))) for length in (right - left, bottom - top)]
        counted = everything.maps[k]
        x, y = counted.x.pixels(x0, x1, size[0]), counted.y.pixels(y0, y1, size[1])
        pixels = shaded(*counted.image(x, y), palette, _FAINTEST)
        box = (float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))
        picture.set_heat(np.round(pixels * _BACK).astype(np.uint8) if back else pixels, box, k)


def draw_contacts(scene: Scene, contacts_um: FloatArray) -> None:
    """Add a square for each contact that is in sight of the panel x-depth."""
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[6])
    x, y = scene.panels.to_pixels(6, contacts_um[:, 0], contacts_um[:, 1])
    half = 2.5 * scene.ratio
    seen = (x - half >= left) & (x + half <= right) & (y - half >= top) & (y + half <= bottom)
    at = np.round(np.stack([x[seen], y[seen]], 1))
    if len(at):
        white = scene.theme.rgba("text", 0.9)
        scene.over.frames(np.hstack([at - half, at + half]), white, width=max(1.0, round(scene.ratio)))


def draw_rings(scene: Scene, everything: Everything, spike_id: int, shown: Sequence[int]) -> None:
    """Mark a spike in every panel in which it is in sight."""
    for k in shown:
        x, y = (float(values[0]) for values in everything.of(np.array([spike_id]), k))
        if not (math.isfinite(x) and math.isfinite(y)):
            continue
        px, py = (float(place) for place in scene.panels.to_pixels(k, x, y))
        left, top, right, bottom = scene.panels.rects[k]
        if left <= px < right and top <= py < bottom:
            for color, width in ((scene.theme.rgba("view", 0.8), 4.5), (scene.theme.rgba("text"), 2.0)):
                draw_ring(scene.over, (px, py), RING * scene.ratio, color, width=width * scene.ratio)


def draw_words(scene: Scene, lines: Sequence[str], limits: tuple[float, float]) -> None:
    """Add the scale of the colours and facts of the picked spike in the free corner of the pairs, if they fit."""
    r, ink, rects = scene.ratio, scene.over, scene.panels.rects
    left, top = float(rects[0][2]) + 14 * r, float(rects[0][1])
    right, floor = float(rects[5][2]), float(rects[2][1]) - 6 * r
    step = ink.cap_height + 8 * r
    if right - left < _BAR[0] * r + ink.text_width(_STRENGTH) + 14 * r or floor - top < _BAR[1] * r + 4 * r + step:
        return
    y = _draw_scale(scene, (left, top), limits) + 0.6 * step
    if y + len(lines) * step > floor:
        # Beside the second row there is the last column alone.
        left, floor = float(rects[2][2]) + 14 * r, float(rects[5][1]) - 6 * r
    if y + len(lines) * step <= floor and max(map(ink.text_width, lines), default=0) <= right - left:
        for text in lines:
            ink.text(text, left, y, anchor="lt", color=scene.theme.rgba("text"))
            y += step


def _draw_scale(scene: Scene, at: tuple[float, float], limits: tuple[float, float]) -> float:
    """Draw which colour is which strength; return where it ends."""
    r, ink, dim = scene.ratio, scene.over, scene.theme.rgba("dim")
    x, y = at
    width, height = _BAR[0] * r, _BAR[1] * r
    edges = np.linspace(x, x + width, _N_COLORS + 1)
    boxes = np.stack([edges[:-1], np.full(_N_COLORS, y), edges[1:], np.full(_N_COLORS, y + height)], 1)
    colors = amplitude_palette(scene.theme)[np.linspace(0, 255, _N_COLORS).astype(int)]
    ink.rects(boxes, np.c_[colors, np.ones(_N_COLORS)])
    ink.text(_STRENGTH, x + width + 8 * r, y + height / 2, anchor="lm", color=dim)
    values = tick_values(*limits, 3)
    end = y + height + 4 * r + ink.cap_height
    last = -math.inf
    for value, label in zip(values.tolist(), tick_labels(values), strict=True):
        place = x + (value - limits[0]) / (limits[1] - limits[0]) * width
        half = ink.text_width(label) / 2
        place = min(max(place, x + half), x + width - half)
        if place - half > last + 6 * r:
            ink.text(label, place, y + height + 4 * r, anchor="ct", color=dim)
            last = place + half
    return end


def facts_of(spike_id: int, time_s: float, channel: str, amplitude: float, cluster_id: int) -> tuple[str, ...]:
    """Return what is said of the picked spike."""
    size = "" if not math.isfinite(amplitude) else format_number(amplitude, 0 if amplitude >= 100 else 2)
    facts = [f"spike {format_number(spike_id)}", f"{format_number(time_s, 4)} s", f"channel {channel}"]
    facts += [f"amplitude {size}"] if size else []
    return (*facts, f"cluster {cluster_id}")
