"""The clusters of one matched unit side by side: waveforms on the contacts, autocorrelogram, place, numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.curation.colors import selection_color
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.views.theme import Theme

_MOST_CONTACTS = 12
_GAP = 12


@dataclass(frozen=True, slots=True)
class UnitPicture:
    """One cluster as it is drawn.

    session : name; cluster : id
    waves : (n_samples, n_local) float32; contacts_um : (n_local, 2) places of its contacts
    center_um : x and depth, as observed; still_um : depth as the first session has it
    acg : (n_bins,) int64, spike pairs; window_s : of the correlogram
    numbers : name and value of what is said in words
    """

    session: str
    cluster: int
    waves: FloatArray
    contacts_um: FloatArray
    center_um: tuple[float, float]
    still_um: float
    acg: IntArray
    window_s: float
    numbers: tuple[tuple[str, str], ...]


class MatchFigure(QtWidgets.QWidget):
    """Draws the clusters of a unit, a column for each session, to one scale."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._pictures: tuple[UnitPicture | None, ...] = ()
        self.setMinimumSize(320, 240)
        self.setAccessibleName("Waveforms and correlograms of the matched clusters")

    def show_unit(self, pictures: tuple[UnitPicture | None, ...]) -> None:
        """Draw these clusters; None where a session has none."""
        self._pictures = pictures
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, _event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        painter.fillRect(self.rect(), QtGui.QColor(self._theme.panel))
        shown = [p for p in self._pictures if p is not None]
        if not shown:
            painter.setPen(QtGui.QColor(self._theme.dim))
            painter.drawText(self.rect(), Qt.AlignCenter, "Choose a unit in the table.")
            return
        box = _Scale.of(shown)
        width = (self.width() - _GAP) / len(self._pictures)
        for i, picture in enumerate(self._pictures):
            place = QtCore.QRectF(_GAP + i * width, _GAP, width - _GAP, self.height() - 2 * _GAP)
            self._draw_column(painter, place, i, picture, box)

    def _draw_column(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, i: int, picture: UnitPicture | None, box: _Scale
    ) -> None:
        line = painter.fontMetrics().height() + 2
        color = QtGui.QColor.fromRgbF(*selection_color(i))
        title = QtCore.QRectF(place.left(), place.top(), place.width(), line)
        painter.setPen(color)
        name = self._pictures[i].session if picture is not None else "not found"  # type: ignore[union-attr]
        text = f"{name} \N{MIDDLE DOT} {picture.cluster}" if picture is not None else name
        painter.drawText(
            title, Qt.AlignLeft, painter.fontMetrics().elidedText(text, Qt.ElideMiddle, int(title.width()))
        )
        if picture is None:
            return
        n_lines = len(picture.numbers) * line + 4
        rest = place.height() - line - n_lines - 2 * _GAP
        waves = QtCore.QRectF(place.left(), title.bottom() + 4, place.width(), max(0.62 * rest, 40.0))
        acg = QtCore.QRectF(place.left(), waves.bottom() + _GAP, place.width(), max(0.38 * rest, 24.0))
        self._draw_waves(painter, waves, picture, box, color)
        self._draw_acg(painter, acg, picture, color)
        top = acg.bottom() + 4
        for j, (label, value) in enumerate(picture.numbers):
            row = QtCore.QRectF(place.left(), top + j * line, place.width(), line)
            painter.setPen(QtGui.QColor(self._theme.dim))
            painter.drawText(row, Qt.AlignLeft, label)
            painter.setPen(QtGui.QColor(self._theme.text))
            painter.drawText(row, Qt.AlignRight, value)

    def _draw_waves(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, picture: UnitPicture, box: _Scale, color: QtGui.QColor
    ) -> None:
        """Waveforms where the contacts lie, as the first session would see them."""
        painter.setPen(QtGui.QPen(QtGui.QColor(self._theme.line), 1))
        painter.drawRect(place)
        painter.save()
        painter.setClipRect(place)
        n_columns = max(len(np.unique(np.round(picture.contacts_um[:, 0]))), 1)
        wide, high = 0.9 * place.width() / max(n_columns + 0.5, 1), 0.16 * place.height()
        shift = picture.still_um - picture.center_um[1]
        pen = QtGui.QPen(color, 1.4)
        for wave, (x, y) in zip(picture.waves.T, picture.contacts_um, strict=True):
            middle = box.point(place, x, y + shift)
            xs = middle.x() + np.linspace(-0.5, 0.5, len(wave)) * wide
            ys = middle.y() - wave / box.amplitude * high
            painter.setPen(pen)
            painter.drawPolyline(QtGui.QPolygonF([QtCore.QPointF(a, b) for a, b in zip(xs, ys, strict=True)]))
        painter.setPen(Qt.NoPen)
        painter.setBrush(QtGui.QColor(self._theme.text))
        painter.drawEllipse(box.point(place, picture.center_um[0], picture.still_um), 2.5, 2.5)
        painter.setBrush(Qt.NoBrush)
        painter.restore()

    def _draw_acg(
        self, painter: QtGui.QPainter, place: QtCore.QRectF, picture: UnitPicture, color: QtGui.QColor
    ) -> None:
        counts = picture.acg
        top, width = max(int(counts.max(initial=0)), 1), place.width() / max(len(counts), 1)
        painter.setPen(Qt.NoPen)
        painter.setBrush(color)
        for i, count in enumerate(counts.tolist()):
            height = place.height() * count / top
            painter.drawRect(QtCore.QRectF(place.left() + i * width, place.bottom() - height, max(width, 1.0), height))
        painter.setBrush(Qt.NoBrush)
        painter.setPen(QtGui.QColor(self._theme.line))
        painter.drawLine(place.bottomLeft(), place.bottomRight())
        painter.setPen(QtGui.QColor(self._theme.dim))
        if not counts.any():
            painter.drawText(place, Qt.AlignCenter, "no pairs")
        half = f"\N{PLUS-MINUS SIGN}{1e3 * picture.window_s / 2:g} ms"
        painter.drawText(place, Qt.AlignRight | Qt.AlignTop, half)


@dataclass(frozen=True, slots=True)
class _Scale:
    """What all columns have in common: middle of the picture, µm in sight, and the amplitude that fills a row."""

    x_um: float
    y_um: float
    width_um: float
    height_um: float
    amplitude: float

    @classmethod
    def of(cls, pictures: list[UnitPicture]) -> _Scale:
        middle = float(np.mean([p.still_um for p in pictures]))
        xs = np.concatenate([p.contacts_um[:, 0] for p in pictures])
        ys = np.concatenate([p.contacts_um[:, 1] + p.still_um - p.center_um[1] for p in pictures])
        height = 2.2 * float(np.abs(ys - middle).max(initial=20.0)) + 10.0
        amplitude = max(float(np.ptp(p.waves, axis=0).max(initial=0.0)) for p in pictures)
        return cls(float(xs.min() + xs.max()) / 2, middle, 1.6 * float(np.ptp(xs)) + 30.0, height, max(amplitude, 1e-9))

    def point(self, place: QtCore.QRectF, x_um: float, y_um: float) -> QtCore.QPointF:
        """Where a point of the probe lies in a place of the picture."""
        x = place.center().x() + (x_um - self.x_um) / self.width_um * place.width()
        return QtCore.QPointF(x, place.center().y() - (y_um - self.y_um) / self.height_um * place.height())


def near_contacts(sizes: FloatArray) -> IntArray:
    """Return the columns of the contacts that see most of a unit, (k,) int64, 12 at most; sizes : (n_local,) float."""
    order = np.argsort(-sizes, kind="stable")[:_MOST_CONTACTS]
    return order[sizes[order] > 0]
