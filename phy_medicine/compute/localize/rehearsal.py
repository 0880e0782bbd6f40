"""Spikes of simulated neurons as a recording would show them: on its probe, with its waveforms and its noise.

What is taken from the recording is measured, not localized: the courses in time of its waveforms, how large its spikes
are, and stretches without a spike as noise, which hold the noise's colour, what neighbouring contacts share, and the
spikes of other neurons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Decrease, Neighbours, nearest
from phy_medicine.compute.localize.localizers import Window
from phy_medicine.compute.localize.neurons import Neurons
from phy_medicine.compute.localize.smoothed import Courses, principal
from phy_medicine.compute.localize.sources import Source
from phy_medicine.compute.localize.spikes import fall_off, followed

MARGIN_UM = 30.0
"""Neurons lie at most this far beyond the outermost contacts, across the probe and along it."""
FEW_SPIKES = 50
_N_BLOCKS = 8
_SPIKES_TAKEN = 4000
_SILENCE = 1e-12
_AROUND_UM = 60.0
_NEAREST_Z_UM, _Z_SHAPE, _Z_SCALE_UM = 3.0, 2.0, 14.0
_SMOOTH_COURSES = 6
_SLOWEST_UM_PER_MS = 200.0
_UNDELAYED = 0.25
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Taken:
    """Signal around some spikes, and before them.

    snippets : (n, n_slots, 3 * length) float32, the last `length` samples are those in which amplitudes are taken
    channel_ids : (n,) int64, where each peaks
    sample_rate : Hz
    """

    snippets: FloatArray
    channel_ids: IntArray
    length: int
    sample_rate: float

    @classmethod
    def of(cls, source: Source, neighbours: Neighbours, window: Window, *, follow: bool = True, seed: int = 0) -> Self:
        """Take them from blocks all over a source, of each channel alike.

        The source has to reach `looked_back(window)` samples before a spike. follow : to the channel where one is
        largest, among the ten nearest
        """
        rng, near = np.random.default_rng(seed), nearest(neighbours.contacts)
        blocks = list(source.blocks())
        some = np.unique(np.linspace(0, len(blocks) - 1, _N_BLOCKS).astype(int)) if blocks else np.zeros(0, int)
        length, rate = window.before + window.after, 1.0
        snippets, channel_ids = [np.zeros((0, neighbours.n_slots, 3 * length), np.float32)], [np.zeros(0, np.int64)]
        for k in some:
            spikes = blocks[k].load()
            if follow:
                spikes = followed(spikes, near, window.before, window.after)
            rows, rate = spread_spikes(spikes.channel_ids, _SPIKES_TAKEN // len(some), rng), spikes.sample_rate
            snippets.append(spikes.snippets(neighbours, looked_back(window), window.after)[rows])
            channel_ids.append(spikes.channel_ids[rows])
        return cls(np.concatenate(snippets), np.concatenate(channel_ids), length, rate)


def looked_back(window: Window) -> int:
    """Samples before a spike that are looked at: twice the window for its noise."""
    return window.before + 2 * (window.before + window.after)


def spread_spikes(channel_ids: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    """Return the rows of at most n spikes, in order, as many of each channel as there can be."""
    order = rng.permutation(len(channel_ids))
    order = order[np.argsort(channel_ids[order], kind="stable")]
    first = np.searchsorted(channel_ids[order], channel_ids[order])
    turn = np.argsort(np.arange(len(order)) - first, kind="stable")
    return np.sort(order[turn][:n])


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What is taken from a recording to make its like.

    courses : in time, of all waveforms
    shapes : (n, lead + n_samples) float32, a waveform of each spike, largest less smallest is 1
    peaks : (n,) float32, amplitude at the peak channel, unit of the signal
    noise : (n, n_slots, n_samples) float32, signal before spikes; 0 where there is no contact
    floor : median amplitude of noise, unit of the signal
    """

    neighbours: Neighbours
    decrease: Decrease | None
    samples_per_ms: float
    courses: Courses
    shapes: FloatArray
    peaks: FloatArray
    noise: FloatArray
    floor: float

    @classmethod
    def of(cls, taken: Taken, neighbours: Neighbours, decrease: Decrease | None) -> Self:
        """Make it of some spikes of a recording, taken with these neighbours.

        Raises
        ------
        PhyMedError : fewer than fifty spikes
        """
        table = neighbours.channel_ids[taken.channel_ids]
        of_peak = table == taken.channel_ids[:, np.newaxis]
        at_peak = taken.snippets[np.arange(len(table)), of_peak.argmax(axis=1)]
        alive = of_peak.any(axis=1) & at_peak[:, -taken.length :].any(axis=1)
        if alive.sum() < FEW_SPIKES:
            raise PhyMedError(
                f"To learn from simulated neurons the signal of at least {FEW_SPIKES} spikes is needed, and "
                f"{int(alive.sum())} have one. Use the method monopolar."
            )
        snippets, at_peak = taken.snippets[alive], at_peak[alive]
        courses = Courses.learn(snippets[:, :, -taken.length :])
        noise = _known_noise(snippets, taken.length)
        floor = max(float(np.median(courses.amplitudes(noise)[noise.any(axis=2)])), _SILENCE)
        peaks = courses.amplitudes(at_peak[:, -taken.length :])
        shapes = _shapes(at_peak, taken.length)
        return cls(neighbours, decrease, taken.sample_rate / 1000, courses, shapes, peaks, noise, floor)

    def draw(self, n: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray, FloatArray]:
        """Return amplitudes of simulated spikes, (n, n_slots), their peak channels, (n,), and places, (n, 3) µm."""
        neurons = Neurons.draw(self._places(n, rng), rng)
        channel_ids = self._peak_channels(neurons)
        table = self.neighbours.channel_ids[channel_ids]
        contacts = np.nan_to_num(self.neighbours.positions_um)[channel_ids]
        pattern = np.where(table >= 0, neurons.amplitudes(contacts), 0)
        sizes = self.peaks[rng.integers(len(self.peaks), size=n)] * np.exp(_JITTER * rng.standard_normal(n))
        pattern *= (sizes / pattern.max(axis=1)).astype(np.float32)[:, np.newaxis]
        away = np.pad(contacts, [(0, 0), (0, 0), (0, 1)]) - neurons.um[:, np.newaxis]
        snippets = self._delayed(np.linalg.norm(away, axis=2), rng) * pattern[:, :, np.newaxis]
        snippets += self._noise(table, rng)
        amplitudes = self.courses.amplitudes(snippets)
        amplitudes[table < 0] = np.nan
        if self.decrease is not None:
            fall_off(amplitudes, channel_ids, self.decrease)
        return amplitudes, channel_ids, neurons.um.astype(np.float64)

    def _places(self, n: int, rng: np.random.Generator) -> FloatArray:
        """Anywhere along the probe; few right in front of it, few beyond 80 µm, the mean at 31 µm."""
        positions = self.neighbours.contacts.positions_um
        low, high = positions.min(axis=0) - MARGIN_UM, positions.max(axis=0) + MARGIN_UM
        xy = positions[rng.integers(len(positions), size=n)] + rng.uniform(-_AROUND_UM, _AROUND_UM, (n, 2))
        beyond = (xy < low) | (xy > high)
        xy = np.where(beyond, rng.uniform(low, high, (n, 2)), xy)
        return np.column_stack([xy, _NEAREST_Z_UM + rng.gamma(_Z_SHAPE, _Z_SCALE_UM, n)])

    def _peak_channels(self, neurons: Neurons) -> IntArray:
        """The contact where each is largest, from the nearest on."""
        positions, table = self.neighbours.contacts.positions_um, self.neighbours.channel_ids
        away = (positions[np.newaxis] - neurons.um[:, np.newaxis, :2]) ** 2
        channel_ids = away.sum(axis=2).argmin(axis=1)
        for _ in range(2):
            rows = table[channel_ids]
            values = neurons.amplitudes(np.nan_to_num(self.neighbours.positions_um)[channel_ids])
            best = np.where(rows >= 0, values, -1).argmax(axis=1)
            channel_ids = rows[np.arange(len(rows)), best].astype(np.int64)
        return channel_ids

    def _delayed(self, distances: FloatArray, rng: np.random.Generator) -> FloatArray:
        """A waveform of the recording for each spike, later at contacts further away, (n, n_slots, n_samples)."""
        n, length = len(distances), self.noise.shape[2]
        lead = self.shapes.shape[1] - length
        slow = np.where(rng.random(n) < _UNDELAYED, 0, rng.uniform(0, 1 / _SLOWEST_UM_PER_MS, n))
        late = (distances - distances.min(axis=1, keepdims=True)) * (slow * self.samples_per_ms)[:, np.newaxis]
        at = lead - np.minimum(late, lead)[:, :, np.newaxis] + np.arange(length)
        low = np.minimum(at.astype(np.int64), self.shapes.shape[1] - 2)
        part = (at - low).astype(np.float32)
        rows = rng.integers(len(self.shapes), size=n)[:, np.newaxis, np.newaxis]
        found: FloatArray = self.shapes[rows, low] * (1 - part) + self.shapes[rows, low + 1] * part
        return found

    def _noise(self, table: IntArray, rng: np.random.Generator) -> FloatArray:
        """Noise of some spike, that of any contact where it has none."""
        found = self.noise[rng.integers(len(self.noise), size=len(table))]
        spikes, slots = np.nonzero(self.noise.any(axis=2))
        lacking = (table >= 0) & ~found.any(axis=2)
        pick = rng.integers(len(spikes), size=int(lacking.sum()))
        found[lacking] = self.noise[spikes[pick], slots[pick]]
        return found


def _shapes(at_peak: FloatArray, length: int) -> FloatArray:
    """Waveforms at the peak channel, with less noise, from half a window before it."""
    shapes = at_peak[:, -(length + length // 2) :]
    components = principal(shapes, _SMOOTH_COURSES)
    shapes = (shapes @ components.T) @ components
    sizes = np.ptp(shapes[:, -length:], axis=1)
    return np.ascontiguousarray(shapes[sizes > 0] / sizes[sizes > 0, np.newaxis])


def _known_noise(snippets: FloatArray, length: int) -> FloatArray:
    """The signal before spikes, or, where waveforms are stored and begin later, at the contacts with least of it."""
    before = snippets[:, :, :length]
    known = before.any(axis=(1, 2))
    if known.sum() >= FEW_SPIKES:
        return np.ascontiguousarray(before[known])
    spike = snippets[:, :, -length:].copy()
    sizes = np.where(spike.any(axis=2), np.ptp(spike, axis=2), np.nan)
    with np.errstate(invalid="ignore"):
        spike[~(sizes <= np.nanquantile(sizes, 0.25, axis=1, keepdims=True))] = 0
    return spike
