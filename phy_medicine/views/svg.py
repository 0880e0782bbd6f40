"""Shapes as SVG 1.1: text stays text, lines stay lines, bitmaps are embedded as PNG.

Qt's own generator of SVG cannot clip, writes every colour as a group and numbers with 15 digits.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from PIL import Image as PilImage

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views.ink import Line
from phy_medicine.views.layout import Box
from phy_medicine.views.text import atlas
from phy_medicine.views.theme import RGBA
from phy_medicine.views.vector import Shape, Words
from phy_medicine.views.vector_items import runs
from phy_medicine.views.vector_shapes import Bitmap, Dots, Polygons, Strokes

_ANCHORS = {"l": "start", "c": "middle", "r": "end"}


class SvgPage:
    """One SVG file; `size` in logical px, which are 1/96 inch; `pixels` : the size in the px of the shapes."""

    def __init__(self, size: tuple[int, int], pixels: tuple[int, int], *, title: str = "") -> None:
        self._size, self._pixels, self._title = size, pixels, title
        self._body: list[str] = []
        self._clips: dict[Box, str] = {}

    def add(
        self, shapes: Iterable[Shape], *, at: tuple[float, float] = (0.0, 0.0), scale: float = 1.0, name: str = ""
    ) -> None:
        """Add shapes, moved to a place and scaled; name : what the group is called in a drawing program."""
        label = f" id={quoteattr(name)}" if name else ""
        moves = f"translate({_number(at[0])} {_number(at[1])}) scale({_number(scale, 6)})"
        move = f' transform="{moves}"' if (*at, scale) != (0.0, 0.0, 1.0) else ""
        self._body.append(f"<g{label}{move}>")
        for shape in shapes:
            self._body.extend(self._drawn(shape))
        self._body.append("</g>")

    def bytes(self) -> bytes:
        """Return the file."""
        (width, height), (w, h) = self._size, self._pixels
        family = f"{atlas(12).family}, Inter, Noto Sans, DejaVu Sans, Helvetica, Arial, sans-serif"
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" '
            f'width="{width}" height="{height}" viewBox="0 0 {w} {h}" font-family="{escape(family)}">'
        )
        clips = [f'<clipPath id="{name}">{_rect(box)}</clipPath>' for box, name in self._clips.items()]
        lines = ['<?xml version="1.0" encoding="UTF-8"?>', head]
        if self._title:
            lines.append(f"<title>{escape(self._title)}</title>")
        if clips:
            lines += ["<defs>", *clips, "</defs>"]
        return "\n".join([*lines, *self._body, "</svg>", ""]).encode()

    def _drawn(self, shape: Shape) -> Iterator[str]:
        if isinstance(shape, Words):
            yield _text(shape.line, shape.font_px)
        elif isinstance(shape, Bitmap):
            yield _image(shape)
        elif isinstance(shape, Dots):
            yield from self._clipped(shape.clip, _dots(shape))
        elif isinstance(shape, Strokes):
            yield from self._clipped(shape.clip, _strokes(shape))
        else:
            yield from self._clipped(shape.clip, _polygons(shape))

    def _clipped(self, clip: Box | None, lines: Iterator[str]) -> Iterator[str]:
        if clip is None:
            yield from lines
            return
        name = self._clips.setdefault(clip, f"panel{len(self._clips)}")
        yield f'<g clip-path="url(#{name})">'
        yield from lines
        yield "</g>"


def _dots(dots: Dots) -> Iterator[str]:
    radius = _number(dots.radius)
    for first, last in _color_runs(dots.colors):
        yield f"<g {_paint('fill', dots.colors[first])}>"
        yield _many(f'<circle cx="%.2f" cy="%.2f" r="{radius}"/>', dots.points[first:last])
        yield "</g>"


def _strokes(strokes: Strokes) -> Iterator[str]:
    """Lines of one colour in a group; each a path of its own, as opacity adds up where lines cross."""
    style = f'fill="none" stroke-width="{_number(strokes.width)}" stroke-linejoin="bevel"'
    starts = strokes.starts
    for first, last in _color_runs(strokes.colors):
        yield f"<g {style} {_paint('stroke', strokes.colors[first])}>"
        for i in range(first, last):
            yield f'<path d="M{_points(strokes.points[starts[i] : starts[i + 1]])}"/>'
        yield "</g>"


def _polygons(polygons: Polygons) -> Iterator[str]:
    starts = polygons.starts
    for first, last in _color_runs(polygons.colors):
        yield f"<g {_paint('fill', polygons.colors[first])}>"
        for i in range(first, last):
            corners = polygons.points[starts[i] : starts[i + 1]]
            box = _box_of(corners)
            yield _rect(box) if box is not None else f'<path d="M{_points(corners)}Z"/>'
        yield "</g>"


def _box_of(corners: FloatArray) -> Box | None:
    """Return the box whose corners these are, None for any other outline."""
    if len(corners) != 4:
        return None
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    full = np.isin(corners[:, 0], (left, right)).all() and np.isin(corners[:, 1], (top, bottom)).all()
    opposite = (corners[0] + corners[2] == corners[1] + corners[3]).all()
    return (float(left), float(top), float(right), float(bottom)) if full and opposite else None


def _rect(box: Box) -> str:
    left, top, right, bottom = box
    sizes = f'width="{_number(right - left)}" height="{_number(bottom - top)}"'
    return f'<rect x="{_number(left)}" y="{_number(top)}" {sizes}/>'


def _text(line: Line, font_px: int) -> str:
    x, y = _number(line.x), _number(line.y)
    turn = f' transform="rotate(-90 {x} {y})"' if line.rotated else ""
    place = f'x="{x}" y="{y}" font-size="{font_px}" text-anchor="{_ANCHORS[line.anchor]}"{turn}'
    return f"<text {place} {_paint('fill', _whole(line.color))}>{escape(line.text)}</text>"


def _image(bitmap: Bitmap) -> str:
    left, top, right, bottom = bitmap.box
    data = base64.b64encode(png(bitmap.pixels)).decode()
    sizes = f'width="{_number(right - left)}" height="{_number(bottom - top)}" preserveAspectRatio="none"'
    place = f'x="{_number(left)}" y="{_number(top)}" {sizes} image-rendering="optimizeSpeed"'
    return f'<image {place} xlink:href="data:image/png;base64,{data}"/>'


def png(premultiplied: AnyArray) -> bytes:
    """Return premultiplied pixels, (h, w, 4) uint8, as a PNG file."""
    alpha = premultiplied[..., 3:].astype(np.float32)
    plain = premultiplied.copy()
    plain[..., :3] = np.minimum(np.round(premultiplied[..., :3] * (255 / np.maximum(alpha, 1))), 255)
    file = io.BytesIO()
    PilImage.fromarray(plain).save(file, "PNG", optimize=True)
    return file.getvalue()


def _color_runs(colors: IntArray) -> list[tuple[int, int]]:
    return runs(colors @ np.array([1 << 24, 1 << 16, 1 << 8, 1]))


def _paint(kind: str, color: IntArray) -> str:
    red, green, blue, alpha = (int(value) for value in color)
    opacity = f' {kind}-opacity="{_number(alpha / 255, 3)}"' if alpha < 255 else ""
    return f'{kind}="#{red:02x}{green:02x}{blue:02x}"{opacity}'


def _whole(color: RGBA) -> IntArray:
    whole: IntArray = np.round(np.array(color) * 255).astype(np.int64)
    return whole


def _points(points: FloatArray) -> str:
    return _many("%.2f %.2f ", points)[:-1]


def _many(form: str, points: FloatArray) -> str:
    """Write all points by one form; a single formatting is ten times as fast as one for each."""
    return (form * len(points)) % tuple(points.reshape(-1).tolist())


def _number(value: float, decimals: int = 2) -> str:
    return f"{float(value):.{decimals}f}".rstrip("0").rstrip(".") if value else "0"
