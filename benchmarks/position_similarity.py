"""Does it help to compare clusters by where their spikes come from as well as by their templates?

python -m benchmarks.position_similarity [--seeds 2 --channels 64 --units 40 --duration 120 --out result.json]

Simulated recordings with a raw signal, of which a third of the neurons is written as two clusters. Spikes are localized
(monopolar), the motion is estimated from these positions, and each similarity ranks all clusters for each of the two.
A neuron counts when each of its clusters is the first row for the other one; the mean rank is over both.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.drift_similarity import Case, run
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.solver import estimate_motion
from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.session.session import Session

METRICS = ("template", "drift", "position", "template_position")
WAYS = (
    *(("as observed", metric) for metric in METRICS if metric != "drift"),
    *(("motion out", metric) for metric in METRICS if metric != "template"),
)
CASES = (
    *(Case("zigzag", um) for um in (40.0, 80.0)),
    *(Case("jump", um) for um in (40.0, 80.0)),
    Case("walk", 40.0),
    Case("nonrigid", 80.0),
    *(Case("zigzag", 40.0, "neuropixels", crowd) for crowd in (2.0, 4.0)),
    Case("nonrigid", 80.0, "neuropixels", 4.0),
    Case("zigzag", 40.0, "linear"),
    Case("none", 0.0),
)
Ranks = dict[str, list[tuple[int, int]]]


def ranks(session: Session, pairs: list[list[int]], metric: str) -> list[tuple[int, int]]:
    """Return of each over-split neuron at which row each of its clusters has the other one; 1 is the first."""
    session.similar.metric = metric
    session.pool.sync(300)

    def row_of(reference: int, other: int) -> int:
        rows = list(session.similar.rows(reference))
        return rows.index(other) + 1 if other in rows else len(session.cluster_ids)

    return [(row_of(a, b), row_of(b, a)) for a, b in pairs]


def measure(folder: Path, settings: SimulationSettings) -> Ranks:
    """Return the rows by way of comparing."""
    path = simulate(folder, settings)
    with np.load(folder / "ground_truth.npz") as file:
        pairs = file["oversplit_pairs"].tolist()
    session = Session.open(path)
    try:
        session.jobs.wait(session.jobs.start("localization"))
        positions, result = session.localization.current, {}
        assert positions is not None and session.model.amplitudes is not None
        for moved in ("as observed", "motion out"):
            if moved == "motion out":
                known = np.isfinite(positions.depth_um)
                columns = session.model.spike_times, positions.depth_um, session.model.amplitudes
                motion = estimate_motion(Peaks(*(column[known] for column in columns)))
                session.motion.use(session.store.add("motion", motion.to_arrays(), name="estimated").id)
            for metric in (metric for way, metric in WAYS if way == moved):
                result[f"{metric}, {moved}"] = ranks(session, pairs, metric)
    finally:
        session.close()
    return result


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--duration", type=float, default=120.0)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--out", type=Path)
    parser.set_defaults(raw=True)
    args = parser.parse_args()
    names = [f"{metric}, {moved}" for moved, metric in WAYS]
    print("| recording | over-split neurons | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 2) + "|", flush=True)
    results, every = {}, defaultdict(list)
    for case in (case for case in CASES if args.only in case.name):
        result = results[case.name] = run(case, args, measure)
        print(_row(case.name, result, names), flush=True)
        for name, values in result.items():
            every[name] += values
    print(_row("all", every, names))
    if args.out:
        args.out.write_text(json.dumps({**results, "all": every}, indent=1))


def _row(name: str, result: Ranks, names: list[str]) -> str:
    """Return how many neurons are found, and in brackets the mean row of the other part."""
    cells = []
    for way in names:
        rows = np.array(result[way])
        cells.append(f"{int((rows == 1).all(axis=1).sum())} ({rows.mean():.2f})")
    return f"| {name} | {len(result[names[0]])} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
