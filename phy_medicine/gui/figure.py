"""Pictures of views and of the whole window as files: PNG, SVG and PDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import AnyArray
from phy_medicine.gui.figure_painter import paint_vectors, pixels_of
from phy_medicine.gui.qt import QtCore, QtGui, QtWidgets
from phy_medicine.io.durable import replace_file
from phy_medicine.views.base import View
from phy_medicine.views.guarded import is_widget
from phy_medicine.views.scene import Scene
from phy_medicine.views.still import Pose, still
from phy_medicine.views.svg import SvgPage
from phy_medicine.views.vector import Bitmap, shapes

_PX_PER_INCH = 96
_PT_PER_PX = 72 / _PX_PER_INCH
# Places in a PDF are whole numbers of this resolution.
_PDF_DPI = 4800
LARGEST_PX = 16_384


def save_view(view: View, target: Path, pose: Pose, *, title: str = "") -> None:
    """Write a picture of a view; its format is the ending's.

    Raises
    ------
    ActionError : too large, or the folder or the file cannot be written
    """
    if max(pose.pixels) > LARGEST_PX:
        raise ActionError(
            f"A picture of {pose.pixels[0]} x {pose.pixels[1]} pixels is too large; {LARGEST_PX} is most."
        )
    if is_widget(view):
        write(target, _of_widget(view.canvas.native, target.suffix.lower(), pose, title))
        return
    with still(view, pose) as scene:
        if target.suffix.lower() == ".svg":
            page = SvgPage(pose.size, pose.pixels, title=title)
            page.add(shapes(scene))
            content = page.bytes()
        elif target.suffix.lower() == ".pdf":
            content = pdf(pose.size, lambda painter: _paint(painter, scene), title)
        else:
            content = png(pixels_of(scene), pose.ratio)
    write(target, content)


def _of_widget(widget: QtWidgets.QWidget, ending: str, pose: Pose, title: str) -> bytes:
    """Return the picture of a view that has a widget of its own, at the size that it has on the screen."""
    size = widget.width(), widget.height()
    if ending == ".pdf":
        return pdf(size, widget.render, title)
    image = QtGui.QImage(*(round(n * pose.ratio) for n in size), QtGui.QImage.Format_RGB32)
    image.setDevicePixelRatio(pose.ratio)
    widget.render(image)
    if ending == ".png":
        return png(image, pose.ratio)
    page = SvgPage(size, size, title=title)
    page.add([Bitmap(pixels(image), (0.0, 0.0, *size))])
    return page.bytes()


def pixels(image: QtGui.QImage) -> AnyArray:
    """Return an image as (h, w, 4) uint8 premultiplied."""
    image = image.convertToFormat(QtGui.QImage.Format_RGBA8888_Premultiplied)
    bits = image.constBits().asstring(image.sizeInBytes())
    return np.frombuffer(bits, dtype=np.uint8).reshape(image.height(), image.width(), 4).copy()


def _paint(painter: QtGui.QPainter, scene: Scene) -> None:
    painter.scale(1 / scene.ratio, 1 / scene.ratio)
    paint_vectors(painter, shapes(scene))


def pdf(size: tuple[int, int], paint: Callable[[QtGui.QPainter], None], title: str = "") -> bytes:
    """Return a PDF of one page of this size in px of 1/96 inch; `paint` draws in these px."""
    buffer = QtCore.QBuffer()
    buffer.open(QtCore.QIODevice.WriteOnly)
    writer = QtGui.QPdfWriter(buffer)
    writer.setResolution(_PDF_DPI)
    page = QtCore.QSizeF(size[0] * _PT_PER_PX, size[1] * _PT_PER_PX)
    writer.setPageSize(QtGui.QPageSize(page, QtGui.QPageSize.Point, "figure", QtGui.QPageSize.ExactMatch))
    writer.setPageMargins(QtCore.QMarginsF(0, 0, 0, 0))
    writer.setTitle(title)
    writer.setCreator("phy-medicine")
    painter = QtGui.QPainter(writer)
    painter.scale(_PDF_DPI / _PX_PER_INCH, _PDF_DPI / _PX_PER_INCH)
    paint(painter)
    painter.end()
    return bytes(buffer.data())


def png(image: QtGui.QImage, ratio: float = 1.0) -> bytes:
    """Return an image as a PNG file, whose resolution says how large it is on paper."""
    per_meter = round(_PX_PER_INCH * ratio / 0.0254)
    image = image.convertToFormat(QtGui.QImage.Format_RGB32)
    image.setDotsPerMeterX(per_meter)
    image.setDotsPerMeterY(per_meter)
    buffer = QtCore.QBuffer()
    buffer.open(QtCore.QIODevice.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data())


def write(target: Path, content: bytes) -> None:
    """Write a picture in one step.

    Raises
    ------
    ActionError : the folder or the file cannot be written
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ActionError(f"Could not make the folder {target.parent}: {error.strerror}.") from None
    try:
        replace_file(target, content)
    except OSError as error:
        raise ActionError(f"Could not write the picture {target}: {error.strerror}; choose another folder.") from None
