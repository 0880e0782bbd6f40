"""Which motion of the probe is in use, and whether it is taken out of what is shown."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from psygnal import Signal

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion

KIND = "motion"
STATE_KEY = "motion"
"""Name of the chosen run in the dataset's state file."""


class MotionRun(Protocol):
    """What is needed of a run of the store."""

    @property
    def id(self) -> str:
        """Its name in the store, never used twice."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the job found out; `hints` is a list of sentences."""


class MotionStore(Protocol):
    """What is needed of the store of results."""

    def runs(self, kind: str | None = None) -> tuple[Any, ...]:
        """Runs of a kind."""

    def read(self, run_id: str) -> Mapping[str, AnyArray]:
        """Arrays of a run."""


class MotionState:
    """The motion of one session: the run in use, the preview of a running job, and the switch of all views.

    The remembered run is read at the first question, so a window that opens asks `known` instead of `current`.
    All methods are safe in any thread; `changed` is emitted in the thread that made the change.

    Parameters
    ----------
    store : gives the store of results, None when there is none
    state_file : the dataset's state, where the chosen run is remembered
    writable : tells whether the state file may be written
    """

    changed = Signal(str)
    """"run", "preview" or "corrected": what is different now."""

    def __init__(
        self,
        store: Callable[[], MotionStore | None],
        state_file: Path | None = None,
        *,
        writable: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._state_file = state_file
        self._writable = writable
        self._lock = threading.RLock()
        self._asked = False
        self._current: tuple[MotionRun, Motion] | None = None
        self._preview: Motion | None = None
        self._corrected = False

    # What is there

    @property
    def current(self) -> Motion | None:
        """The motion in use; the remembered one is read now if it was not before."""
        return None if (pair := self._read()) is None else pair[1]

    @property
    def run(self) -> MotionRun | None:
        """The run of the store that `current` comes from."""
        return None if (pair := self._read()) is None else pair[0]

    @property
    def known(self) -> Motion | None:
        """The motion in use as far as it was read; never reads a file."""
        return None if self._current is None else self._current[1]

    @property
    def known_run(self) -> MotionRun | None:
        """The run in use as far as it was read; never reads a file."""
        return None if self._current is None else self._current[0]

    @property
    def preview(self) -> Motion | None:
        """The motion that a running job has reached so far."""
        return self._preview

    @preview.setter
    def preview(self, motion: Motion | None) -> None:
        if motion is None and self._preview is None:
            return
        self._preview = motion
        self.changed.emit("preview")

    @property
    def shown(self) -> Motion | None:
        """The motion that views draw: the preview while a job runs, else the one in use."""
        return self.current if self._preview is None else self._preview

    @property
    def corrected(self) -> bool:
        """Whether depths are shown with the motion taken out, in every view and table."""
        return self._corrected

    @corrected.setter
    def corrected(self, on: bool) -> None:
        if bool(on) != self._corrected:
            self._corrected = bool(on)
            self.changed.emit("corrected")

    @property
    def hints(self) -> tuple[str, ...]:
        """Advice that the estimator gave on this result."""
        run = self.run
        return () if run is None else tuple(str(h) for h in run.facts.get("hints", ()))

    # Changing

    def use(self, run_id: str | None) -> None:
        """Use a run of the store from now on and the next time, or none.

        Raises
        ------
        PhyMedError : there is no such run, or it cannot be read; the one before stays
        """
        with self._lock:
            self._current = None if run_id is None else self._load(run_id)
            self._asked = True
            if run_id is None:
                self._corrected = False
            self._remember(run_id)
        self.changed.emit("run")

    def toggle(self) -> bool:
        """Show depths with the motion taken out, or as observed; return whether it is taken out now.

        Raises
        ------
        ActionError : no motion is known
        """
        if not self._corrected and self.shown is None:
            raise ActionError("No motion is known yet: estimate it first, with the job motion or phy-med motion.")
        self.corrected = not self._corrected
        return self._corrected

    def restore(self) -> None:
        """Read the remembered run now, and say so if there is one; for a worker once the window is up."""
        if not self._asked and self.current is not None:
            self.changed.emit("run")

    def forget(self, run_id: str) -> None:
        """Stop using a run that was deleted from the store."""
        run = self.known_run
        if run is not None and run.id == run_id:
            self.use(None)

    # Inside

    def _read(self) -> tuple[MotionRun, Motion] | None:
        if self._asked:
            return self._current
        with self._lock:
            if not self._asked:
                self._current = self._remembered()
                self._asked = True
            return self._current

    def _remembered(self) -> tuple[MotionRun, Motion] | None:
        """The chosen run; without a choice the newest; None when the choice was to use none, or it is gone."""
        try:
            chosen = read_choice(self._state_file)
            store = self._store()
            if store is None or chosen is None:
                return None
            ids = [run.id for run in store.runs(KIND)]
            if not ids:
                return None
            return self._load(chosen if chosen in ids else ids[-1])
        except (PhyMedError, OSError, ValueError) as error:
            logger.warning("The motion used before could not be read: %s", error)
            return None

    def _load(self, run_id: str) -> tuple[MotionRun, Motion]:
        from phy_medicine.compute.motion.motion import Motion

        store = self._store()
        runs = {run.id: run for run in store.runs(KIND)} if store is not None else {}
        if store is None or run_id not in runs:
            raise PhyMedError(f"There is no motion {run_id} in the store.")
        return runs[run_id], Motion.from_arrays(store.read(run_id))

    def _remember(self, run_id: str | None) -> None:
        if self._state_file is not None and self._writable():
            write_choice(self._state_file, run_id)


def read_choice(path: Path | None) -> str | None:
    """Return the remembered run; "" when nothing was ever chosen, None when the choice was to use none."""
    try:
        content = json.loads(path.read_text("utf-8")) if path is not None else {}
        values = content.get("values", {})
        return values.get(STATE_KEY, "") if isinstance(values, dict) else ""
    except (OSError, ValueError, AttributeError):
        return ""


def write_choice(path: Path, run_id: str | None) -> None:
    """Write the choice beside what the state file holds already; a folder that cannot be written costs a log line."""
    from phy_medicine.io.durable import replace_file

    try:
        content = json.loads(path.read_text("utf-8"))
        values = dict(content["values"])
    except (OSError, ValueError, KeyError, TypeError):
        content, values = {"version": 1}, {}
    values[STATE_KEY] = run_id
    text = json.dumps({**content, "values": values}, indent=1, sort_keys=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode())
    except OSError as error:
        logger.warning("Could not remember the motion in %s: %s.", path, error)
