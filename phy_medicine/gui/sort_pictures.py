"""What a recording looks like before it is sorted, painted: a moment of all its channels, and its probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.theme import blend, rgb
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.compute.sorters.preview import Look

_LEAST_ROW = 7
"""Pixels of a channel below which channels are an image and no lines."""
_NOISES = 12.0
"""Standard deviations of the noise between two lines, and at the end of the colours."""
_MAD = 0.6745
_DOT, _CONTACT = 5.0, 12.0
_TOP = 6


class MomentPicture(QtWidgets.QWidget):
    """All channels over a moment, the deepest below; a ring at each spike that the threshold finds."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._look: Look | None = None
        self._whitened = False
        self._words = ""
        self.setMinimumSize(320, 200)
        self.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Expanding)

    @property
    def n_peaks(self) -> int:
        """How many spikes are marked."""
        return 0 if self._look is None else len(self._look.moment.peaks)

    def show_look(self, look: Look | None, words: str = "") -> None:
        """Show a recording; words : what is said instead of one, or over it."""
        self._look, self._words = look, words
        self.update()

    def show_whitened(self, whitened: bool) -> None:
        """Show the signal with white noise, or only filtered."""
        self._whitened = whitened
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), QtGui.QColor(self._theme.view))
        if self._look is not None:
            self._paint(painter, self._look)
        if self._words:
            painter.setPen(QtGui.QColor(self._theme.dim))
            painter.drawText(self.rect().adjusted(24, 0, -24, 0), Qt.AlignCenter | Qt.TextWordWrap, self._words)

    def _paint(self, painter: QtGui.QPainter, look: Look) -> None:
        metrics = painter.fontMetrics()
        left, bottom = metrics.horizontalAdvance("00,000") + 8, metrics.height() + 6
        area = QtCore.QRectF(left, _TOP, self.width() - left - 8, self.height() - _TOP - bottom)
        order = np.lexsort((look.positions_um[:, 0], -look.positions_um[:, 1], look.shanks))
        signal = look.moment.whitened if self._whitened else look.moment.filtered
        unit = 1.0 if self._whitened else _noise(signal)
        row = area.height() / len(order)
        scaled = signal[:, order] / max(unit, 1e-9) / _NOISES
        if row >= _LEAST_ROW:
            self._paint_lines(painter, area, scaled, row)
        else:
            painter.drawImage(area, _image(scaled, self._theme, int(area.width())))
        self._paint_peaks(painter, area, look, order, row)
        self._paint_axes(painter, area, look, order, row)

    def _paint_lines(self, painter: QtGui.QPainter, area: QtCore.QRectF, scaled: FloatArray, row: float) -> None:
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        painter.setPen(QtGui.QPen(QtGui.QColor(self._theme.text), 1.0))
        low, high = _envelope(scaled, int(area.width()))
        x = area.left() + (np.arange(len(low)) + 0.5) * area.width() / len(low)
        for channel in range(scaled.shape[1]):
            middle = area.top() + (channel + 0.5) * row
            both = np.stack([low[:, channel], high[:, channel]], axis=1).ravel()
            y = np.clip(middle - both * row, area.top(), area.bottom())
            line = QtGui.QPolygonF(
                [QtCore.QPointF(a, b) for a, b in zip(np.repeat(x, 2).tolist(), y.tolist(), strict=True)]
            )
            painter.drawPolyline(line)

    def _paint_peaks(
        self, painter: QtGui.QPainter, area: QtCore.QRectF, look: Look, order: IntArray, row: float
    ) -> None:  # fmt: skip
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        painter.setPen(QtGui.QPen(QtGui.QColor(self._theme.accent), 1.6))
        painter.setBrush(Qt.NoBrush)
        moment = look.moment
        place = np.argsort(order)[moment.peak_channels]
        x = area.left() + (moment.peaks + 0.5) * area.width() / len(moment.filtered)
        y = area.top() + (place + 0.5) * row
        for a, b in zip(x.tolist(), y.tolist(), strict=True):
            painter.drawEllipse(QtCore.QPointF(a, b), _DOT, _DOT)

    def _paint_axes(
        self, painter: QtGui.QPainter, area: QtCore.QRectF, look: Look, order: IntArray, row: float
    ) -> None:  # fmt: skip
        painter.setPen(QtGui.QColor(self._theme.dim))
        height = painter.fontMetrics().height()
        every = max(1, int(np.ceil(1.6 * height / row)))
        for place in range(0, len(order), every):
            depth = look.positions_um[order[place], 1]
            box = QtCore.QRectF(0, area.top() + (place + 0.5) * row - height / 2, area.left() - 8, height)
            painter.drawText(box, Qt.AlignRight | Qt.AlignVCenter, f"{depth:,.0f}")
        start = look.moment.start_s
        stop = start + len(look.moment.filtered) / look.moment.sample_rate
        below = QtCore.QRectF(area.left(), area.bottom() + 2, area.width(), height + 2)
        painter.drawText(below, Qt.AlignLeft | Qt.AlignVCenter, f"{start:,.3f} s")
        painter.drawText(below, Qt.AlignRight | Qt.AlignVCenter, f"{stop:,.3f} s")
        painter.drawText(
            QtCore.QRectF(0, below.top(), area.left() - 8, below.height()), Qt.AlignRight | Qt.AlignVCenter, "µm"
        )


class ProbePicture(QtWidgets.QWidget):
    """The contacts where they lie; brighter where spikes were found, hollow where a channel is flat."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._look: Look | None = None
        self.setFixedWidth(110)
        self.setSizePolicy(QtWidgets.QSizePolicy.Fixed, QtWidgets.QSizePolicy.Expanding)

    @property
    def n_contacts(self) -> int:
        """How many contacts are drawn."""
        return 0 if self._look is None else len(self._look.positions_um)

    def show_look(self, look: Look | None) -> None:
        """Show the probe of a recording."""
        self._look = look
        n = 0 if look is None else len(look.positions_um)
        self.setToolTip("" if look is None else f"{n} contacts, {len(look.flat)} of them flat here")
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), QtGui.QColor(self._theme.view))
        if self._look is None:
            return
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        pixels, size = _placed(self._look.positions_um, self.width(), self.height())
        counts = np.bincount(self._look.moment.peak_channels, minlength=len(pixels))
        strength = np.sqrt(counts / max(1, counts.max()))
        flat = set(self._look.flat.tolist())
        for channel, (x, y) in enumerate(pixels.tolist()):
            box = QtCore.QRectF(x - size / 2, y - size / 2, size, size)
            color = blend(rgb(self._theme.accent), rgb(self._theme.dim), float(strength[channel]))
            painter.setPen(QtGui.QPen(QtGui.QColor(self._theme.error), 1.2) if channel in flat else Qt.NoPen)
            painter.setBrush(Qt.NoBrush if channel in flat else QtGui.QColor.fromRgbF(*color))
            painter.drawRect(box)


def _placed(positions: FloatArray, width: int, height: int) -> tuple[FloatArray, float]:
    """Where contacts are drawn, (n, 2) pixels, and how large; a long probe is squeezed in height."""
    low, span = positions.min(axis=0), np.maximum(np.ptp(positions, axis=0), 1.0)
    room = np.array([width - 28.0, height - 28.0])
    scale = room / span
    scale[0] = min(scale[0], 3 * scale[1]) if np.ptp(positions[:, 0]) else scale[1]
    middle = low + span / 2
    pixels = (positions - middle) * scale * [1, -1] + [width / 2, height / 2]
    if len(positions) < 2:
        return pixels, _CONTACT
    depths = np.unique(positions[:, 1])
    gap = np.min(np.diff(depths)) * scale[1] if len(depths) > 1 else _CONTACT
    return pixels, float(np.clip(0.7 * gap, 2.0, _CONTACT))


def _noise(signal: FloatArray) -> float:
    """Standard deviation of the noise of a typical channel."""
    levels = np.median(np.abs(signal), axis=0) / _MAD
    living = levels[levels > 0]
    return float(np.median(living)) if len(living) else 1.0


def _envelope(signal: FloatArray, width: int) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest value in each column of pixels, (n_columns, n_channels)."""
    width = max(1, min(width, len(signal)))
    edges = np.linspace(0, len(signal), width + 1).astype(np.int64)[:-1]
    return np.minimum.reduceat(signal, edges, axis=0), np.maximum.reduceat(signal, edges, axis=0)


def _image(scaled: FloatArray, theme: Theme, width: int) -> QtGui.QImage:
    """Channels in rows; troughs in the accent, crests in the colour of text, noise in that of the ground."""
    low, high = _envelope(scaled, width)
    value = np.where(-low > high, low, high).T
    ground, trough, crest = (np.array(rgb(c)) for c in (theme.view, theme.accent, theme.text))
    part = np.clip(np.abs(value), 0, 1)[:, :, None]
    color = ground + part * (np.where(value[:, :, None] < 0, trough, crest) - ground)
    pixels = np.ascontiguousarray(np.round(255 * color).astype(np.uint8))
    image = QtGui.QImage(pixels.data, pixels.shape[1], pixels.shape[0], 3 * pixels.shape[1], QtGui.QImage.Format_RGB888)
    return image.copy()
