"""Motion in the window: one switch for all views and tables, and news of jobs as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.compute.pool import Priority
from phy_medicine.gui.run_switch import RunSwitch
from phy_medicine.session.clusters import CORRECTED, DEPTH
from phy_medicine.session.similar import DRIFT_TASK

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_COLUMNS = "corrected depths"


class MotionSwitch(RunSwitch):
    """Keeps views and tables up to date with the motion of the session."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, window.session.motion, "motion_changed")
        corrected = window.session.clusters.corrected_depths
        if corrected is not None:
            window.bridge.connect(corrected.ready_now, self._show_columns)

    @property
    def _tasks(self) -> tuple[str, ...]:
        return (*super()._tasks, _COLUMNS, DRIFT_TASK)

    def toggle(self) -> None:
        """Take the motion out of all depths, or show them as observed.

        Raises
        ------
        ActionError : no motion is known
        """
        corrected = self._session.motion.toggle()
        self._window.say("Depths with the motion taken out." if corrected else "Depths as observed.")

    def depths_changed(self) -> None:
        """Compute the corrected depths of clusters anew where they are other ones now."""
        if self._session.motion.known is not None:
            self._compute_columns()
        self._show_columns()

    def _changed(self, what: str) -> None:
        if what != "preview":
            self.depths_changed()
        super()._changed(what)

    def _compute_columns(self) -> None:
        corrected = self._session.clusters.corrected_depths
        if corrected is not None and not corrected.ready:
            ids = self._session.cluster_ids
            self._session.pool.submit(_COLUMNS, corrected.compute, ids, priority=Priority.BACKGROUND)

    def _show_columns(self) -> None:
        """Show the observed or the corrected depth in the tables; a sort by one goes over to the other."""
        session = self._session
        corrected = session.clusters.corrected_depths
        shown = corrected is not None and corrected.shown
        for table in (session.cluster_table, session.similarity_table):
            table.rename_sort(*((DEPTH, CORRECTED) if shown else (CORRECTED, DEPTH)))
            table.refresh()
        for panel in (self._window.tables.clusters, self._window.tables.similar):
            panel.model.forget_columns((CORRECTED,))
