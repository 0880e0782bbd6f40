"""One panel fills the window for a while; then everything is where it was, to the pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.qt import QtCore

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


class FocusMode:
    """Hides all docks but one, and brings them back."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._before: QtCore.QByteArray | None = None
        self._dock: Dock | None = None

    @property
    def on(self) -> bool:
        """Whether one panel fills the window now."""
        return self._before is not None

    def toggle(self) -> None:
        """Let the panel that has the keyboard fill the window, or bring back the others.

        Raises
        ------
        ActionError : no panel is open
        """
        if self.on:
            self.leave()
            return
        docks = self._window.findChildren(Dock)
        mine = [d for d in docks if d.bar.focused and not d.isHidden()]
        views = [p.dock for p in self._window.panels if p.open and not p.dock.visibleRegion().isEmpty()]
        if not (mine or views):
            raise ActionError("No panel is open; add one with View > Add.")
        self._enter((mine or views)[0], docks)

    def _enter(self, dock: Dock, docks: list[Dock]) -> None:
        window = self._window
        self._before, self._dock = window.saveState(), dock
        window.setUpdatesEnabled(False)
        dock.setFloating(False)
        for other in docks:
            if other is not dock:
                other.hide()
        dock.give_focus()
        window.setUpdatesEnabled(True)
        dock.closed.connect(self._closed)
        key = window.commands.key_of("focus_mode")
        window.say(f"{key} brings back the other panels." if key else "Focus mode brings back the other panels.")

    def _closed(self) -> None:
        """The panel itself was closed: the others come back without it."""
        dock = self._dock
        self.leave()
        if dock is not None:
            dock.close()

    def leave(self) -> None:
        """Bring back what was there before; nothing happens when no panel fills the window."""
        before, dock = self._before, self._dock
        if before is None or dock is None:
            return
        self._before = self._dock = None
        dock.closed.disconnect(self._closed)
        window = self._window
        window.setUpdatesEnabled(False)
        window.restoreState(before)
        window.setUpdatesEnabled(True)
        if dock.isFloating():
            dock.setUpdatesEnabled(True)  # as a window of its own it is not told when the main window paints again
        if dock.isVisible():
            dock.content.setFocus()
