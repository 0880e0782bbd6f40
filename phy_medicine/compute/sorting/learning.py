"""Learning of templates: spikes of all units are found, then each template from what the others leave of the data."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.sorting import memory
from phy_medicine.compute.sorting.averages import Averages, Shapes, shapes_from
from phy_medicine.compute.sorting.interpolation import Interpolation
from phy_medicine.compute.sorting.matching import Matcher, in_order
from phy_medicine.compute.sorting.moving import STEP_UM, Moved
from phy_medicine.compute.sorting.priors import LEAST_SPREAD, TruncatedNormal, spike_probability
from phy_medicine.compute.sorting.pursuit import Found, PursuitOptions
from phy_medicine.compute.sorting.sparse_templates import SparseTemplates, compress
from phy_medicine.compute.sorting.stretch_data import Data, add_at_spikes, product, score_noise
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings

PAD = 10
"""Samples around a template that are averaged too, so that it can be moved to its place."""
MOST_AVERAGED = 48
"""Channels of a unit that are averaged, the nearest to its main channel."""
MOST_CHANNELS = 64
LEAST_AMPLITUDE = 0.5
"""Of a unit's mean: smaller ones are taken for spikes of neurons too far away to be units, of which there are many."""
MOST_RANK = 8
LEAST_ENERGY = 6.0
"""Of a mean spike on a channel, or in a component, in units of the noise of a sample, to be part of the template."""


@dataclass(frozen=True, slots=True)
class Model:
    """Units as they are known.

    shapes : waveforms, K of them, `Still` or `Moving`
    means, stds : (K,) of amplitudes; counts : (K,) spikes; rates : (K,) per sample
    mains : (K,) int64, the channel on which each is largest
    """

    shapes: Any
    means: FloatArray
    stds: FloatArray
    counts: IntArray
    rates: FloatArray
    mains: IntArray

    @property
    def n_units(self) -> int:
        """K."""
        return len(self.means)

    def of(self, units: IntArray) -> Model:
        """Return some of the units."""
        columns = (self.means, self.stds, self.counts, self.rates, self.mains)
        return Model(self.shapes.of(units), *(column[units] for column in columns))

    def and_also(self, others: Model) -> Model:
        """Return these units and others."""
        names = ("means", "stds", "counts", "rates", "mains")
        columns = (np.concatenate([getattr(self, name), getattr(others, name)]) for name in names)
        return Model(self.shapes.and_also(others.shapes), *columns)


@dataclass(frozen=True, slots=True)
class Setting:
    """What does not change while templates are learned.

    width, trough : of a template, samples
    moved : where the tissue is, that templates follow; None where they need not
    """

    contacts: Contacts
    sample_rate: float
    width: int
    trough: int
    moved: Moved | None = None
    pursuit: PursuitOptions | None = None

    def at_rest(self, data: Data, stretch: Stretch) -> Data:
        """Return data (N, T) of a stretch as they would be if the tissue had not moved."""
        if self.moved is None:
            return data
        positions, shanks = self.contacts.positions_um, self.contacts.shanks
        away = self.moved.at(stretch.start, positions[:, 1])
        return product(Interpolation(positions, shanks).matrix(away), data)


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
        left = self.energy - float(self.spikes.explained.sum())
        return -0.5 * float(np.log(2 * np.pi)) - left / (2 * max(self.n_points, 1))


@dataclass(frozen=True, slots=True)
class Sorted:
    """One stretch with its spikes.

    data : (N, T) float32, without any spike, an array or on the device of the source
    found : by column; core : which of them are the stretch's own
    templates, waveforms, scales : that they were found with, on the channels of each (K, C, D), and the norm of each
        unit's waveform there
    shares : (K, K), which units have common channels
    """

    data: Data
    found: Found
    core: Any
    stretch: Stretch
    begin: int
    templates: SparseTemplates
    waveforms: FloatArray
    scales: FloatArray
    shares: IntArray


Look = Callable[[Sorted], Any]


class Bank:
    """Matchers of a model wherever the probe is; safe in any thread."""

    def __init__(self, model: Model, setting: Setting, sample: Iterable[Data]) -> None:
        self.model, self._setting, self._sample = model, setting, sample
        self._kept: OrderedDict[tuple[int, ...], tuple[Matcher, SparseTemplates, FloatArray, FloatArray]] = (
            OrderedDict()
        )
        self._noise: FloatArray | None = None
        self._depths = setting.contacts.positions_um[model.mains, 1]
        self.matcher(self.steps(0))

    def steps(self, sample: int) -> IntArray:
        """Return the displacement of each unit at a sample, in steps."""
        if self._setting.moved is None:
            return np.zeros(self.model.n_units, np.int64)
        return self._setting.moved.steps(sample, self._depths)

    def matcher(self, steps: IntArray) -> tuple[Matcher, SparseTemplates, FloatArray, FloatArray]:
        """Return matcher, templates, their waveforms (K, C, D) and the norm of each unit (K,) at displacements."""
        key = tuple(steps.tolist())
        kept = self._kept.get(key)
        if kept is None:
            kept = self._make(steps)
            self._kept[key] = kept
            self._forget_oldest()
        return kept

    def _forget_oldest(self) -> None:
        sizes = [matcher.n_bytes + waveforms.nbytes for matcher, _, waveforms, _ in list(self._kept.values())]
        for n in range(len(sizes) - 1):
            if sum(sizes[n:]) > memory.MATCHERS:
                self._kept.popitem(last=False)

    def _make(self, steps: IntArray) -> tuple[Matcher, SparseTemplates, FloatArray, FloatArray]:
        model = self.model
        waveforms = model.shapes.at(steps * STEP_UM)
        scales = np.sqrt(np.einsum("knd,knd->k", waveforms, waveforms, dtype=np.float64))
        # A unit that has left the probe: something that no data are like.
        gone = scales < 1e-3
        waveforms[gone, 0, 0] = 1.0
        templates = _compressed(seen(waveforms, model.means))
        if self._noise is None:
            self._noise = score_noise(templates, self._sample)
            self._sample = ()
        scales = np.where(gone, 1.0, scales)
        priors = [
            TruncatedNormal(
                float(m * s), float(max(d, LEAST_SPREAD * m) * s), float(p), least=LEAST_AMPLITUDE * float(m * s)
            )
            for m, d, p, s in zip(model.means, model.stds, model.rates, scales, strict=True)
        ]
        matcher = Matcher(templates, priors, noise_std=self._noise, options=self._setting.pursuit)
        return matcher, templates, templates.waveforms(), scales

    @property
    def noise(self) -> FloatArray:
        """Standard deviation of the scores of each unit in noise, (K,)."""
        assert self._noise is not None
        return self._noise


def _compressed(waveforms: FloatArray) -> SparseTemplates:
    return compress(waveforms, most_channels=MOST_CHANNELS, least_share=0.0, most_lost=1e-4, rank=MOST_RANK)


def seen(waveforms: FloatArray, means: FloatArray) -> FloatArray:
    """Return what is seen of waveforms (K, N, D) in spikes of the mean amplitudes, the rest is lost in noise.

    That is, their channels, and their singular components, that hold more than a little. Of a small unit these are few;
    what a large one shows on its farthest channels, or in its last components, would be taken for a small unit.
    """
    energies = np.einsum("knd,knd->kn", waveforms, waveforms) * np.square(means)[:, None]
    keep = energies >= np.minimum(LEAST_ENERGY, energies.max(axis=1, keepdims=True))
    out = np.zeros_like(waveforms)
    for k, channels in enumerate(keep):
        left, values, right = np.linalg.svd(waveforms[k, channels].astype(np.float64), full_matrices=False)
        n = int(np.clip(((values * means[k]) ** 2 >= LEAST_ENERGY).sum(), 1, MOST_RANK))
        out[k, channels] = (left[:, :n] * values[:n]) @ right[:n]
    return out


def templates_at_rest(model: Model) -> FloatArray:
    """Return the templates with which spikes are found where the tissue is at rest, (K, N, D) float32, norm 1."""
    waveforms = seen(model.shapes.at(np.zeros(model.n_units)), model.means)
    norms = np.linalg.norm(waveforms, axis=(1, 2), keepdims=True)
    return np.asarray(waveforms / np.maximum(norms, 1e-9), np.float32)


def sample_of(source: Surroundings, every: Sequence[Stretch], most: int = 4) -> Iterator[Data]:
    """Give data that show the noise, one stretch in memory at a time."""
    return (source(every[i]) for i in np.linspace(0, len(every) - 1, min(most, len(every))).astype(int))


def run_pass(
    source: Surroundings, every: Sequence[Stretch], bank: Bank, setting: Setting, *, look: Look | None = None,
    take: Callable[[Any], object] = lambda seen: None, n_threads: int = 1,
    progress: Callable[[float], object] = lambda fraction: None,
) -> Pass:  # fmt: skip
    """Find the spikes of all units in stretches, and average what is left at them.

    look : called with each stretch and its spikes, perhaps in another thread
    take : called with what `look` returned, in the order of the stretches
    """
    model = bank.model
    steps_of = [bank.steps(s.start) for s in every]
    averages, bins_of = _averages_of(model, setting, steps_of)
    decoys = np.zeros(model.n_units, np.int64)
    parts, energy, n_points = [], 0.0, 0

    def one(i: int) -> tuple[Sorted, IntArray, float, int, Any]:
        sorted_, of_stretch, square, n = _sort_stretch(source, every[i], bank, steps_of[i])
        return sorted_, of_stretch, square, n, look(sorted_) if look else None

    if source.device:
        from phy_medicine.compute.sorting.torch_pass import sorted_stretches

        results = sorted_stretches(source, every, bank, steps_of, look)
    else:
        results = in_order(one, range(len(every)), n_threads)
    for i, done in enumerate(results):
        s, of_stretch, square, n, extra = done
        core = s.found.part(s.core)
        amplitudes = core.amplitudes / s.scales[core.units]
        _add(averages, s, core, amplitudes, bins_of[i])
        parts.append(replace(core.later(s.begin), amplitudes=amplitudes))
        decoys += of_stretch
        energy, n_points = energy + square, n_points + n
        if look:
            take(extra)
        progress((i + 1) / len(every))
        del done, s, extra  # or the data of this stretch would stay until the next one is there
    n_samples = sum(s.stop - s.start for s in every)
    return Pass(Found.joined(parts), averages, decoys, energy, n_points, n_samples)


def _averages_of(model: Model, setting: Setting, steps_of: Sequence[IntArray]) -> tuple[Averages, list[IntArray]]:
    """Averages of no spikes for all displacements, and the bin of each unit in each stretch."""
    low = min((int(s.min(initial=0)) for s in steps_of), default=0)
    high = max((int(s.max(initial=0)) for s in steps_of), default=0)
    of_step = 4 * model.n_units * min(MOST_AVERAGED, setting.contacts.n_channels) * (setting.width + 2 * PAD)
    width = memory.width_within(high - low + 1, of_step)
    firsts = np.arange(low, high + 1, width)
    averages = empty_averages(model.mains, setting, (firsts + (width - 1) / 2) * STEP_UM)
    return averages, [(steps - low) // width for steps in steps_of]


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


def nearest_channels(mains: IntArray, contacts: Contacts, most: int) -> IntArray:
    """Return the channels nearest to each main one, itself first, on its shank, (K, C) int64, -1 for none."""
    out = np.full((len(mains), min(most, contacts.n_channels)), -1, np.int64)
    for k, main in enumerate(mains.tolist()):
        away = contacts.distances(main)
        near = np.argsort(away, kind="stable")[: out.shape[1]]
        near = near[np.isfinite(away[near])]
        out[k, : len(near)] = near
    return out


def _sort_stretch(
    source: Surroundings, stretch: Stretch, bank: Bank, steps: IntArray
) -> tuple[Sorted, IntArray, float, int]:
    from phy_medicine.compute.sorting import _kernels_learn as kernels

    data = source(stretch)
    begin, _ = source.bounds(stretch)
    own = data[:, stretch.start - begin : stretch.stop - begin]
    square = float(np.einsum("nt,nt->", own, own, dtype=np.float64))
    matcher, templates, waveforms, scales = bank.matcher(steps)
    decoys = np.zeros(bank.model.n_units, np.int64)
    found = matcher.find_all(data, decoys=decoys)
    sizes, taps = found.amplitudes.astype(np.float32), found.taps.astype(np.float32)
    kernels.subtract(data, found.times, found.units, sizes, taps, templates.channels, waveforms)
    core = (found.times + begin >= stretch.start) & (found.times + begin < stretch.stop)
    done = Sorted(data, found, core, stretch, begin, templates, waveforms, scales, matcher.shares)
    return done, decoys, square, own.size


def _add(averages: Averages, s: Sorted, core: Found, amplitudes: FloatArray, bins: IntArray) -> None:
    """Add the spikes of a stretch: what is left at them, and themselves."""
    from phy_medicine.compute.sorting import _kernels_learn as kernels

    weights = kernels.alone(s.found.times, s.found.units, s.found.amplitudes, s.shares, s.waveforms.shape[2])[s.core]
    sizes = (weights * amplitudes).astype(np.float32)
    add_at_spikes(s.data, core.times, core.units, sizes, bins, averages.channels, averages.sums, averages.shift)
    inside = (core.times >= averages.shift) & (core.times - averages.shift + averages.sums.shape[3] <= s.data.shape[1])
    energies = np.bincount(core.units[inside], (sizes * amplitudes)[inside], minlength=len(bins))
    units = np.arange(len(bins))
    averages.energies[units, bins] += energies
    averages.counts[units, bins] += np.bincount(core.units, minlength=len(bins))
    averages.totals[units, bins] += np.bincount(core.units, amplitudes, minlength=len(bins))
    kernels.add_own(
        s.templates.channels, s.waveforms, (energies * s.scales).astype(np.float32), bins, averages.channels,
        averages.sums, averages.shift,
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


def main_channels(shapes: Shapes, n_units: int) -> IntArray:
    """Return the channel on which each unit is largest at rest, (K,) int64."""
    waveforms = shapes.at(np.zeros(n_units))
    return np.abs(waveforms).max(axis=2).argmax(axis=1).astype(np.int64)
