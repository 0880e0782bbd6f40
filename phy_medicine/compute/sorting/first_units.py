"""First units: clusters of peaks, region by region, and their mean waveforms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.sorting.clusters import Clustering, cluster
from phy_medicine.compute.sorting.spike_features import Peaks

REGION_UM, STEP_UM = 40.0, 20.0
"""Length of a region along the probe, and how far apart they are: each peak is in two."""
BESIDE_UM = 50.0
"""Channels so far outside of a region take part."""


@dataclass(frozen=True, slots=True)
class FirstUnits:
    """Mean waveforms of clusters.

    templates : (K, N, D) float32, whitened, of the height of the spikes; counts : (K,) int64, peaks of each
    samples : of each the samples of its peaks, ascending
    """

    templates: FloatArray
    counts: IntArray
    samples: tuple[IntArray, ...]

    @property
    def sizes(self) -> FloatArray:
        """Norms of the waveforms, (K,)."""
        return np.sqrt(np.einsum("knd,knd->k", self.templates, self.templates, dtype=np.float64))

    def of(self, units: IntArray) -> FirstUnits:
        """Return some of them."""
        return FirstUnits(self.templates[units], self.counts[units], tuple(self.samples[k] for k in units.tolist()))


def first_units(
    peaks: Peaks, contacts: Contacts, rng: np.random.Generator, *, most_peaks: int = 20_000,
    how: Clustering | None = None,
) -> FirstUnits:  # fmt: skip
    """Cluster the peaks of each region of the probe; the same unit may be found in two regions.

    Parameters
    ----------
    most_peaks : of a region to cluster
    """
    how = how or Clustering()
    means, samples = [], []
    for inside, channels in regions(contacts):
        rows = np.flatnonzero(inside[peaks.channels])
        if len(rows) < how.least:
            continue
        rows = thinned(rows, np.abs(peaks.amplitudes[rows]), most_peaks, rng)
        features = on_channels(peaks, rows, channels)
        labels = cluster(features.reshape(len(rows), -1), rng, how)
        for k in range(labels.max(initial=-1) + 1):
            of_k = labels == k
            means.append((channels, features[of_k].mean(axis=0) @ peaks.shapes))
            samples.append(peaks.samples[rows[of_k]])
    templates = np.zeros((len(means), contacts.n_channels, peaks.shapes.shape[1]), np.float32)
    for template, (channels, mean) in zip(templates, means, strict=True):
        template[channels] = mean
    counts = np.array([len(times) for times in samples], np.int64)
    return FirstUnits(templates, counts, tuple(samples))


def regions(contacts: Contacts) -> list[tuple[IntArray, IntArray]]:
    """Return for each region which channels lie in it, (N,) bool, and those that take part, (n,) int."""
    positions, out = contacts.positions_um, []
    for shank in np.unique(contacts.shanks):
        on_shank = contacts.shanks == shank
        for low_x, low_y in _corners(positions[on_shank]):
            away_x = _outside(positions[:, 0], low_x)
            away_y = _outside(positions[:, 1], low_y)
            inside = on_shank & (away_x <= 0) & (away_y <= 0)
            near = on_shank & (away_x <= BESIDE_UM) & (away_y <= BESIDE_UM)
            if inside.any():
                out.append((inside, np.flatnonzero(near)))
    return out


def _corners(positions: FloatArray) -> list[tuple[float, float]]:
    """Lowest x and depth of the regions; narrow probes are not cut across."""
    (left, bottom), (right, top) = positions.min(axis=0), positions.max(axis=0)
    across = np.arange(left - STEP_UM, right, STEP_UM) if right - left > 2 * BESIDE_UM else [-np.inf]
    return [(float(x), float(y)) for x in across for y in np.arange(bottom - STEP_UM, top + 1e-6, STEP_UM)]


def _outside(values: FloatArray, low: float) -> FloatArray:
    """How far outside of a region values are, at most 0 inside."""
    if np.isinf(low):
        return np.zeros(len(values))
    return np.maximum(low - values, np.nextafter(values - low - REGION_UM, np.inf))


def thinned(rows: IntArray, sizes: FloatArray, most: int, rng: np.random.Generator) -> IntArray:
    """Return so many rows at most, ascending, evenly over their sizes so that rare large ones stay."""
    if len(rows) <= most:
        return rows
    width = np.ptp(np.log(sizes)) or 1.0
    bins = np.minimum((20 * (np.log(sizes) - np.log(sizes).min()) / width).astype(int), 19)
    order = rng.permutation(len(rows))
    place = np.empty(len(rows), np.int64)  # of each row among those of its bin, at random
    for value in range(20):
        members = order[bins[order] == value]
        place[members] = np.arange(len(members))
    return np.sort(rows[np.argsort(place, kind="stable")[:most]])


def on_channels(peaks: Peaks, rows: IntArray, channels: IntArray) -> FloatArray:
    """Return the features of some peaks on the same channels, (n, C, P); 0 where a peak has none."""
    n_channels = len(peaks.around)
    slots = np.full((n_channels, n_channels + 1), -1, np.int64)
    rows_of = np.repeat(np.arange(n_channels), peaks.around.shape[1])
    flat = peaks.around.ravel()
    slots[rows_of, np.where(flat >= 0, flat, n_channels)] = np.tile(np.arange(peaks.around.shape[1]), n_channels)
    where = slots[:, channels][peaks.channels[rows]]
    out = np.take_along_axis(peaks.features[rows], np.maximum(where, 0)[:, :, None], axis=1)
    return np.where(where[:, :, None] >= 0, out, np.float32(0))
