"""The end of a window: who is asked whether it may close, and what it remembers for the next time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from phy_medicine.gui import questions
from phy_medicine.gui.qt import QtWidgets

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


class Closing:
    """Asks the person first, about jobs and unsaved work, then the plugins."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.ask_plugins: Callable[[], bool] = lambda: True
        """Called when the person agreed; their no does not count in a window that nobody sits in front of."""

    def may_close(self) -> bool:
        """Return whether nobody who is asked wants the window to stay; no one can want that without its session."""
        if self._window.scripted or self._window.session.closed:  # then nothing can be saved any more
            self.ask_plugins()
            return True
        agreed = self._window.jobs.may_close() and self._work_is_safe() and self.ask_plugins()
        if agreed:
            self._window.training.at_end()
        return agreed

    def _work_is_safe(self) -> bool:
        """Ask what to do with unsaved work, unless there is none or that is not wanted."""
        window = self._window
        if not window.session.dirty or not window.state.get("ask_before_closing", True):
            return True
        answer = questions.ask_save(window)
        if answer == QtWidgets.QMessageBox.Save:
            return window.commands.run("save") == ""
        return answer == QtWidgets.QMessageBox.Discard

    def remember(self) -> None:
        """Write layout, panels, tables and view settings for the next time."""
        window = self._window
        state = window.state
        window.arrangement.remember()
        state.set("tables", window.tables.to_state())
        state.set("views", window.panels.settings())
        window.ranges.remember()
        state.set("groups", window.groups.to_state())
        state.set("snippets", list(window.line.history.lines))
        selection = window.session.selection.current
        state.set("selection", [list(selection.best_ids), list(selection.similar_ids)], local=True)
        state.write()
