"""Where the docks are: the default arrangement, the remembered one, opening and reaching panels."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.base.log import logger
from phy_medicine.gui import layout, layout_file
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.layout_file import Cell, Layout, PanelName
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.session.time_ranges import A

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_FIRST_PAINT_S = 0.15
"""The window stays empty no longer than this."""


class Arrangement:
    """Places the docks of a window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of panels that can be opened."""
        return (*self._window.panels.kinds, *self._window.tables.docks, *self._window.tools)

    @property
    def _default(self) -> str:
        """The layout of a window that nobody has arranged."""
        return layout.RECORDING if self._window.session.is_recording else layout.DEFAULT

    def open(self, size: tuple[int, int] | None) -> None:
        """Make the panels, put them where they were, or where they belong when a size is given, and show the window."""
        window = self._window
        screen = QtWidgets.QApplication.primaryScreen().availableGeometry()
        window.resize(*(size or (screen.width(), screen.height())))
        remembered = window.state.get("docks") if size is None and not window.state.is_fresh("layout") else None
        if remembered and self._restore(remembered):
            window.show()
            return
        if size is None and not window.scripted:
            window.setWindowState(Qt.WindowMaximized)
        try:
            recording = window.session.is_recording  # the configured layout is one for clusters
            self.place(window.layouts.find(self._default if recording else window.state.get("layout", self._default)))
        except ActionError as error:
            logger.warning("The configured layout was not used: %s", error)
            self.reset()

    def _restore(self, remembered: str) -> bool:
        """Bring back panels and layout; False if the description cannot be used."""
        window = self._window
        for kind, name in window.state.get("panels", ()):
            if kind in window.panels.kinds:
                window.panels.add(kind, name)
        for name in window.state.get("tools", ()):
            if name in window.tools:
                window.tools[name].restore()
        # Qt restores only docks that are the window's already.
        for dock in (*window.tables.docks.values(), *(p.dock for p in window.panels)):
            window.addDockWidget(Qt.TopDockWidgetArea, dock)
        geometry = window.state.get("geometry")
        if geometry:
            window.restoreGeometry(QtCore.QByteArray(base64.b64decode(geometry)))
        restored = window.restoreState(QtCore.QByteArray(base64.b64decode(remembered)))
        # A window of which nothing is left in sight would be a riddle.
        return bool(restored) and not all(dock.isHidden() for dock in self._docks())

    def remember(self) -> None:
        """Keep sizes, places and open panels in the window's state."""
        window = self._window
        window.focus_mode.leave()
        layout_here = window.state.configuration.values.get("layout")
        if layout_here is not None and layout_here.once:
            return
        local = layout_here is not None and layout_here.local
        window.state.set("geometry", base64.b64encode(bytes(window.saveGeometry())).decode(), local=local)
        window.state.set("docks", base64.b64encode(bytes(window.saveState())).decode(), local=local)
        window.state.set("panels", window.panels.names(), local=local)
        tools = [tool.name for tool in window.tools.values() if tool.is_open]
        window.state.set("tools", tools, local=local)

    def reset(self) -> None:
        """Put all panels where they belong, and show the window."""
        self.place(Layout(self._default, layout.built_in(self._default, self._window.width())))

    def place(self, chosen: Layout) -> tuple[str, ...]:
        """Put all panels where a layout says, show the window, and return the panels that do not exist here.

        Raises
        ------
        ActionError : none of them exists; nothing has changed
        """
        window = self._window
        window.focus_mode.leave()
        node = layout.without(chosen.arrangement, self._exists)
        if node is None:
            raise ActionError(f"None of the panels of the layout {chosen.name} exists here.")
        for dock in self._docks():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        docks = {panel: self._dock_of(panel) for panel in layout.kinds_of(node)}
        builder = layout.LayoutBuilder(window, docks)
        builder.build(node)
        for dock in docks.values():
            dock.show()
        window.setUpdatesEnabled(False)
        window.show()
        builder.raise_fronts(node)
        self._float(chosen)
        self._set_views(chosen)
        builder.resize(node, window.width(), window.height())
        self._settle_after_placing()
        return tuple(panel for panel in chosen.panels if not self._exists(panel))

    def _exists(self, panel: str) -> bool:
        return PanelName.read(panel).kind in self.kinds

    def _float(self, chosen: Layout) -> None:
        for panel, rect in chosen.floating.items():
            if self._exists(panel):
                dock = self._dock_of(panel)
                self._window.addDockWidget(Qt.TopDockWidgetArea, dock)
                dock.setFloating(True)
                dock.setUpdatesEnabled(True)  # as a window of its own it is not told when the main window paints again
                dock.setGeometry(*rect)
                dock.show()

    def _set_views(self, chosen: Layout) -> None:
        """Give the views the settings of a layout; of a view that is not part of it nothing changes."""
        for panel, state in chosen.views.items():
            name = PanelName.read(panel)
            if panel in chosen.panels and name.kind in self._window.panels.kinds:
                self._window.panels.nth_or_new(name.kind, name.number, name.which).take_state(state)
        self._window.panels.twins.match()

    def layout(self) -> Layout:
        """Return where the panels are now, and what the views are set to.

        Raises
        ------
        ActionError : every panel floats or is closed
        """
        window = self._window
        window.focus_mode.leave()
        names = self._names_of_docks()
        placed = {dock: panel for dock, panel in names.items() if not dock.isFloating()}
        if not placed:
            raise ActionError("No panel has a place in the window; put one back before saving a layout.")
        floating = {panel: dock.geometry().getRect() for dock, panel in names.items() if dock.isFloating()}
        views = {names[p.dock]: p.settings() for p in window.panels if p.dock in names}
        return Layout("", layout_file.tree_of(self._cells(placed)), floating, views)

    def _names_of_docks(self) -> dict[Dock, str]:
        """Return what a layout calls every open dock: kind, range, and a number for further ones of both."""
        window, names, counts = self._window, {}, dict[tuple[str, str], int]()
        docks = [((kind, A), dock) for kind, dock in window.tables.docks.items()]
        docks += [((panel.kind, panel.which), panel.dock) for panel in window.panels]
        docks += [((tool.name, A), tool.dock) for tool in window.tools.values() if tool.is_open]
        for which_kind, dock in docks:
            if not dock.isHidden():
                n = counts[which_kind] = counts.get(which_kind, -1) + 1
                names[dock] = str(PanelName(*which_kind, n))
        return names

    def _cells(self, placed: dict[Dock, str]) -> list[Cell]:
        """Return the places of the docks that do not float, in tabs as they are on the screen."""
        bars = self._window.findChildren(QtWidgets.QTabBar, options=Qt.FindDirectChildrenOnly)
        order = {bar.tabText(i): i for bar in bars for i in range(bar.count())}
        heights = {bar.tabText(i): bar.height() for bar in bars for i in range(bar.count())}
        cells: list[Cell] = []
        seen: set[Dock] = set()
        for dock in placed:
            if dock not in seen:
                mates = [d for d in (dock, *self._window.tabifiedDockWidgets(dock)) if d in placed]
                mates.sort(key=lambda d: order.get(d.windowTitle(), 0))
                seen.update(mates)
                front = next((d for d in mates if not d.visibleRegion().isEmpty()), mates[0])
                above = heights.get(front.windowTitle(), 0) if len(mates) > 1 else 0
                rect = front.geometry().adjusted(0, -above, 0, 0).getRect()
                cells.append(Cell(tuple(placed[d] for d in mates), placed[front], rect))
        return cells

    def _settle_after_placing(self) -> None:
        """Let the tables fit their columns and the views paint once the docks have their sizes."""
        window = self._window
        # The docks get their new sizes with the next event.
        for table in (window.tables.clusters, window.tables.similar):
            window.later.after(0, table.fit_width)
        self._paint_at = time.perf_counter() + _FIRST_PAINT_S
        window.later.after(0, self._paint_when_ready)

    def _paint_when_ready(self) -> None:
        """Paint first when docks have their sizes and views their pictures: once instead of three times."""
        window = self._window
        if window.host.waiting and time.perf_counter() < self._paint_at:
            window.later.after(4, self._paint_when_ready)
        else:
            window.setUpdatesEnabled(True)

    def _docks(self) -> list[Dock]:
        return list(self._window.findChildren(Dock))

    def _dock_of(self, panel: str) -> Dock:
        name, window = PanelName.read(panel), self._window
        if name.kind in window.tools:
            return window.tools[name.kind].dock
        return window.tables.docks.get(name.kind) or window.panels.nth_or_new(name.kind, name.number, name.which).dock

    def resize(self, width: int, height: int) -> None:
        """Give the window a size, also when it is maximized."""
        if self._window.isMaximized():
            self._window.showNormal()
        self._window.resize(width, height)

    def add(self, kind: str) -> None:
        """Open one more view of a kind, or the panel that was closed.

        Raises
        ------
        ActionError : there is no such kind
        """
        tools = self._window.tools
        names = {k.lower(): k for k in self.kinds} | {a.lower(): t.name for t in tools.values() for a in t.aliases}
        found = names.get(kind.lower()) or names.get(f"{kind.lower()}view")
        if found is None:
            raise ActionError(f"There is no view {kind}; there are {', '.join(self.kinds)}.")
        self._window.focus_mode.leave()
        if found in tools:
            tools[found].show()
        elif found in self._window.tables.docks:
            self._window.tables.docks[found].give_focus()
        else:
            self._window.panels.reopen_or_add(found)

    def focus_panel(self, step: int) -> None:
        """Give the keyboard to the next panel in sight, from left to right, top to bottom."""
        docks = [d for d in self._docks() if d.isVisible() and not d.visibleRegion().isEmpty()]
        docks.sort(key=lambda d: (d.x() // 8, d.y()))
        current = next((i for i, d in enumerate(docks) if d.bar.focused), -1 if step > 0 else 0)
        if docks:
            docks[(current + step) % len(docks)].give_focus()
