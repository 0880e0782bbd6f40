"""The sorter's output: the true units with deliberate mistakes, and the template of every cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.simulate.footprints import Footprints
from phy_medicine.io.simulate.settings import MIXED, SimulationSettings, stream
from phy_medicine.io.simulate.trains import Spikes

FEWEST_TO_SPLIT = 40
MOVED_UM = 10.0  # a unit that moves more than this is split by its displacement, another one by amplitude


@dataclass(frozen=True, slots=True)
class Motion:
    """Where every spike finds its unit.

    displacement_um : (n_spikes,) float32
    steps : (n_spikes,) float32, fractional step of the unit's footprints
    """

    displacement_um: FloatArray
    steps: FloatArray


@dataclass(frozen=True, slots=True)
class Sorting:
    """Clusters as a sorter would have written them.

    labels : (n_spikes,) int32, 0 .. n_clusters - 1
    cluster_units : (n_clusters, 2) int32, the units in each cluster, -1 for none
    oversplit_pairs : (n, 2) int32, clusters that are one unit
    overmerged_clusters : (n,) int32, clusters that are two units
    """

    labels: IntArray
    cluster_units: IntArray
    oversplit_pairs: IntArray
    overmerged_clusters: IntArray

    @property
    def n_clusters(self) -> int:
        return len(self.cluster_units)


def make_sorting(settings: SimulationSettings, spikes: Spikes, motion: Motion, footprints: Footprints) -> Sorting:
    """Split and merge the asked shares of the units, and number the clusters at random."""
    rng = stream(settings.own_seed, "sorting")
    n_units = len(footprints.channels)
    members = _members(spikes.units, n_units)
    able = [u for u in range(settings.units) if len(members[u]) >= FEWEST_TO_SPLIT]
    split = [int(u) for u in rng.permutation(able)[: round(settings.oversplit * settings.units)]]
    labels = spikes.units.copy()
    for i, unit in enumerate(split):
        ids = members[unit]
        still = settings.oversplit_by == MIXED and i % 2 == 1
        displacement = motion.displacement_um[ids] * (not still)
        labels[ids[_second_half(rng, spikes.scales[ids], displacement)]] = n_units + i
    others = range(settings.units, n_units)
    merged = _alike_pairs(footprints, exclude=[*split, *others], n=round(settings.overmerge * settings.units / 2))
    first_of = np.arange(n_units + len(split))
    first_of[[b for _, b in merged]] = [a for a, _ in merged]
    kept = np.flatnonzero(first_of == np.arange(len(first_of)))
    number = np.full(len(first_of), -1)
    number[kept] = rng.permutation(len(kept))
    owners = np.full((len(kept), 2), -1, dtype=np.int32)
    owners[number[kept], 0] = np.concatenate([np.arange(n_units), split])[kept]
    owners[number[[a for a, _ in merged]], 1] = [b for _, b in merged]
    pairs = [sorted((number[u], number[n_units + i])) for i, u in enumerate(split)]
    return Sorting(
        labels=frozen(number[first_of][labels].astype(np.int32)),
        cluster_units=frozen(owners),
        oversplit_pairs=frozen(np.array(pairs, dtype=np.int32).reshape(-1, 2)),
        overmerged_clusters=frozen(np.array([number[a] for a, _ in merged], dtype=np.int32)),
    )


def _members(labels: IntArray, n: int) -> list[IntArray]:
    """Spike ids of every label, ascending."""
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(n + 1))
    return [order[bounds[i] : bounds[i + 1]] for i in range(n)]


def _second_half(rng: np.random.Generator, scales: FloatArray, displacement: FloatArray) -> np.ndarray:
    """Mask of the spikes of a unit that go to its second cluster; the border is a little blurred."""
    extent = float(np.ptp(displacement))
    if extent > MOVED_UM:
        value = displacement + rng.normal(0.0, 0.05 * extent, len(displacement))
        middle = 0.5 * (float(displacement.min()) + float(displacement.max()))
        border = float(np.clip(middle, *np.quantile(value, [0.2, 0.8])))
    else:
        value = scales + rng.normal(0.0, 0.03, len(scales))
        border = float(np.quantile(value, rng.uniform(0.35, 0.6)))
    return np.asarray(value < border)


def _alike_pairs(footprints: Footprints, *, exclude: list[int], n: int) -> list[tuple[int, int]]:
    """Up to n pairs of units with the most similar waveforms, no unit twice."""
    if n == 0:
        return []
    n_channels = int(footprints.channels.max()) + 1
    middle = np.zeros(footprints.waveforms.shape[1])
    middle[len(middle) // 2] = 1.0
    flat = np.stack([footprints.dense_mean(u, middle, n_channels).ravel() for u in range(len(footprints.channels))])
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    similarity = np.triu(flat @ flat.T, 1)
    used = set(exclude)
    pairs: list[tuple[int, int]] = []
    for place in np.argsort(-similarity, axis=None, kind="stable"):
        a, b = divmod(int(place), len(flat))
        if len(pairs) == n or similarity[a, b] <= 0.2:
            break
        if a not in used and b not in used:
            pairs.append((a, b))
            used |= {a, b}
    return pairs


def mean_waveforms(
    sorting: Sorting, spikes: Spikes, motion: Motion, footprints: Footprints, n_channels: int
) -> FloatArray:
    """(n_clusters, n_samples, n_channels) float32 uV: mean of the noise-free spikes of every cluster."""
    n_steps, n_samples = footprints.waveforms.shape[1:3]
    templates = np.zeros((sorting.n_clusters, n_samples, n_channels), dtype=np.float32)
    for cluster, ids in enumerate(_members(sorting.labels, sorting.n_clusters)):
        for unit in sorting.cluster_units[cluster]:
            own = ids[spikes.units[ids] == unit]
            if len(own):
                weights = _step_weights(motion.steps[own], spikes.scales[own], n_steps) / len(ids)
                templates[cluster] += footprints.dense_mean(int(unit), weights, n_channels)
    return templates


def _step_weights(steps: FloatArray, scales: FloatArray, n_steps: int) -> FloatArray:
    """(n_steps,) total amplitude that falls on each step by linear interpolation."""
    low: IntArray = np.minimum(steps.astype(np.int64), max(n_steps - 2, 0))
    upper = np.asarray(scales * (steps - low))
    high = np.minimum(low + 1, n_steps - 1)
    weights = np.bincount(low, scales - upper, n_steps).astype(np.float64)
    weights += np.bincount(high, upper, n_steps)
    return weights


def similarity_matrix(templates: FloatArray, *, most_lag: int = 3) -> FloatArray:
    """(n, n) float32 largest cosine of two templates (n, n_samples, n_channels) over small lags, never negative."""
    n, n_samples, _ = templates.shape
    norms = np.sqrt(np.einsum("ntc,ntc->n", templates, templates))
    best = np.zeros((n, n), dtype=np.float32)
    for lag in range(most_lag + 1):
        product = np.zeros((n, n), dtype=np.float32)
        for t in range(n_samples - lag):  # sample by sample: no shifted copy of all templates
            product += templates[:, t + lag] @ templates[:, t].T
        best = np.maximum(best, np.maximum(product, product.T))
    similarity: FloatArray = best / np.maximum(np.outer(norms, norms), 1e-12)
    return similarity
