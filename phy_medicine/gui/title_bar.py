"""The bar on top of every dock, 22 pixels high: title, status, quiet buttons. The view itself shows that it waits."""

from __future__ import annotations

from collections.abc import Callable

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.views.status import shortened
from phy_medicine.views.theme import Theme

HEIGHT = 22
STATUS_ROOM = 80
"""In less than this a status is cut to something that says nothing."""


class GlyphButton(QtWidgets.QAbstractButton):
    """A small button that draws its own sign, so that no icon font is needed when the window opens."""

    def __init__(self, glyph: str, tip: str, theme: Theme, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._glyph = glyph
        self._theme = theme
        self.awake = False
        self.setToolTip(tip)
        self.setAccessibleName(tip)
        self.setFocusPolicy(Qt.NoFocus)
        self.setFixedSize(HEIGHT, parent.height())
        self.setAttribute(Qt.WA_Hover)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        if self.underMouse():
            painter.setPen(Qt.NoPen)
            painter.setBrush(QtGui.QColor(self._theme.line))
            painter.drawRoundedRect(QtCore.QRectF(self.rect()).adjusted(2, 2, -2, -2), 3, 3)
        color = QtGui.QColor(self._theme.text if self.underMouse() else self._theme.dim)
        color.setAlphaF(1.0 if self.awake or (self.isCheckable() and not self.isChecked()) else 0.35)
        painter.setPen(QtGui.QPen(color, 1.3, Qt.SolidLine, Qt.RoundCap, Qt.RoundJoin))
        painter.translate(self.rect().center() + QtCore.QPointF(0.5, 0.5))
        _GLYPHS[self._glyph](painter, self.isChecked())


def _close(p: QtGui.QPainter, _on: bool) -> None:
    p.drawLine(QtCore.QPointF(-3.5, -3.5), QtCore.QPointF(3.5, 3.5))
    p.drawLine(QtCore.QPointF(-3.5, 3.5), QtCore.QPointF(3.5, -3.5))


def _float(p: QtGui.QPainter, _on: bool) -> None:
    p.drawRect(QtCore.QRectF(-4, -1.5, 6, 5.5))
    p.drawPolyline(QtGui.QPolygonF([QtCore.QPointF(-1.5, -4), QtCore.QPointF(4.5, -4), QtCore.QPointF(4.5, 1.5)]))


def _menu(p: QtGui.QPainter, _on: bool) -> None:
    for y in (-3.5, 0, 3.5):
        p.drawLine(QtCore.QPointF(-4, y), QtCore.QPointF(4, y))


def _camera(p: QtGui.QPainter, _on: bool) -> None:
    p.drawRoundedRect(QtCore.QRectF(-5, -3, 10, 7), 1.2, 1.2)
    p.drawEllipse(QtCore.QPointF(0, 0.6), 2.0, 2.0)
    p.drawLine(QtCore.QPointF(-2, -4.4), QtCore.QPointF(1.5, -4.4))


def _update(p: QtGui.QPainter, on: bool) -> None:
    """Two bars in a ring when the view stands still, an open ring with an arrow when it follows."""
    if on:
        p.drawArc(QtCore.QRectF(-4, -4, 8, 8), 60 * 16, 285 * 16)
        p.drawPolyline(
            QtGui.QPolygonF([QtCore.QPointF(3.8, -5.2), QtCore.QPointF(3.6, -2.0), QtCore.QPointF(0.6, -2.2)])
        )
        return
    p.drawLine(QtCore.QPointF(-2, -4), QtCore.QPointF(-2, 4))
    p.drawLine(QtCore.QPointF(2, -4), QtCore.QPointF(2, 4))


_GLYPHS: dict[str, Callable[[QtGui.QPainter, bool], None]] = {
    "close": _close, "float": _float, "menu": _menu, "camera": _camera, "update": _update,
}  # fmt: skip


class TitleBar(QtWidgets.QWidget):
    """Title bar of a dock; dragging it moves the dock, as Qt does with any title bar widget."""

    def __init__(self, title: str, theme: Theme) -> None:
        super().__init__()
        self._title, self._status, self._theme = title, "", theme
        self._badge, self._badge_role = "", "accent"
        self.focused = False
        self._title_shown = True
        self._fit()
        self.setAttribute(Qt.WA_Hover)
        self._row = QtWidgets.QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 2, 0)
        self._row.setSpacing(0)
        self._row.addStretch(1)

    def add_button(self, glyph: str, tip: str) -> GlyphButton:
        """Add a button at the right end."""
        button = GlyphButton(glyph, tip, self._theme, self)
        self._row.addWidget(button)
        return button

    def _fit(self) -> None:
        """Be as high as the text asks for."""
        self.setFixedHeight(max(HEIGHT, self.fontMetrics().height() + 5))
        for button in self.findChildren(GlyphButton):
            button.setFixedHeight(self.maximumHeight())

    def changeEvent(self, event: QtCore.QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.FontChange:
            self._fit()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        for button in self.findChildren(GlyphButton):
            button.set_theme(theme)
        self.update()

    def set_title_shown(self, shown: bool) -> None:
        """Leave the title to the tab, or show it."""
        if shown != self._title_shown:
            self._title_shown = shown
            self.update()

    def set_title(self, title: str) -> None:
        self._title = title
        self.update()

    @property
    def status(self) -> str:
        """The text after the title."""
        return self._status

    def set_status(self, status: str) -> None:
        """Show what the view says of its picture, in dim text after the title."""
        if status != self._status:
            self._status = status
            # In a narrow dock not all of it is seen.
            self.setToolTip(status)
            self.update()

    def set_badge(self, badge: str, role: str = "accent") -> None:
        """Show a letter in a small frame before the title, "" for none; role : of its colour in the theme."""
        if (badge, role) != (self._badge, self._badge_role):
            self._badge, self._badge_role = badge, role
            self.update()

    def enterEvent(self, event: QtCore.QEvent) -> None:
        self._wake(True)

    def leaveEvent(self, event: QtCore.QEvent) -> None:
        self._wake(False)

    def _wake(self, awake: bool) -> None:
        for button in self.findChildren(GlyphButton):
            button.awake = awake
            button.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        theme, painter = self._theme, QtGui.QPainter(self)
        painter.fillRect(self.rect(), QtGui.QColor(theme.panel))
        if self.focused:
            painter.fillRect(0, 0, 2, self.height(), QtGui.QColor(theme.accent))
        widgets = self.findChildren(QtWidgets.QWidget, options=Qt.FindDirectChildrenOnly)
        buttons = sum(w.width() for w in widgets if w.isVisible())
        x, room = 8, self.width() - 8 - buttons - 8
        metrics = self.fontMetrics()
        if self._badge:
            used = self._paint_badge(painter, x)
            x, room = x + used, room - used
        if self._title_shown:
            painter.setPen(QtGui.QColor(theme.text))
            title = metrics.elidedText(self._title, Qt.ElideRight, room)
            painter.drawText(x, 0, room, self.height(), Qt.AlignVCenter | Qt.AlignLeft, title)
            used = metrics.horizontalAdvance(title) + 12
            x, room = x + used, room - used
        if room > STATUS_ROOM and self._status:
            painter.setPen(QtGui.QColor(theme.dim))
            status = shortened(self._status, lambda text: metrics.horizontalAdvance(text) <= room)
            painter.drawText(x, 0, room, self.height(), Qt.AlignVCenter | Qt.AlignLeft, status)

    def _paint_badge(self, painter: QtGui.QPainter, x: int) -> int:
        """Draw the letter in its frame; return the width it takes."""
        width = max(self.fontMetrics().horizontalAdvance(self._badge) + 8, 16)
        frame = QtCore.QRectF(x + 0.5, 3.5, width - 1, self.height() - 8)
        painter.setPen(QtGui.QColor(getattr(self._theme, self._badge_role)))
        painter.drawRoundedRect(frame, 3, 3)
        painter.drawText(frame, Qt.AlignCenter, self._badge)
        return width + 6
