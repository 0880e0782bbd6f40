"""Which motion of the probe is in use, and whether it is taken out of what is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import AnyArray
from phy_medicine.session.used_run import RunStore, UsedRun

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion

KIND = "motion"


class MotionState(UsedRun["Motion"]):
    """The motion of one session: the run in use, the preview of a running job, and the switch of all views.

    `changed` tells "run", "preview" or "corrected".
    """

    kind, words = KIND, "motion"

    def __init__(
        self,
        store: Callable[[], RunStore | None],
        state_file: Path | None = None,
        *,
        writable: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(store, state_file, writable=writable)
        self._preview: Motion | None = None
        self._corrected = False

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

    def use(self, run_id: str | None) -> None:
        """Use a run of the store from now on and the next time; with none depths are as observed.

        Raises
        ------
        PhyMedError : there is no such run, or it cannot be read; the one before stays
        """
        if run_id is None:
            self._corrected = False
        super().use(run_id)

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

    def _made(self, arrays: Mapping[str, AnyArray]) -> Motion:
        from phy_medicine.compute.motion.motion import Motion

        return Motion.from_arrays(arrays)
