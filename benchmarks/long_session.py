"""Weeks of curation in minutes: memory, objects and times over 10,000 actions and 100,000 selections.

    python -m benchmarks.long_session [DATASET] [--actions 10000] [--selections 100000]           the session alone
    python -m benchmarks.long_session [DATASET] --window [--actions 2000] [--selections 10000]    with the default views
    python -m benchmarks.long_session [DATASET] --views 50       each kind of view opened and closed so often
    python -m benchmarks.long_session [DATASET] --datasets 20    so many windows one after another

The last three need a display (`xvfb-run -a -s "-screen 0 1920x1200x24" python -m benchmarks.long_session ...`). Actions
are merges, splits, moves, labels and undos at random; the number of clusters stays about the same. The dataset itself
is not touched: the work is done on a copy whose large files are links. `--out FILE` keeps the figures as JSON.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.datasets import add_dataset, named_or_small
from benchmarks.selection import Driver, working_copy

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

N_POINTS = 10
"""Points of time at which everything is counted."""


def resident_mb() -> float:
    """Return the memory that this process occupies, MB."""
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def objects() -> Counter[str]:
    """Return how many Python objects there are of each type, garbage collected before."""
    gc.unfreeze()
    gc.collect()
    return Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())


def grown(before: Counter[str], after: Counter[str], n: int = 12) -> dict[str, int]:
    """Return the types of which there are more now, those that grew most first."""
    return dict((after - before).most_common(n))


class Curator:
    """Does random actions and selections; `step` does one of either, spread evenly."""

    def __init__(self, session: Session, n_actions: int, n_selections: int, seed: int = 1) -> None:
        self._session = session
        self._rng = np.random.default_rng(seed)
        self._n_start = len(session.cluster_ids)
        steps = np.zeros(n_actions + n_selections, dtype=bool)
        steps[self._rng.permutation(len(steps))[:n_actions]] = True
        self.steps = steps
        self.action_ms: list[float] = []
        self.undo_ms: list[float] = []

    def select(self) -> None:
        """Select a cluster, often with similar ones, or go on as by the space bar."""
        session, rng = self._session, self._rng
        if rng.random() < 0.3:
            session.next()
            return
        best = rng.choice(session.cluster_ids, size=int(rng.integers(1, 3)), replace=False)
        session.select([int(c) for c in best])
        if rng.random() < 0.5:
            session.next()

    def act(self) -> None:
        """Do an action, and note how long it took."""
        kind, call = self._chosen()
        begin = time.perf_counter()
        call()
        (self.undo_ms if kind == "undo" else self.action_ms).append(1e3 * (time.perf_counter() - begin))

    def _chosen(self) -> tuple[str, Callable[[], object]]:
        session, rng = self._session, self._rng
        ids, r = session.cluster_ids, rng.random()
        some = [int(c) for c in rng.choice(ids, size=2, replace=False)]
        if r < 0.1 and session.can_undo:
            return "undo", session.undo
        if r < 0.2:
            return "move", lambda: session.move(["good", "mua", "noise"][int(3 * rng.random())], cluster_ids=some)
        if r < 0.3:
            return "label", lambda: session.label("note", f"n{rng.integers(20)}", some)
        spikes = session.manager.assignment.spikes(some[0])
        if len(ids) > self._n_start or len(spikes) < 4:
            return "merge", lambda: session.merge(some)
        part = rng.choice(spikes, size=len(spikes) // 2, replace=False)
        return "split", lambda: session.split(part)


def _points(n: int) -> Iterator[int]:
    yield from sorted({round(i * n / N_POINTS) for i in range(1, N_POINTS + 1)})


def curate(driver: Driver | None, session: Session, args: argparse.Namespace) -> dict[str, Any]:
    """Run all steps, and count at ten points; what comes after the first is compared with the first."""
    curator = Curator(session, args.actions, args.selections)
    census = _census() if driver is not None else None
    settle = driver.settle if driver is not None else lambda: session.pool.sync(60)
    points = set(_points(len(curator.steps)))
    rows: list[dict[str, Any]] = []
    first: Counter[str] = Counter()
    done = 0
    for i, acts in enumerate(curator.steps, 1):
        curator.act() if acts else curator.select()
        done += int(acts)
        if driver is not None:
            driver.settle()
        elif i % 500 == 0:
            settle()
        if i in points:
            settle()
            last = objects()
            first = first or last
            rows.append(_row(session, curator, i, done, last, census))
            print(_line(rows[-1]), flush=True)
    return {"rows": rows, "grown": grown(first, last), "cache_mb": round(_cache_mb(session), 1)}


def _row(
    session: Session, curator: Curator, step: int, n_actions: int, found: Counter[str], census: Any
) -> dict[str, Any]:
    actions, undos = curator.action_ms[-200:], curator.undo_ms[-50:]
    journal = session.storage.journal_path
    return {
        "steps": step,
        "actions": n_actions,
        "rss_mb": round(resident_mb(), 1),
        "objects": sum(found.values()),
        "own_objects": sum(n for name, n in found.items() if name.startswith("phy_medicine.")),
        "cache_mb": round(_cache_mb(session), 1),
        "action_ms": round(statistics.median(actions), 2) if actions else None,
        "undo_ms": round(statistics.median(undos), 2) if undos else None,
        "journal_mb": round(journal.stat().st_size / 1e6, 2) if journal is not None else 0.0,
        "gl_objects": census().total if census is not None else None,
    }


def _cache_mb(session: Session) -> float:
    return session.data._cache.n_bytes / 1e6


def _line(row: dict[str, Any]) -> str:
    return "  ".join(f"{name} {value:,}" for name, value in row.items() if value is not None)


def _census() -> Any:
    from benchmarks.gl_census import Counter as GlCounter

    return GlCounter()


def views(driver: Driver, n: int) -> dict[str, Any]:
    """Open and close each kind of view n times, and count after the first time and after the last."""
    window, census, found = driver.window, _census(), {}
    for panel in list(window.panels):
        panel.dock.close()
    driver.settle()
    start = census()
    for kind in window.panels.kinds:
        for i in range(n):
            panel = window.panels.reopen_or_add(kind)
            driver.settle()
            if i == 0:
                opened = census() - start
            panel.dock.close()
            driver.settle()
            if i == 0:
                objects_1, rss_1, card_1 = objects(), resident_mb(), census()
        left = (census() - card_1).total
        more = {k: v for k, v in (objects() - objects_1).items() if k.startswith(("phy_medicine.", "vispy.", "PyQt5."))}
        row = {"opened": opened.total, "more_on_card": left, "more_objects": sum(more.values()), "types": more}
        found[kind] = {**row, "rss_mb_more": round(resident_mb() - rss_1, 1)}
        print(kind, found[kind], flush=True)
    return found


def datasets(folder: Path, n: int) -> list[dict[str, Any]]:
    """Open a window on a dataset, select, close it; n times in this process."""
    from phy_medicine.gui.qt import QtCore

    rows: list[dict[str, Any]] = []
    census = None
    first: Counter[str] = Counter()
    for i in range(n):
        driver = Driver(folder / "params.py")
        census = census or _census()
        for _ in range(5):
            driver.session.next()
            driver.settle()
        opened = census().total
        driver.window.close()
        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
        driver.session.close()
        driver.session.pool.sync(60)
        driver.app.processEvents()
        del driver
        last = objects()
        first = first or last
        more = sum(v for k, v in (last - first).items() if k.startswith(("phy_medicine.", "vispy.", "PyQt5.")))
        rows.append({"dataset": i + 1, "rss_mb": round(resident_mb(), 1), "objects": sum(last.values()),
                     "own_more": more, "gl_open": opened, "gl_closed": census().total})  # fmt: skip
        print(_line(rows[-1]), flush=True)
    print("grown since the first:", grown(first, last))
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_dataset(parser)
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--selections", type=int, default=100_000)
    parser.add_argument("--window", action="store_true")
    parser.add_argument("--views", type=int, default=0)
    parser.add_argument("--datasets", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    window = bool(args.window or args.views or args.datasets)
    with named_or_small(args.dataset, window=window) as dataset, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dataset").mkdir()
        copy = working_copy(dataset, Path(folder) / "dataset")
        result = _measured(copy, args)
    if isinstance(result, dict):
        result["simulated"] = args.dataset is None
    if args.out is not None:
        args.out.write_text(json.dumps(result, indent=1), "utf-8")


def _measured(copy: Path, args: argparse.Namespace) -> Any:
    if args.datasets:
        return datasets(copy, args.datasets)
    if not (args.window or args.views):
        from phy_medicine.session.session import Session

        session = Session.open(copy / "params.py")
        result = curate(None, session, args)
        print("grown:", result["grown"])
        session.close()
        return result
    driver = Driver(copy / "params.py")
    result = views(driver, args.views) if args.views else curate(driver, driver.session, args)
    if args.window:
        print("grown:", result["grown"])
    driver.window.close()
    driver.session.close()
    return result


if __name__ == "__main__":
    main()
