"""Motion estimates beside those of other programs: error against the truth, sharpness, time, memory.

python -m benchmarks.motion [--sim DIR [DIR ...]] [--demo DIR] [--peers PYTHON] [--work DIR] [--out result.json]

--sim    folders of <case>.npz with peak_times, peak_depths, peak_amplitudes and the truth (time_grid, depth_grid,
         motion, span, duration); one folder for each seed
--demo   folder with peak_times.npy, peak_depths.npy, peak_amplitudes.npy: one half is fitted, the other is scored
--peers  interpreter of an environment with medicine-neuro 1.7 and spikeinterface 0.105; without it only ours runs
--work   every run is kept here and not repeated; --report only prints what is there
--records  folder of runs of the slow program (ten minutes each) that are taken instead of running it again, where the
         peaks are the same to the bit; --record adds to it what was run here; --afresh runs all

Without --sim and --demo a small recording is simulated that moves to and fro, and nothing of it is kept.

Every run is a process of its own, one after the other. Ours is timed after a first call with a fiftieth of the peaks,
which loads the compiled code; the times of the others are without their imports too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

PEERS = ("medicine", "dredge_ap", "iterative_template")
OURS = "phy_medicine"
SLOW = "medicine"
RECORDS = Path(__file__).with_name("records") / "motion"
PEER_SCRIPT = Path(__file__).with_name("motion_peers.py")


def run_ours(case_path: Path, out: Path) -> None:
    """Estimate with the defaults; writes the same files as the peers' script."""
    from phy_medicine.compute.motion.peaks import Peaks
    from phy_medicine.compute.motion.solver import FastSettings, fit_motion

    case = np.load(case_path)
    arrays = [case[name] for name in ("peak_times", "peak_depths", "peak_amplitudes")]
    fit_motion(Peaks(*[a[::50] for a in arrays]), FastSettings(num_depth_bins=2))
    begin, cpu = time.perf_counter(), time.process_time()
    found = fit_motion(Peaks(*arrays))
    facts = {
        "wall_s": time.perf_counter() - begin,
        "cpu_s": time.process_time() - cpu,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "n_levels": found.n_levels,
        "density_smoothing_um": found.density_smoothing_um,
    }
    motion = found.motion
    np.savez(
        out.with_suffix(".npz"),
        time_bins=motion.temporal_bins_s,
        depth_bins=motion.spatial_bins_um,
        motion=motion.displacement,
    )
    out.with_suffix(".json").write_text(json.dumps(facts))


def simulated(folder: Path) -> Path:
    """Write the peaks of a small simulated recording as a case, with the truth, and return its folder."""
    from phy_medicine.io.simulate import SimulationSettings, simulate

    settings = SimulationSettings(channels=64, units=60, duration_s=120.0, drift="zigzag", raw=False)
    print(
        f"The figures are of a small simulated recording ({settings.channels} channels, {settings.units} units, "
        f"{settings.duration_s:g} s); name folders of yours by --sim or --demo.",
        flush=True,
    )
    dataset = simulate(folder / "dataset", settings).parent
    positions, truth = np.load(dataset / "channel_positions.npy"), np.load(dataset / "ground_truth.npz")
    (folder / "small").mkdir()
    np.savez(
        folder / "small" / f"{settings.drift}.npz",
        peak_times=np.load(dataset / "spike_times.npy") / settings.sample_rate_hz,
        peak_depths=np.load(dataset / "spike_positions.npy")[:, 1].astype(np.float64),
        peak_amplitudes=np.load(dataset / "amplitudes.npy").astype(np.float64),
        time_grid=truth["temporal_bins_s"],
        depth_grid=truth["spatial_bins_um"],
        motion=truth["displacement"],
        span=np.array([positions[:, 1].min(), positions[:, 1].max()]),
        duration=np.array(settings.duration_s),
    )
    return folder / "small"


def split_demo(folder: Path, work: Path) -> Path:
    """Write the two halves of the real peaks as cases, and return the one to fit."""
    from phy_medicine.compute.motion.peaks import Peaks
    from phy_medicine.compute.motion.score import halves

    fitted, scored = work / "demo" / "demo.npz", work / "demo" / "demo.scored.npz"
    if not (fitted.exists() and scored.exists()):
        fitted.parent.mkdir(parents=True, exist_ok=True)
        names = ("peak_times", "peak_depths", "peak_amplitudes")
        times, depths, amplitudes = (np.load(folder / f"{name}.npy") for name in names)
        span, duration = np.array([depths.min(), depths.max()]), np.array(np.ceil(times.max()))
        for path, half in zip((fitted, scored), halves(Peaks(times, depths, amplitudes)), strict=True):
            arrays = dict(zip(names, (half.times_s, half.depths_um, half.amplitudes), strict=True))
            np.savez(path, span=span, duration=duration, **arrays)
    return fitted


def score(case_path: Path, out: Path | None) -> dict[str, Any]:
    """Return error and sharpness of one run, or of no motion at all."""
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.compute.motion.peaks import Peaks
    from phy_medicine.compute.motion.score import error_against, sharpness

    case = dict(np.load(case_path))
    span = (float(case["span"][0]), float(case["span"][1]))
    found = Motion(np.zeros((1, 1)), np.zeros(1), np.zeros(1))
    result: dict[str, Any] = {}
    if out is not None:
        arrays = np.load(out.with_suffix(".npz"))
        found = Motion(arrays["motion"], arrays["time_bins"], arrays["depth_bins"])
        result = json.loads(out.with_suffix(".json").read_text())
    if "motion" in case:
        truth = Motion(case["motion"], case["time_grid"], case["depth_grid"])
        result |= asdict(error_against(found, truth, duration_s=float(case["duration"]), span_um=span))
    scored_path = case_path.with_suffix(".scored.npz")
    scored = dict(np.load(scored_path)) if scored_path.exists() else case
    peaks = Peaks(scored["peak_times"], scored["peak_depths"], scored["peak_amplitudes"])
    return result | asdict(sharpness(peaks, found, span_um=span))


def digest(case_path: Path) -> str:
    """Return what tells the peaks of a case from others."""
    case, mark = np.load(case_path), hashlib.sha1(usedforsecurity=False)
    for name in ("peak_times", "peak_depths", "peak_amplitudes"):
        mark.update(np.ascontiguousarray(case[name]).data)
    return mark.hexdigest()


def record_of(case_path: Path, records: Path) -> Path:
    """Return where the record of a case is, without its ending."""
    return records / f"{case_path.parent.name}_{case_path.stem}__{SLOW}"


def recall(case_path: Path, out: Path, records: Path) -> bool:
    """Take a recorded run of the slow program, if it was made with the same peaks."""
    record = record_of(case_path, records)
    if not record.with_suffix(".json").exists():
        return False
    if json.loads(record.with_suffix(".json").read_text())["peaks_sha1"] != digest(case_path):
        return False
    for ending in (".npz", ".json"):
        shutil.copy(record.with_suffix(ending), out.with_suffix(ending))
    return True


def keep(case_path: Path, out: Path, records: Path) -> None:
    """Record a run of the slow program, with half the precision, which is far finer than its error."""
    record = record_of(case_path, records)
    records.mkdir(parents=True, exist_ok=True)
    arrays = {name: array.astype(np.float32) for name, array in np.load(out.with_suffix(".npz")).items()}
    np.savez_compressed(record.with_suffix(".npz"), **arrays)
    facts = json.loads(out.with_suffix(".json").read_text()) | {"peaks_sha1": digest(case_path)}
    record.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")


def run(case_path: Path, method: str, out: Path, args: argparse.Namespace) -> None:
    """Run one method in a process of its own unless its result is there, or was recorded."""
    if out.with_suffix(".json").exists():
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    if method == SLOW and not args.afresh and recall(case_path, out, args.records):
        return
    if method == OURS:
        command = [sys.executable, "-m", "benchmarks.motion", "--run", str(case_path), str(out)]
    else:
        command = [args.peers, str(PEER_SCRIPT), str(case_path), method, str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"{case_path.stem} {method} failed: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)


def line(place: str, method: str, result: dict[str, Any]) -> str:
    """One row of the table."""
    error = f"{result['median_um']:.2f} / {result['p95_um']:.2f}" if "median_um" in result else ""
    wall = f"{result['wall_s']:.1f} / {result['cpu_s']:.1f}" if "wall_s" in result else ""
    memory = f"{result['peak_rss_mb']:.0f}" if "peak_rss_mb" in result else ""
    levels = result.get("n_levels", "")
    rho = f"{result['rho_w30']:.4f} / {result['rho_all']:.4f}"
    return f"| {place} | {method} | {error} | {rho} | {wall} | {memory} | {levels} |"


def measure(cases: Sequence[tuple[str, Path]], methods: Sequence[str], args: argparse.Namespace) -> dict[str, Any]:
    """Run and score every method on every case; prints the table as it grows."""
    print(
        "| case | method | error, median / 95 % (µm) | rho 30 s / all | wall / processor (s) | memory (MB) | levels |"
    )
    print("|---|---|---|---|---|---|---|")
    results: dict[str, Any] = {}
    for place, path in cases:
        results[place] = {"none": score(path, None)}
        print(line(place, "none", results[place]["none"]), flush=True)
        for method in methods:
            out = args.work / path.parent.name / f"{path.stem}__{method}"
            if not args.report:
                run(path, method, out, args)
            if args.record and method == SLOW and out.with_suffix(".json").exists():
                keep(path, out, args.records)
            if out.with_suffix(".json").exists():
                results[place][method] = score(path, out)
                print(line(place, method, results[place][method]), flush=True)
    return results


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sim", type=Path, nargs="*", default=[])
    parser.add_argument("--demo", type=Path)
    parser.add_argument("--peers", default="")
    parser.add_argument("--work", type=Path, default=Path("motion_benchmark"))
    parser.add_argument("--cases", nargs="*", help="names; all by default")
    parser.add_argument("--methods", nargs="*", default=[OURS, *PEERS])
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--record", action="store_true", help="keep the runs of the slow program among the records")
    parser.add_argument("--afresh", action="store_true", help="run the slow program although there is a record")
    parser.add_argument("--report", action="store_true", help="print what is there, run nothing")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--run", type=Path, nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        run_ours(*args.run)
    elif args.sim or args.demo or args.report:
        compare(args)
    else:
        with tempfile.TemporaryDirectory() as place:
            args.sim, args.work = [simulated(Path(place))], Path(place) / "work"
            compare(args)


def compare(args: argparse.Namespace) -> None:
    """Measure all methods on all cases, and write down what came of it."""
    cases = [(f"{folder.name}/{path.stem}", path) for folder in args.sim for path in sorted(folder.glob("*.npz"))]
    if args.demo:
        cases.append(("demo", split_demo(args.demo, args.work)))
    if args.cases:
        cases = [(place, path) for place, path in cases if path.stem in args.cases]
    methods = [m for m in args.methods if m == OURS or args.peers or args.report]
    results = measure(cases, methods, args)
    if args.out:
        args.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
