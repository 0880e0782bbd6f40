"""The sorter on a graphics card: how much faster than the recording it is, and where the time goes.

python -m benchmarks.sorter_gpu [--device cuda] [--channels 384] [--units 200] [--duration 60] [--work DIR] [--out F]

Needs a graphics card (or another `--device`). A recording is made by `phy-med simulate`, which takes half a minute, and
held in memory. It is sorted once to warm up (the first 4 s), then as a whole; each part is timed by itself, waiting for
the card at its end, and the sort once more without that, for the time that counts. `--device cpu` times the compiled
loops, `--device torch:cpu` what a card would do on the processor; `--compare` sorts on the processor as well and says
how many spikes are the same to a sample.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.compute import kernels
from phy_medicine.compute.sorting import bank, final_pass, learning, rounds, sorter, stretch_spikes, torch_pass
from phy_medicine.compute.sorting.evaluate import Spikes, evaluate
from phy_medicine.compute.sorting.result import SortedChannels, Sorting
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.io.simulate import SimulationSettings, simulate_probe

VISIBLE_UV = 60.0
PARTS: tuple[tuple[str, Any, str], ...] = (
    ("motion", sorter.Sorter, "_find_motion"), ("noise", sorter.SortingRecording, "of_signal"),
    ("first peaks", rounds.Learner, "_peaks"), ("first clusters", rounds, "first_units"),
    ("templates for a pass", bank.Bank, "_make"), ("spikes of a pass", torch_pass, "_sort_some"),
    ("spikes of a pass", stretch_spikes, "_sort_stretch"), ("means of a pass", learning, "_add"),
    ("joining", rounds, "join"), ("giving back", rounds, "give_back"), ("which are neurons", rounds, "kept_units"),
    ("features", final_pass.Describe, "__call__"), ("peaks in what is left", rounds._Look, "__call__"),
    ("units", sorter, "postprocess"),
)  # fmt: skip


@dataclass(frozen=True)
class Memory:
    """A recording in memory, (T, N)."""

    data: np.ndarray
    sample_rate: float

    @property
    def n_samples(self) -> int:
        """T."""
        return len(self.data)

    @property
    def n_channels(self) -> int:
        """N."""
        return self.data.shape[1]

    def read(self, start: int, stop: int) -> np.ndarray:
        """Return samples start to stop."""
        return self.data[start:stop]


def synchronize(device: str) -> None:
    """Wait until a card has done what it was given."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.synchronize()


def timed(device: str) -> tuple[dict[str, float], Callable[[], None]]:
    """Measure the parts of a sort from now on; returns their seconds, which grow, and what ends it."""
    seconds: dict[str, float] = defaultdict(float)
    before = [(owner, name, getattr(owner, name)) for _, owner, name in PARTS]

    def measured(label: str, real: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(real)
        def run(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            found = real(*args, **options)
            synchronize(device)
            seconds[label] += time.perf_counter() - began
            return found

        return run

    for label, owner, name in PARTS:
        setattr(owner, name, measured(label, getattr(owner, name)))

    def end() -> None:
        for owner, name, real in before:
            setattr(owner, name, real)

    return seconds, end


def accuracy(simulation: Any, found: Sorting) -> float:
    """Return the mean accuracy of the units that are well visible."""
    s = simulation
    sizes = [np.median(s.spike_amplitudes_uv[s.spike_units == k]) for k in range(s.n_units)]
    truth = Spikes(s.spike_samples, s.spike_units, np.ones((s.n_units, found.templates.shape[1], 3)))
    scored = evaluate(truth, Spikes(found.spikes.times, found.spikes.units, found.templates))
    return float(scored.accuracy[np.array(sizes) >= VISIBLE_UV].mean())


def agreement(one: Sorting, other: Sorting) -> float:
    """Return the part of the spikes of one sort that the other has, of any unit, to a sample."""
    near = np.searchsorted(other.spikes.times, one.spikes.times + 2) - np.searchsorted(
        other.spikes.times, one.spikes.times - 1
    )
    return float((near > 0).mean())


def card(device: str) -> dict[str, Any]:
    """Return the name of a card and the most memory that was in use."""
    if not device.startswith("cuda"):
        return {}
    import torch

    return {"card": torch.cuda.get_device_name(), "peak_gb": torch.cuda.max_memory_allocated() / 1e9}


def measure(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Make the recording and sort it."""
    chosen = SimulationSettings(
        channels=options.channels, units=options.units, duration_s=options.duration, oversplit=0.0, overmerge=0.0,
        seed=options.seed,
    )  # fmt: skip
    simulation, seconds, _ = clock(lambda: simulate_probe(work / "simulated", chosen))
    print(f"recording made in {seconds:.0f} s", file=sys.stderr, flush=True)
    whole = Memory(np.array(simulation.recording.read(0, simulation.recording.n_samples)), 30_000.0)
    channels = SortedChannels(np.arange(options.channels), simulation.positions_um, simulation.shanks)
    kernels.warm_up()

    def sort(recording: Memory, device: str) -> Sorting:
        settings = SortingSettings(device=device, drift=options.drift)
        return sorter.sort(
            recording, channels, settings, gain_uv=simulation.gain_uv, n_threads=options.threads,
            log=lambda line: print(line, file=sys.stderr, flush=True),
        )  # fmt: skip

    sort(Memory(whole.data[: 4 * 30_000], 30_000.0), options.device)
    found, seconds, cpu = clock(lambda: sort(whole, options.device))
    parts, end = timed(options.device)
    try:
        _, measured, _ = clock(lambda: sort(whole, options.device))
    finally:
        end()
    result = {
        "device": options.device, **card(options.device), "channels": options.channels, "seconds": seconds,
        "cpu_seconds": cpu, "factor": options.duration / seconds, "stages": found.timings,
        "parts": dict(sorted(parts.items(), key=lambda row: -row[1])), "measured_seconds": measured,
        "spikes": len(found.spikes.times), "units": len(found.templates), "accuracy": accuracy(simulation, found),
        "final_pass_factor": options.duration / found.timings["spikes"],
    }  # fmt: skip
    if options.compare:
        other, result["seconds_on_cpu"], _ = clock(lambda: sort(whole, "cpu"))
        result["accuracy_on_cpu"], result["agreement"] = accuracy(simulation, other), agreement(found, other)
    return result


def clock(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return a result, and the seconds and CPU seconds that it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--channels", type=int, default=384)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--duration", type=float, default=60.0)
    parser.add_argument("--drift", default="templates")
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        result = measure(options, Path(folder))
    text = json.dumps(result, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text)


if __name__ == "__main__":
    main()
