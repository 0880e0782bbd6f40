"""Waveforms of one cluster in numbers: mean, deviation, counts by amplitude, and where its peak is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.waveform_source import Window
from phy_medicine.views.fields import summed

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
    """How many waveforms have which amplitude around which sample, from half a sample before it to half a one after.

    sums : `fields.summed` of the counts, (n_channels, N_STEPS, n_samples) with the lowest amplitude first; what is
    beyond `low`, `high` in raw units is left out; moments : of the same waveforms
    """

    sums: IntArray
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
    changes = np.zeros((sum(window), len(channels), N_STEPS + 1), dtype=np.int64)
    total, squares = np.zeros((2, sum(window), len(channels)))
    for start in range(0, len(spike_ids), _CHUNK):
        part = data.waveform_source.of_spikes(spike_ids[start : start + _CHUNK], channels, window)
        _add_curves(changes, (part - np.float32(low)) * np.float32(N_STEPS / (high - low)))
        total += part.sum(axis=0, dtype=np.float64)
        squares += np.square(part, dtype=np.float64).sum(axis=0)
    n_read = max(len(spike_ids), 1)
    mean = total / n_read
    deviation = np.sqrt(np.maximum(squares / n_read - mean**2, 0))
    counts = changes.cumsum(axis=2)[:, :, :N_STEPS].transpose(1, 2, 0)
    moments = Moments(frozen(mean.T.astype(np.float32)), frozen(deviation.T.astype(np.float32)), len(spike_ids))
    return Counts(frozen(summed(counts)), low, high, moments)


def _add_curves(changes: IntArray, heights: FloatArray) -> None:
    """Add where curves (n, n_samples, n_channels), in steps, begin and end to count around each sample.

    changes : (n_samples, n_channels, N_STEPS + 1), by how much each step has more than the one below
    """
    # Steep flanks would fall apart into dots if the samples alone were counted.
    middles = (heights[:, 1:] + heights[:, :-1]) / 2
    lowest, highest = heights.copy(), heights.copy()
    for own in (np.s_[:, :-1], np.s_[:, 1:]):
        np.minimum(lowest[own], middles, out=lowest[own])
        np.maximum(highest[own], middles, out=highest[own])
    rows = ((N_STEPS + 1) * np.arange(changes.shape[0] * changes.shape[1])).reshape(changes.shape[:2])
    for edge, sign in ((np.floor(lowest), 1), (np.floor(highest) + 1, -1)):
        steps = np.clip(edge, 0, N_STEPS).astype(np.int64) + rows
        changes += sign * np.bincount(steps.ravel(), minlength=changes.size).reshape(changes.shape)


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
