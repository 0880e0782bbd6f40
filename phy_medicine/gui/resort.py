"""Sorting again in the window: compared with the present clusters, and taken over."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.session import resort
from phy_medicine.session.actions import Action, Arg

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.resort_dialog import ResortDialog
    from phy_medicine.io.store_runs import Run


class Resort:
    """The window's commands on results of the job "resort"."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._session = window, window.session
        self.dialog: ResortDialog | None = None

    def actions(self) -> tuple[Action, ...]:
        """Return what can be done with a new sorting."""
        name = Arg("name", "rest", optional=True, choices=self.names)
        return (
            Action("compare_resort", "Compare a new sorting...", self.show,
                   "Count the spikes of the present clusters in the units of a new sorting, by default the last.",
                   "Jobs", "resort", args=(name,)),
            Action("apply_resort", "Take over a new sorting", self.apply,
                   "Share out the spikes as a new sorting does, by default the last; one action.", "", "resort",
                   args=(name,)),
        )  # fmt: skip

    def names(self) -> tuple[str, ...]:
        """Return the names of the new sortings in the store."""
        return tuple(run.name for run in self._session.store.runs(resort.KIND))

    def show(self, name: str = "") -> None:
        """Compare a new sorting with the present clusters, in a worker, and show it.

        Raises
        ------
        ActionError : there is none of this name
        """
        self.compare(self._run(name))

    def compare(self, run: Run) -> None:
        """Open the dialog of a run once it is compared."""
        window = self._window

        def failed(error: BaseException) -> None:
            if not isinstance(error, PhyMedError):
                raise error
            window.bridge.post(partial(window.say, str(error)))

        self._session.pool.submit(
            "resort", lambda: resort.compare(self._session, run),
            on_done=lambda found: window.bridge.post(partial(self._open, found)), on_error=failed,
        )  # fmt: skip

    def apply(self, name: str = "") -> None:
        """Take a new sorting over; of a stretch of time, units that are a cluster stay that cluster.

        Raises
        ------
        ActionError : there is none of this name, or nothing would change
        """
        found = resort.compare(self._session, self._run(name))
        resort.apply(self._session, found, keep=found.ranged)

    def _open(self, found: resort.Comparison) -> None:
        from phy_medicine.gui.resort_dialog import ResortDialog

        window = self._window
        apply = lambda keep: resort.apply(self._session, found, keep=keep)  # noqa: E731
        self.dialog = ResortDialog(found, apply, window.theme, window)
        self.dialog.finished.connect(window.activateWindow)
        self.dialog.show()

    def _run(self, name: str) -> Run:
        runs = self._session.store.runs(resort.KIND)
        found = [run for run in runs if name in ("", run.name, run.id)]
        if not found:
            if not runs:
                raise ActionError("There is no new sorting yet; start one with Jobs > Sort again.")
            raise ActionError(f"There is no new sorting {name!r}; there are: {', '.join(self.names())}.")
        return found[-1]
