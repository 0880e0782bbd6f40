"""Is the other part of an over-split neuron the first row of the similarity table, with and without the motion?

python -m benchmarks.drift_similarity [--seeds 3 --channels 128 --units 60 --duration 300 --raw --out result.json]

Simulated recordings of which a third of the neurons is written as two clusters, parted by where the tissue was. A
neuron counts when each of its two clusters is the first row for the other one, out of all clusters.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.solver import estimate_motion
from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.session.session import Session

T = TypeVar("T")
MOTIONS = ("none", "true", "estimated", "invented")


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of recording; drift "none" has neurons split by amplitude instead."""

    drift: str
    drift_um: float
    probe: str = "neuropixels"
    units_factor: float = 1.0

    @property
    def name(self) -> str:
        """Row of the table."""
        dense = f", {self.units_factor:g} times the neurons" if self.units_factor != 1 else ""
        size = f" {self.drift_um:g} µm" if self.drift != "none" else ""
        return f"{self.drift}{size}, {self.probe}{dense}"


CASES = (
    *(Case(drift, um) for drift in ("zigzag", "jump", "walk") for um in (40.0, 80.0)),
    Case("nonrigid", 80.0),
    Case("zigzag", 80.0, "neuropixels", 2.0),
    Case("zigzag", 80.0, "linear"),
    Case("zigzag", 80.0, "multi-shank"),
    Case("none", 0.0),
)


def found(session: Session, pairs: list[list[int]]) -> list[bool]:
    """Tell of each over-split neuron whether both its clusters come first for each other."""
    return [next(iter(session.similar.rows(a))) == b and next(iter(session.similar.rows(b))) == a for a, b in pairs]


def motions_of(session: Session, truth: dict[str, np.ndarray]) -> dict[str, Motion]:
    """The motion that the tissue made, the one estimated from the dataset's own spikes, and one that never was."""
    times, depths = truth["temporal_bins_s"], truth["spatial_bins_um"]
    amplitudes = session.model.amplitudes
    assert amplitudes is not None
    measured = np.isfinite(session.depths.raw)
    peaks = Peaks(session.model.spike_times[measured], session.depths.raw[measured], amplitudes[measured])
    zigzag = 20.0 * (2.0 * np.abs(2.0 * ((times / 50.0) % 1.0) - 1.0) - 1.0)
    return {
        "true": Motion(truth["displacement"], times, depths).centred(),
        "estimated": estimate_motion(peaks),
        "invented": Motion(np.repeat(zigzag[:, None], len(depths), axis=1), times, depths).centred(),
    }


def measure(folder: Path, settings: SimulationSettings) -> dict[str, list[bool]]:
    """Return for each motion which of the over-split neurons are found."""
    path = simulate(folder, settings)
    with np.load(folder / "ground_truth.npz") as file:
        truth = dict(file)
    pairs = truth["oversplit_pairs"].tolist()
    session = Session.open(path)
    try:
        result = {"none": found(session, pairs)}
        for name, motion in motions_of(session, truth).items():
            session.motion.use(session.store.add("motion", motion.to_arrays(), name=name).id)
            session.pool.sync(120)
            assert session.similar.shown_metric == "drift"
            result[name] = found(session, pairs)
    finally:
        session.close()
    return result


def run(
    case: Case, args: argparse.Namespace, measure: Callable[[Path, SimulationSettings], Mapping[str, list[T]]]
) -> dict[str, list[T]]:
    """Measure one kind of recording with all seeds; the lists of the seeds are joined."""
    total: dict[str, list[T]] = defaultdict(list)
    for seed in range(args.seeds):
        settings = SimulationSettings(
            channels=args.channels,
            units=round(args.units * case.units_factor),
            duration_s=args.duration,
            drift=case.drift,
            drift_um=case.drift_um,
            probe=case.probe,
            oversplit=0.3,
            raw=args.raw,
            seed=seed,
        )
        with tempfile.TemporaryDirectory() as folder:
            for name, values in measure(Path(folder) / "dataset", settings).items():
                total[name] += values
    return total


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--duration", type=float, default=300.0)
    parser.add_argument("--raw", action="store_true", help="measure the spikes on a raw signal, which takes longer")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    print("| recording | over-split neurons | without a motion | true motion | estimated motion | invented motion |")
    print("|---|---|---|---|---|---|", flush=True)
    results, all_moving = {}, defaultdict(list)
    for case in CASES:
        result = results[case.name] = run(case, args, measure)
        print(_row(case.name, result), flush=True)
        for name, values in result.items() if case.drift != "none" else ():
            all_moving[name] += values
    print(_row("all with drift", all_moving))
    if args.out:
        args.out.write_text(json.dumps({**results, "all with drift": all_moving}, indent=1))


def _row(name: str, result: dict[str, list[bool]]) -> str:
    cells = " | ".join(_percent(result[m]) for m in MOTIONS)
    return f"| {name} | {len(result['none'])} | {cells} |"


def _percent(values: list[bool]) -> str:
    """Share in words; never rounded up to all."""
    share = 100 * float(np.mean(values))
    return f"{share:.0f} %" if share in (0.0, 100.0) else f"{share:.1f} %"


if __name__ == "__main__":
    main()
