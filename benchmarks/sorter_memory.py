"""Memory of `phy-med sort`, step by step, on a recording of which every spike is known.

python -m benchmarks.sorter_memory DATASET [--work DIR] [--seconds S] [--where] [--out result.json]

DATASET is what `phy-med simulate` wrote (384 channels, 200 units: `--channels 384 --units 200 --duration 1200`);
`--seconds` takes its beginning only. The command runs as it does for a user; of all its processes the memory of their
own (RssAnon) and the resident set, in which pages of mapped files are, are looked at five times a second, and a step
ends with each line of the log. MB are millions of bytes. With `--where` the sorter runs in this process instead, and
where in the code its largest arrays were made is printed, each time that there was more than ever (tracemalloc; slow).
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
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

EVERY_S = 0.2
RATE_HZ = 30_000
_GROWN = 1.05
"""Times as much as at the last look, to look where it is."""
_LINES = 12


@dataclass(slots=True)
class Step:
    """What was used until a line of the log came.

    own_mb, resident_mb : largest sums over all processes
    """

    name: str
    end_s: float = 0.0
    own_mb: float = 0.0
    resident_mb: float = 0.0


def beginning(dataset: Path, seconds: float, folder: Path) -> Path:
    """Write the beginning of a recording, and return its path."""
    n_channels = len(np.load(dataset / "channel_map.npy"))
    left = round(seconds * RATE_HZ) * n_channels * 2
    path = folder / "recording.dat"
    with (dataset / "recording.dat").open("rb") as source, path.open("wb") as target:
        while left > 0 and (block := source.read(min(left, 1 << 24))):
            left -= target.write(block)
    return path


def memory(root: psutil.Process) -> tuple[float, float]:
    """Return the memory of a process and its children: their own, and all that is resident, MB."""
    own = resident = 0
    for process in [root, *root.children(recursive=True)]:
        try:
            facts = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except OSError:
            continue
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in facts if line.startswith("Rss")}
        own += sizes.get("RssAnon", 0) * 1024
        resident += sum(sizes.values()) * 1024
    return own / 1e6, resident / 1e6


def watched(command: Sequence[str]) -> list[Step]:
    """Run a command to its end, and return its steps.

    Raises
    ------
    SystemExit : it failed
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    steps, done = [Step("start")], threading.Event()

    def look() -> None:
        root = psutil.Process(process.pid)
        while not done.wait(EVERY_S):
            try:
                own, resident = memory(root)
            except psutil.Error:
                continue
            steps[-1].own_mb = max(steps[-1].own_mb, own)
            steps[-1].resident_mb = max(steps[-1].resident_mb, resident)

    thread = threading.Thread(target=look)
    thread.start()
    assert process.stderr is not None
    for line in process.stderr:
        steps[-1].name, steps[-1].end_s = line.strip(), time.perf_counter() - began
        print(f"{steps[-1].end_s:8.1f} s {steps[-1].own_mb:7.0f} MB  {steps[-1].name}", flush=True)
        steps.append(Step("end"))
    process.wait()
    done.set()
    thread.join()
    steps[-1].end_s = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
    return steps


def measure(recording: Path, dataset: Path, out: Path, options: Sequence[str]) -> dict[str, Any]:
    """Sort, and return what it took and how good it is."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["sort", recording, "--sample-rate", RATE_HZ, "--channels", len(np.load(dataset / "channel_map.npy"))]
    words += ["--gain", 0.195, "--probe", dataset / "probe.json", "--out", out, "--log", *options]
    steps = watched([sys.executable, "-m", "phy_medicine", *map(str, words)])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    n_spikes = len(np.load(out / "spike_times.npy", mmap_mode="r"))
    return {
        "recording_s": recording.stat().st_size / (2 * RATE_HZ * len(np.load(dataset / "channel_map.npy"))),
        "wall_s": steps[-1].end_s, "cpu_s": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime,
        "own_mb": max(step.own_mb for step in steps), "resident_mb": max(step.resident_mb for step in steps),
        "n_spikes": n_spikes, **score(dataset, out), "steps": [asdict(step) for step in steps],
    }  # fmt: skip


def score(dataset: Path, out: Path, tolerance: int = 15) -> dict[str, float]:
    """Return how well the true spikes of the recording were found, of all units and of those that stand out."""
    from scipy.optimize import linear_sum_assignment

    from phy_medicine.compute.sorting.evaluate import WELL, Spikes, count_matches

    times, units = np.load(out / "spike_times.npy"), np.load(out / "spike_clusters.npy")
    true_times = np.load(dataset / "spike_times.npy")
    with np.load(dataset / "ground_truth.npz") as truth:
        n_true, true_units = len(truth["unit_positions_um"]), truth["spike_units"]
    inside = true_times <= times[-1]
    true, found = (
        Spikes(np.asarray(t, np.int64), np.asarray(u, np.int64), np.zeros((n, 1, 1)))
        for t, u, n in ((true_times[inside], true_units[inside], n_true), (times, units, int(units.max()) + 1))
    )
    matches = count_matches(true, found, tolerance)
    counts = [np.bincount(side.units, minlength=len(side.templates)) for side in (true, found)]
    agreement = matches / np.maximum(counts[0][:, None] + counts[1] - matches, 1)
    best = agreement[linear_sum_assignment(agreement, maximize=True)]
    return {
        "true_units": n_true, "units": len(counts[1]), "accuracy": float(best.sum() / n_true),
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


def table(result: dict[str, Any]) -> str:
    """Return the steps as rows of Markdown."""
    lines = ["| until | s | own memory, MB | resident, MB |", "|---|---|---|---|"]
    for step in result["steps"]:
        lines.append(f"| {step['name']} | {step['end_s']:.0f} | {step['own_mb']:,.0f} | {step['resident_mb']:,.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--work", type=Path, help="folder for what is written; removed at the end without")
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--options", nargs="*", default=[], help="of phy-med sort, without the dashes: drift=none")
    parser.add_argument("--where", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.work) as name:
        folder, recording = Path(name), given.dataset / "recording.dat"
        if given.seconds:
            recording = beginning(given.dataset, given.seconds, folder)
        if given.where:
            where(recording, given.dataset)
            return
        options = [word for pair in given.options for word in f"--{pair}".split("=", 1)]
        result = measure(recording, given.dataset, folder / "sorted", options)
        if given.work:
            kept = given.work / "sorted"
            shutil.rmtree(kept, ignore_errors=True)
            (folder / "sorted").rename(kept)
    print(table(result))
    print({name: value for name, value in result.items() if name != "steps"})
    if given.out:
        given.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
