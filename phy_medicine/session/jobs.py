"""Heavy computations on the dataset of a session: their inputs, and their results in the store."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from phy_medicine.base.configuration import settings_of
from phy_medicine.base.errors import PhyMedError, ReadOnlyError
from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.store import Store, identity_of
from phy_medicine.session import unfinished
from phy_medicine.session.job_inputs import write_inputs
from phy_medicine.session.job_results import import_result, runs_of

if TYPE_CHECKING:
    from phy_medicine.compute.job import Job, JobRequest, QueueSettings
    from phy_medicine.compute.job_kinds import JobKind
    from phy_medicine.compute.jobs import JobQueue
    from phy_medicine.io.kwik_write import KwikContent
    from phy_medicine.session.session import Session
    from phy_medicine.session.unfinished import Unfinished

_KEPT_LOGS = 20


class SessionJobs:
    """Starts jobs on a session's dataset and takes their results into its store, each as a new run.

    Nothing is loaded before the first job. The signals are those of the queue, emitted in its threads, and
    `imported(run)` when a result is in the store; the window brings them to its own thread.
    """

    changed = Signal(object)
    """Job, at each change of state and some times a second while it runs."""
    preview = Signal(object, dict)
    """Job, and arrays by name: the result so far."""
    finished = Signal(object)
    """Job that ended, well or not."""
    imported = Signal(object)
    """Run that is in the store."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._files = OwnFiles(session.model.dir_path)
        self._queue: JobQueue | None = None
        self._settings: QueueSettings | None = None
        self._of_plugins: dict[str, JobKind] = {}
        session.extensions.jobs.changed.connect(self._follow_plugins)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs of this session, in the order in which they came."""
        return () if self._queue is None else self._queue.jobs

    @property
    def busy(self) -> bool:
        """Whether a job waits or runs."""
        return self._queue is not None and self._queue.busy

    @property
    def settings(self) -> QueueSettings:
        """How much of the machine jobs get."""
        from phy_medicine.compute.job import QueueSettings

        return self._settings or settings_of(self._session.configuration, "jobs", QueueSettings())[0]

    def configure(self, **values: Any) -> None:
        """Change the settings of the queue.

        Raises
        ------
        PhyMedError : unknown name or value out of range
        """
        from phy_medicine.base.params import changed

        self._settings = changed(self.settings, **values)
        if self._queue is not None:
            self._queue.settings = self._settings

    def kinds(self) -> tuple[JobKind, ...]:
        """Return the kinds of jobs that can be started on a dataset."""
        from phy_medicine.compute.job_kinds import kinds

        return tuple(kind for kind in kinds() if not kind.makes_dataset)

    def configured(self, kind: str) -> dict[str, Any]:
        """Return what was configured of a kind of job; it counts where `start` is told nothing else."""
        from phy_medicine.base.params import params_of
        from phy_medicine.compute.job_kinds import kind as kind_of

        found, configuration = kind_of(kind), self._session.configuration
        table = {param.name: param for param in params_of(found.settings_class)}
        values = {name: v for name, v in configuration.section(kind).items() if name in table}
        device = configuration.get("device")
        return {"device": device, **values} if device and (found.uses_gpu or "device" in table) else values

    def start(
        self, kind: str, *, to_store: bool = True, folder: Path | None = None, kept: Path | None = None, **settings: Any
    ) -> Job:
        """Put a job on this dataset into the queue.

        Parameters
        ----------
        kind : name of a kind of job
        to_store : keep the result as a new run; otherwise it stays in the folder of the job
        folder : of the job; a new one under `.phy_medicine/jobs` by default
        kept : folder for what a job that can be resumed needs for that; by default one of the dataset's while the
            result goes into the store, which is removed when it is there
        settings : values of the kind's settings; `device` and `seed` may be given for every kind; those that are not
            given are as configured, else the defaults

        Raises
        ------
        ReadOnlyError : the dataset does not accept changes, so the result could not be kept
        PhyMedError : unknown kind or setting, value out of range
        """
        request = self._request(kind, folder, settings, to_store, kept)
        if to_store:
            self._claim()
            self._tidy()
            if request.kind.resumable and kept is None:
                values = {**asdict(request.settings), "device": request.device, "seed": request.seed}
                request = replace(request, kept=unfinished.begin(self._files.unfinished, kind, values))
        return self._made_queue().submit(request)

    def submit(self, request: JobRequest) -> Job:
        """Put a job that needs nothing of this dataset into the queue."""
        return self._made_queue().submit(request)

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Return what was interrupted and can be resumed, the oldest first."""
        return unfinished.unfinished(self._files.unfinished, self._busy_folders())

    def resume(self, unfinished_id: str = "", *, kind: str = "") -> Job:
        """Go on with a job that was interrupted, with its own settings; of several, of a kind, with the newest.

        Raises
        ------
        ReadOnlyError : the dataset does not accept changes
        PhyMedError : there is none, or none of this id
        """
        found = [u for u in self.unfinished() if unfinished_id in ("", u.id) and kind in ("", u.kind)]
        if not found:
            raise PhyMedError("There is no interrupted job that could go on; start a new one.")
        request = self._request(found[-1].kind, None, dict(found[-1].settings), True, found[-1].folder)
        self._claim()
        self._tidy()
        return self._made_queue().submit(request)

    def resumable(self, job: Job) -> Unfinished | None:
        """Return what of a job that ended can be gone on with."""
        kept = job.request.kept
        return next((u for u in self.unfinished() if u.folder == kept), None) if kept and job.ended else None

    def cancel(self, job_id: str) -> None:
        """End a job, within two seconds; the store is as before. What it computed is lost, unless it can be resumed."""
        if self._queue is not None:
            self._queue.cancel(job_id)

    def forget(self, job_id: str) -> None:
        """Take a job that ended out of the list, with its log."""
        for job in self.jobs:
            if job.id == job_id and job.ended and self._queue is not None:
                self._queue.forget(job_id)
                shutil.rmtree(job.folder, ignore_errors=True)

    def wait(self, job: Job, timeout_s: float | None = None) -> bool:
        """Return whether a job ended within this time, and its result is in the store."""
        return self._queue is None or self._queue.wait(job, timeout_s)

    def _follow_plugins(self, name: str) -> None:
        """Offer the jobs of plugins; one that is called as one of the program is left out."""
        from phy_medicine.compute import job_kinds

        before, kind = self._of_plugins.pop(name, None), self._session.extensions.jobs.get(name)
        if before is not None:
            job_kinds.unregister(name)
        if kind is None:
            return
        if job_kinds.is_own(name):
            owner = self._session.extensions.jobs.owner_of(name)
            logger.warning(
                "Plugin %s: the job %s is not offered, because the program has one of this name.", owner, name
            )
            return
        self._of_plugins[name] = job_kinds.register(kind)

    def close(self) -> None:
        """End all jobs, and forget those of plugins."""
        if self._of_plugins:
            from phy_medicine.compute import job_kinds

            for name in self._of_plugins:
                job_kinds.unregister(name)
            self._of_plugins = {}
        if self._queue is not None:
            self._queue.close()

    # Inside

    def _busy_folders(self) -> set[Path]:
        """Where jobs that did not end keep what they need to be resumed."""
        return {job.request.kept for job in self.jobs if job.request.kept is not None and not job.ended}

    def _request(
        self, name: str, folder: Path | None, values: dict[str, Any], to_store: bool, kept: Path | None = None
    ) -> JobRequest:
        from phy_medicine.base.params import changed, params_of
        from phy_medicine.compute.device import AUTO, check_name
        from phy_medicine.compute.job import JobRequest
        from phy_medicine.compute.job_kinds import kind as kind_of
        from phy_medicine.io.durable import time_stamp

        kind = kind_of(name)
        table = {param.name for param in params_of(kind.settings_class)}
        values = {**self.configured(name), **values}
        general = {key: values.pop(key) for key in ("device", "seed") if key in values and key not in table}
        make = getattr(kind.settings_class, "of", None)  # a class that looks at its values together
        settings = make(**values) if make is not None else changed(kind.settings_class(), **values)
        general = {key: getattr(settings, key) for key in ("device", "seed") if key in table} | general
        return JobRequest(
            kind,
            settings,
            folder or self._files.jobs / f"{name}-{time_stamp()}",
            inputs=lambda into: write_inputs(self._session, kind.inputs, into),
            device=check_name(str(general.get("device", AUTO))),
            seed=int(general.get("seed", 0)),
            kept=kept,
            deliver=(lambda job, manifest: import_result(self._session.store, job, manifest)) if to_store else None,
        )

    def _claim(self) -> None:
        try:
            self._session.storage.claim()
        except ReadOnlyError as error:
            raise ReadOnlyError(f"{error} A job could not keep its result beside the dataset.") from None

    def _made_queue(self) -> JobQueue:
        from phy_medicine.compute.jobs import JobQueue

        if self._queue is None:
            self._queue = JobQueue(self.settings)
            self._queue.changed.connect(lambda job: self.changed.emit(job))
            self._queue.preview.connect(lambda job, arrays: self.preview.emit(job, arrays))
            self._queue.finished.connect(self._finished)
        return self._queue

    def _finished(self, job: Job) -> None:
        """Leave nothing of a job but its log, and tell of its run."""
        if job.request.deliver is not None:
            for part in ("inputs", "result"):
                shutil.rmtree(job.folder / part, ignore_errors=True)
            if job.state == "cancelled":
                shutil.rmtree(job.folder, ignore_errors=True)
        kept = job.request.kept
        if kept is not None and kept.parent == self._files.unfinished:
            unfinished.end(kept, done=job.state == "done")
        if job.kind.makes_dataset and job.state == "done":
            logger.info("%s is done: %s", job.title, job.delivered.params)
        elif job.delivered is not None and job.state == "done":
            logger.info("%s is done: %s is in the store.", job.title, job.delivered.name)
            for run in runs_of(self._session.store, job):
                self.imported.emit(run)
        elif job.state == "failed":
            logger.error("%s failed: %s Its log is %s.", job.title, job.error, job.log_path)
        self.finished.emit(job)

    def _tidy(self) -> None:
        """Remove what jobs of earlier sessions left, but the newest logs; this session holds the lock."""
        unfinished.tidy(self._files.unfinished, self._busy_folders())
        mine = {job.id for job in self.jobs}
        try:
            folders = sorted((p for p in self._files.jobs.iterdir() if p.is_dir() and p.name not in mine), key=_age)
        except OSError:
            return
        for folder in folders[:-_KEPT_LOGS]:
            shutil.rmtree(folder, ignore_errors=True)
        for folder in folders[-_KEPT_LOGS:]:
            for part in ("inputs", "result"):
                shutil.rmtree(folder / part, ignore_errors=True)


def _age(folder: Path) -> str:
    return folder.name.rpartition("-")[2]


def session_store(session: Session) -> Store:
    """Return the store of a session's dataset; nothing is read before it is asked for."""
    return Store(
        session.model.dir_path,
        lambda: _content(session),
        name=session.model.store_name,
        identity=lambda: identity_of(session.model),
        claim=session.storage.claim,
    )


def _content(session: Session) -> KwikContent:
    """The dataset with its clusters as they are now."""
    from phy_medicine.io.kwik_write import content_of

    with session.facts.lock:
        labels = session.spike_clusters()
        table = session.manager.labels
        fields = {name: dict(table.values(name)) for name in table.fields}
    return content_of(session.model, labels, fields)
