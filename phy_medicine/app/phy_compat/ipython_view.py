"""`IPythonView`: the console of the window as plugins see it; nothing of it is loaded before it is opened."""

from __future__ import annotations

from typing import Any

from phy_medicine.app.phy_compat.dock import DockWidget


class IPythonView:
    """The console; its name space is that of the window's console."""

    def __init__(self, gui: Any = None) -> None:
        self.gui = gui
        self.name = "IPythonView"
        self._before: dict[str, Any] = {}
        self._dock: Any = None
        self._actions: Any = None

    @property
    def console(self) -> Any:
        """The console of the window; None before the view is attached."""
        return None if self.gui is None else self.gui.main.console

    @property
    def dock(self) -> Any:
        """The dock of the console, which is made now if it was not before."""
        if self._dock is None and self.gui is not None:
            self._dock = DockWidget(self.gui, self.console.tool.dock, self)
        return self._dock

    @property
    def actions(self) -> Any:
        """A group of actions for the View menu."""
        from phy_medicine.app.phy_compat.actions import Actions

        if self._actions is None and self.gui is not None:
            self._actions = Actions(self.gui, name=self.name, menu="&View", submenu="Console")
        return self._actions

    def inject(self, **variables: Any) -> None:
        """Add names to the name space of the console, now or once it is opened."""
        if self.console is None:
            self._before.update(variables)
        else:
            self.console.inject(**variables)

    def start_kernel(self) -> None:
        """Open the console."""
        if self.console is not None:
            self.console.tool.show()

    def attach(self, gui: Any, **variables: Any) -> None:
        """Open the console of a window and add names to it."""
        self.gui = gui
        self.inject(gui=gui, **self._before, **variables)
        self.start_kernel()

    def stop(self) -> None:
        """Close the console."""
        if self.console is not None and self.console.tool.is_open:
            self.console.tool.dock.close()

    @property
    def kernel(self) -> Any:
        """The kernel, once the console was opened."""
        return self.console.widget.kernel

    @property
    def shell(self) -> Any:
        """The shell of the kernel."""
        return self.kernel.shell
