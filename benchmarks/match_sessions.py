"""Units of simulated sessions matched: how many of the neurons they share are found, and how many matches are wrong.

    python -m benchmarks.match_sessions [--channels 64] [--units 60] [--seeds 3] [--sessions 3] [--out result.json]

Sessions of the same neurons: other spikes, noise and mistakes of the sorter; sizes and rates that vary; a share of the
neurons gone with others in their place; the tissue moved, more at the top. Beside it what nearest units do: most alike
templates within 60 µm, with and without the shift taken out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.app.build import open_session
from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.session.match_sessions import SessionMatch, match_sessions
from phy_medicine.session.session import Session

MOVED_UM = (0.0, 12.0, 35.0, 80.0)
TURNOVER = 0.3


def neurons(folder: Path) -> dict[int, int]:
    """Cluster -> name of its one neuron, the same in every session; over-merged clusters and noise are left out."""
    truth = np.load(folder / "ground_truth.npz")
    owners, names = truth["cluster_units"], truth["unit_names"]
    return {c: int(names[owners[c, 0]]) for c in range(len(owners)) if owners[c, 1] < 0 and names[owners[c, 0]] >= 0}


def score(found: SessionMatch, owners: list[dict[int, int]]) -> dict[str, float]:
    """Precision and recall of pairs of clusters over all pairs of sessions, and how calibrated the certainty is."""
    right = wrong = there = 0
    for a, b in combinations(range(len(owners)), 2):
        compared = [set(s.units.cluster_ids.tolist()) for s in (found.sessions[a], found.sessions[b])]
        shared = {owners[a][c] for c in compared[0] if c in owners[a]} & {
            owners[b][c] for c in compared[1] if c in owners[b]
        }
        there += len(shared)
        for unit in found.matched:
            ca, cb = unit.clusters[a], unit.clusters[b]
            if ca is None or cb is None or ca not in owners[a] or cb not in owners[b]:
                continue
            same = owners[a][ca] == owners[b][cb]
            right, wrong = right + same, wrong + (not same)
    return {"shared": there, "right": right, "wrong": wrong}


def run(args: argparse.Namespace, moved_um: float, seed: int, place: Path) -> dict[str, Any]:
    """One simulation."""
    folders, opened = [], []
    for k in range(args.sessions):
        settings = SimulationSettings(
            channels=args.channels, units=args.units, duration_s=args.duration, seed=seed, oversplit=0.0, overmerge=0.0,
            session=k, moved_um=moved_um * k, turnover=TURNOVER if k else 0.0, drift="walk", drift_um=8.0,
            far_clusters=args.units // 10,
        )  # fmt: skip
        folders.append(simulate(place / f"{moved_um:g}-{seed}-{k}", settings).parent)
    for folder in folders:
        opened.append(open_session(folder / "params.py", read_only=True, use_runs=False))
    begun = time.perf_counter()
    found = match_sessions(opened)
    seconds = time.perf_counter() - begun
    owners = [neurons(folder) for folder in folders]
    result = score(found, owners)
    shifts = [s.shift.rigid_um for s in found.sessions if s.shift is not None]
    errors = [shift_error(s.shift, moved_um * k) for k, s in enumerate(found.sessions) if s.shift is not None]
    nearest = {f"nearest_{name}": naive(found, owners, shifted=shifted) for name, shifted in
               (("raw", False), ("shifted", True))}  # fmt: skip
    for session in opened:
        close(session)
    return {"moved_um": moved_um, "seed": seed, "seconds": seconds, "rigid_um": shifts, "shift_error_um": max(errors),
            **result, **nearest}  # fmt: skip


def shift_error(shift: Any, moved_um: float) -> float:
    """Largest error of the shift over the depths, µm; a field that grows from 0.8 to 1.2 times along the probe."""
    depths = shift.depths_um
    low, high = depths[0], depths[-1]
    true = moved_um * (0.8 + 0.4 * (depths - low) / max(high - low, 1.0))
    return float(np.abs(shift.values_um - true).max())


def naive(found: SessionMatch, owners: list[dict[int, int]], *, shifted: bool) -> dict[str, int]:
    """Pairs of the first two sessions that are each other's nearest centre."""
    a, b = found.sessions[:2]
    places = [s.units.centers_um.copy() for s in (a, b)]
    if shifted:
        places[1][:, 1] = b.depths_um
    apart = np.hypot(*(places[0][:, None] - places[1][None]).transpose(2, 0, 1))
    rows = np.arange(len(apart))
    best = apart.argmin(axis=1)
    mutual = (apart.argmin(axis=0)[best] == rows) & (apart[rows, best] <= 60)
    right = wrong = 0
    for row in np.flatnonzero(mutual):
        pair = int(a.units.cluster_ids[row]), int(b.units.cluster_ids[best[row]])
        if pair[0] in owners[0] and pair[1] in owners[1]:
            same = owners[0][pair[0]] == owners[1][pair[1]]
            right, wrong = right + same, wrong + (not same)
    return {"right": right, "wrong": wrong}


def close(session: Session) -> None:
    """Close and wait, so that the folder can go."""
    session.close()
    session.pool.sync(10)


def main() -> None:
    """Print a table, and the numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--duration", type=float, default=120.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=3)
    parser.add_argument("--moved", type=float, nargs="*", default=MOVED_UM)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    print(
        "| moved (µm) | seed | shared | precision | recall | nearest: right, wrong | shifted | shift error (µm) | s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        results = [
            run(args, moved, seed, Path(place)) for moved in args.moved for seed in range(args.seeds)
        ]  # fmt: skip
    for r in results:
        nearest = " | ".join(f"{r[name]['right']}, {r[name]['wrong']}" for name in ("nearest_raw", "nearest_shifted"))
        print(
            f"| {r['moved_um']:g} | {r['seed']} | {r['shared']} | {r['right'] / max(r['right'] + r['wrong'], 1):.3f} | "
            f"{r['right'] / max(r['shared'], 1):.3f} | {nearest} | {r['shift_error_um']:.1f} | {r['seconds']:.1f} |"
        )
    print(json.dumps(results))
    if args.out:
        args.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
