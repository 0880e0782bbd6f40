"""The picked spike in space: its anchor at the origin, waveforms flat on the probe, estimates at their distance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.localize.settings import CENTRE, MONOPOLAR
from phy_medicine.session.explored_spikes import ExploredSpike
from phy_medicine.views.explorer_layout import FRAME_PANEL, ExplorerPanels
from phy_medicine.views.explorer_marks import ANCHOR, DENOISED, PEAK, RAW, SIZE, color_of, draw_diamond, draw_mark
from phy_medicine.views.explorer_waves import courses, methods_of
from phy_medicine.views.scene import Scene
from phy_medicine.views.theme import RGBA
from phy_medicine.views.waveform_marks import number, overlaps, round_length

# Part of the half of the panel that the farthest point reaches.
_FILLED = 1.0
_FLOOR_UM = 8.0
_AXIS_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class Camera:
    """How points in space, µm, become pixels: turned around z, tilted, parallel.

    center_um : (3,), in the middle of the panel; scale : px by µm
    """

    center_um: FloatArray
    middle: tuple[float, float]
    scale: float
    azimuth_rad: float
    elevation_rad: float

    def place(self, um: FloatArray) -> FloatArray:
        """Return pixels, (..., 2) float64, of points (..., 3)."""
        x, y, z = np.moveaxis(np.asarray(um, dtype=np.float64) - self.center_um, -1, 0)
        cos_a, sin_a = math.cos(self.azimuth_rad), math.sin(self.azimuth_rad)
        cos_e, sin_e = math.cos(self.elevation_rad), math.sin(self.elevation_rad)
        right, away = x * cos_a - y * sin_a, x * sin_a + y * cos_a
        up = away * sin_e + z * cos_e
        return np.stack([self.middle[0] + self.scale * right, self.middle[1] - self.scale * up], axis=-1)


@dataclass(frozen=True, slots=True)
class Space:
    """What stands in the frame, µm from the anchor.

    lines : curve -> (n_contacts, n_samples, 3); points : method -> (3,); floor : (2, 2) corners of the plane z = 0
    """

    lines: dict[str, FloatArray]
    points: dict[str, FloatArray]
    floor: FloatArray

    def camera(self, panels: ExplorerPanels) -> Camera:
        """Return the camera that shows all of it, however it is turned."""
        (x0, y0), (x1, y1) = self.floor
        corners = [np.array([(x0, y0, 0), (x1, y0, 0), (x0, y1, 0), (x1, y1, 0)], dtype=np.float64)]
        every = np.concatenate(corners + [point[None] for point in self.points.values()])
        center = (every.min(axis=0) + every.max(axis=0)) / 2
        radius = max(float(np.linalg.norm(every - center, axis=1).max()), 1.0)
        left, top, right, bottom = (float(edge) for edge in panels.rects[FRAME_PANEL])
        scale = _FILLED * min(right - left, bottom - top) / 2 / radius * panels.magnification
        azimuth, elevation = (math.radians(angle) for angle in panels.angles_deg)
        return Camera(center, ((left + right) / 2, (top + bottom) / 2), scale, azimuth, elevation)


def space_of(spike: ExploredSpike, contacts_um: FloatArray) -> Space | None:
    """Return what is known of a spike as seen from its anchor; None without an anchor."""
    if not np.isfinite(spike.anchor_um).all():
        return None
    laid, lines = courses(spike, contacts_um), {}
    if laid is not None:
        for key, y in ((RAW, laid.raw), (DENOISED, laid.denoised)):
            if y is not None:
                x = laid.x - spike.anchor_um[0]
                lines[key] = np.stack([x, y - spike.anchor_um[1], np.zeros_like(x)], axis=-1)
    origin = np.array([*spike.anchor_um, 0.0])
    points = {name: spike.um[name] - origin for name in methods_of(spike)}
    at = contacts_um[spike.channel_ids[spike.channel_ids >= 0]] - spike.anchor_um
    reach = [at, *(line[..., :2].reshape(-1, 2) for line in lines.values())]
    every = np.concatenate(reach)
    floor = np.stack([every.min(axis=0) - _FLOOR_UM, every.max(axis=0) + _FLOOR_UM])
    return Space(lines, points, floor)


def decorate(scene: Scene, panels: ExplorerPanels, space: Space | None, strength: RGBA) -> None:
    """Add the frame of a spike; strength : the colour of its own."""
    if space is None:
        return
    camera, theme, r = space.camera(panels), scene.theme, scene.ratio
    (x0, y0), (x1, y1) = space.floor
    corners = np.array([(x0, y0, 0), (x1, y0, 0), (x1, y1, 0), (x0, y1, 0), (x0, y0, 0)])
    _path(scene, camera.place(corners), theme.rgba("dim", 0.5), r)
    for key, lines in space.lines.items():
        for pixels in camera.place(lines):
            _path(scene, pixels, color_of(key, theme), (1.0 if key == RAW else 1.5) * r)
    _axes(scene, camera, space)
    _put(scene, ANCHOR, camera.place(np.zeros(3)))
    for name, at in space.points.items():
        foot, top = camera.place(np.array([at[0], at[1], 0.0])), camera.place(at)
        if name not in (PEAK, CENTRE):
            _dashes(scene, foot, top, color_of(name, theme))
        if name in (PEAK, CENTRE, MONOPOLAR):
            _put(scene, name, top)
        elif _inside(scene, top):
            rim = color_of(name, theme)
            draw_diamond(scene.over, (float(top[0]), float(top[1])), 1.2 * SIZE * r, strength, rim)


def _inside(scene: Scene, at: FloatArray) -> bool:
    left, top, right, bottom = scene.panels.rects[FRAME_PANEL]
    return bool(left <= at[0] < right and top <= at[1] < bottom)


def _put(scene: Scene, key: str, at: FloatArray) -> None:
    if _inside(scene, at):
        draw_mark(scene.over, key, (float(at[0]), float(at[1])), SIZE * scene.ratio, scene.theme)


def _path(scene: Scene, points: FloatArray, color: RGBA, width: float) -> None:
    ends = clipped(np.hstack([points[:-1], points[1:]]), scene.panels.rects[FRAME_PANEL].astype(np.float64))
    if len(ends):
        scene.over.segments(ends, color, width=width)


def _dashes(scene: Scene, start: FloatArray, stop: FloatArray, color: RGBA) -> None:
    length, dash = float(np.hypot(*(stop - start))), 4 * scene.ratio
    if length < dash:
        return
    at = np.arange(0.0, length, 2 * dash)
    along = (stop - start) / length
    ends = np.hstack([start + at[:, None] * along, start + np.minimum(at + dash, length)[:, None] * along])
    ends = clipped(ends, scene.panels.rects[FRAME_PANEL].astype(np.float64))
    if len(ends):
        scene.over.segments(ends, color, width=1.5 * scene.ratio)


def _axes(scene: Scene, camera: Camera, space: Space) -> None:
    """Add axes of round lengths from a corner of the plane, with their names where there is room."""
    (x0, y0), (x1, y1) = space.floor
    highest = max([float(point[2]) for point in space.points.values()] + [20.0])
    origin, color = np.array([x0, y0, 0.0]), scene.theme.rgba("dim")
    taken = np.zeros((0, 4))
    for axis, (name, room) in enumerate((("x", x1 - x0), ("depth", y1 - y0), ("z", highest))):
        length = round_length(max(room if axis == 2 else _AXIS_SHARE * room, 1.0))
        tip = origin + length * np.eye(3)[axis]
        ends = camera.place(np.stack([origin, tip]))
        _path(scene, ends, color, 2 * scene.ratio)
        taken = _label(scene, f"{name} {number(length)} µm", ends, taken)


def _label(scene: Scene, text: str, ends: FloatArray, taken: FloatArray) -> FloatArray:
    """Write the name of an axis beyond its tip unless it would lie over another; return all boxes of text."""
    ink, r = scene.over, scene.ratio
    along = ends[1] - ends[0]
    length = float(np.hypot(*along))
    if length < 12 * r:
        return taken
    half = np.array([ink.text_width(text) / 2 + 2 * r, ink.cap_height / 2 + 2 * r])
    middle = ends[1] + along / length * (half + 4 * r)
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[FRAME_PANEL])
    # The room under a letter is its tail's.
    if not (left + half[0] <= middle[0] <= right - half[0] and top + half[1] <= middle[1] <= bottom - 2 * half[1]):
        return taken
    box = np.concatenate([middle - half, middle + half + np.array([0, 3 * r])])
    if overlaps(box, taken):
        return taken
    ink.text(text, float(middle[0]), float(middle[1]), anchor="cm", color=scene.theme.rgba("dim"))
    return np.vstack([taken, box])


def clipped(ends: FloatArray, box: FloatArray) -> FloatArray:
    """Return the parts of straight lines inside a box, (m, 4).

    ends : (n, 4) x0, y0, x1, y1; box : (4,) left, top, right, bottom

    Source: Liang & Barsky 1984, ACM Trans. Graph. 3:1.
    """
    start, along = ends[:, :2], ends[:, 2:] - ends[:, :2]
    enter, leave = np.zeros(len(ends)), np.ones(len(ends))
    seen = np.ones(len(ends), dtype=bool)
    for axis in (0, 1):
        step, moves = along[:, axis], along[:, axis] != 0
        safe = np.where(moves, step, 1.0)
        first = (np.where(step > 0, box[axis], box[axis + 2]) - start[:, axis]) / safe
        last = (np.where(step > 0, box[axis + 2], box[axis]) - start[:, axis]) / safe
        enter, leave = np.where(moves, np.maximum(enter, first), enter), np.where(moves, np.minimum(leave, last), leave)
        seen &= moves | ((start[:, axis] >= box[axis]) & (start[:, axis] <= box[axis + 2]))
    kept = seen & (leave > enter)
    parts = [start[kept] + part[kept, None] * along[kept] for part in (enter, leave)]
    return np.hstack(parts)
