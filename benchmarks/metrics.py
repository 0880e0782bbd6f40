"""Time the quality metrics: the first value in the table, all of them, and selections meanwhile.

    python -m benchmarks.metrics [DATASET] [--out result.json] [--blocks 3] [--reps 15]

Needs a display of at least 1900 x 1180 (`xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.metrics ...`).
First every twentieth cluster is measured without a window, in one thread, for the processor time of each kind of
metrics. Then three windows are opened one after the other, each in a process of its own: one in which nobody does
anything until all metrics are known; the same again, with what the first kept on the disk; and one without that, in
which stretches of selections alternate with the metrics being computed and being held, so that a machine whose speed
varies does so for both. Each selection is of clusters that were not selected before, with one similar cluster beside;
its time is that of the last frame of the last visible view, as in `benchmarks.selection`. Times begin before the
dataset is opened. CPU seconds are those of the whole process. The dataset itself is not touched.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.datasets import add_dataset, named_or_small
from benchmarks.selection import Driver, summary, working_copy

LIMIT_S = 1800.0
_CHILDREN = {"families": "families", "fresh": "watched", "again": "watched"}


def families(params: Path) -> dict[str, float]:
    """Return the processor time that each kind of metrics takes, ms for a cluster, in the order of the probe."""
    import numpy as np

    from phy_medicine.compute import kernels
    from phy_medicine.session.quality_columns import QUALITY
    from phy_medicine.session.session import Session

    kernels.warm_up()
    session = Session.open(params, read_only=True)
    quality, found = session.quality, {}
    some = sorted(session.cluster_ids, key=quality._depth)[:: len(session.cluster_ids) // 40 or 1]
    for family in QUALITY:
        quality._quality.values(family, some[0])  # what is prepared once
        times = []
        for cluster in some:
            begin = time.thread_time()
            quality._quality.values(family, cluster)
            times.append(time.thread_time() - begin)
        found[family] = round(1e3 * float(np.mean(times)), 2)
    session.close()
    return found


def watched(params: Path) -> dict[str, Any]:
    """Open a window and wait until all metrics are known."""
    begin, begin_cpu = time.perf_counter(), time.process_time()
    first: list[float] = []
    driver = opened(params, first, begin)
    session = driver.session
    at_rest, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    wait(driver, lambda: session.quality.complete())
    result = {
        "first_value_s": round(first[0], 2),
        "at_rest_s": round(at_rest, 2),
        "all_s": round(time.perf_counter() - begin, 1),
        "cpu_s_after_opening": round(time.process_time() - begin_cpu - cpu, 1),
        "dataset": {
            "spikes": session.model.n_spikes,
            "clusters": len(session.cluster_ids),
            "channels": session.model.n_channels,
        },
    }
    driver.window.close()
    session.close()
    return result


def opened(params: Path, first: list[float], begin: float) -> Driver:
    """Open a window; `first` gets the time of the first value, s after `begin`."""
    from phy_medicine.session.quality import QualityMetrics

    def note(quality: Any, families: Any) -> None:
        if not first:
            first.append(time.perf_counter() - begin)
        tell(quality, families)

    tell = QualityMetrics._tell
    QualityMetrics._tell = note  # type: ignore[method-assign]
    driver = Driver(params)
    driver.session.warm_up()  # as the window does once the first picture is there
    wait(driver, lambda: bool(first))
    return driver


def wait(driver: Driver, done: Any) -> None:
    """Process events until something is true."""
    end = time.perf_counter() + LIMIT_S
    while not done():
        driver.app.processEvents()
        time.sleep(0.005)
        if time.perf_counter() > end:
            raise TimeoutError("The metrics took too long.")


def selected(params: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Select while the metrics are held, and while they are computed, in turn."""
    import numpy as np

    begin = time.perf_counter()
    driver = opened(params, [], begin)
    session = driver.session
    session.quality.hold()
    order = [int(c) for c in np.random.default_rng(1).permutation(session.cluster_ids)]
    for first in order[:5]:  # what is loaded only once
        driver.step(lambda c=first: session.select([c], list(session.similar.rows(c))[:1]))
    picks = iter(order[5:])
    times: dict[str, list[float]] = {"held": [], "computing": []}
    known = []
    for block in range(2 * args.blocks):
        kind = "computing" if block % 2 else "held"
        if kind == "computing":
            session.quality.release()
        for cluster in itertools.islice(picks, args.reps):
            if kind == "computing" and session.quality.complete():
                break
            pair = list(session.similar.rows(cluster))[:1]
            times[kind].append(driver.step(lambda c=cluster, p=pair: session.select([c], p)))
        if kind == "computing":
            known.append(round(session.quality.progress, 3))
            if session.quality.complete():
                print("All metrics are known: no more selections while they are computed.")
                break
            session.quality.hold()
    if not (times["held"] and times["computing"]):
        sys.exit("All metrics were known before a selection was done meanwhile; take a dataset with more clusters.")
    result: dict[str, Any] = {kind: summary(values) for kind, values in times.items()}
    for which in ("p50", "p95"):
        result[f"ratio_{which}"] = round(result["computing"][which] / result["held"][which], 2)
    result["known"] = known
    result["values_ms"] = {kind: [round(v, 1) for v in values] for kind, values in times.items()}
    driver.window.close()
    session.close()
    return result


def child(args: argparse.Namespace, dataset: Path, which: str) -> dict[str, Any]:
    """Measure in a fresh process with an empty home."""
    with tempfile.TemporaryDirectory() as home:
        out = Path(home) / "result.json"
        command = [sys.executable, "-m", "benchmarks.metrics", str(dataset), "--child", which, "--out", str(out)]
        command += ["--blocks", str(args.blocks), "--reps", str(args.reps)]
        environment = {**os.environ, "PHY_MEDICINE_HOME": home, "HOME": home}
        subprocess.run(command, check=True, env=environment, cwd=Path(__file__).parent.parent)
        result: dict[str, Any] = json.loads(out.read_text())
        return result


def table(result: dict[str, Any]) -> str:
    """Return the figures as Markdown tables."""
    fresh, again, times = result["fresh"], result["again"], result["selections"]
    lines = ["| from opening | first time | opened again |", "|---|---|---|"]
    for name, text in (("first_value_s", "first value"), ("all_s", "all values"), ("cpu_s_after_opening", "CPU")):
        lines.append(f"| {text} (s) | {fresh[name]:,.4g} | {again[name]:,.4g} |")
    lines += ["", "| processor time | ms for a cluster |", "|---|---|"]
    lines += [f"| {family} | {ms} |" for family, ms in result["families"].items()]
    lines += ["", "| select 1 + 1 similar (ms) | median | 95th percentile | n |", "|---|---|---|---|"]
    for kind, text in (("held", "nothing computed"), ("computing", "metrics computed")):
        lines.append(f"| {text} | {times[kind]['p50']:,.1f} | {times[kind]['p95']:,.1f} | {times[kind]['n']} |")
    lines.append(f"| ratio | {times['ratio_p50']} | {times['ratio_p95']} | |")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_dataset(parser)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--blocks", type=int, default=3, help="stretches of each kind")
    parser.add_argument("--reps", type=int, default=15, help="selections in each stretch")
    parser.add_argument("--child", choices=("families", "watched", "selected"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        params = args.dataset / "params.py"
        found = {"families": families, "watched": watched}.get(args.child, lambda p: selected(p, args))(params)
        args.out.write_text(json.dumps(found, indent=1))
        os._exit(0)
    with named_or_small(args.dataset, window=True) as dataset, tempfile.TemporaryDirectory() as folder:
        copy = working_copy(dataset, Path(folder))
        result = {name: child(args, copy, which) for name, which in _CHILDREN.items()}
        shutil.rmtree(copy / ".phy_medicine", ignore_errors=True)
        result["selections"] = child(args, copy, "selected")
    for name in ("fresh", "again"):
        result[name]["dataset"]["simulated"] = args.dataset is None
    print(table(result))
    if args.out:
        args.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
