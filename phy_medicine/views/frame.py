"""A view as pixels without GL and without a canvas: for notebooks, on machines that have no display.

Shapes fill the pixels that GL fills, text is made of the same glyphs, and data are drawn by the compiled kernels, as on
the screen where OpenGL is done in software.
"""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views import _kernels_raster as kernels
from phy_medicine.views import compiled
from phy_medicine.views.hover import Hover
from phy_medicine.views.ink import Ink, Line
from phy_medicine.views.items import Frame, palette
from phy_medicine.views.scene import Scene
from phy_medicine.views.text import atlas

_SHARES = {"l": 0.0, "c": 0.5, "r": 1.0}


def frame(scene: Scene, hover: Hover | None = None) -> AnyArray:
    """Return a scene that is settled as (h, w, 3) uint8; hover : words at the pointer, drawn over it."""
    width, height = scene.size
    compiled.warm_up()
    words = np.empty((height, width), dtype=np.uint32)
    words[:] = np.array([*palette(scene.theme.rgba("view"))[0]], dtype=np.uint8).view(np.uint32)
    pixels = words.view(np.uint8).reshape(height, width, 4)
    _draw_ink(words, scene.under)
    if not scene.message:
        for heat in scene.picture.heats():
            _draw_heat(pixels, scene, *heat)
        compiled.render(scene.picture.parts, Frame.of(scene.panels, (0, 0, width, height), scene.ratio), words)
    _draw_ink(words, scene.over)
    said = hover.ink(scene) if hover is not None else None
    if said is not None:
        _draw_ink(words, said)
    return np.ascontiguousarray(pixels[..., :3])


def _draw_ink(words: AnyArray, ink: Ink) -> None:
    corners, colors = ink.triangles()
    if len(corners):
        kernels.triangles(words, np.ascontiguousarray(corners, dtype=np.float32), palette(colors))
    pixels = words.view(np.uint8).reshape(*words.shape, 4)
    for line in ink.lines:
        _draw_line(pixels, line, ink.font_px)


def _draw_line(pixels: AnyArray, line: Line, font_px: int) -> None:
    """Write a line of text, on whole pixels."""
    glyphs = atlas(font_px)
    cover, column, row = glyphs.stamp(line.text)
    before = glyphs.width(line.text) * _SHARES[line.anchor]
    if line.rotated:
        cover = np.rot90(cover)
        left, top = round(line.x) - row, round(line.y + before) + column - cover.shape[0]
    else:
        left, top = round(line.x - before) - column, round(line.y) - row
    alpha = cover[..., None] * np.float32(line.color[3] / 255)
    _blend(pixels, left, top, alpha * np.float32([*line.color[:3]]) * 255, alpha)


def _draw_heat(
    pixels: AnyArray, scene: Scene, panel: int, cells: AnyArray, box: tuple[float, float, float, float]
) -> None:
    """Draw an image under the data: each pixel of the frame shows the cell under its middle."""
    x0, x1, y0, y1 = box
    (a, c), (b, d) = scene.panels.to_pixels(panel, np.array([x0, x1]), np.array([y1, y0]))
    clip = np.clip(scene.panels.rects[panel], 0, np.tile(scene.size, 2))
    columns, left = _cells_under((float(a), float(c)), (int(clip[0]), int(clip[2])), cells.shape[1])
    rows, top = _cells_under((float(b), float(d)), (int(clip[1]), int(clip[3])), cells.shape[0])
    image = cells[rows[:, None], columns]
    if (image[..., 3] == 255).all():
        pixels[top : top + len(rows), left : left + len(columns)] = image
    else:
        _blend(pixels, left, top, image[..., :3].astype(np.float32), image[..., 3:] / np.float32(255))


def _cells_under(span: tuple[float, float], limits: tuple[int, int], n: int) -> tuple[IntArray, int]:
    """Return the cell under the middle of each pixel of a span that lies in the limits, and the first pixel."""
    first, last = max(int(np.ceil(span[0] - 0.5)), limits[0]), min(int(np.ceil(span[1] - 0.5)), limits[1])
    places = (np.arange(first, last) + 0.5 - span[0]) / max(span[1] - span[0], 1e-9) * n
    return np.clip(np.floor(places).astype(np.int64), 0, n - 1), first


def _blend(pixels: AnyArray, left: int, top: int, premultiplied: FloatArray, alpha: FloatArray) -> None:
    """Lay an image over the frame, cut to it; premultiplied : (h, w, 3) 0..255; alpha : (h, w, 1) 0..1."""
    height, width = premultiplied.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, pixels.shape[1]), min(top + height, pixels.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    under = pixels[y0:y1, x0:x1, :3]
    under[:] = np.rint(premultiplied[part] + under * (1 - alpha[part]))
