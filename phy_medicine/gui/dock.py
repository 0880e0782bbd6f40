"""A dock: title bar with quiet buttons on top of a table or a canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.title_bar import TitleBar
from phy_medicine.views.theme import Theme

MIN_WIDTH, MIN_HEIGHT = 220, 160


class Dock(QtWidgets.QDockWidget):
    """Movable, tabbed, floating, closable.

    title : unique in the window, "Waveforms (1)"; also the object name by which Qt restores the layout
    """

    shown = QtCore.pyqtSignal(bool)
    """The content came into sight or went out of it (closed, or behind a tab)."""
    closed = QtCore.pyqtSignal()

    def __init__(self, title: str, content: QtWidgets.QWidget, theme: Theme) -> None:
        super().__init__(title)
        self.setObjectName(title)
        self.setAllowedAreas(Qt.AllDockWidgetAreas)
        self.bar = TitleBar(title, theme)
        self.setTitleBarWidget(self.bar)
        self._frame = _Frame(content, theme)
        self.setWidget(self._frame)
        self.content = content
        self._complaint: QtWidgets.QLabel | None = None
        self._message: QtWidgets.QLabel | None = None
        self.may_close: Callable[[], bool] = lambda: True
        self.more_menu: QtWidgets.QMenu | None = None
        """Entries that a plugin added to the menu of the view."""
        self.visibilityChanged.connect(self.shown)
        self.topLevelChanged.connect(self._floated)
        # A tab says the title already. Qt tells of a new tab before it has made it.
        self._titles = QtCore.QTimer(self, singleShot=True, interval=0)
        self._titles.timeout.connect(self._show_titles)
        for signal in (self.dockLocationChanged, self.visibilityChanged, self.topLevelChanged):
            signal.connect(self._placed)
        self._end_buttons()

    def _end_buttons(self) -> None:
        """Float and close stand at the right end; `add_button` puts others before them."""
        self._float = self.bar.add_button("float", "Float or put back")
        self._float.clicked.connect(lambda: self.setFloating(not self.isFloating()))
        self._close = self.bar.add_button("close", "Close")
        self._close.clicked.connect(self.close)

    def add_button(self, glyph: str, tip: str, clicked: Callable[[], Any]) -> Any:
        """Add a button before float and close."""
        button = self.bar.add_button(glyph, tip)
        row = self.bar.layout()
        row.removeWidget(button)
        row.insertWidget(row.count() - 2, button)
        button.clicked.connect(lambda _checked: clicked())
        return button

    def put(self, content: QtWidgets.QWidget) -> None:
        """Show something else in this dock, where it is."""
        old, self.content = self.content, content
        self._frame.replace(old, content)
        if self.bar.focused:
            content.setFocus(Qt.OtherFocusReason)

    def show_complaint(self, text: str) -> None:
        """Show a sentence above the content, or none."""
        if text and self._complaint is None:
            self._complaint = self._frame.add_label("filter-error", above=True)
        if self._complaint is not None and self._complaint.text() != text:
            self._complaint.setText(text)
            self._complaint.setVisible(bool(text))

    def show_message(self, text: str) -> None:
        """Show a sentence in the place of the content, or the content."""
        if text and self._message is None:
            self._message = self._frame.add_label("dim", above=False)
        if self._message is not None and self._message.text() != text:
            self._message.setText(text)
            self._message.setVisible(bool(text))
            self.content.setVisible(not text)

    def _placed(self, _where: object) -> None:
        if self.parent() is not None and self.parent().isVisible():
            self._titles.start()

    def _show_titles(self) -> None:
        """Show a title in the bar of every dock that has no tab."""
        window = self.parent()
        if isinstance(window, QtWidgets.QMainWindow):
            for dock in window.findChildren(Dock):
                others = [d for d in window.tabifiedDockWidgets(dock) if not d.isHidden() and not d.isFloating()]
                dock.bar.set_title_shown(dock.isFloating() or not others)
            # Qt makes tab bars as docks move, and the style sheet does not reach the line under those made later.
            for tabs in window.findChildren(QtWidgets.QTabBar, options=Qt.FindDirectChildrenOnly):
                tabs.setDrawBase(False)

    def _floated(self, floating: bool) -> None:
        if floating:
            self.resize(self.size().expandedTo(QtCore.QSize(2 * MIN_WIDTH, 2 * MIN_HEIGHT)))
            self.setWindowTitle(self.objectName())

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        if not self.may_close():
            event.ignore()
            return
        super().closeEvent(event)
        if event.isAccepted():
            self.closed.emit()

    def give_focus(self) -> None:
        """Bring the dock to the front of its tabs and give it the keyboard."""
        self.show()
        self.raise_()
        self.content.setFocus(Qt.OtherFocusReason)


class _Frame(QtWidgets.QWidget):
    """Holds the content without margins and asks for a size at which a view is still legible."""

    def __init__(self, content: QtWidgets.QWidget, theme: Theme) -> None:
        super().__init__()
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(content, 1)
        content.setMinimumSize(60, 60)

    def replace(self, old: QtWidgets.QWidget, content: QtWidgets.QWidget) -> None:
        """Put one widget in the place of another, which is closed."""
        content.setMinimumSize(60, 60)
        self._column.replaceWidget(old, content)
        content.show()
        old.hide()
        old.deleteLater()

    def add_label(self, role: str, *, above: bool) -> QtWidgets.QLabel:
        """Add a text of several lines above the content, or one that fills its place."""
        label = QtWidgets.QLabel()
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextSelectableByMouse)
        label.setContentsMargins(8, 4, 8, 4)
        if above:
            label.setObjectName(role)
        else:
            label.setProperty(role, True)
            label.setAlignment(Qt.AlignCenter)
        self._column.insertWidget(0, label, 0 if above else 1)
        return label

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(2 * MIN_WIDTH, 2 * MIN_HEIGHT)

    def minimumSizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(80, 60)
