"""One job as people see it, and the sentence for each way in which a worker can end."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from phy_medicine.base.params import setting
from phy_medicine.compute.device import AUTO, CPU, cards
from phy_medicine.compute.job_events import Event, printable
from phy_medicine.compute.job_files import Manifest
from phy_medicine.compute.job_kinds import JobKind
from phy_medicine.compute.time_left import TimeLeft

State = Literal["queued", "running", "cancelling", "done", "failed", "cancelled"]
ENDED = ("done", "failed", "cancelled")
KEPT_LINES = 5000
LOG_BYTES = 8 << 20
LOG, FLAG = "log.txt", "cancel"

MakeInputs = Callable[[Path], Mapping[str, Path]]
Deliver = Callable[["Job", Manifest], Any]


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How much of the machine jobs get."""

    n_cpu: int = setting(1, "Jobs at the same time on the processor", minimum=1, maximum=64)
    threads: int = setting(0, "Threads of a job; 0 leaves one processor to the window", minimum=0, maximum=1024)
    nice: int = setting(
        20, "How far jobs stand back: 0 not at all, 20 lets them compute only while nothing else wants to",
        minimum=0, maximum=20,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is to be computed.

    settings : instance of the kind's settings class
    folder : of the job, made when it starts
    inputs : name -> file, or what makes the files in a given folder; it is called in a thread, when the job starts
    kept : folder that outlives the job, made when it starts; what is needed to go on after an interruption
    deliver : called in a thread with the job and its verified manifest before the job is done; what it returns is
        `Job.delivered`, and a PhyMedError it raises fails the job
    """

    kind: JobKind
    settings: Any
    folder: Path
    inputs: Mapping[str, Path] | MakeInputs = field(default_factory=dict)
    device: str = AUTO
    seed: int = 0
    title: str = ""
    kept: Path | None = None
    deliver: Deliver | None = None


class Job:
    """A job and how far it is. Only the queue changes it; it can be read from any thread.

    state : "queued", "running", "cancelling", then "done", "failed" or "cancelled" for good
    fraction, message : of the last progress
    device : asked for, then the one that is used
    log : the last lines; all of them are in `log_path`
    error : why it failed, a sentence
    result : the manifest of a job that is done
    delivered : what became of the result, for instance the run in the store
    """

    _numbers = itertools.count(1)

    def __init__(self, request: JobRequest) -> None:
        self.id = request.folder.name
        self.number = next(self._numbers)
        self.request = request
        self.kind = request.kind
        self.title = request.title or request.kind.title
        self.state: State = "queued"
        self.fraction = 0.0
        self.message = ""
        self.device = request.device
        self.log: deque[str] = deque(maxlen=KEPT_LINES)
        self.n_lines = 0
        self.error = ""
        self.result: Manifest | None = None
        self.delivered: Any = None
        self.started_s = self.ended_s = 0.0
        self.stop = threading.Event()
        self.fault: Event | None = None
        self.told_s, self.told_lines = 0.0, 0
        self._left = TimeLeft()
        self._log_bytes = 0

    @property
    def folder(self) -> Path:
        """Where inputs, result and log are."""
        return self.request.folder

    @property
    def log_path(self) -> Path:
        """File with every line of the log."""
        return self.folder / LOG

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED

    @property
    def on_card(self) -> bool:
        """Whether it waits for a graphics card."""
        wanted = self.request.device
        return self.kind.uses_gpu and wanted != CPU and (wanted != AUTO or bool(cards()))

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take, None when nobody knows."""
        left = self._left.at(time.monotonic())
        return left if self.state == "running" and left > 0 else None

    @property
    def seconds(self) -> float:
        """How long it ran."""
        if not self.started_s:
            return 0.0
        return (self.ended_s or time.monotonic()) - self.started_s

    def settings(self) -> dict[str, Any]:
        """Return the settings by name."""
        return asdict(self.request.settings)

    def note_progress(self, event: Event) -> None:
        """Take over how far the worker is."""
        self.fraction = event.fraction
        self.message = event.text or self.message
        self._left.update(event.fraction, time.monotonic())

    def add_lines(self, text: str) -> None:
        """Add to the log and to its file; the file ends at 8 MB."""
        lines = [printable(line.rstrip()) for line in text.splitlines() if line.strip()]
        self.log.extend(lines)
        self.n_lines += len(lines)
        if self._log_bytes > LOG_BYTES:
            return
        content = "".join(f"{time.strftime('%H:%M:%S')} {line}\n" for line in lines)
        self._log_bytes += len(content)
        if self._log_bytes > LOG_BYTES:
            content += "The log is longer than 8 MB; the rest was left out.\n"
        try:
            with self.log_path.open("a", encoding="utf-8") as file:
                file.write(content)
        except OSError:
            self._log_bytes = LOG_BYTES + 1  # a full disk: the lines in memory must do


def failure(code: int, fault: Event | None) -> str:
    """Return why a worker failed and what to do about it, in a sentence or two.

    code : exit code, negative for a signal; fault : what the worker itself said last
    """
    if fault is not None and fault.kind == "memory":
        return f"Out of memory ({fault.text}). Close other programs or choose smaller settings, then start it again."
    if fault is not None and fault.kind == "problem":
        return fault.text
    if fault is not None:
        return f"{fault.text}. This is a fault of the program: please report it with the log of the job."
    if code < 0:
        return _signalled(-code)
    if code == 0:
        return "The worker ended without a result; its log says what it did last."
    return f"The worker ended with code {code} and said nothing; its log holds what it did last."


def _signalled(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name == "SIGKILL":
        return (
            "The worker was killed (SIGKILL), most often because the machine ran out of memory. Close other programs "
            "or choose smaller settings, then start it again."
        )
    if name in ("SIGTERM", "SIGINT", "SIGHUP"):
        return f"The worker was ended from outside ({name}); start it again."
    return f"The worker crashed in a compiled library ({name}); try the device cpu, and report it with the log."
