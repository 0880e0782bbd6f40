"""Marks of the drift view: the legend of amplitudes, a hint on the motion, and where the trace views are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.views.scene import Scene
from phy_medicine.views.theme import Theme, hex_rgba

# From weak to strong; on a light ground strong is dark.
_ON_DARK = ("#4a3f9f", "#8a3fa0", "#c94f86", "#ee7b5a", "#f8b54a", "#f6ef9a")
_ON_LIGHT = ("#e3c565", "#ec9550", "#d9596a", "#a43a8a", "#642f93", "#241a6e")
_STEPS = 32


@lru_cache(maxsize=4)
def amplitude_palette(theme: Theme) -> FloatArray:
    """Return the colours of amplitude ranks, (256, 3) RGB 0..1, weak first."""
    anchors = np.array([hex_rgba(c)[:3] for c in (_ON_DARK if theme.name == "dark" else _ON_LIGHT)])
    places = np.linspace(0, 1, len(anchors))
    ranks = np.linspace(0, 1, 256)
    return frozen(np.stack([np.interp(ranks, places, anchors[:, i]) for i in range(3)], axis=1))


def header_height(scene: Scene) -> float:
    """Return the height of the line above the panel, px."""
    return scene.over.cap_height + 10 * scene.ratio


def _header_middle(scene: Scene) -> float:
    return float(scene.panels.rects[0][1]) - header_height(scene) / 2


def draw_legend(scene: Scene, right: float) -> float:
    """Draw which colour is which amplitude, ending at `right`; return where it begins."""
    ratio, y = scene.ratio, _header_middle(scene)
    dim, gap = scene.theme.rgba("dim"), 6 * ratio
    strong, weak = "strong", "Amplitude: weak"
    bar_right = right - scene.over.text_width(strong) - gap
    bar_left = bar_right - 72 * ratio
    left = bar_left - gap - scene.over.text_width(weak)
    if left < scene.panels.rects[0][0]:
        return right
    scene.over.text(strong, right, y, anchor="rm", color=dim)
    scene.over.text(weak, bar_left - gap, y, anchor="rm", color=dim)
    edges = np.linspace(bar_left, bar_right, _STEPS + 1)
    half = scene.over.cap_height / 2
    boxes = np.stack([edges[:-1], np.full(_STEPS, y - half), edges[1:], np.full(_STEPS, y + half)], axis=1)
    colors = amplitude_palette(scene.theme)[np.linspace(0, 255, _STEPS).astype(int)]
    scene.over.rects(boxes, np.c_[colors, np.ones(_STEPS)])
    return left - 2 * gap


def draw_hint(scene: Scene, hint: str, left: float, right: float) -> None:
    """Write advice on the estimate, cut to the room there is."""
    text = f"Hint: {hint}"
    while len(text) > 12 and scene.over.text_width(text) > right - left:
        text = text[:-2].rstrip("… ") + "…"
    scene.over.text(text, left, _header_middle(scene), anchor="lm", color=scene.theme.rgba("warning"))


def draw_band(scene: Scene, time_window: tuple[float, float], panel: int = 0) -> None:
    """Mark a stretch of time in a panel, at least 2 px wide so that a quarter of a second is seen in an hour."""
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[panel])
    x0, x1 = (float(x) for x in scene.panels.to_pixels(panel, np.array(time_window), 0.0)[0])
    middle = (x0 + x1) / 2
    x0, x1 = max(min(x0, middle - scene.ratio), left), min(max(x1, middle + scene.ratio), right)
    if x1 > x0:
        scene.over.rects([(x0, top, x1, bottom)], scene.theme.band)
