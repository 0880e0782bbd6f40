"""On which row is the other part of an over-split neuron, by templates, drift-aware, and by all that is known?

python -m benchmarks.pair_evidence [--seeds 2 --channels 64 --units 40 --duration 200 --raw --out result.json]

The recordings of `benchmarks.drift_similarity`. Each cluster of an over-split neuron is a reference once; the row is
that of its other part among all clusters, 1 for the first. Without a motion, and with one estimated from the spikes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.drift_similarity import Case, motions_of, run
from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.session.session import Session

CASES = (
    Case("zigzag", 80.0), Case("jump", 80.0), Case("walk", 80.0), Case("nonrigid", 80.0),
    Case("zigzag", 80.0, "neuropixels", 2.0), Case("none", 0.0),
)  # fmt: skip
ORDERS = ("template", "combined", "drift, motion", "combined, motion")


def rows_of(session: Session, metric: str, pairs: list[list[int]]) -> list[int]:
    """Return the row of the other part for each cluster of each pair; the last row and one more where it is missing."""
    session.similar.metric = metric
    session.pool.sync(120)
    found = []
    for a, b in [*pairs, *(pair[::-1] for pair in pairs)]:
        ids = list(session.similar.rows(a))
        found.append(ids.index(b) + 1 if b in ids else len(session.cluster_ids))
    return found


def measure(folder: Path, settings: SimulationSettings) -> dict[str, list[float]]:
    """Return the rows by each order, and under "ms" how long a pair took."""
    path = simulate(folder, settings)
    with np.load(folder / "ground_truth.npz") as file:
        truth = dict(file)
    pairs = truth["oversplit_pairs"].tolist()
    session = Session.open(path)
    try:
        session.similarity_values.patience_s = None
        result: dict[str, list[float]] = {"template": rows_of(session, "template", pairs)}
        wanted = {(a, c) for pair in pairs for a in pair for c in session.pairs.candidates(a)}
        begin = time.perf_counter()
        session.pairs.compute(wanted)
        result["ms"] = [1000 * (time.perf_counter() - begin) / max(len({tuple(sorted(w)) for w in wanted}), 1)]
        result["combined"] = rows_of(session, "combined", pairs)
        motion = motions_of(session, truth)["estimated"]
        session.motion.use(session.store.add("motion", motion.to_arrays(), name="estimated").id)
        for metric in ("drift", "combined"):
            result[f"{metric}, motion"] = rows_of(session, metric, pairs)
    finally:
        session.close()
    return result


def words(rows: list[float]) -> str:
    """How many come first, and the mean row."""
    share = 100 * float(np.mean(np.array(rows) == 1))
    return f"{share:.1f} %, {np.mean(rows):.2f}"


def row(name: str, result: Mapping[str, list[float]]) -> str:
    """One row of the table."""
    return f"| {name} | {len(result['template'])} | " + " | ".join(words(result[order]) for order in ORDERS) + " |"


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--duration", type=float, default=200.0)
    parser.add_argument("--raw", action="store_true", help="with a raw signal, so that waveforms are compared too")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    print(f"| recording | references | {' | '.join(ORDERS)} |\n|---|---|{'---|' * len(ORDERS)}", flush=True)
    results, everything = {}, defaultdict(list)
    for case in CASES:
        result = results[case.name] = run(case, args, measure)
        print(row(case.name, result), flush=True)
        for name, values in result.items():
            everything[name] += values
    print(row("all", everything))
    print(f"\n{np.mean(everything['ms']):.1f} ms a pair")
    if args.out:
        args.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
