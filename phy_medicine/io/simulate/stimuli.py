"""Stimuli at random times, and the spikes with which some of the units answer them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.simulate.settings import SimulationSettings, stream

KINDS = ("tone", "light")
DURATION_S = 0.2
_ANSWERING = 0.4  # share of the units that answer a kind
_MARGIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Stimuli:
    """times_s : (n,) float64, ascending; kinds : (n,) int64, which of `KINDS`."""

    times_s: FloatArray
    kinds: IntArray


def make_stimuli(settings: SimulationSettings) -> Stimuli:
    """Draw when the stimuli come: a jittered grid, so that few overlap."""
    rng, n = stream(settings.own_seed, "stimuli"), settings.events
    step = max(settings.duration_s - 2 * _MARGIN_S, 0.1) / max(n, 1)
    times = min(_MARGIN_S, settings.duration_s / 4) + step * (np.arange(n) + rng.uniform(0.1, 0.9, n))
    return Stimuli(frozen(times), frozen(rng.integers(0, len(KINDS), n)))


def evoked(settings: SimulationSettings, stimuli: Stimuli, unit: int) -> FloatArray:
    """Return when a unit fires because of the stimuli, (n,) float64, s, in any order; most units do not answer."""
    rng = stream(settings.seed, "evoked", unit)
    spikes = []
    for kind in range(len(KINDS)):
        answers, latency_s = rng.random() < _ANSWERING, rng.uniform(0.01, 0.12)
        strength, jitter_s = rng.uniform(0.8, 3.0), rng.uniform(0.003, 0.02)
        onsets = stimuli.times_s[stimuli.kinds == kind]
        times = np.repeat(onsets, rng.poisson(strength, len(onsets)))
        if answers:
            spikes.append(times + latency_s + jitter_s * rng.standard_gamma(2.0, len(times)))
    return np.concatenate([np.zeros(0), *spikes])


def write_stimuli(out_dir: Path, stimuli: Stimuli) -> None:
    """Write `events.csv`: time, label and duration of each stimulus."""
    rows = (f"{t:.6f},{KINDS[k]},{DURATION_S}\n" for t, k in zip(stimuli.times_s, stimuli.kinds, strict=True))
    (out_dir / "events.csv").write_text("time,label,duration\n" + "".join(rows), encoding="utf-8")
