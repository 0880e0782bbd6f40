"""Jobs from the command line: the very worker that the window starts, with a progress bar; Ctrl+C cancels."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray

if TYPE_CHECKING:
    from phy_medicine.compute.job import Job
    from phy_medicine.compute.job_files import Manifest
    from phy_medicine.compute.job_kinds import JobKind
    from phy_medicine.compute.jobs import JobQueue
    from phy_medicine.io.store_runs import Run
    from phy_medicine.session.jobs import SessionJobs
    from phy_medicine.session.session import Session

    Queue = JobQueue | SessionJobs

_LAYOUT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}{postfix}"
_POLL_S = 0.1
_NICE = 5


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What came of a job.

    run : in the store, None when the result was not to be kept there
    arrays, facts, units : of the result
    seconds : that it took
    """

    kind: str
    run: Run | None
    arrays: Mapping[str, AnyArray]
    facts: Mapping[str, Any]
    units: Mapping[str, str]
    settings: Mapping[str, Any]
    device: str
    seconds: float
    log: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        run = None if self.run is None else {"id": self.run.id, "name": self.run.name}
        shapes = {name: list(array.shape) for name, array in self.arrays.items()}
        return {
            "kind": self.kind,
            "run": run,
            "seconds": round(self.seconds, 3),
            "device": self.device,
            "settings": dict(self.settings),
            "facts": dict(self.facts),
            "arrays": shapes,
        }

    def to_text(self) -> str:
        """Return one line for people."""
        kept = "" if self.run is None else f"Kept as {self.run.name!r} ({self.run.id}). "
        shapes = ", ".join(f"{name} {' × '.join(map(str, a.shape)) or 1}" for name, a in self.arrays.items())
        return f"{kept}{shapes}; {self.seconds:.1f} s on {self.device}."


def run_job(
    session: Session,
    kind: str,
    settings: Mapping[str, Any],
    *,
    to_store: bool = True,
    kept: Path | None = None,
    resume: bool = False,
    say: Callable[[str], object] | None = None,
) -> JobOutcome:
    """Run a job on the dataset of a session with a progress bar on stderr, and wait for it.

    Parameters
    ----------
    settings : values of the kind's settings, `device` and `seed` among them
    to_store : keep the result as a run of the store; needs a dataset that can be written
    kept : folder of what it takes to go on after an interruption, if not one of the dataset's
    resume : go on with the newest one of this kind that was interrupted, with its own settings
    say : told each line of the job's log

    Raises
    ------
    PhyMedError : it failed, or Ctrl+C was pressed; the store is as before
    """
    from phy_medicine.compute.device import n_processors

    session.jobs.configure(nice=_NICE, threads=n_processors())  # there is no window to stand back behind
    with ExitStack() as stack:
        folder = None if to_store else Path(stack.enter_context(tempfile.TemporaryDirectory())) / kind
        if resume:
            job = session.jobs.resume(kind=kind)
        else:
            job = session.jobs.start(kind, to_store=to_store, folder=folder, kept=kept, **settings)
        manifest = finished(session.jobs, job, say)
        run = job.delivered
        if run is None:
            return _outcome(job, None, manifest.load(job.folder / "result"), manifest)
        return _outcome(job, run, _stored(session, job), manifest)


def _stored(session: Session, job: Job) -> Mapping[str, AnyArray]:
    """The arrays of a result that is in the store, those of its parts too."""
    from phy_medicine.session.job_results import runs_of

    store = session.store
    return {name: array for run in runs_of(store, job) for name, array in store.read(run.id).items()}


def run_on_files(
    kind: str,
    settings: Any,
    inputs: Mapping[str, Path],
    *,
    device: str = "auto",
    kept: Path | None = None,
    say: Callable[[str], object] | None = None,
) -> JobOutcome:
    """Run a job on files instead of a dataset, with a progress bar on stderr, and wait for it.

    Parameters
    ----------
    settings : instance of the kind's settings
    inputs : name -> file
    device : if it is none of the settings; kept : see `run_job`

    Raises
    ------
    PhyMedError : it failed, or Ctrl+C was pressed
    """
    from phy_medicine.compute.device import n_processors
    from phy_medicine.compute.job_kinds import kind as kind_of
    from phy_medicine.compute.jobs import JobQueue, JobRequest, QueueSettings

    with tempfile.TemporaryDirectory() as folder:
        general: dict[str, Any] = {"device": getattr(settings, "device", device), "seed": getattr(settings, "seed", 0)}
        queue = JobQueue(QueueSettings(nice=_NICE, threads=n_processors()))
        try:
            job = queue.submit(
                JobRequest(kind_of(kind), settings, Path(folder) / kind, dict(inputs), kept=kept, **general)
            )
            manifest = finished(queue, job, say)
            return _outcome(job, None, manifest.load(job.folder / "result"), manifest)
        finally:
            queue.close()


def finished(jobs: Queue, job: Job, say: Callable[[str], object] | None) -> Manifest:
    """Wait for a job, with its progress on stderr, and return its result; Ctrl+C cancels it.

    Raises
    ------
    PhyMedError : it failed, or was cancelled
    """
    try:
        _watch(jobs, job, say)
    except KeyboardInterrupt:
        jobs.cancel(job.id)
        jobs.wait(job)
    if job.state == "cancelled":
        what = "no result was kept" if (go_on := _go_on(job)) else "nothing was kept"
        raise PhyMedError(f"{job.title} was cancelled; {what}.{go_on}")
    if job.state != "done" or job.result is None:
        raise PhyMedError(f"{job.title} failed. {job.error}{_where(job)}{_go_on(job)}")
    return job.result


def _outcome(job: Job, run: Run | None, arrays: Mapping[str, AnyArray], manifest: Manifest) -> JobOutcome:
    return JobOutcome(
        job.kind.name, run, arrays, manifest.facts, manifest.units, manifest.settings, manifest.device, job.seconds,
        tuple(job.log),
    )  # fmt: skip


def _where(job: Job) -> str:
    return f" The log is {job.log_path}." if job.log_path.exists() and job.request.deliver is not None else ""


def _go_on(job: Job) -> str:
    from phy_medicine.session.unfinished import has_kept

    kept = job.request.kept
    return " Go on with --resume." if kept is not None and has_kept(kept) else ""


def _watch(jobs: Queue, job: Job, say: Callable[[str], object] | None) -> None:
    """Show progress until the job ends."""
    from tqdm import tqdm

    from phy_medicine.compute.time_left import in_words

    told = 0
    with tqdm(total=1.0, bar_format=_LAYOUT, desc=job.title, leave=False, disable=None) as bar:
        while True:
            ended = jobs.wait(job, _POLL_S)
            if say is not None:
                told = _say_lines(job, told, say)
            bar.set_description_str(f"{job.title}: {job.message}" if job.message else job.title, refresh=False)
            left = in_words(job.seconds_left)
            bar.set_postfix_str(left, refresh=False)
            bar.n = job.fraction
            bar.refresh()
            if ended:
                return


def _say_lines(job: Job, told: int, say: Callable[[str], object]) -> int:
    """Tell the lines of the log that are new, above the bar; return how many there are now."""
    from tqdm import tqdm

    n_lines = job.n_lines
    fresh = min(n_lines - told, len(job.log))
    for line in list(job.log)[-fresh:] if fresh else ():
        with tqdm.external_write_mode():
            say(line)
    return n_lines


def write_plain(outcome: JobOutcome, folder: Path) -> tuple[Path, ...]:
    """Write a result as `.npy` files and a JSON of its settings and facts; nothing is overwritten.

    Raises
    ------
    PhyMedError : a file is there already, or the folder cannot be written
    """
    import numpy as np

    from phy_medicine.io.durable import reason

    paths = {name: folder / f"{name}.npy" for name in outcome.arrays}
    facts = folder / f"{outcome.kind}.json"
    there = [path for path in (*paths.values(), facts) if path.exists()]
    if there:
        raise PhyMedError(f"{there[0]} exists; choose another folder, nothing is overwritten.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in paths.items():
            np.save(path, outcome.arrays[name], allow_pickle=False)
        facts.write_text(json.dumps(outcome.to_dict(), indent=1), encoding="utf-8")
    except OSError as error:
        raise PhyMedError(f"Could not write to {folder}: {reason(error)}.") from None
    return (*paths.values(), facts)


def typed_options(ctx: click.Context, values: Mapping[str, Any], *, configured: bool = False) -> dict[str, Any]:
    """Return the values that were typed: what is at its default may be configured, or chosen otherwise.

    configured : also those of the configuration, for what runs without a session
    """
    left = {ParameterSource.DEFAULT} if configured else {ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP}
    return {name: value for name, value in values.items() if ctx.get_parameter_source(name) not in left}


def echo_outcome(outcome: JobOutcome, *, as_json: bool) -> None:
    """Print what came of a job, for people or for programs."""
    click.echo(json.dumps(outcome.to_dict(), indent=2) if as_json else outcome.to_text())


def job_command(
    kind_name: str,
    *,
    name: str = "",
    more: Mapping[str, Callable[[Any], Any]] | None = None,
    after: Callable[[Session, JobOutcome, Mapping[str, Any]], object] | None = None,
) -> click.Command:
    """Return a complete command that runs one kind of job: `PARAMS_PY`, an option for each setting, `--out`, `--json`.

    Parameters
    ----------
    more : further options by their parameter's name; they are no settings of the job
    after : called with the session, what came of the job, and the values of all options

    Raises
    ------
    PhyMedError : there is no such kind
    """
    from phy_medicine.app.build import open_session
    from phy_medicine.compute.job_kinds import kind as kind_of

    kind = kind_of(kind_name)
    more = more or {}

    def callback(params_py: Path, *, out: Path | None, store: bool, as_json: bool, log: bool, **values: Any) -> None:
        session = open_session(params_py, read_only=not store, recover=None, use_runs=False)
        try:
            say = (lambda line: click.echo(line, err=True)) if log else None
            given = typed_options(click.get_current_context(), {k: v for k, v in values.items() if k not in more})
            outcome = run_job(session, kind_name, given, to_store=store, say=say)
            if out is not None:
                write_plain(outcome, out)
            if after is not None:
                after(session, outcome, values)
        finally:
            session.close()
        echo_outcome(outcome, as_json=as_json)

    command = _with_options(callback, kind, list(more.values()))
    made: click.Command = click.command(name or kind_name, help=kind.help or f"{kind.title} of a dataset.")(command)
    return made


def _with_options(command: Any, kind: JobKind, more: Sequence[Callable[[Any], Any]]) -> Any:
    """Return a callback with the argument and the options of `job_command`; the help lists the last one given first."""
    from phy_medicine.app.cli import debug_option
    from phy_medicine.app.param_options import options_of
    from phy_medicine.base.params import params_of

    own = {param.name for param in params_of(kind.settings_class)}
    command = debug_option(command)
    for option in reversed(more):
        command = option(command)
    command = click.option("--log", is_flag=True, help="Print the log of the job to stderr.")(command)
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(command)
    command = click.option("--store/--no-store", default=True, show_default=True, help="Keep the result as a run.")(
        command
    )
    out_type = click.Path(path_type=Path, file_okay=False)
    command = click.option("--out", type=out_type, metavar="DIR", help="Write the arrays as .npy files too.")(command)
    if kind.uses_gpu and "device" not in own:
        command = click.option("--device", default="auto", show_default=True, help="auto, cpu, mps, cuda or cuda:N.")(
            command
        )
    if "seed" not in own:
        command = click.option("--seed", default=0, show_default=True, help="Seed of every random number.")(command)
    command = options_of(kind.settings_class)(command)
    return click.argument("params_py", type=click.Path(path_type=Path))(command)
