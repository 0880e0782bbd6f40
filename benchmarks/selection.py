"""Time what a curator waits for: open, select, next, merge, undo, split, save; until every visible view is painted.

    python -m benchmarks.selection [DATASET] [--out result.json] [--phy PYTHON --phy-script bench_phy.py]

Needs a display of at least 1900 x 1180 (`xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.selection ...`).
With `--all-views grid` every kind of view is open, side by side, none behind another; with `--all-views tabs` those
that are not shown by default are behind others. With `--phy`, the interpreter of an environment that holds phy 2.1.0,
phy is measured on the same dataset right before, and the table shows the ratios. The dataset itself is not touched:
both work on a copy whose large files are links.

A step ends when the window is idle (nothing is being prepared, every visible view has been painted), no canvas has an
unanswered update and no timer of a table is running, and this stayed so for 40 ms; its time is that of the last frame.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.datasets import add_dataset, named_or_small

SIZE = (1900, 1180)
N_COLUMNS = 5
QUIET_S = 0.04
GAP_S = 0.65
"""Pause between two steps: a quick look; longer than phy's debouncer, and the time our prefetch has."""
_COPIED = ("spike_clusters.npy", "params.py")


def summary(values: list[float]) -> dict[str, float]:
    """Return count, median, 95th percentile, least and most, ms."""
    ordered = sorted(values)
    if not ordered:
        return {}
    last = len(ordered) - 1
    return {
        "n": len(ordered),
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(last, round(0.95 * last))], 1),
        "min": round(ordered[0], 1),
        "max": round(ordered[-1], 1),
    }


class Driver:
    """A window on a session, and a stopwatch that stops at the last frame."""

    def __init__(self, params: Path, *, all_views: str = "") -> None:
        from concurrent.futures import ThreadPoolExecutor

        from phy_medicine.gui.app import create_app
        from phy_medicine.session.session import Session

        opening = ThreadPoolExecutor(1).submit(Session.open, params)
        self.app = create_app()
        self.session = opening.result()
        from phy_medicine.gui.main_window import MainWindow
        from phy_medicine.gui.state import WindowState

        state = WindowState.of_dataset(params.parent, writable=False, clear=True)
        self.window = MainWindow(self.session, state, scripted=True)
        self.last = time.perf_counter()
        self._awaited: set[int] = set()
        self.window.open(SIZE)
        if all_views == "grid":
            open_every_view(self.window)
        elif all_views == "tabs":
            open_behind(self.window)
        for view in self.window.host.views:
            native = view.canvas.native
            view.canvas.events.draw.connect(lambda _event, n=native: self._drawn(n), position="last")
            native.frameSwapped.connect(lambda n=native: self._swapped(n))
        self.settle()

    def _drawn(self, native: Any) -> None:
        self._awaited.add(id(native))
        self.last = time.perf_counter()

    def _swapped(self, native: Any) -> None:
        self._awaited.discard(id(native))
        self.last = time.perf_counter()

    def settle(self, limit_s: float = 300.0) -> float:
        """Process events until the window is at rest, and return when the last frame was shown."""
        begin = busy = time.perf_counter()
        while True:
            self.app.processEvents()
            now = time.perf_counter()
            if not self.window.host.idle or self._awaited:
                busy = now
            elif now - max(self.last, busy) > QUIET_S:
                return self.last
            if now - begin > limit_s:
                raise TimeoutError("The window did not come to rest.")
            time.sleep(0.0005)

    def step(self, action: Callable[[], object], gap_s: float = GAP_S) -> float:
        """Return the ms from an action to the last frame it caused."""
        end = time.perf_counter() + gap_s
        while time.perf_counter() < end:
            self.app.processEvents()
            time.sleep(0.002)
        self.settle()
        begin = self.last = time.perf_counter()
        action()
        return 1e3 * (self.settle() - begin)


def open_every_view(window: Any) -> None:
    """Show every kind of view in a grid beside the tables."""
    from phy_medicine.gui.layout_file import Layout

    kinds = window.panels.kinds
    rows = [kinds[i : i + N_COLUMNS] for i in range(0, len(kinds), N_COLUMNS)]
    grid = [{"row": [{"tabs": [kind]} for kind in row], "sizes": [1] * len(row)} for row in rows]
    tables = {"column": [{"tabs": [table]} for table in window.tables.docks], "sizes": [1, 1]}
    views = {"column": grid, "sizes": [1] * len(grid)}
    window.arrangement.place(Layout("every view", {"row": [tables, views], "sizes": [1, 6]}))


def open_behind(window: Any) -> None:
    """Open every kind of view that is not shown by default behind one that is."""
    shown = [panel for panel in window.panels if window.host.in_sight(panel.view)]
    for kind in set(window.panels.kinds) - {panel.kind for panel in window.panels}:
        window.arrangement.add(kind)
    for panel in shown:
        panel.dock.raise_()


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Run all steps in this process and return their times."""
    import numpy as np

    result: dict[str, Any] = {}
    driver = Driver(args.dataset / "params.py", all_views=args.all_views)
    session = driver.session
    result["t_shown"] = round(time.time() - (time.perf_counter() - driver.last) - args.started, 3)
    ids = list(session.cluster_table.visible_ids())
    result["first_select_ms"] = round(driver.step(lambda: session.select([ids[0]]), 0.0), 1)
    result["t_first_cluster_on_screen"] = round(result["t_shown"] + result["first_select_ms"] / 1e3, 3)
    result["views"] = [v.name for v in driver.window.host.views if v.canvas.native.isVisible()]
    result["dataset"] = {
        "spikes": session.model.n_spikes,
        "clusters": len(ids),
        "channels": session.model.n_channels,
    }
    rng = np.random.default_rng(1)

    def near(n: int) -> list[int]:
        first = int(rng.choice(ids))
        return [first, *list(session.similar.rows(first))[: n - 1]]

    result["select"] = {}
    for n in (1, 2, 5, 10):
        picks = [near(n) for _ in range(args.reps)]
        result["select"][n] = summary([driver.step(lambda p=p: session.select(p[:1], p[1:])) for p in picks])
    session.select([ids[len(ids) // 4]])
    result["next_best"] = summary([driver.step(session.next_best) for _ in range(args.steps)])
    result["next_similar"] = summary([driver.step(session.next) for _ in range(args.steps)])
    result["edits"] = edits(driver, args.edits)
    result["save"] = summary([timed(session.save) for _ in range(3)])
    result["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if args.shot:
        driver.step(lambda: session.select(near(2)))
        driver.window.grab().save(str(args.shot))
    driver.window.close()
    session.close()
    return result


def edits(driver: Driver, n: int) -> dict[str, Any]:
    """Time merge, undo, redo of similar pairs, splits of the largest clusters, and moves to good."""
    import numpy as np

    session = driver.session
    times: dict[str, list[float]] = {"merge": [], "undo": [], "redo": [], "split": [], "move_good": []}
    for first in session.cluster_table.visible_ids()[:n]:
        partner = next(iter(session.similar.rows(first)))
        driver.step(lambda a=first, b=partner: session.select([a, b]))
        for name, action in (("merge", session.merge), ("undo", session.undo), ("redo", session.redo)):
            times[name].append(driver.step(action))
    for cluster in session.cluster_table.visible_ids()[:n]:
        spikes = session.manager.assignment.spikes(cluster)
        amplitudes = session.model.amplitudes[spikes]
        part = spikes[amplitudes > np.quantile(amplitudes, 0.7)]
        driver.step(lambda c=cluster: session.select([c]))
        times["split"].append(driver.step(lambda p=part: session.split(p)))
    for cluster in session.cluster_table.visible_ids()[5 : 5 + n]:
        driver.step(lambda c=cluster: session.select([c]))
        times["move_good"].append(driver.step(lambda: session.move("good")))
    return {name: summary(values) for name, values in times.items()}


def timed(action: Callable[[], object]) -> float:
    """Return the ms that a call takes."""
    begin = time.perf_counter()
    action()
    return 1e3 * (time.perf_counter() - begin)


def working_copy(dataset: Path, folder: Path) -> Path:
    """Make a dataset that can be changed: small files copied, large ones linked."""
    for path in dataset.iterdir():
        if not path.is_file():
            continue
        if path.name in _COPIED or path.suffix in (".tsv", ".csv", ".json"):
            shutil.copy2(path, folder / path.name)
        else:
            (folder / path.name).symlink_to(path.resolve())
    return folder


def run_child(args: argparse.Namespace, dataset: Path) -> dict[str, Any]:
    """Measure in a fresh process with an empty home, so that its start and its memory count."""
    with tempfile.TemporaryDirectory() as home:
        out = Path(home) / "result.json"
        command = [sys.executable, "-m", "benchmarks.selection", str(dataset), "--child", "--out", str(out)]
        command += ["--reps", str(args.reps), "--steps", str(args.steps), "--edits", str(args.edits)]
        command += ["--shot", str(args.shot)] if args.shot else []
        command += ["--all-views", args.all_views] if args.all_views else []
        command += ["--started", str(time.time())]
        environment = {**os.environ, "PHY_MEDICINE_HOME": home, "HOME": home}
        subprocess.run(command, check=True, env=environment, cwd=Path(__file__).parent.parent)
        result: dict[str, Any] = json.loads(out.read_text())
        return result


def run_phy(args: argparse.Namespace, dataset: Path) -> dict[str, Any]:
    """Measure phy on the same dataset with the script that belongs to it."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "phy.json"
        command = [str(args.phy), str(args.phy_script), str(dataset), "--out", str(out), "--phases", "cold"]
        command += ["--reps", str(args.reps), "--steps", str(args.steps), "--edits", str(args.edits)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        result: dict[str, Any] = json.loads(out.read_text())["cold"]
        return result


def rows(result: dict[str, Any]) -> dict[str, float]:
    """Return the figures that are compared: medians in ms, start in s, memory in MB."""
    found = {"process start to first cluster (s)": result["t_first_cluster_on_screen"]}
    for n, times in result["select"].items():
        found[f"select {n} (ms)"] = times["p50"]
    found["next best (ms)"] = result["next_best"]["p50"]
    found["next similar (ms)"] = result["next_similar"]["p50"]
    for name in ("merge", "undo", "redo", "split", "move_good"):
        found[f"{name.replace('_', ' to ')} (ms)"] = result["edits"][name]["p50"]
    found["save (ms)"] = result["save"]["p50"]
    found["peak memory (MB)"] = result["peak_rss_mb"]
    return found


def table(ours: dict[str, Any], phy: dict[str, Any] | None) -> str:
    """Return the comparison as a Markdown table."""
    mine, theirs = rows(ours), rows(phy) if phy else {}
    lines = ["| step | phy-medicine | phy 2.1.0 | ratio |", "|---|---|---|---|"]
    for name, value in mine.items():
        other = theirs.get(name)
        ratio = f"{other / value:.1f}" if other and value else ""
        lines.append(f"| {name} | {value:,.4g} | {'' if other is None else f'{other:,.4g}'} | {ratio} |")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_dataset(parser)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--reps", type=int, default=15)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--edits", type=int, default=5)
    parser.add_argument("--shot", type=Path, help="PNG of the window after the last step")
    parser.add_argument("--all-views", choices=("grid", "tabs"), default="", help="open every kind of view")
    parser.add_argument("--phy", type=Path, help="Python of an environment with phy 2.1.0")
    parser.add_argument("--phy-script", type=Path, help="the script that measures phy in process")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, default=time.time(), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        args.out.write_text(json.dumps(measure(args), indent=1))
        os._exit(0)
    with (
        named_or_small(args.dataset, window=True) as dataset,
        tempfile.TemporaryDirectory() as a,
        tempfile.TemporaryDirectory() as b,
    ):
        phy = run_phy(args, working_copy(dataset, Path(a))) if args.phy else None
        ours = run_child(args, working_copy(dataset, Path(b)))
    ours["dataset"]["simulated"] = args.dataset is None
    print(table(ours, phy))
    if args.out:
        args.out.write_text(json.dumps({"phy_medicine": ours, "phy": phy}, indent=1))


if __name__ == "__main__":
    main()
