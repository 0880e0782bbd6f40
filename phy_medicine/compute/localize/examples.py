"""The spikes that a network learns from, and where they are in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray, frozen
from phy_medicine.compute.localize.contacts import N_NEAREST, Contacts, Neighbours, nearest
from phy_medicine.compute.localize.job import make_localizer
from phy_medicine.compute.localize.localizers import Positions
from phy_medicine.compute.localize.settings import MONOPOLAR, LocalizeSettings
from phy_medicine.compute.localize.sources import Source
from phy_medicine.compute.localize.spikes import Spikes, followed

BEFORE, AFTER = 30, 60
"""Samples before a spike and from it on."""


def network_neighbours(contacts: Contacts) -> Neighbours:
    """Return the ten nearest contacts of each, in pairs by depth, of each pair the smaller x first.

    Where two columns lie side by side this is by row, then by column; staggered ones get the same places.
    """
    table = nearest(contacts).channel_ids.copy()
    x = np.where(table >= 0, contacts.positions_um[table, 0], np.inf)
    for first in range(0, table.shape[1] - 1, 2):
        swap = x[:, first] > x[:, first + 1]
        table[swap, first : first + 2] = table[swap, first : first + 2][:, ::-1]
    if table.shape[1] < N_NEAREST:
        table = np.pad(table, ((0, 0), (0, N_NEAREST - table.shape[1])), constant_values=-1)
    return Neighbours(contacts, frozen(table))


def network_waveforms(spikes: Spikes, neighbours: Neighbours) -> FloatArray:
    """Return what a network sees of spikes, (n, 10, 90) float32, 0 where nothing is known."""
    return np.nan_to_num(spikes.snippets(neighbours, BEFORE, AFTER))


@dataclass(frozen=True, slots=True)
class Examples:
    """Spikes in the order of time, and all that training needs of them.

    times_s : (n,) float64, ascending
    waveforms : (n, 10, 90), float16 or float32
    anchors_um : (n, 2) float32, mean of each spike's contacts, x and depth
    amplitudes : (n,) float32, largest absolute value of the signal; `waveforms` may be divided by it
    monopolar : positions to learn
    learn : (n,) bool, their positions are worth learning
    contacts_um : (n_channels, 2)
    """

    times_s: FloatArray
    waveforms: AnyArray
    anchors_um: FloatArray
    amplitudes: FloatArray
    monopolar: Positions
    learn: BoolArray
    contacts_um: FloatArray

    def __post_init__(self) -> None:
        n = len(self.times_s)
        if self.waveforms.shape != (n, N_NEAREST, BEFORE + AFTER):
            raise PhyMedError(f"{n:,} spikes need waveforms ({n}, 10, 90), not {self.waveforms.shape}.")
        if n < 2 or (np.diff(self.times_s) < 0).any():
            raise PhyMedError("Training needs at least two spikes, in the order of time.")

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return len(self.times_s)

    def part(self, spikes: IntArray | BoolArray) -> Self:
        """Return some of the spikes."""
        fit = self.monopolar
        fits = Positions(fit.um[spikes], fit.alpha[spikes], fit.converged[spikes])
        names = ("times_s", "waveforms", "anchors_um", "amplitudes", "learn")
        return replace(self, monopolar=fits, **{name: getattr(self, name)[spikes] for name in names})

    def held_out(self, share: float) -> BoolArray:
        """Return which spikes belong to the last part of the recording."""
        first, last = float(self.times_s[0]), float(self.times_s[-1])
        return self.times_s > last - share * (last - first) if share else np.zeros(self.n_spikes, dtype=bool)


def worth_learning(fit: Positions) -> BoolArray:
    """Return which fits converged and ran into no bound of z or of the strength."""
    z = fit.um[:, 2]
    with np.errstate(invalid="ignore"):
        return fit.converged & np.isfinite(fit.um).all(axis=1) & (z > 1.01) & (z < 1485.0) & (fit.alpha > 0)


def collect(
    source: Source,
    samples: IntArray,
    contacts: Contacts,
    settings: LocalizeSettings,
    *,
    sample_rate: float,
    folder: Path | None = None,
    progress: Callable[[int], object] = lambda n_done: None,
) -> tuple[Examples, IntArray]:
    """Take the waveforms and monopolar positions of all spikes whose signal is known.

    Parameters
    ----------
    samples : (n_spikes,) int, of all spikes of the source
    settings : of the monopolar fit, and whether spikes are followed to the channel where they are largest
    folder : where the waveforms are kept, 1.8 kB a spike; None keeps them in memory

    Returns
    -------
    The examples, and the spike of each, (n,) int64
    """
    order = np.argsort(samples, kind="stable")
    rows = np.empty(len(order), np.int64)
    rows[order] = np.arange(len(order))
    columns = _Columns(len(order), folder)
    localizer, window = make_localizer(replace(settings, method=MONOPOLAR), contacts, sample_rate)
    table, neighbours, n_done = nearest(contacts), network_neighbours(contacts), 0
    for block in source.blocks():
        spikes = block.load()
        if settings.follow:
            spikes = followed(spikes, table, window.before, window.after)
        found = localizer.solve(localizer.measure(spikes), spikes.channel_ids)
        anchors = neighbours.anchors_um[spikes.channel_ids]
        columns.put(rows[block.spike_ids], network_waveforms(spikes, neighbours), anchors, found)
        n_done += len(block.spike_ids)
        progress(n_done)
    times = np.asarray(samples, np.float64)[order] / sample_rate
    known = columns.scale > 0
    examples = columns.examples(times, contacts)
    return (examples, order) if known.all() else (examples.part(known), order[known])


class _Columns:
    """What `collect` fills in."""

    def __init__(self, n: int, folder: Path | None) -> None:
        shape = (n, N_NEAREST, BEFORE + AFTER)
        self.waveforms = (
            np.zeros(shape, np.float16)
            if folder is None
            else np.lib.format.open_memmap(folder / "waveforms.npy", "w+", np.float16, shape)
        )
        self.anchors, self.scale = np.zeros((n, 2), np.float32), np.zeros(n, np.float32)
        self.um, self.alpha, self.converged = np.full((n, 3), np.nan), np.full(n, np.nan), np.zeros(n, bool)

    def put(self, rows: IntArray, waveforms: FloatArray, anchors: FloatArray, found: Positions) -> None:
        scale = np.abs(waveforms).max(axis=(1, 2))
        # Halves hold 1 part in 2,000 of the largest value, whatever the unit of the recording.
        self.waveforms[rows] = waveforms / np.where(scale > 0, scale, 1)[:, None, None]
        self.anchors[rows], self.scale[rows] = anchors, scale
        self.um[rows], self.alpha[rows], self.converged[rows] = found.um, found.alpha, found.converged

    def examples(self, times_s: FloatArray, contacts: Contacts) -> Examples:
        fit = Positions(self.um, self.alpha, self.converged)
        return Examples(
            times_s, self.waveforms, self.anchors, self.scale, fit, worth_learning(fit), contacts.positions_um
        )
