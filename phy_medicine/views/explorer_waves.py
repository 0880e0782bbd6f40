"""The picked spike on its contacts: raw and denoised waveforms, and where each method puts it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.localize.settings import CENTRE, MONOPOLAR
from phy_medicine.session.explored_spikes import ExploredSpike
from phy_medicine.views.axes import Axes
from phy_medicine.views.explorer_layout import WAVES_PANEL
from phy_medicine.views.explorer_marks import (
    ANCHOR,
    DENOISED,
    PEAK,
    RAW,
    SIZE,
    Entry,
    color_of,
    draw_legend,
    draw_mark,
    legend_rows,
    name_of,
    row_height,
)
from phy_medicine.views.layout import Box
from phy_medicine.views.scene import Scene, wrap

# Of the distance between contacts: a waveform in x, and the largest of a spike in depth.
_WIDE, _HIGH = 0.85, 1.4
_MARGIN_UM = 6.0
_LEGEND_SHARE = 0.42
_ORDER = (PEAK, CENTRE, MONOPOLAR)


@dataclass(frozen=True, slots=True)
class Courses:
    """Waveforms laid out on the probe, (n_contacts, n_samples) float64, µm."""

    x: FloatArray
    raw: FloatArray
    denoised: FloatArray | None

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, right, lowest and highest of the raw ones."""
        return float(self.x.min()), float(self.x.max()), float(self.raw.min()), float(self.raw.max())


def courses(spike: ExploredSpike, contacts_um: FloatArray) -> Courses | None:
    """Lay the waveforms of a spike out at their contacts; None without waveforms."""
    used = spike.channel_ids >= 0
    if spike.raw is None or not used.any():
        return None
    at = contacts_um[spike.channel_ids[used]]
    n_samples = spike.raw.shape[1]
    wide, high = _WIDE * pitch(at[:, 0]), _HIGH * pitch(at[:, 1]) / (spike.amplitude or 1.0)
    times = wide * (np.arange(n_samples) - spike.before) / n_samples
    denoised = None if spike.denoised is None else at[:, 1:] + high * spike.denoised[used]
    return Courses(at[:, :1] + times, at[:, 1:] + high * spike.raw[used], denoised)


def pitch(values: FloatArray, otherwise: float = 20.0) -> float:
    """Return the smallest distance of more than 1 µm between coordinates of contacts."""
    steps = np.diff(np.unique(np.round(values, 1)))
    steps = steps[steps > 1]
    return float(steps.min()) if len(steps) else otherwise


def methods_of(spike: ExploredSpike) -> list[str]:
    """Return the methods that put the spike somewhere, in the order in which they are drawn: networks on top."""
    found = [name for name, um in spike.um.items() if np.isfinite(um).all()]
    return sorted(found, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))


def home(spike: ExploredSpike, contacts_um: FloatArray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return what the panel shows in x and depth: all contacts, waveforms and marks that are not far away."""
    at = contacts_um[spike.channel_ids[spike.channel_ids >= 0]]
    laid = courses(spike, contacts_um)
    boxes = [(at[:, 0].min(), at[:, 0].max(), at[:, 1].min(), at[:, 1].max())] if len(at) else []
    boxes += [laid.box] if laid is not None else []
    reach = 2 * pitch(at[:, 1]) if len(at) else 20.0
    for um in spike.um.values():
        if np.isfinite(um).all() and (not len(at) or np.hypot(*(at - um[:2]).T).min() < reach):
            boxes.append((um[0], um[0], um[1], um[1]))
    if not boxes:
        return (0.0, 1.0), (0.0, 1.0)
    x0, x1, y0, y1 = (f(edge) for f, edge in zip((min, max, min, max), zip(*boxes, strict=True), strict=True))
    return (float(x0) - _MARGIN_UM, float(x1) + _MARGIN_UM), (float(y0) - _MARGIN_UM, float(y1) + _MARGIN_UM)


def legend_of(spike: ExploredSpike) -> list[Entry]:
    """Return what the marks and curves are."""
    curves = [] if spike.raw is None else [Entry(RAW, "raw")]
    curves += [] if spike.denoised is None else [Entry(DENOISED, "temporal PCA")]
    methods = [Entry(name, name_of(name)) for name in reversed(methods_of(spike))]
    anchor = [Entry(ANCHOR, "anchor")] if np.isfinite(spike.anchor_um).all() else []
    return curves + methods + anchor


def place(scene: Scene, spike: ExploredSpike | None, box: Box) -> Box:
    """Return the rectangle of the panel in the box of the part: below the legend, right of the numbers."""
    left, top, right, bottom = box
    legend = _legend_height(scene, spike, box)
    margins = Axes("x", "y").margins(scene.over, scene.panels.ranges()[WAVES_PANEL : WAVES_PANEL + 1, 2:],
                                     bottom - top - legend, scene.ratio)  # fmt: skip
    return left + margins[0], top + legend + margins[1], right - margins[2], bottom - margins[3]


def _legend_height(scene: Scene, spike: ExploredSpike | None, box: Box) -> float:
    if spike is None:
        return 0.0
    height = len(legend_rows(scene, legend_of(spike), box[2] - box[0])) * row_height(scene)
    return height if height <= _LEGEND_SHARE * (box[3] - box[1]) else 0.0


def decorate(scene: Scene, spike: ExploredSpike | None, box: Box) -> None:
    """Add axes, legend and marks, or say what there is to do or what is missing."""
    if spike is None:
        say(scene, "Click a spike in a panel.", box)
        return
    if _legend_height(scene, spike, box):
        draw_legend(scene, legend_rows(scene, legend_of(spike), box[2] - box[0]), box)
    scene.draw_axes(WAVES_PANEL, Axes("x (µm)", "Depth (µm)"))
    rect = tuple(float(edge) for edge in scene.panels.rects[WAVES_PANEL])
    if spike.missing:
        middle = (rect[1] + rect[3]) / 2
        say(scene, spike.missing, (rect[0], middle, rect[2], rect[3]))
    if np.isfinite(spike.anchor_um).all():
        _mark(scene, ANCHOR, spike.anchor_um)
    for name in methods_of(spike):
        _mark(scene, name, spike.um[name])


def _mark(scene: Scene, key: str, um: FloatArray) -> None:
    x, y = (float(v) for v in scene.panels.to_pixels(WAVES_PANEL, float(um[0]), float(um[1])))
    left, top, right, bottom = scene.panels.rects[WAVES_PANEL]
    if left <= x < right and top <= y < bottom:
        draw_mark(scene.over, key, (x, y), SIZE * scene.ratio, scene.theme)


def say(scene: Scene, text: str, box: Box) -> None:
    """Write a sentence in the middle of a box, as far as it fits."""
    left, top, right, bottom = box
    ink, step = scene.over, round(1.5 * scene.theme.font_px * scene.ratio)
    lines = wrap(text, lambda words: ink.text_width(words) <= right - left - 12 * scene.ratio)
    if len(lines) * step > bottom - top or max(map(ink.text_width, lines)) > right - left:
        return
    y = (top + bottom) / 2 - step * (len(lines) - 1) / 2
    for i, line in enumerate(lines):
        ink.text(line, (left + right) / 2, y + i * step, anchor="cm", color=scene.theme.rgba("dim"))


def add_lines(scene: Scene, spike: ExploredSpike | None, contacts_um: FloatArray) -> None:
    """Add the waveforms to the picture of a scene."""
    laid = None if spike is None else courses(spike, contacts_um)
    if laid is None:
        return
    for key, y, width in ((RAW, laid.raw, 1.0), (DENOISED, laid.denoised, 1.6)):
        if y is not None:
            panel = np.full(len(y), WAVES_PANEL)
            scene.picture.lines(laid.x, y, color=color_of(key, scene.theme), panel=panel, width=width)
