"""Which units are neurons: not noise, not pieces of another unit, not the same unit twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.bank import Bank
from phy_medicine.compute.sorting.learning import Pass, moments
from phy_medicine.compute.sorting.likeness import similarities
from phy_medicine.compute.sorting.model import Model

_ABOUT = 7
"""Delays that are taken for one, samples."""


@dataclass(frozen=True, slots=True)
class Tidying:
    """When a unit goes.

    pieces : whether those go that are pieces of others; a unit that was just found may also have taken the place of
        what a larger one did not explain yet
    least_spikes : of a unit
    most_decoys, sure : so often, as a share of the spikes, the template upside down was found in what is left; it tells
        nothing of a unit whose mean amplitude is this many standard deviations of its score in noise or more
    most_locked : share of spikes that come at one and the same delay (within 0.1 ms) from those of a larger unit: what
        that unit's template did not explain
    often : share of the spikes of a larger unit that a smaller one comes with at about the same delay, from which what
        the smaller explains of them is given to the larger
    most_near, much_larger : share of spikes, beyond chance, within `near_samples` of those of a unit so many times
        larger: the rest of its waveform
    most_alike : cosine of two templates at the best delay, from which the one with fewer spikes goes
    """

    pieces: bool = True
    least_spikes: int = 20
    most_decoys: float = 0.5
    sure: float = 8.0
    most_locked: float = 0.75
    often: float = 0.4
    most_near: float = 0.75
    much_larger: float = 4.0
    near_samples: int = 90
    most_alike: float = 0.95


def kept_units(model: Model, found: Pass, noise: FloatArray, how: Tidying) -> tuple[IntArray, dict[str, int]]:
    """Return the units that stay, ascending, and how many went for each reason.

    noise : (K,), standard deviation of the score of each unit in noise
    """
    counts = np.bincount(found.spikes.units, minlength=model.n_units)
    few = counts < how.least_spikes
    false = ~few & (found.decoys > how.most_decoys * counts) & (model.means < how.sure * noise)
    good = np.flatnonzero(~few & ~false)
    locked = np.zeros(model.n_units, bool)
    if how.pieces:
        locked[good] = locked_units(found, good, model.means, how)
    good = np.flatnonzero(~few & ~false & ~locked)
    alike = np.zeros(model.n_units, bool)
    alike[good] = doubles(model.of(good), how.most_alike)
    reasons = {"few spikes": few, "noise": false, "piece of another unit": locked, "the same unit": alike}
    return np.flatnonzero(~(few | false | locked | alike)), {name: int(gone.sum()) for name, gone in reasons.items()}


def locked_units(found: Pass, units: IntArray, means: FloatArray, how: Tidying) -> IntArray:
    """Return which of some units fire with one of the others that has larger spikes, (n,) bool."""
    lags, counts = _delays(found, units, len(means), how.near_samples)
    together = _about(lags).max(axis=2) / counts
    chance = counts[:, None] * lags.shape[2] / max(found.n_samples, 1)
    near = lags.sum(axis=2) / counts - chance
    larger = means[units][:, None] / means[units]
    locked = (together > how.most_locked) & (larger > 1) | (near > how.most_near) & (larger > how.much_larger)
    return np.asarray(locked.any(axis=0))


def pieces(samples: Sequence[IntArray], sizes: FloatArray, found: Pass, means: FloatArray, how: Tidying) -> IntArray:
    """Return which groups of peaks only follow the spikes of a unit that is larger, (n,) bool.

    samples : of each group, ascending; sizes : (n,), of their waveforms; means : (K,), of the units found
    """
    gone = np.zeros(len(samples), bool)
    chance = 2 * how.near_samples / max(found.n_samples, 1)
    for k in range(len(means)):
        times = found.spikes.times[found.spikes.units == k]
        if not len(times):
            continue
        for i in np.flatnonzero(~gone & (sizes < means[k])):
            near = np.searchsorted(times, samples[i] + how.near_samples) - np.searchsorted(
                times, samples[i] - how.near_samples
            )
            share = float((near > 0).mean()) - chance * len(times)
            gone[i] = share > how.most_near
    return gone


def give_back(found: Pass, bank: Bank, how: Tidying) -> None:
    """Add to the averages of a unit what smaller ones explain of most of its spikes, at one and the same delay.

    What is never left of the data, because another unit always takes it, would not be learned otherwise.
    """
    model, averages = bank.model, found.averages
    units = np.arange(model.n_units)
    lags, counts = _delays(found, units, model.n_units, how.near_samples)
    together = _about(lags)
    means = moments(found.spikes, model.n_units)[0]
    often = together.max(axis=2) > how.often * counts[:, None]
    for k, j in np.argwhere(often & (means[:, None] > means)).tolist():
        first = int(together[k, j].argmax()) - how.near_samples
        products = _products(found, k, j, np.arange(first, first + _ABOUT))
        for q, step in enumerate(averages.displacements.tolist()):
            share = averages.energies[k, q] / max(float(averages.energies[k].sum()), 1e-9)
            if share:
                waveform = model.shapes.of(np.array([j])).at(np.array([step]))[0]
                for delay, size in zip(range(first, first + _ABOUT), products.tolist(), strict=True):
                    at = averages.shift + delay
                    _add_later(averages.sums[k, q], averages.channels[k], waveform, at, share * size)


def _products(found: Pass, k: int, j: int, delays: IntArray) -> FloatArray:
    """Sum of the products of the amplitudes of spikes of k, and of j that come by each delay later."""
    spikes = found.spikes
    of_k, of_j = spikes.part(spikes.units == k), spikes.part(spikes.units == j)
    out = np.zeros(len(delays))
    for i, delay in enumerate(delays.tolist()):
        _, rows, others = np.intersect1d(of_k.times + delay, of_j.times, return_indices=True)
        out[i] = float((of_k.amplitudes[rows] * of_j.amplitudes[others]).sum())
    return out


def _add_later(sums: FloatArray, channels: IntArray, waveform: FloatArray, at: int, size: float) -> None:
    """Add a waveform (N, D) to sums (C, L) from a sample on."""
    first, stop = max(0, -at), min(waveform.shape[1], sums.shape[1] - at)
    if first < stop:
        some = np.flatnonzero(channels >= 0)
        sums[some, at + first : at + stop] += np.float32(size) * waveform[channels[some], first:stop]


def _delays(found: Pass, units: IntArray, n_units: int, reach: int) -> tuple[IntArray, IntArray]:
    """How many spikes of [., j] come at each delay after those of [i], (n, n, 2 reach + 1), and spikes of each."""
    from phy_medicine.compute.sorting import _kernels_learn as kernels

    spikes = found.spikes
    place = np.full(n_units, -1, np.int64)
    place[units] = np.arange(len(units))
    rows = place[spikes.units]
    ours = rows >= 0
    lags = np.zeros((len(units), len(units), 2 * reach + 1), np.int32)
    kernels.count_lags(spikes.times[ours], rows[ours], reach, lags)
    return lags, np.maximum(np.bincount(rows[ours], minlength=len(units)), 1)


def _about(lags: IntArray) -> IntArray:
    """Counts at about the same delay: by one or a few samples more or less."""
    reached = np.cumsum(np.pad(lags, ((0, 0), (0, 0), (1, 0))), axis=2, dtype=lags.dtype)
    return np.asarray(reached[:, :, _ABOUT:] - reached[:, :, :-_ABOUT])


def doubles(model: Model, most_alike: float) -> IntArray:
    """Return which units are like one with more spikes, (K,) bool."""
    return redundant(similarities(model.shapes.at(np.zeros(model.n_units)))[0] > most_alike, model.counts)


def same_size(waveforms: FloatArray, sizes: FloatArray, counts: IntArray, most_apart: float) -> IntArray:
    """Return which waveforms (K, N, D) of norm 1, times their sizes (K,), are like one with more spikes, (K,) bool.

    most_apart : energy of the difference of two at the best delay, of that of the larger
    """
    smaller = np.minimum(sizes[:, None], sizes) / np.maximum(sizes[:, None], sizes)
    apart = 1 + smaller**2 - 2 * smaller * similarities(waveforms)[0]
    return redundant(apart < most_apart, counts)


def redundant(alike: IntArray, counts: IntArray) -> IntArray:
    """Return which units are alike (K, K) to one with more spikes that stays, (K,) bool."""
    gone = np.zeros(len(counts), bool)
    for k in np.argsort(-counts, kind="stable"):
        if not gone[k]:
            gone |= alike[k] & _after(counts, k)
    return gone


def _after(counts: IntArray, k: int) -> IntArray:
    """Units that give way to unit k."""
    return (counts < counts[k]) | ((counts == counts[k]) & (np.arange(len(counts)) > k))
