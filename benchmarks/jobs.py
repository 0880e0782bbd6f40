"""Time selections while nothing else goes on, and while a motion estimate trains in a worker.

    python -m benchmarks.jobs [DATASET] [--out result.json] [--blocks 4] [--reps 20] [--settings exact=true]

Needs a display of at least 1900 x 1180 (`xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.jobs ...`).
Stretches without and with a job alternate in one window, so that a machine whose speed varies does so for both. Each
selection is of clusters that were not selected before, with one similar cluster beside; its time is that of the last
frame of the last visible view, as in `benchmarks.selection`. The dataset itself is not touched.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.datasets import add_dataset, named_or_small
from benchmarks.selection import Driver, summary, working_copy

STARTED_S = 60.0
_N_LOADED = 5


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Run all stretches in this process and return their times."""
    import numpy as np

    driver = Driver(args.dataset / "params.py")
    session = driver.session
    if args.panel:
        driver.window.jobs.show()
    ids = np.array(session.cluster_table.visible_ids())
    rng = np.random.default_rng(1)
    order = [int(c) for c in rng.permutation(ids)]
    times: dict[str, list[float]] = {"idle": [], "job": []}
    cancels: list[int] = []
    for first in order[:_N_LOADED]:  # what is loaded only once
        driver.step(lambda c=first: session.select([c], list(session.similar.rows(c))[:1]))
    picks = iter(order[_N_LOADED:])
    reps = enough_of(len(order) - _N_LOADED, args)
    seconds = []
    for block in range(2 * args.blocks):
        kind = "job" if block % 2 else "idle"
        job = start(driver, args) if kind == "job" else None
        for _ in range(reps):
            cluster = next(picks)
            pair = list(session.similar.rows(cluster))[:1]
            times[kind].append(driver.step(lambda c=cluster, p=pair: session.select([c], p)))
        if job is not None:
            if job.ended:
                raise RuntimeError(f"The job ended before the selections did ({job.state}): {job.error}")
            seconds.append(job.seconds)
            begin = time.perf_counter()
            session.jobs.cancel(job.id)
            while not job.ended:
                driver.app.processEvents()
            cancels.append(round(1e3 * (time.perf_counter() - begin)))
    result = {kind: summary(values) for kind, values in times.items()}
    result["ratio_p50"] = round(result["job"]["p50"] / result["idle"]["p50"], 2)
    result["ratio_p95"] = round(result["job"]["p95"] / result["idle"]["p95"], 2)
    result["job_s"] = [round(s, 1) for s in seconds]
    result["cancel_ms"] = cancels
    result["dataset"] = {"spikes": session.model.n_spikes, "clusters": len(ids), "channels": session.model.n_channels}
    result["values_ms"] = {kind: [round(v, 1) for v in values] for kind, values in times.items()}
    if args.shot:
        driver.window.grab().save(str(args.shot))
    driver.window.close()
    session.close()
    return result


def enough_of(n_clusters: int, args: argparse.Namespace) -> int:
    """Return how many selections each stretch can have, so that none is of a cluster that was selected before.

    Raises
    ------
    SystemExit : not one
    """
    reps = min(args.reps, n_clusters // (2 * args.blocks))
    if not reps:
        sys.exit(f"There are too few clusters for {2 * args.blocks} stretches of new ones; take fewer --blocks.")
    if reps < args.reps:
        print(f"{reps} selections in each stretch: there are no more clusters that were not selected before.")
    return reps


def start(driver: Driver, args: argparse.Namespace) -> Any:
    """Start a job and return it once it makes progress."""
    settings = dict(word.split("=", 1) for word in args.settings)
    job = driver.session.jobs.start(args.kind, **settings)
    end = time.perf_counter() + STARTED_S
    while job.fraction == 0 and not job.ended and time.perf_counter() < end:
        driver.app.processEvents()
        time.sleep(0.005)
    if job.state != "running":
        raise RuntimeError(f"The job did not start ({job.state}): {job.error}")
    return job


def run_child(args: argparse.Namespace, dataset: Path) -> dict[str, Any]:
    """Measure in a fresh process with an empty home."""
    with tempfile.TemporaryDirectory() as home:
        out = Path(home) / "result.json"
        command = [sys.executable, "-m", "benchmarks.jobs", str(dataset), "--child", "--out", str(out)]
        command += ["--blocks", str(args.blocks), "--reps", str(args.reps), "--kind", args.kind]
        command += ["--settings", *args.settings]
        command += [] if args.panel else ["--no-panel"]
        command += ["--shot", str(args.shot)] if args.shot else []
        environment = {**os.environ, "PHY_MEDICINE_HOME": home, "HOME": home}
        subprocess.run(command, check=True, env=environment, cwd=Path(__file__).parent.parent)
        result: dict[str, Any] = json.loads(out.read_text())
        return result


def table(result: dict[str, Any]) -> str:
    """Return the comparison as a Markdown table."""
    lines = ["| select 1 + 1 similar (ms) | median | 95th percentile | n |", "|---|---|---|---|"]
    for kind, text in (("idle", "nothing else runs"), ("job", "while a job trains")):
        row = result[kind]
        lines.append(f"| {text} | {row['p50']:,.1f} | {row['p95']:,.1f} | {row['n']} |")
    lines.append(f"| ratio | {result['ratio_p50']} | {result['ratio_p95']} | |")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_dataset(parser)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--blocks", type=int, default=4, help="stretches of each kind")
    parser.add_argument("--reps", type=int, default=20, help="selections in each stretch")
    parser.add_argument("--kind", default="motion", help="kind of job")
    parser.add_argument("--settings", nargs="*", default=["exact=true"], metavar="NAME=VALUE", help="of the job")
    parser.add_argument("--no-panel", dest="panel", action="store_false", help="leave the panel of jobs closed")
    parser.add_argument("--shot", type=Path, help="PNG of the window after the last selection")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        args.out.write_text(json.dumps(measure(args), indent=1))
        os._exit(0)
    with named_or_small(args.dataset, window=True) as dataset, tempfile.TemporaryDirectory() as folder:
        result = run_child(args, working_copy(dataset, Path(folder)))
    result["dataset"]["simulated"] = args.dataset is None
    print(table(result))
    if args.out:
        args.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
