"""Memory of `phy-med sort`, stage by stage, on a recording of which every spike is known.

python -m benchmarks.sorter_memory [DATASET] [--work DIR] [--times N] [--seconds S] [--options drift=none] [--where]

DATASET is what `phy-med simulate` wrote (384 channels, 200 units: `--channels 384 --units 200 --duration 600`);
`--times` takes it so often, one after the other, `--seconds` its beginning only. The command runs as it does for a
user; of all its processes the memory of their own (RssAnon) and the resident set, in which pages of mapped files are,
are looked at five times a second, and a step ends with each line of the log. MB are millions of bytes.

DIR keeps the recording, the stages of the sort, what was measured of each step and, in result.json, all figures: the
same command again goes on with the first stage that is not done, and tells of all of them. With `--where` the sorter
runs in this process instead, and where in the code its largest arrays were made is printed, each time that there was
more than ever (tracemalloc; slow). `--out FILE` writes the figures there as well.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.datasets import add_dataset, named_or_small

EVERY_S = 0.2
RATE_HZ = 30_000
_GROWN = 1.05
"""Times as much as at the last look, to look where it is."""
_LINES = 12


STAGES = ("motion", "templates", "spikes")
"""That are kept of every sort, in their order; what comes after them is the last."""
_LAST = "units"


@dataclass(slots=True)
class Step:
    """What was used until a line of the log came.

    stage : in which it ended; wall_s, cpu_s : that it took, of all processes
    own_mb, resident_mb : largest sums over all processes
    """

    name: str = ""
    stage: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    own_mb: float = 0.0
    resident_mb: float = 0.0


def recording_of(dataset: Path, path: Path, *, times: int, seconds: float) -> Path:
    """Write the recording of a dataset so often, or its beginning, unless it is there."""
    n_channels = len(np.load(dataset / "channel_map.npy"))
    source = dataset / "recording.dat"
    whole = round(seconds * RATE_HZ) * n_channels * 2 if seconds else times * source.stat().st_size
    if path.exists() and path.stat().st_size == whole:
        return path
    left = whole
    with path.open("wb") as target:
        while left > 0:
            with source.open("rb") as one:
                while left > 0 and (block := one.read(min(left, 1 << 24))):
                    left -= target.write(block)
    return path


def stage_of(kept: Path) -> str:
    """Return the stage that a sort is in: the first that is not there yet."""
    return next((name for name in STAGES if not (kept / name / "stage.json").exists()), _LAST)


def memory(root: psutil.Process) -> tuple[float, float, float]:
    """Return the memory of a process and its children, own and all that is resident, MB, and CPU seconds."""
    own = resident = 0
    cpu_s = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            facts = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            used = process.cpu_times()
        except (OSError, psutil.Error):
            continue
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in facts if line.startswith("Rss")}
        own += sizes.get("RssAnon", 0) * 1024
        resident += sum(sizes.values()) * 1024
        cpu_s += used.user + used.system + used.children_user + used.children_system
    return own / 1e6, resident / 1e6, cpu_s


class Watch:
    """Steps of a process, which are written down as they end.

    kept : folder of the stages; path : of the steps, a line of JSON for each
    """

    def __init__(self, kept: Path, path: Path) -> None:
        self._kept, self._path = kept, path
        self._step, self._began = Step(), time.perf_counter()
        self._cpu_s = self._cpu_before_s = 0.0

    def look(self, root: psutil.Process) -> None:
        """Look at the memory once."""
        try:
            own, resident, self._cpu_s = memory(root)
        except psutil.Error:
            return
        self._step.own_mb, self._step.resident_mb = max(self._step.own_mb, own), max(self._step.resident_mb, resident)

    def end(self, name: str) -> None:
        """End a step, and begin the next."""
        now, step = time.perf_counter(), self._step
        step.name, step.stage = name, stage_of(self._kept)
        step.wall_s, step.cpu_s = now - self._began, self._cpu_s - self._cpu_before_s
        print(f"{step.stage:10} {step.wall_s:7.1f} s {step.own_mb:6.0f} MB  {name}", flush=True)
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(step)) + "\n")
        self._step, self._began, self._cpu_before_s = Step(), now, self._cpu_s


def watched(command: Sequence[str], kept: Path, path: Path) -> None:
    """Run a command to its end, and write down its steps.

    Raises
    ------
    SystemExit : it failed
    """
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    watch, done = Watch(kept, path), threading.Event()

    def look() -> None:
        root = psutil.Process(process.pid)
        while not done.wait(EVERY_S):
            watch.look(root)

    thread = threading.Thread(target=look)
    thread.start()
    assert process.stderr is not None
    try:
        for line in process.stderr:
            watch.end(line.strip())
        process.wait()
    finally:  # a sort that nobody watches would keep its stages to itself
        process.terminate()
        done.set()
        thread.join()
    watch.end("end")
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")


def measure(recording: Path, dataset: Path, work: Path, options: Sequence[str]) -> dict[str, Any]:
    """Sort, or go on with a sort, and return what it took and how good it is."""
    out, kept, path = work / "sorted", work / "stages", work / "steps.jsonl"
    n_channels = len(np.load(dataset / "channel_map.npy"))
    if stage_of(kept) != _LAST or not (out / "params.py").exists():
        shutil.rmtree(out, ignore_errors=True)
        words = ["sort", recording, "--sample-rate", RATE_HZ, "--channels", n_channels, "--gain", 0.195, "--log"]
        words += ["--probe", dataset / "probe.json", "--out", out, "--stages", kept, *options]
        watched([sys.executable, "-m", "phy_medicine", *map(str, words)], kept, path)
    steps = [Step(**json.loads(line)) for line in path.read_text().splitlines()]
    found = score(dataset, out, recording.stat().st_size // (2 * n_channels))
    return {
        "recording_s": recording.stat().st_size / (2 * RATE_HZ * n_channels), **found,
        "steps": [asdict(step) for step in steps], "stages": stages_of(steps),
    }  # fmt: skip


def stages_of(steps: Sequence[Step]) -> dict[str, dict[str, float]]:
    """Return what each stage took, also where it was begun more than once."""
    out: dict[str, dict[str, float]] = {}
    for name in (*STAGES, _LAST):
        own = [step for step in steps if step.stage == name]
        if own:
            out[name] = {
                "wall_s": sum(step.wall_s for step in own), "cpu_s": sum(step.cpu_s for step in own),
                "own_mb": max(step.own_mb for step in own), "resident_mb": max(step.resident_mb for step in own),
            }  # fmt: skip
    return out


def score(dataset: Path, out: Path, n_samples: int, tolerance: int = 15) -> dict[str, float]:
    """Return how well the true spikes of a recording of so many samples were found."""
    from scipy.optimize import linear_sum_assignment

    from phy_medicine.compute.sorting.evaluate import WELL, Spikes, count_matches

    times, units = np.load(out / "spike_times.npy"), np.load(out / "spike_clusters.npy")
    true_times = np.load(dataset / "spike_times.npy").ravel()
    with np.load(dataset / "ground_truth.npz") as truth:
        n_true, true_units = len(truth["unit_positions_um"]), truth["spike_units"]
    length = (dataset / "recording.dat").stat().st_size // (2 * len(np.load(dataset / "channel_map.npy")))
    n_times = -(-n_samples // length)
    true_times = np.concatenate([true_times + n * length for n in range(n_times)])
    true_units, inside = np.tile(true_units, n_times), true_times < n_samples
    true, found = (
        Spikes(np.asarray(t, np.int64), np.asarray(u, np.int64), np.zeros((n, 1, 1)))
        for t, u, n in ((true_times[inside], true_units[inside], n_true), (times, units, int(units.max()) + 1))
    )
    matches = count_matches(true, found, tolerance)
    counts = [np.bincount(side.units, minlength=len(side.templates)) for side in (true, found)]
    agreement = matches / np.maximum(counts[0][:, None] + counts[1] - matches, 1)
    best = agreement[linear_sum_assignment(agreement, maximize=True)]
    return {
        "true_units": n_true, "units": len(counts[1]), "n_spikes": len(times), "accuracy": float(best.sum() / n_true),
        "well_detected": int((best >= WELL).sum()),
    }  # fmt: skip


def where(recording: Path, dataset: Path) -> None:
    """Sort in this process, and print where memory is whenever there was never so much."""
    from phy_medicine.compute.localize.job import n_threads
    from phy_medicine.compute.motion.recordings import RecordingFile
    from phy_medicine.compute.sorting.settings import SortingSettings
    from phy_medicine.compute.sorting.sorter import sort
    from phy_medicine.compute.sorting.source import open_source
    from phy_medicine.compute.sorting.stages import Stages

    n_channels = len(np.load(dataset / "channel_map.npy"))
    file = RecordingFile(
        str(recording), sample_rate_hz=RATE_HZ, n_channels=n_channels, gain_uv=0.195, probe=str(dataset / "probe.json")
    )
    source, settings = open_source(file), SortingSettings()
    with tempfile.TemporaryDirectory(dir=recording.parent) as kept, traced():
        sort(
            source.recorded, source.channels, settings, gain_uv=source.gain_uv, n_threads=n_threads(),
            stages=Stages(Path(kept), settings), log=lambda line: print(f"  {line}", flush=True),
        )  # fmt: skip


@contextmanager
def traced() -> Iterator[None]:
    """Print where memory is, whenever there is more than ever."""
    done, most = threading.Event(), 0.0

    def look() -> None:
        nonlocal most
        while not done.wait(EVERY_S):
            now = tracemalloc.get_traced_memory()[0]
            if now > _GROWN * most:
                most = now
                print(f"{now / 1e6:,.0f} MB", flush=True)
                for found in tracemalloc.take_snapshot().statistics("lineno")[:_LINES]:
                    place = "/".join(Path(found.traceback[0].filename).parts[-2:])
                    print(f"    {found.size / 1e6:7.0f} MB  {found.count:6d} in {place}:{found.traceback[0].lineno}")

    tracemalloc.start()
    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        tracemalloc.stop()


def table(stages: dict[str, dict[str, float]]) -> str:
    """Return the stages as rows of Markdown."""
    lines = ["| stage | s | CPU s | own memory, MB | resident, MB |", "|---|---|---|---|---|"]
    for name, of in stages.items():
        numbers = " | ".join(f"{of[column]:,.0f}" for column in ("wall_s", "cpu_s", "own_mb", "resident_mb"))
        lines.append(f"| {name} | {numbers} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_dataset(parser)
    parser.add_argument("--work", type=Path, help="folder for what is written, which stays")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--options", nargs="*", default=[], help="of phy-med sort, without the dashes: drift=none")
    parser.add_argument("--where", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with named_or_small(given.dataset) as dataset, tempfile.TemporaryDirectory() as place:
        run(given, dataset, given.work or Path(place))


def run(given: argparse.Namespace, dataset: Path, work: Path) -> None:
    """Measure a dataset, with what is written in a folder."""
    work.mkdir(parents=True, exist_ok=True)
    recording = recording_of(dataset, work / "recording.dat", times=given.times, seconds=given.seconds)
    if given.where:
        where(recording, dataset)
        return
    options = [word for pair in given.options for word in f"--{pair}".split("=", 1)]
    result = measure(recording, dataset, work, options)
    result["simulated"] = given.dataset is None
    print(table(result["stages"]))
    print({name: value for name, value in result.items() if name not in ("steps", "stages")})
    for path in filter(None, (work / "result.json", given.out)):
        path.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
