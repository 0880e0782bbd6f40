"""A bank of filters for spikes of any neuron: a few waveforms times footprints of a few widths at many places.

What a single channel hardly shows is found where several show it together. A spike is where the score of a filter,
in standard deviations of its noise, is the largest within half a millisecond and 50 um.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute import _kernels_detection
from phy_medicine.compute.detection import DetectedPeaks, noise_levels
from phy_medicine.compute.localize.contacts import Contacts

N_PROTOTYPES = 6
FEWEST_SNIPPETS = 1000
"""From which waveforms are learned; with fewer those that are built in are taken."""
WIDTHS_UM = (10.0, 20.0, 30.0, 40.0, 50.0)
NEAR_UM = 50.0
_SLAB_UM = 40.0
_REACH = 2.0
"""Of a footprint, in widths."""
_FINE = 0.5
"""Places of footprints are no nearer than so many widths: between two of them 3 % of a score are lost at most."""
_CHUNK = 4096
_MUCH_LARGER = 2.0
_APART_MS, _OTHER_TROUGH = 0.5, 0.3
"""Of a waveform that shows more than one spike: where, and how deep, of the depth of its own."""
_ALIGN = 6
"""Samples by which the extreme of a spike may be away from where the prototype has it."""
_BUILT_IN_MS = ((0.10, 0.25), (0.13, 0.35), (0.17, 0.45), (0.22, 0.60), (0.12, 0.80), (0.30, 0.90))
"""Width of the trough and delay of the crest after it."""


def learned_prototypes(snippets: FloatArray, seed: int, n_prototypes: int = N_PROTOTYPES) -> FloatArray:
    """Return the centres of waveforms (n, D) of norm 1 as k-means finds them, (P, D) float32 of norm 1."""
    from sklearn.cluster import KMeans

    unit = snippets / np.maximum(np.linalg.norm(snippets, axis=1, keepdims=True), 1e-9)
    found = KMeans(n_prototypes, n_init=3, random_state=seed, max_iter=50).fit(unit.astype(np.float64))
    order = np.argsort(-np.bincount(found.labels_, minlength=n_prototypes), kind="stable")
    return _of_norm_1(found.cluster_centers_[order])


def built_in_prototypes(width: int, trough: int, sample_rate: float) -> FloatArray:
    """Return waveforms as spikes often have, (P, D) float32 of norm 1, the trough at a sample."""
    times_ms = (np.arange(width) - trough) * 1000 / sample_rate
    narrow, delay = np.array(_BUILT_IN_MS).T[:, :, None]
    troughs = np.exp(-0.5 * (times_ms / narrow) ** 2)
    crests = np.exp(-0.5 * ((times_ms - delay) / (0.6 * delay)) ** 2)
    return _of_norm_1(0.35 * crests - troughs)


def prototypes_of(snippets: FloatArray, trough: int, sample_rate: float, seed: int) -> FloatArray:
    """Return prototypes of the waveforms (n, D) that were seen, or those that are built in where these are few."""
    alone = snippets[is_alone(snippets, trough, round(_APART_MS * sample_rate / 1000))]
    if len(alone) < FEWEST_SNIPPETS:
        return built_in_prototypes(snippets.shape[1], trough, sample_rate)
    return learned_prototypes(alone, seed)


def is_alone(snippets: FloatArray, trough: int, apart: int) -> IntArray:
    """Return which waveforms (n, D) have no other trough so many samples away or more, (n,) bool.

    A prototype with two troughs would find each spike twice.
    """
    away = np.abs(np.arange(snippets.shape[1]) - trough) >= apart
    return np.asarray(snippets[:, away].min(axis=1) > _OTHER_TROUGH * snippets[:, trough])


def _of_norm_1(waveforms: FloatArray) -> FloatArray:
    norms = np.linalg.norm(waveforms, axis=1, keepdims=True)
    return np.ascontiguousarray(waveforms / np.maximum(norms, 1e-9), np.float32)


@dataclass(frozen=True, slots=True)
class Footprints:
    """Gaussians over the channels of a probe, each of norm 1, in slabs along it.

    order : (N,) int64, channels by shank and depth; rows are places in it
    places : (M, 2) float64, um, and shanks : (M,) int64, of the filters
    starts : (M + 1,) int64, where rows (channels) and weights (float32) of each begin
    groups : (n, 5) int64, of those of one width in one slab: the slab, rows from and to, filters from and to
    """

    order: IntArray
    places: FloatArray
    shanks: IntArray
    starts: IntArray
    rows: IntArray
    weights: FloatArray
    groups: IntArray

    @classmethod
    def of(cls, contacts: Contacts, widths_um: tuple[float, ...] = WIDTHS_UM) -> Footprints:
        """Make footprints for a probe, at places half as far apart as its contacts, up and down and across."""
        positions, shanks = contacts.positions_um, contacts.shanks
        order = np.lexsort((positions[:, 0], positions[:, 1], shanks))
        by_row = positions[order]
        places: list[FloatArray] = []
        of_shank, rows, weights, groups = [], [], [], []
        for shank in np.unique(shanks):
            own = np.flatnonzero(shanks[order] == shank)
            first_slab = 1 + groups[-1][0] if groups else 0
            for width in widths_um:
                grid = _grid(by_row[own], _FINE * width)
                slab_of = ((grid[:, 1] - grid[0, 1]) // _SLAB_UM).astype(int)
                for slab in np.unique(slab_of):
                    begin = len(places)
                    for place in grid[slab_of == slab]:
                        some, weight = _gaussian(by_row, own, place, width)
                        places.append(place)
                        of_shank.append(shank)
                        rows.append(some)
                        weights.append(weight)
                    used = np.concatenate(rows[begin:])
                    groups.append((first_slab + slab, used.min(), used.max() + 1, begin, len(places)))
        return cls(
            order.astype(np.int64), np.array(places), np.array(of_shank, np.int64),
            np.cumsum([0, *map(len, rows)]).astype(np.int64), np.concatenate(rows).astype(np.int64),
            np.concatenate(weights).astype(np.float32), np.array(groups, np.int64),
        )  # fmt: skip

    @property
    def n_slabs(self) -> int:
        """G."""
        return int(self.groups[:, 0].max()) + 1

    @property
    def n_filters(self) -> int:
        """M."""
        return len(self.places)

    def near(self) -> tuple[IntArray, IntArray]:
        """Return the number of each filter's place, (M,), and which places are near each other, (m, m) uint8."""
        keys = np.column_stack([self.shanks, self.places])
        unique, number = np.unique(keys, axis=0, return_inverse=True)
        away = np.hypot(unique[:, None, 1] - unique[:, 1], unique[:, None, 2] - unique[:, 2])
        near = (away <= NEAR_UM + 1e-6) & (unique[:, None, 0] == unique[:, 0])
        return number.astype(np.int64), near.astype(np.uint8)


def _grid(positions: FloatArray, least_um: float) -> FloatArray:
    """Places half as far apart as contacts, or farther, in the order of depth."""
    axes = []
    for values in positions.T:
        steps = np.diff(np.unique(values))
        step = max(float(np.median(steps)) / 2 if steps.size else 1.0, least_um)
        n = int(np.ptp(values) // step) + 1
        axes.append(values.min() + (np.ptp(values) - (n - 1) * step) / 2 + step * np.arange(n))
    return np.array([(x, y) for y in axes[1] for x in axes[0]])


def _gaussian(positions: FloatArray, own: IntArray, place: FloatArray, width: float) -> tuple[IntArray, FloatArray]:
    """Channels of a shank around a place, at least the nearest, and their weights, of norm 1."""
    away = np.hypot(*(positions[own] - place).T)
    near = away <= max(_REACH * width, float(away.min()) + 1e-6)
    # Of a place far from every contact all weights would be too small for a float.
    weight = np.exp(-0.5 * (away[near] ** 2 - away.min() ** 2) / width**2)
    return own[near], weight / np.linalg.norm(weight)


@dataclass(frozen=True, slots=True)
class BankDetector:
    """Finds spikes by a bank of filters; safe in any thread.

    prototypes : (P, D) float32 of norm 1; trough : sample of them; levels : (P,), their noise on one channel
    threshold : of the score, in standard deviations of its noise
    both : whether spikes upside down are looked for, too, as in what is left of the data. Where spikes of all sizes
        are, what comes within a prototype of one that is twice as large is taken for a part of that
    """

    prototypes: FloatArray
    trough: int
    levels: FloatArray
    footprints: Footprints
    threshold: float
    exclude_samples: int
    both: bool = False
    _places: IntArray = field(init=False, repr=False)
    _near: IntArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        places, near = self.footprints.near()
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "_near", near)

    def detect(self, data: FloatArray, first: int, stop: int) -> DetectedPeaks:
        """Return the spikes whose troughs lie in some columns of data (N, T) float32."""
        from phy_medicine.compute.sorting import _kernels_bank as kernels

        times, filters, scores = self._candidates(data, first, stop)
        kept, hidden = np.empty(len(times), np.uint8), np.zeros(len(times), np.uint8)
        places, sizes = self._places[filters % self.footprints.n_filters], np.abs(scores)
        _kernels_detection.keep(
            times, places, sizes, self._near, self.exclude_samples, first - self.trough, stop - self.trough, kept
        )
        if not self.both:
            reach = self.prototypes.shape[1]
            kernels.overshadowed(times, places, sizes, self._near, reach, _MUCH_LARGER, hidden)
        some = (kept > hidden).astype(bool)
        return self._aligned(data, times[some] + self.trough, filters[some], scores[some])

    def responses(self, data: FloatArray) -> FloatArray:
        """Return those of each prototype on each channel of data (N, T), by depth, (P, N, T - D + 1) float32."""
        from phy_medicine.compute.sorting import _kernels_scores as kernels

        n_channels, n = len(data), max(0, data.shape[1] - self.prototypes.shape[1] + 1)
        rows = np.ascontiguousarray(data[self.footprints.order])
        out, every = np.empty((len(self.prototypes), n_channels, n), np.float32), np.arange(n_channels)
        for of_one, waveform, level in zip(out, self.prototypes, self.levels, strict=True):
            taps = np.repeat(kernels.taps_of(waveform[None] / np.float32(level)), n_channels, axis=0)
            kernels.correlate(rows, taps, every, 0, n, of_one)
        return out

    def _candidates(self, data: FloatArray, first: int, stop: int) -> tuple[IntArray, IntArray, FloatArray]:
        """Where the filters of a slab are largest in time: first sample, number, score; ascending."""
        from phy_medicine.compute.sorting import _kernels_bank as kernels

        f = self.footprints
        reach = self.exclude_samples if self.both else self.prototypes.shape[1]
        begin = max(0, first - self.trough - reach)
        end = min(data.shape[1] - self.prototypes.shape[1] + 1, stop - self.trough + reach)
        parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))]
        for start in range(begin, end, _CHUNK):
            low, high = max(0, start - 1), min(start + _CHUNK, end) + self.prototypes.shape[1]
            responses = self.responses(data[:, low:high])
            best = np.empty((f.n_slabs, responses.shape[2]), np.float32)
            which = np.zeros(best.shape, np.int32)
            kernels.search(
                responses, self.both, self.threshold, f.groups, f.starts, f.rows, f.weights, best, which
            )  # fmt: skip
            room = best.size
            slabs, times = np.empty(room, np.int32), np.empty(room, np.int64)
            n = kernels.peaks(best, start - low, min(start + _CHUNK, end) - low, slabs, times)
            slabs, times = slabs[:n], times[:n]
            parts.append((times + low, which[slabs, times].astype(np.int64), best[slabs, times]))
        times, filters, scores = (np.concatenate(column) for column in zip(*parts, strict=True))
        return times, filters, scores

    def _aligned(self, data: FloatArray, times: IntArray, filters: IntArray, scores: FloatArray) -> DetectedPeaks:
        """Peaks at the extreme of the channel that is largest, of those of the filter, as large as the score."""
        f = self.footprints
        samples, channels = np.empty(len(times), np.int64), np.empty(len(times), np.int64)
        for i, (time, number, sign) in enumerate(zip(times.tolist(), filters.tolist(), np.sign(scores), strict=True)):
            m = number % f.n_filters
            own = f.order[f.rows[f.starts[m] : f.starts[m + 1]]]
            low, high = max(0, time - _ALIGN), min(data.shape[1], time + _ALIGN + 1)
            # A trough of the data is where the filter, whose trough is negative, has a positive score.
            here = -sign * data[own, low:high]
            row, column = np.unravel_index(int(here.argmax()), here.shape)
            samples[i], channels[i] = low + column, own[row]
        # Filters that are apart may see the same spike.
        both, first = np.unique(np.column_stack([samples, channels]), axis=0, return_index=True)
        return DetectedPeaks(both[:, 0], both[:, 1], -scores[first])


def prototype_noise(prototypes: FloatArray, data: FloatArray) -> FloatArray:
    """Return the noise of the responses of prototypes (P, D) on single channels of data (N, T), (P,)."""
    from phy_medicine.compute.sorting import _kernels_scores as kernels

    n, rows = data.shape[1] - prototypes.shape[1] + 1, np.ascontiguousarray(data)
    out, levels = np.empty((len(data), n), np.float32), []
    for waveform in prototypes:
        taps = np.repeat(kernels.taps_of(waveform[None]), len(data), axis=0)
        kernels.correlate(rows, taps, np.arange(len(data)), 0, n, out)
        levels.append(float(np.median(noise_levels(out.T))))
    return np.array(levels, np.float32)
