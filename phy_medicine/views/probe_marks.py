"""What surrounds the contacts of a probe: shanks, labels, a scale bar, shortened gaps, and the frame of a region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.axes import format_number
from phy_medicine.views.probe_block import Probe
from phy_medicine.views.probe_shape import Break, Shank, clipped
from phy_medicine.views.scene import Scene
from phy_medicine.views.theme import RGBA
from phy_medicine.views.trace_marks import bar_value
from phy_medicine.views.waveform_marks import overlaps

_BAR = 70.0  # length of the scale bar, logical px
_LEAST_CONTACT = 3.0  # logical px


def draw_shanks(scene: Scene, panel: int, shanks: Sequence[Shank]) -> None:
    """Fill and outline the shanks."""
    theme, rect = scene.theme, scene.panels.rects[panel].astype(np.float64)
    for shank in shanks:
        x, y = scene.panels.to_pixels(panel, shank.outline[:, 0], shank.outline[:, 1])
        inside = clipped(np.stack([x, y], 1), rect)
        if len(inside) >= 3:
            scene.under.polygon(inside, theme.rgba("panel"))
        ring = np.vstack([shank.outline, shank.outline[:1]])
        scene.picture.lines(ring[None, :, 0], ring[None, :, 1], color=theme.rgba("dim", 0.7), panel=panel)


def draw_contacts(scene: Scene, probe: Probe) -> bool:
    """Draw the contacts in the first panel as they are; False if their shapes are not known, or too small."""
    contacts = probe.contacts
    scale = abs(float(scene.panels.transforms()[0, 0]))
    if contacts is None or float(np.median(contacts.size_um)) * scale < _LEAST_CONTACT * scene.ratio:
        return False
    # Larger than a disc, and still behind the clusters.
    color = scene.theme.rgba("background_spikes", 0.6)
    x, y = scene.panels.to_pixels(0, *probe.positions.T)
    half = contacts.size_um / 2 * scale
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    boxes = np.stack([x - half[:, 0], y - half[:, 1], x + half[:, 0], y + half[:, 1]], axis=1)[~contacts.round]
    boxes = np.clip(boxes, (left, top, left, top), (right, bottom, right, bottom))
    scene.under.rects(boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])], color)
    for size in np.unique(contacts.size_um[contacts.round, 0]):
        some = probe.positions[contacts.round & (contacts.size_um[:, 0] == size)]
        scene.picture.points(*some.T, color=color, size=float(size) * scale / scene.ratio)
    return True


def draw_breaks(scene: Scene, breaks: Sequence[Break], span_um: FloatArray) -> None:
    """Draw a dashed line in each shortened gap of the first panel, and its true width where there is room.

    span_um : (2,) lower and upper end of the shanks
    """
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    ratio, dim = scene.ratio, scene.theme.rgba("dim")
    dash, line = 4 * ratio, max(1.0, round(ratio))
    for gap in breaks:
        (x0, x1), (low, high) = scene.panels.to_pixels(0, np.array([gap.left, gap.right]), span_um)
        x = round(float(x0 + x1) / 2)
        if not left < x < right - line:
            continue
        start = max(top + scene.over.cap_height + 8 * ratio, min(float(high), bottom))
        starts = np.arange(start, min(float(low), bottom) - dash, 2 * dash)
        edges = [np.full(len(starts), x), starts, np.full(len(starts), x + line), starts + dash]
        scene.under.rects(np.stack(edges, 1), scene.theme.rgba("dim", 0.5))
        text = f"{format_number(gap.gap_um)} µm"
        half = scene.over.text_width(text) / 2
        if 2 * half <= x1 - x0 - 2 * ratio and left <= x - half and x + half <= right:
            scene.over.text(text, x, start - 5 * ratio, anchor="cb", color=dim)


def footer_height(scene: Scene) -> float:
    """Return the room that the scale bar needs below, px."""
    return scene.over.cap_height + 12 * scene.ratio


def draw_footer(scene: Scene, note: str) -> None:
    """Draw a bar of a round length below the first panel, and a note at the right where there is room."""
    left, _, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    ratio, over, dim = scene.ratio, scene.over, scene.theme.rgba("dim")
    scale = float(scene.panels.transforms()[0, 0])
    value = bar_value(scale, min(_BAR * ratio, 0.5 * (right - left)))
    line, y = max(1.0, round(1.5 * ratio)), round(bottom + footer_height(scene) / 2 + 2 * ratio)
    end, tick = left + value * scale, 3 * ratio
    ends = [(left, y - tick, left + line, y + tick + line), (end - line, y - tick, end, y + tick + line)]
    over.rects([(left, y, end, y + line), *ends], dim)
    text = f"{value:,g} µm"
    over.text(text, end + 6 * ratio, y + line / 2, anchor="lm", color=dim)
    stop = end + 6 * ratio + over.text_width(text)
    if note and stop + 10 * ratio + over.text_width(note) <= right:
        over.text(note, right, y + line / 2, anchor="rm", color=dim)


def mark_region(scene: Scene, overview: int) -> None:
    """Frame in the overview what the first panel shows."""
    x0, x1, y0, y1 = scene.panels.ranges()[0]
    x, y = scene.panels.to_pixels(overview, np.array([x0, x1]), np.array([y1, y0]))
    left, top, right, bottom = scene.panels.rects[overview]
    x, y = np.clip(x, left, right), np.clip(y, top, bottom)
    least = 4 * scene.ratio
    if y[1] - y[0] < least:
        y = np.clip((y.mean() - least / 2, y.mean() + least / 2), top, bottom)
    box, accent = [(x[0], y[0], x[1], y[1])], scene.theme.rgba("accent")
    scene.under.rects(box, scene.theme.rgba("accent", 0.18))
    scene.over.frames(box, accent, width=max(1.0, round(scene.ratio)))


class Labels:
    """Writes labels beside contacts of the first panel, none over another or over what is taken; taken : (n, 4) px."""

    def __init__(self, scene: Scene, taken: FloatArray) -> None:
        self._scene = scene
        self._taken = taken
        self._labels: list[FloatArray] = []

    def write(self, text: str, x: float, y: float) -> None:
        """Write a quiet label that starts at a place, if there is room."""
        place = self._place(text, x, y)
        if self._free(place):
            # A ring under the text would make it another number.
            self._scene.over.rects([tuple(place.tolist())], self._scene.theme.rgba("panel", 0.75))
            self._write(text, place, self._scene.theme.rgba("dim"))

    def write_peak(self, text: str, sides: tuple[float, float], y: float, edges: tuple[float, float]) -> None:
        """Write the label of a peak beside it, at the left or the right, else at an edge of the shank with a line.

        sides : where the contact and its discs begin and end, px; edges : of its shank, px; of the free places the one
        whose line crosses the fewest discs is taken, and of these the nearest
        """
        ratio, width = self._scene.ratio, self._scene.over.text_width(text)
        gap = 6 * ratio
        starts = [sides[1] + gap, sides[0] - gap - width]
        for aside in (0, 8, 16):  # discs side by side may reach over the edge of a narrow shank
            starts += [edges[1] + 4 * ratio + aside * ratio, edges[0] - 4 * ratio - aside * ratio - width]
        tries = []
        for start in starts:
            place = self._place(text, start, y)
            if self._free(place):
                line = self._line(place, sides, y)
                tries.append((self._crossed(line, y), max(line[1] - line[0], 0.0), start, place, line))
        if tries:
            _, length, _, place, line = min(tries, key=lambda found: found[:3])
            self._write(text, place, self._scene.theme.rgba("text"))
            if length > 2 * ratio:
                color = self._scene.theme.rgba("text", 0.7)
                self._scene.over.segments([(line[0], y, line[1], y)], color, width=max(1.0, round(ratio)))

    def _place(self, text: str, start: float, y: float) -> FloatArray:
        half = self._scene.over.cap_height / 2 + 2 * self._scene.ratio
        return np.array([start - 1, y - half, start + self._scene.over.text_width(text) + 1, y + half])

    def _free(self, place: FloatArray) -> bool:
        left, _, right, _ = self._scene.panels.rects[0]
        return bool(place[0] >= left and place[2] <= right and not overlaps(place, self._taken))

    def _line(self, place: FloatArray, sides: tuple[float, float], y: float) -> tuple[float, float]:
        """Return the ends of the line from a peak to its label; it starts behind a label of the same row."""
        gap, row = 3 * self._scene.ratio, [p for p in self._labels if p[1] < y < p[3]]
        if place[0] > sides[1]:
            passed = [float(p[2]) for p in row if sides[1] <= p[0] < place[0]]
            return max([sides[1], *passed]) + gap, float(place[0]) - gap
        passed = [float(p[0]) for p in row if place[2] <= p[2] <= sides[0]]
        return float(place[2]) + gap, min([sides[0], *passed]) - gap

    def _crossed(self, line: tuple[float, float], y: float) -> int:
        t = self._taken
        return int(((t[:, 0] < line[1]) & (t[:, 2] > line[0]) & (t[:, 1] < y) & (t[:, 3] > y)).sum())

    def _write(self, text: str, place: FloatArray, color: RGBA) -> None:
        self._scene.over.text(text, place[0] + 1, (place[1] + place[3]) / 2, anchor="lm", color=color)
        self._taken = np.vstack([self._taken, place])
        self._labels.append(place)
