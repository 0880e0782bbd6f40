"""Shapes drawn with QPainter: as vectors into a PDF, or as pixels that look like the screen."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.gui.qt import Qt, QtCore, QtGui
from phy_medicine.views.ink import Ink, Line
from phy_medicine.views.items import Frame
from phy_medicine.views.layout import Box
from phy_medicine.views.scene import Scene
from phy_medicine.views.text import atlas, font_path
from phy_medicine.views.vector import Shape, Words, ink_shapes
from phy_medicine.views.vector_items import heat_bitmaps, rendered, runs
from phy_medicine.views.vector_shapes import Bitmap, Dots, Polygons, Strokes

# Widths are measured at this size, where hinting does not matter.
_MEASURE_PX = 1000
_SHARES = {"l": 0.0, "c": 0.5, "r": 1.0}


def paint_vectors(painter: QtGui.QPainter, shapes: Iterable[Shape]) -> None:
    """Draw shapes with text as text; the painter's unit is a px of the scene."""
    painter.setRenderHint(QtGui.QPainter.Antialiasing)
    for shape in shapes:
        if isinstance(shape, Words):
            _text(painter, shape.line, shape.font_px)
        else:
            _shape(painter, shape)


def pixels_of(scene: Scene) -> QtGui.QImage:
    """Draw a scene that is arranged into an image of its size, as its canvas does, without GL."""
    width, height = scene.size
    image = QtGui.QImage(width, height, QtGui.QImage.Format_ARGB32_Premultiplied)
    image.fill(_color(np.round(np.array(scene.theme.rgba("view")) * 255).astype(np.int64)))
    painter = QtGui.QPainter(image)
    _paint_ink(painter, scene.under)
    if not scene.message:
        for heat in heat_bitmaps(scene):
            _shape(painter, heat)
        parts = scene.picture.parts
        if parts:
            frame = Frame.of(scene.panels, (0, 0, width, height), scene.ratio)
            _bitmap(painter, rendered(parts, frame, (height, width)), QtCore.QRectF(0, 0, width, height))
    for ink in scene.inks_over:
        _paint_ink(painter, ink)
    painter.end()
    return image


def _paint_ink(painter: QtGui.QPainter, ink: Ink) -> None:
    for shape in ink_shapes(ink):
        if isinstance(shape, Words):
            _stamped(painter, shape.line, shape.font_px)
        else:
            painter.setRenderHint(QtGui.QPainter.Antialiasing, not isinstance(shape, Polygons))
            _shape(painter, shape)


def _shape(painter: QtGui.QPainter, shape: Polygons | Strokes | Dots | Bitmap) -> None:
    if isinstance(shape, Bitmap):
        left, top, right, bottom = shape.box
        _bitmap(painter, shape.pixels, QtCore.QRectF(left, top, right - left, bottom - top))
        return
    painter.save()
    if shape.clip is not None:
        painter.setClipRect(_rect(shape.clip), Qt.IntersectClip)
    if isinstance(shape, Dots):
        _dots(painter, shape)
    elif isinstance(shape, Strokes):
        _strokes(painter, shape)
    else:
        _polygons(painter, shape)
    painter.restore()


def _dots(painter: QtGui.QPainter, dots: Dots) -> None:
    painter.setPen(Qt.NoPen)
    for first, last in _color_runs(dots.colors):
        painter.setBrush(_color(dots.colors[first]))
        for x, y in dots.points[first:last].tolist():
            painter.drawEllipse(QtCore.QPointF(x, y), dots.radius, dots.radius)


def _strokes(painter: QtGui.QPainter, strokes: Strokes) -> None:
    painter.setBrush(Qt.NoBrush)
    for first, last in _color_runs(strokes.colors):
        color = _color(strokes.colors[first])
        painter.setPen(QtGui.QPen(color, strokes.width, Qt.SolidLine, Qt.FlatCap, Qt.BevelJoin))
        for i in range(first, last):
            painter.drawPolyline(_polygon(strokes.points[strokes.starts[i] : strokes.starts[i + 1]]))


def _polygons(painter: QtGui.QPainter, polygons: Polygons) -> None:
    painter.setPen(Qt.NoPen)
    starts = polygons.starts
    for first, last in _color_runs(polygons.colors):
        painter.setBrush(_color(polygons.colors[first]))
        for i in range(first, last):
            painter.drawPolygon(_polygon(polygons.points[starts[i] : starts[i + 1]]))


def _bitmap(painter: QtGui.QPainter, pixels: AnyArray, box: QtCore.QRectF) -> None:
    height, width = pixels.shape[:2]
    image = QtGui.QImage(pixels.data, width, height, 4 * width, QtGui.QImage.Format_RGBA8888_Premultiplied)
    painter.drawImage(box, image)


def _text(painter: QtGui.QPainter, line: Line, font_px: int) -> None:
    font, width = _measured(line.text, font_px)
    painter.save()
    painter.setFont(font)
    painter.setPen(_color(_whole(line)))
    painter.translate(line.x, line.y)
    if line.rotated:
        painter.rotate(-90)
    painter.drawText(QtCore.QPointF(-width * _SHARES[line.anchor], 0.0), line.text)
    painter.restore()


def _measured(text: str, font_px: int) -> tuple[QtGui.QFont, float]:
    """Return the font of the labels, and how wide a text is in it, px."""
    font = QtGui.QFont(_family())
    font.setHintingPreference(QtGui.QFont.PreferNoHinting)
    font.setPixelSize(_MEASURE_PX)
    width = QtGui.QFontMetricsF(font).horizontalAdvance(text) * font_px / _MEASURE_PX
    font.setPixelSize(font_px)
    return font, float(width)


@lru_cache(maxsize=1)
def _family() -> str:
    """Return the family of the font in which the views write."""
    number = QtGui.QFontDatabase.addApplicationFont(str(font_path()))
    families = QtGui.QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
    return str(families[0]) if families else "sans-serif"


def _stamped(painter: QtGui.QPainter, line: Line, font_px: int) -> None:
    """Draw a text with the very glyphs of the screen, on whole pixels."""
    glyphs = atlas(font_px)
    mask, column, row = glyphs.stamp(line.text)
    along = round((line.y if line.rotated else line.x) + (1 if line.rotated else -1) * _before(line, font_px))
    across = round(line.x if line.rotated else line.y)
    stamp = np.rint(mask[..., None] / 255 * (_whole(line) * np.array([1, 1, 1, 1])) * line.color[3]).astype(np.uint8)
    stamp[..., 3] = np.rint(mask * line.color[3])
    if line.rotated:
        stamp = np.ascontiguousarray(np.rot90(stamp))
        left, top = across - row, along - (stamp.shape[0] - column)
    else:
        left, top = along - column, across - row
    _bitmap(painter, stamp, QtCore.QRectF(left, top, stamp.shape[1], stamp.shape[0]))


def _before(line: Line, font_px: int) -> float:
    """Return how much of the text lies before its anchor, px of the screen."""
    return atlas(font_px).width(line.text) * _SHARES[line.anchor]


def _whole(line: Line) -> IntArray:
    whole: IntArray = np.round(np.array(line.color) * 255).astype(np.int64)
    return whole


def _color(color: IntArray) -> QtGui.QColor:
    return QtGui.QColor(*(int(value) for value in color))


def _color_runs(colors: IntArray) -> list[tuple[int, int]]:
    return runs(colors @ np.array([1 << 24, 1 << 16, 1 << 8, 1]))


def _polygon(points: FloatArray) -> QtGui.QPolygonF:
    polygon = QtGui.QPolygonF(len(points))
    if len(points):
        buffer = polygon.data()
        buffer.setsize(16 * len(points))
        np.frombuffer(buffer, dtype=np.float64)[:] = np.asarray(points, dtype=np.float64).reshape(-1)
    return polygon


def _rect(box: Box) -> QtCore.QRectF:
    left, top, right, bottom = box
    return QtCore.QRectF(left, top, right - left, bottom - top)
