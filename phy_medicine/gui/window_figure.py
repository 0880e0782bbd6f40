"""A picture of the whole window: PNG as on the screen, SVG and PDF with the views as vectors in their places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from phy_medicine.base.types import AnyArray
from phy_medicine.gui import figure
from phy_medicine.gui.figure_painter import paint_vectors
from phy_medicine.gui.qt import QtCore, QtGui
from phy_medicine.views.guarded import is_widget
from phy_medicine.views.still import still
from phy_medicine.views.svg import SvgPage
from phy_medicine.views.vector import Bitmap, Shape, shapes

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

# Text of tables and titles is an image; with two pixels for one it can be read in print.
_SHARPNESS = 2

Place = tuple[str, tuple[float, float], float, list[Shape]]


def save_window(window: MainWindow, target: Path) -> None:
    """Write a picture of the window; its format is the ending's.

    Raises
    ------
    ActionError : the folder or the file cannot be written
    """
    ending, size = target.suffix.lower(), (window.width(), window.height())
    if ending == ".png":
        image = window.grab().toImage()
        figure.write(target, figure.png(image, image.devicePixelRatioF()))
    elif ending == ".svg":
        page = SvgPage(size, size, title=window.windowTitle())
        page.add([Bitmap(_chrome(window), (0.0, 0.0, *size))], name="window")
        for name, at, scale, drawn in _places(window):
            page.add(drawn, at=at, scale=scale, name=name)
        figure.write(target, page.bytes())
    else:
        figure.write(target, figure.pdf(size, lambda painter: _paint(window, painter), window.windowTitle()))


def _paint(window: MainWindow, painter: QtGui.QPainter) -> None:
    paint_vectors(painter, [Bitmap(_chrome(window), (0.0, 0.0, window.width(), window.height()))])
    for _, at, scale, drawn in _places(window):
        painter.save()
        painter.translate(*at)
        painter.scale(scale, scale)
        paint_vectors(painter, drawn)
        painter.restore()


def _places(window: MainWindow) -> Iterator[Place]:
    """Give name, place, scale and shapes of every view on the screen."""
    for panel in window.panels:
        native = panel.view.canvas.native
        if is_widget(panel.view):  # part of the image of the window
            continue
        if not window.host.in_sight(panel.view) or panel.dock.isFloating() or native.visibleRegion().isEmpty():
            continue
        corner = native.mapTo(window, QtCore.QPoint(0, 0))
        pose = window.pictures.pose_of(panel)
        with still(panel.view, pose) as scene:
            yield panel.name, (float(corner.x()), float(corner.y())), 1 / pose.ratio, list(shapes(scene))


def _chrome(window: MainWindow) -> AnyArray:
    """Return the window as an image, (h, w, 4) uint8 premultiplied."""
    width, height = _SHARPNESS * window.width(), _SHARPNESS * window.height()
    image = QtGui.QImage(width, height, QtGui.QImage.Format_RGBA8888_Premultiplied)
    image.setDevicePixelRatio(_SHARPNESS)
    window.render(image)
    return figure.pixels(image)
