"""The size of all text: window, tables and views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.session.actions import Action, Arg
from phy_medicine.views.theme import MAX_POINTS, MIN_POINTS

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_OFFERED = (9, 10, 11, 12, 14, 16, 20, 24)


class TextSize:
    """Makes text larger or smaller, at once and for the next time."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def actions(self) -> tuple[Action, ...]:
        """Return what the command line and the palette offer."""
        return (
            Action("font_size", "Text size...", self.set, f"Size of all text in points, {MIN_POINTS} to {MAX_POINTS}.",
                   "", "layout", args=(Arg("points", "value", choices=tuple(map(str, _OFFERED))),)),
            Action("larger_text", "Larger text", lambda: self._step(1), "One point more.", "", "layout"),
            Action("smaller_text", "Smaller text", lambda: self._step(-1), "One point less.", "", "layout"),
        )  # fmt: skip

    def fill(self, menu: QtWidgets.QMenu) -> None:
        """Write the entries of the submenu as they are now."""
        menu.clear()
        run = self._window.commands.run
        for action_id in ("larger_text", "smaller_text"):
            menu.addAction(self._window.commands.table[action_id].text, lambda i=action_id: run(i))
        menu.addSeparator()
        for points in _OFFERED:
            entry = menu.addAction(f"{points} pt", lambda p=points: run("font_size", p))
            entry.setCheckable(True)
            entry.setChecked(points == self._window.theme.points)

    def set(self, points: float | str) -> None:
        """Write everything in this size.

        Raises
        ------
        ActionError : no whole number of points in the range
        """
        if points not in range(MIN_POINTS, MAX_POINTS + 1):
            raise ActionError(f"The text can have {MIN_POINTS} to {MAX_POINTS} points, not {points}.")
        self._window.state.set("font_size", int(points))
        self._window.wear(self._window.theme.sized(int(points)))
        self._window.say(f"Text of {int(points)} points.")

    def _step(self, step: int) -> None:
        self.set(self._window.theme.points + step)
