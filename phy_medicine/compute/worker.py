"""The process of a heavy computation: `python -m phy_medicine.compute.worker job.json`.

Reads `job.json`, calls the job's function, and writes its arrays and then `manifest.json` into the job's folder. What
it has to say goes to stdout, one JSON object a line, "event" first:

    {"event": "started", "device": "cpu", "pid": 4711}
    {"event": "progress", "fraction": 0.25, "message": "Level 2 of 5"}
    {"event": "log", "text": "..."}
    {"event": "preview", "arrays": {name: base64 of npy}}     or {"event": "preview", "file": path of an npz}
    {"event": "error", "text": a sentence, "kind": "memory" | "problem" | "fault"}
    {"event": "result", "manifest": path}

Whatever else is printed, by Python or by compiled libraries, goes to stderr. Exit codes: 0 result written, 1 failed,
2 the command line or `job.json` cannot be understood, 3 cancelled.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from phy_medicine.compute.job_context import EventWriter, JobContext
    from phy_medicine.compute.job_files import JobFile

DONE, FAILED, NOT_UNDERSTOOD, CANCELLED = 0, 1, 2, 3
PARENT = "PHY_MEDICINE_WORKER_PARENT"
MOST_NICE = "PHY_MEDICINE_NICE"
"""Environment variable: the furthest that any worker stands back, whatever its job says."""
"""Environment variable with the process id of a parent without which the worker is not to go on."""
THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS",
)  # fmt: skip
_LOOK_S = 1.0
_OOM_SCORE = "700"
_NICEST = 19


def main(argv: list[str] | None = None) -> int:
    """Run the job of a `job.json` and return the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1:
        print("Usage: python -m phy_medicine.compute.worker job.json", file=sys.stderr)
        return NOT_UNDERSTOOD
    events = _claim_stdout()
    watch_parent()
    _limit_threads(Path(arguments[0]))
    # Only now: the libraries of these modules read the number of their threads when they are loaded.
    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.compute.job_context import EventWriter
    from phy_medicine.compute.job_files import JobFile

    writer = EventWriter(events)
    try:
        job = JobFile.read(Path(arguments[0]))
    except PhyMedError as error:
        writer.send("error", text=str(error), kind="problem")
        return NOT_UNDERSTOOD
    _stand_back(job.nice)
    return _guarded(job, writer)


def _claim_stdout() -> BinaryIO:
    """Keep stdout for events alone; every other print of this process and of its libraries goes to stderr."""
    with contextlib.suppress(AttributeError):
        sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "wb", buffering=0)


def watch_parent() -> None:
    """End this process and its children when the process that started it is gone."""
    parent = os.environ.pop(PARENT, "")
    if not parent.isdigit():
        return
    for watch in (_until_stdin_ends, lambda: _until_orphaned(int(parent))):
        threading.Thread(target=_end_after, args=(watch,), daemon=True).start()


def _end_after(wait: Any) -> None:
    wait()
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(CANCELLED)


def _until_stdin_ends() -> None:
    """The parent never writes; its end of the pipe is closed by the system when it dies, however it dies."""
    while True:
        try:
            if not os.read(0, 1024):
                return
        except OSError:
            time.sleep(3600 * 24 * 365)


def _until_orphaned(parent: int) -> None:
    """For a pipe that somebody else holds open too."""
    while os.name == "nt" or os.getppid() == parent:
        time.sleep(_LOOK_S)


def _limit_threads(path: Path) -> None:
    from phy_medicine.base.json_text import WRONG_CONTENT, parse_json

    try:
        threads = int(parse_json(path.read_text("utf-8")).get("threads", 0))
    except (OSError, *WRONG_CONTENT):
        return  # said properly when the file is read for good
    for name in THREADS if threads > 0 else ():
        os.environ[name] = str(threads)


def _stand_back(nice: int) -> None:
    """Let everything else run first, and when memory runs out be the one that the system ends.

    A low priority alone still waits for the end of a time slice before the window runs: with it the 95th percentile of
    a selection was 1.44 times the idle one, with the scheduler's idle class 1.05 times.
    """
    with contextlib.suppress(KeyError, ValueError):
        nice = min(nice, int(os.environ[MOST_NICE]))
    if nice <= 0:
        return
    with contextlib.suppress(OSError, AttributeError):
        os.nice(min(nice, _NICEST))
    if nice > _NICEST:
        with contextlib.suppress(OSError, AttributeError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)


def _guarded(job: JobFile, writer: EventWriter) -> int:
    """Run the job; every way in which it can fail becomes one sentence."""
    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.compute.device import is_out_of_memory
    from phy_medicine.compute.job_context import Cancelled
    from phy_medicine.compute.job_files import disk_sentence

    try:
        manifest = _run(job, writer)
    except Cancelled:
        writer.send("cancelled")
        return CANCELLED
    except PhyMedError as error:
        writer.send("error", text=str(error), kind="problem")
        return FAILED
    except BaseException as error:
        if is_out_of_memory(error):
            writer.send("error", text=f"{type(error).__name__}: {error}", kind="memory")
        elif isinstance(error, OSError) and error.errno is not None:
            writer.send("error", text=disk_sentence(error, Path(job.folder)), kind="problem")
        else:
            writer.send("error", text=f"{type(error).__name__}: {error}", kind="fault")
        traceback.print_exc()
        return FAILED
    writer.send("result", manifest=str(manifest))
    return DONE


def _run(job: JobFile, writer: EventWriter) -> Path:
    """Compute, write the arrays, write the manifest."""
    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.compute import device
    from phy_medicine.compute.job_context import JobContext, checked_facts
    from phy_medicine.compute.job_files import MANIFEST, Manifest, write_array
    from phy_medicine.compute.job_kinds import load
    from phy_medicine.io.durable import iso_time

    started = iso_time()
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    _load_plugin(job)
    settings = _settings(job)
    inputs = _inputs(job)
    function = load(job.run)
    chosen = device.resolve(job.device) if job.uses_gpu else device.CPU
    writer.send("started", device=chosen, pid=os.getpid())
    flag = Path(job.cancel) if job.cancel else None
    context: JobContext = JobContext(
        settings, inputs, device=chosen, seed=job.seed, folder=folder, kept=_kept(job), send=writer.send,
        cancelled=lambda: flag is not None and flag.exists(),
    )  # fmt: skip
    results = function(context)
    if not hasattr(results, "items"):
        raise PhyMedError(f"The job {job.kind} returned {type(results).__name__}, not arrays by name.")
    context.check_cancelled()
    import numpy as np

    arrays = {
        name: write_array(folder, name, np.asarray(array), context.units.get(name, ""))
        for name, array in results.items()
    }
    context.check_cancelled()
    import phy_medicine

    manifest = Manifest(
        job=job.id, kind=job.kind, arrays=arrays, facts=checked_facts(context.facts),
        inputs={name: facts.sha256 for name, facts in job.inputs.items()}, settings=dict(job.settings),
        device=chosen, seed=job.seed, code_version=phy_medicine.__version__, started=started, finished=iso_time(),
    )  # fmt: skip
    manifest.write(folder)
    return folder / MANIFEST


def _kept(job: JobFile) -> Path | None:
    if not job.kept:
        return None
    Path(job.kept).mkdir(parents=True, exist_ok=True)
    return Path(job.kept)


def _load_plugin(job: JobFile) -> None:
    """Run the file of the plugin that the job is of, if it has not changed; it may import files beside it."""
    from importlib.util import module_from_spec, spec_from_file_location

    from phy_medicine.compute.job_files import JobError, file_hash

    if job.plugin is None:
        return
    path, name = Path(job.plugin.path), job.run.partition(":")[0]
    if not path.is_file() or file_hash(path) != job.plugin.sha256:
        raise JobError(f"The plugin {path} changed since the job was made; start the job again.")
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise JobError(f"The plugin {path} is no Python file.")
    sys.path.append(str(path.parent))
    module = sys.modules[name] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise JobError(
            f"The plugin {path.name} cannot be run in a process of its own: {type(error).__name__}: {error}."
        ) from error


def _settings(job: JobFile) -> Any:
    """The settings with the values of the job, checked."""
    from phy_medicine.base.params import changed
    from phy_medicine.compute.job_kinds import load

    return changed(load(job.settings_class)(), **job.settings)


def _inputs(job: JobFile) -> dict[str, Any]:
    """Inputs by name, after a look at their hashes."""
    import numpy as np

    from phy_medicine.compute.job_files import JobError, file_hash

    found: dict[str, Any] = {}
    for name, facts in job.inputs.items():
        path = Path(facts.path)
        if not path.exists():
            raise JobError(f"The input {name} is missing: {path} does not exist; start the job again.")
        if facts.sha256 and file_hash(path) != facts.sha256:
            raise JobError(f"The input {name} changed since the job was made; start the job again.")
        found[name] = np.load(path, mmap_mode="r", allow_pickle=False) if path.suffix == ".npy" else path
    return found


if __name__ == "__main__":
    faulthandler.enable()  # where a deadly signal struck goes into the log of the job
    code = main()
    # Threads of libraries must not hold up the end of a job whose result is on the disk.
    sys.stderr.flush()
    os._exit(code)
