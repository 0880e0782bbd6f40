"""Waveforms of units followed through a recording, in windows of some minutes.

In each window some stretches are sorted with the templates of the window before. What is then the mean waveform of a
unit differs from that of the whole recording by a change and by noise, of which the size is known from the number of
spikes: the difference counts by the share of it that is no noise (James and Stein 1961, positive part).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.averages import Averages, shapes_from
from phy_medicine.compute.sorting.bank import Bank, sample_of
from phy_medicine.compute.sorting.changes import NONE, Change, Changes
from phy_medicine.compute.sorting.learning import MOST_AVERAGED, run_pass
from phy_medicine.compute.sorting.likeness import similarities
from phy_medicine.compute.sorting.model import Model, Setting
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings, spread

MOST_ALIKE = 0.97
"""Cosine of the waveform in a window and that of the recording, below which the former is used."""
STRETCHES = 30
"""Of a window that are looked at."""
LEAST_SPIKES = 50
"""Of a unit in them; with fewer its waveform stays as it was in the window before."""
_CERTAIN = 6.0
"""Standard deviations by which the energy of a channel is more than that of noise, to have a part in a change."""
_LIKE_ANOTHER, _NEARER = 0.6, 0.01
"""Cosine with the waveform of another unit, and how much more it is than before, from which a change is none."""
_UNSEEN = 0.05
"""Of the spikes of a unit, that stand for the waveform of the recording where the tissue was not in the stretches."""


def followed(
    source: Surroundings, every: Sequence[Stretch], model: Model, setting: Setting, window_samples: int,
    *, n_threads: int = 1, progress: Callable[[float], object] = lambda fraction: None,
) -> Changes:  # fmt: skip
    """Return how waveforms change between windows of a recording; nothing changes within one."""
    windows = _windows(every, window_samples)
    if len(windows) < 2:
        return NONE
    bank = Bank(model, setting, sample_of(source, every))
    changes = [Change(np.zeros(0, np.int64), model.shapes.of(np.zeros(0, np.int64)))]
    for number, own in enumerate(windows):
        now = bank.changed(Changes.of([changes[-1]], source.n_samples + 1, MOST_AVERAGED))
        found = run_pass(source, spread(own, STRETCHES), now, setting, around=own, n_threads=n_threads)
        changes.append(change_in(found.averages, model, setting, changes[-1]))
        progress((number + 1) / len(windows))
    return Changes.of(changes[1:], window_samples, MOST_AVERAGED)


def _windows(every: Sequence[Stretch], window_samples: int) -> list[list[Stretch]]:
    out: list[list[Stretch]] = []
    for stretch in every:
        while window_samples and len(out) <= stretch.start // window_samples:
            out.append([])
        if out:
            out[-1].append(stretch)
    return out


@dataclass(frozen=True, slots=True)
class Difference:
    """How the waveform of a unit in a window differs from that of the recording.

    usual, different : (Q, C, L), the waveform of the recording as large as that in the window, and the mean
        difference without noise; cosine : of the two waveforms
    """

    usual: FloatArray
    different: FloatArray
    cosine: float

    @classmethod
    def of(cls, sums: FloatArray, energies: FloatArray, usual: FloatArray) -> Difference:
        """Compare sums (Q, C, L) over spikes of squared amplitudes (Q,) with the usual waveform (Q, C, L)."""
        seen = energies > 0
        weights = np.where(seen, energies, 0)[:, None, None] / energies.sum()
        means = sums / np.where(seen, energies, 1)[:, None, None]
        size = float((weights * means * usual).sum() / max(float((weights * usual**2).sum()), 1e-12))
        n_values = int(seen.sum()) * sums.shape[2]
        noise = n_values / energies.sum()
        of_channels = (weights * means**2).sum(axis=(0, 2))
        used = (of_channels > noise * (1 + _CERTAIN * np.sqrt(2 / n_values))) | usual.any(axis=(0, 2))
        different = np.where(used[:, None] & seen[:, None, None], means - size * usual, 0)
        energy = float((weights * different**2).sum())
        different *= max(0.0, 1 - used.sum() * noise / max(energy, 1e-12))
        own, other = size**2 * float((weights * usual**2).sum()), float((weights * different**2).sum())
        return cls(size * usual, different, float(np.sqrt(own / max(own + other, 1e-12))))


def change_in(averages: Averages, model: Model, setting: Setting, before: Change) -> Change:
    """Return the units whose mean waveforms in a window are others than in the recording, and those waveforms.

    before : in the window before; of units with few spikes it stays
    """
    sums, energies = averages.sums.copy(), averages.energies.copy()
    usual = _usual(model, averages)
    changed, same = [], []
    for k in range(model.n_units):
        if averages.counts[k].sum() < LEAST_SPIKES or energies[k].sum() <= 0:
            if k in before.units:
                same.append(k)
            continue
        found = Difference.of(averages.sums[k], averages.energies[k], usual[k])
        if found.cosine < MOST_ALIKE:
            changed.append(k)
            unseen = energies[k] <= 0
            energies[k, unseen] = _UNSEEN * energies[k].sum() / len(unseen)
            sums[k] = (found.usual + found.different) * energies[k][:, None, None]
    units, contacts = np.array(changed, np.int64), setting.contacts
    shapes, _ = shapes_from(
        replace(averages, sums=sums, energies=energies).of(units), contacts.positions_um, contacts.shanks,
        setting.width, setting.trough, still=setting.moved is None,
    )  # fmt: skip
    own = ~taken_over(model.shapes, units, shapes)
    units, shapes = units[own], shapes.of(np.flatnonzero(own))
    kept = before.shapes.of(np.flatnonzero(np.isin(before.units, same)))
    every = np.concatenate([units, np.array(same, np.int64)])
    order = np.argsort(every)
    return Change(every[order], shapes.and_also(kept).of(order))


def taken_over(usual: Any, units: IntArray, changed: Any) -> IntArray:
    """Return which changed waveforms of units are more like one of another unit than theirs was, (m,) bool.

    Such a mean is made of spikes of the other, or both are one neuron before and after: then each has its own time.
    """
    if not len(units):
        return np.zeros(0, bool)
    still = np.zeros(usual.n_units)
    waveforms = np.concatenate([usual.at(still), changed.at(still[: len(units)])])
    alike = similarities(waveforms)[0][:, : usual.n_units]
    before, after = alike[units], alike[usual.n_units :]
    nearer = (after > _LIKE_ANOTHER) & (after > before + _NEARER)
    nearer[np.arange(len(units)), units] = False
    return np.asarray(nearer.any(axis=1))


def _usual(model: Model, averages: Averages) -> FloatArray:
    """The waveforms of the recording where averages are, (K, Q, C, L)."""
    out = np.zeros_like(averages.sums)
    rows: IntArray = np.arange(model.n_units)[:, None]
    for q, displacement in enumerate(averages.displacements):
        waveforms = model.shapes.at(np.full(model.n_units, displacement))
        window = slice(averages.shift, averages.shift + waveforms.shape[2])
        out[:, q, :, window] = waveforms[rows, averages.channels] * (averages.channels >= 0)[:, :, None]
    return out
