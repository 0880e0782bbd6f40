"""Time the curation core alone: merges, undos, splits and labels of 10 M spikes in 800 clusters.

python -m benchmarks.assignment [--spikes 10000000 --clusters 800 --out result.json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from phy_medicine.curation.cluster_manager import ClusterManager


def timed(action: Callable[[], object]) -> float:
    """Return the ms that a call takes."""
    begin = time.perf_counter()
    action()
    return 1e3 * (time.perf_counter() - begin)


def measure(n_spikes: int, n_clusters: int) -> dict[str, float]:
    """Return the time of each step, ms."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, n_clusters, n_spikes).astype(np.int32)
    begin = time.perf_counter()
    manager = ClusterManager(labels)
    result = {"constructor": 1e3 * (time.perf_counter() - begin)}

    def merge() -> None:
        manager.do(manager.plan_merge(manager.cluster_ids[:2]))

    n_merges = min(100, len(manager.cluster_ids) - 1)
    merges = [timed(merge) for _ in range(n_merges)]
    undos = [timed(manager.undo) for _ in range(n_merges)]
    result["merge (median)"] = statistics.median(merges)
    result["undo (median)"] = statistics.median(undos)
    result[f"{n_merges} merges, applied and undone"] = sum(merges) + sum(undos)
    largest = max(manager.cluster_ids, key=manager.assignment.count)
    part = manager.assignment.spikes(largest)[: min(10_000, manager.assignment.count(largest) - 1)]
    result[f"split of {len(part):,} spikes"] = timed(lambda: manager.do(manager.plan_split(part)))
    result["all labels as one vector"] = timed(manager.assignment.labels)
    return result


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spikes", type=int, default=10_000_000)
    parser.add_argument("--clusters", type=int, default=800)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.clusters < 3 or args.spikes < 2 * args.clusters:
        parser.error("take at least 3 clusters, and twice as many spikes as clusters")
    result = measure(args.spikes, args.clusters)
    print("| step | ms |\n|---|---|")
    for name, value in result.items():
        print(f"| {name} | {value:,.3g} |")
    if args.out:
        args.out.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
