"""The reference solver on data of which the truth is known: started at the true templates, and from the data alone.

python -m benchmarks.sorting_reference [--samples 1000000] [--seeds 5] [--forms] [--out result.json]

32 channels, 10 units of 81 samples, noise of 1, amplitudes of 15 on average, ten spikes in a thousand samples of each
unit of which those that overlap another of the unit are left out. A spike counts as found within 15 samples. One
thread; CPU seconds. `--forms` times one pass of each form and back end instead, on a tenth of the samples.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from phy_medicine.compute.sorting import dense
from phy_medicine.compute.sorting.evaluate import Spikes, evaluate
from phy_medicine.compute.sorting.initialise import initial_templates
from phy_medicine.compute.sorting.reference import Options, map_estimate, map_estimate_fast
from phy_medicine.compute.sorting.simulate import Simulation, simulate

N_CHANNELS, N_UNITS, WIDTH = 32, 10, 81
TOLERANCE = 15
STARTS = {"truth": "the true templates", "data": "the data alone"}


def one_seed(seed: int, n_samples: int, num_iters: int) -> dict[str, Any]:
    """Solve one data set from both starts."""
    sim = simulate(n_samples, N_CHANNELS, WIDTH, N_UNITS, seed=seed)
    data, truth = torch.as_tensor(sim.data), torch.as_tensor(sim.templates)
    at_truth = dense.log_likelihood(truth, torch.as_tensor(sim.amplitudes), data, 1.0)
    row: dict[str, Any] = {"seed": seed, "n_spikes": int(np.count_nonzero(sim.amplitudes)), "likelihood": at_truth}
    for name in STARTS:
        begin = time.process_time()
        templates = truth.clone() if name == "truth" else initial_templates(data, N_UNITS, WIDTH)
        row[name] = {"init_s": time.process_time() - begin, **solve(sim, templates, data, num_iters)}
    return row


def solve(sim: Simulation, templates: torch.Tensor, data: torch.Tensor, num_iters: int) -> dict[str, Any]:
    """Run the low-rank form and score it."""
    amplitudes = torch.zeros((len(templates), data.shape[1]))
    begin = time.process_time()
    found = map_estimate_fast(templates, amplitudes, data, Options(num_iters=num_iters))
    seconds = time.process_time() - begin
    truth = Spikes.of(sim.amplitudes, sim.templates)
    scored = evaluate(truth, Spikes.of(amplitudes.numpy(), templates.numpy()), TOLERANCE)
    return {
        "passes": len(found) - 1, "s_per_pass": seconds / (len(found) - 1), "likelihood": float(found[-1]),
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
        "| seed | started at | passes | log likelihood (at the truth) | recall | precision | template similarity, mean "
        "(least) | units at 0.9 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for name, title in STARTS.items():
            r = row[name]
            lines.append(
                f"| {row['seed']} | {title} | {r['passes']} | {r['likelihood']:.4f} ({row['likelihood']:.4f}) "
                f"| {r['recall']:.3f} | {r['precision']:.3f} | {r['similarity']:.3f} ({r['least_similarity']:.3f}) "
                f"| {r['similar']} of {N_UNITS} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--iters", type=int, default=20)
    parser.add_argument("--forms", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    if options.forms:
        rows = forms(options.samples // 10)
    for seed in () if options.forms else range(options.seeds):
        rows.append(one_seed(seed, options.samples, options.iters))
        print(json.dumps(rows[-1]), flush=True)
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1))
    if not options.forms:
        print(table(rows))


if __name__ == "__main__":
    main()
