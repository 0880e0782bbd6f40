"""The views of the window as plugins list them, and docks for what plugins add."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.dock import DockWidget
from phy_medicine.app.phy_compat.events import connect, emit
from phy_medicine.app.phy_compat.loose_qt import Qt
from phy_medicine.app.phy_compat.program_actions import ViewActions
from phy_medicine.app.phy_compat.shown_widget import widget_of
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.tool_dock import ToolDock


@dataclass(slots=True)
class Shown:
    """A view of the program or of a plugin; native : the program's view when the plugin got to know it."""

    view: Any
    native: Any = None
    panel: Any = None
    dock: Any = None

    @property
    def open(self) -> bool:
        """Whether it was not closed."""
        return bool(self.panel.open) if self.panel is not None else self.dock is not None and not self.dock.isHidden()


class GuiViews:
    """Knows which object of a plugin stands for which view; the façade of a view is made once.

    facade_of : makes it for a view of the program
    """

    def __init__(self, gui: Any, facade_of: Callable[[Any], Any]) -> None:
        self._gui, self._facade_of = gui, facade_of
        self._shown: list[Shown] = []
        self._counts: dict[str, int] = {}
        self.announced = False
        gui.main.panels.added = self._added

    def _added(self, panel: Any) -> None:
        if self.announced:
            self._gui.main.later.after(0, partial(self.attach, panel))

    def attach_all(self) -> None:
        """Tell the plugins of every view that is there; of those to come when they come."""
        self.announced = True
        for panel in list(self._gui.main.panels):
            self.attach(panel)

    def __iter__(self) -> Iterator[Shown]:
        return iter([s for s in self._shown if s.open])

    def of_panel(self, panel: Any) -> Shown:
        """Return what stands for the view of a panel; made anew when the panel has another view."""
        known = next((s for s in self._shown if s.panel is panel), None)
        if known is not None and known.native is panel.view:
            return known
        if known is not None:
            self._shown.remove(known)
        plugin = getattr(panel.view, "plugin", None)
        view = self._facade_of(panel.view) if plugin is None else plugin
        shown = Shown(view, panel.view, panel, panel.dock)
        self._shown.append(shown)
        return shown

    def panel_of(self, view: Any) -> Any:
        """Return the panel of a view, None when it has none."""
        return next((s.panel for s in self._shown if s.view is view), None)

    def attach(self, panel: Any) -> None:
        """Give a view its dock and its actions, and emit `view_attached`."""
        shown = self.of_panel(panel)
        view: Any = shown.view
        if view is None or getattr(view, "dock", None) is not None:
            return
        view.name = self._name(view)
        view.dock = DockWidget(self._gui, panel.dock, view)
        view.gui = self._gui
        self._follow(shown)
        if getattr(panel.view, "plugin", None) is not None:
            owner = self._gui.main.session.extensions.views.owner_of(panel.kind)
            self._gui.call(owner, f"attach of {view.name}", view.attach, self._gui)
            return
        if getattr(view, "actions", None) is None:
            view.actions = ViewActions(self._gui, panel, view)
        emit("view_attached", view, self._gui)

    def _name(self, view: Any) -> str:
        """Return the class of a view, with a number for further ones."""
        base = type(view).__name__
        n = self._counts[base] = self._counts.get(base, -1) + 1
        return f"{base} ({n})" if n else base

    def _follow(self, shown: Shown) -> None:
        """Tell the plugins when the dock is closed and when the view follows the selection or no longer does."""
        view, panel = shown.view, shown.panel

        def closed() -> None:
            view.dock.told_closed()
            emit("close_view", view, self._gui)

        shown.dock.closed.connect(closed)
        button = getattr(panel, "_update", None)
        if button is not None:
            button.clicked.connect(lambda checked: emit("toggle_auto_update", view, checked))
            connect(lambda _sender, checked: button.setChecked(checked), event="toggle_auto_update", sender=view)

    # What plugins add

    def add(self, view: Any, *, position: str | None, closable: bool, floatable: bool, floating: bool | None) -> Any:
        """Show a view, a widget or a figure in a dock of its own and return the dock."""
        widget = widget_of(view)
        if widget is None:
            return self._add_plugin_view(view)
        view.name = self._free_title(self._name(view))
        dock = Dock(view.name, widget, self._gui.theme)
        view.dock = DockWidget(self._gui, dock, view)
        shown = Shown(view, dock=dock)
        self._shown.append(shown)
        self._place(dock, position or "right")
        if not closable:
            dock.may_close = lambda: False
            dock._close.hide()
        dock._float.setVisible(floatable)
        if floating is not None:
            dock.setFloating(floating)
        self._follow(shown)
        self._gui.note(partial(self._remove, shown))
        return view.dock

    def _free_title(self, name: str) -> str:
        taken = {dock.objectName() for dock in self._gui.main.findChildren(Dock)}
        return next(n for n in (name, *(f"{name} ({i})" for i in range(1, 1000))) if n not in taken)

    def _place(self, dock: Dock, position: str) -> None:
        """Put a dock where it was the last time, else on this side; layouts and the menu View know it from now on."""
        window = self._gui.main
        tool = window.tools[dock.objectName()] = ToolDock(window, dock.objectName(), lambda: dock)
        dock = tool.dock
        if not window.restoreDockWidget(dock):
            self._put(dock, position)
        dock.show()
        dock.raise_()

    def _put(self, dock: Dock, position: str) -> None:
        """Put a dock below all others, below the tables, or behind a tab with the outermost view on a side."""
        window = self._gui.main
        views = [p.dock for p in window.panels if p.open and not p.dock.isFloating()]
        tables = [d for d in window.tables.docks.values() if not d.isHidden() and not d.isFloating()]
        window.addDockWidget(Qt.BottomDockWidgetArea, dock)
        if position == "left" and tables:
            window.splitDockWidget(tables[-1], dock, Qt.Vertical)
        elif position == "right" and views:
            window.tabifyDockWidget(max(views, key=lambda d: (d.x() + d.width(), d.y())), dock)
        elif position == "top" and views:
            window.tabifyDockWidget(min(views, key=lambda d: (d.y(), -d.width())), dock)

    def _add_plugin_view(self, view: Any) -> Any:
        """Show a view that a plugin made itself, through a view of the program."""
        from phy_medicine.app.phy_compat.views import view_type

        window, extensions = self._gui.main, self._gui.main.session.extensions
        base = type(view).__name__
        names = (base, *(f"{base}{i}" for i in range(2, 1000)))
        kind = next(n for n in names if n not in window.panels.kinds)
        extensions.views.add(view_type(self._gui.controller, kind, lambda: view))
        window.arrangement.add(kind)
        panel = next(p for p in window.panels if p.kind == kind)
        shown = self.of_panel(panel)
        view.name = self._name(view)
        view.dock = DockWidget(self._gui, panel.dock, view)
        self._follow(shown)
        return view.dock

    def _remove(self, shown: Shown) -> None:
        """Take out a dock that a plugin added."""
        window = self._gui.main
        if shown in self._shown and shown.dock is not None:
            self._shown.remove(shown)
            window.tools.pop(shown.dock.objectName(), None)
            window.removeDockWidget(shown.dock)
            shown.dock.deleteLater()
