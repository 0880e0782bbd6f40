"""Where the docks are: the default arrangement, the remembered one, opening and reaching panels."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.gui import layout
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.window_jobs import DOCK as JOBS

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
        return (*self._window.panels.kinds, *self._window.tables.docks, JOBS)

    def open(self, size: tuple[int, int] | None) -> None:
        """Make the panels, put them where they were, or where they belong when a size is given, and show the window."""
        window = self._window
        screen = QtWidgets.QApplication.primaryScreen().availableGeometry()
        window.resize(*(size or (screen.width(), screen.height())))
        remembered = window.state.get("docks") if size is None else None
        if remembered and self._restore(remembered):
            window.show()
            return
        if size is None and not window.scripted:
            window.setWindowState(Qt.WindowMaximized)
        self.reset()

    def _restore(self, remembered: str) -> bool:
        """Bring back panels and layout; False if the description cannot be used."""
        window = self._window
        for kind, name in window.state.get("panels", ()):
            if kind in window.panels.kinds:
                window.panels.add(kind, name)
        window.jobs.restore(bool(window.state.get("jobs_open")))
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
        window.state.set("geometry", base64.b64encode(bytes(window.saveGeometry())).decode())
        window.state.set("docks", base64.b64encode(bytes(window.saveState())).decode())
        window.state.set("panels", window.panels.names())
        window.state.set("jobs_open", window.jobs.is_open)

    def reset(self) -> None:
        """Put all panels where they belong, and show the window."""
        window = self._window
        for dock in self._docks():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        node = layout.without(layout.default_layout(window.width()), self.kinds.__contains__)
        if node is None:
            return
        docks = {kind: self._dock_of(kind) for kind in layout.kinds_of(node)}
        builder = layout.LayoutBuilder(window, docks)
        builder.build(node)
        for dock in docks.values():
            dock.show()
        window.setUpdatesEnabled(False)
        window.show()
        builder.resize(node, window.width(), window.height())
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

    def _dock_of(self, kind: str) -> Dock:
        return self._window.tables.docks.get(kind) or self._window.panels.first_or_new(kind).dock

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
        names = {k.lower(): k for k in self.kinds}
        found = names.get(kind.lower()) or names.get(f"{kind.lower()}view")
        if found is None:
            raise ActionError(f"There is no view {kind}; there are {', '.join(self.kinds)}.")
        if found == JOBS:
            self._window.jobs.show()
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
