"""The positions that a running job has reached, as a strip of points under its line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.gui.qt import QtCore, QtGui, QtWidgets

HEIGHT = 40
_DOT, _MARGIN, _MOST = 2.0, 4, 3000
_ALPHA = 130


class PositionStrip(QtWidgets.QWidget):
    """Spikes by depth, from left to right, and by x, from below."""

    def __init__(self) -> None:
        super().__init__()
        self._places = np.zeros((0, 2))
        self.setFixedHeight(HEIGHT)
        self.setToolTip("Where spikes are so far: depth from left to right, x from below")
        self.hide()

    @property
    def n_points(self) -> int:
        """How many spikes are drawn."""
        return len(self._places)

    def show_arrays(self, arrays: Mapping[str, AnyArray]) -> None:
        """Show the positions among what a job has sent, if there are some."""
        if {"x_um", "depth_um"} <= arrays.keys():
            self.show_positions(arrays["x_um"], arrays["depth_um"])

    def show_positions(self, x_um: AnyArray, depth_um: AnyArray) -> None:
        """Draw other positions, (n,) each; those that are not known are left out."""
        places = np.stack([np.asarray(depth_um, np.float64), np.asarray(x_um, np.float64)], axis=1)[:_MOST]
        self._places = places[np.isfinite(places).all(axis=1)]
        self.setVisible(bool(len(self._places)))
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        if not len(self._places):
            return
        painter = QtGui.QPainter(self)
        color = QtWidgets.QApplication.palette().color(QtGui.QPalette.Highlight)
        color.setAlpha(_ALPHA)
        pen = QtGui.QPen(color, _DOT)
        pen.setCapStyle(QtCore.Qt.RoundCap)
        painter.setPen(pen)
        painter.drawPoints(QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in self._pixels()]))

    def _pixels(self) -> AnyArray:
        """Where each spike is drawn; few that lie far off do not squeeze the others."""
        low, high = np.percentile(self._places, [1, 99], axis=0)
        part = (self._places - low) / np.maximum(high - low, 1.0)
        part[:, 1] = 1 - part[:, 1]
        room = np.array([self.width(), self.height()]) - 2 * _MARGIN
        pixels: AnyArray = _MARGIN + np.clip(part, 0, 1) * room
        return pixels
