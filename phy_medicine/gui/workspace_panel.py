"""The list of the workspace: clusters collected for a merge, in order, with their evidence against the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from phy_medicine.compute.pairs.reasons import reasons
from phy_medicine.gui import theme as themes
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.suggestion_list import paint_bar
from phy_medicine.gui.table_delegate import PADDING, SELECTED_ALPHA
from phy_medicine.gui.tool_dock import ToolDock
from phy_medicine.session.actions import Action

if TYPE_CHECKING:
    from phy_medicine.base.types import FloatArray
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.views.theme import Theme

DOCK = "Workspace"
_DOT = " \N{MIDDLE DOT} "
_BAR, _PILL = 36, 9
_WIDE, _WIDE_FACTS, _ID_DIGITS = 100, 36, 8
"""In digits: from which width a cluster has one line, then the width of its facts before the words, and of its id."""
_WAITS = "evidence in a moment"
_OWN_KEYS = {Qt.Key_Up, Qt.Key_Down, Qt.Key_Return, Qt.Key_Enter, Qt.Key_Delete}
_ID, _VALUE, _WORDS = Qt.UserRole, Qt.UserRole + 1, Qt.UserRole + 2


class WorkspaceList(QtWidgets.QListWidget):
    """Rows are moved by dragging, or with Alt and the arrows; Enter makes one the reference, Delete takes it out.

    ordered : the clusters in their new order
    """

    ordered = QtCore.pyqtSignal(list)
    removed = QtCore.pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setDragDropMode(QtWidgets.QAbstractItemView.InternalMove)
        self.setDefaultDropAction(Qt.MoveAction)
        self.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollPerPixel)
        self.setResizeMode(QtWidgets.QListView.Adjust)  # the height of a row depends on the width
        self.model().rowsMoved.connect(lambda *_where: self.ordered.emit(self.ids))

    @property
    def ids(self) -> list[int]:
        """The clusters from top to bottom."""
        return [self.item(row).data(_ID) for row in range(self.count())]

    def event(self, event: QtCore.QEvent) -> bool:
        """Claim the keys that move in the list before they are actions of the window."""
        if event.type() == QtCore.QEvent.ShortcutOverride and event.key() in _OWN_KEYS:
            plain = not event.modifiers() & ~(Qt.KeypadModifier | Qt.AltModifier)
            if plain:
                event.accept()
                return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        row, ids = self.currentRow(), self.ids
        if row < 0 or event.key() not in _OWN_KEYS:
            super().keyPressEvent(event)
        elif event.key() == Qt.Key_Delete:
            self.removed.emit(ids[row])
        elif event.key() in (Qt.Key_Return, Qt.Key_Enter):
            self.ordered.emit([ids[row], *ids[:row], *ids[row + 1 :]])
        elif event.modifiers() & Qt.AltModifier:
            to = row + (1 if event.key() == Qt.Key_Down else -1)
            if 0 <= to < len(ids):
                ids[row], ids[to] = ids[to], ids[row]
                self.setCurrentRow(to)
                self.ordered.emit(ids)
        else:
            super().keyPressEvent(event)


class WorkspaceDelegate(QtWidgets.QStyledItemDelegate):
    """Draws a cluster on its colour, how probably it is the neuron of the reference, and why in words."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.colors: FloatArray | None = None

    def sizeHint(self, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> QtCore.QSize:
        n_lines = 1 if _is_wide(option) else 2
        return QtCore.QSize(120, n_lines * option.fontMetrics.height() + 6 * n_lines)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: QtCore.QModelIndex) -> None:
        theme, metrics = self.theme, painter.fontMetrics()
        rect = QtCore.QRect(option.rect)
        if option.state & QtWidgets.QStyle.State_Selected:
            painter.fillRect(rect, QtGui.QColor(theme.hover))
        painter.save()
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        wide, line = _is_wide(option), metrics.height() + 1
        inner = rect.adjusted(PADDING, 3 if wide else 5, -PADDING, -3 if wide else -5)
        text, value = str(index.data(_ID)), index.data(_VALUE)
        pill = QtCore.QRectF(inner.left(), inner.top() - 1, metrics.horizontalAdvance(text) + 2 * _PILL, line + 2)
        tint = themes.blend(self._color(index.row()), themes.rgb(theme.view), SELECTED_ALPHA)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QtGui.QColor.fromRgbF(*tint))
        painter.drawRoundedRect(pill, 4, 4)
        painter.setPen(QtGui.QColor(themes.text_color_on(tint)))
        painter.drawText(pill, Qt.AlignCenter, text)
        painter.setPen(QtGui.QColor(theme.text))
        begin = max(pill.right() + 8, inner.left() + metrics.horizontalAdvance("0") * _ID_DIGITS)
        room = metrics.horizontalAdvance("0") * _WIDE_FACTS if wide else inner.right() - begin
        beside = QtCore.QRectF(begin, inner.top(), room, line)
        painter.drawText(beside, Qt.AlignLeft | Qt.AlignVCenter, index.data(Qt.DisplayRole))
        if value is not None:
            painter.drawText(beside, Qt.AlignRight | Qt.AlignVCenter, f"{value:.0%}")
            bar = beside.right() - metrics.horizontalAdvance("100% ") - _BAR
            paint_bar(painter, QtCore.QRectF(bar, beside.center().y() - 2, _BAR, 4), value, theme)
        painter.setPen(QtGui.QColor(theme.dim))
        below = QtCore.QRect(inner.left(), inner.top() + line + 2, inner.width(), line)
        if wide:
            left = int(beside.right()) + 3 * PADDING
            below = QtCore.QRect(left, inner.top(), inner.right() - left, line)
        words = metrics.elidedText(index.data(_WORDS), Qt.ElideRight, below.width())
        painter.drawText(below, Qt.AlignLeft | Qt.AlignVCenter, words)
        painter.restore()

    def _color(self, row: int) -> tuple[float, float, float]:
        if self.colors is None or row >= len(self.colors):
            return themes.rgb(self.theme.line)
        red, green, blue = self.colors[row, :3].tolist()
        return red, green, blue


def _is_wide(option: QtWidgets.QStyleOptionViewItem) -> bool:
    """Whether facts and words of a cluster stand beside each other."""
    width = option.rect.width() if option.widget is None else option.widget.viewport().width()
    return bool(width >= _WIDE * option.fontMetrics.horizontalAdvance("0"))


class WorkspacePanel(QtWidgets.QWidget):
    """Content of the dock "Workspace"."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window, self._session = window, window.session
        self.list = WorkspaceList()
        self.delegate = WorkspaceDelegate(window.theme)
        self.list.setItemDelegate(self.delegate)
        guard = window.commands.guard
        self.list.ordered.connect(lambda ids: guard(lambda: self._session.order_workspace(ids)))
        self.list.removed.connect(lambda cluster_id: guard(lambda: self._session.take_out(cluster_id)))
        self.setFocusPolicy(Qt.StrongFocus)
        self.empty = QtWidgets.QLabel()
        self.empty.setProperty("dim", True)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignCenter)
        self.empty.setContentsMargins(16, 8, 16, 8)
        self.hint = QtWidgets.QLabel()
        self.hint.setProperty("dim", True)
        self.hint.setWordWrap(True)
        self.hint.setContentsMargins(8, 3, 8, 4)
        self._stack = QtWidgets.QStackedWidget()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._stack, 1)
        column.addWidget(self.hint)
        self.refresh()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.delegate.theme = theme
        self.list.viewport().update()

    def refresh(self) -> None:
        """Show what is collected now; evidence that is not known is worked out in the background."""
        session, key = self._session, self._window.commands.key_of
        now = session.selection.current
        ids = now.best_ids if now.workspace else ()
        self._stack.setCurrentIndex(0 if ids else 1)
        self.setFocusProxy(self.list if ids else None)  # what is not seen takes no keys
        self.hint.setVisible(bool(ids))
        self.empty.setText(
            f"Nothing is collected. {key('next')} brings a candidate beside the cluster, {key('collect')} collects it."
        )
        self.hint.setText(
            f"{key('merge')} merges them{_DOT}drag, or Alt and the arrows, to order{_DOT}Enter: reference{_DOT}"
            f"Delete: take out"
        )
        if not ids:
            self.list.clear()
            return
        session.pairs.ask((ids[0], c) for c in ids[1:])
        self.delegate.colors = session.colors.of(now.cluster_ids)
        while self.list.count() > len(ids):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(ids):
            self.list.addItem(QtWidgets.QListWidgetItem())
        for row, cluster_id in enumerate(ids):
            self._fill(self.list.item(row), cluster_id, ids[0])
        self.list.viewport().update()

    def _fill(self, item: QtWidgets.QListWidgetItem, cluster_id: int, reference: int) -> None:
        session = self._session
        n_spikes = f"{session.facts.stats(cluster_id).n_spikes:,} spikes"
        value: Any = None
        if cluster_id == reference:
            words = "what the others are compared with"
            n_spikes += f"{_DOT}reference"
        else:
            evidence = session.pairs.peek(reference, cluster_id)
            said = reasons(evidence) if evidence is not None else ()
            words = _DOT.join(("" if r.speaks == "for" else "\N{MULTIPLICATION X} ") + r.text for r in said)
            words = (words or "nothing speaks for or against it") if evidence is not None else _WAITS
            value = session.pairs.combined(reference, cluster_id)
        item.setText(n_spikes)
        for role, data in ((_ID, cluster_id), (_VALUE, value), (_WORDS, words)):
            item.setData(role, data)
        item.setToolTip(words.replace(_DOT, "\n"))


class WindowWorkspace:
    """Opens the panel and keeps it up to date while it can be seen."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.tool = ToolDock(window, DOCK, self._make, lambda: self.panel.setFocus())
        session, connect = window.session, window.bridge.connect
        for news in (session.selection.changed, session.pairs.arrived, session.colors.changed):
            connect(news, lambda *_news: self._changed())

    def actions(self) -> tuple[Action, ...]:
        """Return the action that shows the panel."""
        return (
            Action("show_workspace", "List of the workspace", self.tool.show,
                   "Show the clusters that are collected for a merge, in order, each with its evidence against the "
                   "reference.", "Select", "workspace", ("Ctrl+Shift+L",)),
        )  # fmt: skip

    @property
    def panel(self) -> WorkspacePanel:
        """The content of the dock; made now if it was not before."""
        panel: WorkspacePanel = self.tool.dock.content
        return panel

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        if self.tool.made:
            self.panel.set_theme(theme)

    def _make(self) -> Dock:
        dock = Dock(DOCK, WorkspacePanel(self._window), self._window.theme)
        dock.shown.connect(lambda seen: seen and self._refresh())
        return dock

    def _changed(self) -> None:
        if self.tool.in_sight:
            self._window.later.put("workspace", self._refresh)

    def _refresh(self) -> None:
        if not self._window.is_closed:
            self.panel.refresh()
