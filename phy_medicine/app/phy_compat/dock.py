"""`DockWidget`: what plugins may do to the dock of a view; the dock itself is one of the program's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.action_table import call_of_plugin
from phy_medicine.app.phy_compat.dialogs import prompt, show_box
from phy_medicine.app.phy_compat.events import connect, emit, unconnect
from phy_medicine.app.phy_compat.fonts import glyph
from phy_medicine.app.phy_compat.loose_qt import Qt, QtGui, QtWidgets
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.title_bar import GlyphButton, TitleBar
from phy_medicine.views.theme import Theme

_SIGN_PX = 11


class TextButton(GlyphButton):
    """A button with a text or a sign of Font Awesome, that looks like the others of a title bar."""

    def __init__(self, text: str, icon: str, tip: str, theme: Theme, bar: TitleBar) -> None:
        super().__init__("menu", tip, theme, bar)
        self._sign_font: Any = None
        sign = text
        if icon:
            sign, self._sign_font = glyph(icon, _SIGN_PX)
        self.setText(sign)
        if not icon:
            self.setFixedWidth(max(bar.height(), self.fontMetrics().horizontalAdvance(text) + 10))

    def paintEvent(self, event: Any) -> None:
        theme, painter = self._theme, QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.Antialiasing)
        if self.underMouse() or self.isChecked():
            painter.setPen(Qt.NoPen)
            painter.setBrush(QtGui.QColor(theme.line))
            painter.drawRoundedRect(self.rect().adjusted(1, 2, -1, -2), 3, 3)
        painter.setPen(QtGui.QColor(theme.text if self.underMouse() or self.isChecked() else theme.dim))
        if self._sign_font is not None:
            painter.setFont(self._sign_font)
        painter.drawText(self.rect(), Qt.AlignCenter, self.text())


class DockWidget:
    """The dock of a view as plugins see it; what is not here is the program's dock, a QDockWidget.

    view : what is in it
    """

    confirm_before_close_view = False
    max_status_length = 64

    def __init__(self, gui: Any, dock: Dock, view: Any) -> None:
        self._gui, self.view = gui, view
        self.dock: Any = dock
        self._dock_widgets: dict[str, Any] = {}
        self._submenus: dict[str, Any] = {}
        self._menu = QtWidgets.QMenu(f"{dock.objectName()} menu", dock)
        dock.more_menu = self._menu
        dock.may_close = self._may_close

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["dock"], name)

    def _may_close(self) -> bool:
        """Ask before closing, if the plugin wants that and somebody is there to answer."""
        if not self.confirm_before_close_view or self._gui.main.scripted:
            return True
        return show_box(prompt(f"Close {self.dock.windowTitle()}?", title="Close?")) == "yes"

    def submenu(self, title: str) -> Any:
        """Return a submenu of the view's menu, made if there is none."""
        if title not in self._submenus:
            self._submenus[title] = self._menu.addMenu(title)
        return self._submenus[title]

    def add_button(self, callback: Callable[[bool], Any] | None = None, *args: Any, **options: Any) -> Any:
        """Add a button to the title bar; without a function it is a decorator.

        text, or icon : a code of Font Awesome; checkable, checked; event : of the view, whose value is the check mark;
        name : by default that of the function
        """
        names = ("text", "icon", "checkable", "checked", "event", "name")
        options = {**dict(zip(names, args, strict=False)), **options}
        if callback is None:
            return partial(self.add_button, **options)
        return self._add_button(callback, **options)

    def _add_button(
        self,
        callback: Callable[[bool], Any],
        text: str | None = None,
        icon: str | None = None,
        checkable: bool = False,
        checked: bool = False,
        event: str | None = None,
        name: str | None = None,
    ) -> Any:
        name = name or getattr(callback, "__name__", None) or text or "button"
        if name in self._dock_widgets:
            return self._dock_widgets[name]
        tip = name.removeprefix("on_").replace("_", " ").capitalize()
        button = TextButton(text or name, icon or "", tip, self._gui.theme, self.dock.bar)
        button.setCheckable(checkable)
        button.setChecked(checkable and checked)
        button.clicked.connect(self._called(callback, name))
        if event:
            self._follow(event, button)
        return self._insert(name, button)

    def _follow(self, event: str, button: Any) -> None:
        """Show the value that comes with an event of the view as the check mark."""

        def on_state_changed(_sender: Any, checked: bool) -> None:
            button.setChecked(checked)

        connect(on_state_changed, event=event, sender=self.view)
        self._gui.note(partial(unconnect, on_state_changed))

    def add_checkbox(
        self,
        callback: Callable[[bool], Any] | None = None,
        text: str | None = None,
        checked: bool = False,
        name: str | None = None,
    ) -> Any:
        """Add a check box to the title bar; without a function it is a decorator."""
        if callback is None:
            return partial(self.add_checkbox, text=text, checked=checked, name=name)
        name = name or getattr(callback, "__name__", None) or text or "checkbox"
        if name in self._dock_widgets:
            return self._dock_widgets[name]
        box = QtWidgets.QCheckBox(text or name, self.dock.bar)
        box.setFocusPolicy(Qt.NoFocus)
        box.setChecked(checked)
        box.toggled.connect(self._called(callback, name))
        return self._insert(name, box)

    def _called(self, callback: Callable[[bool], Any], name: str) -> Callable[[bool], None]:
        """Return what Qt calls; the plugin's name is that of now."""
        gui, owner = self._gui, self._gui.main.session.extensions.adding

        def called(checked: bool) -> None:
            what = f"button {name}"
            gui.main.commands.guard(lambda: call_of_plugin(gui, owner, what, callback, checked))

        return called

    def _insert(self, name: str, widget: Any) -> Any:
        """Put a widget before the buttons of the title bar."""
        self._dock_widgets[name] = widget
        self.dock.bar.layout().insertWidget(1, widget)
        widget.show()
        self._gui.note(partial(self.remove_widget, name))
        return widget

    def remove_widget(self, name: str) -> None:
        """Take a button or a check box out of the title bar."""
        widget = self._dock_widgets.pop(name, None)
        if widget is not None:
            self.dock.bar.layout().removeWidget(widget)
            widget.deleteLater()

    def get_widget(self, name: str) -> Any:
        """Return a button or a check box by its name.

        Raises
        ------
        KeyError : there is none
        """
        return self._dock_widgets[name]

    @property
    def status(self) -> str:
        """What the title bar says of the view."""
        return str(self.dock.bar.status)

    def set_status(self, text: str) -> None:
        """Say something in the title bar; of a long text the middle is left out."""
        n = self.max_status_length
        self.dock.bar.set_status(text if len(text) < n else f"{text[: n // 2]} ... {text[-(n // 2) :]}")

    def told_closed(self) -> None:
        """Emit `close_dock_widget`."""
        emit("close_dock_widget", self)
