"""Data drawn from the model itself: templates of rank one, spikes at random times, white noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Simulation:
    """Data and what they are made of.

    templates : (K, N, D) float32, each of norm 1; amplitudes : (K, T) float32, mostly 0; data : (N, T) float32
    noise_std : standard deviation of the noise
    """

    templates: FloatArray
    amplitudes: FloatArray
    data: FloatArray
    noise_std: float


def simulate(
    n_samples: int,
    n_channels: int,
    template_samples: int,
    n_units: int,
    *,
    sample_rate: float = 1000.0,
    rate_hz: float = 10.0,
    mean_amplitude: float = 15.0,
    shape_amplitude: float = 3.0,
    noise_std: float = 1.0,
    seed: int = 0,
) -> Simulation:
    """Draw templates, spikes and noise.

    Parameters
    ----------
    sample_rate, rate_hz : Hz; each unit has a Poisson number of spikes at uniform times, of which those less than
        `template_samples` after another of their unit are left out
    mean_amplitude, shape_amplitude : of the Gamma distribution of amplitudes
    seed : templates and data have generators of their own, which differ from `default_rng(seed)`

    Raises
    ------
    PhyMedError : no channel, no unit, or fewer samples than a template has
    """
    if min(n_channels, n_units, template_samples) < 1 or n_samples < template_samples:
        raise PhyMedError("A simulation needs a channel, a unit, and at least as many samples as a template has.")
    of_templates, of_data = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
    templates = random_templates(n_units, n_channels, template_samples, of_templates)
    amplitudes = np.zeros((n_units, n_samples), np.float32)
    for row in amplitudes:
        count = of_data.poisson(n_samples / sample_rate * rate_hz)
        times = apart(np.sort(of_data.integers(0, n_samples, count)), template_samples)
        row[times] = of_data.gamma(shape_amplitude, mean_amplitude / shape_amplitude, times.size)
    data = of_data.standard_normal((n_channels, n_samples), dtype=np.float32)
    data *= noise_std
    add_spikes(data, templates, amplitudes)
    return Simulation(templates, amplitudes, data, noise_std)


def random_templates(n_units: int, n_channels: int, n_samples: int, rng: np.random.Generator) -> FloatArray:
    """Return templates of norm 1, (K, N, D) float32: a bump over channels times a warped, windowed sine."""
    centre = rng.uniform(0, n_channels, n_units)[:, None]
    width = rng.uniform(1, 1 + n_channels / 10, n_units)[:, None]
    footprints = np.exp(-0.5 * ((np.arange(n_channels) - centre) / width) ** 2)
    samples, period = np.arange(n_samples), n_samples / rng.uniform(1, 2, n_units)[:, None]
    z = (samples - 0.75 * period) / (0.25 * period)
    profiles = 1 - np.exp(-np.exp(-0.5 * z**2) * np.sin(2 * np.pi * samples / period))
    templates = footprints[:, :, None] * profiles[:, None]
    templates /= np.linalg.norm(templates, axis=(1, 2), keepdims=True)
    return np.asarray(templates, np.float32)


def apart(times: IntArray, distance: int) -> IntArray:
    """Return the times, ascending, without those less than `distance` after the last one that is kept."""
    kept, last = [], -distance
    for i, time in enumerate(times.tolist()):
        if time - last >= distance:
            kept.append(i)
            last = time
    return times[kept]


def add_spikes(data: FloatArray, templates: FloatArray, amplitudes: FloatArray) -> None:
    """Add every template at its spikes to the data, in place; what runs past the end is cut off."""
    n_samples = templates.shape[2]
    for template, row in zip(templates, amplitudes, strict=True):
        for time in np.flatnonzero(row).tolist():
            part = data[:, time : time + n_samples]
            part += row[time] * template[:, : part.shape[1]]
