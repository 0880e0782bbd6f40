"""Shapes and text in canvas pixels, all in one draw call, in the order in which they were added.

ink = Ink()
ink.rects([(left, top, right, bottom)], color)
ink.segments([(x0, y0, x1, y1)], color, width=1.5)
ink.text("Time (s)", x, y, anchor="ct", color=theme.rgba("dim"))   # anchor: l c r along it, t m b across it
ink.text("Depth (µm)", x, y, anchor="cb", color=color, rotated=True)   # reads upwards
ink.draw(gpu)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from vispy import gloo

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.views.gpu import Gpu, make_texture
from phy_medicine.views.text import atlas
from phy_medicine.views.theme import RGBA

_TRIANGLES = np.array([0, 1, 2, 0, 2, 3])
_ALONG = {"l": 0.0, "c": 0.5, "r": 1.0}
_ACROSS = {"t": 1.0, "m": 0.5, "b": 0.0}


class Line(NamedTuple):
    """A line of text as it was asked for; x, y : pen on the baseline, px; anchor : l, c or r; rotated: upwards."""

    text: str
    x: float
    y: float
    anchor: str
    color: RGBA
    rotated: bool


class Ink:
    """Rectangles, straight lines, convex polygons and lines of text of one font size."""

    def __init__(self, font_px: int = 12) -> None:
        self._atlas = atlas(font_px)
        self._parts: list[tuple[FloatArray, FloatArray]] = []
        # Rectangles given one by one, which most are; made into one part when something else is added.
        self._boxes: list[Sequence[float]] = []
        self._box_colors: list[RGBA] = []
        self._glyphs: list[tuple[float, ...]] = []
        self._glyph_colors: list[RGBA] = []
        self.lines: list[Line] = []
        self._changed = True
        self._generation = -1
        self._texture: gloo.Texture2D | None = None
        self._texture_version = -1
        self._buffers: tuple[gloo.VertexBuffer, gloo.VertexBuffer] | None = None

    @property
    def cap_height(self) -> int:
        """Height of a capital letter, px."""
        return self._atlas.cap_height

    @property
    def font_px(self) -> int:
        """Size of the text, px."""
        return self._atlas.font_px

    def clear(self, font_px: int | None = None) -> None:
        """Forget everything, and perhaps change the size of the text."""
        self._parts.clear()
        self._boxes.clear()
        self._box_colors.clear()
        self._glyphs.clear()
        self._glyph_colors.clear()
        self.lines.clear()
        self._changed = True
        if font_px is not None and self._atlas is not atlas(font_px):
            self._atlas, self._texture_version = atlas(font_px), -1

    def text_width(self, text: str) -> int:
        """Return the width of a line of text, px."""
        return self._atlas.width(text)

    def rects(self, boxes: Sequence[Sequence[float]] | AnyArray, color: RGBA | AnyArray) -> None:
        """Add filled rectangles; boxes : (n, 4) left, top, right, bottom; color : (4,) or (n, 4) RGBA 0..1."""
        if isinstance(boxes, list) and isinstance(color, tuple):
            self._boxes += boxes
            self._box_colors += [color] * len(boxes)
            self._changed = True
        else:
            self._add_boxes(np.asarray(boxes, dtype=np.float32), color)

    def _add_boxes(self, boxes: AnyArray, color: RGBA | AnyArray) -> None:
        self._add_quads(boxes.reshape(-1, 4)[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2), color)

    def _settle(self) -> None:
        """Make the rectangles given one by one into one part."""
        if self._boxes:
            boxes = np.array(self._boxes, dtype=np.float32)
            colors = np.array(self._box_colors, dtype=np.float32)
            self._boxes.clear()
            self._box_colors.clear()
            self._add_boxes(boxes, colors)

    def frames(self, boxes: Sequence[Sequence[float]] | AnyArray, color: RGBA | AnyArray, *, width: float = 1) -> None:
        """Add the outlines of rectangles, `width` px thick, inside their edges."""
        b = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
        left, top, right, bottom = b.T
        sides = (
            (left, top, right, top + width),
            (left, bottom - width, right, bottom),
            (left, top + width, left + width, bottom - width),
            (right - width, top + width, right, bottom - width),
        )
        for side in sides:
            self.rects(np.stack(side, 1), color)

    def segments(
        self, ends: Sequence[Sequence[float]] | AnyArray, color: RGBA | AnyArray, *, width: float = 1.0
    ) -> None:
        """Add straight lines; ends : (n, 4) x0, y0, x1, y1; color : (4,) or (n, 4) RGBA 0..1."""
        e = np.asarray(ends, dtype=np.float32).reshape(-1, 4)
        along = e[:, 2:] - e[:, :2]
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
        across = np.stack([-along[:, 1], along[:, 0]], 1) / length * (width / 2)
        start, stop = e[:, :2], e[:, 2:]
        self._add_quads(np.stack([start - across, start + across, stop + across, stop - across], 1), color)

    def polygon(self, points: AnyArray, color: RGBA) -> None:
        """Add a filled convex polygon; points : (n, 2)."""
        p = np.asarray(points, dtype=np.float32)
        fan = np.stack([np.broadcast_to(p[0], (len(p) - 2, 2)), p[1:-1], p[2:]], 1).reshape(-1, 2)
        self._add(fan, np.broadcast_to(np.asarray(color, dtype=np.float32), (len(fan), 4)))

    def fans(self, points: AnyArray, colors: AnyArray) -> None:
        """Add filled convex polygons of as many corners each; points : (n, k, 2); colors : (n, 4) RGBA 0..1."""
        p = np.asarray(points, dtype=np.float32)
        n, k = p.shape[:2]
        first = np.broadcast_to(p[:, :1], (n, k - 2, 2))
        corners = np.stack([first, p[:, 1:-1], p[:, 2:]], axis=2).reshape(-1, 2)
        self._add(corners, np.repeat(np.asarray(colors, dtype=np.float32), 3 * (k - 2), axis=0))

    def text(self, text: str, x: float, y: float, *, color: RGBA, anchor: str = "lb", rotated: bool = False) -> None:
        """Add a line of text on whole pixels; the anchor, whose b is the baseline, turns with a rotated text."""
        along = -self.text_width(text) * _ALONG[anchor[0]]
        across = self.cap_height * _ACROSS[anchor[1]]
        if rotated:
            self.lines.append(Line(text, x + across, y, anchor[0], color, rotated))
            self._rotated_line(text, round(x + across), round(y - along), color)
        else:
            self.lines.append(Line(text, x, y + across, anchor[0], color, rotated))
            self._line(text, round(x + along), round(y + across), color)
        self._changed = True

    def _line(self, text: str, pen: int, baseline: int, color: RGBA) -> None:
        for character in text:
            g = self._atlas.glyph(character)
            if g.width:
                x, y, u, v, w, h = pen + g.left, baseline + g.top, g.u, g.v, g.width, g.height
                self._glyphs.append((x, y, u, v, x + w, y, u + w, v, x + w, y + h, u + w, v + h, x, y + h, u, v + h))
                self._glyph_colors.append(color)
            pen += g.advance

    def _rotated_line(self, text: str, baseline: int, pen: int, color: RGBA) -> None:
        for character in text:
            g = self._atlas.glyph(character)
            if g.width:
                x, y, u, v, w, h = baseline + g.top, pen - g.left, g.u, g.v, g.width, g.height
                self._glyphs.append((x, y, u, v, x, y - w, u + w, v, x + h, y - w, u + w, v + h, x + h, y, u, v + h))
                self._glyph_colors.append(color)
            pen -= g.advance

    def _add_quads(self, corners: FloatArray, color: RGBA | AnyArray) -> None:
        colors = np.broadcast_to(np.asarray(color, dtype=np.float32), (len(corners), 4))
        self._add(corners[:, _TRIANGLES].reshape(-1, 2), np.repeat(colors, 6, axis=0))

    def _add(self, positions: FloatArray, colors: FloatArray) -> None:
        if len(positions):
            self._settle()
            self._parts.append((positions, colors))
            self._changed = True

    def triangles(self) -> tuple[FloatArray, FloatArray]:
        """Return the shapes without the text: (n, 3, 2) corners, px, and (n, 4) RGBA 0..1, float32."""
        self._settle()
        if not self._parts:
            return np.zeros((0, 3, 2), dtype=np.float32), np.zeros((0, 4), dtype=np.float32)
        corners = np.concatenate([positions for positions, _ in self._parts]).reshape(-1, 3, 2)
        return corners, np.concatenate([colors for _, colors in self._parts])[::3]

    def vertices(self) -> tuple[FloatArray, FloatArray]:
        """Return (n, 4) float32 x, y, u, v with u, v in 0..1, and (n, 4) float32 colours; three for each triangle."""
        self._settle()
        glyphs = np.array(self._glyphs, dtype=np.float32).reshape(-1, 4, 4)[:, _TRIANGLES].reshape(-1, 4)
        height, width = self._atlas.pixels.shape[:2]
        glyphs[:, 2:] /= np.array([width, height], dtype=np.float32)
        n = sum(len(positions) for positions, _ in self._parts)
        vertices = np.empty((n + len(glyphs), 4), dtype=np.float32)
        # Shapes take their colour from the solid pixel in the corner of the atlas.
        vertices[:n, 2:] = 0.5 / width, 0.5 / height
        vertices[n:] = glyphs
        colors = np.empty((n + len(glyphs), 4), dtype=np.float32)
        if self._parts:
            np.concatenate([positions for positions, _ in self._parts], out=vertices[:n, :2])
            np.concatenate([color for _, color in self._parts], out=colors[:n])
        if self._glyphs:
            colors[n:] = np.repeat(np.array(self._glyph_colors, dtype=np.float32), 6, axis=0)
        return vertices, colors

    def draw(self, gpu: Gpu) -> None:
        """Draw everything, text on top of shapes."""
        if not (self._parts or self._boxes or self._glyphs):
            return
        fresh = self._generation != gpu.generation
        if fresh or self._texture_version != self._atlas.version:
            self._texture = make_texture(self._atlas.pixels)
            self._texture_version = self._atlas.version
        if fresh or self._changed:
            vertices, colors = self.vertices()
            self._buffers = gloo.VertexBuffer(vertices), gloo.VertexBuffer(colors)
            self._changed, self._generation = False, gpu.generation
        assert self._buffers is not None
        gpu.triangles(*self._buffers, self._texture)
