"""The console of a window: Python on the very session, in a dock; nothing of it is loaded before it is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from phy_medicine.gui.dock import Dock
from phy_medicine.gui.keys import canonical, of_event
from phy_medicine.gui.qt import Qt, QtGui
from phy_medicine.gui.tool_dock import ToolDock
from phy_medicine.session.actions import Action
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.gui.console_widget import ConsoleWidget
    from phy_medicine.gui.main_window import MainWindow

DOCK = "Console"
_PHYS_NAMES = ("IPythonView", "IPython")
# Keys that a text needs as little as a terminal does; F keys pass as well.
_PASSED = ("save", "exit", "command_palette", "show_console", "show_jobs")


class WindowConsole:
    """Opens the console and keeps its name space.

    Names that are there: `session`, `model`, `views`, `window`, `np`, `plt`, `pm`, and what `inject` added.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._injected: dict[str, Any] = {}
        self.tool = ToolDock(window, DOCK, self._make, aliases=_PHYS_NAMES)

    def actions(self) -> tuple[Action, ...]:
        """Return the action of the console."""
        return (
            Action("show_console", "Console", self.tool.show,
                   "Type Python: session, model, views, np; what it does is seen in the window at once.", "View",
                   "line", ("Ctrl+Shift+I",), icon="fa5s.terminal"),
        )  # fmt: skip

    @property
    def widget(self) -> ConsoleWidget:
        """The content of the dock; made now if it was not before."""
        widget: ConsoleWidget = self.tool.dock.content
        return widget

    def inject(self, **names: Any) -> None:
        """Add names to the name space, now or once the console is opened."""
        self._injected.update(names)
        if self.tool.made and not self._window.is_closed:
            self.widget.kernel.shell.push(names, interactive=False)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours and another size of text."""
        self.tool.set_theme(theme)
        if self.tool.made:
            self.widget.set_theme(theme)

    def close(self) -> None:
        """End the kernel with its window."""
        if self.tool.made:
            self.widget.close_kernel()

    def _make(self) -> Dock:
        from phy_medicine.gui.console_names import ConsoleMagics

        with _qtpy_of_the_window():
            from phy_medicine.gui.console_widget import ConsoleWidget

        widget = ConsoleWidget(self._names(), self._window.theme, self._passes)
        shell = widget.kernel.shell
        magics = ConsoleMagics(shell, self._window)
        shell.register_magics(magics)
        shell.set_hook("complete_command", magics.complete_snippet, str_key="%snippet")
        dock = Dock(DOCK, widget, self._window.theme)
        widget.exit_requested.connect(lambda _widget: dock.close())
        return dock

    def _names(self) -> dict[str, Any]:
        import numpy as np
        from matplotlib import pyplot

        import phy_medicine
        from phy_medicine.gui.console_names import OpenViews

        session = self._window.session
        own = {"session": session, "model": session.model, "views": OpenViews(self._window), "window": self._window}
        return {**own, "np": np, "plt": pyplot, "pm": phy_medicine, **self._injected}

    def _passes(self, event: QtGui.QKeyEvent) -> bool:
        """Tell whether a key that is pressed in the console means the window: an F key, or one of a few with Ctrl."""
        if Qt.Key_F1 <= event.key() <= Qt.Key_F35:
            return True
        table = self._window.commands.table
        keys = {canonical(key) for action_id in _PASSED for key in table[action_id].shortcuts}
        return bool(event.modifiers() & Qt.ControlModifier) and of_event(event) in keys


@contextmanager
def _qtpy_of_the_window() -> Iterator[None]:
    """Bind qtpy, by which qtconsole imports Qt, to the Qt of the window, whatever the environment says."""
    before = {name: os.environ.pop(name, None) for name in ("QT_API", "FORCE_QT_API")}
    os.environ["QT_API"] = "pyqt5"
    try:
        yield
    finally:
        del os.environ["QT_API"]
        os.environ.update({name: value for name, value in before.items() if value is not None})
