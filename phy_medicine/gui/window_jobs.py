"""What a window has to do with jobs: menu, panel, dialogs, the line in the status bar; made when first needed."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.qt import Qt, QtCore
from phy_medicine.gui.tool_dock import ToolDock
from phy_medicine.session import reclustered, resort
from phy_medicine.session.actions import Action, Arg

if TYPE_CHECKING:
    from phy_medicine.compute.job import Job
    from phy_medicine.compute.job_kinds import JobKind
    from phy_medicine.gui.job_dialog import JobDialog
    from phy_medicine.gui.job_panel import JobPanel
    from phy_medicine.gui.job_status import JobStatus
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.views.theme import Theme

DOCK = "Jobs"
_OF_CLUSTERS = (reclustered.KIND, "mixture", "mixture_sweep")
"""Kinds of jobs on clusters that are named; their dialogs begin with those that are selected."""
_PROGRESS_MS = 1000
"""Each repaint, of however little, composes the whole window: 25 ms in software. So progress is shown once a second."""
_BUSY_MS = 150


class WindowJobs(QtCore.QObject):
    """Brings jobs to the screen without getting into the way of the views."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.tool = ToolDock(window, DOCK, self._make, lambda: self.panel.start.setFocus(Qt.OtherFocusReason))
        self._status: JobStatus | None = None
        self._states: dict[str, str] = {}
        self._unseen = ""
        self._timer = QtCore.QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._tick)
        jobs = window.session.jobs
        window.bridge.connect(jobs.changed, self._changed)
        window.bridge.connect(jobs.finished, self._finished)
        window.bridge.connect(jobs.preview, self._preview)
        window.bridge.connect(jobs.imported, lambda _run: self._read_runs())
        window.bridge.connect(window.session.extensions.jobs.changed, lambda _name: self.kinds_changed())

    def actions(self) -> tuple[Action, ...]:
        """Return the menu Jobs."""
        jobs = self._window.session.jobs
        kinds = jobs.kinds()
        mine = self._window.session.extensions.jobs
        which = Arg("kind", choices=lambda: tuple(kind.name for kind in jobs.kinds()))
        return (
            *(self.start_of(kind) for kind in kinds if all(kind is not added for added in mine)),
            Action("start_job", "Start job", self.start, "Start a job: its kind, then settings as name=value.", "",
                   "start", args=(which, Arg("settings", "rest", True))),
            Action("show_jobs", "Show jobs and results", self.show,
                   "Show the queue of jobs and the results in the store.", "Jobs", "panel", ("Ctrl+J",)),
            Action("cancel_job", "Cancel the running job", self.cancel, "End the job that runs now.", "Jobs", "panel",
                   when=lambda: jobs.busy),
            Action("resume_job", "Resume the interrupted job", self.resume,
                   "Go on with a job that was cancelled or ended by a crash, with its settings.", "Jobs", "panel",
                   when=lambda: bool(jobs.unfinished())),
            Action("job_settings", "Settings of jobs...", self.show_settings,
                   "How many jobs run at a time, and how much of the machine they get.", "Jobs", "settings"),
        )  # fmt: skip

    def _make(self) -> Dock:
        from phy_medicine.gui.job_panel import JobPanel

        dock = Dock(DOCK, JobPanel(self._window), self._window.theme)
        dock.add_button("menu", "Settings of jobs", self.show_settings)
        dock.shown.connect(lambda seen: seen and self._refresh())
        return dock

    def start_of(self, kind: JobKind) -> Action:
        """Return what opens the dialog of a kind of job."""
        return Action(f"job_{kind.name}", f"{kind.title}...", partial(self.ask, kind.name), kind.help, "Jobs", "start")

    def kinds_changed(self) -> None:
        """Offer the kinds of jobs as they are now in the panel."""
        if self.tool.made:
            self.panel.fill_menu()

    @property
    def dock(self) -> Dock:
        """The dock of the panel; made now if it was not before."""
        return self.tool.dock

    @property
    def panel(self) -> JobPanel:
        """The content of the dock."""
        panel: JobPanel = self.dock.content
        return panel

    @property
    def is_open(self) -> bool:
        """Whether the dock was made and not closed."""
        return self.tool.is_open

    def show(self) -> None:
        """Show the panel, where it was or below everything else, and give it the keyboard."""
        self.tool.show()

    def ask(self, kind: str) -> JobDialog:
        """Open the dialog that starts a job, with the settings used last."""
        from phy_medicine.compute.job_kinds import kind as kind_of
        from phy_medicine.gui.job_dialog import JobDialog

        window = self._window
        jobs = window.session.jobs
        remembered = window.state.changed_since(kind, dict(window.state.get("job_settings", {})).get(kind) or {})

        def start(values: dict[str, Any]) -> None:
            jobs.start(kind, **values)
            window.state.set("job_settings", {**window.state.get("job_settings", {}), kind: _as_json(values)})
            self.tool.bring()

        suggested = resort.suggested if kind == resort.KIND else reclustered.suggested if kind in _OF_CLUSTERS else None
        values = {**remembered, **(suggested(window.session) if suggested is not None else {})}
        dialog = JobDialog(kind_of(kind), start, window, values, defaults=jobs.configured(kind))
        dialog.finished.connect(window.activateWindow)
        dialog.show()
        return dialog

    def start(self, kind: str, settings: str = "") -> None:
        """Start a job with settings typed as `name=value`, separated by spaces.

        Raises
        ------
        ActionError : a word that is no setting
        PhyMedError : see `SessionJobs.start`
        """
        from phy_medicine.base.params import params_of
        from phy_medicine.compute.job_kinds import kind as kind_of

        found = kind_of(kind)
        values: dict[str, Any] = {}
        for word in settings.split():
            name, sign, value = word.partition("=")
            if not sign:
                raise ActionError(f"{word!r} is no setting; write name=value.")
            values[name] = value
        for param in params_of(found.settings_class):
            if param.files and param.name in values:
                raise ActionError(f"{param.name} is for results in files; a job of the window keeps its in the store.")
        self._window.session.jobs.start(kind, **values)

    def cancel(self) -> None:
        """End the job that runs.

        Raises
        ------
        ActionError : none does
        """
        jobs = self._window.session.jobs
        running = [job for job in jobs.jobs if job.state == "running"]
        if not running:
            raise ActionError("No job is running.")
        jobs.cancel(running[-1].id)

    def resume(self) -> None:
        """Go on with the newest job that was interrupted.

        Raises
        ------
        PhyMedError : there is none
        """
        self._window.session.jobs.resume()
        self.tool.bring()

    def show_settings(self) -> None:
        """Open the dialog of the queue's settings."""
        from phy_medicine.gui.settings_dialog import SettingsDialog

        jobs, state = self._window.session.jobs, self._window.state

        def put(name: str, value: Any) -> None:
            jobs.configure(**{name: value})
            state.set("jobs", {**state.get("jobs", {}), name: value})

        SettingsDialog(DOCK, jobs.settings, put, self._window).show()

    def may_close(self) -> bool:
        """Ask when a job would be lost; True when the window may go."""
        from phy_medicine.gui import questions

        jobs = self._window.session.jobs
        return not jobs.busy or questions.ask_end_jobs(self._window, sum(not job.ended for job in jobs.jobs))

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.tool.set_theme(theme)
        if self._status is not None:
            self._status.set_theme(theme)

    # Inside

    def configure(self) -> None:
        """Take over the remembered settings of the queue."""
        remembered = self._window.state.get("jobs", {})
        remembered = self._window.state.changed_since("jobs", remembered) if isinstance(remembered, dict) else {}
        for name, value in remembered.items():
            try:
                self._window.session.jobs.configure(**{name: value})
            except (PhyMedError, TypeError) as error:
                logging.getLogger("phy_medicine").warning("A setting of jobs was not taken over: %s", error)

    def _changed(self, job: Job) -> None:
        """Show a change of state soon, and progress once a second."""
        if self._states.get(job.id) != job.state:
            if not self._states:
                self.configure()
            self._states[job.id] = job.state
            self._timer.start(0)
        elif not self._timer.isActive():
            self._timer.start(_PROGRESS_MS)

    def _preview(self, job: Job, arrays: dict[str, Any]) -> None:
        if self.tool.made:
            self.panel.show_preview(job, arrays)

    def _tick(self) -> None:
        """Paint now, unless the views are in the middle of something."""
        if self._window.host.idle:
            self._refresh()
        else:
            self._timer.start(_BUSY_MS)

    def _refresh(self) -> None:
        window = self._window
        if window.is_closed:
            return
        if self.tool.in_sight:
            self.panel.refresh()
            self._unseen = ""
        self._show_status()
        window.menus.update_enabled()

    def _show_status(self) -> None:
        window = self._window
        active = [job for job in window.session.jobs.jobs if not job.ended]
        if self._status is None:
            if not active and not self._unseen:
                return
            from phy_medicine.gui.job_status import JobStatus

            self._status = JobStatus(window.theme)
            self._status.clicked.connect(self.show)
            window.status.insertPermanentWidget(3, self._status)
        self._status.show_jobs(active, problem=self._unseen)

    def _finished(self, job: Job) -> None:
        if job.state == "failed":
            self._unseen = f"{job.title} failed"
        self._changed(job)
        if job.state == "done" and job.delivered is not None and not job.kind.makes_dataset:
            said = self._window.reclustering.said(job) or f"{job.delivered.name!r} is among the results."
            self._window.say(f"{job.title} is done: {said}")
        elif job.state == "failed":
            self._window.say(f"{job.title} failed: {job.error}", logging.ERROR)
        elif job.state == "cancelled":
            self._window.say(f"{job.title} was cancelled.")

    def _read_runs(self) -> None:
        if self.tool.made:
            self.panel.read_runs()


def _as_json(values: dict[str, Any]) -> dict[str, Any]:
    """Values that the state file can hold."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
