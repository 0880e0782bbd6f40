"""Our sorter beside others on recordings of which every spike is known: accuracy, CPU seconds, memory.

python -m benchmarks.sorters --maker bench_sorters.py --peers PYTHON --work DIR [--seeds 2205 11] [--ours-only]

`--maker` makes the recordings (64 channels in four staggered columns, 30 units, 90 s, still and with a rigid zigzag of
30 um), runs the others (SpyKING CIRCUS 2, tridesclous 2, lupin) and scores all alike; `--peers` is the Python of an
environment with spikeinterface. Ours is `phy-med sort` in a process of its own, from the recording to the dataset; as
the others it is given two cores. CPU seconds are of all processes, memory is the largest sum of their resident sets.
What is there already is not run again, so that an interrupted benchmark goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

OURS = "phy-medicine"
PEERS = {"spykingcircus2": {}, "tridesclous2": {}, "lupin": {"drift": {"apply_motion_correction": True}}}
DATA = ("static", "drift")


def made(work: Path, seed: int, python: str, maker: Path) -> Path:
    """Return the folder of the recordings of a seed."""
    folder = work / f"s{seed}"
    if not (folder / "facts.json").exists():
        subprocess.run([python, str(maker), "--work", str(folder), "make", "--seed", str(seed)], check=True)
    return folder


def results(folder: Path) -> list[dict[str, Any]]:
    """Return what was measured of a seed."""
    path = folder / "results.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def sort_ours(folder: Path, data: str, python: str, maker: Path) -> None:
    """Sort by `phy-med sort` and score it."""
    out = folder / "out" / f"{OURS}_{data}"
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    command = [sys.executable, "-m", "phy_medicine", "sort", str(folder / data), "--out", str(out)]
    with (folder / f"ours_{data}.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
        peak = watched(process)
    wall = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed; see {folder / f'ours_{data}.log'}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    score = [python, str(maker), "--work", str(folder), "score", "--name", OURS, "--phy", str(out), "--data", data]
    subprocess.run([*score, "--wall", f"{wall:.2f}", "--rss", f"{peak:.3f}"], check=True, stdout=subprocess.DEVNULL)
    rows = results(folder)
    rows[-1]["process_cpu_s"] = cpu
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def watched(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process; returns the largest sum of resident sets of it and its children, GiB."""
    peak, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            try:
                root = psutil.Process(process.pid)
                total = sum(p.memory_info().rss for p in [root, *root.children(recursive=True)])
                peak[0] = max(peak[0], total / 2**30)
            except psutil.Error:
                continue

    thread = threading.Thread(target=look)
    thread.start()
    process.wait()
    done.set()
    thread.join()
    return peak[0]


def sort_peer(folder: Path, name: str, data: str, python: str, maker: Path) -> None:
    """Sort by another sorter; its row is added to the results."""
    params = json.dumps(PEERS[name].get(data, {}))
    command = [python, str(maker), "--work", str(folder), "run", "--sorter", name, "--data", data]
    subprocess.run([*command, "--params", params, "--limit", "3000"], check=True, stdout=subprocess.DEVNULL)


def table(work: Path, seeds: list[int]) -> str:
    """Return the results as rows of Markdown."""
    lines = [
        "| seed | recording | sorter | accuracy | units at 0.8 | false positive, redundant, over-merged | CPU s | GB |"
    ]
    lines.append("|" + "---|" * 8)
    for seed in seeds:
        for row in sorted(results(work / f"s{seed}"), key=lambda r: (r["data"] != "static", r["name"] != OURS)):
            if row["rc"] == 0:
                wrong = f"{row['false_positive']}, {row['redundant']}, {row['overmerged']}"
                cost = f"{row.get('process_cpu_s') or 0:.0f} | {row['peak_rss_gb'] or 0:.1f}"
                found = f"{row['accuracy']:.3f} | {row['well_detected']} | {wrong}"
                lines.append(f"| {seed} | {row['data']} | {row['name']} | {found} | {cost} |")
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maker", type=Path, required=True)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2205])
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    for seed in options.seeds:
        folder = made(options.work, seed, options.peers, options.maker)
        for data in DATA:
            there = {row["name"] for row in results(folder) if row["data"] == data}
            if OURS not in there:
                sort_ours(folder, data, options.peers, options.maker)
            for name in () if options.ours_only else PEERS:
                if name not in there:
                    sort_peer(folder, name, data, options.peers, options.maker)
    print(table(options.work, options.seeds))
    if options.out:
        rows = [{"seed": seed} | row for seed in options.seeds for row in results(options.work / f"s{seed}")]
        options.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
