"""The reference solver on data of which the truth is known: started at the true templates, and from the data alone.

python -m benchmarks.sorting_reference [--samples 1000000] [--seeds 5] [--forms] [--records FOLDER] [--out result.json]

32 channels, 10 units of 81 samples, noise of 1, amplitudes of 15 on average, ten spikes in a thousand samples of each
unit of which those that overlap another of the unit are left out. A spike counts as found within 15 samples. The
solver begins without spikes or with those of all units found at once by the pursuit. Beside it the pursuit alone with
the same templates: two passes, after the first of which it knows how large and how frequent spikes are. One thread; CPU
seconds. What is done is kept in a folder, so that a run that was ended goes on there. `--forms` times one pass of each
form and back end instead, on a tenth of the samples.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from phy_medicine.compute.sorting import dense
from phy_medicine.compute.sorting.evaluate import Spikes, evaluate
from phy_medicine.compute.sorting.initialise import initial_templates, joint_amplitudes
from phy_medicine.compute.sorting.matching import Matcher
from phy_medicine.compute.sorting.priors import TruncatedNormal
from phy_medicine.compute.sorting.reference import Options, map_estimate, map_estimate_fast
from phy_medicine.compute.sorting.simulate import Simulation, simulate
from phy_medicine.compute.sorting.sparse_templates import compress

N_CHANNELS, N_UNITS, WIDTH = 32, 10, 81
TOLERANCE = 15
RECORDS = Path(".benchmarks") / "sorting_reference"
STARTS = {
    "zero": "the true templates, no spikes",
    "truth": "the true templates, spikes of all units",
    "data": "the data alone",
}
BROAD = TruncatedNormal(20.0, 20.0, 0.005)
"""Of amplitudes before any are known."""


def one_start(name: str, seed: int, n_samples: int, num_iters: int) -> dict[str, Any]:
    """Solve one data set from one start."""
    sim = simulate(n_samples, N_CHANNELS, WIDTH, N_UNITS, seed=seed)
    data, truth = torch.as_tensor(sim.data), torch.as_tensor(sim.templates)
    at_truth = dense.log_likelihood(truth, torch.as_tensor(sim.amplitudes), data, 1.0)
    begin = time.process_time()
    templates = initial_templates(data, N_UNITS, WIDTH) if name == "data" else truth.clone()
    init_s = time.process_time() - begin
    alone = pursue(sim, templates.numpy().copy())
    begin = time.process_time()
    amplitudes = torch.zeros((N_UNITS, n_samples)) if name == "zero" else joint_amplitudes(templates, data)
    found = map_estimate_fast(templates, amplitudes, data, Options(num_iters=num_iters))
    solved = {"passes": len(found) - 1, "cpu_s": time.process_time() - begin, "likelihood": float(found[-1])}
    solved |= score(sim, Spikes.of(amplitudes.numpy(), templates.numpy()))
    n_spikes = int(np.count_nonzero(sim.amplitudes))
    return {"init_s": init_s, "at_truth": at_truth, "n_spikes": n_spikes, "solver": solved, "pursuit": alone}


def pursue(sim: Simulation, templates: np.ndarray) -> dict[str, Any]:
    """Find spikes with these templates by the pursuit, twice."""

    def read(start: int, stop: int) -> np.ndarray:
        return sim.data[:, start:stop]

    sparse, n_samples = compress(templates, most_channels=N_CHANNELS), sim.data.shape[1]
    Matcher(sparse, [BROAD] * N_UNITS).find(sim.data[:, :1000])  # compiles
    begin = time.process_time()
    first = Matcher(sparse, [BROAD] * N_UNITS).match(read, n_samples).spikes
    priors = [BROAD.learned(first.amplitudes[first.units == k], n_samples) for k in range(N_UNITS)]
    found = Matcher(sparse, priors).match(read, n_samples)
    result = {"cpu_s": time.process_time() - begin, "likelihood": found.log_likelihood()}
    return result | score(sim, Spikes.starting(found.spikes.times, found.spikes.units, sparse.dense()))


def score(sim: Simulation, found: Spikes) -> dict[str, Any]:
    """Return how well spikes and templates were found."""
    scored = evaluate(Spikes.of(sim.amplitudes, sim.templates), found, TOLERANCE)
    return {
        "recall": float(scored.recall.mean()), "precision": float(scored.precision.mean()),
        "accuracy": float(scored.accuracy.mean()), "similarity": float(scored.similarity.mean()),
        "least_similarity": float(scored.similarity.min()), "similar": int((scored.similarity >= 0.9).sum()),
    }  # fmt: skip


def forms(n_samples: int) -> list[dict[str, Any]]:
    """Time one pass of each form with each back end."""
    sim = simulate(n_samples, N_CHANNELS, WIDTH, N_UNITS)
    data, rows = torch.as_tensor(sim.data), []
    for solver in (map_estimate, map_estimate_fast):
        for method in ("conv1d", "fft"):
            templates, amplitudes = torch.as_tensor(sim.templates.copy()), torch.as_tensor(sim.amplitudes.copy())
            begin = time.process_time()
            found = solver(templates, amplitudes, data, Options(num_iters=1, method=method))
            row = {"form": solver.__name__, "method": method, "cpu_s": time.process_time() - begin}
            rows.append({**row, "n_samples": n_samples, "likelihood": float(found[-1])})
            print(rows[-1], flush=True)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Return the figures as a table of Markdown."""
    lines = [
        "| seed | started at | passes, CPU s | log likelihood (at the truth) | recall | precision | template "
        "similarity, mean (least) | units at 0.9 | pursuit alone: CPU s, log likelihood, recall, precision |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        r, p = row["solver"], row["pursuit"]
        lines.append(
            f"| {row['seed']} | {STARTS[row['start']]} | {r['passes']}, {r['cpu_s']:.0f} | {r['likelihood']:.4f} "
            f"({row['at_truth']:.4f}) | {r['recall']:.3f} | {r['precision']:.3f} | {r['similarity']:.4f} "
            f"({r['least_similarity']:.4f}) | {r['similar']} of {N_UNITS} "
            f"| {p['cpu_s']:.1f}, {p['likelihood']:.4f}, {p['recall']:.3f}, {p['precision']:.3f} |"
        )
    return "\n".join(lines)


def recorded(options: argparse.Namespace, name: str, seed: int) -> dict[str, Any]:
    """Return the figures of one start, from the folder if they are there."""
    path: Path = options.records / f"{options.samples}_{options.iters}_{seed}_{name}.json"
    if not path.exists():
        row = {"seed": seed, "start": name, **one_start(name, seed, options.samples, options.iters)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(row))
    return dict(json.loads(path.read_text()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--iters", type=int, default=20)
    parser.add_argument("--forms", action="store_true")
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    with threadpool_limits(1):
        if options.forms:
            rows = forms(options.samples // 10)
        for seed in () if options.forms else range(options.seeds):
            for name in STARTS:
                rows.append(recorded(options, name, seed))
                print(json.dumps(rows[-1]), flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1))
    if not options.forms:
        print(table(rows))


if __name__ == "__main__":
    main()
