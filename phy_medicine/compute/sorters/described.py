"""Spikes that any sorter found as a `Sorting`: their templates, amplitudes and features, cut out of the recording."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.filtered_recording import Recorded
from phy_medicine.compute.sorting.draft import Draft
from phy_medicine.compute.sorting.postprocess import measured
from phy_medicine.compute.sorting.preprocess import SortingRecording
from phy_medicine.compute.sorting.result import SortedChannels, SortedSpikes, Sorting
from phy_medicine.compute.sorting.settings import SortingSettings

N_AVERAGED = 500
"""Spikes of which a template is the mean."""
N_CHANNELS, N_FEATURE_CHANNELS, N_SHAPES = 24, 12, 6
_LEAST_PART = 0.03
"""Channels on which a template is smaller than this part of its maximum are not part of it."""


@dataclass(frozen=True, slots=True)
class FoundSpikes:
    """What a sorter says.

    times : (n,) int64, samples; units : (n,) int32, row of `names`
    names : (n_units,) str; said : name -> (n_units,) array, of each unit
    """

    times: IntArray
    units: IntArray
    names: AnyArray
    said: Mapping[str, AnyArray] = field(default_factory=dict)


def describe(
    recording: Recorded,
    channels: SortedChannels,
    found: FoundSpikes,
    settings: SortingSettings,
    *,
    gain_uv: float = 1.0,
    progress: Callable[[float, str], object] = lambda fraction, message: None,
) -> Sorting:
    """Return spikes with everything that can be measured of them.

    Templates are the means of up to 500 whitened spikes, moved so that their troughs are where the settings say; the
    times move with them. A spike at the edge of the recording, which no template fits, is left out, and so is a unit
    without spikes.

    Parameters
    ----------
    channels : of the recording
    gain_uv : µV of one unit of the recording
    progress : called with the fraction done and what is going on; what it raises ends the work

    Raises
    ------
    PhyMedError : no spikes are left, or a channel is flat
    """
    began = time.perf_counter()
    signal = _Signal.of(recording, channels, settings, gain_uv)
    times, units, names, said = _usable(found, signal)
    progress(0.0, "Averaging spikes")
    wide = _means(signal, times, units, len(names), 2 * signal.length, lambda p: progress(0.4 * p, "Averaging spikes"))
    shift, templates = _aligned(wide, signal)
    times = times + shift[units]
    order = np.argsort(_depths(templates, channels.positions), kind="stable")
    templates, units = templates[order], np.argsort(order)[units].astype(np.int32)
    inside = (times >= signal.trough) & (times - signal.trough + signal.length <= signal.n_samples)
    in_order = np.flatnonzero(inside)[np.lexsort((units[inside], times[inside]))]
    times, units = times[in_order], units[in_order]
    shapes = _shapes(templates)
    near = _feature_channels(templates)
    spikes = _measured(
        signal, times, units, templates, near, shapes, lambda p: progress(0.4 + 0.6 * p, "Measuring spikes")
    )
    draft = Draft(
        spikes, templates, signal.trough, near, shapes, channels, signal.white.whitening, recording.sample_rate,
        recording.n_samples,
    )  # fmt: skip
    table = {**measured(draft), "sorter_unit": names[order], **{name: values[order] for name, values in said.items()}}
    return Sorting(
        spikes=spikes,
        templates=templates,
        trough=signal.trough,
        feature_channels=near,
        feature_shapes=shapes,
        units=table,
        suggested_merges=(),
        channels=channels,
        whitening=signal.white.whitening,
        sample_rate=recording.sample_rate,
        n_samples=recording.n_samples,
        settings=settings,
        timings={"describe": time.perf_counter() - began},
    )


@dataclass(frozen=True, slots=True)
class _Signal:
    """A recording as templates are cut from it.

    length, trough : samples of a template, and where in it its trough is; batch : samples read at once
    """

    white: SortingRecording
    length: int
    trough: int
    batch: int

    @classmethod
    def of(cls, recording: Recorded, channels: SortedChannels, settings: SortingSettings, gain_uv: float) -> _Signal:
        rate = recording.sample_rate
        length = round(settings.template_ms * rate / 1000)
        white = SortingRecording.of(recording, channels, settings, gain_uv=gain_uv)
        return cls(white, length, round(settings.trough_fraction * length), round(settings.batch_s * rate))

    @property
    def n_samples(self) -> int:
        """Of the recording."""
        return self.white.n_samples

    def cut(self, times: IntArray, before: int, length: int) -> Iterator[tuple[slice, FloatArray, float]]:
        """Go through the batches: which spikes, (N, n, length) windows of them, and the part of the work done."""
        bounds = np.append(np.arange(0, self.n_samples, self.batch), self.n_samples)
        edges = np.searchsorted(times, bounds)
        for (start, stop), (first, last) in zip(pairwise(bounds.tolist()), pairwise(edges.tolist()), strict=True):
            if first == last:
                continue
            begin, end = max(start - before, 0), min(stop + length, self.n_samples)
            data = self.white.read(begin, end)
            windows = np.lib.stride_tricks.sliding_window_view(data, length, axis=1)
            yield slice(first, last), windows[:, times[first:last] - before - begin], stop / self.n_samples


def _usable(found: FoundSpikes, signal: _Signal) -> tuple[IntArray, IntArray, AnyArray, dict[str, AnyArray]]:
    """Spikes whose surroundings were recorded, in order of time, and the units that have some."""
    margin = 2 * signal.length
    inside = (found.times >= margin) & (found.times < signal.n_samples - margin)
    kept = np.flatnonzero(inside)[np.argsort(found.times[inside], kind="stable")]
    if not len(kept):
        raise PhyMedError("No spike lies so far from the ends of the recording that its template can be cut.")
    living, units = np.unique(found.units[kept], return_inverse=True)
    said = {name: values[living] for name, values in found.said.items()}
    return found.times[kept], units.astype(np.int32), found.names[living], said


def _means(
    signal: _Signal, times: IntArray, units: IntArray, n_units: int, length: int, progress: Callable[[float], object]
) -> FloatArray:
    """Mean of up to `N_AVERAGED` spikes of each unit, spread over the recording, (K, N, length)."""
    chosen = _spread(units, n_units)
    before = signal.trough + (length - signal.length) // 2
    total = np.zeros((n_units, signal.white.n_channels, length), np.float32)
    for which, windows, part in signal.cut(times[chosen], before, length):
        progress(part)
        for unit, rows in _by_unit(units[chosen][which]):
            total[unit] += windows[:, rows].sum(axis=1)
    counts = np.bincount(units[chosen], minlength=n_units)
    return total / np.maximum(counts, 1)[:, None, None].astype(np.float32)


def _spread(units: IntArray, n_units: int) -> IntArray:
    """Spikes evenly spread over those of each unit, ascending."""
    order = np.argsort(units, kind="stable")
    edges = np.searchsorted(units[order], np.arange(n_units + 1))
    chosen = []
    for first, last in pairwise(edges.tolist()):
        n = min(last - first, N_AVERAGED)
        chosen.append(order[first + np.linspace(0, last - first - 1, n).astype(np.int64)])
    return np.sort(np.concatenate(chosen))


def _by_unit(units: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Each unit and its rows."""
    order = np.argsort(units, kind="stable")
    cuts = np.flatnonzero(np.diff(units[order])) + 1
    for rows in np.split(order, cuts):
        if len(rows):
            yield int(units[rows[0]]), rows


def _aligned(wide: FloatArray, signal: _Signal) -> tuple[IntArray, FloatArray]:
    """How far each template is moved, (K,) samples, and templates of norm 1 on their own channels, (K, N, D)."""
    size = np.abs(wide)
    reach = (wide.shape[2] - signal.length) // 2
    main = size[:, :, reach:-reach].max(axis=2).argmax(axis=1) if reach else size.max(axis=2).argmax(axis=1)
    before = signal.trough + reach
    places = np.arange(wide.shape[2])
    # A trough that lies farther off would not fit into the window that was cut.
    near = np.abs(places - before) <= reach
    rows = size[np.arange(len(wide)), main]
    shift = np.where(near, rows, -1.0).argmax(axis=1) - before
    cut = np.stack([w[:, reach + s : reach + s + signal.length] for w, s in zip(wide, shift.tolist(), strict=True)])
    return shift.astype(np.int64), _sparse(cut)


def _sparse(templates: FloatArray) -> FloatArray:
    """Templates on the channels that matter, of norm 1."""
    peaks = np.abs(templates).max(axis=2)
    order = np.argsort(-peaks, axis=1, kind="stable")
    ranks = np.argsort(order, axis=1)
    kept = (peaks >= _LEAST_PART * peaks.max(axis=1, keepdims=True)) & (ranks < N_CHANNELS)
    out = templates * kept[:, :, None]
    norms = np.sqrt((out**2).sum(axis=(1, 2), keepdims=True))
    return (out / np.maximum(norms, 1e-12)).astype(np.float32)


def _depths(templates: FloatArray, positions: FloatArray) -> FloatArray:
    """Centre of the energy of each template along the probe, (K,)."""
    energy = (templates**2).sum(axis=2)
    depths: FloatArray = energy @ positions[:, 1] / np.maximum(energy.sum(axis=1), 1e-12)
    return depths


def _feature_channels(templates: FloatArray) -> IntArray:
    """The channels on which a template is largest, (K, C), -1 where it has no more."""
    peaks = np.abs(templates).max(axis=2)
    n = min(N_FEATURE_CHANNELS, peaks.shape[1])
    order = np.argsort(-peaks, axis=1, kind="stable")[:, :n]
    return np.where(np.take_along_axis(peaks, order, axis=1) > 0, order, -1).astype(np.int32)


def _shapes(templates: FloatArray) -> FloatArray:
    """Orthonormal waveforms that the templates are made of, (P, D); the largest first."""
    rows = templates.reshape(-1, templates.shape[2])
    _values, vectors = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    return np.ascontiguousarray(vectors.T[::-1][:N_SHAPES]).astype(np.float32)


def _measured(
    signal: _Signal,
    times: IntArray,
    units: IntArray,
    templates: FloatArray,
    near: IntArray,
    shapes: FloatArray,
    progress: Callable[[float], object],
) -> SortedSpikes:
    """Amplitude, worth, rest and features of each spike."""
    n = len(times)
    amplitudes, residuals = np.zeros(n, np.float32), np.zeros(n, np.float32)
    features = np.zeros((n, len(shapes), near.shape[1]), np.float32)
    own = [np.flatnonzero(np.abs(t).max(axis=1) > 0) for t in templates]
    for which, windows, part in signal.cut(times, signal.trough, signal.length):
        progress(part)
        for unit, rows in _by_unit(units[which]):
            data, shape = windows[own[unit]][:, rows], templates[unit][own[unit]]
            size = np.einsum("cnd,cd->n", data, shape)
            at = which.start + rows
            amplitudes[at] = size
            residuals[at] = (np.einsum("cnd,cnd->n", data, data) - size**2) / shape.size
            used = near[unit] >= 0
            features[np.ix_(at, np.arange(len(shapes)), np.flatnonzero(used))] = np.einsum(
                "cnd,pd->npc", windows[near[unit][used]][:, rows], shapes
            )
    counts = np.bincount(units, minlength=len(templates)).astype(np.float64)
    rare = np.log(np.maximum(signal.n_samples / np.maximum(counts, 1) - 1, 1.0))
    gains = (amplitudes**2 / 2 - rare[units]).astype(np.float32)
    return SortedSpikes(times, units, amplitudes, gains, residuals, features)
