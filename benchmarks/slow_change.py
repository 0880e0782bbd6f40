"""Waveforms that change in the course of a recording: what the sorter finds with and without following them.

python -m benchmarks.slow_change [--seconds 240] [--window 30] [--share 0.5 1] [--seed 0] [--out result.json]

24 channels in two columns, ten neurons, white noise of 1. The waveform of each goes over, evenly through the recording,
into a share of another one: that of a neuron up to 25 um away, with another shape.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.compute.sorting.evaluate import Spikes, evaluate
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.sorter import sort

RATE, WIDTH, TROUGH, N_NEURONS = 30_000, 61, 20, 10
POSITIONS = np.array([[20.0 * (i % 2), 20.0 * (i // 2)] for i in range(24)])


@dataclass(frozen=True)
class Memory:
    """A recording in memory, (T, N)."""

    data: np.ndarray
    sample_rate: float = RATE

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


def waveform(place: np.ndarray, trough: float, crest: float) -> np.ndarray:
    """Return a waveform (N, D) of norm 1."""
    footprint = np.exp(-0.5 * ((POSITIONS - place) ** 2).sum(axis=1) / 22.0**2)
    d = np.arange(WIDTH) - TROUGH
    wave = -np.exp(-0.5 * (d / trough) ** 2) + 0.45 * np.exp(-0.5 * ((d - crest) / (0.6 * crest)) ** 2)
    made = footprint[:, None] * wave
    return made / np.linalg.norm(made)


def recorded(seconds: float, share: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return data (T, N), samples of the troughs, units, and the mean cosine of first and last waveforms."""
    rng = np.random.default_rng(seed)
    n_samples = round(seconds * RATE)
    data = rng.normal(size=(n_samples, len(POSITIONS))).astype(np.float32)
    times, units, cosines = [], [], []
    for unit in range(N_NEURONS):
        place = np.array([rng.uniform(0, 20), 10 + 20 * unit + rng.uniform(-5, 5)])
        early = waveform(place, rng.uniform(2.5, 4), rng.uniform(10, 16))
        late = waveform(place + rng.uniform(-25, 25, 2), rng.uniform(3, 6), rng.uniform(14, 26))
        last = (1 - share) * early + share * late
        cosines.append(float((early * last).sum() / np.linalg.norm(last)))
        own = np.cumsum(90 + rng.exponential(RATE / rng.uniform(3, 8), round(9 * seconds))).astype(np.int64)
        own = own[own < n_samples - WIDTH]
        size = rng.uniform(9, 35)
        for first in own.tolist():
            now = early + first / n_samples * (last - early)
            data[first : first + WIDTH] += (size * rng.normal(1, 0.08) * now).T
        times.append(own + TROUGH)
        units.append(np.full(len(own), unit))
    return data, np.concatenate(times), np.concatenate(units), float(np.mean(cosines))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--window", type=float, default=30.0)
    parser.add_argument("--share", type=float, nargs="+", default=[0.5, 1.0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = [row for share in given.share for row in compared(share, given)]
    if given.out:
        given.out.write_text(json.dumps(rows, indent=1))


def compared(share: float, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Print and return what is found without and with following the change."""
    channels = SortedChannels(np.arange(24), POSITIONS, np.zeros(24, np.int32))
    plain = SortingSettings(band_pass=False, drift="none", bad_channels="none")
    data, times, units, cosine = recorded(given.seconds, share, given.seed)
    order = np.argsort(times, kind="stable")
    truth = Spikes(times[order], units[order], np.ones((N_NEURONS, len(POSITIONS), WIDTH)))
    print(f"share {share:g}, cosine of first and last waveform {cosine:.2f}, {len(times):,} spikes")
    rows = []
    for window in (0.0, given.window):
        began = time.process_time()
        found = sort(Memory(data), channels, replace(plain, change_window_s=window), n_threads=2)
        spikes = Spikes(found.spikes.times, found.spikes.units, found.templates)
        score = evaluate(truth, spikes)
        row = {
            "share": share, "window_s": window, "units": len(found.templates), "spikes": len(spikes.times),
            "recall": float(np.mean(score.recall)), "precision": float(np.mean(score.precision)),
            "accuracy": float(np.mean(score.accuracy)), "well_detected": int((score.accuracy >= 0.8).sum()),
            "log_likelihood": float(found.log_likelihood[-1]), "cpu_s": time.process_time() - began,
        }  # fmt: skip
        print(
            "  window {window_s:g} s: {units} units, {spikes:,} spikes, recall {recall:.4f}, "
            "precision {precision:.4f}, accuracy {accuracy:.4f}, {well_detected} well detected, "
            "log likelihood {log_likelihood:.5f}, {cpu_s:.0f} CPU s".format(**row),
            flush=True,
        )
        rows.append(row)
    return rows


if __name__ == "__main__":
    main()
