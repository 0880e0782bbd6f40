"""A dock beside views and tables, such as the jobs or the console: made when it is first opened, remembered as open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from phy_medicine.gui.dock import Dock
from phy_medicine.gui.qt import Qt
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


class ToolDock:
    """One such dock of a window.

    name : its title, and its name in layouts; make : called once, returns the dock; focus : gives the keyboard to what
    is in it, by default to its content; aliases : other names by which it can be opened; least_height : pixels that it
    has at least where it is placed anew
    """

    def __init__(
        self,
        window: MainWindow,
        name: str,
        make: Callable[[], Dock],
        focus: Callable[[], object] = lambda: None,
        aliases: tuple[str, ...] = (),
        *,
        least_height: int = 0,
    ) -> None:
        self._window = window
        self.name = name
        self.aliases = aliases
        self._make = make
        self._focus = focus
        self._least_height = least_height
        self._dock: Dock | None = None

    @property
    def dock(self) -> Dock:
        """The dock; made now if it was not before."""
        if self._dock is None:
            self._dock = self._make()
        return self._dock

    @property
    def made(self) -> bool:
        """Whether it was ever opened."""
        return self._dock is not None

    @property
    def is_open(self) -> bool:
        """Whether it was made and not closed."""
        return self._dock is not None and not self._dock.isHidden()

    @property
    def in_sight(self) -> bool:
        """Whether it is open and not behind a tab."""
        return self._dock is not None and self._dock.isVisible()

    def show(self) -> None:
        """Show the dock, where it was or below everything else, and give it the keyboard."""
        self.bring()
        self.dock.give_focus()
        self._focus()

    def bring(self) -> None:
        """Show the dock and leave the keyboard where it is."""
        window, fresh = self._window, self._dock is None
        dock = self.dock
        lost = window.dockWidgetArea(dock) == Qt.NoDockWidgetArea  # never placed, or taken out by a new layout
        if lost and not (fresh and window.restoreDockWidget(dock)):
            neighbour = next((p.dock for p in window.panels if p.kind == "TraceView" and p.open), None)
            window.addDockWidget(Qt.BottomDockWidgetArea, dock)
            if neighbour is not None and not neighbour.isFloating():
                window.tabifyDockWidget(neighbour, dock)
                if neighbour.height() < self._least_height:
                    window.resizeDocks([neighbour], [self._least_height], Qt.Vertical)
        dock.show()
        dock.raise_()

    def restore(self) -> None:
        """Make the dock before the layout of last time, in which it was open, is put back."""
        self._window.addDockWidget(Qt.TopDockWidgetArea, self.dock)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours in the title bar."""
        if self._dock is not None:
            self._dock.bar.set_theme(theme)
