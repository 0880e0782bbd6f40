"""The queue of heavy computations: each runs in a child process, and nothing it does can harm this one."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psygnal import Signal

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.compute.device import n_processors
from phy_medicine.compute.job import FLAG, Job, JobRequest, QueueSettings, failure
from phy_medicine.compute.job_events import Event
from phy_medicine.compute.job_files import InputFile, JobError, JobFile, Manifest, disk_sentence, file_hash
from phy_medicine.compute.job_process import WORKER, JobProcess

__all__ = ["Job", "JobError", "JobQueue", "JobRequest", "QueueSettings"]

_POLL_S = 0.05
# Cancelling takes less than 2 s in all: one for the job to end by itself, half a second to be ended politely.
_OWN_WAY_S, _POLITE_S = 1.0, 0.5
_NEWS_S = 0.1
_CLOSE_S = 3.0


class _Stopped(Exception):
    """The job was cancelled."""


class JobQueue:
    """Runs jobs one after another: one on a graphics card, and `settings.n_cpu` on the processor.

    The signals are emitted in threads of the queue, after the job is up to date: `changed(job)` at every change of
    state and at most ten times a second while it runs, `preview(job, arrays)`, and `finished(job)` once at its end.

    Parameters
    ----------
    settings : how many jobs at a time, and how much of the machine they get; may be changed at any time
    command : that starts a worker
    """

    changed = Signal(Job)
    preview = Signal(Job, dict)
    finished = Signal(Job)

    def __init__(self, settings: QueueSettings | None = None, *, command: Sequence[str] = WORKER) -> None:
        self.settings = settings or QueueSettings()
        self._command = tuple(command)
        self._lock = threading.RLock()
        self._ended = threading.Condition(self._lock)
        self._jobs: dict[str, Job] = {}
        self._runners: dict[str, threading.Thread] = {}
        self._closed = False

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs in the order in which they came, those that ended too."""
        with self._lock:
            return tuple(self._jobs.values())

    @property
    def busy(self) -> bool:
        """Whether a job waits or runs."""
        return any(not job.ended for job in self.jobs)

    def submit(self, request: JobRequest) -> Job:
        """Put a job at the end of the queue; it starts at once when nothing is before it.

        Raises
        ------
        JobError : the queue was closed, or there is a job in this folder
        """
        job = Job(request)
        with self._lock:
            if self._closed:
                raise JobError("No more jobs can be started: the dataset is being closed.")
            if job.id in self._jobs:
                raise JobError(f"There is a job in {request.folder} already.")
            self._jobs[job.id] = job
        self._tell(self.changed, job)
        self._start_next()
        return job

    def cancel(self, job_id: str) -> None:
        """End a job; a running one within two seconds. Nothing happens when it ended already."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None or job.ended or job.stop.is_set():
                return
            job.stop.set()
            waiting = job.state == "queued"
            job.state = "cancelled" if waiting else "cancelling"
            self._ended.notify_all()
        if not waiting:
            _touch(job.folder / FLAG)
        self._tell(self.changed, job)
        if waiting:
            self._tell(self.finished, job)

    def forget(self, job_id: str) -> None:
        """Take a job that ended out of the list."""
        with self._lock:
            if job_id in self._jobs and self._jobs[job_id].ended:
                del self._jobs[job_id]

    def wait(self, job: Job, timeout_s: float | None = None) -> bool:
        """Return whether a job ended within this time and all its signals were emitted."""
        with self._ended:
            return self._ended.wait_for(lambda: job.ended and job.id not in self._runners, timeout_s)

    def close(self) -> None:
        """End all jobs, and wait until no process is left."""
        with self._lock:
            self._closed = True
            runners = list(self._runners.values())
        for job in self.jobs:
            self.cancel(job.id)
        for runner in runners:
            if runner is not threading.current_thread():
                runner.join(_CLOSE_S)

    # Inside

    def _start_next(self) -> None:
        with self._lock:
            for job in () if self._closed else self._jobs.values():
                running = [self._jobs[i] for i in self._runners if i in self._jobs]
                same = [other for other in running if other.on_card == job.on_card]
                if job.state == "queued" and len(same) < (1 if job.on_card else self.settings.n_cpu):
                    job.state, job.started_s = "running", time.monotonic()
                    runner = threading.Thread(target=self._run, args=(job,), name=f"job {job.id}", daemon=True)
                    self._runners[job.id] = runner
                    runner.start()

    def _run(self, job: Job) -> None:
        """Take one job from its start to its end, in a thread of its own."""
        self._tell(self.changed, job)
        state: Any = "failed"
        try:
            job.result = self._compute(job)
            state = "done"
        except _Stopped:
            state = "cancelled"
        except PhyMedError as error:
            job.error = str(error)
        except OSError as error:
            job.error = disk_sentence(error, job.folder)
        except Exception as error:
            logger.exception("Job %s", job.id)
            job.error = f"{type(error).__name__}: {error}. This is a fault of the program; please report it."
        if state == "failed":
            job.add_lines(job.error)
        with self._lock:
            job.ended_s = time.monotonic()
            job.state = state
            if state == "done":
                job.fraction = 1.0
        logger.debug("Job %s %s after %.1f s.", job.id, state, job.seconds)
        self._tell(self.changed, job)
        self._tell(self.finished, job)
        with self._ended:
            del self._runners[job.id]
            self._ended.notify_all()
        self._start_next()

    def _compute(self, job: Job) -> Manifest:
        """Prepare, let the worker work, verify and deliver its result."""
        job.folder.mkdir(parents=True, exist_ok=True)
        path = self._prepare(job)
        self._check(job)
        job.message = "Starting"
        self._tell(self.changed, job)
        process = JobProcess(
            self._command, path, lambda event: self._heard(job, event), lambda line: self._add(job, line)
        )
        try:
            self._watch(job, process)
        finally:
            code = process.finish(0.2 if job.stop.is_set() else 2.0)
        self._check(job)
        if code != 0:
            raise JobError(failure(code, job.fault))
        manifest = Manifest.read(job.folder / "result")
        job.message = "Taking over the result"
        self._tell(self.changed, job)
        if job.request.deliver is not None:
            job.delivered = job.request.deliver(job, manifest)
        job.message = ""
        return manifest

    def _prepare(self, job: Job) -> Path:
        """Make the inputs and the job file, and return its path."""
        request, folder = job.request, job.folder
        inputs = request.inputs
        if callable(inputs):
            job.message = "Preparing the inputs"
            self._tell(self.changed, job)
            inputs = inputs(folder / "inputs")
        source = job.kind.source
        file = JobFile(
            id=job.id, kind=job.kind.name, run=job.kind.run_path, settings_class=job.kind.settings_path,
            settings=job.settings(), folder=str((folder / "result").absolute()),
            inputs={name: InputFile(str(path.absolute()), file_hash(path)) for name, path in inputs.items()},
            uses_gpu=job.kind.uses_gpu, device=request.device, seed=request.seed, cancel=str(folder / FLAG),
            kept="" if request.kept is None else str(request.kept.absolute()),
            plugin=None if source is None else InputFile(str(source.absolute()), file_hash(source)),
            threads=self.settings.threads or max(1, n_processors() - 1), nice=self.settings.nice,
        )  # fmt: skip
        file.write(folder / "job.json")
        return (folder / "job.json").absolute()

    def _watch(self, job: Job, process: JobProcess) -> None:
        """Wait for the end of the worker; bring it about when the job is cancelled."""
        while not process.wait(_POLL_S):
            if not job.stop.is_set():
                self._tell_lines(job)
                continue
            if not process.wait(_OWN_WAY_S):
                process.terminate()
                if not process.wait(_POLITE_S):
                    process.kill()
            return

    def _check(self, job: Job) -> None:
        if job.stop.is_set():
            raise _Stopped

    def _heard(self, job: Job, event: Event) -> None:
        """Take over what the worker says; in the thread that reads it."""
        try:
            match event.name:
                case "progress":
                    job.note_progress(event)
                    self._tell_now_and_then(job)
                case "log":
                    self._add(job, event.text)
                case "started":
                    job.device, job.message = event.text, ""
                    self._tell(self.changed, job)
                case "preview" if not job.stop.is_set():
                    self._tell(self.preview, job, dict(event.arrays))
                case "error":
                    job.fault = event
        except Exception:  # or nobody would read the pipe any more, and the worker would wait for ever
            logger.exception("An event of job %s", job.id)

    def _add(self, job: Job, text: str) -> None:
        job.add_lines(text)

    def _tell_now_and_then(self, job: Job) -> None:
        now = time.monotonic()
        if now - job.told_s >= _NEWS_S:
            job.told_s = now
            job.told_lines = job.n_lines
            self._tell(self.changed, job)

    def _tell_lines(self, job: Job) -> None:
        """Tell of new lines in the log of a worker that makes no progress."""
        if job.told_lines != job.n_lines:
            self._tell_now_and_then(job)

    def _tell(self, signal: Any, *args: Any) -> None:
        """Emit; a slot that fails is its own problem."""
        try:
            signal.emit(*args)
        except Exception:
            logger.exception("A listener to %s failed.", signal.name)


def _touch(path: Path) -> None:
    try:
        path.touch()
    except OSError as error:  # the worker is ended all the same
        logger.debug("The flag %s was not made: %s", path, error)
