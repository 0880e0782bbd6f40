"""Marks of the drift view: the colours of amplitudes, a hint on the motion, and where the trace views are."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.views.color_scale import header_middle
from phy_medicine.views.scene import Scene
from phy_medicine.views.theme import Theme, hex_rgba

# From weak to strong; on a light ground strong is dark.
_ON_DARK = ("#4a3f9f", "#8a3fa0", "#c94f86", "#ee7b5a", "#f8b54a", "#f6ef9a")
_ON_LIGHT = ("#e3c565", "#ec9550", "#d9596a", "#a43a8a", "#642f93", "#241a6e")


@lru_cache(maxsize=4)
def amplitude_palette(theme: Theme) -> FloatArray:
    """Return the colours of amplitude ranks, (256, 3) RGB 0..1, weak first."""
    anchors = np.array([hex_rgba(c)[:3] for c in (_ON_DARK if theme.name == "dark" else _ON_LIGHT)])
    places = np.linspace(0, 1, len(anchors))
    ranks = np.linspace(0, 1, 256)
    return frozen(np.stack([np.interp(ranks, places, anchors[:, i]) for i in range(3)], axis=1))


def draw_hint(scene: Scene, hint: str, left: float, right: float) -> None:
    """Write advice on the estimate, cut to the room there is."""
    text = f"Hint: {hint}"
    while len(text) > 12 and scene.over.text_width(text) > right - left:
        text = text[:-2].rstrip("… ") + "…"
    scene.over.text(text, left, header_middle(scene), anchor="lm", color=scene.theme.rgba("warning"))


def draw_band(scene: Scene, time_window: tuple[float, float], panel: int = 0) -> None:
    """Mark a stretch of time in a panel, at least 2 px wide so that a quarter of a second is seen in an hour."""
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[panel])
    x0, x1 = (float(x) for x in scene.panels.to_pixels(panel, np.array(time_window), 0.0)[0])
    middle = (x0 + x1) / 2
    x0, x1 = max(min(x0, middle - scene.ratio), left), min(max(x1, middle + scene.ratio), right)
    if x1 > x0:
        scene.over.rects([(x0, top, x1, bottom)], scene.theme.band)
