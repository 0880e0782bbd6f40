"""What a running sort has found so far, as a strip under its line: the motion, the templates, the spikes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets

HEIGHT = 96
_GAP, _HEAD = 12, 16
_LEAST_TEMPLATE, _MOST_TEMPLATE = 8, 44
_MOST_SPIKES = 4000


class SortStrip(QtWidgets.QWidget):
    """Panels beside each other, each there when the sort has come so far."""

    def __init__(self) -> None:
        super().__init__()
        self._found: dict[str, AnyArray] = {}
        self.setFixedHeight(HEIGHT)
        self.hide()

    @property
    def panels(self) -> tuple[str, ...]:
        """Names of what is shown, from left to right."""
        there = {"motion": "displacement", "templates": "templates", "spikes": "spike_samples"}
        return tuple(name for name, array in there.items() if array in self._found and self._found[array].size)

    def show_arrays(self, arrays: Mapping[str, AnyArray]) -> None:
        """Show more of what the job has sent; what was shown before stays."""
        self._found |= {name: np.asarray(array) for name, array in arrays.items()}
        self.setVisible(bool(self.panels))
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        panels = self.panels
        if not panels:
            return
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        width = (self.width() - _GAP * (len(panels) - 1)) / len(panels)
        paint = {"motion": self._motion, "templates": self._templates, "spikes": self._spikes}
        for place, name in enumerate(panels):
            area = QtCore.QRectF(place * (width + _GAP), 0, width, self.height())
            words = paint[name](painter, area.adjusted(0, _HEAD, 0, -2))
            painter.setPen(self._color(QtGui.QPalette.PlaceholderText))
            painter.drawText(area, Qt.AlignLeft | Qt.AlignTop, words)

    def _color(self, role: QtGui.QPalette.ColorRole, alpha: int = 255) -> QtGui.QColor:
        color = QtWidgets.QApplication.palette().color(role)
        color.setAlpha(alpha)
        return color

    def _motion(self, painter: QtGui.QPainter, area: QtCore.QRectF) -> str:
        """A curve for each depth."""
        curves = self._found["displacement"].reshape(len(self._found["displacement"]), -1)
        middle, reach = float(curves.min() + curves.max()) / 2, max(float(np.ptp(curves)), 1.0)
        x = area.left() + np.linspace(0, area.width(), len(curves))
        painter.setPen(QtGui.QPen(self._color(QtGui.QPalette.Highlight, 160), 1.2))
        for curve in curves.T:
            y = area.center().y() - (curve - middle) / reach * area.height() * 0.9
            painter.drawPolyline(_line(x, y))
        return f"Motion, {np.ptp(curves):,.0f} µm"

    def _templates(self, painter: QtGui.QPainter, area: QtCore.QRectF) -> str:
        """Each on its main channel, in the order of the sorter."""
        shapes = self._found["templates"]
        width = float(np.clip(area.width() / len(shapes), _LEAST_TEMPLATE, _MOST_TEMPLATE))
        shown = shapes[: max(1, int(area.width() / width))]
        high = max(float(np.abs(shown).max()), 1e-9)
        painter.setPen(QtGui.QPen(self._color(QtGui.QPalette.WindowText), 1.2))
        steps = np.linspace(0.1, 0.9, shapes.shape[1]) * width
        for place, shape in enumerate(shown):
            y = area.center().y() - shape / high * area.height() * 0.45
            painter.drawPolyline(_line(area.left() + place * width + steps, y))
        rest = len(shapes) - len(shown)
        return f"{len(shapes)} templates" + (f", {rest} more not shown" if rest else "")

    def _spikes(self, painter: QtGui.QPainter, area: QtCore.QRectF) -> str:
        """A row for each unit, over the whole recording."""
        samples, units = self._found["spike_samples"], self._found["spike_units"]
        step = max(1, len(samples) // _MOST_SPIKES)
        x = area.left() + samples[::step] / max(1, int(samples.max())) * area.width()
        y = area.top() + (units[::step] + 0.5) / (int(units.max()) + 1) * area.height()
        pen = QtGui.QPen(self._color(QtGui.QPalette.Highlight, 130), 1.6)
        pen.setCapStyle(Qt.RoundCap)
        painter.setPen(pen)
        painter.drawPoints(_line(x, y))
        return f"Spikes of {len(np.unique(units))} units"


def _line(x: AnyArray, y: AnyArray) -> QtGui.QPolygonF:
    return QtGui.QPolygonF([QtCore.QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
