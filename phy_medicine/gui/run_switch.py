"""The run in use of one kind of result, in the window: read once the window is up, chosen by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import ActionError
from phy_medicine.compute.pool import Priority

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.used_run import UsedRun


class RunSwitch:
    """Restores the run used before, and lets a person choose another; views hear of every change.

    listener : name of the method of views that is called with what changed
    """

    def __init__(self, window: MainWindow, used: UsedRun[Any], listener: str) -> None:
        self._window = window
        self._session = window.session
        self._used = used
        self._listener = listener
        self._restored = False
        window.bridge.connect(used.changed, self._changed)

    @property
    def settled(self) -> bool:
        """Whether the run used before was read, and what depends on it is computed."""
        return self._restored and not self._session.pool.pending(*self._tasks)

    @property
    def _tasks(self) -> tuple[str, ...]:
        """Keys of the tasks of the pool that belong to this."""
        return (self._used.kind,)

    def restore(self, priority: Priority = Priority.BACKGROUND) -> None:
        """Read the run used before, in a worker; once the window is up."""
        if self._restored:
            return
        self._restored = True
        if self._used.known is not None:  # it was in use before there was a window
            self._changed("run")
        else:
            self._session.pool.submit(self._used.kind, self._used.restore, priority=priority)

    def names(self) -> tuple[str, ...]:
        """Return the names of the runs in the store."""
        return tuple(run.name for run in self._session.store.runs(self._used.kind))

    def use(self, name: str = "") -> None:
        """Use a run of the store by its name or id, or none.

        Raises
        ------
        ActionError : there is none of this name
        """
        words = self._used.words
        runs = {key: run for run in self._session.store.runs(self._used.kind) for key in (run.name, run.id)}
        if name and name not in runs:
            known = ", ".join(self.names()) or "none yet"
            raise ActionError(f"There is no {words} {name!r} in the store; there are: {known}.")
        self._used.use(runs[name].id if name else None)
        self._window.say(f"Using {runs[name].name}." if name else f"No {words} in use.")

    def _changed(self, what: str) -> None:
        for view in self._window.host.views:
            if hasattr(view, self._listener):
                getattr(view, self._listener)(what)
