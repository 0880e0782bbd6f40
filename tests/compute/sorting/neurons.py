"""Neurons of which everything is known: refractory trains, templates, features with noise of 1."""

from __future__ import annotations

import numpy as np

RATE, WIDTH, N_CHANNELS = 30_000.0, 41, 8
DURATION_S = 600
N_SAMPLES = int(DURATION_S * RATE)


def poisson_train(rng, rate_hz, duration_s=DURATION_S):
    return np.sort(rng.integers(0, int(duration_s * RATE), rng.poisson(rate_hz * duration_s)))


def neuron_train(rng, rate_hz, refractory_s=0.004, duration_s=DURATION_S):
    """Spikes with intervals of a dead time and an exponential one."""
    n = int(rate_hz * duration_s * 1.5) + 50
    times = np.cumsum(refractory_s + rng.exponential(1 / rate_hz - refractory_s, n))
    return (times[times < duration_s] * RATE).astype(np.int64)


def template(channel, width_um=1.2, period=14.0, trough=13):
    """A trough with a peak after it, on channels around one."""
    d = np.arange(WIDTH) - trough
    wave = -np.exp(-0.5 * (d / (period / 4)) ** 2) + 0.4 * np.exp(-0.5 * ((d - period) / (period / 2)) ** 2)
    footprint = np.exp(-0.5 * ((np.arange(N_CHANNELS) - channel) / width_um) ** 2)
    out = np.outer(footprint, wave)
    return (out / np.linalg.norm(out)).astype(np.float32)


def shapes_of(templates, n=5):
    """Orthonormal waveforms that the channels of templates are made of, (P, D)."""
    return np.linalg.svd(np.concatenate(list(templates)), full_matrices=False)[2][:n].astype(np.float32)


def spikes(trains, amplitudes):
    """Times, units, amplitudes in the order of time; amplitudes : a value or array for each train."""
    times = np.concatenate(trains)
    units = np.repeat(np.arange(len(trains)), [len(t) for t in trains]).astype(np.int32)
    values = np.concatenate([np.broadcast_to(a, len(t)) for a, t in zip(amplitudes, trains, strict=True)])
    order = np.lexsort((units, times))
    return times[order], units[order], values[order].astype(np.float32)


def features(rng, shapes, waveforms, units, amplitudes, noise=1.0):
    """Scores of the true waveform of each spike and noise, (n, P, C); waveforms : (K, N, D), by number of the unit."""
    scores = np.einsum("knd,pd->kpn", waveforms, shapes)
    out = amplitudes[:, None, None] * scores[units]
    return (out + noise * rng.normal(size=out.shape)).astype(np.float32)
