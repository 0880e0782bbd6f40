"""What is left of the signal without the spikes that the sorter found.

The shapes that are subtracted are measured: the mean of up to 100 spikes of each cluster in the same minute of the
recording, read and filtered as the traces are. Templates of Kilosort are in whitened space, on few channels, scaled by
the sorter's own rule, and do not know the drift; their residual would tell as much of that as of the spikes. All spikes
in sight are fitted together, each with a factor for its size, and one for its slope in time, which stands for a shift
by less than a sample; so overlapping spikes are shared out, and what no factor explains stays in sight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.reduction import extremes
from phy_medicine.compute.signal_filters import HIGH_PASS, NONE, common_median
from phy_medicine.session.blocks import Trace
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.cluster_facts import ClusterFacts
from phy_medicine.session.trace_source import TraceSource, without_offset

if TYPE_CHECKING:
    from phy_medicine.io.model import Model

_BEFORE_S, _AFTER_S = 0.001, 0.002
# Of the mean of many spikes what a filter remembers of the start is lost in the noise after 4 time constants.
_MARGIN_S = 0.004
_N_CHANNELS = 24
_MINUTE_S, _N_MEAN, _LEAST = 60.0, 100, 30
# Fitted at a time; a second of 24 channels has some hundred spikes.
_PIECE_S = 1.0
# Two clusters of one neuron at one moment would have any factors whose sum is right.
_RIDGE = 0.01


@dataclass(frozen=True, slots=True)
class Shape:
    """Mean spike of a cluster; channel_ids : (n_channels,); data, fitted : (n_samples, n_channels) float32.

    data : filtered as what it is subtracted from; fitted : as what its size is measured in
    """

    channel_ids: IntArray
    data: FloatArray
    fitted: FloatArray


class ResidualSource:
    """Subtracts spikes from traces; safe in any thread."""

    def __init__(self, model: Model, facts: ClusterFacts, source: TraceSource, cache: ArrayCache) -> None:
        self._model, self._facts, self._source, self._cache = model, facts, source, cache

    def read(
        self, start_s: float, stop_s: float, channel_ids: IntArray, *, filter: str, n_points: int | None = None
    ) -> Trace:
        """Return a stretch without its spikes, reduced as `TraceColumns.read` does, but read as a whole.

        Raises
        ------
        DataMissing : the dataset has no raw data
        """
        rate, filter = self._source.rate, self._source.filters[filter].name
        start, stop = round(start_s * rate), round(stop_s * rate)
        most = stop - start if n_points is None else n_points
        length = 1 if stop - start <= most else -(-(stop - start) // max(1, most // 2 - 1))
        first, last = start // length, -(-stop // length)
        step = max(1, round(_PIECE_S * rate) // length)
        pieces = []
        for a in range(first, last, step):
            data = self.samples(a * length, min(a + step, last) * length, channel_ids, filter)
            pieces.append(data if length == 1 else extremes(data, length).reshape(-1, len(channel_ids)))
        data = without_offset(np.concatenate(pieces), filter)
        return Trace(first * length / rate, frozen(data), channel_ids, rate if length == 1 else 2 * rate / length)

    def version(self, start_s: float, stop_s: float) -> int:
        """Return a number that changes with the clusters of the spikes in a stretch."""
        spikes = self._spikes(round(start_s * self._source.rate), round(stop_s * self._source.rate))
        return hash(self._facts.labels_of(spikes).tobytes())

    def samples(self, start: int, stop: int, channel_ids: IntArray, filter: str) -> FloatArray:
        """Return the samples [start, stop) without their spikes, (stop - start, n_channels) float32."""
        before, after = self._extent()
        spikes = self._spikes(start - after, stop + before)
        labels = self._facts.labels_of(spikes)
        minute = int(start / self._source.rate // _MINUTE_S)
        shapes = {}
        for cluster_id in np.unique(labels).tolist():
            shape = self._shape(cluster_id, minute, filter)
            if np.isin(shape.channel_ids, channel_ids).any():
                shapes[cluster_id] = shape
        kept = np.isin(labels, np.fromiter(shapes, dtype=np.int64))
        spikes, labels = spikes[kept], labels[kept]
        if not len(spikes):
            return self._source.samples(start, stop, channel_ids, filter)
        return self._subtract(start, stop, channel_ids, filter, spikes, [shapes[c] for c in labels.tolist()])

    def _subtract(
        self, start: int, stop: int, channel_ids: IntArray, filter: str, spikes: IntArray, shapes: list[Shape]
    ) -> FloatArray:
        before, after = self._extent()
        # Spikes at the ends are seen as a whole.
        first, last = start - before - after, stop + before + after
        others = np.setdiff1d(np.unique(np.concatenate([s.channel_ids for s in shapes])), channel_ids)
        channels = np.concatenate([np.asarray(channel_ids, dtype=np.int64), others])
        at = self._model.spike_samples[spikes].astype(np.int64) - before - first
        frame = (last - first, channels)
        seen = self._source.samples(first, last, channels, _fitted_in(filter))
        design = _design(frame, at, shapes, lambda shape: shape.fitted)
        factors = _solve(design, seen)
        if filter == NONE:
            seen = self._source.samples(first, last, channels, filter)
            design = _design(frame, at, shapes, lambda shape: shape.data)
        left = seen - (design @ factors).reshape(seen.shape)
        inside: FloatArray = left[start - first : stop - first, : len(channel_ids)].astype(np.float32)
        return inside

    def _extent(self) -> tuple[int, int]:
        """Return the samples of a shape before a spike, and from it on."""
        return round(_BEFORE_S * self._source.rate), round(_AFTER_S * self._source.rate)

    def _spikes(self, start: int, stop: int) -> IntArray:
        return np.arange(*np.searchsorted(self._model.spike_samples, (start, stop)), dtype=np.int64)

    # Shapes

    def _shape(self, cluster_id: int, minute: int, filter: str) -> Shape:
        key = ("residual shape", cluster_id, minute, filter)
        return self._cache.get(key, lambda: self._measure(cluster_id, minute, filter))

    def _measure(self, cluster_id: int, minute: int, filter: str) -> Shape:
        spikes = self._facts.spikes(cluster_id)
        samples = np.asarray(self._model.spike_samples[spikes], dtype=np.int64)
        chosen = samples[_of_minute(samples / self._source.rate, minute)]
        peak = self._model.template_channels(self._facts.main_template(cluster_id))[0]
        channels = _nearest(int(peak), self._model.channel_positions, self._model.channel_shanks)
        data = self._mean(chosen, channels, filter)
        fitted = data if _fitted_in(filter) == filter else self._mean(chosen, channels, _fitted_in(filter))
        return Shape(channels, frozen(data), frozen(fitted))

    def _mean(self, samples: IntArray, channels: IntArray, filter: str) -> FloatArray:
        """Return the mean of the signal around some samples, (n_samples, n_channels) float32."""
        traces, how, rate = self._model.traces, self._source.filters[filter], self._source.rate
        assert traces is not None
        before, after = self._extent()
        margin = round(_MARGIN_S * rate)
        length = before + after + 2 * margin
        total = np.zeros((before + after, len(channels)), dtype=np.float64)
        # All channels of 20 windows are 21 MB at 384 channels.
        for i in range(0, len(samples), 20):
            starts = samples[i : i + 20] - before - margin
            read: FloatArray = traces.read_many(starts, length, None if how.all_channels else channels).astype(
                np.float32
            )
            read -= np.median(read, axis=1, keepdims=True)
            if how.common:
                flat = common_median(read.reshape(-1, read.shape[2])).reshape(len(read), length, 1)
                read = read[:, :, channels] - flat
            filtered = how.apply(read, rate)[:, margin : margin + before + after]
            mine = filtered[:, :, channels] if how.all_channels and not how.common else filtered
            total += mine.sum(axis=0)
        mean: FloatArray = (total / max(len(samples), 1)).astype(np.float32)
        return mean


def _fitted_in(filter: str) -> str:
    """Return the filter in which sizes are measured: slow waves of the raw signal would decide them."""
    return HIGH_PASS if filter == NONE else filter


def _of_minute(times_s: FloatArray, minute: int) -> IntArray:
    """Return which spikes stand for a minute: those in it, or the nearest if these are few; at most `_N_MEAN`."""
    low, high = np.searchsorted(times_s, (minute * _MINUTE_S, (minute + 1) * _MINUTE_S)).tolist()
    if high - low < _LEAST:
        middle = (low + high) // 2
        low = min(max(middle - _LEAST // 2, 0), max(len(times_s) - _LEAST, 0))
        high = min(low + _LEAST, len(times_s))
    return np.unique(np.linspace(low, max(high - 1, low), min(_N_MEAN, max(high - low, 1))).astype(np.int64))


def _nearest(peak: int, positions: FloatArray, shanks: IntArray) -> IntArray:
    """Return the channels around a peak on its shank, nearest first."""
    mine = np.flatnonzero(shanks == shanks[peak])
    distance = np.hypot(*(positions[mine] - positions[peak]).T)
    nearest: IntArray = mine[np.argsort(distance, kind="stable")[:_N_CHANNELS]]
    return nearest


def _design(
    frame: tuple[int, IntArray], at: IntArray, shapes: list[Shape], values: Callable[[Shape], FloatArray]
) -> Any:
    """Return a sparse matrix from two factors of each spike to samples and channels, row by row of the signal.

    frame : number of samples, and channels; at : (n,) row of each spike's first sample; shapes : of each spike
    """
    from scipy.sparse import csc_array

    n_samples, channels = frame
    place = np.full(int(channels.max()) + 1, -1)
    place[channels] = np.arange(len(channels))
    rows, columns, entries = [], [], []
    kinds = {id(shape): shape for shape in shapes}
    which = np.array([id(shape) for shape in shapes])
    for key, shape in kinds.items():
        mine = np.flatnonzero(which == key)
        data = values(shape)
        both = np.stack([data, np.gradient(data, axis=0)])
        t = np.arange(len(data))
        cells = t[:, np.newaxis] * len(channels) + place[shape.channel_ids]
        # (spikes, factors, samples, channels)
        full = np.broadcast_to(cells + (at[mine] * len(channels))[:, np.newaxis, np.newaxis, np.newaxis],
                               (len(mine), 2, *data.shape))  # fmt: skip
        rows.append(full.ravel())
        entries.append(np.broadcast_to(both, full.shape).ravel())
        columns.append(np.repeat(2 * mine[:, np.newaxis] + np.arange(2), data.size))
    row, column, entry = np.concatenate(rows), np.concatenate(columns), np.concatenate(entries)
    inside = (row >= 0) & (row < n_samples * len(channels))
    shape_of = (n_samples * len(channels), 2 * len(shapes))
    return csc_array((entry[inside], (row[inside], column[inside])), shape=shape_of)


def _solve(design: Any, seen: FloatArray) -> FloatArray:
    """Return size and slope of each spike by least squares, drawn a little to 1 and 0; no size is below 0."""
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import spsolve

    gram = (design.T @ design).tocsc().astype(np.float64)
    weight = _RIDGE * gram.diagonal() + 1e-9
    usual = np.tile([1.0, 0.0], gram.shape[0] // 2)
    factors = spsolve(gram + diags_array(weight, format="csc"), design.T @ seen.ravel() + weight * usual)
    factors = np.asarray(factors).reshape(-1, 2)
    gone = factors[:, 0] <= 0
    factors[gone] = 0.0
    return factors.ravel()
