"""A small picture of parts from the side that separates them best: curves along one line, or points in a plane."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.mixture.split_axes import SplitAxes
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.views.theme import Theme

_CURVES, _POINTS, _MARGIN = 72, 120, 4
"""Heights of the two kinds of pictures, and what is left free around them, in pixels."""
_N_BINS = 80
_WIDTH_BINS = 1.6
"""Standard deviation of the smoothing, in bins."""


class PartAxes(QtWidgets.QWidget):
    """Two parts along the line between them, or more in the plane of their first two discriminants."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._axes: SplitAxes | None = None
        self._colors: list[QtGui.QColor] = []
        self.theme = theme
        self.setFocusPolicy(Qt.NoFocus)
        self.setToolTip(
            "The parts along the line that separates them best, or from the side from which they are seen apart best, "
            "in standard deviations inside of the parts"
        )

    def show_axes(self, axes: SplitAxes | None, colors: FloatArray) -> None:
        """Show the parts in colours, (n_parts, 4) RGBA 0..1; None hides the picture."""
        self._axes = axes
        self._colors = [QtGui.QColor.fromRgbF(*map(float, color)) for color in colors]
        self.setFixedHeight(_CURVES if axes is None or axes.places.shape[1] == 1 else _POINTS)
        self.setVisible(axes is not None)
        self.update()

    def paintEvent(self, _event: QtGui.QPaintEvent) -> None:
        """Draw."""
        if self._axes is None:
            return
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        inside = QtCore.QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        if self._axes.places.shape[1] == 1:
            self._curves(painter, inside)
        else:
            self._points(painter, inside)
        painter.end()

    def _curves(self, painter: QtGui.QPainter, inside: QtCore.QRectF) -> None:
        assert self._axes is not None
        curves = densities(self._axes)
        highest = float(curves.sum(axis=0).max()) or 1.0
        x = np.linspace(inside.left(), inside.right(), curves.shape[1])
        for curve, color in zip(curves, self._colors, strict=False):
            outline = QtGui.QPolygonF(
                [
                    QtCore.QPointF(a, inside.bottom() - b)
                    for a, b in zip(x, curve / highest * inside.height(), strict=True)
                ]
            )
            whole = QtGui.QPolygonF([*outline, inside.bottomRight(), inside.bottomLeft()])
            fill = QtGui.QColor(color)
            fill.setAlphaF(0.45)
            painter.setPen(Qt.NoPen)
            painter.setBrush(fill)
            painter.drawPolygon(whole)
            painter.setPen(QtGui.QPen(color, 1.4))
            painter.setBrush(Qt.NoBrush)
            painter.drawPolyline(outline)
        painter.setPen(QtGui.QPen(self.palette().color(QtGui.QPalette.Mid), 1.0))
        painter.drawLine(inside.bottomLeft(), inside.bottomRight())

    def _points(self, painter: QtGui.QPainter, inside: QtCore.QRectF) -> None:
        assert self._axes is not None
        places, parts = self._axes.places, self._axes.parts
        low, high = np.quantile(places, (0.002, 0.998), axis=0)
        # One unit is as long across as up, so that what is round looks round.
        scale = min(inside.width() / max(high[0] - low[0], 1e-9), inside.height() / max(high[1] - low[1], 1e-9))
        shown = (places - (low + high) / 2) * scale
        x, y = inside.center().x() + shown[:, 0], inside.center().y() - shown[:, 1]
        painter.setPen(Qt.NoPen)
        for row in np.random.default_rng(0).permutation(len(parts)).tolist():
            color = QtGui.QColor(self._colors[int(parts[row]) % len(self._colors)])
            color.setAlphaF(0.6)
            painter.fillRect(QtCore.QRectF(x[row] - 1, y[row] - 1, 2, 2), color)


def densities(axes: SplitAxes) -> FloatArray:
    """Return how many spikes of each part lie along the line, smoothed, (n_parts, n_bins) float64."""
    places = axes.places[:, 0]
    low, high = np.quantile(places, (0.001, 0.999))
    margin = 0.06 * max(float(high - low), 1e-9)
    reach = np.arange(-5, 6)
    kernel = np.exp(-0.5 * (reach / _WIDTH_BINS) ** 2)
    kernel /= kernel.sum()
    counts = (
        np.histogram(places[axes.parts == part], _N_BINS, (low - margin, high + margin))[0]
        for part in range(int(axes.parts.max()) + 1)
    )
    return np.stack([np.convolve(count, kernel, "same") for count in counts])
