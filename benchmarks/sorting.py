"""One pass over two minutes of 64 channels with 100 units: all units at once, and the reference solver's low-rank form.

python -m benchmarks.sorting [--samples 3600000] [--units 100] [--reference-units 4] [--out result.json]

Data are drawn from the model (81 samples of a template, ten spikes a second at 30 kHz, noise of 1), templates are the
true ones, and both are given the same data in memory in the same process, one thread each, one after the other in
turns. The reference solver takes one unit after the other, each the same work: some are timed and multiplied. CPU
seconds; the pass of ours once more with two threads, for the time on the clock.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from phy_medicine.compute.sorting import low_rank
from phy_medicine.compute.sorting.evaluate import Spikes, evaluate
from phy_medicine.compute.sorting.matching import Matched, Matcher
from phy_medicine.compute.sorting.priors import Exponential, TruncatedNormal
from phy_medicine.compute.sorting.simulate import Simulation, simulate
from phy_medicine.compute.sorting.sparse_templates import compress

RATE_HZ, N_CHANNELS, WIDTH = 30_000.0, 64, 81
MEAN, STD = 15.0, 15.0 / 3**0.5
TOLERANCE = 15


def timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return a result, and the CPU seconds and seconds that it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return result, time.process_time() - cpu, time.perf_counter() - wall


def reference_unit(k: int, state: low_rank.LowRank, method: str) -> float:
    """Return the CPU seconds of one unit in one pass of the low-rank form."""

    def update() -> None:
        low_rank.update_residual(k, state, method=method)
        low_rank.update_amplitude_fast(k, state, noise_std=1.0, prior=Exponential(10.0), method=method)
        low_rank.update_template_factors(k, state)
        low_rank.downdate_residual(k, state, method=method)

    return timed(update)[1]


def make_matcher(sim: Simulation) -> Matcher:
    """Return our matcher with the true templates."""
    probability = np.count_nonzero(sim.amplitudes) / sim.amplitudes.size
    priors = [TruncatedNormal(MEAN, STD, probability)] * len(sim.templates)
    return Matcher(compress(sim.templates), priors)


def score(sim: Simulation, found: Matched, templates: np.ndarray) -> dict[str, float]:
    """Return how well spikes were found."""
    units, starts = np.nonzero(sim.amplitudes)
    truth = Spikes.starting(starts, units, templates)
    s = found.spikes
    scored = evaluate(truth, Spikes.starting(s.times, s.units, templates), TOLERANCE)
    return {
        "n_spikes": len(units), "n_found": len(s.times), "accuracy": float(scored.accuracy.mean()),
        "recall": float(scored.recall.mean()), "precision": float(scored.precision.mean()),
        "likelihood": found.log_likelihood(),
    }  # fmt: skip


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run everything."""
    sim = simulate(
        options.samples, N_CHANNELS, WIDTH, options.units, sample_rate=RATE_HZ, mean_amplitude=MEAN, seed=options.seed
    )
    matcher, made_s, _ = timed(lambda: make_matcher(sim))
    matcher.find(sim.data[:, :2000])  # compiles
    some = torch.as_tensor(sim.templates[: options.reference_units])
    amplitudes = torch.zeros((len(some), options.samples))
    state = low_rank.LowRank.of(some, amplitudes, torch.as_tensor(sim.data), 1)

    def read(start: int, stop: int) -> np.ndarray:
        return sim.data[:, start:stop]

    ours: list[dict[str, float]] = []
    reference: dict[str, list[float]] = {"conv1d": [], "fft": []}
    for k in range(len(some)):
        for method, seconds in reference.items():
            seconds.append(reference_unit(k, state, method))
        if k < options.repeats:
            found, cpu, wall = timed(lambda: matcher.match(read, options.samples))
            ours.append({"cpu_s": cpu, "wall_s": wall})
            print(reference, ours, flush=True)
    _, cpu, wall = timed(lambda: matcher.match(read, options.samples, n_threads=2))
    per_pass = {method: float(np.median(seconds)) * options.units for method, seconds in reference.items()}
    best = float(np.median([row["cpu_s"] for row in ours]))
    return {
        "samples": options.samples, "units": options.units, "preparation_cpu_s": made_s, "ours": ours,
        "two_threads": {"cpu_s": cpu, "wall_s": wall}, "reference_units": reference, "reference_pass_cpu_s": per_pass,
        "ratio": {method: seconds / best for method, seconds in per_pass.items()},
        "found": score(sim, found, compress(sim.templates).dense()),
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=3_600_000)
    parser.add_argument("--units", type=int, default=100)
    parser.add_argument("--reference-units", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        result = measure(options)
    text = json.dumps(result, indent=1)
    if options.out:
        options.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
