"""Time `next`, the key that is pressed most, with the candidates made ready before it is pressed, and without.

    python -m benchmarks.prefetch [DATASET] [--out result.json] [--blocks 4] [--reps 20] [--gap 0.65] [--all-views grid]

Needs a display of at least 1900 x 1180 (`xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.prefetch ...`).
Stretches with and without prefetch alternate in one window, so that a machine whose speed varies does so for both. Each
stretch walks down the clusters that resemble another cluster, so that none of them was shown before; a step takes until
the last frame of the last visible view, as in `benchmarks.selection`. The dataset itself is not touched.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.datasets import add_dataset, named_or_small
from benchmarks.selection import GAP_S, Driver, summary, working_copy

BUDGET_MS = {"with": 100, "without": 200}
"""Of design section 7: every visible view painted, 95th percentile."""
_N_LOADED = 5


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Run all stretches in this process and return their times."""
    driver = Driver(args.dataset / "params.py", all_views=args.all_views)
    session = driver.session
    n_ahead = session.prefetch.n_ahead
    references = far_apart(session, 1 + 2 * args.blocks)
    session.warm_up()
    session.quality.wait()  # the metrics of all clusters take a core for a while, as benchmarks.metrics says
    session.select([references[0]])
    for _ in range(_N_LOADED):  # what is loaded only once
        driver.step(session.next)
    times: dict[str, list[float]] = {"with": [], "without": []}
    ready: list[bool] = []
    held = []
    for block, reference in enumerate(references[1:]):
        kind = "without" if block % 2 else "with"
        session.prefetch.n_ahead = n_ahead if kind == "with" else 0
        driver.step(lambda c=reference: session.select([c]))
        for _ in range(args.reps):
            rest(driver, args.gap)
            if kind == "with":
                ready.append(not session.pool.pending(*_waiting(driver)))
                held.append(session.prefetch.n_bytes)
            times[kind].append(driver.step(session.next, 0.0))
    result: dict[str, Any] = {kind: summary(values) for kind, values in times.items()}
    result["views"] = [v.name for v in driver.window.host.views if driver.window.host.in_sight(v)]
    result["n_ahead"], result["gap_s"] = n_ahead, args.gap
    result["ready_in_time"] = round(sum(ready) / len(ready), 3)
    result["held_mb"] = round(max(held) / 2**20, 1)
    model = session.model
    result["dataset"] = {"spikes": model.n_spikes, "clusters": len(session.cluster_ids), "channels": model.n_channels}
    result["values_ms"] = {kind: [round(v, 1) for v in values] for kind, values in times.items()}
    driver.window.close()
    session.close()
    return result


def far_apart(session: Any, n: int) -> list[int]:
    """Return clusters spread evenly over the depth of the probe, so that those that resemble them are others."""
    by_depth = sorted(session.cluster_table.visible_ids(), key=lambda c: session.clusters.value(c, "depth"))
    return [by_depth[round((i + 0.5) * len(by_depth) / n)] for i in range(n)]


def rest(driver: Driver, gap_s: float) -> None:
    """Look at the picture for so long."""
    driver.step(lambda: None, gap_s)


def _waiting(driver: Driver) -> list[Any]:
    """Keys of the tasks that would make the next candidate ready."""
    requests = driver.session.candidate_requests(1)
    return [("prefetch", (id(v), r.cluster_ids)) for r in requests for v in driver.window.host.views]


def run_child(args: argparse.Namespace, dataset: Path) -> dict[str, Any]:
    """Measure in a fresh process with an empty home."""
    with tempfile.TemporaryDirectory() as home:
        out = Path(home) / "result.json"
        command = [sys.executable, "-m", "benchmarks.prefetch", str(dataset), "--child", "--out", str(out)]
        command += ["--blocks", str(args.blocks), "--reps", str(args.reps), "--gap", str(args.gap)]
        command += ["--all-views", args.all_views] if args.all_views else []
        environment = {**os.environ, "PHY_MEDICINE_HOME": home, "HOME": home}
        subprocess.run(command, check=True, env=environment, cwd=Path(__file__).parent.parent)
        result: dict[str, Any] = json.loads(out.read_text())
        return result


def table(result: dict[str, Any]) -> str:
    """Return the comparison as a Markdown table."""
    lines = ["| `next` (ms) | budget | median | 95th percentile | n |", "|---|---|---|---|---|"]
    for kind in ("with", "without"):
        row = result[kind]
        words = f"{row['p50']:,.1f} | {row['p95']:,.1f} | {row['n']}"
        lines.append(f"| {kind} prefetch | {BUDGET_MS[kind]} | {words} |")
    lines.append(f"ready before the key: {result['ready_in_time']:.0%}; at most {result['held_mb']} MB were ready")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_dataset(parser)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--blocks", type=int, default=4, help="stretches of each kind")
    parser.add_argument("--reps", type=int, default=20, help="keys in each stretch")
    parser.add_argument("--gap", type=float, default=GAP_S, help="s from one picture to the next key")
    parser.add_argument("--all-views", choices=("grid", "tabs"), default="", help="open every kind of view")
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
