"""Paints table cells: selection colours, group marks, readable text; one pass, no widgets, no style calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from phy_medicine.gui import theme as themes
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.table_model import ClusterModel
from phy_medicine.session.colormaps import colormap
from phy_medicine.views.theme import Theme

SELECTED_ALPHA = 160 / 255
PADDING = 7
BADGE_HEIGHT, BADGE_PADDING = 16, 10
_N_SHADES = 64
_STRIP = 4  # px, how wide the value of a selected cell is shown

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class GroupMark:
    """How a group is shown: its name on its colour, or its letter where there is no room for the name."""

    name: str
    letter: str
    color: Rgb
    masked: bool


@dataclass(frozen=True, slots=True)
class RowStyle:
    """Colours and weight that a style sheet gives to a row; None: the common ones."""

    ink: QtGui.QColor | None = None
    ground: QtGui.QColor | None = None
    bold: bool = False


@dataclass(frozen=True, slots=True)
class RowLook:
    """What a row says beside its cells; selection_color : None when it is not selected."""

    selection_color: Rgb | None
    mark: GroupMark | None
    style: RowStyle | None = None


@lru_cache(maxsize=1024)
def _selected_colors(color: Rgb, ground: str) -> tuple[QtGui.QColor, QtGui.QColor]:
    """Return the tint of a selected row and the colour of its text."""
    tint = themes.blend(color, themes.rgb(ground), SELECTED_ALPHA)
    return QtGui.QColor.fromRgbF(*tint), QtGui.QColor(themes.text_color_on(tint))


@lru_cache(maxsize=_N_SHADES)
def _shade_colors(place: int) -> tuple[QtGui.QColor, QtGui.QColor]:
    """Return the ground of a cell coloured by value and the colour of its text; place : 0 to `_N_SHADES` - 1."""
    red, green, blue = colormap("viridis")[round(place / (_N_SHADES - 1) * (len(colormap("viridis")) - 1))].tolist()
    return QtGui.QColor.fromRgbF(red, green, blue), QtGui.QColor(themes.text_color_on((red, green, blue)))


class CellDelegate(QtWidgets.QStyledItemDelegate):
    """Draws a cell from the model's text and the row's look.

    is_mine : tells whether a cluster is selected in this table; one selected in the other has only its id tinted
    """

    def __init__(
        self,
        model: ClusterModel,
        look_of: Callable[[int], RowLook],
        is_mine: Callable[[int], bool],
        theme: Theme,
    ) -> None:
        super().__init__()
        self._model = model
        self._look_of = look_of
        self._is_mine = is_mine
        self.hovered_row = -1
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self._text = QtGui.QColor(theme.text)
        self._dim = QtGui.QColor(theme.dim)
        self._hover = QtGui.QColor(theme.hover)
        self._badge_font = QtWidgets.QApplication.font()
        self._badge_font.setPointSizeF(0.9 * theme.points)
        self._badge_height = max(BADGE_HEIGHT, round(1.6 * theme.points))

    def row_tint(self, row: int) -> QtGui.QColor | None:
        """Return the ground of a whole row, None for the common one."""
        cluster_id = self._model.ids[row]
        color = self._look_of(cluster_id).selection_color
        if color is not None and self._is_mine(cluster_id):
            return _selected_colors(color, self._theme.view)[0]
        style = self._look_of(cluster_id).style
        return self._hover if row == self.hovered_row else None if style is None else style.ground

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> None:
        row, column = index.row(), index.column()
        cluster_id, facts, rect = self._model.ids[row], self._model.columns[column], option.rect
        look = self._look_of(cluster_id)
        ink = self._dim if look.mark is not None and look.mark.masked else self._text
        if look.style is not None:
            ink = look.style.ink or ink
            font = painter.font()
            font.setBold(look.style.bold)
            painter.setFont(font)
        if look.selection_color is not None and (facts.name == "id" or self._is_mine(cluster_id)):
            tint, ink = _selected_colors(look.selection_color, self._theme.view)
            if facts.name == "id":
                painter.fillRect(rect, tint)
        if facts.kind == "group":
            self._paint_mark(painter, rect, look.mark)
            return
        shade = self._model.shade(row, column)
        if shade is not None:
            ground, readable = _shade_colors(round(shade * (_N_SHADES - 1)))
            if look.selection_color is None or not self._is_mine(cluster_id):
                painter.fillRect(rect.adjusted(1, 1, 0, 0), ground)
                ink = readable
            else:  # the tint of the selection comes first
                painter.fillRect(QtCore.QRect(rect.left() + 1, rect.top() + 1, _STRIP, rect.height() - 1), ground)
        painter.setPen(ink)
        side = Qt.AlignLeft if facts.kind == "text" else Qt.AlignRight
        inner = rect.adjusted(PADDING, 0, -PADDING, 0)
        painter.drawText(inner, side | Qt.AlignVCenter, self._model.text(row, column))

    def _paint_mark(self, painter: QtGui.QPainter, rect: QtCore.QRect, mark: GroupMark | None) -> None:
        """Draw the name of a group on a badge of its colour; unsorted clusters have an empty cell."""
        if mark is None:
            return
        painter.save()
        painter.setFont(self._badge_font)
        text = mark.name
        width = painter.fontMetrics().horizontalAdvance(text) + BADGE_PADDING
        if width > rect.width() - 4:
            text, width = mark.letter, self._badge_height
        badge = QtCore.QRectF(0, 0, width, min(rect.height() - 4, self._badge_height))
        badge.moveCenter(QtCore.QRectF(rect).center())
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        painter.setPen(QtGui.QPen(QtGui.QColor(0, 0, 0, 120), 1))
        painter.setBrush(QtGui.QColor.fromRgbF(*mark.color))
        painter.drawRoundedRect(badge, 3, 3)
        painter.setPen(QtGui.QColor(themes.text_color_on(mark.color)))
        painter.drawText(badge, Qt.AlignCenter, text)
        painter.restore()
