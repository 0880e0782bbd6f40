"""Positions of spikes in the window: which run is in use, and whether depths are taken from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.gui.run_switch import RunSwitch

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


class LocalizationSwitch(RunSwitch):
    """Keeps views and tables up to date with the localization of the session."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, window.session.localization, "localization_changed")

    def toggle(self) -> None:
        """Take depths from the localization, or from the sorter.

        Raises
        ------
        ActionError : no localization is in use
        """
        localized = self._session.localization.toggle()
        self._window.say("Depths as localized." if localized else "Depths of the sorter.")

    def _changed(self, what: str) -> None:
        self._window.motion.depths_changed()
        super()._changed(what)
