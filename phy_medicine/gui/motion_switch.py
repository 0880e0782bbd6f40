"""Motion in the window: one switch for all views and tables, and news of jobs as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.compute.pool import Priority
from phy_medicine.session.clusters import CORRECTED, DEPTH
from phy_medicine.session.motion import KIND
from phy_medicine.session.similar import DRIFT_TASK

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_RESTORE, _COLUMNS = "motion", "corrected depths"


class MotionSwitch:
    """Keeps views and tables up to date with the motion of the session."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._restored = False
        self._session = session = window.session
        window.bridge.connect(session.motion.changed, self._changed)
        if session.clusters.corrected_depths is not None:
            window.bridge.connect(session.clusters.corrected_depths.ready_now, self._show_columns)

    @property
    def settled(self) -> bool:
        """Whether the motion used before was read, and what depends on it is computed."""
        return self._restored and not self._session.pool.pending(_RESTORE, _COLUMNS, DRIFT_TASK)

    def restore(self, priority: Priority = Priority.BACKGROUND) -> None:
        """Read the motion used before, in a worker; once the window is up."""
        if not self._restored:
            self._restored = True
            self._session.pool.submit(_RESTORE, self._session.motion.restore, priority=priority)

    def toggle(self) -> None:
        """Take the motion out of all depths, or show them as observed.

        Raises
        ------
        ActionError : no motion is known
        """
        corrected = self._session.motion.toggle()
        self._window.say("Depths with the motion taken out." if corrected else "Depths as observed.")

    def names(self) -> tuple[str, ...]:
        """Return the names of the motions in the store."""
        return tuple(run.name for run in self._session.store.runs(KIND))

    def use(self, name: str = "") -> None:
        """Use a motion of the store by its name or id, or none.

        Raises
        ------
        ActionError : there is none of this name
        """
        runs = {key: run for run in self._session.store.runs(KIND) for key in (run.name, run.id)}
        if name and name not in runs:
            known = ", ".join(self.names()) or "none yet"
            raise ActionError(f"There is no motion {name!r} in the store; there are: {known}.")
        self._session.motion.use(runs[name].id if name else None)
        self._window.say(f"Using {runs[name].name}." if name else "No motion in use.")

    def _changed(self, what: str) -> None:
        session = self._session
        if what != "preview" and session.motion.known is not None:
            self._compute_columns()
        if what != "preview":
            self._show_columns()
        for view in self._window.host.views:
            if hasattr(view, "motion_changed"):
                view.motion_changed(what)

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
            panel.model.forget_column(CORRECTED)
