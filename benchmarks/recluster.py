"""Over-merged clusters that a model finds and takes apart, beside the quick search for two kinds of spikes.

python -m benchmarks.recluster [--seeds 1 2 3 --quick --out result.json]

Simulated recordings in which a third of the neurons share a cluster with a neighbour. Counted are over-merged clusters
that are proposed to be split, clusters of one neuron that are too, and the spikes that get the right part.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.compute.job_context import JobContext
from phy_medicine.compute.mixture import recluster
from phy_medicine.compute.mixture.settings import ReclusterSettings
from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.session.job_inputs import write_inputs
from phy_medicine.session.reclustered import reclustered
from phy_medicine.session.session import Session

LEAST_SPIKES = 40
"""A neuron with fewer spikes in a cluster, or under a fiftieth of them, does not make it over-merged."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of recording."""

    drift: str
    drift_um: float = 30.0

    def settings(self, seed: int, *, quick: bool) -> SimulationSettings:
        """Return what is simulated."""
        return SimulationSettings(
            channels=32, units=24, duration_s=120 if quick else 400, drift=self.drift, drift_um=self.drift_um,
            oversplit=0, overmerge=0.35, raw=False, seed=seed,
        )  # fmt: skip


CASES = (Case("none"), Case("zigzag"))


@dataclass(slots=True)
class Count:
    """What a way of finding splits came to.

    merged, found : clusters of several neurons, and those of them that were proposed
    pure, wrong : clusters of one, and those that were proposed
    right : mean part of the spikes of found ones that are in the right part; seconds : for all clusters
    """

    way: str
    merged: int = 0
    found: int = 0
    pure: int = 0
    wrong: int = 0
    right: float = 0.0
    seconds: float = 0.0

    def note(self, units: IntArray, parts: IntArray | None) -> None:
        """Count a cluster: the neuron of each spike, and its part if a split is proposed."""
        counts = np.unique(units, return_counts=True)[1]
        several = np.sum(counts >= max(LEAST_SPIKES, 0.02 * len(units))) > 1
        self.merged, self.pure = self.merged + several, self.pure + (not several)
        if parts is None:
            return
        if several:
            self.right = (self.right * self.found + _agreement(units, parts)) / (self.found + 1)
        self.found, self.wrong = self.found + several, self.wrong + (not several)


def _agreement(units: IntArray, parts: IntArray) -> float:
    """Part of the spikes that are in the part of their neuron, each part that of one."""
    from scipy.optimize import linear_sum_assignment

    table = np.zeros((len(np.unique(units)), int(parts.max()) + 1))
    np.add.at(table, (np.unique(units, return_inverse=True)[1], parts), 1)
    return float(table[linear_sum_assignment(-table)].sum() / len(units))


def by_model(session: Session, folder: Path) -> dict[int, IntArray]:
    """Return the parts of the clusters that the job proposes to split."""
    inputs = write_inputs(session, ("dataset", "clusters"), folder / "inputs")
    (folder / "result").mkdir()
    arrays = {"dataset": inputs["dataset"], "clusters": np.load(inputs["clusters"])}
    context = JobContext(ReclusterSettings(executor="local:2"), arrays, folder=folder / "result")
    found = reclustered(recluster.run(context), {})
    return {one.cluster_id: one.parts for one in found if one.proposed}


def by_two_kinds(session: Session) -> dict[int, IntArray]:
    """Return the parts of the clusters that the suggestions split."""
    splits = session.suggestions.splits
    splits.compute(session.cluster_ids)
    ids = [s.cluster_ids[0] for s in session.suggestions.queue.open if s.kind == "split"]
    return {c: parts for c in ids if (parts := splits.parts(c)) is not None}


def measured(case: Case, seeds: list[int], *, quick: bool) -> Iterator[Count]:
    """Yield what each way comes to, over all recordings of a kind."""
    counts = {way: Count(way) for way in ("model", "two kinds")}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as place:
            path = simulate(Path(place) / "data", case.settings(seed, quick=quick))
            units = np.load(path.parent / "ground_truth.npz")["spike_units"]
            session = Session.open(path, read_only=True)
            ways: dict[str, Any] = {
                "model": lambda: by_model(session, Path(place)),  # noqa: B023
                "two kinds": lambda: by_two_kinds(session),  # noqa: B023
            }
            for way, find in ways.items():
                begin = time.perf_counter()
                found = find()
                counts[way].seconds += time.perf_counter() - begin
                for cluster_id in session.cluster_ids:
                    spikes = session.facts.spikes(cluster_id)
                    counts[way].note(units[spikes], found.get(cluster_id))
            session.close()
    yield from counts.values()


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows = []
    print("| drift | found by | over-merged found | right spikes | single ones split | seconds |")
    print("|---|---|---|---|---|---|")
    for case in CASES:
        for count in measured(case, options.seeds, quick=options.quick):
            rows.append({"drift": case.drift, **asdict(count)})
            print(
                f"| {case.drift} | {count.way} | {count.found} of {count.merged} | {count.right:.1%} "
                f"| {count.wrong} of {count.pure} | {count.seconds:.1f} |", flush=True
            )  # fmt: skip
    if options.out is not None:
        options.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
