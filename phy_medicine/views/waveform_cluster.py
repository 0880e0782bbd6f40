"""Waveforms of one cluster in numbers: mean, deviation, counts by amplitude, and where its peak is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.waveform_source import Window

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

# Steps of amplitude over the range of a box; more than a box has pixels unless it is zoomed.
N_STEPS = 128
# Spikes read at once for the counts: some 40 MB while they are filtered.
_CHUNK = 256
# Of the range of some waveforms, at either end: others are larger.
_ROOM = 0.3
# How far from the spike's moment its peak is looked for.
_PEAK_WITHIN_MS = 1.0


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation, (n_channels, n_samples) float32 raw units, of `n` waveforms."""

    mean: FloatArray
    deviation: FloatArray
    n: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many waveforms have which amplitude at which sample.

    counts : (n_channels, N_STEPS, n_samples) uint32, lowest amplitude first; those beyond `low`, `high` in raw units
    are left out; moments : of the same waveforms
    """

    counts: IntArray
    low: float
    high: float
    moments: Moments


def moments_of(data: DataService, cluster_id: int, channels: Sequence[int], *, n: int, window: Window) -> Moments:
    """Return the moments of at most n waveforms of a cluster, from the cache if they are there.

    Raises
    ------
    DataMissing : there are no waveforms
    """

    def compute() -> Moments:
        waveforms = data.waveforms(cluster_id, channels, n=n, window=window).data
        shape = waveforms.shape[2], waveforms.shape[1]
        if not len(waveforms):
            return Moments(frozen(np.zeros(shape, np.float32)), frozen(np.zeros(shape, np.float32)), 0)
        mean, deviation = waveforms.mean(axis=0).T, waveforms.std(axis=0).T
        return Moments(frozen(np.ascontiguousarray(mean)), frozen(np.ascontiguousarray(deviation)), len(waveforms))

    return data.kept(("waveform moments", cluster_id, tuple(channels), n, window), compute)


def counts_of(data: DataService, cluster_id: int, channels: Sequence[int], *, n: int, window: Window) -> Counts:
    """Return the counts of at most n waveforms of a cluster at a regular stride, from the cache if they are there.

    Raises
    ------
    DataMissing : there are no waveforms
    """
    key = ("waveform counts", cluster_id, tuple(channels), n, window)
    return data.kept(key, lambda: _count(data, cluster_id, channels, n, window))


def _count(data: DataService, cluster_id: int, channels: Sequence[int], n: int, window: Window) -> Counts:
    some = data.waveforms(cluster_id, channels, n=min(n, 100), window=window)
    low, high = float(some.data.min(initial=0.0)), float(some.data.max(initial=0.0))
    room = _ROOM * (high - low) or 1.0
    low, high = low - room, high + room
    spike_ids = data.waveform_source.some_spikes(cluster_id, n)
    size = sum(window)
    counts = np.zeros(len(channels) * size * N_STEPS, dtype=np.int64)
    # The counts of an amplitude are those of a row of its own for each channel and sample.
    rows = (np.arange(size)[:, None] + size * np.arange(len(channels))) * N_STEPS
    total, squares = np.zeros((2, size, len(channels)))
    for start in range(0, len(spike_ids), _CHUNK):
        part = data.waveform_source.of_spikes(spike_ids[start : start + _CHUNK], channels, window)
        steps = np.floor((part - low) * (N_STEPS / (high - low))).astype(np.int64)
        inside = (steps >= 0) & (steps < N_STEPS)
        counts += np.bincount((steps + rows)[inside], minlength=len(counts))
        total += part.sum(axis=0, dtype=np.float64)
        squares += np.square(part, dtype=np.float64).sum(axis=0)
    n_read = max(len(spike_ids), 1)
    mean = total / n_read
    deviation = np.sqrt(np.maximum(squares / n_read - mean**2, 0))
    image = counts.reshape(len(channels), size, N_STEPS).transpose(0, 2, 1).astype(np.uint32)
    moments = Moments(frozen(mean.T.astype(np.float32)), frozen(deviation.T.astype(np.float32)), len(spike_ids))
    return Counts(frozen(image), low, high, moments)


def peak_sample(waveform: FloatArray, *, around: int | None = None, sample_rate: float = 0.0) -> int:
    """Return the sample of the largest deflection of a waveform, (n_samples,), near `around` if that is given."""
    size = np.abs(waveform)
    if around is not None:
        reach = round(_PEAK_WITHIN_MS * sample_rate / 1e3)
        first = max(around - reach, 0)
        return first + int(size[first : around + reach + 1].argmax())
    return int(size.argmax())


def moved(values: FloatArray, by: int) -> FloatArray:
    """Return curves (..., n_samples) moved by samples to the right; NaN where there is nothing."""
    return placed(values, 0, Window(by, values.shape[-1] - by)) if by else values


def placed(values: FloatArray, zero: int, window: Window) -> FloatArray:
    """Return the samples of a window around sample `zero` of curves (..., n_samples); NaN where there are none."""
    first, last = zero - window.before, zero + window.after
    known = values[..., max(first, 0) : max(last, 0)]
    out = np.full((*values.shape[:-1], last - first), np.nan, dtype=np.float32)
    start = max(-first, 0)
    out[..., start : start + known.shape[-1]] = known
    return out
