"""Point sources corrected by what simulated neurons teach: nearer to the truth than a monopole.

Amplitudes of real neurons fall off faster than those of a point source, each neuron's differently. Fitted with one,
two and four as the power of the distance, a spike gives three places; how they differ, how well each fits, and how wide
the amplitudes are say how this neuron falls off. A small network is taught with spikes simulated for this probe, these
waveforms and this noise (`rehearsal`, `neurons`) to tell from that how far the second place is from the neuron.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Decrease, Neighbours
from phy_medicine.compute.localize.localizers import Positions, Window, strengths
from phy_medicine.compute.localize.monopole import FitLimits, fit, objective
from phy_medicine.compute.localize.rehearsal import MARGIN_UM, Rehearsal
from phy_medicine.compute.localize.smoothed import Courses
from phy_medicine.compute.localize.spikes import Spikes, fall_off

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

POWERS = (1, 2, 4)
TYPICAL_Z_UM = 22.0
UNIT_UM = 20.0
N_SIMULATED = 32_000
N_PASSES = 25
N_HIDDEN = 64
_BATCH = 256
_RATE = 3e-3
_DRAWN_AT_ONCE = 2000
_N_ORDERED = 7
_FURTHEST = 5.0


@dataclass(frozen=True, slots=True)
class Correction:
    """A network of two hidden layers, from facts about a spike to the way from its second place.

    mean, scale : (n_facts,) float32
    weights, biases : of three layers
    """

    mean: FloatArray
    scale: FloatArray
    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]

    def um(self, facts: FloatArray) -> FloatArray:
        """Return the way to the neuron, (n, 3) µm."""
        values = (facts - self.mean) / self.scale
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = values @ weight + bias
            values = values / (1 + np.exp(-values))
        found: FloatArray = (values @ self.weights[-1] + self.biases[-1]).astype(np.float64) * UNIT_UM
        return found


@dataclass(frozen=True, slots=True)
class Corrected:
    """Fits of point sources with their correction; made by `learn`."""

    neighbours: Neighbours
    window: Window
    courses: Courses
    correction: Correction
    floor: float
    decrease: Decrease | None = None
    limits: FitLimits = field(default_factory=FitLimits)

    @property
    def batch(self) -> int:
        """See `Localizer`."""
        return 1

    def measure(self, spikes: Spikes) -> FloatArray:
        """Return amplitudes with less noise, which fall off outwards."""
        amplitudes = self.courses.measure(spikes, self.neighbours, self.window)
        if self.decrease is not None:
            fall_off(amplitudes, spikes.channel_ids, self.decrease)
        return amplitudes

    def solve(self, features: FloatArray, channel_ids: IntArray) -> Positions:
        """Return the corrected places, where neurons were taught; alpha is that of a point source there."""
        facts, start, converged = facts_of(features, channel_ids, self.neighbours, self.floor, self.limits)
        um = start + self.correction.um(facts)
        contacts = self.neighbours.contacts.positions_um
        um[:, :2] = np.clip(um[:, :2], contacts.min(axis=0) - MARGIN_UM, contacts.max(axis=0) + MARGIN_UM)
        um[:, 2] = np.maximum(um[:, 2], self.limits.z_low_um)
        return Positions(um, strengths(features, channel_ids, self.neighbours, um), converged)


def learn(
    rehearsal: Rehearsal,
    window: Window,
    *,
    seed: int = 0,
    n_simulated: int = N_SIMULATED,
    n_passes: int = N_PASSES,
    progress: Callable[[float], object] = lambda fraction: None,
) -> Corrected:
    """Return the method taught with simulated spikes of a recording; the same seed gives the same.

    progress : called with the part that is done; may raise to end the work
    """
    rng = np.random.default_rng(seed)
    limits, neighbours = FitLimits(), rehearsal.neighbours
    facts, ways = [], []
    for done in range(0, n_simulated, _DRAWN_AT_ONCE):
        progress(0.4 * done / n_simulated)
        amplitudes, channel_ids, um = rehearsal.draw(min(_DRAWN_AT_ONCE, n_simulated - done), rng)
        found, start, _ = facts_of(amplitudes, channel_ids, neighbours, rehearsal.floor, limits)
        facts.append(found)
        ways.append(um - start)
    all_facts, all_ways = np.concatenate(facts), np.concatenate(ways)
    known = np.isfinite(all_facts).all(axis=1)
    correction = teach(
        all_facts[known],
        all_ways[known],
        seed=seed,
        n_passes=n_passes,
        progress=lambda done: progress(0.4 + 0.6 * done),
    )
    return Corrected(neighbours, window, rehearsal.courses, correction, rehearsal.floor, rehearsal.decrease, limits)


def teach(
    facts: FloatArray, ways: FloatArray, *, seed: int, n_passes: int, progress: Callable[[float], object]
) -> Correction:
    """Return a network that minimises the mean distance, from facts (n, n_facts) and ways (n, 3) µm."""
    import torch

    mean, scale = facts.mean(axis=0), facts.std(axis=0) + np.float32(1e-3)
    inputs, targets = torch.from_numpy((facts - mean) / scale), torch.from_numpy((ways / UNIT_UM).astype(np.float32))
    sizes = ((facts.shape[1], N_HIDDEN), (N_HIDDEN, N_HIDDEN), (N_HIDDEN, 3))
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(*size) for size in sizes]
        network = torch.nn.Sequential(layers[0], torch.nn.SiLU(), layers[1], torch.nn.SiLU(), layers[2])
        _descend(network, inputs, targets, n_passes, progress)
    weights = tuple(np.ascontiguousarray(layer.weight.detach().numpy().T) for layer in layers)
    return Correction(mean, scale, weights, tuple(layer.bias.detach().numpy().copy() for layer in layers))


def _descend(
    network: Module, inputs: Tensor, targets: Tensor, n_passes: int, progress: Callable[[float], object]
) -> None:
    """Train in so many passes over everything, in random order."""
    import torch

    n_batches = max(1, len(inputs) // _BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=n_batches * n_passes)
    for k in range(n_passes):
        progress(k / n_passes)
        for rows in torch.randperm(len(inputs))[: n_batches * _BATCH].chunk(n_batches):
            distance = ((network(inputs[rows]) - targets[rows]) ** 2).sum(dim=1).add(1e-4).sqrt().mean()
            optimizer.zero_grad()
            distance.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch use one thread: with layers this small, others only wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def facts_of(
    amplitudes: FloatArray, channel_ids: IntArray, neighbours: Neighbours, floor: float, limits: FitLimits
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Return what the network is told of spikes.

    Returns
    -------
    facts : (n, n_facts) float32, NaN where there is no fit
    start : (n, 3) float64, x and depth of the second fit and a typical z, µm
    converged : (n,) bool, all fits
    """
    fits = [fit(amplitudes, channel_ids, neighbours, limits, power=power) for power in POWERS]
    start = np.column_stack([fits[1].um[:, :2], np.full(len(amplitudes), TYPICAL_Z_UM)])
    columns = []
    for power, found in zip(POWERS, fits, strict=True):
        rest, _ = objective(amplitudes, channel_ids, neighbours, found.um, limits.penalty, power=power)
        columns += [np.log(found.um[:, 2]) - 3, np.log(rest + 0.04)]
        if power != POWERS[1]:
            columns += list((found.um - start)[:, :2].T / UNIT_UM)
    columns += list((start[:, :2] - neighbours.anchors_um[channel_ids]).T / UNIT_UM)
    columns += _shape(amplitudes, channel_ids, neighbours, start)
    with np.errstate(divide="ignore"):
        columns.append(np.log(np.nan_to_num(amplitudes).max(axis=1) / floor) - 3)
    facts = np.column_stack(columns)
    facts[~np.isfinite(facts).all(axis=1)] = np.nan
    converged = np.all([found.converged for found in fits], axis=0)
    return np.clip(facts, -_FURTHEST, _FURTHEST).astype(np.float32), start, converged


def _shape(
    amplitudes: FloatArray, channel_ids: IntArray, neighbours: Neighbours, start: FloatArray
) -> list[FloatArray]:
    """Columns: centres and widths of the amplitudes and of their squares, their tilt, and the largest in order."""
    places = np.nan_to_num(neighbours.positions_um)[channel_ids]
    values = np.nan_to_num(amplitudes).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        values /= values.max(axis=1, keepdims=True)
    columns: list[FloatArray] = []
    for power in (1, 2):
        weights = values**power / (values**power).sum(axis=1, keepdims=True)
        centre = np.einsum("nk,nkd->nd", weights, places)
        away = places - centre[:, np.newaxis]
        width = np.sqrt(np.einsum("nk,nkd->nd", weights, away**2))
        columns += [*((centre - start[:, :2]).T / UNIT_UM), *(width.T / UNIT_UM - 1)]
    columns.append(np.einsum("nk,nk,nk->n", weights, away[..., 0], away[..., 1]) / UNIT_UM**2)
    ordered = -np.sort(-values, axis=1)[:, 1 : 1 + _N_ORDERED]
    return [*columns, *(2 * ordered.T - 1)]
