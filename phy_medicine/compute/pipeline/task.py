"""What a worker of a pipeline is told, and how it tells: descriptions and files that every worker sees."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.compute.job_context import CANCEL_S, Cancelled
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.pipeline.settings import PipelineSettings

CANCEL, TOLD = "cancel", "progress.json"
_TOLD_S = 0.5


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is told.

    words : what it is, for people
    folder : of the run; each stage has one in it
    stage, key : which result this is a part of
    number, start, stop : of a piece, samples
    rows : of the peaks in the piece
    """

    words: str
    recording: RecordingFile
    settings: PipelineSettings
    folder: str
    stage: str
    key: str
    number: int = 0
    start: int = 0
    stop: int = 0
    rows: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return self.words

    def path(self, name: str, stage: str = "") -> Path:
        """Return a file of a stage, of this one without a name."""
        return Path(self.folder) / (stage or self.stage) / name

    @property
    def part(self) -> Path:
        """The file of this piece; of other settings or another recording it has another name."""
        return self.path(f"{self.number:06d}-{self.key[:12]}.npy")

    @property
    def cancel(self) -> Path:
        """The work ends when this file exists."""
        return Path(self.folder) / CANCEL

    @property
    def told(self) -> Path:
        """Where a long piece of work says how far it is."""
        return self.path(TOLD)


class Teller:
    """Says how far a piece of work is, in a file, and asks whether it is to end."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._next_look = self._next_told = 0.0

    def __call__(self, fraction: float, message: str) -> None:
        """Tell; written twice a second at most.

        Raises
        ------
        Cancelled : the work is to end
        """
        self.check()
        now = time.monotonic()
        if now >= self._next_told:
            self._next_told = now + _TOLD_S
            content = json.dumps({"fraction": min(max(float(fraction), 0.0), 1.0), "message": message})
            with contextlib.suppress(OSError), _new(self._task.told) as path:
                path.write_text(content, "utf-8")

    def check(self) -> bool:
        """Return False, or end the work.

        Raises
        ------
        Cancelled : the work is to end
        """
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + CANCEL_S
            if self._task.cancel.exists():
                raise Cancelled("it was cancelled")
        return False


@contextmanager
def _new(path: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes `path` at the end: others see all of the file, or none."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_array(path: Path, array: AnyArray) -> None:
    """Write an `.npy` file in one step; one that two workers write at once is that of either."""
    with _new(path) as draft, draft.open("wb") as file:
        np.save(file, array, allow_pickle=False)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the libraries of linear algebra use one thread: pieces of work are what is done side by side,
    and results are the same whatever the number of threads."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
