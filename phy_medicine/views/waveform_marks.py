"""What stands around the curves of the waveform view: zero lines with ticks, channel labels, gaps and scale bars."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.views.axes import format_number
from phy_medicine.views.scene import Scene
from phy_medicine.views.waveform_layout import Break

# Space between a label and the curves on both sides of it, logical px.
_LABEL_GAP = 5
# Time between two ticks of a zero line.
_TICK_MS = 1.0


def zero_lines(scene: Scene, boxes: IntArray, spans: FloatArray, times_ms: tuple[float, float]) -> None:
    """Draw the zero of each curve, with a tick every millisecond, a longer one at the spike.

    boxes : (n,) int, panel of each line; spans : (n, 2) start and end, data units of x; times_ms : what these stand for
    """
    ratio = scene.ratio
    line, tick = max(1.0, round(ratio)), 3.0 * ratio
    scale, _, shift, zero = scene.panels.transforms()[boxes].T
    y = np.round(zero)
    left, right = spans.T * scale + shift
    color = scene.theme.rgba("dim", 0.45)
    scene.under.rects(_inside(scene, np.stack([left, y, right, y + line], 1)), color)
    times = np.arange(math.ceil(times_ms[0] / _TICK_MS - 1e-9), times_ms[1] / _TICK_MS + 1e-9) * _TICK_MS
    parts = (times - times_ms[0]) / (times_ms[1] - times_ms[0])
    x = np.round(left[:, None] + (right - left)[:, None] * parts).ravel()
    y, tick = np.repeat(y, len(parts)), np.tile(np.where(times == 0, 2 * tick, tick), len(y))
    if len(parts) and (right - left).max(initial=0) > 6 * ratio * len(parts):
        scene.under.rects(_inside(scene, np.stack([x, y - tick, x + line, y + tick + line], 1)), color)


def _inside(scene: Scene, rects: FloatArray) -> FloatArray:
    """Return what lies in the first panel of rectangles (n, 4)."""
    left, top, right, bottom = scene.panels.rects[0]
    clipped = np.clip(rects, [left, top, left, top], [right, bottom, right, bottom])
    return np.asarray(clipped[(clipped[:, 2] > clipped[:, 0]) & (clipped[:, 3] > clipped[:, 1])])


def gutter_width(scene: Scene, labels: Sequence[str], box_width: float) -> float:
    """Return the room for labels at the left of every box, px; 0 where they would take too much of it."""
    widest = max((scene.over.text_width(text) for text in labels), default=0) + 2 * _LABEL_GAP * scene.ratio
    return widest if labels and widest <= 0.4 * box_width else 0.0


def channel_labels(scene: Scene, labels: Sequence[str], strong: BoolArray, taken: FloatArray) -> None:
    """Write the labels at the left of the zero lines, the strong ones first, and none over another.

    taken : (n, 4) rectangles of other text
    """
    _, _, shift, zero = scene.panels.transforms().T
    half = scene.over.cap_height / 2 + 2 * scene.ratio
    bounds = scene.panels.rects[0]
    right = shift - _LABEL_GAP * scene.ratio
    # The line of a box at the edge may be nearer to it than half of a label.
    low, high = bounds[1] + half, bounds[3] - half
    middle = np.where(np.abs(zero - np.clip(zero, low, high)) <= half, np.clip(zero, low, high), zero)
    for i in np.argsort(~strong, kind="stable"):
        width = scene.over.text_width(labels[i])
        box = np.array([right[i] - width, middle[i] - half, right[i], middle[i] + half])
        seen = box[0] >= bounds[0] and box[2] <= bounds[2] and box[1] >= bounds[1] and box[3] <= bounds[3]
        if not seen or overlaps(box, taken):
            continue
        taken = np.vstack([taken, box])
        color = scene.theme.rgba("text" if strong[i] else "dim")
        scene.over.text(labels[i], right[i], middle[i], anchor="rm", color=color)


def overlaps(box: FloatArray, others: FloatArray) -> bool:
    """Tell whether a rectangle (4,) covers part of any of (n, 4)."""
    apart = (others[:, 0] >= box[2]) | (others[:, 2] <= box[0]) | (others[:, 1] >= box[3]) | (others[:, 3] <= box[1])
    return not bool(apart.all())


def gaps(scene: Scene, breaks: Sequence[Break], spread: tuple[float, float]) -> FloatArray:
    """Draw a dashed line, with the length left out, where the probe was shortened; return where text is, (n, 4).

    spread : scaling of the probe in x and y
    """
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    x0, x1, y0, y1 = scene.panels.home()[0]
    half = scene.over.cap_height / 2 + scene.ratio
    taken = []
    for gap in breaks:
        part = 0.5 + (gap.at - 0.5) * spread[1 if gap.vertical else 0]
        x, y = scene.panels.to_pixels(0, x0 + part * (x1 - x0), y0 + part * (y1 - y0))
        label = f"{format_number(gap.gap_um)} µm"
        if gap.vertical and top < y < bottom:
            room = scene.over.text_width(label) + 10 * scene.ratio
            _dashes(scene, (left, right - room), float(y), horizontal=True)
            scene.over.text(label, right - 2 * scene.ratio, float(y), anchor="rm", color=scene.theme.rgba("dim"))
            taken.append((right - room, y - half, right, y + half))
        elif not gap.vertical and left < x < right:
            _dashes(scene, (top, bottom), float(x), horizontal=False)
    return np.array(taken, dtype=np.float64).reshape(-1, 4)


def _dashes(scene: Scene, span: tuple[float, float], at: float, *, horizontal: bool) -> None:
    dash, line = 4 * scene.ratio, max(1.0, round(scene.ratio))
    starts = np.arange(span[0], span[1] - dash, 2 * dash)
    stops, at = starts + dash, round(at)
    low, high = np.full(len(starts), at), np.full(len(starts), at + line)
    rects = [starts, low, stops, high] if horizontal else [low, starts, high, stops]
    scene.under.rects(np.stack(rects, 1), scene.theme.rgba("dim", 0.5))


def round_length(most: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20, 50, ... that is not above `most`."""
    decade = 10.0 ** math.floor(math.log10(most))
    return max(step * decade for step in (1.0, 2.0, 5.0) if step * decade <= most * (1 + 1e-9))


def scale_bars(scene: Scene, px_by_ms: float, px_by_unit: float, strip_ms: float, unit: str) -> None:
    """Draw bars of round lengths with numbers in the lower left corner, outside of the first panel.

    strip_ms : length of a curve, which the bar of time does not exceed; unit : name of that of amplitudes
    """
    ratio, over = scene.ratio, scene.over
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    line, color = max(1.0, round(1.5 * ratio)), scene.theme.rgba("dim")
    x, y = left - 4 * ratio, bottom + 4 * ratio
    time = round_length(min(max(min(70 * ratio, 0.3 * (right - left)), 1) / px_by_ms, strip_ms))
    amplitude = round_length(max(min(60 * ratio, 0.3 * (bottom - top)), 1) / px_by_unit)
    width, height = time * px_by_ms, amplitude * px_by_unit
    over.rects([(x, y, x + width, y + line), (x, y - height, x + line, y + line)], color)
    text = f"{number(time)} ms" if time >= 0.1 else f"{number(1e3 * time)} µs"
    over.text(text, x + width + 5 * ratio, y + line / 2, anchor="lm", color=color)
    text = f"{number(amplitude)} {unit}"
    half = over.text_width(text) / 2
    middle = min(y - height / 2, y + 14 * ratio - half)
    over.text(text, x - 5 * ratio, middle, anchor="cb", color=color, rotated=True)


def number(value: float) -> str:
    """Return a round number without decimals that say nothing."""
    return format_number(value, max(0, -math.floor(math.log10(value) + 1e-9)))


def significant(value: float) -> str:
    """Return a number with three significant digits, or more where it has more before the point."""
    return format_number(value, max(0, 2 - math.floor(math.log10(abs(value)))) if abs(value) > 1e-9 else 0)
