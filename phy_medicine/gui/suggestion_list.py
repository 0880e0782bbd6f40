"""The list of suggestions: kind, clusters in their colours, gain, confidence; only rows that are seen are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from phy_medicine.base.types import FloatArray
from phy_medicine.curation.suggestions import SURE as LEAST_SURE
from phy_medicine.curation.suggestions import About, Kind, Suggestion
from phy_medicine.gui import theme as themes
from phy_medicine.gui.action_list import ActionTable
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.table_delegate import PADDING, SELECTED_ALPHA
from phy_medicine.views.theme import Theme

KIND_WORDS: dict[Kind, str] = {"merge": "Merge", "split": "Split", "noise": "Noise", "mua": "MUA"}
KIND, CLUSTERS, GAIN, SURE = range(4)
_TITLES = ("", "Clusters", "Gain", "Sure")
_TIPS = {
    GAIN: "Spikes that it is expected to put right",
    SURE: "How probably it is right",
}
LESS_CERTAIN = f"Less certain, below {LEAST_SURE:.0%}"
_PALE_ALPHA = 0.22
_ROW_SPACE = 4
_PILL, _GAP = 7, 5
_BAR = 36
_GLYPH = 14
_ROOMY, _NARROW = 320, 230

OrderOf = Callable[[Suggestion], tuple[int, ...]]
ColorsOf = Callable[[Sequence[int]], FloatArray]


class SuggestionModel(QtCore.QAbstractTableModel):
    """Rows of a queue, as they were last shown.

    order_of : gives the clusters of a suggestion in the order in which they are selected
    """

    def __init__(self, order_of: OrderOf) -> None:
        super().__init__()
        self.rows: tuple[Suggestion, ...] = ()
        self.late: frozenset[About] = frozenset()
        self.headings: dict[int, str] = {}
        self._order_of = order_of

    def show(self, rows: tuple[Suggestion, ...], late: frozenset[About]) -> bool:
        """Take over other rows; False when they are those that are shown."""
        if len(rows) == len(self.rows) and all(a is b for a, b in zip(rows, self.rows, strict=True)):
            changed, self.late = late != self.late, late
            return changed
        self.beginResetModel()
        self.rows, self.late = rows, late
        self.headings = self._headings()
        self.endResetModel()
        return True

    def _headings(self) -> dict[int, str]:
        """Row -> what is said above it: where those that are less certain begin."""
        less = [not s.recommended and s.about not in self.late for s in self.rows]
        return {less.index(True): LESS_CERTAIN} if True in less else {}

    def clusters(self, row: int) -> tuple[int, ...]:
        """Return the clusters of a row in the order of their colours."""
        return self._order_of(self.rows[row])

    def rowCount(self, parent: QtCore.QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QtCore.QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: int, role: int = Qt.DisplayRole) -> Any:
        if orientation != Qt.Horizontal:
            return None
        if role == Qt.TextAlignmentRole:
            return int((Qt.AlignRight if section in (GAIN, SURE) else Qt.AlignLeft) | Qt.AlignVCenter)
        return {Qt.DisplayRole: f" {_TITLES[section]} ", Qt.ToolTipRole: _TIPS.get(section)}.get(role)

    def data(self, index: QtCore.QModelIndex, role: int = Qt.DisplayRole) -> Any:
        if role not in (Qt.DisplayRole, Qt.ToolTipRole):
            return None
        suggestion = self.rows[index.row()]
        if role == Qt.ToolTipRole:
            return "\n".join(reason.text for reason in suggestion.reasons) or None
        clusters = ", ".join(map(str, self.clusters(index.row())))
        gain, sure = f"{suggestion.gain:,.0f}", f"{suggestion.confidence:.0%}"
        return (KIND_WORDS[suggestion.kind], clusters, gain, sure)[index.column()]


class SuggestionDelegate(QtWidgets.QStyledItemDelegate):
    """Draws a row; that of the current suggestion is marked, and its clusters stand on their full colours.

    colors_of : gives the colours of clusters, if these were selected now
    """

    def __init__(self, model: SuggestionModel, colors_of: ColorsOf, theme: Theme) -> None:
        super().__init__()
        self._model, self._colors_of, self._theme = model, colors_of, theme
        self.current, self.looking = -1, False

    @property
    def model(self) -> SuggestionModel:
        """The rows that are drawn."""
        return self._model

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme

    def paint_heading(self, painter: QtGui.QPainter, rect: QtCore.QRect, text: str) -> None:
        """Write what is said above some rows, a line after it."""
        painter.setPen(QtGui.QColor(self._theme.dim))
        inner = rect.adjusted(PADDING + 3, 0, -PADDING, 0)
        painter.drawText(inner, Qt.AlignLeft | Qt.AlignVCenter, text)
        painter.setPen(QtGui.QColor(self._theme.line))
        begin, y = inner.left() + painter.fontMetrics().horizontalAdvance(text) + PADDING, rect.center().y() + 1
        painter.drawLine(begin, y, inner.right(), y)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> None:
        row, rect = index.row(), QtCore.QRect(option.rect)
        rect.setTop(rect.top() + heading_height(option.fontMetrics) * (row in self._model.headings))
        suggestion, theme = self._model.rows[row], self._theme
        if row == self.current:
            painter.fillRect(rect, QtGui.QColor(theme.hover))
            if index.column() == KIND:
                mark = QtCore.QRect(rect.left(), rect.top(), 3, rect.height())
                painter.fillRect(mark, QtGui.QColor(theme.accent if self.looking else theme.dim))
        painter.save()
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        ink = QtGui.QColor(theme.dim if suggestion.about in self._model.late else theme.text)
        painter.setPen(ink)
        inner = rect.adjusted(PADDING, 0, -PADDING, 0)
        if index.column() == KIND:
            self._paint_kind(painter, inner.adjusted(3, 0, 0, 0), suggestion)
        elif index.column() == CLUSTERS:
            self._paint_clusters(painter, inner, row)
        elif index.column() == GAIN:
            painter.drawText(inner, Qt.AlignRight | Qt.AlignVCenter, f"{suggestion.gain:,.0f}")
        else:
            self._paint_confidence(painter, inner, suggestion.confidence)
        painter.restore()

    def _paint_kind(self, painter: QtGui.QPainter, rect: QtCore.QRect, suggestion: Suggestion) -> None:
        box = QtCore.QRectF(rect.left(), rect.center().y() - _GLYPH / 2, _GLYPH, _GLYPH)
        paint_glyph(painter, box, suggestion.kind, QtGui.QColor(self._theme.dim))
        words = rect.adjusted(_GLYPH + 7, 0, 0, 0)
        if words.width() > _GLYPH:
            painter.drawText(words, Qt.AlignLeft | Qt.AlignVCenter, KIND_WORDS[suggestion.kind])

    def _paint_clusters(self, painter: QtGui.QPainter, rect: QtCore.QRect, row: int) -> None:
        """Each cluster on a pill of its colour; those for which there is no room are counted."""
        ids, metrics, x = self._model.clusters(row), painter.fontMetrics(), rect.left()
        widths = [metrics.horizontalAdvance(str(c)) + 2 * _PILL for c in ids]
        n_shown = _n_fitting(widths, rect.width(), metrics.horizontalAdvance("+99"))
        full = row == self.current and self.looking
        ink, height = QtGui.QPen(painter.pen()), metrics.height() + 2
        top = rect.center().y() - height / 2 + 0.5
        colors = self._colors_of(ids)[:, :3].tolist()
        for cluster_id, width, color in list(zip(ids, widths, colors, strict=True))[:n_shown]:
            tint = themes.blend(tuple(color), themes.rgb(self._theme.view), SELECTED_ALPHA if full else _PALE_ALPHA)
            pill = QtCore.QRectF(x, top, width, height)
            painter.setPen(Qt.NoPen)
            painter.setBrush(QtGui.QColor.fromRgbF(*tint))
            painter.drawRoundedRect(pill, 4, 4)
            painter.setPen(QtGui.QPen(QtGui.QColor(themes.text_color_on(tint))) if full else ink)
            painter.drawText(pill, Qt.AlignCenter, str(cluster_id))
            x += width + _GAP
        if n_shown < len(ids):
            painter.setPen(ink)
            painter.drawText(QtCore.QRect(x, rect.top(), 40, rect.height()), Qt.AlignVCenter, f"+{len(ids) - n_shown}")

    def _paint_confidence(self, painter: QtGui.QPainter, rect: QtCore.QRect, confidence: float) -> None:
        text = f"{confidence:.0%}"
        painter.drawText(rect, Qt.AlignRight | Qt.AlignVCenter, text)
        if rect.width() > _BAR + painter.fontMetrics().horizontalAdvance("100%"):
            paint_bar(painter, QtCore.QRectF(rect.left(), rect.center().y() - 1.5, _BAR, 4), confidence, self._theme)


class SuggestionTable(ActionTable):
    """Shows the rows; moving in it, or a click, looks at a suggestion."""

    looked = QtCore.pyqtSignal(int)
    _filling = False

    def __init__(self, model: SuggestionModel, delegate: SuggestionDelegate) -> None:
        super().__init__(model, (0,) * len(_TITLES))
        self.delegate = delegate
        self._raised: list[int] = []
        self.setItemDelegate(delegate)
        self.clicked.connect(lambda index: self.looked.emit(index.row()))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarAlwaysOn)
        self.horizontalHeader().setSectionResizeMode(QtWidgets.QHeaderView.Fixed)
        self.horizontalHeader().setSectionsClickable(False)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _ROW_SPACE)
        model.modelReset.connect(self._make_room)

    def _make_room(self) -> None:
        """Make rows with a heading above them higher."""
        height = self.verticalHeader().defaultSectionSize()
        for row in filter(lambda row: row < self.delegate.model.rowCount(), self._raised):
            self.setRowHeight(row, height)  # a row keeps its height when others are shown
        self._raised = list(self.delegate.model.headings)
        for row in self._raised:
            self.setRowHeight(row, height + heading_height(self.fontMetrics()))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Write the headings over the whole width."""
        super().paintEvent(event)
        painter = QtGui.QPainter(self.viewport())
        for row, text in self.delegate.model.headings.items():
            place = QtCore.QRect(
                0, self.rowViewportPosition(row), self.viewport().width(), heading_height(self.fontMetrics())
            )
            self.delegate.paint_heading(painter, place, text)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Give the clusters what the other columns leave; without room the bars go first, then the words of kinds."""
        super().resizeEvent(event)
        width, room = self.viewport().width(), self.fontMetrics().horizontalAdvance
        self.setColumnHidden(SURE, width < _NARROW)
        kind = 3 + _GLYPH + 2 * PADDING
        gain, sure = room("00,000") + PADDING, room("100%") + 2 * PADDING
        if width >= _ROOMY:
            kind, sure = kind + room("Merge") + 16, sure + _BAR + 8
        clusters = width - kind - gain - (sure if width >= _NARROW else 0)
        for column, wide in enumerate((kind, max(clusters, 60), gain, sure)):
            self.setColumnWidth(column, wide)

    def show_current(self, row: int, *, looking: bool) -> None:
        """Mark a row as the one that is looked at, and bring it into sight; -1: none."""
        self.delegate.current, self.delegate.looking = row, looking
        self._filling = True
        if row >= 0:
            index = self.model().index(row, 0)
            self.setCurrentIndex(index)
            self.scrollTo(index)
        self._filling = False
        self.viewport().update()

    def currentChanged(self, current: QtCore.QModelIndex, previous: QtCore.QModelIndex) -> None:
        super().currentChanged(current, previous)
        by_key = not self._filling and not QtWidgets.QApplication.mouseButtons()
        if by_key and current.isValid() and current.row() != previous.row():
            self.looked.emit(current.row())


def heading_height(metrics: QtGui.QFontMetrics) -> int:
    """Return the height of a heading, pixels."""
    return int(metrics.height()) + 2


def _n_fitting(widths: Sequence[int], room: int, rest: int) -> int:
    """How many of some pills stand beside each other; at least one, and where not all fit, with room for the rest."""
    ends = [sum(widths[: i + 1]) + i * _GAP for i in range(len(widths))]
    return len(widths) if ends[-1] <= room else max(1, sum(end + _GAP + rest <= room for end in ends))


def paint_bar(painter: QtGui.QPainter, rect: QtCore.QRectF, share: float, theme: Theme) -> None:
    """Draw a thin bar that is filled up to a share of 0..1; what lies over it is drawn with the same pen as before."""
    pen = painter.pen()
    painter.setPen(Qt.NoPen)
    painter.setBrush(QtGui.QColor(theme.line))
    painter.drawRoundedRect(rect, 2, 2)
    painter.setBrush(QtGui.QColor(theme.accent))
    painter.drawRoundedRect(QtCore.QRectF(rect.left(), rect.top(), rect.width() * share, rect.height()), 2, 2)
    painter.setPen(pen)


def paint_glyph(painter: QtGui.QPainter, box: QtCore.QRectF, kind: Kind, color: QtGui.QColor) -> None:
    """Draw the sign of a kind: two lines that become one, one that becomes two, noise, several on top of each other."""
    path = QtGui.QPainterPath()
    point = lambda x, y: QtCore.QPointF(box.left() + x * box.width(), box.top() + y * box.height())  # noqa: E731
    if kind in ("merge", "split"):
        ends, whole = (0.0, 1.0) if kind == "merge" else (1.0, 0.0)
        middle = 0.5
        for y in (0.15, 0.85):
            path.moveTo(point(ends, y))
            path.cubicTo(point(middle, y), point(middle, 0.5), point(whole, 0.5))
    elif kind == "noise":
        path.moveTo(point(0.0, 0.5))
        for x, y in ((0.14, 0.2), (0.3, 0.8), (0.44, 0.1), (0.6, 0.9), (0.74, 0.3), (0.88, 0.65), (1.0, 0.5)):
            path.lineTo(point(x, y))
    else:
        for dx, dy in ((-0.18, 0.1), (0.18, 0.1), (0.0, -0.18)):
            path.addEllipse(point(0.5 + dx, 0.5 + dy), 0.28 * box.width(), 0.28 * box.height())
    painter.save()
    painter.setPen(QtGui.QPen(color, 1.6, Qt.SolidLine, Qt.RoundCap, Qt.RoundJoin))
    painter.setBrush(Qt.NoBrush)
    painter.drawPath(path)
    painter.restore()
