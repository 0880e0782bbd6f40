"""Signs of Font Awesome by their hexadecimal code, as phy's plugins name them."""

from __future__ import annotations

from functools import cache
from typing import Any

from phy_medicine.app.phy_compat.loose_qt import Qt, QtCore, QtGui
from phy_medicine.views.theme import Theme


@cache
def _font(pixels: int) -> Any:
    """The icon font; None where qtawesome is not installed. Loading it takes 60 ms, so it is done when asked for."""
    try:
        import qtawesome
    except ImportError:
        return None
    font: Any = qtawesome.font("fa5s", pixels)
    return font


def glyph(code: str, pixels: int) -> tuple[str, Any]:
    """Return the sign of a code such as "f105", and the font that has it; "•" where it is none or there is no font."""
    font = _font(pixels)
    try:
        sign = chr(int(code, 16))
    except (ValueError, OverflowError):
        return "\N{BULLET}", None
    if font is None or not QtGui.QFontMetrics(font).inFont(sign):
        return "\N{BULLET}", None
    return sign, font


def glyph_icon(code: str, theme: Theme) -> Any:
    """Return a sign as an icon in the colours of a theme, also for greyed-out buttons."""
    icon = QtGui.QIcon()
    for mode, color in ((QtGui.QIcon.Normal, theme.text), (QtGui.QIcon.Disabled, theme.line)):
        pixmap = QtGui.QPixmap(32, 32)
        pixmap.fill(Qt.transparent)
        painter = QtGui.QPainter(pixmap)
        sign, font = glyph(code, 26)
        if font is not None:
            painter.setFont(font)
        painter.setPen(QtGui.QColor(color))
        painter.drawText(QtCore.QRect(0, 0, 32, 32), Qt.AlignCenter, sign)
        painter.end()
        icon.addPixmap(pixmap, mode)
    return icon
