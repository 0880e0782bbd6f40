"""`phy-med run` on a recording that is longer than the memory it may use, in one process and in several.

python -m benchmarks.pipeline [--gigabytes 1] [--channels 32] [--workers 1 2] [--limit-mb 700] [--out result.json]

A simulated minute that drifts, again and again until the file has its size. The command and its workers may not take
more than so much memory of their own each (RLIMIT_DATA, which does not count files that are mapped); peak memory is
that of the largest process. Everything up to the motion, report included; wall seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def make_recording(folder: Path, channels: int, n_bytes: int) -> tuple[Path, Path]:
    """Write a recording of this size, and return it and its probe."""
    from phy_medicine.io.simulate import SimulationSettings, simulate

    settings = SimulationSettings(channels=channels, units=channels // 2, duration_s=60.0, drift="zigzag", seed=1)
    simulate(folder / "minute", settings)
    minute, path = folder / "minute" / "recording.dat", folder / "long.bin"
    with path.open("wb") as file:
        while file.tell() < n_bytes:
            with minute.open("rb") as piece:
                shutil.copyfileobj(piece, file)
    return path, folder / "minute" / "probe.json"


def measured(command: list[str], limit_bytes: int) -> tuple[float, float]:
    """Run a command under a limit, and return its wall seconds and the peak memory of its largest process, MB."""
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))
        os.execv(command[0], command)
    _, status, _ = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}.")
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--limit-mb", type=int, default=700)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, probe = make_recording(folder, given.channels, int(given.gigabytes * 1e9))
        seconds = path.stat().st_size / (2 * given.channels * 30_000)
        print(f"{path.stat().st_size / 1e9:.2f} GB, {seconds:,.0f} s of {given.channels} channels")
        for n in given.workers:
            out = folder / f"out{n}"
            words = ["run", path, "--sample-rate", 30_000, "--channels", given.channels, "--probe", probe]
            words += ["--executor", f"local:{n}", "--out", out, "--no-sort"]
            wall, peak = measured([sys.executable, "-m", "phy_medicine", *map(str, words)], given.limit_mb << 20)
            print(f"local:{n}: {wall:.1f} s, {seconds / wall:.1f} times real time, {peak:.0f} MB at most")
            results.append({"workers": n, "wall_s": wall, "recording_s": seconds, "peak_mb": peak})
    if given.out:
        given.out.write_text(json.dumps({"settings": vars(given) | {"out": ""}, "results": results}, indent=1))


if __name__ == "__main__":
    main()
