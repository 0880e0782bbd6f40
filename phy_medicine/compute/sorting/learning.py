"""Learning of templates: spikes of all units are found, then each template from what the others leave of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting import memory
from phy_medicine.compute.sorting.averages import Averages, shapes_from
from phy_medicine.compute.sorting.bank import Bank, Where
from phy_medicine.compute.sorting.model import Model, Setting, main_channels, nearest_channels
from phy_medicine.compute.sorting.moving import STEP_UM
from phy_medicine.compute.sorting.priors import spike_probability
from phy_medicine.compute.sorting.pursuit import Found, log_likelihood
from phy_medicine.compute.sorting.stretch_data import add_at_spikes
from phy_medicine.compute.sorting.stretch_spikes import Sorted, sort_stretches
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings

PAD = 10
"""Samples around a template that are averaged too, so that it can be moved to its place."""
MOST_AVERAGED = 48
"""Channels of a unit that are averaged, the nearest to its main channel."""

Look = Callable[[Sorted], Any]


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass over stretches found.

    spikes : in order of time, with amplitudes at displacement 0
    averages : of the data without other units, at the spikes
    decoys : (K,) int64, how often the templates upside down reach what makes a spike
    energy : of the data; n_points, n_samples : how many values and samples these are
    """

    spikes: Found
    averages: Averages
    decoys: IntArray
    energy: float
    n_points: int
    n_samples: int

    @property
    def log_likelihood(self) -> float:
        """Per data point, of noise of 1."""
        return log_likelihood(self.energy, self.spikes.explained, self.n_points)


def run_pass(
    source: Surroundings, every: Sequence[Stretch], bank: Bank, setting: Setting, *, look: Look | None = None,
    take: Callable[[Any], object] = lambda seen: None, around: Sequence[Stretch] = (), n_threads: int = 1,
    progress: Callable[[float], object] = lambda fraction: None,
) -> Pass:  # fmt: skip
    """Find the spikes of all units in stretches, and average what is left at them.

    around : others that averages have room for the displacements of
    look : called with each stretch and its spikes, perhaps in another thread
    take : called with what `look` returned, in the order of the stretches
    """
    averages, bin_of = _averages_of(bank, setting, [*every, *around])
    decoys = np.zeros(bank.model.n_units, np.int64)
    parts: list[Found] = []
    energy, n_points = 0.0, 0

    def one(s: Sorted) -> tuple[Sorted, Any]:
        return s, look(s) if look else None

    for s, extra in sort_stretches(source, every, bank, one, decoys=True, n_threads=n_threads):
        own = s.own()
        _add(averages, s, own, bin_of(s.where))
        parts.append(own.later(s.begin))
        decoys += s.decoys
        energy, n_points = energy + s.energy, n_points + s.n_points
        if look:
            take(extra)
        progress(len(parts) / len(every))
        del s, extra  # or the data of this stretch would stay until the next one is there
    n_samples = sum(s.stop - s.start for s in every)
    return Pass(Found.joined(parts), averages, decoys, energy, n_points, n_samples)


def _averages_of(
    bank: Bank, setting: Setting, every: Sequence[Stretch]
) -> tuple[Averages, Callable[[Where], IntArray]]:
    """Averages of no spikes for all displacements, and what gives the bin of each unit."""
    steps = [step for s in every for step in bank.where(s.start).steps]
    low, high = min(steps, default=0), max(steps, default=0)
    of_step = 4 * bank.model.n_units * min(MOST_AVERAGED, setting.contacts.n_channels) * (setting.width + 2 * PAD)
    width = memory.width_within(high - low + 1, of_step)
    firsts = np.arange(low, high + 1, width)
    averages = empty_averages(bank.model.mains, setting, (firsts + (width - 1) / 2) * STEP_UM)
    return averages, lambda where: (np.array(where.steps, np.int64) - low) // width


def empty_averages(mains: IntArray, setting: Setting, displacements: FloatArray) -> Averages:
    """Return averages of no spikes, on the channels nearest to main ones."""
    channels = nearest_channels(mains, setting.contacts, MOST_AVERAGED)
    shape = (len(mains), len(displacements), channels.shape[1], setting.width + 2 * PAD)
    return Averages(
        np.zeros(shape, np.float32),
        np.zeros(shape[:2]),
        channels,
        np.asarray(displacements, np.float64),
        PAD,
        np.zeros(shape[:2]),
        np.zeros(shape[:2]),
    )


def _add(averages: Averages, s: Sorted, own: Found, bins: IntArray) -> None:
    """Add the spikes of a stretch: what is left at them, and themselves."""
    from phy_medicine.compute.sorting import _kernels_learn as kernels

    found, placed = s.found, s.placed
    weights = kernels.alone(
        found.times, found.units, found.amplitudes, placed.matcher.shares, placed.waveforms.shape[2]
    )[s.core]  # fmt: skip
    sizes = (weights * own.amplitudes).astype(np.float32)
    add_at_spikes(s.data, own.times, own.units, sizes, bins, averages.channels, averages.sums, averages.shift)
    inside = (own.times >= averages.shift) & (own.times - averages.shift + averages.sums.shape[3] <= s.data.shape[1])
    energies = np.bincount(own.units[inside], (sizes * own.amplitudes)[inside], minlength=len(bins))
    units = np.arange(len(bins))
    averages.energies[units, bins] += energies
    averages.counts[units, bins] += np.bincount(own.units, minlength=len(bins))
    averages.totals[units, bins] += np.bincount(own.units, own.amplitudes, minlength=len(bins))
    kernels.add_own(
        placed.templates.channels, placed.waveforms, (energies * placed.scales).astype(np.float32), bins,
        averages.channels, averages.sums, averages.shift,
    )  # fmt: skip


def learned(model: Model, found: Pass, setting: Setting) -> tuple[Model, IntArray]:
    """Return the model after a pass, and by how many samples later each template now begins, (K,)."""
    contacts = setting.contacts
    shapes, moved = shapes_from(
        found.averages, contacts.positions_um, contacts.shanks, setting.width, setting.trough,
        still=setting.moved is None,
    )  # fmt: skip
    counts = np.bincount(found.spikes.units, minlength=model.n_units)
    means, stds = moments(found.spikes, model.n_units)
    rates = np.array([spike_probability(int(n), found.n_samples) for n in counts])
    return Model(shapes, means, stds, counts, rates, main_channels(shapes, model.n_units)), moved


def moments(spikes: Found, n_units: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the amplitudes of each unit, 0 without spikes."""
    n = np.maximum(np.bincount(spikes.units, minlength=n_units), 1)
    means = np.bincount(spikes.units, spikes.amplitudes, minlength=n_units) / n
    squares = np.bincount(spikes.units, (spikes.amplitudes - means[spikes.units]) ** 2, minlength=n_units)
    return means, np.sqrt(squares / n)
