"""Sorting a recording from the window: the dialog, the job, and the window of the result."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phy_medicine.session.actions import Action
from phy_medicine.session.sorting import resumed_request, tidy_output, unfinished_sort

if TYPE_CHECKING:
    from phy_medicine.base.types import AnyArray
    from phy_medicine.compute.job import Job, JobRequest
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.sort_dialog import SortDialog

_STATE = "sort"


def open_dataset(params: Path) -> None:
    """Open a dataset in a window of its own, which is another process."""
    command = [sys.executable, "-m", "phy_medicine", "template-gui", str(params)]
    subprocess.Popen(command, cwd=params.parent, start_new_session=True)


class Sorting:
    """The window's commands on recordings that are to be sorted."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._jobs = window, window.session.jobs
        self.dialog: SortDialog | None = None
        self._opens: set[str] = set()
        self.found: dict[str, dict[str, AnyArray]] = {}
        """Job -> what it has found so far; each stage tells it once, whether somebody looks or not."""
        window.bridge.connect(self._jobs.preview, self._note)
        window.bridge.connect(self._jobs.finished, self._finished)

    def actions(self) -> tuple[Action, ...]:
        """Return what can be done with recordings."""
        return (
            Action("sort_recording", "Sort a recording...", self.show,
                   "Look at a raw recording, and find its neurons in the background; the result is a new dataset.",
                   "File", "sort"),
        )  # fmt: skip

    def show(self) -> SortDialog:
        """Open the dialog, with the recording of this dataset or the one named last."""
        from phy_medicine.gui.sort_dialog import SortDialog

        window = self._window
        remembered = window.state.get(_STATE, {})
        remembered = remembered if isinstance(remembered, dict) else {}
        values = dict(remembered.get("fields", {}))
        if not values.get("path") and window.session.model.traces is not None:
            values["path"] = str(window.session.model.path)
        self.dialog = SortDialog(
            self.start, window.theme, window, values=values, settings=remembered.get("settings", {})
        )
        self.dialog.finished.connect(window.activateWindow)
        self.dialog.show()
        return self.dialog

    def start(self, request: JobRequest, remembered: dict[str, Any], *, opens: bool) -> None:
        """Put a sort into the queue; opens : show its result in a window of its own."""
        job = self._jobs.submit(request)
        if opens:
            self._opens.add(job.id)
        if remembered:
            self._window.state.set(_STATE, remembered)
        self._window.jobs.tool.bring()

    def can_resume(self, job: Job) -> bool:
        """Whether a sort that ended can go on."""
        out = job.request.kept
        return job.ended and job.state != "done" and out is not None and unfinished_sort(out.parent)

    def resume(self, job: Job) -> None:
        """Go on with a sort that ended too early.

        Raises
        ------
        PhyMedError : its recording is gone
        """
        assert job.request.kept is not None
        self.start(resumed_request(job.request.kept.parent), {}, opens=job.id in self._opens)

    def open(self, params: Path) -> None:
        """Open a sorted dataset in a window of its own, which is another process."""
        open_dataset(params)
        self._window.say(f"Opening {params.parent.name}.")

    def _note(self, job: Job, arrays: dict[str, AnyArray]) -> None:
        if job.kind.makes_dataset:
            self.found[job.id] = self.found.get(job.id, {}) | arrays

    def _finished(self, job: Job) -> None:
        if not job.kind.makes_dataset:
            return
        self.found.pop(job.id, None)
        tidy_output(job)
        if job.state != "done":
            return
        self._window.say(f"{job.title} is done: {job.delivered.words}, in {job.delivered.params.parent}.")
        if job.id in self._opens and not self._window.scripted:
            self.open(job.delivered.params)
