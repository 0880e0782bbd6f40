"""Column titles: two lines (name, unit), sort by click, own order, widths and hidden columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.table_model import UNKNOWN, ClusterModel
from phy_medicine.session.columns import LABEL
from phy_medicine.session.position_items import DEPTH, SPREAD, X
from phy_medicine.views.theme import Theme

HEIGHT = 36
# Where there is no room for all; the depth of templates says much of what the localized one does.
_FIRST_TO_GO = (SPREAD, X, "presence_ratio", "amp", "contamination", "ch", "snr", "dip", "lda_error", "fr", DEPTH)


class ColumnHeader(QtWidgets.QHeaderView):
    """Horizontal header of a cluster table."""

    sort_asked = QtCore.pyqtSignal(str, bool)
    """Name of the column, and whether it is added to the present order (Shift held)."""
    order_asked = QtCore.pyqtSignal(str, bool)
    """Name of the column, and whether the least come first."""
    copy_asked = QtCore.pyqtSignal(list)
    """Columns to copy, those that are shown when there are none."""
    repaint_asked = QtCore.pyqtSignal()
    """Cells are coloured in another way."""

    def __init__(self, model: ClusterModel, theme: Theme) -> None:
        super().__init__(Qt.Horizontal)
        self._model = model
        self._theme = theme
        self.sort_keys: Sequence[tuple[str, bool]] = ()
        self.setSectionsMovable(True)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(26)
        self._fit_text()
        self.setContextMenuPolicy(Qt.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        self.sectionClicked.connect(self._clicked)
        self.arranged = False
        """Whether a person has moved, hidden or resized a column; then nothing is done by itself any more."""
        self.sectionMoved.connect(self._note_drag)
        self.sectionResized.connect(self._note_drag)

    def _fit_text(self) -> None:
        """Be high enough for two lines."""
        self.setFixedHeight(max(HEIGHT, 2 * self.fontMetrics().height() + 2))

    def changeEvent(self, event: QtCore.QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.FontChange:
            self._fit_text()

    def _note_drag(self, *_: int) -> None:
        self.arranged = self.arranged or bool(QtWidgets.QApplication.mouseButtons() & Qt.LeftButton)

    def _clicked(self, section: int) -> None:
        shift = bool(QtWidgets.QApplication.keyboardModifiers() & Qt.ShiftModifier)
        self.sort_asked.emit(self._model.columns[section].name, shift)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.viewport().update()

    def show_sort(self, keys: Sequence[tuple[str, bool]]) -> None:
        """Mark the columns that the table is sorted by: (name, ascending), the first counts most."""
        self.sort_keys = tuple(keys)
        self.viewport().update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self.viewport())
        painter.fillRect(event.rect(), QtGui.QColor(self._theme.panel))
        painter.setPen(QtGui.QColor(self._theme.line))
        painter.drawLine(event.rect().left(), self.height() - 1, event.rect().right(), self.height() - 1)
        painter.end()
        super().paintEvent(event)

    def paintSection(self, painter: QtGui.QPainter, rect: QtCore.QRect, section: int) -> None:
        theme, column = self._theme, self._model.columns[section]
        order = next(((i, up) for i, (name, up) in enumerate(self.sort_keys) if name == column.name), None)
        side = Qt.AlignLeft if column.kind == "text" else Qt.AlignHCenter if column.kind == "group" else Qt.AlignRight
        inner = rect.adjusted(6, 3, -6, -3)
        painter.setPen(QtGui.QColor(theme.text if order is None else theme.accent))
        lines = Qt.AlignTop if column.unit else Qt.AlignVCenter
        painter.drawText(inner, side | lines, column.title)
        if column.unit:
            painter.setPen(QtGui.QColor(theme.dim))
            painter.drawText(inner, side | Qt.AlignBottom, column.unit)
        if order is not None:
            self._paint_arrow(painter, rect, ascending=order[1], place=order[0])

    def _paint_arrow(self, painter: QtGui.QPainter, rect: QtCore.QRect, *, ascending: bool, place: int) -> None:
        """Draw a triangle at the lower edge; a later sort key is fainter."""
        color = QtGui.QColor(self._theme.accent)
        color.setAlphaF(max(0.35, 1 - 0.35 * place))
        x, y, up = rect.center().x() + 1, rect.bottom() - 4, 1 if ascending else -1
        points = [QtCore.QPointF(x - 4, y + 2 * up), QtCore.QPointF(x + 4, y + 2 * up), QtCore.QPointF(x, y - 2 * up)]
        painter.save()
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        painter.setPen(Qt.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QtGui.QPolygonF(points))
        painter.restore()

    def fit(self, hidden: Sequence[str], sample_ids: Sequence[int]) -> None:
        """Choose widths from titles and the widest value of a few dozen clusters, and hide columns by name."""
        metrics = self.fontMetrics()
        sample = sample_ids[:: max(1, len(sample_ids) // 40)]
        for section, column in enumerate(self._model.columns):
            self.setSectionHidden(section, column.name in hidden)
            if column.kind == "group":
                self.resizeSection(section, metrics.horizontalAdvance(column.title) + 14)
                continue
            texts = [self._model.text_at_once(c, column) for c in sample]
            if UNKNOWN in texts or (column.kind == "float" and not any(texts)):  # a number of three digits will come
                texts.append("\N{MINUS SIGN}0.0000")
            if column.name == "id":  # ids grow with every merge
                texts.append("0" * max(3, len(str(max(sample_ids, default=0)))))
            title = max(metrics.horizontalAdvance(column.title), metrics.horizontalAdvance(column.unit))
            widest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
            self.resizeSection(section, min(180, max(title + 13, widest + 14)))

    def widen(self, names: Collection[str], sample_ids: Sequence[int]) -> None:
        """Make columns wider whose cells came after their width was chosen; not once a person has arranged them."""
        metrics = self.fontMetrics()
        for section, column in enumerate(self._model.columns):
            if column.name not in names or self.arranged or self.isSectionHidden(section):
                continue
            widest = max(
                (metrics.horizontalAdvance(self._model.text_at_once(c, column)) for c in sample_ids), default=0
            )
            if self.sectionSize(section) < min(180, widest + 14):
                self.resizeSection(section, min(180, widest + 14))

    def hide_until_fit(self, width: int, hidden: Sequence[str] = ()) -> None:
        """Show all columns but the hidden ones, then hide the least telling ones until the rest fits a width.

        First label columns, numbers before text and the last first, then those of `_FIRST_TO_GO`, in this order. A cut
        column tells nothing; the menu of the header brings back what is hidden.
        """
        columns = list(enumerate(self._model.columns))
        for section, column in columns:
            self.setSectionHidden(section, column.name in hidden)
        labels = [i for i, c in columns if c.help == LABEL]
        labels.sort(key=lambda i: (self._model.columns[i].kind == "text", -i))
        for section in [*labels, *(i for name in _FIRST_TO_GO for i, c in columns if c.name == name)]:
            if self.length() <= width:
                return
            self.setSectionHidden(section, True)

    def order_of(self, names: Sequence[str]) -> list[str]:
        """Return all columns, those named first; the id stands before them where it is not named."""
        known = [column.name for column in self._model.columns]
        names = names if "id" in names else ("id", *names)
        return [*(n for n in names if n in known), *(n for n in known if n not in names)]

    def to_hide(self, names: Sequence[str]) -> list[str]:
        """Return the columns that are not named; the id always stays."""
        return [column.name for column in self._model.columns if column.name not in (*names, "id")]

    def to_state(self) -> dict[str, Any]:
        """Return order, widths and hidden columns by name."""
        names = [self._model.columns[self.logicalIndex(v)].name for v in range(self.count())]
        hidden = [c.name for i, c in enumerate(self._model.columns) if self.isSectionHidden(i)]
        widths = {c.name: self.sectionSize(i) for i, c in enumerate(self._model.columns) if not self.isSectionHidden(i)}
        return {"order": names, "hidden": hidden, "widths": widths, "colored": sorted(self._model.colored)}

    def apply_state(self, state: Mapping[str, Any]) -> None:
        """Take order, widths, hidden and coloured columns; columns the state does not know stay as they are."""
        self._model.colored = frozenset(map(str, state.get("colored", self._model.colored)))
        for name, width in dict(state.get("widths", {})).items():
            if (section := self._model.column_of(name)) is not None:
                self.resizeSection(section, int(width))
        known = set(state.get("order", ()))
        for section, column in enumerate(self._model.columns):
            if column.name in known:
                self.setSectionHidden(section, column.name in state.get("hidden", ()))
        place = 0
        for name in state.get("order", ()):
            if (section := self._model.column_of(name)) is not None:
                self.moveSection(self.visualIndex(section), place)
                place += 1

    def _show_column(self, section: int, shown: bool) -> None:
        self.arranged = True
        self.setSectionHidden(section, not shown)

    def _color_by_value(self, name: str, on: bool) -> None:
        self.arranged = True
        self._model.colored = self._model.colored | {name} if on else self._model.colored - {name}
        self.repaint_asked.emit()

    def _show_menu(self, position: QtCore.QPoint) -> None:
        section = self.logicalIndexAt(position)
        menu = self.menu_of(section) if section >= 0 else QtWidgets.QMenu(self)
        self._add_choice(menu.addMenu("Columns"))
        menu.exec_(self.mapToGlobal(position))

    def menu_of(self, section: int) -> QtWidgets.QMenu:
        """Return what can be done with one column."""
        menu, column = QtWidgets.QMenu(self), self._model.columns[section]
        for text, ascending in (("Sort ascending", True), ("Sort descending", False)):
            menu.addAction(text, lambda up=ascending: self.order_asked.emit(column.name, up))
        if column.kind in ("int", "float") and column.name != "id":
            colored = menu.addAction("Colour cells by value")
            colored.setCheckable(True)
            colored.setChecked(column.name in self._model.colored)
            colored.toggled.connect(lambda on: self._color_by_value(column.name, on))
        menu.addAction("Copy this column", lambda: self.copy_asked.emit([section]))
        menu.addAction("Copy the table", lambda: self.copy_asked.emit([]))
        return menu

    def _add_choice(self, menu: QtWidgets.QMenu) -> None:
        """Add the choice of columns to a menu."""
        for section, column in enumerate(self._model.columns):
            action = menu.addAction(column.title)
            action.setToolTip(column.help)
            action.setCheckable(True)
            action.setChecked(not self.isSectionHidden(section))
            action.setEnabled(column.name != "id")
            action.toggled.connect(lambda shown, s=section: self._show_column(s, shown))
        menu.setToolTipsVisible(True)
