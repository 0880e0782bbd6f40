"""The stages of one recording, one after the other, their pieces done by any executor."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.ordered_map import ordered_map
from phy_medicine.compute.pipeline import tasks
from phy_medicine.compute.pipeline.metrics import measure
from phy_medicine.compute.pipeline.recordings import marks, opened
from phy_medicine.compute.pipeline.report_task import write_report_of
from phy_medicine.compute.pipeline.settings import PipelineSettings
from phy_medicine.compute.pipeline.sort_task import DATASET, check_dataset, sort_recording
from phy_medicine.compute.pipeline.stages import TIMINGS, StageFolder, key_of, timings
from phy_medicine.compute.pipeline.task import CANCEL, Task
from phy_medicine.io.durable import replace_file
from phy_medicine.io.lock import DatasetLock
from phy_medicine.io.npy_rows import NpyRows

FOLDER = "run"
"""Of the stages, in the output folder."""
RECORDING = "recording.json"

Tell = Callable[[str, float, str], object]


@dataclass(frozen=True, slots=True)
class StageEnd:
    """How a stage ended.

    seconds : that it took now, 0 when its result was there already
    """

    stage: str
    facts: Mapping[str, Any]
    seconds: float
    kept: bool


class RecordingRun:
    """A recording on its way through the stages.

    out : gets the results; the stages are in `out/run`
    tell : called with a stage, how much of it is done, and a line of text
    cancelled : asked several times a second
    """

    def __init__(
        self,
        recording: RecordingFile,
        out: Path,
        settings: PipelineSettings,
        executor: Executor,
        *,
        tell: Tell = lambda stage, fraction, message: None,
        cancelled: Callable[[], object] = lambda: False,
    ) -> None:
        self.recording, self.out, self.settings = recording, out, settings
        self._executor, self._tell, self._cancelled = executor, tell, cancelled
        self._key = ""
        self._marks = marks(recording)
        self.name = Path(recording.path).name

    @property
    def folder(self) -> Path:
        """Where the stages are."""
        return self.out / FOLDER

    def go(self, stages: Sequence[str]) -> Iterator[StageEnd]:
        """Go through stages, in their order, and yield what came of each; results that are there are not made again.

        Raises
        ------
        PhyMedError : a stage failed; what was done stays, and another call goes on there
        Cancelled : somebody asked for it
        """
        with self._taken():
            self._key = ""
            for stage in stages:
                yield self._go(stage)

    def _go(self, stage: str) -> StageEnd:
        """Go through a stage, if its result is not there."""
        settings = self.settings.as_dict().get(stage, {})
        if stage == "detect":
            settings["chunk_s"] = self.settings.run.chunk_s
        self._key = key_of(stage, self._marks, settings, self._key)
        place = StageFolder(self.folder / stage, self._key)
        start, there = time.monotonic(), self._there(stage, place)
        facts = there if there is not None else self._make(stage, place)
        seconds = time.monotonic() - start if there is None else 0.0
        self._tell(stage, 1.0, "")
        return StageEnd(stage, facts, seconds, there is not None)

    def _there(self, stage: str, place: StageFolder) -> Mapping[str, Any] | None:
        """What is known of a result that is there; a dataset that was moved away is not."""
        if stage == "sort" and not (self.out / DATASET / "params.py").exists():
            place.forget()
        return place.facts

    def _make(self, stage: str, place: StageFolder) -> Mapping[str, Any]:
        if stage == "sort":
            check_dataset(self.out)
        start = time.monotonic()
        place.begin()
        facts = WORK[stage](self)
        place.finish(facts)
        self._note_time(stage, time.monotonic() - start)
        return facts

    def stop(self) -> None:
        """Ask the workers to end what they are doing."""
        if self.folder.is_dir():
            (self.folder / CANCEL).touch()

    def detect(self) -> Mapping[str, Any]:
        """Find the peaks, piece by piece."""
        self._tell("detect", 0.0, "measuring the noise")
        self._one(tasks.measure_noise, "detect")
        chunks = self._chunks("detect")
        counts = self._join(tasks.detect_chunk, chunks, tasks.PEAKS, tasks.PEAK)
        np.save(self.folder / "detect" / tasks.CHUNKS, np.cumsum([0, *counts]))
        return {"n_peaks": sum(counts), "n_chunks": len(chunks)}

    def localize(self) -> Mapping[str, Any]:
        """Find where the peaks come from."""
        rows = np.load(self.folder / "detect" / tasks.CHUNKS, allow_pickle=False).tolist()
        chunks = [replace(c, rows=(rows[c.number], rows[c.number + 1])) for c in self._chunks("localize")]
        self._join(tasks.localize_chunk, chunks, tasks.PLACES, tasks.PLACE)
        depths = np.load(self.folder / "localize" / tasks.PLACES, mmap_mode="r", allow_pickle=False)["depth_um"]
        return {"n_located": int(np.isfinite(depths).sum())}

    def motion(self) -> Mapping[str, Any]:
        """Estimate the motion of the probe."""
        facts: Mapping[str, Any] = self._one(tasks.estimate_motion, "motion")
        return facts

    def sort(self) -> Mapping[str, Any]:
        """Sort the recording."""
        facts: Mapping[str, Any] = self._one(sort_recording, "sort")
        return facts

    def metrics(self) -> Mapping[str, Any]:
        """Measure what the sorting explains."""
        facts: Mapping[str, Any] = self._one(measure, "metrics")
        return facts

    def _task(self, stage: str, words: str = "") -> Task:
        words = f"{self.name}, {words or stage}"
        return Task(words, self.recording, self.settings, str(self.folder), stage, self._key)

    def _chunks(self, stage: str) -> list[Task]:
        """The pieces of the recording."""
        raw = opened(self.recording)
        length = max(1, int(self.settings.run.chunk_s * raw.sample_rate))
        starts = range(0, raw.n_samples, length)
        found = []
        for number, start in enumerate(starts):
            stop = min(start + length, raw.n_samples)
            words = f"{stage} {start / raw.sample_rate:,.0f} to {stop / raw.sample_rate:,.0f} s"
            found.append(replace(self._task(stage, words), number=number, start=start, stop=stop))
        return found

    def _one(self, function: Callable[[Task], Any], stage: str) -> Any:
        """Do a piece of work by itself; how far it is, it writes to a file."""
        task = self._task(stage)

        def cancelled() -> object:
            try:
                told = json.loads(task.told.read_text("utf-8"))
                self._tell(stage, told["fraction"], told["message"])
            except (OSError, ValueError):
                pass  # it said nothing yet
            return self._cancelled()

        (result,) = ordered_map(self._executor, function, [task], cancelled=cancelled)
        task.told.unlink(missing_ok=True)
        return result

    def _join(self, function: Callable[[Task], str], chunks: list[Task], name: str, dtype: np.dtype[Any]) -> list[int]:
        """Do the pieces that are not there, join all of them into one file, and return how many rows each has."""
        place = self.folder / chunks[0].stage
        missing = [chunk for chunk in chunks if not chunk.part.exists()]
        n_there = len(chunks) - len(missing)

        def progress(n_done: int) -> None:
            done = n_there + n_done
            self._tell(chunks[0].stage, done / len(chunks), f"{done} of {len(chunks)} pieces")

        for _path in ordered_map(self._executor, function, missing, progress=progress, cancelled=self._cancelled):
            pass
        with NpyRows(place / f".{name}", (), dtype) as rows:
            counts = []
            for chunk in chunks:
                part: AnyArray = np.load(chunk.part, allow_pickle=False)
                rows.append(part)
                counts.append(len(part))
        (place / f".{name}").replace(place / name)
        for chunk in chunks:
            chunk.part.unlink()
        return counts

    def _note_time(self, stage: str, seconds: float) -> None:
        """Remember how long a stage took, and where."""
        where = getattr(self._executor, "words", "threads of one process")
        found = timings(self.folder) | {stage: f"{seconds:,.1f} s, {where}"}
        replace_file(self.folder / TIMINGS, json.dumps(found, indent=1).encode())

    @contextmanager
    def _taken(self) -> Iterator[None]:
        """Have the folder for this run alone, and say in it of which recording it is.

        Raises
        ------
        PhyMedError : it is that of another recording, or another run writes to it
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = DatasetLock(self.folder)
        owner = lock.owner()
        if owner is not None:
            raise PhyMedError(
                f"{self.out} is written to by a run of {owner}; wait for it, or remove {lock.path} if it is gone."
            )
        lock.acquire()
        try:
            self._note_recording()
            (self.folder / CANCEL).unlink(missing_ok=True)
            yield
        finally:
            lock.release()

    def _note_recording(self) -> None:
        path = self.folder / RECORDING
        files = list(self._marks["files"])
        try:
            before = json.loads(path.read_text("utf-8"))["files"]
        except (OSError, ValueError, KeyError, TypeError):
            before = files
        if before != files:
            raise PhyMedError(f"{self.out} holds the run of {before[0]}; name another folder with --out.")
        replace_file(path, json.dumps({"files": files, **asdict(self.recording)}, indent=1).encode())

    def report(self) -> Path:
        """Write the report of what is there and return its path."""
        self._tell("report", 0.0, "")
        return Path(self._one(write_report_of, "report"))


WORK: Mapping[str, Callable[[RecordingRun], Mapping[str, Any]]] = {
    "detect": RecordingRun.detect,
    "localize": RecordingRun.localize,
    "motion": RecordingRun.motion,
    "sort": RecordingRun.sort,
    "metrics": RecordingRun.metrics,
}
"""In their order."""
