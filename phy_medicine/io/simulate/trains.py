"""Spike trains: gamma renewal with slow rate changes, absolute refractory period, bursts of falling amplitude."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.simulate.settings import GAMMA, Clock, SimulationSettings, stream
from phy_medicine.io.simulate.stimuli import Stimuli, evoked
from phy_medicine.io.simulate.units import Units

BURST_STOP = 0.45  # chance that a burst ends after each of its spikes
BURST_LONGEST = 6
BURST_FADE = 0.85  # amplitude of a spike over that of the one before it in a burst
RATE_KNOT_S = 10.0


@dataclass(frozen=True, slots=True)
class Spikes:
    """All spikes of a recording in order of time.

    samples : (n_spikes,) int64, of the trough
    units : (n_spikes,) int32
    scales : (n_spikes,) float32, amplitude over the unit's own
    """

    samples: IntArray
    units: IntArray
    scales: FloatArray


def make_spikes(settings: SimulationSettings, units: Units, clock: Clock, stimuli: Stimuli | None = None) -> Spikes:
    """Draw the trains of all units, with what stimuli evoke, and put them in order of time."""
    samples, owners, scales = [], [], []
    for unit in range(units.n_units):
        rng = stream(settings.own_seed, "train", unit)
        more = evoked(settings, stimuli, unit) if stimuli is not None else np.zeros(0)
        train, scale = _unit_train(rng, settings, units, unit, clock, more)
        samples.append(train)
        scales.append(scale)
        owners.append(np.full(len(train), unit, dtype=np.int32))
    order = np.argsort(np.concatenate(samples), kind="stable")
    return Spikes(
        *(frozen(np.concatenate(column)[order]) for column in (samples, owners, scales)),
    )


def _unit_train(
    rng: np.random.Generator, settings: SimulationSettings, units: Units, unit: int, clock: Clock, evoked_s: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Return samples and amplitude scales of one unit; never empty."""
    rate, duration = float(units.rates_hz[unit]), settings.duration_s
    scale: FloatArray
    if units.bursty[unit]:
        mean_size = (1.0 - (1.0 - BURST_STOP) ** BURST_LONGEST) / BURST_STOP
        onsets = _renewal(rng, rate / mean_size, duration, 0.012, GAMMA)
        times, scale = _bursts(rng, onsets)
    else:
        times = _renewal(rng, rate, duration, float(units.refractory_s[unit]), settings.intervals)
        scale = np.ones(len(times))
    if len(evoked_s):
        order = np.argsort(np.concatenate([times, evoked_s]), kind="stable")
        times = np.concatenate([times, evoked_s])[order]
        scale = np.concatenate([scale, np.ones(len(evoked_s))])[order]
    margin = 2 * clock.n_samples
    last = int(duration * clock.sample_rate_hz) - margin
    samples = np.floor(times * clock.sample_rate_hz).astype(np.int64)
    inside = (samples >= margin) & (samples < last)
    samples, scale = samples[inside], scale[inside]
    if not len(samples):
        samples, scale = rng.integers(margin, last, 1), np.ones(1)
    keep = _respect_refractory(samples, int(np.ceil(units.refractory_s[unit] * clock.sample_rate_hz)))
    samples, scale = samples[keep], scale[keep]
    scale = scale * _slow(rng, samples / clock.sample_rate_hz, duration, settings.modulation)
    scale = scale * rng.normal(1.0, settings.jitter, len(scale))
    return samples, np.clip(scale, 0.25, 2.0).astype(np.float32)


def _slow(rng: np.random.Generator, times_s: FloatArray, duration_s: float, spread: float) -> FloatArray:
    """A factor near 1 that changes over tens of seconds."""
    knots = np.arange(int(duration_s / RATE_KNOT_S) + 2) * RATE_KNOT_S
    values = rng.normal(0.0, spread, len(knots) + 2)
    values = np.convolve(values, [0.25, 0.5, 0.25], mode="valid")
    factor: FloatArray = np.exp(np.interp(times_s, knots, values))
    return factor


def _renewal(rng: np.random.Generator, rate_hz: float, duration_s: float, dead_s: float, intervals: str) -> FloatArray:
    """Return ascending times in s of a renewal process of this mean rate with a dead time before each interval."""
    free_rate = 1.0 / max(1.0 / rate_hz - dead_s, 0.1 / rate_hz)
    clock_s = np.linspace(0.0, duration_s, int(duration_s) + 2)
    intensity = _slow(rng, clock_s, duration_s, 0.5)
    cumulative = np.concatenate([[0.0], np.cumsum((intensity[1:] + intensity[:-1]) / 2)]) * (clock_s[1] * free_rate)
    n_most = int(cumulative[-1] + 6.0 * np.sqrt(cumulative[-1]) + 20)
    operational = np.cumsum(_intervals(rng, intervals, n_most))
    operational = operational[operational < cumulative[-1]]
    times: FloatArray = np.interp(operational, cumulative, clock_s) + dead_s * np.arange(len(operational))
    return times[times < duration_s]


def _intervals(rng: np.random.Generator, kind: str, n: int) -> FloatArray:
    """Return n intervals of mean 1, more or less regular from unit to unit."""
    if kind == GAMMA:
        shape = rng.uniform(1.0, 2.5)
        return rng.gamma(shape, 1.0 / shape, n)
    spread = rng.uniform(0.6, 1.2)
    return rng.lognormal(-0.5 * spread**2, spread, n)


def _bursts(rng: np.random.Generator, onsets_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Turn every onset into a burst; return ascending times in s and amplitude scales."""
    sizes = np.minimum(rng.geometric(BURST_STOP, len(onsets_s)), BURST_LONGEST)
    first = np.cumsum(sizes) - sizes
    place = np.arange(sizes.sum()) - np.repeat(first, sizes)
    intervals = np.clip(rng.lognormal(np.log(0.0045), 0.25, len(place)), 0.0025, 0.012)
    intervals[place == 0] = 0.0
    elapsed = np.cumsum(intervals)
    times = np.repeat(onsets_s - elapsed[first], sizes) + elapsed
    order = np.argsort(times, kind="stable")
    return times[order], BURST_FADE ** place[order].astype(np.float64)


def _respect_refractory(samples: IntArray, refractory: int) -> IntArray:
    """Return the positions kept when every spike too close to the kept one before it is dropped."""
    keep = np.arange(len(samples))
    while True:
        close = np.diff(samples[keep], prepend=samples[0] - refractory) < refractory
        close[1:] &= ~close[:-1]
        if not close.any():
            return keep
        keep = keep[~close]
