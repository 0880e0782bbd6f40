"""Templates one over the other in a box for each channel, at its place on the probe, all drawn to the same scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.layout import Box
from phy_medicine.views.lda_block import N_BOXES, Overlay
from phy_medicine.views.raster import Picture
from phy_medicine.views.scene import Scene
from phy_medicine.views.waveform_layout import place_boxes
from phy_medicine.views.waveform_marks import number, round_length

FIRST = 1
"""Panel of the first channel; the one before is that of the spikes."""
N_PANELS = FIRST + N_BOXES
HIDDEN: Box = (-8.0, -8.0, -7.0, -7.0)
_BAR_ROOM, _GAP = 18.0, 3.0


def box_rects(scene: Scene, overlay: Overlay, positions: FloatArray, box: Box) -> list[Box]:
    """Return the box of each channel inside a box of the canvas; at the bottom there is room for the scale bars."""
    r = scene.ratio
    left, top, right, bottom = box[0], box[1], box[2], box[3] - _BAR_ROOM * r
    width, height = max(right - left, 1.0), max(bottom - top, 1.0)
    layout = place_boxes(positions[list(overlay.channel_ids)], width / height)
    half_x, half_y = layout.size[0] * width / 2 - _GAP * r, layout.size[1] * height / 2 - _GAP * r / 2
    half_x, half_y = max(half_x, 1.0), max(half_y, 1.0)
    x, y = left + layout.centers[:, 0] * width, bottom - layout.centers[:, 1] * height
    return list(zip(x - half_x, y - half_y, x + half_x, y + half_y, strict=True))


def add_templates(picture: Picture, overlay: Overlay, colors: FloatArray, widths: Sequence[float]) -> None:
    """Add the curves, the last cluster first, so that the first one lies on top; widths : of each, logical px."""
    n_samples = overlay.data.shape[1]
    x = np.linspace(0, 1, n_samples)
    panels = FIRST + np.arange(len(overlay.channel_ids))
    for row in range(len(colors))[::-1]:
        waves = overlay.data[row].T
        there = np.isfinite(waves).any(axis=1)
        if there.any():
            picture.lines(x, waves[there], color=colors[row], panel=panels[there], width=widths[row])


def draw_boxes(scene: Scene, overlay: Overlay, labels: Sequence[str], sample_rate: float) -> None:
    """Add zero lines, the names of the channels where there is room, and bars of a round time and amplitude."""
    r, theme, ink = scene.ratio, scene.theme, scene.over
    n = len(overlay.channel_ids)
    rects = scene.panels.rects[FIRST : FIRST + n].astype(np.float64)
    line = max(1.0, round(r))
    zero = np.round(scene.panels.transforms()[FIRST : FIRST + n, 3])
    seen = (zero > rects[:, 1]) & (zero < rects[:, 3])
    scene.under.rects(np.stack([rects[:, 0], zero, rects[:, 2], zero + line], 1)[seen], theme.rgba("dim", 0.35))
    for label, at, (left, top, right, bottom) in zip(labels, zero, rects.tolist(), strict=True):
        # On the side of the zero line that has more room, where a curve has not begun to swing.
        below = at < (top + bottom) / 2
        room = bottom - at if below else at - top
        if ink.text_width(label) <= 0.3 * (right - left) and ink.cap_height + 8 * r <= room:
            y = min(at + 6 * r, bottom - ink.cap_height - 2 * r) if below else max(at - 6 * r, top + ink.cap_height)
            ink.text(label, left, y, anchor="lt" if below else "lb", color=theme.rgba("dim"))
    _draw_bars(scene, rects, overlay.data.shape[1] / sample_rate * 1e3)


def _draw_bars(scene: Scene, rects: FloatArray, length_ms: float) -> None:
    """A bar of time below the lowest box, and one of amplitude beside it, with their numbers in one line."""
    r, ink, dim = scene.ratio, scene.over, scene.theme.rgba("dim")
    x0, x1, y0, y1 = scene.panels.ranges()[FIRST]
    width, height = rects[0, 2] - rects[0, 0], rects[0, 3] - rects[0, 1]
    left, bottom = float(rects[:, 0].min()), float(rects[:, 3].max()) + _BAR_ROOM * r - 2 * r
    right, thick = float(rects[:, 2].max()), max(1.0, round(1.5 * r))
    shown_ms = float(x1 - x0) * length_ms
    time_ms = round_length(min(shown_ms, max(shown_ms * min(0.5 * width, 50 * r) / max(width, 1.0), 1e-6)))
    amplitude = round_length(max(float(y1 - y0) * min(height, 14 * r) / max(height, 1.0), 1e-9))
    across, up = time_ms / shown_ms * width, amplitude / float(y1 - y0) * height
    ink.rects([(left, bottom - thick, left + across, bottom), (left, bottom - up, left + thick, bottom)], dim)
    text = f"{number(time_ms)} ms, {number(amplitude)} raw"
    if left + across + 6 * r + ink.text_width(text) <= right + 6 * r:
        ink.text(text, left + across + 6 * r, bottom - 2 * r, anchor="lb", color=dim)
