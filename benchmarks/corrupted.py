"""Simulated datasets whose mistakes are known: neurons split at random, in amplitude and in time, and merged ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.motion.motion import Motion as ProbeMotion
from phy_medicine.io.simulate import SimulationSettings, simulate
from phy_medicine.io.simulate.footprints import Footprints
from phy_medicine.io.simulate.settings import stream
from phy_medicine.io.simulate.sorting import MOVED_UM, Motion, Sorting
from phy_medicine.io.simulate.trains import Spikes
from phy_medicine.session.session import Session

FEWEST = 80
"""Spikes of a neuron that is split."""
_ALIKE = (0.35, 0.97)
_SHARES = {"random": 0.1, "amplitude": 0.1, "time": 0.15}
_MERGED = 0.15
_BLUR = 0.1


@dataclass(frozen=True, slots=True)
class Corrupted:
    """A dataset and what is true of it.

    units : (n_spikes,) int, neuron of each spike
    """

    params: Path
    units: IntArray
    motion: ProbeMotion | None


def corrupted(folder: Path, settings: SimulationSettings) -> Corrupted:
    """Write a dataset with mistakes of every kind; with drift neurons are split where the tissue moved."""
    path = simulate(folder, settings, sorter=corrupt)
    with np.load(folder / "ground_truth.npz") as file:
        truth = dict(file)
    moved = settings.drift != "none"
    motion = ProbeMotion(truth["displacement"], truth["temporal_bins_s"], truth["spatial_bins_um"]) if moved else None
    return Corrupted(path, truth["spike_units"], motion)


def opened(data: Corrupted) -> Session:
    """Open a dataset, with the motion in use if there is one."""
    session = Session.open(data.params)
    if data.motion is not None:
        session.motion.use(session.store.add("motion", data.motion.centred().to_arrays(), name="true").id)
    return session


def corrupt(settings: SimulationSettings, spikes: Spikes, motion: Motion, footprints: Footprints) -> Sorting:
    """Split and merge neurons at random."""
    rng = stream(settings.seed, "corruption")
    n_units = len(footprints.channels)
    members = [np.flatnonzero(spikes.units == unit) for unit in range(n_units)]
    able = rng.permutation([u for u in range(n_units) if len(members[u]) >= FEWEST])
    labels, n_labels, at = spikes.units.copy(), n_units, 0
    owners = list(range(n_units))
    for kind, share in _SHARES.items():
        for unit in able[at : at + round(share * n_units)].tolist():
            second = _SECOND[kind](rng, spikes, motion, members[unit])
            labels[members[unit][second]] = n_labels
            owners.append(unit)
            n_labels += 1
        at += round(share * n_units)
    first_of = np.arange(n_labels)
    for a, b in _neighbours(rng, footprints, set(able[:at].tolist()), round(_MERGED * n_units / 2)):
        first_of[b] = a
    return _numbered(rng, labels, np.array(owners), first_of)


def _at_random(rng: np.random.Generator, spikes: Spikes, motion: Motion, ids: IntArray) -> IntArray:
    return rng.random(len(ids)) < rng.uniform(0.25, 0.75)


def _in_amplitude(rng: np.random.Generator, spikes: Spikes, motion: Motion, ids: IntArray) -> IntArray:
    values = spikes.scales[ids] + rng.normal(0, 0.03, len(ids))
    return values < np.quantile(values, rng.uniform(0.25, 0.75))


def _in_time(rng: np.random.Generator, spikes: Spikes, motion: Motion, ids: IntArray) -> IntArray:
    """By where the tissue was, where it moved; else before and after a moment."""
    values = motion.displacement_um[ids]
    extent = float(np.ptp(values))
    if extent > MOVED_UM:
        values = values + rng.normal(0, _BLUR * extent, len(ids))
        return values < np.quantile(values, rng.uniform(0.3, 0.7))
    return spikes.samples[ids] < np.quantile(spikes.samples[ids], rng.uniform(0.25, 0.75))


_SECOND: dict[str, Callable[[np.random.Generator, Spikes, Motion, IntArray], IntArray]] = {
    "random": _at_random, "amplitude": _in_amplitude, "time": _in_time,
}  # fmt: skip


def _neighbours(rng: np.random.Generator, footprints: Footprints, taken: set[int], n: int) -> list[tuple[int, int]]:
    """Pairs of neurons whose waveforms are alike, but not the same; drawn the likelier the more alike they are."""
    n_units, n_channels = len(footprints.channels), int(footprints.channels.max()) + 1
    middle = np.zeros(footprints.waveforms.shape[1])
    middle[len(middle) // 2] = 1.0
    flat = np.stack([footprints.dense_mean(u, middle, n_channels).ravel() for u in range(n_units)])
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    cosine: FloatArray = np.triu(flat @ flat.T, 1)
    rows, columns = np.nonzero((cosine > _ALIKE[0]) & (cosine < _ALIKE[1]))
    order = rng.permutation(len(rows))
    order = order[np.argsort(-cosine[rows[order], columns[order]] * rng.uniform(0.6, 1, len(order)))]
    pairs: list[tuple[int, int]] = []
    for place in order.tolist():
        pair = int(rows[place]), int(columns[place])
        if len(pairs) < n and not taken & set(pair):
            pairs.append(pair)
            taken |= set(pair)
    return pairs


def _numbered(rng: np.random.Generator, labels: IntArray, owners: IntArray, first_of: IntArray) -> Sorting:
    """Number the clusters at random."""
    kept = np.unique(first_of)
    number = np.full(len(first_of), -1)
    number[kept] = rng.permutation(len(kept))
    units = np.full((len(kept), 2), -1, dtype=np.int32)
    units[number[kept], 0] = owners[kept]
    merged = np.flatnonzero(first_of != np.arange(len(first_of)))
    units[number[first_of[merged]], 1] = owners[merged]
    halves = [sorted((number[u], number[k])) for k, u in enumerate(owners.tolist()) if k != u]
    return Sorting(
        frozen(number[first_of][labels].astype(np.int32)), frozen(units),
        frozen(np.array(halves, np.int32).reshape(-1, 2)), frozen(number[first_of[merged]].astype(np.int32)),
    )  # fmt: skip
